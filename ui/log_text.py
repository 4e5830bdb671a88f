"""Which messages become a line of the log, and how it reads. Pure."""

from __future__ import annotations

from pipeline.events import JobFinished, LogLevel, LogLine, PhaseFinished, PhaseStarted
from pipeline.model import Outcome, PhaseOutcome
from pipeline.phase_table import PHASES
from ui.messages import (
    ConnectionTested,
    JobStarted,
    KeychainTold,
    Message,
    Paused,
    Refused,
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


def log_lines(message: Message) -> tuple[LogLine, ...]:
    """Return the lines that a message adds to the log view."""
    match message:
        case LogLine():
            return () if message.level is LogLevel.DETAIL else (message,)
        case JobStarted():
            return (LogLine(text=f"Started: {message.plan.job.source}"),)
        case PhaseStarted():
            return (LogLine(text=PHASES[message.phase].activity),)
        case PhaseFinished():
            failed = message.outcome is PhaseOutcome.FAILED  # why is said when the job ends
            told = message.outcome.value if failed or not message.text else message.text
            text = f"{PHASES[message.phase].activity}: {told}"
            return (LogLine(text=text, level=LOUD.get(message.outcome, LogLevel.INFO)),)
        case JobFinished():
            report = message.report
            level = {Outcome.FAILED: LogLevel.ERROR, Outcome.CANCELLED: LogLevel.WARNING}.get(
                report.outcome, LogLevel.INFO
            )
            told = "" if report.error == "Cancelled." else f": {report.error or report.folder}"
            ended = LogLine(text=f"{OUTCOMES[report.outcome]}{told}", level=level)
            return (ended, LogLine(text=f"Stream: {report.master_url}")) if report.master_url else (ended,)
        case Refused():
            return tuple(LogLine(text=problem.text, level=LogLevel.ERROR) for problem in message.problems)
        case StopRequested():
            return (LogLine(text="Cancel was pressed", level=LogLevel.WARNING),)
        case Paused():
            return (LogLine(text="The upload is paused"),)
        case Resumed():
            return (LogLine(text="The upload goes on"),)
        case TokenAnswered():
            return (LogLine(text="The upload goes on with a new token" if message.given else "Stop here was pressed"),)
        case KeychainTold():
            return (LogLine(text=message.text, level=LogLevel.WARNING),) if message.text else ()
        case ConnectionTested():
            good = LogLevel.INFO if message.token_tried else LogLevel.WARNING
            return (LogLine(text=message.text, level=good if message.ok else LogLevel.ERROR),)
        case UnexpectedError():
            return (LogLine(text=message.text, level=LogLevel.ERROR),)
    return ()
