"""The messages that the window's threads send to it, besides the events of a job.

Data only; every message goes through the event queue.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.events import Event, LogLevel
from pipeline.job import Job
from pipeline.media_info import MediaInfo
from pipeline.model import Plan
from pipeline.preflight_answers import DestinationTaken, Refused, ReplaceFolder, ResumeUpload
from ui.damage_messages import DamageMessage
from ui.folder_messages import FolderMessage
from ui.frames.messages import FrameMessage
from ui.keychain import KeptLogin
from ui.list_messages import FormAdded, FormRefused, ListMessage, NotAdded
from ui.queue_messages import PuttingIn, QueueMessage
from ui.update_messages import UpdateFound

if TYPE_CHECKING:
    from pipeline.unfinished import UnfinishedJob  # with the queue's file
    from ui.missing_login import LoginMissing  # with the form


class BannerAnswer(Enum):
    """The editor's answer to a question in the banner."""

    RESUME = "resume"
    UPLOAD_AGAIN = "upload again"
    REPLACE = "replace"
    REPLACE_STREAM = "replace the stream"
    GO_ON = "go on"
    LEAVE = "leave it"
    WITHDRAW = "withdraw"
    STAY = "stay"
    GO_ON_IN_BACKGROUND = "go on in the background"
    CLOSE_AFTER_JOB = "close after the job"
    STOP_AND_CLOSE = "stop and close"
    STAY_AWAKE = "stay awake"
    LIST_ALL = "put all into the list"
    ACCEPT_DAMAGE = "accept the damage"
    NO_CAPTIONS = "convert without captions"
    GET_MODEL = "get the model"
    SHOW_NOTES = "show what is new"
    HIDE_UPDATE = "hide the update"


@dataclass(frozen=True, kw_only=True)
class LogEntry:
    """A line of the log view."""

    text: str
    level: LogLevel = LogLevel.INFO


@dataclass(frozen=True, kw_only=True)
class RowsChosen:
    """Which progress rows the next job will have, according to the form.

    `needs_login` says that it is uploaded, and the server's address or token is not known.
    """

    qualities: tuple[str, ...]
    mp4: bool
    transcript: bool
    upload: bool
    audio_only: bool = False
    needs_login: bool = False


@dataclass(frozen=True, kw_only=True)
class Checking:
    """Start was pressed: settings and source are being checked."""


@dataclass(frozen=True, kw_only=True)
class StartCancelled:
    """The editor cancelled the job before it began."""


@dataclass(frozen=True, kw_only=True)
class JobStarted:
    """The job begins."""

    plan: Plan


@dataclass(frozen=True, kw_only=True)
class UnfinishedFound:
    """The jobs that an earlier run has left unfinished and that were not answered yet.

    `missing` is what the first needs that is not in the form.
    """

    jobs: tuple[UnfinishedJob, ...]
    missing: LoginMissing | None = None


@dataclass(frozen=True, kw_only=True)
class UnfinishedTaken:
    """The editor goes on with an unfinished job: it is put into the form."""

    job: Job


@dataclass(frozen=True, kw_only=True)
class ClockTicked:
    """It is `now_s`, in seconds of a clock that only goes forward."""

    now_s: float


@dataclass(frozen=True, kw_only=True)
class StopRequested:
    """Cancel was pressed."""


@dataclass(frozen=True, kw_only=True)
class CloseAsked:
    """The window is to be closed while a job is on its way."""


@dataclass(frozen=True, kw_only=True)
class CloseAnswered:
    """What the editor wants of the window that is to be closed."""

    answer: BannerAnswer


@dataclass(frozen=True, kw_only=True)
class Paused:
    """Pause was pressed: the upload is paused."""


@dataclass(frozen=True, kw_only=True)
class Resumed:
    """Resume was pressed: the upload continues."""


@dataclass(frozen=True, kw_only=True)
class TokenWanted:
    """The backend no longer accepts the token, and the upload waits for a new one: a job's, or that of a finished
    folder.
    """

    of_folder: bool = False


@dataclass(frozen=True, kw_only=True)
class TokenRefused:
    """The text that was typed can't be a token; `problem` says why."""

    problem: str


@dataclass(frozen=True, kw_only=True)
class TokenAnswered:
    """The editor answered the question for a token. The message does not contain the token itself."""

    given: bool


@dataclass(frozen=True, kw_only=True)
class LoginFound:
    """The keychain holds a login, of a named backend or, with an empty id, the one that was typed. It is put into the
    form and nowhere else.
    """

    login: KeptLogin
    backend: str = ""


@dataclass(frozen=True, kw_only=True)
class KeychainTold:
    """What the editor must know about the keychain; empty if the last request to it succeeded."""

    text: str = ""


@dataclass(frozen=True, kw_only=True)
class FilesGiven:
    """The program was started with these files, or once more, perhaps without any: the window comes to the front."""

    paths: tuple[Path, ...]


@dataclass(frozen=True, kw_only=True)
class SourceChosen:
    """Another source was entered in the form, empty for none. The probe has not finished yet."""

    text: str


@dataclass(frozen=True, kw_only=True)
class SourceFound:
    """The result of the probe. `text` is what the form contained when the probe began."""

    text: str
    media: MediaInfo
    slug: str


@dataclass(frozen=True, kw_only=True)
class SourceRefused:
    """The source can't be used, and why."""

    text: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class SourceOptions:
    """The settings in the form that decide how unusual sources are treated."""

    keep_hdr: bool = False
    surround: bool = False
    accept_damaged: bool = False


@dataclass(frozen=True, kw_only=True)
class ConnectionTesting:
    """Test Connection was pressed; `number` tells this test from others."""

    number: int


@dataclass(frozen=True, kw_only=True)
class ConnectionTested:
    """The result of test `number`, as a sentence; `token_tried` as in `Connection`."""

    number: int
    ok: bool
    text: str
    token_tried: bool = True


@dataclass(frozen=True, kw_only=True)
class ConnectionForgotten:
    """Address or token were changed: the result of the last test is no longer valid."""


@dataclass(frozen=True, kw_only=True)
class SpeedsKnown:
    """What work took on this machine: the seconds of a unit in the last few jobs by its kind."""

    seconds: Mapping[str, tuple[float, ...]]


@dataclass(frozen=True, kw_only=True)
class ModelsKnown:
    """The names of the models to choose from."""

    names: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class FolderKnown:
    """The folder that Open folder shows, None if it does not exist yet, and whether there is a stream in it."""

    folder: Path | None
    has_stream: bool = False


@dataclass(frozen=True, kw_only=True)
class PasteRefused:
    """A text of so many characters was to be pasted into a field."""

    characters: int


@dataclass(frozen=True, kw_only=True)
class DiagnosticsSaved:
    """The diagnostics were saved, or could not be; `text` is a sentence."""

    text: str
    ok: bool = True


@dataclass(frozen=True, kw_only=True)
class UnexpectedError:
    """An unexpected error in the window itself; `text` is a sentence. A running job continues."""

    text: str


Message = (
    Event
    | LogEntry
    | RowsChosen
    | Checking
    | Refused
    | ReplaceFolder[Plan]
    | ResumeUpload[Plan]
    | DestinationTaken[Plan]
    | StartCancelled
    | JobStarted
    | UnfinishedFound
    | UnfinishedTaken
    | ClockTicked
    | StopRequested
    | CloseAsked
    | CloseAnswered
    | Paused
    | Resumed
    | TokenWanted
    | TokenRefused
    | TokenAnswered
    | LoginFound
    | KeychainTold
    | FilesGiven
    | SourceChosen
    | SourceFound
    | DamageMessage
    | SourceRefused
    | SourceOptions
    | ConnectionTesting
    | ConnectionTested
    | ConnectionForgotten
    | ModelsKnown
    | SpeedsKnown
    | FolderKnown
    | FolderMessage
    | FrameMessage
    | PuttingIn
    | QueueMessage
    | ListMessage
    | NotAdded
    | FormRefused
    | FormAdded
    | PasteRefused
    | DiagnosticsSaved
    | UpdateFound
    | UnexpectedError
)
