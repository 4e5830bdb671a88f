"""Sends videos that only this machine can read to the backend before they go into the queue of several machines."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from config import Config
from pipeline.cancel import CancelToken
from pipeline.errors import SourceError
from pipeline.events import LogLevel, LogLine, Sink, TransferFigures
from pipeline.job import Job
from pipeline.source_address import address_below_root
from pipeline.sources.sending import address_when_sent, send_source
from pipeline.sources.sizes import size_text
from pipeline.transfer.http.control import TransferControl

STEPS = 10
"""How many lines show the progress of a video."""

LOOK_S = 0.5
"""How often it is looked whether a video that is being deleted is gone, in seconds."""

Hold = Callable[[str, uuid.UUID], bool]
"""Keeps the file of a key in the store for a job; False while it is being deleted. Raises QueueError."""


def with_addresses(jobs: Sequence[Job], config: Config, queue: str) -> list[Job | SourceError]:
    """Return the jobs; those whose video only this machine can read have the address that it will have once sent.

    `queue` is the queue that they will wait in. In place of a job whose video can't be read stands the reason.
    """
    return [_with_address(job, queue) if is_local(job, config) else job for job in jobs]


def _with_address(job: Job, queue: str) -> Job | SourceError:
    try:
        return replace(job, address=address_when_sent(job.source, queue))
    except SourceError as error:
        return error


def is_local(job: Job, config: Config) -> bool:
    """Whether only this machine can read a job's video."""
    return job.address is None and address_below_root(job.source, config.sources.roots) is None


def send_sources(
    jobs: Mapping[uuid.UUID, Job],
    config: Config,
    queue: str,
    hold: Hold,
    sink: Sink,
    cancel: CancelToken,
    *,
    control: TransferControl | None = None,
) -> dict[uuid.UUID, SourceError]:
    """Send the videos of these jobs, which have addresses, and show the progress; what was sent before is left out.

    `hold` keeps each video until its jobs have ended, `control` pauses and slows the sending. Return why videos were
    not sent that have changed, can't be read any more, or are not taken, as too large ones. Raises SettingsError,
    TransferError, QueueError, Cancelled.
    """
    failed = {}
    for id_, job in jobs.items():
        assert job.address is not None
        while not hold(job.address.text.removeprefix("backend:"), id_):
            cancel.wait(LOOK_S)
        said = _SendingProgress(job, sink)
        try:
            send_source(
                job.source,
                config,
                cancel,
                owner=queue,
                expected=job.address,
                control=control,
                on_progress=said.figures,
                on_notice=said.notice,
            )
        except SourceError as error:
            failed[id_] = error
    return failed


class _SendingProgress:
    def __init__(self, job: Job, sink: Sink) -> None:
        self._job = job
        self._sink = sink
        self._next = 0

    def figures(self, figures: TransferFigures) -> None:
        """Show the progress, in a few steps."""
        step = int(figures.fraction * STEPS)
        if step < self._next:
            return
        self._next = step + 1
        how_far = f"{size_text(figures.bytes_done)} of {size_text(figures.bytes_total)}"
        self.notice(f"Sending {self._job.source.name} to where other machines can read it: {how_far}.", LogLevel.INFO)

    def notice(self, text: str, level: LogLevel) -> None:
        """Show a line."""
        self._sink(LogLine(job=self._job.slug, text=text, level=level))
