"""`cluster`: creates the queue that several machines work through, lists its jobs and cancels them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any

from cli.cluster_options import database_from
from cli.printing import terminal_safe, write_event, write_table
from config import Config
from pipeline.errors import SettingsError
from pipeline.timestamps import utc_text

if TYPE_CHECKING:
    from pipeline.engines.procrastinate.database import Database
    from pipeline.engines.procrastinate.open_jobs import OpenJob

NOTHING = "Nothing waits or runs.\n"


def run(options: argparse.Namespace, config: Config) -> int:
    """Create the queue's tables, list its jobs, or cancel some. Raises SettingsError, QueueError."""
    if options.action == "cancel" and bool(options.ids) == options.all:
        raise SettingsError("Name the videos to cancel: their IDs as `cluster list` shows them, or --all.")
    database = database_from(options, config)
    with closing(database):
        if options.action == "list":
            _list(database, as_json=options.json)
        elif options.action == "cancel":
            _cancel(database, options.ids)
        else:
            _init(database, options.grant)
    return 0


def _init(database: Database, users: Sequence[str]) -> None:
    from pipeline.engines.procrastinate.schema import grant, make_tables

    make_tables(database)
    for user in users:
        grant(database, user)
    sys.stdout.write(f"The queue at {database.place} is ready.\n")


def _list(database: Database, *, as_json: bool) -> None:
    from pipeline.engines.procrastinate.schema import check_tables
    from pipeline.engines.procrastinate.submission import JobQueue

    check_tables(database)
    jobs = JobQueue(database).open_jobs()
    if as_json:
        for job in jobs:
            write_event("cluster_job", fields_of(job))
        return
    if not jobs:
        sys.stdout.write(NOTHING)
        return
    head = ("ID", "State", "Video", "Added", "Where", "Note")
    rows = [
        (str(job.id), job.state.value, _name(job), f"{job.put_at.astimezone():%m-%d %H:%M}", job.machine, job.why_not)
        for job in jobs
    ]
    write_table(head, rows)


def fields_of(job: OpenJob) -> dict[str, Any]:
    """Return what `--json` prints of a job."""
    from pipeline.engines.procrastinate.open_jobs import OpenJobState

    states = {OpenJobState.WAITS: "waiting", OpenJobState.RUNS: "running", OpenJobState.STOPS: "cancelling"}
    return {
        "id": str(job.id),
        "kind": job.kind.value,
        "parent": None if job.parent is None else str(job.parent),
        "state": states[job.state],
        "slug": job.title,
        "added": utc_text(int(job.put_at.timestamp())),
        "machine": job.machine or None,
        "text": job.why_not,
    }


def _cancel(database: Database, ids: Sequence[str]) -> None:
    """Cancel the jobs with these ids, or all if there are none. If one id is unknown, nothing is cancelled."""
    from pipeline.engines.procrastinate.schema import check_tables
    from pipeline.engines.procrastinate.submission import JobQueue

    check_tables(database)
    queue = JobQueue(database)
    jobs = queue.open_jobs()
    if ids:
        jobs = _with_ids(jobs, ids)
    if not jobs:
        sys.stdout.write(NOTHING)
        return
    queue.cancel([job.id for job in jobs])
    for job in jobs:
        how = f"is being cancelled on {job.machine}" if job.machine else "is cancelled"
        sys.stdout.write(f"{terminal_safe(_name(job))} {how}.\n")


def _with_ids(jobs: Sequence[OpenJob], ids: Sequence[str]) -> list[OpenJob]:
    found: dict[str, OpenJob] = {}
    problems = []
    for begin in ids:
        fitting = [job for job in jobs if str(job.id).startswith(begin.lower())] if begin else []
        if len(fitting) == 1:
            found[str(fitting[0].id)] = fitting[0]
        elif fitting:
            problems.append(f"{begin} is the beginning of the IDs of {len(fitting)} videos: type more of it.")
        else:
            problems.append(f"No video that waits or runs has the ID {begin}: see `hls-converter cluster list`.")
    if problems:
        raise SettingsError(problems)
    return list(found.values())


def _name(job: OpenJob) -> str:
    return job.title if job.parent is None else f"{job.title} (transcription)"
