"""`worker`: this machine works through a queue, until Ctrl-C or SIGTERM."""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import signal
import sys
import tempfile
import threading
import uuid
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from cli.cluster_options import database_from, engine_url
from cli.interrupts import on_interrupt
from config import VERSION, Config
from pipeline.errors import SettingsError
from pipeline.machine_use import MachineUseMeter
from pipeline.priority import work_in_background
from pipeline.staying_awake import StayingAwake
from pipeline.worker_policy import GB, Decision, MachineUse, WorkerPolicy

if TYPE_CHECKING:
    from pipeline.engines.procrastinate.database import Database

NOT_LOOKED_AT = MachineUse(untouched_s=None, others=None)
"""What a worker knows of its machine that works beside people too."""

RETRY_S = 5.0
"""How often a worker that starts tries to reach its queue, in seconds."""

SIGNALS = (signal.SIGINT, signal.SIGTERM)

PATIENCE_S = 120.0
"""How long jobs may take to end beyond `--drain`, in seconds."""


def run(options: argparse.Namespace, config: Config) -> int:
    """Work until told to stop: then let jobs end, and hand back those that take longer. Raises PipelineError."""
    database = database_from(options, config)
    from pipeline.cluster_job import ClusterJobs
    from pipeline.cluster_sweep import StoreSweep
    from pipeline.engines.local import capacity_of
    from pipeline.engines.procrastinate.attempts import Timings, WorkerInfo, WorkerQueue
    from pipeline.engines.procrastinate.database import Database
    from pipeline.engines.procrastinate.rows import SPEECH_TAG
    from pipeline.engines.procrastinate.worker import QueueWorker
    from pipeline.media.ffmpeg.process import ffmpeg_version, find_ffmpeg
    from pipeline.scheduler import Scheduler
    from pipeline.speech.child import WhisperProcess

    tags = _tags(options, config)
    stopping = _stopping(options)
    queue_id = _queue_id(database, stopping)
    if queue_id is None:
        return 0
    work_in_background(options.background)
    url = engine_url(options, config)
    me = WorkerInfo(
        machine=options.name or platform.node() or "unnamed",
        version=VERSION,
        ffmpeg=ffmpeg_version(find_ffmpeg(config.ffmpeg_path)),
        tags=tags,
    )
    timings = Timings.for_lease(options.lease, drain_s=options.drain)
    sweep = StoreSweep(config.backend, lambda: Database(url), _say, pause_s=timings.lease_s)
    with WhisperProcess() as whisper, sweep:
        work = _work_folder(config, str(queue_id), database.earlier_key)
        scheduler = Scheduler(capacity_of(os.cpu_count() or 1))
        jobs = ClusterJobs(
            config=config,
            work=work,
            whisper=whisper,
            scheduler=scheduler,
            connect=lambda: Database(url),
            transcribes=SPEECH_TAG in tags,
        )
        queue = WorkerQueue(database, me, timings)
        worker = QueueWorker(
            queue,
            lambda: Database(url),
            jobs.run,
            slots=options.jobs,
            say=_say,
            timetable=options.limit_rate,
            decide=_decide(options, work),
            tidy=lambda: jobs.tidy(queue.unfinished),
            gate=scheduler,
            working=StayingAwake(_say).set,
        )
        _say(f"{me.machine} works for the queue at {database.place}, {options.jobs} at a time. Stop with Ctrl-C.")
        _begin(_stop_when_set, stopping, worker.stop)
        with on_interrupt(worker.stop, patience_s=options.drain + PATIENCE_S, numbers=SIGNALS):
            worker.run()
    _say(f"{me.machine} has stopped.")
    return 0


def _queue_id(database: Database, stopping: threading.Event) -> uuid.UUID | None:
    """Return the id of the queue once it can be reached, None if the worker is stopped before.

    Raises SettingsError, QueueError.
    """
    from pipeline.engines.procrastinate.database import QueueRefusesError, QueueUnreachableError
    from pipeline.engines.procrastinate.schema import check_tables

    told: set[str] = set()
    while not stopping.is_set():
        try:
            id_ = check_tables(database)
        except QueueRefusesError:
            raise
        except QueueUnreachableError as error:
            if str(error) not in told:
                _say(f"{error} Trying again.")
            told.add(str(error))
            stopping.wait(RETRY_S)
        else:
            if told:
                _say("The queue can be reached again.")
            return id_
    return None


def _tags(options: argparse.Namespace, config: Config) -> tuple[str, ...]:
    """Return what the worker is to take. Raises SettingsError with all that is wrong with its options and settings."""
    from pipeline.engines.procrastinate.rows import tags_problem

    tags = tuple(filter(None, (tag.strip() for tag in options.tags.split(","))))
    problems = [*config.problems, *filter(None, [tags_problem(tags)])]
    if options.jobs < 1:
        problems.append(f"--jobs takes a number from 1 on, not {options.jobs}.")
    if problems:
        raise SettingsError(problems)
    return tags


def _stopping(options: argparse.Namespace) -> threading.Event:
    """Return an event that is set when the worker is to stop, as far as its options say when."""
    stopping = threading.Event()
    if options.until_input_ends:
        _begin(_stop_when_input_ends, stopping.set)
    return stopping


def _begin(work: Callable[..., None], *arguments: object) -> None:
    """Begin work in a thread that does not keep the program from ending."""
    threading.Thread(target=work, args=arguments, name=work.__name__, daemon=True).start()


def _stop_when_input_ends(stop: Callable[[], None]) -> None:
    """Read without the interpreter's buffer: a thread that has its lock when the program ends may abort it."""
    with suppress(OSError):  # its terminal is gone
        while sys.stdin is not None and os.read(sys.stdin.fileno(), 1):
            continue
    stop()


def _stop_when_set(stopping: threading.Event, stop: Callable[[], None]) -> None:
    stopping.wait()
    stop()


def _decide(options: argparse.Namespace, work: Path) -> Callable[[], Decision]:
    """Return a function that says what this worker may do now."""
    policy = WorkerPolicy(hours=options.between, idle_only=options.idle_only, free_bytes=options.disk * GB)
    look = MachineUseMeter().look if options.idle_only else lambda: NOT_LOOKED_AT
    return lambda: policy.decide(datetime.now(), look(), shutil.disk_usage(work).free)


def _work_folder(config: Config, name: str, earlier_name: str) -> Path:
    """Return the folder for the jobs of a queue, with what an earlier version has left of them in another."""
    top = (config.data_dir or Path(tempfile.gettempdir()) / "hls-converter") / "worker"
    folder, earlier = top / name, top / earlier_name
    folder.mkdir(parents=True, exist_ok=True)
    if earlier.is_dir():
        for left in list(earlier.iterdir()):
            with suppress(OSError):  # a worker of the earlier version may still have it open
                left.rename(folder / left.name)
        with suppress(OSError):
            earlier.rmdir()
    return folder


def _say(line: str) -> None:
    with suppress(OSError):  # nobody reads the output any more: the work goes on
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
