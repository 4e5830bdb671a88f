"""What a finished folder holds, for people: qualities, sizes, loudness, the check, captions, addresses.

Reads what the job has noted and what the playlists say; measures nothing, changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

from pipeline.errors import OutputError, SettingsError, SubtitleFileError
from pipeline.facts import Facts
from pipeline.files import is_folder, is_there
from pipeline.folder_notes import FolderNotes
from pipeline.job_file import JobFile, read_job_file
from pipeline.media.stream_layout import (
    AUDIO,
    CAPTIONS_VTT,
    MASTER,
    MP4_FILE,
    POSTER,
    TRANSCRIPT_JSON,
    TRANSCRIPT_SRT,
)
from pipeline.media.validate.m3u8 import parse_playlist
from pipeline.media.validate.playlist_model import MasterPlaylist, Variant
from pipeline.published import MANIFEST_FILE, published_names
from pipeline.speech.caption_check import check_cues, outside_text
from pipeline.speech.caption_profiles import TITLES, CaptionProfile, caption_profile
from pipeline.speech.cues import Cue
from pipeline.stored_captions import read_stored_captions
from pipeline.transfer.manifests.manifest_library import ManifestError, read_manifest

CODEC_NAMES = {"avc1": "H.264", "avc3": "H.264", "hvc1": "HEVC", "hev1": "HEVC", "av01": "AV1"}
"""By the beginning of an entry of CODECS (RFC 6381)."""

NAMED = (MASTER, POSTER, CAPTIONS_VTT, MP4_FILE, TRANSCRIPT_SRT)
"""The files whose addresses people ask for."""


@dataclass(frozen=True, kw_only=True)
class MadeQuality:
    """A quality of the stream as its playlists declare it; sizes in pixels, rates in bits a second.

    `size_bytes` is None where nothing tells it. Of a stream of audio alone there is no size in pixels.
    """

    name: str
    width: int
    height: int
    codec: str
    average_bit_rate: int | None
    peak_bit_rate: int | None
    size_bytes: int | None


@dataclass(frozen=True, kw_only=True)
class FolderLoudness:
    """What was measured of the first audio track in LUFS (EBU R128), and what it was brought to, None for nothing."""

    measured_lufs: float
    target_lufs: float | None


@dataclass(frozen=True, kw_only=True)
class FolderCaptions:
    """The captions that are shown at first.

    `fastest_cps` is the most characters a second that a cue asks of a reader. `outside` says which break the limits,
    empty where none does; `rules` names these. `corrected` counts the names that were put right by a list, `edited`
    the segments that a person has corrected.
    """

    language: str
    cues: int
    fastest_cps: float
    rules: str
    outside: str
    corrected: int = 0
    edited: int = 0


@dataclass(frozen=True, kw_only=True)
class FolderResults:
    """What a folder holds. `source` is empty for a folder that no job of this program made.

    `not_ideal` are sentences of the check about what plays but could be better, None where nothing tells; `checked`
    says that the stream has passed. `addresses` are public, by the name of the file.
    """

    folder: Path
    title: str
    source: str
    duration_s: float | None
    qualities: tuple[MadeQuality, ...] = ()
    audio_bytes: int | None = None
    mp4_bytes: int | None = None
    total_bytes: int | None = None
    loudness: FolderLoudness | None = None
    checked: bool = False
    not_ideal: tuple[str, ...] | None = None
    captions: FolderCaptions | None = None
    media_deleted: bool = False
    prefix: str = ""
    addresses: Mapping[str, str] = field(default_factory=dict)


def folder_results(folder: Path) -> FolderResults:
    """Return what a folder holds.

    Raises OutputError where it is gone, NewerVersionError where a newer version of the program has made it.
    """
    if not is_there(folder):
        raise OutputError(f"{folder} was not found: it was moved or deleted, or its drive is away.")
    if not is_folder(folder):
        raise OutputError(f"{folder} is not a folder.")
    notes, job = FolderNotes(folder), read_job_file(folder)
    done = notes.done
    sizes = _sizes(folder, done)
    encoded, package, upload = done.hls, done.package, done.upload
    return FolderResults(
        folder=folder,
        title=notes.title,
        source="" if job is None else job.source_path,
        duration_s=None if encoded is None else encoded.duration_s,
        qualities=_qualities(folder, sizes),
        audio_bytes=_below(sizes, AUDIO),
        mp4_bytes=sizes.get(MP4_FILE),
        total_bytes=sum(sizes.values()) if sizes else None,
        loudness=_loudness(job),
        checked=package is not None and done.refused is None,
        not_ideal=None if package is None else package.not_ideal,
        captions=_captions(folder, job),
        media_deleted=notes.media_deleted,
        prefix="" if upload is None else upload.prefix,
        addresses=_addresses(folder, done),
    )


def _sizes(folder: Path, done: Facts) -> Mapping[str, int]:
    """Return the sizes of the published files, as they were noted or as they are."""
    if done.package is not None and done.package.files:
        return done.package.files
    try:
        return {name: (folder / name).stat().st_size for name in published_names(folder)}
    except OSError:
        return {}


def _below(sizes: Mapping[str, int], folder: str) -> int | None:
    return sum(size for name, size in sizes.items() if name.startswith(f"{folder}/")) or None


def _qualities(folder: Path, sizes: Mapping[str, int]) -> tuple[MadeQuality, ...]:
    """Return what the master playlist declares, each quality once, the largest first."""
    try:
        playlist = parse_playlist((folder / MASTER).read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return ()
    found: dict[str, MadeQuality] = {}
    for variant in playlist.variants if isinstance(playlist, MasterPlaylist) else ():
        made = _quality(variant, sizes)
        found.setdefault(made.name, made)
    return tuple(sorted(found.values(), key=lambda one: -one.height))


def _quality(variant: Variant, sizes: Mapping[str, int]) -> MadeQuality:
    attributes = variant.attributes
    home = PurePosixPath(unquote(variant.uri or "")).parent.as_posix()
    width, height = attributes.resolution() or (0, 0)
    kinds = (one.strip().partition(".")[0] for one in (attributes.get("CODECS") or "").split(","))
    return MadeQuality(
        name=home if home != "." else variant.uri or "",
        width=width,
        height=height,
        codec=next((CODEC_NAMES[kind] for kind in kinds if kind in CODEC_NAMES), ""),
        average_bit_rate=attributes.integer("AVERAGE-BANDWIDTH"),
        peak_bit_rate=attributes.integer("BANDWIDTH"),
        size_bytes=_below(sizes, home),
    )


def _loudness(job: JobFile | None) -> FolderLoudness | None:
    encoded = None if job is None else job.done.hls
    if job is None or encoded is None or not encoded.loudness:
        return None
    target = job.settings.get(encoded.step, {}).get("loudness_lufs")
    return FolderLoudness(
        measured_lufs=encoded.loudness[0].integrated_lufs,
        target_lufs=float(target) if isinstance(target, int | float) else None,
    )


def _captions(folder: Path, job: JobFile | None) -> FolderCaptions | None:
    """Return what is to be told of the captions, None where there are none or they can't be read."""
    try:
        stored = read_stored_captions(folder / CAPTIONS_VTT)
    except (SubtitleFileError, SettingsError):
        return None
    if not stored.cues:
        return None
    rules = caption_profile().rules if job is None else job.caption_rules("transcript")
    profile = caption_profile(rules, stored.language)
    report = check_cues(
        stored.cues, profile, language=stored.language, frame_rate=None if job is None else job.frame_rate
    )
    corrected, edited = _corrections(folder)
    return FolderCaptions(
        language=stored.language,
        cues=len(stored.cues),
        fastest_cps=max((_speed(cue, profile) for cue in stored.cues), default=0.0),
        rules=TITLES[profile.rules],
        outside=outside_text(report, profile),
        corrected=corrected,
        edited=edited,
    )


def _speed(cue: Cue, profile: CaptionProfile) -> float:
    shown_s = cue.end_s - cue.start_s
    return profile.characters(cue.text) / shown_s if shown_s > 0 else 0.0


def _corrections(folder: Path) -> tuple[int, int]:
    """Return how many names were put right in the transcript, and how many of its segments a person has corrected."""
    try:
        segments = read_stored_captions(folder / TRANSCRIPT_JSON).transcript.segments
    except SubtitleFileError:
        return 0, 0
    return sum(len(segment.corrections) for segment in segments), sum(segment.edited for segment in segments)


def _addresses(folder: Path, done: Facts) -> dict[str, str]:
    """Return where what was uploaded can be read, by the manifest or else by what the upload has noted."""
    noted = {} if done.upload is None else dict(done.upload.urls)
    with suppress(ManifestError):  # without a manifest what was noted has to do
        noted |= {one.filename: one.s3_url for one in read_manifest(folder / MANIFEST_FILE).files if one.s3_url}
    return {name: noted[name] for name in NAMED if noted.get(name)}
