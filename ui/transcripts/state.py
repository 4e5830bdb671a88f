"""What the editor's window shows, and how that follows from what happens. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum

from pipeline.job import CaptionRules
from transcripts.find_replace import Hit
from transcripts.merge import Collision, CollisionKey, Side
from transcripts.rows import Id
from transcripts.save import SaveOutcome
from ui.banners import Tone
from ui.transcripts.messages import (
    Added,
    Aligned,
    Changed,
    Closed,
    Decided,
    EditorMessage,
    Failed,
    HitsKnown,
    HitsReplaced,
    Notice,
    Opened,
    OpeningFailed,
    PeaksKnown,
    PlaceFound,
    PlayEnded,
    Published,
    PublishFailed,
    ReasonsKnown,
    Saved,
    SaveFailed,
    SaveProgress,
    SegmentsKnown,
    VideoEntry,
    VideosKnown,
)


class EditorStage(Enum):
    """How far the window is with its dataset."""

    EMPTY = "empty"
    OPENING = "opening"
    OPEN = "open"
    CLOSING = "closing"
    CLOSED = "closed"


class Question(Enum):
    """What the editor is asked."""

    NONE = "none"
    RECOVERED = "recovered"
    SAVE = "save"
    COLLISIONS = "collisions"
    DELETED = "deleted"
    CLOSE = "close"
    NOT_WRITTEN = "not written"


@dataclass(frozen=True, kw_only=True)
class Status:
    """The news at the bottom of the window."""

    text: str = ""
    tone: Tone = Tone.PLAIN


@dataclass(frozen=True, kw_only=True)
class EditorState:
    """All of what is shown but for the segments.

    Attributes:
        address: what is opened, as it was typed.
        source_uri: where the dataset is from; on_s3 whether that is S3.
        freshness: how the copy that was opened compares with what is stored there.
        read_only: why nothing can be edited, empty if it can.
        changes: what is unsaved, in words.
        media_id, loading: the video that was chosen, and whether its segments are still on their way.
        saving: the part of a save that was sent, from 0 to 1; None while none is under way.
        closing: whether the window is to close when the save has ended.
        recovered: what an earlier session left, in words.
        collisions, decisions: what both have changed, and whose change counts.
        rules: by which captions are marked.
        aligning: whether the words of a segment are being aligned.
        playing: the number of the passage that is played, None while none is; looping whether it begins again.
        publishing: whether a video is on its way to where it was uploaded.
        finding: whether find and replace is shown; hits what was found, None before anything was looked for.
    """

    stage: EditorStage = EditorStage.EMPTY
    address: str = ""
    source_uri: str = ""
    on_s3: bool = False
    freshness: str = ""
    read_only: str = ""
    changes: str = ""
    unsaved: bool = False
    videos: tuple[VideoEntry, ...] = ()
    speakers: tuple[tuple[Id, str], ...] = ()
    media_id: Id | None = None
    loading: bool = False
    saving: float | None = None
    closing: bool = False
    question: Question = Question.NONE
    recovered: str = ""
    recovered_conflicts: tuple[str, ...] = ()
    collisions: tuple[Collision, ...] = ()
    decisions: Mapping[CollisionKey, Side] = field(default_factory=dict)
    finding: bool = False
    searching: bool = False
    hits: tuple[Hit, ...] | None = None
    rules: CaptionRules = CaptionRules.NETFLIX
    aligning: bool = False
    playing: int | None = None
    looping: bool = False
    publishing: bool = False
    status: Status = Status()

    @property
    def is_open(self) -> bool:
        """Whether there is a dataset to look at."""
        return self.stage is EditorStage.OPEN

    @property
    def editable(self) -> bool:
        """Whether segments can be changed now."""
        return self.is_open and not self.read_only and self.question is not Question.RECOVERED

    @property
    def save_enabled(self) -> bool:
        """Whether there is something to save and nothing in the way."""
        return self.editable and self.unsaved and self.saving is None and self.question is Question.NONE

    @property
    def publish_enabled(self) -> bool:
        """Whether the video that is shown could be published now."""
        return self.is_open and self.media_id is not None and not self.publishing and self.saving is None

    @property
    def undecided(self) -> int:
        """How many collisions nobody has decided yet."""
        return sum(one.key not in self.decisions for one in self.collisions)


def advance(state: EditorState, message: EditorMessage) -> EditorState:
    """Return the state after a message."""
    match message:
        case Opened():
            return _opened(state, message)
        case OpeningFailed(reason=reason):
            return replace(state, stage=EditorStage.EMPTY, status=Status(text=reason, tone=Tone.BAD))
        case VideosKnown(videos=videos, speakers=speakers):
            return replace(state, videos=videos, speakers=speakers)
        case SegmentsKnown(media_id=media_id):
            return replace(state, loading=state.loading and media_id != state.media_id)
        case Changed(changes=changes, problem=problem):
            news = Status(text=problem, tone=Tone.BAD) if problem else state.status
            return replace(state, changes=changes.text, unsaved=changes.unsaved, status=news)
        case SaveProgress(sent_bytes=sent, total_bytes=total):
            return state if state.saving is None else replace(state, saving=sent / max(1, total))
        case Saved() | SaveFailed():
            return _save_ended(state, message)
        case Decided():
            return replace(state, question=Question.NONE, recovered="", recovered_conflicts=())
        case HitsKnown(hits=hits):
            return replace(state, hits=hits, searching=False)
        case HitsReplaced(count=count, of=of):
            return replace(state, hits=None, searching=False, status=_replaced(count, of))
        case PlaceFound(segment_id=found):
            said = "" if found is not None else "There is no doubtful word further down in this video."
            return replace(state, status=Status(text=said))
        case Added(text=text, problem=problem):
            tone = Tone.BAD if problem else Tone.GOOD
            return replace(state, status=Status(text=problem or text, tone=tone))
        case PlayEnded():
            return _play_ended(state, message)
        case Aligned(text=text, problem=problem):
            news = Status(text=problem or text, tone=Tone.BAD if problem else Tone.GOOD)
            return replace(state, aligning=False, status=news)
        case Notice(text=text):
            return replace(state, status=Status(text=text, tone=Tone.WARNING))
        case Published(text=text):
            return replace(state, publishing=False, status=Status(text=text, tone=Tone.GOOD))
        case PublishFailed(reason=reason):
            return replace(state, publishing=False, closing=False, status=Status(text=reason, tone=Tone.BAD))
        case ReasonsKnown(problem=problem) | PeaksKnown(problem=problem):
            return replace(state, status=Status(text=problem, tone=Tone.BAD)) if problem else state
        case Failed(reason=reason):
            return replace(state, searching=False, status=Status(text=reason, tone=Tone.BAD))
        case Closed(problem=problem) if problem:
            status = Status(text=problem, tone=Tone.BAD)
            return replace(state, stage=EditorStage.CLOSING, question=Question.NOT_WRITTEN, status=status)
        case Closed():
            return replace(state, stage=EditorStage.CLOSED)


def _play_ended(state: EditorState, message: PlayEnded) -> EditorState:
    if message.number != state.playing:
        return state  # another passage is played by now
    state = replace(state, playing=None)
    if message.problem:
        return replace(state, status=Status(text=message.problem, tone=Tone.BAD))
    return replace(state, status=Status(text=message.note, tone=Tone.WARNING)) if message.note else state


def _replaced(count: int, of: int) -> Status:
    left = of - count
    said = f"Replaced in {count} {'segment' if count == 1 else 'segments'}."
    return Status(
        text=said + (f" {left} had been changed since and stayed as they are." if left else ""), tone=Tone.GOOD
    )


def _opened(state: EditorState, message: Opened) -> EditorState:
    dataset = message.dataset
    document = dataset.document
    recovery = document.recovery
    said = " ".join(document.problems)
    return replace(
        state,
        stage=EditorStage.OPEN,
        source_uri=str(dataset.source_uri),
        on_s3=dataset.is_on_s3,
        freshness=dataset.freshness.text,
        read_only=document.read_only,
        changes=document.changes.text,
        unsaved=document.changes.unsaved,
        question=Question.NONE if recovery is None else Question.RECOVERED,
        recovered="" if recovery is None else recovery.text,
        recovered_conflicts=() if recovery is None else tuple(str(one.change.id) for one in recovery.conflicts),
        status=Status(text=said, tone=Tone.WARNING) if said else Status(),
    )


def _save_ended(state: EditorState, message: Saved | SaveFailed) -> EditorState:
    state = replace(state, saving=None)
    if isinstance(message, SaveFailed):
        question = Question.DELETED if message.deleted else Question.NONE
        return replace(
            state, question=question, closing=False, status=Status(text=message.reason, tone=Tone.BAD), decisions={}
        )
    result = message.result
    if result is None:
        return replace(state, status=Status(text=f"Saved to {state.source_uri}.", tone=Tone.GOOD))
    if result.outcome is SaveOutcome.UNDECIDED:
        return replace(
            state,
            question=Question.COLLISIONS,
            closing=False,
            collisions=result.collisions,
            decisions={key: side for key, side in state.decisions.items() if key in {c.key for c in result.collisions}},
            status=Status(text=result.text, tone=Tone.WARNING),
        )
    return replace(state, collisions=(), decisions={}, status=Status(text=result.text, tone=Tone.GOOD))


def save_started(state: EditorState) -> EditorState:
    """Return the state when a save begins."""
    where = "S3" if state.on_s3 else "the file"
    status = Status(text=f"Saving to {where}…", tone=Tone.BUSY)
    return replace(state, saving=0.0, question=Question.NONE, status=status)
