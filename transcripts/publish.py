"""Publishes an edited transcript: its captions are replaced where the video was uploaded to, and nothing else is.

1. The manifest of the destination tells which files are there.
2. The transcript that is there tells what was changed since, and which track of subtitles is made of it: the one whose
   segments are those of its captions.
3. Every form is made anew, the segments with the times of the track's own playlist; what came out as it was is left.
4. The job's folder gets the files, where it is there; then they are uploaded, and the manifests written.
"""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import Enum
from itertools import accumulate
from pathlib import Path

from pipeline.cancel import CancelToken
from pipeline.errors import CodecError, EncodeError
from pipeline.events import LogLevel
from pipeline.facts import TranscriptFacts
from pipeline.files import write_whole
from pipeline.folder_lock import locked
from pipeline.job import CaptionRules
from pipeline.job_file import JobFile, read_job_file, write_job_file
from pipeline.job_folders import lock_of
from pipeline.media.hls.measure import read_media_playlist
from pipeline.media.stream_layout import (
    CAPTIONS_VTT,
    PLAYLIST,
    SUBTITLES,
    TRANSCRIPT_FILES,
    TRANSCRIPT_JSON,
    TRANSCRIPT_SRT,
    TRANSCRIPT_TXT,
)
from pipeline.speech.caption_changes import USUAL_RATE, captions_after
from pipeline.speech.caption_profiles import caption_profile
from pipeline.speech.cues import Cue
from pipeline.speech.subtitles import to_srt, to_text, to_vtt, vtt_segments
from pipeline.speech.transcript import Transcript
from pipeline.speech.transcript_file import transcript_from_json, transcript_to_json
from pipeline.transfer.manifests.manifest import FileEntry, Manifest
from pipeline.transfer.manifests.remote import Remote
from pipeline.transfer.manifests.stored_files import read_stored_file
from pipeline.transfer.upload.replacing import replace_files
from pipeline.transfer.upload.uploader import Uploader
from transcripts.destinations import Destination, PublishError
from transcripts.video_rows import transcript_from
from transcripts.videos import Video

_OFFSET = re.compile(rb"X-TIMESTAMP-MAP=MPEGTS:(\d+)")
ORDER = (TRANSCRIPT_SRT, TRANSCRIPT_TXT, CAPTIONS_VTT, TRANSCRIPT_JSON)
"""transcript.json is the last: as long as it is the old one, what is left to be done can be found out."""


class PublishOutcome(Enum):
    """What became of a video."""

    PUBLISHED = "published"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, kw_only=True)
class PublishResult:
    """What became of a video: the files that were replaced, by their paths, and lines for the log view."""

    outcome: PublishOutcome
    files: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()


class Publisher:
    """Publishes videos of a dataset through one backend.

    `on_notice` is told while something is waited for.
    """

    def __init__(
        self,
        remote: Remote,
        uploader: Uploader,
        data_dir: Path | None,
        *,
        on_notice: Callable[[str, LogLevel], None],
        cancel: CancelToken,
    ) -> None:
        self._remote = remote
        self._uploader = uploader
        self._data_dir = data_dir
        self._on_notice = on_notice
        self._cancel = cancel

    def publish(self, video: Video, destination: Destination, *, only_changed: bool = False) -> PublishResult:
        """Publish a video's captions.

        Args:
            video: the video as the dataset has it.
            destination: where it was uploaded to.
            only_changed: leave one alone that says what is published, even if its captions would come out otherwise.

        Raises:
            PublishError: it can't be, as the sentence says.
            InvalidRowError: a segment has no times.
            TransferError, OutputError, FolderInUseError, Cancelled: what was sent is there, and sent again next time.
        """
        with _work_folder(destination.folder) as folder:
            published = _Published(self._remote, destination.manifest, destination.folder)
            before, cues = published.transcript()
            now = transcript_from(video.media, video.segments)
            if only_changed and _said(before) == _said(now):
                return PublishResult(outcome=PublishOutcome.UNCHANGED)
            contents = _contents(published, before, cues, now, destination.folder)
            if not contents:
                return PublishResult(outcome=PublishOutcome.UNCHANGED)
            _check_uncorrected(contents, destination)
            for name, content in contents.items():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                write_whole(folder / name, content)
            _note_in_job_file(folder, contents, now)
            replaced = replace_files(
                self._uploader,
                destination.manifest,
                list(contents),
                folder,
                self._data_dir,
                on_notice=self._on_notice,
                cancel=self._cancel,
            )
        return PublishResult(outcome=PublishOutcome.PUBLISHED, files=tuple(contents), notices=replaced.notices)


class _Published:
    """What is at a destination, read here where the job's folder has the same, else from the server."""

    def __init__(self, remote: Remote, manifest: Manifest, folder: Path | None) -> None:
        self._remote = remote
        self._folder = folder
        self.entries = {entry.filename: entry for entry in manifest.files}

    def read(self, entry: FileEntry) -> bytes:
        """Return a file's content. Raises TransferError."""
        if self._folder is not None and entry.md5_hash is not None:
            try:
                content = (self._folder / entry.filename).read_bytes()
            except OSError:
                content = b""
            if _md5(content) == entry.md5_hash:
                return content
        return read_stored_file(self._remote, entry)

    def transcript(self) -> tuple[Transcript, list[Cue]]:
        """Return the transcript and its captions. Raises PublishError, TransferError."""
        entry = self.entries.get(TRANSCRIPT_JSON)
        if entry is None:
            raise PublishError(
                "It was uploaded without a transcript: convert the video with a transcript and upload it."
            )
        try:
            return transcript_from_json(self.read(entry).decode("utf-8"))
        except (UnicodeDecodeError, CodecError) as error:
            raise PublishError(f"{entry.s3_key} is not this program's transcript: upload the folder again.") from error

    def track(self, cues: list[Cue], language: str | None) -> _Track | None:
        """Return the subtitles that are made of the transcript, None where the stream has none for it.

        Raises PublishError where it can't be told, TransferError.
        """
        tracks = [self._read_track(name) for name in self.entries if _is_track(name)]
        made = next((track for track in tracks if track.is_made_of(cues)), None)
        if made is not None or not tracks or not cues:
            return made
        same = [track for track in tracks if track.language == language]
        if len(same) == 1:
            return same[0]
        raise PublishError(
            "The stream's subtitles are not those of its transcript, so it can't be told which to replace: "
            "convert and upload the video again."
        )

    def _read_track(self, name: str) -> _Track:
        entry = self.entries[name]
        with tempfile.TemporaryDirectory() as folder:
            playlist = Path(folder, PLAYLIST)
            playlist.write_bytes(self.read(entry))
            try:
                segments = read_media_playlist(playlist)
            except EncodeError as error:
                raise PublishError(f"{entry.s3_key} is not a finished playlist: upload the folder again.") from error
        place = name.removesuffix(PLAYLIST)
        files = [self.entries.get(place + segment.uri) for segment in segments]
        found = [file for file in files if file is not None]
        offset = _OFFSET.search(self.read(found[0])) if found else None
        if offset is None or len(found) != len(files):
            raise PublishError(f"{entry.s3_key} names segments that were not uploaded: upload the folder again.")
        boundaries = (0.0, *accumulate(segment.duration_s for segment in segments))
        return _Track(place=place, boundaries=boundaries, mpegts_offset=int(offset[1]), files=tuple(found))


@dataclass(frozen=True, kw_only=True)
class _Track:
    """Subtitles of a stream: their folder with a slash, the segments' times in seconds and files in order."""

    place: str
    boundaries: tuple[float, ...]
    mpegts_offset: int
    files: tuple[FileEntry, ...]

    @property
    def language(self) -> str:
        """As the folder's name tells it, which a number follows where several tracks have one language."""
        return re.sub(r"-\d+$", "", self.place.removeprefix(f"{SUBTITLES}/").rstrip("/"))

    def contents(self, cues: list[Cue]) -> list[bytes]:
        """Return the segments' contents for some captions."""
        return [text.encode() for text in vtt_segments(cues, self.boundaries, self.mpegts_offset)]

    def is_made_of(self, cues: list[Cue]) -> bool:
        """Whether the segments that were uploaded are those of some captions."""
        return [file.md5_hash for file in self.files] == [_md5(content) for content in self.contents(cues)]


def _contents(
    published: _Published, before: Transcript, cues: list[Cue], now: Transcript, folder: Path | None
) -> dict[str, bytes]:
    """Return what has to be replaced, by path, in the order in which it is sent. Raises PublishError, TransferError."""
    rules, frame_rate = _job_settings(folder)
    profile = caption_profile(rules, now.language)
    made = captions_after(before, cues, now, profile, frame_rate=frame_rate)
    track = published.track(cues, before.language)
    wanted: dict[str, bytes] = {}
    if track is not None:
        wanted |= {file.filename: one for file, one in zip(track.files, track.contents(made), strict=True)}
    forms = {
        TRANSCRIPT_SRT: to_srt(made),
        TRANSCRIPT_TXT: to_text(now),
        CAPTIONS_VTT: to_vtt(made),
        TRANSCRIPT_JSON: transcript_to_json(now, made),
    }
    wanted |= {name: forms[name].encode() for name in ORDER}
    entries = published.entries
    return {
        name: content for name, content in wanted.items() if name in entries and entries[name].md5_hash != _md5(content)
    }


def _check_uncorrected(contents: Mapping[str, bytes], destination: Destination) -> None:
    """See that the job's folder has nothing that was corrected there and not uploaded. Raises PublishError."""
    entries = {entry.filename: entry for entry in destination.manifest.files}
    for name in contents:
        path = None if destination.folder is None or name not in TRANSCRIPT_FILES else destination.folder / name
        if path is None or not path.is_file():
            continue
        here = _md5(path.read_bytes())
        if here not in (entries[name].md5_hash, _md5(contents[name])):
            raise PublishError(
                f"{path} was corrected by hand and not uploaded: upload the folder first, or remove the file."
            )


def _note_in_job_file(folder: Path, contents: Mapping[str, bytes], now: Transcript) -> None:
    """Note in a job's folder that these files are its own, so that the next run takes none for an editor's."""
    job = read_job_file(folder)
    if job is None or job.done.package is None:
        return
    package = job.done.package
    sizes = {name: len(content) for name, content in contents.items() if name in package.files}
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items() if "/" not in name}
    done = job.done.having(replace(package, files={**package.files, **sizes}, digests={**package.digests, **digests}))
    if TRANSCRIPT_JSON in contents and done.transcript is not None:
        cues = len(transcript_from_json(contents[TRANSCRIPT_JSON].decode())[1])
        done = done.having(TranscriptFacts(language=now.language if cues else None, cues=cues))
    write_job_file(folder, replace(job, done=done))


def _job_settings(folder: Path | None) -> tuple[CaptionRules, float]:
    """Return the caption rules and the frame rate that a job was done with, as far as its folder tells."""
    job: JobFile | None = None if folder is None else read_job_file(folder)
    if job is None:
        return CaptionRules.NETFLIX, USUAL_RATE
    return job.caption_rules(TranscriptFacts.step), job.frame_rate or USUAL_RATE


@contextmanager
def _work_folder(folder: Path | None) -> Iterator[Path]:
    """Yield the job's folder, in which nobody else works meanwhile, or a temporary one where it is not there."""
    if folder is not None:
        with locked(lock_of(folder), folder):
            yield folder
        return
    with tempfile.TemporaryDirectory() as made:
        yield Path(made)


def _is_track(name: str) -> bool:
    parts = name.split("/")
    return len(parts) == 3 and parts[0] == SUBTITLES and parts[2] == PLAYLIST


def _said(transcript: Transcript) -> list[tuple[float, float, str]]:
    return [(one.start_s, one.end_s, " ".join(one.text.split())) for one in transcript.segments]


def _md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()
