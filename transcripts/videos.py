"""The videos of a dataset of transcripts: finding them, adding one, and replacing the rows of one.

Knows documents; does not know jobs' folders, S3, or how a transcript is written to a file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

from pipeline import codec
from pipeline.fingerprint import Fingerprint
from pipeline.speech.transcript import Transcript
from storage import S3Uri, Uri
from transcripts.document import Document
from transcripts.errors import DocumentError
from transcripts.rows import Id, Row
from transcripts.schema import ID_FIELD, TRANSCRIPTS
from transcripts.video_rows import segment_rows

NOT_COMPARED = (ID_FIELD, "media_id", "speaker")
"""Fields of a segment that are not from the transcript: two segments with the same speech may differ in them."""


class NotTranscriptsError(DocumentError):
    """The dataset is not one of transcripts."""


class PutOutcome(Enum):
    """The outcome of putting a video into a dataset."""

    ADDED = "added"
    REPLACED = "replaced"
    UNCHANGED = "unchanged"
    KEPT = "kept"
    """Somebody has edited its segments, so they were left as they are."""


@dataclass(frozen=True, kw_only=True)
class VideoTranscript:
    """A video's transcript, and what identifies the video.

    Attributes:
        title: the title that people see.
        transcript: its transcript.
        source: the video file, None if unknown.
        fingerprint: the fingerprint of its content.
        folder: the folder of the job that converted it.
        prefix: the destination that it was uploaded to, empty if it was not uploaded.
        backend_url: the backend that it was uploaded through.
        address: its address on S3, empty if it is a file or is stored elsewhere.
    """

    title: str
    transcript: Transcript
    source: Path | None = None
    fingerprint: Fingerprint | None = None
    folder: Path | None = None
    prefix: str = ""
    backend_url: str = ""
    address: str = ""


@dataclass(frozen=True, kw_only=True)
class PutResult:
    """The result for a video: its id, how many segments it has now, and how many of them somebody has edited."""

    outcome: PutOutcome
    media_id: Id
    segments: int
    edited: int


@dataclass(frozen=True, kw_only=True)
class Video:
    """A video of a dataset: its row, its segments in order of time, and the names of its speakers by their ids."""

    media: Row
    segments: Sequence[Row]
    speakers: Mapping[Id, str] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """The title that people see."""
        return title_of(self.media)


def title_of(media: Mapping[str, Any]) -> str:
    """Return the title of a video that people see: its title, else the name in its address, else its id."""
    for name in ("title", "uri", ID_FIELD):
        value = media.get(name)
        if isinstance(value, str) and value.strip():
            return Path(value).stem if name == "uri" else value
    return str(media.get(ID_FIELD))


def videos_in(document: Document, *names: str) -> list[Video]:
    """Return the videos of a dataset: all, or those with certain ids or titles.

    Raises NotTranscriptsError, and DocumentError for a name that no video has.
    """
    check_transcripts(document)
    media = document.rows("media")
    for name in names:
        if not any(_is_named(row, name) for row in media):
            raise DocumentError(f"{document.path.name} has no video with the id or title {name!r}.")
    speakers = {row[ID_FIELD]: str(row.get("name") or row[ID_FIELD]) for row in document.rows("speakers")}
    segments: dict[Id, list[Row]] = {}
    for row in document.rows("segments"):
        segments.setdefault(row.get("media_id", ""), []).append(row)
    return [
        Video(media=row, segments=sorted(segments.get(row[ID_FIELD], []), key=_start), speakers=speakers)
        for row in media
        if not names or any(_is_named(row, name) for name in names)
    ]


def check_transcripts(document: Document) -> None:
    """Check that a dataset holds transcripts. Raises NotTranscriptsError."""
    if document.schema.name != TRANSCRIPTS.name:
        raise NotTranscriptsError(f"{document.path.name} is a dataset of kind {document.schema.name}, not transcripts.")


def put_video(document: Document, video: VideoTranscript, base: Uri, *, replace_edited: bool = False) -> PutResult:
    """Add a video's transcript to a dataset, or replace the rows of the same video, as one step that can be undone.

    Two videos are the same if their contents are, or else if they have the same destination, or the same folder.
    Segments that have not changed keep their ids and speakers. If a segment that somebody has edited would be removed,
    nothing is changed, unless `replace_edited` is set.

    Args:
        document: the dataset.
        video: the video to add.
        base: the dataset's path or address, for references that are relative to it.
        replace_edited: whether edited segments may be removed.

    Raises:
        DocumentError: the dataset can't be edited.
    """
    check_transcripts(document)
    with document.transaction():
        there = _same_video(document, video, base)
        fields = _media_fields(video, base)
        if there is None:
            media_id = document.add("media", fields)
            rows = segment_rows(video.transcript, media_id)
            for row in rows:
                document.add("segments", row)
            return _result(PutOutcome.ADDED, media_id, rows)
        media_id = there[ID_FIELD]
        return _replace(document, media_id, there, fields, video, replace_edited=replace_edited)


def _replace(
    document: Document,
    media_id: Id,
    there: Row,
    fields: Mapping[str, object],
    video: VideoTranscript,
    *,
    replace_edited: bool,
) -> PutResult:
    old = document.rows("segments", media_id=media_id)
    wanted = segment_rows(video.transcript, media_id)
    left, new = _paired(old, wanted)
    if not replace_edited and any(row.get("edited") is True for row in left):
        return _result(PutOutcome.KEPT, media_id, old)
    changed = {name: value for name, value in fields.items() if there.get(name) != value}
    if not left and not new and not changed:
        return _result(PutOutcome.UNCHANGED, media_id, old)
    document.update("media", media_id, **changed)
    for row in left:
        document.delete("segments", row[ID_FIELD])
    for row in new:
        document.add("segments", row)
    return _result(PutOutcome.REPLACED, media_id, document.rows("segments", media_id=media_id))


def _paired(old: Sequence[Row], wanted: Sequence[Row]) -> tuple[list[Row], list[Row]]:
    """Return the old rows without an equal new one, and the new rows without an equal old one."""
    free: dict[tuple[object, object], list[Row]] = {}
    for row in old:
        free.setdefault((row.get("start"), row.get("text")), []).append(row)
    new = []
    for row in wanted:
        candidates = free.get((row["start"], row["text"]), [])
        same = next((one for one in candidates if _says_the_same(one, row)), None)
        if same is None:
            new.append(row)
        else:
            candidates.remove(same)
    return [row for rows in free.values() for row in rows], new


def _says_the_same(old: Row, wanted: Row) -> bool:
    return all(old.get(name) == value for name, value in wanted.items() if name not in NOT_COMPARED)


def _same_video(document: Document, video: VideoTranscript, base: Uri) -> Row | None:
    rows = document.rows("media")
    wanted = _media_fields(video, base)
    for names in (("fingerprint",), ("prefix", "backend_url"), ("folder",)):
        for row in rows:
            if all(wanted.get(name) and row.get(name) == wanted[name] for name in names):
                return row
    return None


def _media_fields(video: VideoTranscript, base: Uri) -> Row:
    """Return a row of `media`; paths of this computer are left out of a dataset on S3."""
    transcript, local = video.transcript, not isinstance(base, S3Uri)
    fields: dict[str, object | None] = {
        "uri": (video.address or None) if video.source is None else _reference(video.source, base),
        "title": video.title,
        "duration": round(transcript.duration_s, 3),
        "language": transcript.language,
        "language_probability": round(transcript.language_probability, 4),
        "fingerprint": None if video.fingerprint is None else _identity(video.fingerprint),
        "folder": str(video.folder) if local and video.folder is not None else None,
        "prefix": video.prefix or None,
        "backend_url": video.backend_url or None,
        "origin": None if transcript.origin is None else codec.to_json(transcript.origin),
    }
    return {name: value for name, value in fields.items() if value is not None}


def _identity(fingerprint: Fingerprint) -> Row:
    return {"size_bytes": fingerprint.size_bytes, "sha256_head_tail": fingerprint.sha256_head_tail}


def _reference(source: Path, base: Uri) -> str:
    """Return the reference to a video: relative if it is below the dataset's folder; on S3, only the file's name."""
    if isinstance(base, S3Uri):
        return source.name
    folder = base.parent.resolve()
    return source.relative_to(folder).as_posix() if source.is_relative_to(folder) else str(source)


def _result(outcome: PutOutcome, media_id: Id, rows: Sequence[Row]) -> PutResult:
    edited = sum(row.get("edited") is True for row in rows)
    return PutResult(outcome=outcome, media_id=media_id, segments=len(rows), edited=edited)


def _is_named(row: Row, name: str) -> bool:
    return name in (str(row.get(ID_FIELD)), title_of(row))


def _start(row: Row) -> float:
    start = row.get("start")
    return float(start) if isinstance(start, int | float) else 0.0
