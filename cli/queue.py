"""`queue`: shows the jobs of all processes on this computer, in their order, and changes what becomes of them."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from cli import queue_list
from cli.main import EXIT_DONE, EXIT_WRONG_USAGE, complain
from cli.printing import counted, write_event, write_table
from config import Config
from pipeline.errors import CodecError, SettingsError
from pipeline.job_owner import Liveness
from pipeline.job_store import JobStore, queue_file
from pipeline.queued_job import JobState, QueuedJob
from pipeline.timestamps import utc_text

LATELY = 20
"""How many ended jobs are shown without --all."""

MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86_400

LEFT_BEHIND = "Its process no longer exists: `queue run`, or the same command again, continues it."
HELD = "It waits until `queue start` starts it."


def run(options: argparse.Namespace, config: Config) -> int:
    """Do what was asked for. Raises JobStoreError."""
    return ACTIONS[options.action](options, config)


def _list(options: argparse.Namespace, config: Config) -> int:
    jobs: Sequence[QueuedJob] = ()
    if queue_file(config.data_dir).exists():  # don't create a queue just to show it
        with _store(config) as store:
            jobs = store.all(ended=None if options.all else LATELY)
    now = time.time()
    if options.json:
        for job in jobs:
            write_event("queued_job", fields_of(job))
    elif jobs:
        write_table(("ID", "State", "Video", "Since", "Where", "Note"), [table_row(job, now) for job in jobs])
    else:
        sys.stdout.write("The queue is empty.\n")
    return EXIT_DONE


def _run(options: argparse.Namespace, config: Config) -> int:
    from cli.queue_run import run_queue  # loads what converts

    with _store(config) as store:
        return run_queue(store, _ids(options.ids, store), options, config)


def _cancel(options: argparse.Namespace, config: Config) -> int:
    if options.all == bool(options.ids):
        raise SettingsError("Name the jobs to cancel by their ids, as `queue` shows them, or use --all.")
    with _store(config) as store:
        ids = [job.id for job in store.all(ended=0)] if options.all else _ids(options.ids, store)
        cancelled = [id for id in ids if store.cancel(id)]
    sys.stdout.write(f"{counted(len(cancelled), 'job')} cancelled. What is finished stays in their folders.\n")
    return _passed_over(ids, cancelled, "has ended already", if_all=options.all)


def _retry(options: argparse.Namespace, config: Config) -> int:
    with _store(config) as store:
        ids = _ids(options.ids, store)
        waiting = [id for id in ids if store.retry(id)]
    if waiting:
        sys.stdout.write(f"{counted(len(waiting), 'job')} will be tried again: `queue run` does that.\n")
    return _passed_over(ids, waiting, "neither failed nor was cancelled, or is in the queue once more")


def _change(options: argparse.Namespace, config: Config) -> int:
    with _store(config) as store:
        return queue_list.change(options, store, _ids)


def _export(options: argparse.Namespace, config: Config) -> int:
    with _store(config) as store:
        return queue_list.export(options, store)


def _import(options: argparse.Namespace, config: Config) -> int:
    with _store(config) as store:
        return queue_list.import_rows(options, store)


def _clear(options: argparse.Namespace, config: Config) -> int:
    with _store(config) as store:
        deleted = store.delete_ended()
    sys.stdout.write(f"{counted(deleted, 'ended job')} deleted from the history; folders and uploads stay.\n")
    return EXIT_DONE


ACTIONS: Mapping[str, Callable[[argparse.Namespace, Config], int]] = {
    "list": _list,
    "run": _run,
    "cancel": _cancel,
    "hold": _change,
    "start": _change,
    "move": _change,
    "remove": _change,
    "retry": _retry,
    "export": _export,
    "import": _import,
    "clear": _clear,
}


def fields_of(job: QueuedJob) -> dict[str, Any]:
    """Return what `--json` prints of a job; an address or a sentence of a report only if this version can read it."""
    owner = None if job.owner is None or job.state is JobState.WAITING else job.owner
    return {
        "id": job.id,
        "state": "left" if job.left_behind else job.state.value,
        "slug": job.slug,
        "label": job.label,
        "listed": job.listed,
        "folder": str(job.folder),
        "backend_url": job.backend_url,
        "host": None if owner is None else owner.host,
        "pid": None if owner is None else owner.pid,
        "tries": job.tries,
        "added": utc_text(int(job.added_at)),
        "ended": None if job.ended_at is None else utc_text(int(job.ended_at)),
        "parked_until": None if job.parked_until is None else utc_text(int(job.parked_until)),
        "text": _why(job),
    }


def table_row(job: QueuedJob, now: float) -> tuple[str, ...]:
    """Return a row of the table; `now` is the time in seconds since 1970."""
    owner = job.owner
    where = ""
    if owner is not None and job.state is JobState.RUNNING:
        where = f"{owner.host} (process {owner.pid})"
    since = job.ended_at or (job.heard_at if job.left_behind else job.added_at) or job.added_at
    state = "left behind" if job.left_behind else job.state.value
    return job.id, state, job.slug, _ago(now - since), where, _note(job, now)


def _note(job: QueuedJob, now: float) -> str:
    if job.left_behind:
        return LEFT_BEHIND
    if job.state is JobState.RUNNING and job.owner is not None and job.heard_at is not None:
        liveness = job.owner.liveness()
        if liveness is Liveness.SUSPENDED:
            return "Suspended."
        return f"Last heartbeat: {_ago(now - job.heard_at)}." if liveness is Liveness.UNKNOWN else ""
    if job.state is JobState.PARKED and job.parked_until is not None:
        return f"{job.reason} Tried again in {_duration(job.parked_until - now)}."
    if job.state is JobState.HELD:
        return job.reason or HELD
    return _why(job)


def _why(job: QueuedJob) -> str:
    """Return the reason for a job's state, in one line."""
    if job.reason:
        return job.reason
    try:
        report = job.report
    except CodecError as error:
        return str(error)
    if report is None:
        return ""
    return " ".join(report.error.splitlines()) or report.master_url


def _ago(seconds: float) -> str:
    """Return how long ago something was; "now" also if the clock has been set back since."""
    return "now" if seconds < MINUTE_S else f"{_duration(seconds)} ago"


def _duration(seconds: float) -> str:
    for unit_s, name in ((DAY_S, "day"), (HOUR_S, "hour"), (MINUTE_S, "minute")):
        if seconds >= unit_s:
            return counted(int(seconds // unit_s), name)
    return counted(max(int(seconds), 0), "second")


def _store(config: Config) -> JobStore:
    return JobStore(queue_file(config.data_dir))


def _ids(typed: Sequence[str], store: JobStore) -> list[str]:
    """Return the full ids. Raises SettingsError naming each that matches no job, or several."""
    problems, found = [], []
    for text in typed:
        fitting = store.matching(text)
        if len(fitting) == 1:
            found.append(fitting[0])
        elif fitting:
            problems.append(f"{text} may be any of {', '.join(fitting[:5])}: type more of the id.")
        else:
            problems.append(f"No job in the queue has the id {text}: `queue --all` shows them.")
    if problems:
        raise SettingsError(problems)
    return list(dict.fromkeys(found))


def _passed_over(ids: Sequence[str], done: Sequence[str], why: str, *, if_all: bool = False) -> int:
    left = [] if if_all else [id for id in ids if id not in done]
    complain(*(f"The job {id} {why}." for id in left))
    return EXIT_WRONG_USAGE if left else EXIT_DONE
