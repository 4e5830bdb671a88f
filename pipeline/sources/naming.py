"""Calls a fetched source by its address in what an editor reads: where it lies meanwhile says nothing to anybody."""

from __future__ import annotations

from dataclasses import replace

from pipeline.events import Event, JobFinished, LogLevel, LogLine, PhaseFinished, PhaseProgress
from pipeline.job import Job
from pipeline.model import JobReport


class AddressNames:
    """The names of one job's source; of one that is a file of this machine nothing is changed."""

    def __init__(self, job: Job) -> None:
        self._place = str(job.source)
        self._address = "" if job.address is None or not job.address.is_elsewhere else job.address.text

    def text(self, text: str) -> str:
        """Return a sentence with the address in place of the path."""
        return text.replace(self._place, self._address) if self._address else text

    def event(self, event: Event) -> Event:
        """Return an event whose sentences have it; what is for troubleshooting alone keeps the path."""
        if isinstance(event, JobFinished):
            return replace(event, report=self.report(event.report))
        if isinstance(event, LogLine) and event.level is LogLevel.DETAIL:
            return event
        if isinstance(event, LogLine | PhaseProgress | PhaseFinished):
            return replace(event, text=self.text(event.text))
        return event

    def report(self, report: JobReport) -> JobReport:
        """Return a report whose sentences have it."""
        return replace(
            report,
            error=self.text(report.error),
            warnings=tuple(map(self.text, report.warnings)),
            phases=tuple(replace(phase, text=self.text(phase.text)) for phase in report.phases),
        )
