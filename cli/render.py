"""Shows a job's events to a person or a program: bars on a terminal, plain lines elsewhere, JSON when asked."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

from cli.interrupts import CANCELLED
from cli.json_lines import JsonLines
from cli.printing import draws_bars, terminal_safe
from pipeline.events import Event, JobFinished, LogLevel, LogLine, PhaseFinished, PhaseProgress, PhaseStarted
from pipeline.model import JobReport, Outcome, PhaseName, PhaseOutcome, Plan
from pipeline.phase_table import PHASES

STEPS = 10
"""Plain lines report a phase at every tenth."""


WITHOUT_ROWS = {PhaseName.HLS: "audio only", PhaseName.UPLOAD: "upload", PhaseName.TRANSCRIPT: "transcript"}
"""What a job without renditions is called, by the first of these phases that it has."""


class Writes(Protocol):
    """What lines go to."""

    def write(self, line: str, /) -> object:
        """Take a line with its end."""
        ...

    def flush(self) -> None:
        """Let it be seen."""
        ...


class Renderer(Protocol):
    """Takes a job's events; `start` is called before the first and `close` after the last."""

    def start(self, title: str, rows: Sequence[str], phases: Sequence[PhaseName]) -> None:
        """Get ready for a job with these renditions and phases."""
        ...

    def event(self, event: Event) -> None:
        """Show one event; may be called from another thread."""
        ...

    def paused(self) -> AbstractContextManager[None]:
        """Return a block in which nothing is drawn, because a question is asked."""
        ...

    def close(self) -> None:
        """Leave the terminal as it was."""
        ...


def renderer(*, as_json: bool, by_source: bool = False) -> Renderer:
    """Return what suits standard output; a person reads the name of a job's source instead of its slug `by_source`."""
    if as_json:
        return JsonLines(sys.stdout)
    if draws_bars():
        return TerminalBars(by_source=by_source)
    return PlainLines(sys.stdout, by_source=by_source)


def start_for(view: Renderer, plan: Plan) -> None:
    """Get a renderer ready for a plan."""
    view.start(plan.job.slug, [r.name for r in plan.renditions], plan.phases)


def job_summary(report: JobReport, *, by_source: bool = False) -> list[str]:
    """Return what a person should read when a job is over."""
    title = terminal_safe(report.origin) if by_source else report.slug
    if report.outcome is Outcome.DONE:
        where = "The local files were deleted; the log is in" if report.media_deleted else "The files are in"
        kept = f"{where} {report.place}" if report.place else "Its files are on the server."
        lines = [f"{title}: done. {kept}"]
        if report.master_url:
            lines.append(f"Stream: {report.master_url}")
    elif report.outcome is Outcome.CANCELLED:
        lines = [f"{title}: {report.error or CANCELLED}"]
    else:
        lines = [f"{title}: failed."]
    return lines


class PlainLines:
    """Lines for a log file: a phase's start, every tenth of it, and its end."""

    def __init__(self, out: Writes, *, by_source: bool = False) -> None:
        self._out = out
        self._by_source = by_source
        self._next: dict[PhaseName, int] = {}

    def start(self, title: str, rows: Sequence[str], phases: Sequence[PhaseName]) -> None:
        """Name the job and what will be done."""
        self._next = {}
        alone = next((words for phase, words in WITHOUT_ROWS.items() if phase in phases), "")
        if rows or alone:  # of a job that another machine runs nothing is known yet
            self._write(f"{title}: {', '.join(rows) or alone}")

    def event(self, event: Event) -> None:
        """Print a line where there is something new to say."""
        if isinstance(event, PhaseStarted):
            self._next[event.phase] = 1
            self._write(f"{PHASES[event.phase].title} …")
        elif isinstance(event, PhaseProgress) and int(event.fraction * STEPS) >= self._next.get(event.phase, 1):
            self._next[event.phase] = int(event.fraction * STEPS) + 1
            self._write(f"{PHASES[event.phase].title} {event.fraction:4.0%}  {event.text}".rstrip())
        elif isinstance(event, PhaseFinished):
            self._write(f"{PHASES[event.phase].title}: {_ended(event)}")
        elif isinstance(event, LogLine) and event.level is not LogLevel.DETAIL:
            self._write(event.text)
        elif isinstance(event, JobFinished):
            for line in job_summary(event.report, by_source=self._by_source):
                self._write(line)

    def paused(self) -> AbstractContextManager[None]:
        """Nothing to pause."""
        return nullcontext()

    def close(self) -> None:
        """Nothing to leave."""

    def _write(self, line: str) -> None:
        self._out.write(terminal_safe(line) + "\n")
        self._out.flush()


class TerminalBars:
    """Bars on a terminal: overall, one a quality, one a phase."""

    def __init__(self, *, by_source: bool = False) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TaskID, TextColumn

        self._by_source = by_source
        self._console = Console(highlight=False, markup=False)
        self._progress = Progress(
            TextColumn("{task.description:<12}", markup=False),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f}%"),
            TextColumn("{task.fields[text]}", markup=False),
            console=self._console,
        )
        self._tasks: dict[str, TaskID] = {}
        self._rows: Sequence[str] = ()

    def start(self, title: str, rows: Sequence[str], phases: Sequence[PhaseName]) -> None:
        """Draw the empty bars of a job."""
        self._console.print(terminal_safe(title), style="bold")
        for task in self._tasks.values():
            self._progress.remove_task(task)
        self._rows = rows
        names = ["Overall", *rows, *(PHASES[p].title for p in phases if p is not PhaseName.HLS)]
        self._tasks = {name: self._progress.add_task(name, total=1.0, text="") for name in names}
        self._progress.start()

    def event(self, event: Event) -> None:
        """Move the bars, or print a line above them."""
        if isinstance(event, PhaseProgress):
            self._set("Overall", event.overall)
            self._leave_out([row for row in self._rows if event.rows and row not in event.rows])
            for row, fraction in event.rows.items():
                self._set(row, fraction)
            if event.phase is not PhaseName.HLS:
                self._set(PHASES[event.phase].title, event.fraction, event.text)
        elif isinstance(event, PhaseFinished):
            self._finish(event)
        elif isinstance(event, LogLine) and event.level is not LogLevel.DETAIL:
            self._console.print(event.text)
        elif isinstance(event, JobFinished):
            self._progress.stop()
            for line in job_summary(event.report, by_source=self._by_source):
                self._console.print(terminal_safe(line), soft_wrap=True)

    def paused(self) -> AbstractContextManager[None]:
        """Nothing to pause: a question comes before the bars, and after those of the job before."""
        return nullcontext()

    def close(self) -> None:
        """Stop drawing."""
        self._progress.stop()

    def _leave_out(self, rows: Sequence[str]) -> None:
        """Take away the bars of renditions that are not made after all."""
        for row in rows:
            self._progress.remove_task(self._tasks.pop(row))
        self._rows = [row for row in self._rows if row not in rows]

    def _finish(self, event: PhaseFinished) -> None:
        self._set("Overall", event.overall)
        well = event.outcome not in (PhaseOutcome.FAILED, PhaseOutcome.CANCELLED)
        rows = self._rows if event.phase is PhaseName.HLS else [PHASES[event.phase].title]
        for row in rows:
            self._set(row, 1.0 if well else None, _ended(event))

    def _set(self, name: str, fraction: float | None, text: str | None = None) -> None:
        task = self._tasks.get(name)
        if task is None:
            return
        if text is not None:
            self._progress.update(task, text=terminal_safe(text.splitlines()[0]) if text else "")
        if fraction is not None:
            self._progress.update(task, completed=fraction)


def _ended(event: PhaseFinished) -> str:
    """Return how a phase ended. Why it failed is for standard error alone, where everybody looks for it."""
    return event.outcome.value if event.outcome is PhaseOutcome.FAILED else event.text or event.outcome.value
