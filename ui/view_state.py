"""The state of everything that the window shows, and how each message changes it. Pure: knows no Tk and no thread."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path

from pipeline.errors import Problem
from pipeline.events import JobFinished, LogLevel, LogLine, PhaseFinished, PhaseProgress, PhaseStarted
from pipeline.model import PhaseName, Plan
from pipeline.preflight_answers import DestinationTaken, Refused, ReplaceFolder, ResumeUpload
from ui import banners
from ui import bars as rows
from ui.banners import CHECKING, PAUSED, READY, STOPPING, WITHDRAWN, Banner, Tone
from ui.bars import Bars
from ui.job_form import offered_qualities
from ui.messages import (
    Checking,
    ConnectionForgotten,
    ConnectionTested,
    ConnectionTesting,
    FolderKnown,
    JobStarted,
    KeychainTold,
    Message,
    ModelsKnown,
    Paused,
    Resumed,
    RowsChosen,
    SourceChosen,
    SourceFound,
    SourceOptions,
    SourceRefused,
    StartCancelled,
    StopRequested,
    TokenAnswered,
    TokenRefused,
    TokenWanted,
    UnexpectedError,
)
from ui.source_text import describe
from ui.source_view import NO_SOURCE, SourceView, treated


class Stage(Enum):
    """Where the window is in the life of a job."""

    READY = "ready"
    CHECKING = "checking"
    ASKING = "asking"
    RUNNING = "running"
    STOPPING = "stopping"


@dataclass(frozen=True, kw_only=True)
class ConnectionView:
    """What is shown beside Test Connection."""

    number: int = 0
    testing: bool = False
    text: str = ""
    tone: Tone = Tone.PLAIN

    @property
    def shown(self) -> bool:
        """Whether a test is under way or has been made."""
        return self.tone is not Tone.PLAIN


@dataclass(frozen=True, kw_only=True)
class TokenView:
    """The question for a new token; `problem` is what is wrong with what was typed."""

    problem: str = ""


NO_BARS = Bars()
AS_USUAL = SourceOptions()


@dataclass(frozen=True, kw_only=True)
class ViewState:
    """Everything that the window shows."""

    stage: Stage = Stage.READY
    banner: Banner = READY
    bars: Bars = NO_BARS
    chosen: RowsChosen | None = None
    plan: Plan | None = None
    phase: PhaseName | None = None
    problems: tuple[Problem, ...] = ()
    source: SourceView = NO_SOURCE
    source_options: SourceOptions = AS_USUAL
    connection: ConnectionView = ConnectionView()
    models: tuple[str, ...] = ()
    folder: Path | None = None
    paused: bool = False
    token: TokenView | None = None
    keychain: str = ""

    @property
    def form_enabled(self) -> bool:
        """Whether settings can be changed: not while a job is on its way or a question is open."""
        return self.stage is Stage.READY

    @property
    def start_enabled(self) -> bool:
        """Whether a job can be started."""
        return self.stage is Stage.READY

    @property
    def cancel_enabled(self) -> bool:
        """Whether there is something to cancel that was not cancelled yet."""
        return self.stage in (Stage.CHECKING, Stage.ASKING, Stage.RUNNING)

    @property
    def cancel_upload_shown(self) -> bool:
        """Whether the upload is on its way."""
        return self.stage in (Stage.RUNNING, Stage.STOPPING) and self.phase is PhaseName.UPLOAD

    @property
    def pause_enabled(self) -> bool:
        """Whether there is an upload that can be paused."""
        return self.stage is Stage.RUNNING and self.phase is PhaseName.UPLOAD and not self.paused

    @property
    def resume_enabled(self) -> bool:
        """Whether an upload is paused because Pause was pressed."""
        return self.stage is Stage.RUNNING and self.paused

    @property
    def pause_reason(self) -> str:
        """Why the upload waits, in a few words; empty when it does not."""
        if self.token is not None:
            return "waiting for a new token"
        return "paused" if self.paused else ""

    @property
    def folder_openable(self) -> bool:
        """Whether there is a folder to open."""
        return self.folder is not None


def advance(state: ViewState, message: Message) -> ViewState:
    """Return the state after a message.

    Progress is absolute, so all but the last message of a phase may be left out.
    """
    match message:
        case PhaseStarted() | PhaseProgress() | PhaseFinished() | JobStarted() | JobFinished():
            return _job(state, message)
        case LogLine():
            return _with_log_line(state, message)
        case Checking():
            return replace(state, stage=Stage.CHECKING, banner=CHECKING, problems=(), plan=None, phase=None)
        case Refused():
            problems = message.problems
            return replace(state, stage=Stage.READY, banner=banners.refusal(problems), problems=problems)
        case ResumeUpload():
            return _asking(state, banners.resume_question(message))
        case ReplaceFolder():
            return _asking(state, banners.replace_question(message.reason))
        case DestinationTaken():
            return _asking(state, banners.destination_question(message))
        case StartCancelled():
            return replace(state, stage=Stage.READY, banner=WITHDRAWN)
        case StopRequested():
            return (
                replace(state, stage=Stage.STOPPING, banner=STOPPING, paused=False, token=None)
                if state.cancel_enabled
                else state
            )
        case Paused():
            return replace(state, paused=True, banner=PAUSED) if state.pause_enabled else state
        case Resumed():
            return _unpaused(state) if state.resume_enabled else state
        case TokenWanted() | TokenRefused() | TokenAnswered():
            return _token(state, message)
        case KeychainTold():
            return replace(state, keychain=message.text)
        case RowsChosen():
            return _rows_chosen(state, message)
        case SourceChosen() | SourceFound() | SourceRefused():
            return _source(state, message)
        case SourceOptions():
            return replace(state, source_options=message, source=treated(state.source, message))
        case ConnectionTesting() | ConnectionTested() | ConnectionForgotten():
            return replace(state, connection=_connection(state.connection, message))
        case ModelsKnown():
            return replace(state, models=message.names)
        case FolderKnown():
            return replace(state, folder=message.folder)
        case UnexpectedError():
            banner = Banner(title="Something unexpected went wrong.", lines=(message.text,), tone=Tone.BAD)
            return replace(state, banner=banner)
    return state


def _job(
    state: ViewState, message: PhaseStarted | PhaseProgress | PhaseFinished | JobStarted | JobFinished
) -> ViewState:
    if isinstance(message, JobStarted):
        stage = Stage.STOPPING if state.stage is Stage.STOPPING else Stage.RUNNING
        banner = STOPPING if stage is Stage.STOPPING else banners.converting(message.plan)
        bars = rows.for_plan(message.plan)
        return replace(
            state, stage=stage, banner=banner, plan=message.plan, bars=bars, folder=None, paused=False, token=None
        )
    if isinstance(message, JobFinished):
        return replace(
            state,
            stage=Stage.READY,
            banner=banners.result(message.report),
            bars=rows.closed(state.bars, message.report),
            phase=None,
            paused=False,
            token=None,
        )
    if state.plan is None:
        return state
    match message:
        case PhaseStarted():
            return replace(_unwarned(state), phase=message.phase, bars=rows.started(state.bars, message, state.plan))
        case PhaseProgress():
            if message.phase is not state.phase:
                return replace(state, bars=rows.checked(state.bars, message))
            return replace(
                state, bars=rows.progressed(state.bars, message, state.plan, pause_reason=state.pause_reason)
            )
        case PhaseFinished():
            return replace(_unpaused(state), phase=None, bars=rows.finished(state.bars, message))


def _with_log_line(state: ViewState, line: LogLine) -> ViewState:
    """Let a warning of the job stand in the banner until the job has something else to say:
    it may wait for the editor.
    """
    if state.stage is not Stage.RUNNING or line.level is LogLevel.DETAIL:
        return state
    if line.level not in (LogLevel.WARNING, LogLevel.WAITING):
        return _unwarned(state)
    return replace(state, banner=replace(state.banner, lines=(line.text,), tone=Tone.WARNING))


def _unwarned(state: ViewState) -> ViewState:
    if state.plan is None or state.stage is not Stage.RUNNING or state.banner.tone is not Tone.WARNING:
        return state
    return replace(state, banner=PAUSED if state.paused else banners.converting(state.plan))


def _unpaused(state: ViewState) -> ViewState:
    """Return the state without a pause: nothing waits for the editor any more."""
    if not state.paused or state.plan is None:
        return state
    return replace(state, paused=False, banner=banners.converting(state.plan))


def _token(state: ViewState, message: TokenWanted | TokenRefused | TokenAnswered) -> ViewState:
    """Show the question for a token, what is wrong with the answer,
    or take the question away with the warning that led to it.
    """
    match message:
        case TokenWanted():
            return replace(state, token=TokenView()) if state.stage is Stage.RUNNING else state
        case TokenRefused():
            return replace(state, token=TokenView(problem=message.problem)) if state.token is not None else state
        case TokenAnswered():
            return replace(_unwarned(state), token=None)


def _asking(state: ViewState, banner: Banner) -> ViewState:
    return replace(state, stage=Stage.ASKING, banner=banner)


def _rows_chosen(state: ViewState, message: RowsChosen) -> ViewState:
    """Show which rows the next job will have; the rows of a finished job stay until something is changed."""
    if not state.form_enabled or message == state.chosen:
        return state
    return replace(
        state, chosen=message, bars=_preview(message, state.source.offered, audio_only=state.source.audio_only)
    )


def _preview(chosen: RowsChosen | None, offered: tuple[str, ...] | None, *, audio_only: bool = False) -> Bars:
    """Return the rows that the next job will have, as far as is known."""
    if chosen is None:
        return NO_BARS
    if audio_only:
        return rows.unstarted(replace(chosen, qualities=(), mp4=False))
    made = chosen.qualities if offered is None else tuple(name for name in chosen.qualities if name in offered)
    return rows.unstarted(replace(chosen, qualities=made))


def _source(state: ViewState, message: SourceChosen | SourceFound | SourceRefused) -> ViewState:
    if isinstance(message, SourceChosen):
        if message.text == state.source.path_text:
            return state
        bars = _preview(state.chosen, None)
        source = SourceView(path_text=message.text, details="Reading the video…" if message.text else "")
        return replace(state, source=source, banner=READY, bars=bars, problems=())
    if message.text != state.source.path_text:
        return state
    if isinstance(message, SourceRefused):
        return replace(state, source=SourceView(path_text=message.text, problem=message.reason))
    media = message.media
    source = SourceView(
        path_text=message.text,
        media=media,
        details=describe(media),
        offered=offered_qualities(media),
        slug=message.slug,
    )
    source = treated(source, state.source_options)
    banner = (
        Banner(title=f"Ready to convert {media.path.name}. Press Start.") if state.banner is READY else state.banner
    )
    bars = _preview(state.chosen, source.offered, audio_only=source.audio_only) if state.form_enabled else state.bars
    return replace(state, source=source, banner=banner, bars=bars)


def _connection(
    view: ConnectionView, message: ConnectionTesting | ConnectionTested | ConnectionForgotten
) -> ConnectionView:
    match message:
        case ConnectionTesting():
            return ConnectionView(number=message.number, testing=True, text="Testing…", tone=Tone.BUSY)
        case ConnectionForgotten():
            return ConnectionView(number=view.number + 1)
        case ConnectionTested():
            if message.number != view.number:
                return view
            good = ("✓", Tone.GOOD) if message.token_tried else ("⚠", Tone.WARNING)
            mark, tone = good if message.ok else ("✗", Tone.BAD)
            return ConnectionView(number=view.number, text=f"{mark} {message.text}", tone=tone)
