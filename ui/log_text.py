"""Which messages become a line of the log, and how it reads. Pure."""

from __future__ import annotations

from pipeline.events import JobFinished, LogLevel, LogLine, PhaseFinished, PhaseStarted
from pipeline.model import Outcome, PhaseOutcome
from pipeline.phase_table import PHASES
from pipeline.preflight_answers import Refused
from ui.messages import (
    ConnectionTested,
    JobStarted,
    KeychainTold,
    LogEntry,
    Message,
    Paused,
    Resumed,
    StopRequested,
    TokenAnswered,
    UnexpectedError,
)

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
            return (LogEntry(text=f"Started: {message.plan.job.source}"),)
        case PhaseStarted():
            return (LogEntry(text=PHASES[message.phase].activity),)
        case PhaseFinished():
            failed = message.outcome is PhaseOutcome.FAILED  # why is said when the job ends
            told = message.outcome.value if failed or not message.text else message.text
            text = f"{PHASES[message.phase].activity}: {told}"
            return (LogEntry(text=text, level=LOUD.get(message.outcome, LogLevel.INFO)),)
        case JobFinished():
            report = message.report
            level = {Outcome.FAILED: LogLevel.ERROR, Outcome.CANCELLED: LogLevel.WARNING}.get(
                report.outcome, LogLevel.INFO
            )
            told = report.error or (str(report.folder) if report.outcome is Outcome.DONE else "")
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
        case UnexpectedError():
            return (LogEntry(text=message.text, level=LogLevel.ERROR),)
    return ()
