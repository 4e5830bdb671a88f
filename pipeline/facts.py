"""What each step of a job found out: left in job.json for the steps after it and for the next run. Frozen data only.

A field that an earlier version of the program did not write has a default that says so. Every change to what is stored
is a new schema of job.json (`job_file`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeAlias

from pipeline.model import PhaseName

PACKAGE_STEP, REFUSED_STEP = "package", "refused"


@dataclass(frozen=True, kw_only=True)
class MeasuredLoudness:
    """How loud an audio track of the source is: integrated loudness in LUFS, loudness range in LU (EBU R128)."""

    integrated_lufs: float
    range_lu: float


@dataclass(frozen=True, kw_only=True)
class DecodedAudio:
    """For the audio track that misses most: how long it should be, and how much of it can be decoded."""

    declared_s: float
    decoded_s: float


@dataclass(frozen=True, kw_only=True)
class HlsFacts:
    """What the encode made.

    `frame_s` is the time from one frame to the next, or of an audio frame where there is no video; `frame_rate` the
    most frames in a second. `renditions` are their names, `audio` the folders of the audio with segments of its own.
    `loudness` is what was measured of each before anything was done to it, `encoder` ffmpeg's name of what did it in
    the end, `closed_captions` whether the source's frames hold any. `audio_ends` are where the source's audio tracks
    ended in the encode, in seconds, by their index as a text. `accepted` says that damage was accepted, `decoded_audio`
    which audio could not be decoded whole.
    """

    step: ClassVar[str] = PhaseName.HLS.value

    duration_s: float
    renditions: tuple[str, ...]
    frame_s: float | None = None
    frame_rate: float | None = None
    audio: tuple[str, ...] = ()
    loudness: tuple[MeasuredLoudness, ...] = ()
    encoder: str | None = None
    closed_captions: bool = False
    chunks: int = 0
    decode_errors: int = 0
    audio_ends: Mapping[str, float] = field(default_factory=dict)
    missing_frames: int = 0
    accepted: bool = False
    decoded_audio: DecodedAudio | None = None


@dataclass(frozen=True, kw_only=True)
class Mp4Facts:
    """The MP4: its name in the folder, and its size; None if an earlier version did not store it."""

    step: ClassVar[str] = PhaseName.MP4.value

    file: str
    size_bytes: int | None = None


@dataclass(frozen=True, kw_only=True)
class TranscriptFacts:
    """The transcript: its language (RFC 5646), None if nothing was said, and the number of captions."""

    step: ClassVar[str] = PhaseName.TRANSCRIPT.value

    language: str | None
    cues: int


@dataclass(frozen=True, kw_only=True)
class TranslationFacts:
    """The translation into English: its language, None if there was nothing to translate, and its captions' number."""

    step: ClassVar[str] = PhaseName.TRANSLATION.value

    language: str | None
    cues: int


@dataclass(frozen=True, kw_only=True)
class PackageFacts:
    """What a folder in its place holds.

    `captions` is the language of the subtitles that are shown at first. `chapters` are the start of each, in seconds,
    with its title; they, `subtitles` (the source's text tracks, by index) and `closed_captions` are None where a
    version that knew nothing of them made the folder. `files` has the size of each published file by its path inside,
    `digests` the SHA-256 of those beside the stream, none where a version that knew nothing of it made the folder, and
    `edited` those in whose place an editor had put another one before. `not_ideal` are sentences about what the check
    found and what plays all the same, None where a version that did not note it made the folder.
    """

    step: ClassVar[str] = PACKAGE_STEP

    renditions: tuple[str, ...] = ()
    captions: str | None = None
    chapters: tuple[tuple[float, str], ...] | None = None
    subtitles: tuple[int, ...] | None = None
    closed_captions: bool | None = None
    files: Mapping[str, int] = field(default_factory=dict)
    digests: Mapping[str, str] = field(default_factory=dict)
    edited: tuple[str, ...] = ()
    not_ideal: tuple[str, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class RefusedFacts:
    """Says that what was made did not pass its check."""

    step: ClassVar[str] = REFUSED_STEP


@dataclass(frozen=True, kw_only=True)
class UploadFacts:
    """Where the folder was uploaded to last: the key and the public address of what the record names, by its path
    inside; earlier versions kept those of every file.

    `log` is the name of the log in the folder.
    """

    step: ClassVar[str] = PhaseName.UPLOAD.value

    prefix: str
    backend_url: str
    session_id: str | None
    keys: Mapping[str, str]
    urls: Mapping[str, str]
    log: str


@dataclass(frozen=True, kw_only=True)
class SentRecord:
    """What was sent to a backend about one upload: the fields of the file record as they were sent."""

    backend_url: str
    fields: Mapping[str, object]


@dataclass(frozen=True, kw_only=True)
class RecordFacts:
    """The file record that was made last; `others` are those of the other places that the folder was uploaded to."""

    step: ClassVar[str] = PhaseName.RECORD.value

    backend_url: str
    fields: Mapping[str, object]
    others: tuple[SentRecord, ...] = ()

    @property
    def last(self) -> SentRecord:
        """The record that was made last."""
        return SentRecord(backend_url=self.backend_url, fields=self.fields)


@dataclass(frozen=True, kw_only=True)
class CleanupFacts:
    """Says that the local media are being deleted, and when all of them are."""

    step: ClassVar[str] = PhaseName.CLEANUP.value

    finished: bool


StepFacts: TypeAlias = (
    HlsFacts
    | Mp4Facts
    | TranscriptFacts
    | TranslationFacts
    | PackageFacts
    | RefusedFacts
    | UploadFacts
    | RecordFacts
    | CleanupFacts
)


STEPS: Mapping[str, type[StepFacts]] = {
    kind.step: kind
    for kind in (
        HlsFacts,
        Mp4Facts,
        TranscriptFacts,
        TranslationFacts,
        PackageFacts,
        RefusedFacts,
        UploadFacts,
        RecordFacts,
        CleanupFacts,
    )
}
"""What each step leaves, by its name."""

EARLIER_NAMES: Mapping[str, str] = {"sound": "decoded_audio", "sound_ends": "audio_ends"}
"""What facts were called up to schema 7 of job.json, and what they are called now."""


def present_names(facts: Mapping[str, object]) -> dict[str, object]:
    """Return the stored facts of a step under the names that they have now."""
    return {EARLIER_NAMES.get(name, name): value for name, value in facts.items()}


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What is known of a folder: the facts that each finished step left, None for a step that is not finished."""

    hls: HlsFacts | None = None
    mp4: Mp4Facts | None = None
    transcript: TranscriptFacts | None = None
    translation: TranslationFacts | None = None
    package: PackageFacts | None = None
    refused: RefusedFacts | None = None
    upload: UploadFacts | None = None
    record: RecordFacts | None = None
    cleanup: CleanupFacts | None = None

    @property
    def by_step(self) -> dict[str, StepFacts]:
        """The facts of the finished steps, by the step's name."""
        found = ((entry.name, getattr(self, entry.name)) for entry in dataclasses.fields(self))
        return {name: facts for name, facts in found if facts is not None}

    def having(self, facts: StepFacts) -> Facts:
        """Return these with a finished step more, or with other facts of it."""
        changed: Any = {facts.step: facts}  # which field it is depends on its type, which mypy can't follow
        return dataclasses.replace(self, **changed)

    def without(self, steps: Collection[str]) -> Facts:
        """Return these as if some steps were not finished."""
        return dataclasses.replace(self, **{step: None for step in self.by_step if step in steps})
