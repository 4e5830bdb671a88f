"""Which messages become a line of the log, and how it reads. Pure."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from pipeline.events import JobFinished, LogLevel, LogLine, PhaseFinished, PhaseStarted
from pipeline.model import JobReport, Outcome, PhaseOutcome
from pipeline.phase_table import PHASES
from pipeline.preflight_answers import Refused
from ui.banners import in_window, too_long
from ui.list_messages import NotAdded, VideoAsks, VideoBegun, VideoTold
from ui.messages import (
    ConnectionTested,
    DiagnosticsSaved,
    JobStarted,
    KeychainTold,
    LogEntry,
    Message,
    PasteRefused,
    Paused,
    Resumed,
    StopRequested,
    TokenAnswered,
    UnexpectedError,
)
from ui.queue_messages import QueueCancelled, QueueTold, VideoQueued

LOUD = {
    PhaseOutcome.FAILED: LogLevel.ERROR,
    PhaseOutcome.WARNED: LogLevel.WARNING,
    PhaseOutcome.CANCELLED: LogLevel.WARNING,
}
OUTCOMES = {Outcome.DONE: "Done", Outcome.FAILED: "Failed", Outcome.CANCELLED: "Cancelled"}


def log_lines(message: Message) -> tuple[LogEntry, ...]:
    """Return the lines that a message adds to the log view."""
    match message:
        case LogLine():
            return () if message.level is LogLevel.DETAIL else (LogEntry(text=message.text, level=message.level),)
        case LogEntry():
            return (message,)
        case JobStarted():
            return (LogEntry(text=f"Started: {message.plan.job.origin}"),)
        case PhaseStarted():
            return (LogEntry(text=PHASES[message.phase].activity),)
        case PhaseFinished():
            failed = message.outcome is PhaseOutcome.FAILED  # why is said when the job ends
            told = message.outcome.value if failed or not message.text else in_window(message.text)
            text = f"{PHASES[message.phase].activity}: {told}"
            return (LogEntry(text=text, level=LOUD.get(message.outcome, LogLevel.INFO)),)
        case JobFinished():
            report = message.report
            level = {Outcome.FAILED: LogLevel.ERROR, Outcome.CANCELLED: LogLevel.WARNING}.get(
                report.outcome, LogLevel.INFO
            )
            told = in_window(report.error) or (_place(report) if report.outcome is Outcome.DONE else "")
            ended = LogEntry(text=": ".join(filter(None, (OUTCOMES[report.outcome], told))), level=level)
            return (ended, LogEntry(text=f"Stream: {report.master_url}")) if report.master_url else (ended,)
        case Refused():
            return tuple(LogEntry(text=problem.text, level=LogLevel.ERROR) for problem in message.problems)
        case StopRequested():
            return (LogEntry(text="Cancel was pressed", level=LogLevel.WARNING),)
        case Paused():
            return (LogEntry(text="The upload is paused"),)
        case Resumed():
            return (LogEntry(text="The upload goes on"),)
        case TokenAnswered():
            return (LogEntry(text="The upload goes on with a new token" if message.given else "Stop here was pressed"),)
        case KeychainTold():
            return (LogEntry(text=message.text, level=LogLevel.WARNING),) if message.text else ()
        case ConnectionTested():
            good = LogLevel.INFO if message.token_tried else LogLevel.WARNING
            return (LogEntry(text=message.text, level=good if message.ok else LogLevel.ERROR),)
        case VideoQueued():
            text = "is in the queue from an earlier start" if message.found else "is in the queue"
            return (LogEntry(text=f"{message.video.title} {text}"),)
        case QueueTold():
            return tuple(_of_machine(message, line) for line in log_lines(message.event))
        case QueueCancelled():
            return (LogEntry(text=f"{message.title}: Cancel was pressed", level=LogLevel.WARNING),)
        case VideoTold() | VideoBegun() | VideoAsks() | NotAdded():
            return _of_list(message)
        case PasteRefused():
            refusal = too_long(message.characters)
            return (LogEntry(text=" ".join((refusal.title, *refusal.lines)), level=LogLevel.WARNING),)
        case DiagnosticsSaved():
            return (LogEntry(text=message.text, level=LogLevel.INFO if message.ok else LogLevel.ERROR),)
        case UnexpectedError():
            return (LogEntry(text=message.text, level=LogLevel.ERROR),)
    return ()


def _of_list(message: VideoTold | VideoBegun | VideoAsks | NotAdded) -> tuple[LogEntry, ...]:
    match message:
        case VideoTold():
            named = f"{message.title}: "  # what some lines begin with by themselves
            return tuple(
                replace(line, text=f"{named}{line.text.removeprefix(named)}") for line in log_lines(message.event)
            )
        case VideoBegun():
            return (LogEntry(text=f"Started: {message.plan.job.origin}"),)
        case VideoAsks():
            name = message.name
            return (LogEntry(text=f"{name} needs an answer: select it in the list", level=LogLevel.WARNING),)
        case NotAdded():
            return (LogEntry(text=message.text, level=LogLevel.WARNING),)


def _place(report: JobReport) -> str:
    """Return where the files are, empty where no machine keeps them."""
    return str(report.folder) if report.folder != Path() else ""


def _of_machine(told: QueueTold, line: LogEntry) -> LogEntry:
    """Return a line with its video and the machine that tells it."""
    return replace(line, text=f"{told.title} ({told.machine}): {line.text}")
