"""Shows several jobs that run at the same time: a bar each on a terminal, lines that begin with their names elsewhere.

Knows nothing of a job but its events.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TextIO

from cli.json_lines import JsonLines
from cli.printing import draws_bars
from cli.render import PlainLines, Renderer, job_summary
from pipeline.events import Event, JobFinished, LogLevel, LogLine, PhaseFinished, PhaseProgress, PhaseStarted
from pipeline.model import PhaseName
from pipeline.phase_table import PHASES

NAME_COLUMNS = 24
"""How much of a job's name stands before its bar."""


def renderer_of_several(*, as_json: bool) -> Renderer:
    """Return what suits standard output."""
    if as_json:
        return JsonLines(sys.stdout)
    return BarsByJob() if draws_bars() else LinesByJob(sys.stdout)


class LinesByJob:
    """The lines of `PlainLines`, each with its job's name."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._lines: dict[str, PlainLines] = {}

    def start(self, title: str, rows: Sequence[str], phases: Sequence[PhaseName]) -> None:
        """Name the job and what will be done."""
        self._of(title).start(title, rows, phases)

    def event(self, event: Event) -> None:
        """Print a line where there is something new to say."""
        self._of(event.job).event(event)
        if isinstance(event, JobFinished):
            del self._lines[event.job]

    def paused(self) -> AbstractContextManager[None]:
        """Nothing to pause."""
        return nullcontext()

    def close(self) -> None:
        """Nothing to leave."""

    def _of(self, job: str) -> PlainLines:
        return self._lines.setdefault(job, PlainLines(_Named(self._out, job)))


class _Named:
    """A stream that begins each line with a name, unless it does so already."""

    def __init__(self, out: TextIO, name: str) -> None:
        self._out = out
        self._begin = f"{name}: "

    def write(self, line: str) -> object:
        return self._out.write(line if line.startswith(self._begin) else self._begin + line)

    def flush(self) -> None:
        self._out.flush()


class BarsByJob:
    """A bar for each job that runs, with what goes on in it. A line that a job leaves is the next one's, so that the
    others stay where they are.
    """

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TaskID, TextColumn

        self._console = Console(highlight=False, markup=False)
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=30),
            TextColumn("{task.percentage:>3.0f}%"),
            TextColumn("{task.fields[text]}", markup=False),
            console=self._console,
            transient=True,
        )
        self._lock = threading.Lock()
        self._lines: dict[str, TaskID] = {}
        self._free: list[TaskID] = []

    def start(self, title: str, rows: Sequence[str], phases: Sequence[PhaseName]) -> None:
        """Draw the empty bar of a job."""
        name = title if len(title) <= NAME_COLUMNS else f"…{title[1 - NAME_COLUMNS :]}"
        with self._lock:
            line = self._free.pop(0) if self._free else self._progress.add_task("", total=1.0, text="")
            self._lines[title] = line
            self._progress.update(line, description=f"{name:<{NAME_COLUMNS}}", completed=0.0, text="")
            self._progress.start()

    def event(self, event: Event) -> None:
        """Move the job's bar, or print a line above all."""
        if isinstance(event, PhaseStarted):
            self._set(event.job, event.overall, PHASES[event.phase].activity)
        elif isinstance(event, PhaseProgress):
            self._set(event.job, event.overall, event.text or PHASES[event.phase].activity)
        elif isinstance(event, PhaseFinished):
            self._set(event.job, event.overall, event.text)
        elif isinstance(event, LogLine) and event.level is not LogLevel.DETAIL:
            self._console.print(f"{event.job}: {event.text}", soft_wrap=True)
        elif isinstance(event, JobFinished):
            self._finish(event)

    def close(self) -> None:
        """Stop drawing."""
        self._progress.stop()

    def _set(self, job: str, overall: float, text: str) -> None:
        line = self._lines.get(job)
        if line is not None:
            self._progress.update(line, completed=overall, text=text.splitlines()[0] if text else "")

    def _finish(self, event: JobFinished) -> None:
        for text in job_summary(event.report):
            self._console.print(text if text.startswith(event.job) else f"{event.job}: {text}", soft_wrap=True)
        with self._lock:
            line = self._lines.pop(event.job, None)
            if line is None:
                return
            self._progress.update(line, description=" " * NAME_COLUMNS, completed=0.0, text="")
            self._free.append(line)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Draw nothing inside the block, in which a question is asked."""
        self._progress.stop()
        try:
            yield
        finally:
            self._progress.start()
