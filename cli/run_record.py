"""What a run over several videos has come to: the table at its end, and the file of `--report`.

Owns the form of both (docs/json-events.md describes the file); learns everything from the events that pass by.
"""

from __future__ import annotations

import json
import re
import stat
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from cli.interrupts import CANCELLED, EXIT_CANCELLED
from cli.job_reports import exit_status
from cli.json_lines import Clock, now_utc, plain, report_fields
from cli.main import EXIT_DONE, EXIT_FAILED, EXIT_WRONG_USAGE, complain
from cli.printing import counted, terminal_safe, write_table
from cli.render import Renderer
from config import VERSION
from pipeline.errors import OutputError, PipelineError, SettingsError
from pipeline.events import Event, JobFinished
from pipeline.files import read_file, write_whole
from pipeline.job import Job
from pipeline.model import JobReport, Outcome, PhaseName

SCHEMA = 1
"""The version of the file; it changes when a field is removed or changes its meaning, not when one is added."""

PAUSE_S = 5.0
"""How often the file is written while jobs end, in seconds: 10,000 jobs must not write it 10,000 times."""

_HEAD = re.compile(rb'\{\s*"schema": \d+,\s*"version": "[^"]*",\s*"started_at": ')
"""What such a file begins with."""

_HEAD_BYTES = 500

SHOWN = 4
"""Of how many videos the names stand before what is said of all of them."""


class RunRecord:
    """The reports of a run, in the order of its jobs; `path` is the file for them, None where none is wanted."""

    def __init__(self, path: Path | None, *, now: Clock = now_utc, clock: Callable[[], float] = time.monotonic) -> None:
        self._path = path
        self._now, self._clock = now, clock
        self._started_at = _text_of(now)
        self._lock = threading.Lock()
        self._jobs: Sequence[Job] = ()
        self._began: dict[str, float] = {}
        self._ended: dict[str, tuple[JobReport, float]] = {}
        self._written = -PAUSE_S

    def begin(self, jobs: Sequence[Job]) -> None:
        """Note which jobs there are. Raises SettingsError where the file can't be written: better now than after."""
        self._jobs = jobs
        try:
            self._write(status=None, error="")
        except OutputError as error:
            self._path = None  # what is said once need not be said again at the end
            raise SettingsError(str(error)) from error

    def recording(self, view: Renderer) -> Renderer:
        """Return a renderer that keeps what it shows of the jobs' ends."""
        return _Recording(view, self._see)

    @contextmanager
    def run(self) -> Iterator[None]:
        """Write the file at the end, however the run ends.

        Raises SettingsError before anything is written where the file is one that the report must not replace.
        """
        if self._path is not None:
            check_report_file(self._path)
        status, error = EXIT_FAILED, ""
        try:
            yield
            status = exit_status(self.reports) if self.reports else EXIT_DONE
        except SettingsError as wrong:
            status, error = EXIT_WRONG_USAGE, str(wrong)
            raise
        except PipelineError as failure:
            error = str(failure)
            raise
        except KeyboardInterrupt:
            status, error = EXIT_CANCELLED, CANCELLED
            raise
        finally:
            try:
                self._write(status=status, error=error)
            except OutputError as unwritten:
                complain(str(unwritten))

    @property
    def reports(self) -> list[JobReport]:
        """The reports of the jobs that have ended, in the order of the jobs."""
        return [self._ended[job.slug][0] for job in self._jobs if job.slug in self._ended]

    def write_table(self) -> None:
        """Write a line a video to standard output, and what to do about what failed."""
        rows = []
        for job in self._jobs:
            report, seconds = self._ended.get(job.slug, (None, 0.0))
            outcome = "not begun" if report is None else report.outcome.value
            rows.append((job.slug, outcome, _length(seconds), _address(report)))
        write_table(("Video", "Outcome", "Took", "Address"), rows)
        done = sum(report.outcome is Outcome.DONE for report in self.reports)
        sys.stdout.write(f"{done} of {counted(len(self._jobs), 'video')} done.\n")
        said: dict[str, list[str]] = {}
        for report in self.reports:
            for text in (*_failure(report), *report.warnings):
                said.setdefault(text, []).append(report.slug)
        for text, slugs in said.items():
            sys.stdout.write(f"{terminal_safe(_named(slugs))}: {terminal_safe(text)}\n")

    def _see(self, event: Event) -> None:
        with self._lock:
            began = self._began.setdefault(event.job, self._clock())
            if not isinstance(event, JobFinished):
                return
            self._ended[event.job] = (event.report, self._clock() - began)
            if self._clock() - self._written >= PAUSE_S:
                try:
                    self._write(status=None, error="")
                except OutputError:  # it is tried again, and said, at the end
                    self._written = self._clock()

    def _write(self, *, status: int | None, error: str) -> None:
        if self._path is None:
            return
        self._written = self._clock()
        content = {
            "schema": SCHEMA,
            "version": VERSION,
            "started_at": self._started_at,
            "written_at": _text_of(self._now),
            "exit_status": status,
            "error": error,
            "jobs": [self._job(job) for job in self._jobs],
        }
        try:
            write_whole(self._path, json.dumps(content, indent=2, default=plain) + "\n")
        except OutputError as error:
            reason = getattr(error.__cause__, "strerror", None) or "unknown error"
            text = f"--report: {self._path} can't be written ({reason}): name a file in a folder that can be written."
            raise OutputError(text) from error

    def _job(self, job: Job) -> dict[str, Any]:
        report, seconds = self._ended.get(job.slug, (None, 0.0))
        fields: dict[str, Any] = {"job": job.slug, "title": job.name, "seconds": round(seconds, 3)}
        if report is None:
            return fields | {"source": job.origin, "folder": job.folder, "outcome": None}
        return fields | report_fields(report)


class _Recording:
    """Shows what it is given, and tells `see` of it."""

    def __init__(self, view: Renderer, see: Callable[[Event], None]) -> None:
        self._view = view
        self._see = see

    def start(self, title: str, rows: Sequence[str], phases: Sequence[PhaseName]) -> None:
        """Pass it on."""
        self._view.start(title, rows, phases)

    def event(self, event: Event) -> None:
        """Keep it, and pass it on."""
        self._see(event)
        self._view.event(event)

    def paused(self) -> AbstractContextManager[None]:
        """Pass it on."""
        return self._view.paused()

    def close(self) -> None:
        """Pass it on."""
        self._view.close()


def check_report_file(path: Path) -> None:
    """See that a report may take the place of what has this name: nothing, an empty file, an earlier report.

    Raises SettingsError.
    """
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise SettingsError(f"--report: {path} is a folder: name a file in it.")
        if not stat.S_ISREG(status.st_mode):
            raise SettingsError(f"--report: {path} is a pipe or a device: name a file.")
        if status.st_size and not _HEAD.match(read_file(path, _HEAD_BYTES)):
            raise SettingsError(f"--report: {path} is there already and is not a report: name another file.")
    except FileNotFoundError:
        return
    except OSError as error:
        raise SettingsError(f"--report: {path} can't be read ({error.strerror}): name another file.") from error


def _named(slugs: Sequence[str]) -> str:
    """Return the videos of which the same is said, of many the first."""
    shown = slugs if len(slugs) <= SHOWN else slugs[: SHOWN - 1]
    more = [] if len(slugs) <= SHOWN else [f"{len(slugs) - len(shown)} more"]
    return ", ".join([*shown, *more])


def _text_of(now: Clock) -> str:
    return now().isoformat(timespec="seconds").replace("+00:00", "Z")


def _length(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _address(report: JobReport | None) -> str:
    if report is None or report.outcome is not Outcome.DONE:
        return ""
    return report.master_url or report.place


def _failure(report: JobReport) -> list[str]:
    return report.error.splitlines() if report.outcome is Outcome.FAILED else []
