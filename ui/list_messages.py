"""The messages about the list of videos of this computer that the window's threads send to it. Data only."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from pipeline.errors import Problem
from pipeline.events import Event
from pipeline.job import Job
from pipeline.model import Plan
from pipeline.preflight_answers import DestinationTaken, ReplaceFolder, ResumeUpload


@dataclass(frozen=True, kw_only=True)
class DamagedVideo:
    """The video of this name is damaged, and how, without a full stop: convert what can be read?"""

    name: str
    damage: str


RowQuestion = ReplaceFolder[Plan] | ResumeUpload[Plan] | DestinationTaken[Plan] | DamagedVideo


class RowState(str, Enum):
    """How a video in the list stands.

    It is HELD until it is started, PAUSED where it was begun and stopped, ASKING where it can't begin without an
    answer, and PARKED while it waits for a server.
    """

    HELD = "not started"
    WAITING = "waiting"
    RUNNING = "running"
    PAUSED = "paused"
    PARKED = "parked"
    ASKING = "asking"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def ended(self) -> bool:
        """Whether nothing more becomes of it by itself."""
        return self in (RowState.DONE, RowState.FAILED, RowState.CANCELLED)


STARTABLE = (RowState.HELD, RowState.PAUSED, RowState.FAILED, RowState.CANCELLED)
LEFT = (RowState.WAITING, RowState.PARKED)
PAUSABLE = (RowState.WAITING, RowState.RUNNING, RowState.PARKED)
CANCELLABLE = (RowState.HELD, RowState.PAUSED, RowState.ASKING, *PAUSABLE)
RETRIED = (RowState.FAILED, RowState.CANCELLED)
OPEN = tuple(state for state in RowState if not state.ended)
STILL = tuple(state for state in RowState if state is not RowState.RUNNING)
"""What may be done with videos in which states; those that are LEFT begin by themselves while the list runs."""


NOT_ADDED = "Not everything was added."
NOT_STARTED = "Not started: this must be put right first."
"""What is said above a sentence about what was not done."""


class WhenDone(str, Enum):
    """What happens when every video in the list has ended."""

    NOTHING = "nothing"
    QUIT = "quit"
    SLEEP = "sleep"


@dataclass(frozen=True, kw_only=True)
class StoredVideo:
    """A video as it stands in the queue's file.

    `reason` is why it waits or how it ended, `percent` how much of it is kept, `backend_url` the server that it is
    uploaded to; `damaged` and `unheard` are as in `JobReport`. `left_behind` says that the process which was at it is
    gone.
    """

    id: str
    job: Job
    state: RowState
    label: str = ""
    reason: str = ""
    percent: int | None = None
    backend_url: str = ""
    damaged: bool = False
    unheard: bool = False
    left_behind: bool = False


@dataclass(frozen=True, kw_only=True)
class VideosListed:
    """What is in the list now, in its order. `selected` are rows that were just added or copied."""

    videos: tuple[StoredVideo, ...]
    selected: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class VideosSelected:
    """The editor selected these rows; the first is shown in the form or by its bars."""

    ids: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class VideoLooked:
    """What a video is: its length, a picture of it as PNG, or why it can't be read."""

    id: str
    length_s: float | None = None
    picture: bytes = field(default=b"", repr=False)
    problem: str = ""


@dataclass(frozen=True, kw_only=True)
class VideoSearched:
    """A video was looked through for damage; `damage` is why it is not converted unasked, empty for no reason."""

    id: str
    damage: str


@dataclass(frozen=True, kw_only=True)
class VideoBegun:
    """A video in the list begins."""

    id: str
    plan: Plan


@dataclass(frozen=True, kw_only=True)
class VideoAsks:
    """A video in the list can't begin without an answer; the others go on."""

    id: str
    question: RowQuestion

    @property
    def name(self) -> str:
        """What the video is called."""
        return self.question.name if isinstance(self.question, DamagedVideo) else self.question.plan.job.source.name


@dataclass(frozen=True, kw_only=True)
class AnswerPutOff:
    """The editor leaves a video as it is that has asked: it asks again when it is started."""

    id: str


@dataclass(frozen=True, kw_only=True)
class VideoPassedOver:
    """A video in the list can't be converted as things are, and why; it was not begun."""

    id: str
    why: str


@dataclass(frozen=True, kw_only=True)
class VideoTold:
    """An event of a video in the list."""

    id: str
    title: str
    event: Event


@dataclass(frozen=True, kw_only=True)
class VideoStopping:
    """A video in the list was told to stop: to be cancelled, or to be paused."""

    id: str


@dataclass(frozen=True, kw_only=True)
class VideoSuspended:
    """The programs that work on a video stand still from now on, or go on."""

    id: str
    suspended: bool


@dataclass(frozen=True, kw_only=True)
class ListRuns:
    """Videos of the list are converted from now on; `then_stops` says that no further one begins.

    `start` is the number of the start that this is due to.
    """

    start: int = 0
    then_stops: bool = False


@dataclass(frozen=True, kw_only=True)
class ListEnded:
    """No video of the list is converted any more. `stopped` says that some were left because the editor wanted so, and
    `passed_over` that some wait which can't be converted as things are. `start` is the number of the last start that
    this was due to: after a later one the list goes on.
    """

    start: int = 0
    stopped: bool = False
    passed_over: bool = False


@dataclass(frozen=True, kw_only=True)
class WhenDoneChosen:
    """What is to happen when all have ended."""

    what: WhenDone


@dataclass(frozen=True, kw_only=True)
class NotAdded:
    """What was dropped or pasted and is not in the list, in a sentence; `title` says what else was not done."""

    text: str
    title: str = NOT_ADDED


@dataclass(frozen=True, kw_only=True)
class FormRefused:
    """What is wrong with the settings in the form, which are to be those of a video in the list; empty for nothing."""

    problems: tuple[Problem, ...]


@dataclass(frozen=True, kw_only=True)
class FormAdded:
    """The video that stands in the form is in the list now."""

    source: str


ListMessage = (
    VideosListed
    | VideosSelected
    | VideoLooked
    | VideoSearched
    | VideoBegun
    | VideoAsks
    | AnswerPutOff
    | VideoPassedOver
    | VideoTold
    | VideoStopping
    | VideoSuspended
    | ListRuns
    | ListEnded
    | WhenDoneChosen
)
"""Every message that changes what is shown of the list."""
