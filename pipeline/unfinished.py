"""The conversions that a process which is gone has left unfinished, and how far each was.

The queue says which they are; what is kept of one is noted in a file beside it while it runs. Knows no front end.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.codec import from_json, to_json
from pipeline.errors import CodecError, OutputError
from pipeline.events import Event, JobFinished, PhaseFinished, PhaseProgress, Sink
from pipeline.files import write_whole
from pipeline.job import Job
from pipeline.job_store import JobStore, queue_file
from pipeline.model import Outcome, PhaseOutcome
from pipeline.stored_job import stored

PROGRESS_FILE = "progress.json"
SCHEMA = 1


@dataclass(frozen=True, kw_only=True)
class UnfinishedJob:
    """A conversion whose process is gone. `id` is its own in the queue, `backend_url` where it uploads to.

    `percent` is how much of it is kept, rounded down; None if that is not known.
    """

    id: str
    job: Job
    backend_url: str
    percent: int | None


@dataclass(frozen=True, kw_only=True)
class _Progress:
    """The file: the percentage of each running job by its folder."""

    schema: int = SCHEMA
    percent: Mapping[str, int] = field(default_factory=dict)


def unfinished_jobs(data_dir: Path | None) -> tuple[UnfinishedJob, ...]:
    """Return the conversions that were left unfinished, the latest first, as far as this version can read them.

    Those of the editor's list are not among them: the list has them.

    `data_dir` is the folder of the queue. Raises JobStoreError.
    """
    if data_dir is None or not queue_file(data_dir).is_file():
        return ()
    with JobStore(queue_file(data_dir)) as store:
        left = [one for one in store.all(ended=0) if one.left_behind and not one.listed]
    percent = noted_percent(data_dir)
    found = []
    for one in reversed(left):
        with suppress(CodecError):
            job = one.job
            if isinstance(job, Job):
                known = percent.get(str(one.folder))
                found.append(UnfinishedJob(id=one.id, job=job, backend_url=one.backend_url, percent=known))
    return tuple(found)


def noted_percent(data_dir: Path | None) -> Mapping[str, int]:
    """Return how much was kept of each job when that was noted last, in per cent, by its folder as the queue has it."""
    return {} if data_dir is None else _read(data_dir).percent


def forget_job(id: str, data_dir: Path | None) -> None:
    """Cancel an unfinished job in the queue; what is finished of it stays on the disk. Raises JobStoreError."""
    with JobStore(queue_file(data_dir)) as store:
        for one in store.of([id]):
            if one.left_behind and store.cancel(id) and data_dir is not None:
                _note(data_dir, str(one.folder), None)


def noting_progress(sink: Sink, job: Job, data_dir: Path | None) -> Sink:
    """Return a sink that also notes how much of a job is kept, at each whole per cent, until it has ended; of one that
    was cancelled that stays noted, since it may go on.

    A folder that can't be written is no error: the job is what matters.
    """
    if data_dir is None:
        return sink
    folder, last = stored(job, Path.cwd(), "").folder, [-1]

    def take(event: Event) -> None:
        sink(event)
        if isinstance(event, JobFinished) and event.report.outcome is not Outcome.CANCELLED:
            _note(data_dir, folder, None)
        kept = _kept(event)
        if kept is not None and int(kept * 100) != last[0]:
            last[0] = int(kept * 100)
            _note(data_dir, folder, last[0])

    return take


def _kept(event: Event) -> float | None:
    """Return what an event says is kept of the whole job, None where it says nothing of that."""
    if isinstance(event, PhaseProgress):
        return event.kept
    if isinstance(event, PhaseFinished) and event.outcome not in (PhaseOutcome.FAILED, PhaseOutcome.CANCELLED):
        return event.overall
    return None


def _note(data_dir: Path, folder: str, percent: int | None) -> None:
    """Store how far the job of a folder is; None if it needs no note any more."""
    before = _read(data_dir).percent
    after = {name: number for name, number in before.items() if name != folder}
    if percent is not None:
        after[folder] = percent
    if after != before:
        with suppress(OutputError):
            write_whole(data_dir / PROGRESS_FILE, json.dumps(to_json(_Progress(percent=after))) + "\n")


def _read(data_dir: Path) -> _Progress:
    """Return what is noted, nothing where that can't be read."""
    try:
        kept = from_json(_Progress, json.loads((data_dir / PROGRESS_FILE).read_bytes()), PROGRESS_FILE)
    except (OSError, ValueError, RecursionError, CodecError):
        return _Progress()
    return kept if kept.schema == SCHEMA else _Progress()
