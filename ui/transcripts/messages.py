"""What threads tell the editor's window."""

from __future__ import annotations

from dataclasses import dataclass

from transcripts.changes import ChangeSummary, RowKey
from transcripts.dataset import Dataset
from transcripts.find_replace import Hit
from transcripts.rows import Id
from transcripts.save import SaveResult
from ui.transcripts.segment_order import SegmentOrder


@dataclass(frozen=True, kw_only=True)
class VideoEntry:
    """A video in the list: its id and what people call it."""

    id: Id
    title: str


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A dataset is open."""

    dataset: Dataset


@dataclass(frozen=True, kw_only=True)
class OpeningFailed:
    """A dataset can't be opened, for this reason."""

    reason: str


@dataclass(frozen=True, kw_only=True)
class VideosKnown:
    """The videos and speakers of the dataset."""

    videos: tuple[VideoEntry, ...]
    speakers: tuple[tuple[Id, str], ...]


@dataclass(frozen=True, kw_only=True)
class SegmentsKnown:
    """The segments of a video in their order, as they were with a version of the document."""

    media_id: Id
    order: SegmentOrder
    version: int


@dataclass(frozen=True, kw_only=True)
class Changed:
    """Something was edited or saved: what is unsaved by now, and which rows an edit concerned."""

    changes: ChangeSummary
    rows: tuple[RowKey, ...] = ()
    problem: str = ""


@dataclass(frozen=True, kw_only=True)
class SaveProgress:
    """So many bytes of a save are on their way."""

    sent_bytes: int
    total_bytes: int


@dataclass(frozen=True, kw_only=True)
class Saved:
    """A save came to an end; None for a dataset that is a file."""

    result: SaveResult | None


@dataclass(frozen=True, kw_only=True)
class SaveFailed:
    """A save failed; `deleted` if somebody has deleted the dataset on S3."""

    reason: str
    deleted: bool = False


@dataclass(frozen=True, kw_only=True)
class Decided:
    """What an earlier session left was accepted or discarded."""


@dataclass(frozen=True, kw_only=True)
class ReasonsKnown:
    """It was found out which captions in view break a rule; `problem` says why it was not."""

    problem: str = ""


@dataclass(frozen=True, kw_only=True)
class PeaksKnown:
    """The audio of a passage was read; `problem` says why it was not, where nobody foresaw that."""

    problem: str = ""


@dataclass(frozen=True, kw_only=True)
class PlayEnded:
    """A passage has ended, or was stopped; `number` tells which. `problem` says what went wrong, `note` other news."""

    number: int
    problem: str = ""
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Aligned:
    """The words of a segment were aligned or not, as `text` says; `problem` says why that can't be done."""

    text: str = ""
    problem: str = ""


@dataclass(frozen=True, kw_only=True)
class HitsKnown:
    """The segments in which something was found."""

    hits: tuple[Hit, ...]


@dataclass(frozen=True, kw_only=True)
class HitsReplaced:
    """So many of the segments that were found have another text now."""

    count: int
    of: int


@dataclass(frozen=True, kw_only=True)
class PlaceFound:
    """A segment that was looked for, and where in its text; None if there is none."""

    segment_id: Id | None
    cursor: int = 0


@dataclass(frozen=True, kw_only=True)
class Added:
    """A finished job's video was put into the dataset, or left as it is there; `problem` says why it was not."""

    media_id: Id | None = None
    text: str = ""
    problem: str = ""


@dataclass(frozen=True, kw_only=True)
class Notice:
    """News of something that goes on."""

    text: str


@dataclass(frozen=True, kw_only=True)
class Published:
    """A video was published, as the sentence says."""

    text: str


@dataclass(frozen=True, kw_only=True)
class PublishFailed:
    """A video was not published, for this reason."""

    reason: str


@dataclass(frozen=True, kw_only=True)
class Failed:
    """Something can't be done, for this reason; nothing was changed."""

    reason: str


@dataclass(frozen=True, kw_only=True)
class Closed:
    """The dataset is closed. `problem` says what could not be written, empty if all is."""

    problem: str = ""


EditorMessage = (
    Opened
    | OpeningFailed
    | VideosKnown
    | SegmentsKnown
    | Changed
    | SaveProgress
    | Saved
    | SaveFailed
    | Decided
    | ReasonsKnown
    | PeaksKnown
    | PlayEnded
    | Aligned
    | HitsKnown
    | HitsReplaced
    | PlaceFound
    | Notice
    | Added
    | Published
    | PublishFailed
    | Failed
    | Closed
)
