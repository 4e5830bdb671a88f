"""Everything that the window shows, as data, and how each message changes it. Pure: knows no Tk and no thread."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path

from pipeline.errors import Problem
from pipeline.events import JobFinished, LogLevel, LogLine, PhaseFinished, PhaseProgress, PhaseStarted
from pipeline.media.source.source_notes import DAMAGED_S, missing_s, source_notes
from pipeline.media_info import MediaInfo
from pipeline.model import JobReport, Outcome, PhaseName, Plan
from pipeline.preflight_answers import DestinationTaken, Refused, ReplaceFolder, ResumeUpload
from ui import bars as rows
from ui.bars import Bars
from ui.job_form import offered_qualities
from ui.messages import (
    Answer,
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
    SourceRefused,
    StartCancelled,
    StopRequested,
    TokenAnswered,
    TokenRefused,
    TokenWanted,
    TreatmentChosen,
    UnexpectedError,
)
from ui.source_text import describe


class Stage(Enum):
    """Where the window is in the life of a job."""

    READY = "ready"
    CHECKING = "checking"
    ASKING = "asking"
    RUNNING = "running"
    STOPPING = "stopping"


class Tone(Enum):
    """What a text means, beside what it says."""

    PLAIN = "plain"
    BUSY = "busy"
    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A button of a question. `default` gets the keyboard: never one that takes something away."""

    label: str
    answer: Answer
    default: bool = False


@dataclass(frozen=True, kw_only=True)
class Banner:
    """Where things stand, in words: a title, sentences beneath it, and buttons where something is asked."""

    title: str
    lines: tuple[str, ...] = ()
    tone: Tone = Tone.PLAIN
    choices: tuple[Choice, ...] = ()


@dataclass(frozen=True, kw_only=True)
class SourceView:
    """The source as the form shows it. `media` and `offered` are None until the source is known.

    `treatment` is what is unusual about it and what will be done about that; `damage` is what is missing of it.
    """

    path_text: str = ""
    media: MediaInfo | None = None
    details: str = ""
    damage: str = ""
    treatment: str = ""
    problem: str = ""
    offered: tuple[str, ...] | None = None
    slug: str = ""

    @property
    def audio_only(self) -> bool:
        """Whether the source is known to have no picture."""
        return self.media is not None and self.media.video is None


@dataclass(frozen=True, kw_only=True)
class ConnectionView:
    """What stands beside Test Connection."""

    number: int = 0
    testing: bool = False
    text: str = ""
    tone: Tone = Tone.PLAIN


@dataclass(frozen=True, kw_only=True)
class TokenView:
    """The question for a new token; `problem` is what is wrong with what was typed."""

    problem: str = ""


NO_BARS = Bars()
AS_USUAL = TreatmentChosen()
READY = Banner(title="Choose a video and press Start.")
CHECKING = Banner(title="Checking the settings and the source…", tone=Tone.BUSY)
STOPPING = Banner(title="Cancelling…", lines=("Waiting for what is on its way to end cleanly.",), tone=Tone.WARNING)
WITHDRAWN = Banner(title="Not started.", lines=("Nothing was changed. Press Start to try again.",))
PAUSED = Banner(title="The upload is paused.", lines=("What is uploaded stays. Press Resume upload to go on.",))
HOW_TO_ACCEPT = "if it is damaged, not converted unless damaged videos are accepted under Advanced"
MAX_LISTED = 3
"""More problems than this run on in one paragraph: a line each would push the log out of a small window."""

RESUME_CHOICES = (
    Choice(label="Resume", answer=Answer.RESUME, default=True),
    Choice(label="Upload everything again", answer=Answer.UPLOAD_AGAIN),
    Choice(label="Cancel", answer=Answer.WITHDRAW),
)
REPLACE_CHOICES = (
    Choice(label="Replace", answer=Answer.REPLACE),
    Choice(label="Cancel", answer=Answer.WITHDRAW, default=True),
)
DESTINATION_CHOICES = (
    Choice(label="Replace", answer=Answer.REPLACE_STREAM),
    Choice(label="Cancel", answer=Answer.WITHDRAW, default=True),
)


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
    source: SourceView = SourceView()
    treatment: TreatmentChosen = AS_USUAL
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
        """Whether an upload rests because Pause was pressed."""
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
            return _told(state, message)
        case Checking():
            return replace(state, stage=Stage.CHECKING, banner=CHECKING, problems=(), plan=None, phase=None)
        case Refused():
            return replace(state, stage=Stage.READY, banner=_refusal(message.problems), problems=message.problems)
        case ResumeUpload():
            return _asking(state, Banner(title=message.question, tone=Tone.WARNING, choices=RESUME_CHOICES))
        case ReplaceFolder():
            return _asking(state, _replace_question(message.reason))
        case DestinationTaken():
            return _asking(state, _destination_question(message))
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
        case TreatmentChosen():
            return replace(state, treatment=message, source=_treated(state.source, message))
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
        banner = STOPPING if stage is Stage.STOPPING else _converting(message.plan)
        bars = rows.for_plan(message.plan)
        return replace(
            state, stage=stage, banner=banner, plan=message.plan, bars=bars, folder=None, paused=False, token=None
        )
    if isinstance(message, JobFinished):
        return replace(
            state,
            stage=Stage.READY,
            banner=_result_banner(message.report),
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


def _told(state: ViewState, line: LogLine) -> ViewState:
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
    return replace(state, banner=PAUSED if state.paused else _converting(state.plan))


def _unpaused(state: ViewState) -> ViewState:
    """Return the state without a pause: nothing waits for the editor any more."""
    if not state.paused or state.plan is None:
        return state
    return replace(state, paused=False, banner=_converting(state.plan))


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


def _converting(plan: Plan) -> Banner:
    title = f"Converting {plan.job.source.name}…"
    return Banner(title=title, lines=("You can go on working. Cancel stops cleanly at any time.",), tone=Tone.BUSY)


def _asking(state: ViewState, banner: Banner) -> ViewState:
    return replace(state, stage=Stage.ASKING, banner=banner)


def _replace_question(reason: str) -> Banner:
    lines = (
        reason,
        (
            "Replace puts the new files in its place once they are complete. Cancel keeps it: "
            "choose another output folder then."
        ),
    )
    return Banner(title="Replace the output folder?", lines=lines, tone=Tone.WARNING, choices=REPLACE_CHOICES)


def _destination_question(asked: DestinationTaken[Plan]) -> Banner:
    day = f" on {asked.last_synced[:10]}" if asked.last_synced else ""
    what = "A file of the same name with other content" if asked.same_name else "Another video"
    begun = "its upload began" if day else "its upload has begun"
    done = f"is on its way there: {begun}" if asked.begun else "was uploaded there"
    known = f"{what} {done}{day}." if asked.title else "Nobody knows of which video it is: it has no manifest there."
    lines = (
        known,
        "Replace shows this video at that address once it is whole. Cancel keeps the other one.",
    )
    holds = "is to hold" if asked.begun else "holds"
    stream = f"“{asked.title}”" if asked.title else "a stream of an unknown video"
    title = f"{asked.prefix} {holds} {stream}. Replace it?"
    return Banner(title=title, lines=lines, tone=Tone.WARNING, choices=DESTINATION_CHOICES)


def _refusal(problems: tuple[Problem, ...]) -> Banner:
    count = len(problems)
    title = (
        "Not started: this must be put right first."
        if count == 1
        else f"Not started: {count} things must be put right first."
    )
    lines = tuple(p.text if count == 1 else f"•  {p.text}" for p in problems)
    if count > MAX_LISTED:
        lines = ("   ".join(lines),)
    return Banner(title=title, lines=lines, tone=Tone.BAD)


def _result_banner(report: JobReport) -> Banner:
    name = report.source.name
    if report.outcome is Outcome.FAILED:
        return Banner(title=f"Failed: {name}", lines=(report.error, *report.warnings), tone=Tone.BAD)
    if report.outcome is Outcome.CANCELLED:
        told = (
            report.error
            if report.error not in ("", "Cancelled.")
            else "Nothing was published. What is finished is kept: press Start to go on."
        )
        return Banner(title=f"Cancelled: {name}", lines=(told,), tone=Tone.WARNING)
    lines = [
        f"The local files were deleted; the log is in {report.folder}."
        if report.media_deleted
        else f"The files are in {report.folder}."
    ]
    if report.master_url:
        lines.append(f"The stream is at {report.master_url}")
    title = f"Done: {name}" if not report.warnings else f"Done, with a warning: {name}"
    tone = Tone.WARNING if report.warnings else Tone.GOOD
    return Banner(title=title, lines=(*lines, *report.warnings), tone=tone)


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
        return rows.chosen(replace(chosen, qualities=(), mp4=False))
    made = chosen.qualities if offered is None else tuple(name for name in chosen.qualities if name in offered)
    return rows.chosen(replace(chosen, qualities=made))


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
    source = _treated(source, state.treatment)
    banner = (
        Banner(title=f"Ready to convert {media.path.name}. Press Start.") if state.banner == READY else state.banner
    )
    bars = _preview(state.chosen, source.offered, audio_only=source.audio_only) if state.form_enabled else state.bars
    return replace(state, source=source, banner=banner, bars=bars)


def _treated(source: SourceView, chosen: TreatmentChosen) -> SourceView:
    """Say what is unusual about a source that is known and what will be done about it, as the form stands."""
    media = source.media
    if media is None:
        return source
    told = source_notes(media, keep_hdr=chosen.keep_hdr, surround=chosen.surround, options=False)
    phrases = [f"{text[0].upper()}{text[1:]}" for text in told]
    damage = ""
    if missing_s(media) >= DAMAGED_S:  # told first
        damage = phrases.pop(0) if chosen.accept_damaged else f"{phrases.pop(0)}, {HOW_TO_ACCEPT}"
    return replace(source, damage=damage, treatment=" · ".join(phrases))


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
