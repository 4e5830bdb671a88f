"""How each message changes what the window shows. Pure: knows no Tk and no thread."""

from __future__ import annotations

from dataclasses import replace

from pipeline.events import JobFinished, LogLevel, LogLine, PhaseFinished, PhaseProgress, PhaseStarted
from pipeline.model import PhaseName
from pipeline.preflight_answers import DestinationTaken, Refused, ReplaceFolder, ResumeUpload
from ui import banners, queue_view
from ui import bar_changes as rows
from ui.banners import CHECKING, PAUSED, PUTTING_IN, STOPPING, WHILE_IT_RUNS, WITHDRAWN, Banner, Tone
from ui.connection_view import tested
from ui.damage_messages import DamageFound, DamageInTheWay, DamageSearching
from ui.leaving_changes import advance_leaving
from ui.list_changes import advance_list
from ui.list_messages import FormRefused, ListMessage, NotAdded
from ui.messages import (
    Checking,
    ClockTicked,
    ConnectionForgotten,
    ConnectionTested,
    ConnectionTesting,
    DiagnosticsSaved,
    FolderKnown,
    JobStarted,
    KeychainTold,
    Message,
    ModelsKnown,
    PasteRefused,
    Paused,
    Resumed,
    RowsChosen,
    SourceChosen,
    SourceFound,
    SourceOptions,
    SourceRefused,
    SpeedsKnown,
    StartCancelled,
    StopRequested,
    TokenAnswered,
    TokenRefused,
    TokenWanted,
    UnexpectedError,
    UnfinishedFound,
)
from ui.queue_messages import (
    PuttingIn,
    QueueCancelled,
    QueueChosen,
    QueueMessage,
    QueueStanding,
    QueueTold,
    VideoQueued,
)
from ui.source_changes import advance_damage, advance_source, choose_rows
from ui.time_changes import tick
from ui.unfinished_changes import others_unfinished, show_unfinished
from ui.update_messages import UpdateFound
from ui.view_state import TokenView, ViewState, WindowStage


def advance(state: ViewState, message: Message) -> ViewState:
    """Return the state after a message.

    Progress is absolute, so all but the last message of a phase may be left out.
    """
    if isinstance(message, ListMessage | NotAdded | FormRefused):
        return advance_leaving(advance_list(state, message), message)
    return advance_leaving(_advance(state, message), message)


def _advance(state: ViewState, message: Message) -> ViewState:
    match message:
        case PhaseStarted() | PhaseProgress() | PhaseFinished() | JobStarted() | JobFinished():
            return _job(state, message)
        case ClockTicked():
            return tick(state, message.now_s)
        case LogLine():
            return _with_log_line(state, message)
        case PuttingIn():
            return replace(state, banner=PUTTING_IN) if state.stage is WindowStage.CHECKING else state
        case VideoQueued() | QueueTold() | QueueStanding() | QueueChosen() | QueueCancelled():
            return _queue(state, message)
        case Checking():
            state = replace(state, videos=replace(state.videos, note=""))
            return replace(state, stage=WindowStage.CHECKING, banner=CHECKING, problems=(), plan=None, phase=None)
        case Refused():
            problems = message.problems
            return replace(state, stage=WindowStage.READY, banner=banners.refusal(message), problems=problems)
        case ResumeUpload():
            return _asking(state, banners.resume_question(message))
        case ReplaceFolder():
            return _asking(state, banners.replace_question(message.reason))
        case DestinationTaken():
            return _asking(state, banners.destination_question(message))
        case UnfinishedFound():
            return show_unfinished(state, message)
        case StartCancelled():
            return replace(state, stage=WindowStage.READY, banner=WITHDRAWN)
        case StopRequested():
            return (
                replace(state, stage=WindowStage.STOPPING, banner=STOPPING, paused=False, token=None)
                if state.cancel_enabled
                else state
            )
        case Paused():
            return _paused(state) if state.pause_enabled else state
        case Resumed():
            return _unpaused(state, PhaseName.UPLOAD) if state.resume_enabled else state
        case TokenWanted() | TokenRefused() | TokenAnswered():
            return _token(state, message)
        case KeychainTold():
            return replace(state, keychain=message.text)
        case RowsChosen():
            return choose_rows(state, message)
        case SourceChosen() | SourceFound() | SourceRefused() | SourceOptions():
            return advance_source(state, message)
        case DamageSearching() | DamageFound() | DamageInTheWay():
            return advance_damage(state, message)
        case ConnectionTesting() | ConnectionTested() | ConnectionForgotten():
            return replace(state, connection=tested(state.connection, message))
        case ModelsKnown() | SpeedsKnown() | FolderKnown() | UpdateFound():
            return _known(state, message)
        case PasteRefused():
            return _told_between_jobs(state, banners.too_long(message.characters))
        case DiagnosticsSaved():
            return _told_between_jobs(state, banners.diagnostics(message.text, ok=message.ok))
        case UnexpectedError():
            return replace(state, banner=banners.unexpected(message.text))
    return state


def _told_between_jobs(state: ViewState, banner: Banner) -> ViewState:
    """Show a banner unless a job needs it for itself."""
    return replace(state, banner=banner) if state.form_enabled else state


def _job(
    state: ViewState, message: PhaseStarted | PhaseProgress | PhaseFinished | JobStarted | JobFinished
) -> ViewState:
    if isinstance(message, JobStarted):
        stage = WindowStage.STOPPING if state.stage is WindowStage.STOPPING else WindowStage.RUNNING
        banner = STOPPING if stage is WindowStage.STOPPING else banners.under_way(message.plan, None)
        bars = rows.for_plan(message.plan)
        begun = replace(state, stage=stage, banner=banner, plan=message.plan, bars=bars, folder=None, paused=False)
        return replace(begun, token=None, unfinished=others_unfinished(state.unfinished, message.plan.job))
    if isinstance(message, JobFinished):
        return replace(
            state,
            stage=WindowStage.READY,
            banner=banners.result(message.report, kept=state.bars.overall.kept),
            bars=rows.closed(state.bars, message.report),
            phase=None,
            paused=False,
            token=None,
        )
    if state.plan is None:
        return state
    match message:
        case PhaseStarted():
            bars = rows.started(state.bars, message, state.plan)
            return replace(_told_of(state, message.phase), phase=message.phase, phase_fraction=0.0, bars=bars)
        case PhaseProgress():
            if message.phase is not state.phase:
                return replace(state, bars=rows.checked(state.bars, message))
            bars = rows.progressed(state.bars, message, state.plan, pause_reason=state.pause_reason)
            return replace(state, bars=bars, phase_fraction=message.fraction)
        case PhaseFinished():
            return replace(_unpaused(state, message.phase), phase=None, bars=rows.finished(state.bars, message))


def _known(state: ViewState, message: ModelsKnown | SpeedsKnown | FolderKnown | UpdateFound) -> ViewState:
    match message:
        case UpdateFound():
            return replace(state, update=message.notice)
        case ModelsKnown():
            return replace(state, models=message.names)
        case SpeedsKnown():
            return replace(state, measured=message.seconds)
        case FolderKnown():
            return replace(state, folder=message.folder, has_stream=message.has_stream)


def _queue(state: ViewState, message: QueueMessage) -> ViewState:
    """Show how the videos in the queue stand; the banner has news of them unless this computer's job needs it."""
    state = replace(state, queue=queue_view.advance_queue(state.queue, message))
    if isinstance(message, VideoQueued) and not message.found:
        return replace(state, stage=WindowStage.READY, banner=banners.queued(message.video.title), problems=())
    if isinstance(message, QueueTold) and isinstance(message.event, JobFinished):
        return replace(state, banner=banners.result(message.event.report)) if state.form_free else state
    return state


def _with_log_line(state: ViewState, line: LogLine) -> ViewState:
    """Let a warning of the job stand in the banner until the job has something else to say:
    it may wait for the editor.
    """
    if state.stage is WindowStage.CHECKING and line.level is LogLevel.INFO:
        return replace(state, banner=replace(state.banner, lines=(line.text,)))
    if state.stage is not WindowStage.RUNNING or line.level is LogLevel.DETAIL:
        return state
    if line.level not in (LogLevel.WARNING, LogLevel.WAITING):
        return _unwarned(state)
    return replace(state, banner=replace(state.banner, lines=(line.text,), tone=Tone.WARNING))


def _told_of(state: ViewState, phase: PhaseName) -> ViewState:
    """Return the state with a phase in the banner, unless that asks or tells something else."""
    if state.plan is None or state.stage is not WindowStage.RUNNING or state.banner.choices:
        return state
    return replace(state, banner=banners.under_way(state.plan, phase))


def _unwarned(state: ViewState) -> ViewState:
    banner = state.banner
    if state.stage is not WindowStage.RUNNING or banner.tone is not Tone.WARNING or banner.choices:
        return state
    return replace(state, banner=PAUSED if state.paused else replace(banner, lines=WHILE_IT_RUNS, tone=Tone.BUSY))


def _paused(state: ViewState) -> ViewState:
    """Return the state with its upload paused: that of the form's job, else those of the list."""
    if state.stage is WindowStage.RUNNING:
        return replace(state, paused=True, banner=PAUSED)
    return replace(state, videos=replace(state.videos, paused=True))


def _unpaused(state: ViewState, phase: PhaseName) -> ViewState:
    """Return the state without a pause: nothing waits for the editor any more."""
    if state.videos.paused:
        state = replace(state, videos=replace(state.videos, paused=False))
    return replace(_told_of(state, phase), paused=False) if state.paused else state


def _token(state: ViewState, message: TokenWanted | TokenRefused | TokenAnswered) -> ViewState:
    """Show the question for a token, what is wrong with the answer,
    or take the question away with the warning that led to it.
    """
    match message:
        case TokenWanted():
            waits = state.stage is WindowStage.RUNNING or state.videos.runs or message.of_folder
            return replace(state, token=TokenView()) if waits else state
        case TokenRefused():
            return replace(state, token=TokenView(problem=message.problem)) if state.token is not None else state
        case TokenAnswered():
            return replace(_unwarned(state), token=None)


def _asking(state: ViewState, banner: Banner) -> ViewState:
    """Ask; a question that comes after Cancel was pressed is answered by that, and its job has not begun."""
    if state.stage is WindowStage.STOPPING:
        return replace(state, stage=WindowStage.READY, banner=WITHDRAWN)
    return replace(state, stage=WindowStage.ASKING, banner=banner)
