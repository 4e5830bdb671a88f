"""Keeps a fetched source where it is while a job runs, and removes it when the job is done.

A job that was done needs it no more: its folder knows the source by the fingerprint, which is told by its head and
tail. One that failed or was cancelled leaves it to the next run.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING

from config import Config
from pipeline.cancel import CancelToken
from pipeline.errors import SourceError
from pipeline.events import Event, Sink
from pipeline.model import JobReport, Outcome
from pipeline.sources.fetching import cache_of, located
from pipeline.sources.naming import AddressNames

if TYPE_CHECKING:
    from pipeline.job import Job


class SourceInUse:
    """The source of one job; of one that is a file of this machine nothing is done."""

    def __init__(self, job: Job, config: Config, uses: ExitStack) -> None:
        self._job = job
        self._address = job.address if job.address is not None and job.address.is_elsewhere else None
        self._config = config
        self._uses = uses
        self._names = AddressNames(job)

    def use(self, cancel: CancelToken) -> None:
        """Keep it from now on. Raises SourceError, Cancelled."""
        if self._address is None:
            return
        self._uses.enter_context(cache_of(self._config).used(self._address, cancel))
        if not self._job.source.exists():  # others needed the room since it was looked at, or an earlier run was done
            with located(self._job, self._config, cancel):
                return

    def naming(self, sink: Sink) -> Sink:
        """Return what takes events and passes them on with the address in place of the path."""

        def named(event: Event) -> None:
            sink(self._names.event(event))

        return sink if self._address is None else named

    def ended(self, report: JobReport) -> JobReport:
        """Return the report as it is told, after a job that is done has let go of its source."""
        self._uses.close()
        if self._address is not None and report.outcome is Outcome.DONE:
            with suppress(SourceError):  # it goes when others need the room
                cache_of(self._config).drop(self._address, CancelToken())
        return report if self._address is None else self._names.report(report)


@contextmanager
def source_in_use(job: Job, config: Config) -> Iterator[SourceInUse]:
    """Yield what keeps a job's source once it is told to, at the most while the block runs."""
    with ExitStack() as uses:
        yield SourceInUse(job, config, uses)
