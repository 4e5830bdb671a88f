"""What the window's threads tell it, beside the events of a job.

Data only; every message goes through the event queue.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from pipeline.events import Event, LogLevel
from pipeline.media_info import MediaInfo
from pipeline.model import Plan
from pipeline.preflight_answers import DestinationTaken, Refused, ReplaceFolder, ResumeUpload
from ui.keychain import KeptLogin


class Answer(Enum):
    """What the editor says to a question in the banner."""

    RESUME = "resume"
    UPLOAD_AGAIN = "upload again"
    REPLACE = "replace"
    REPLACE_STREAM = "replace the stream"
    WITHDRAW = "withdraw"


@dataclass(frozen=True, kw_only=True)
class LogEntry:
    """A line of the log view."""

    text: str
    level: LogLevel = LogLevel.INFO


@dataclass(frozen=True, kw_only=True)
class RowsChosen:
    """Which progress rows the next job will have, as the form stands."""

    qualities: tuple[str, ...]
    mp4: bool
    transcript: bool
    upload: bool


@dataclass(frozen=True, kw_only=True)
class Checking:
    """Start was pressed: settings and source are looked at."""


@dataclass(frozen=True, kw_only=True)
class StartCancelled:
    """The editor took the job back before it began."""


@dataclass(frozen=True, kw_only=True)
class JobStarted:
    """The job begins."""

    plan: Plan


@dataclass(frozen=True, kw_only=True)
class StopRequested:
    """Cancel was pressed."""


@dataclass(frozen=True, kw_only=True)
class Paused:
    """Pause was pressed: the upload rests."""


@dataclass(frozen=True, kw_only=True)
class Resumed:
    """Resume was pressed: the upload goes on."""


@dataclass(frozen=True, kw_only=True)
class TokenWanted:
    """The backend does not accept the token any more, and the upload waits for a new one."""


@dataclass(frozen=True, kw_only=True)
class TokenRefused:
    """What was typed can't be a token, and why."""

    problem: str


@dataclass(frozen=True, kw_only=True)
class TokenAnswered:
    """The editor answered the question for a token, or has none; which is nobody's business here."""

    given: bool


@dataclass(frozen=True, kw_only=True)
class LoginFound:
    """The keychain holds a login. It goes into the form and nowhere else."""

    login: KeptLogin


@dataclass(frozen=True, kw_only=True)
class KeychainTold:
    """What the editor must know of the keychain; empty when it did what it was asked for."""

    text: str = ""


@dataclass(frozen=True, kw_only=True)
class SourceChosen:
    """Another source stands in the form; empty for none. What it is will be found out."""

    text: str


@dataclass(frozen=True, kw_only=True)
class SourceFound:
    """What the source is. `text` is what stood in the form when it was looked at."""

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
    """What the form says that decides what is done about a source's peculiarities."""

    keep_hdr: bool = False
    surround: bool = False
    accept_damaged: bool = False


@dataclass(frozen=True, kw_only=True)
class ConnectionTesting:
    """Test Connection was pressed; `number` tells this test from others."""

    number: int


@dataclass(frozen=True, kw_only=True)
class ConnectionTested:
    """How test `number` went, in a sentence; `token_tried` as in `Connection`."""

    number: int
    ok: bool
    text: str
    token_tried: bool = True


@dataclass(frozen=True, kw_only=True)
class ConnectionForgotten:
    """Address or token were changed: what a test said is no longer true."""


@dataclass(frozen=True, kw_only=True)
class ModelsKnown:
    """The names of the models to choose from."""

    names: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class FolderKnown:
    """The folder that Open folder shows, or None where there is none yet."""

    folder: Path | None


@dataclass(frozen=True, kw_only=True)
class UnexpectedError:
    """Something unexpected went wrong in the window itself; `text` is a sentence, a job goes on."""

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
    | StopRequested
    | Paused
    | Resumed
    | TokenWanted
    | TokenRefused
    | TokenAnswered
    | LoginFound
    | KeychainTold
    | SourceChosen
    | SourceFound
    | SourceRefused
    | SourceOptions
    | ConnectionTesting
    | ConnectionTested
    | ConnectionForgotten
    | ModelsKnown
    | FolderKnown
    | UnexpectedError
)
