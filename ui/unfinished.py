"""What an earlier run has left unfinished: looked up, continued, or forgotten. Knows no Tk."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from config import Config
from pipeline.events import LogLevel
from pipeline.job import resumed
from pipeline.model import JobReport, Outcome
from ui.continued_job import ContinuedJob
from ui.job_form import FormValues
from ui.messages import LogEntry, Message, UnfinishedFound, UnfinishedTaken
from ui.missing_login import missing_login
from ui.services import Services
from ui.worker import JobWorker, ask

if TYPE_CHECKING:
    from pipeline.unfinished import UnfinishedJob  # with the queue's file


class UnfinishedJobs:
    """Answers what becomes of the unfinished jobs. Every method is called in the Tk thread and returns at once."""

    def __init__(self, services: Services, worker: JobWorker, post: Callable[[Message], None]) -> None:
        self._services = services
        self._worker = worker
        self._post = post
        self._first: UnfinishedJob | None = None
        self._taken: ContinuedJob | None = None

    def look(self, config: Config) -> None:
        """Find out which jobs were left unfinished; what is found is posted."""
        ask("unfinished", lambda: UnfinishedFound(jobs=self._services.unfinished_jobs(config)), _warning, self._post)

    def forget(self, one: UnfinishedJob, config: Config) -> None:
        """Forget a job. Those that are left are offered already: looked up anew, they could come too late, and offer
        one again that was answered meanwhile.
        """
        ask("unfinished", lambda: self._services.forget_job(one.id, config), _warning, self._post)

    def go_on(self, one: UnfinishedJob, values: FormValues, config: Config) -> None:
        """Continue a job; it is put into the form."""
        self._first, self._taken = one, None
        self._post(UnfinishedTaken(job=one.job))
        self._worker.resume(resumed(one.job), values, config)

    def taken(self, filled: FormValues) -> None:
        """Note the form as it is with the job that goes on."""
        if self._first is not None:
            self._taken = ContinuedJob(job=self._first.job, filled=filled)

    def start(self, values: FormValues, config: Config) -> None:
        """Begin what stands in the form: the job that went on before, with what was changed of it there, if it is that
        one.
        """
        first, taken = self._first, self._taken
        if first is None or taken is None:
            self._worker.begin(values, config)
            return
        job = taken.unchanged(values)
        if job is None or missing_login(first, values, config):
            self._worker.begin(values, config, lambda made: taken.changed(values, made))
        else:
            self._worker.resume(job, values, config)

    def ended(self, report: JobReport) -> None:
        """Forget the job that went on when it is done: the next start makes it anew."""
        first = self._first
        if first is not None and report.outcome is Outcome.DONE and report.folder == first.job.folder:
            self._first = self._taken = None


def _warning(text: str) -> Message:
    return LogEntry(text=text, level=LogLevel.WARNING)
