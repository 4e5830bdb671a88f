"""`watch`: converts what comes into a folder, until Ctrl-C.

The folder is read every few seconds: the systems' own notices do not come from network drives.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from cli.cluster_options import engine_url
from cli.convert import renderer_for, run_jobs
from cli.convert_jobs import idle_rates, job_for, problems_of
from cli.input_options import selection_from
from cli.main import complain
from cli.printing import counted, terminal_safe, write_event
from cli.run_record import RunRecord
from config import Config
from pipeline.cancel import CancelToken
from pipeline.errors import OutputError, SettingsError, SourceError, TransferError, UnreachableError
from pipeline.files import UNFINISHED, is_folder, is_there, write_whole
from pipeline.inputs import Input, videos_below
from pipeline.job import Existing, Job
from pipeline.job_digest import digest_of, is_digest_of
from pipeline.job_folders import check_place
from pipeline.model import JobReport, Outcome
from pipeline.open_files import written_elsewhere
from pipeline.source_address import address_below_root
from pipeline.watched_files import FileStamp, Handled, WatchedFiles, WatchMemory, memory_from_json, memory_to_json

LOOK_S = 2.0
"""How often the folder is read, in seconds."""

LOOK_SHARE = 5
"""A folder that takes long to read is left alone for this many times as long."""

MEMORY = ".watched.json"
"""In the output folder: which videos are done. Hidden, so never published."""

RunJobs = Callable[[Sequence[Job], CancelToken], list[JobReport]]
"""Runs jobs; a Ctrl-C meanwhile is told to the token."""


def run(options: argparse.Namespace, config: Config) -> int:
    """Convert what is in a folder and what comes into it; ends with Ctrl-C, or when its output can't be read any more.

    Raises KeyboardInterrupt, SettingsError.
    """
    problems = [*config.problems, *problems_of(options, config, several=True), *idle_rates([options])]
    if options.fresh:
        problems.append("--fresh would make everything anew at each start: leave it out, or use convert.")
    if options.detach:
        problems.append("--detach would lose sight of the videos: leave it out with watch.")
    if not is_folder(options.folder):
        problems.append(f"{options.folder} is not a folder: name the one that videos come into.")
    if problems:
        raise SettingsError(problems)
    record = RunRecord(options.report)
    with record.run():
        record.begin([])
        done: list[Job] = []

        def run_and_record(jobs: Sequence[Job], cancel: CancelToken) -> list[JobReport]:
            done[:] = [job for job in done if job.slug not in {one.slug for one in jobs}] + list(jobs)
            record.begin(done)
            view = record.recording(renderer_for(jobs, options, config))
            return run_jobs(jobs, [options.upload] * len(jobs), options, config, view, cancel)

        shared = address_below_root(options.output, config.sources.roots) is not None
        keeps_nothing = bool(engine_url(options, config)) and not shared
        FolderWatch(options=options, run_jobs=run_and_record, keeps_nothing=keeps_nothing).forever()
    return 0


@dataclass(kw_only=True)
class FolderWatch:
    """A folder that is watched; `pause` waits some seconds, `clock` tells the time in seconds.

    With `keeps_nothing` other machines do the work, and nothing of it comes into the output folder.
    """

    options: argparse.Namespace
    run_jobs: RunJobs
    clock: Callable[[], float] = time.monotonic
    pause: Callable[[float], None] = time.sleep
    keeps_nothing: bool = False
    _handled: dict[str, Handled] = field(default_factory=dict)
    _noted: dict[str, Handled] = field(default_factory=dict)
    _said: set[str] = field(default_factory=set)
    _away: Path | None = None
    _idle: bool = False

    def forever(self) -> None:
        """Look, convert, wait, again and again. Raises KeyboardInterrupt when a job was cancelled."""
        self._handled = dict(_read_memory(self._memory).videos)
        self._noted = dict(self._handled)
        files = WatchedFiles(settle_s=self.options.settle)
        self._say(f"Watching {self.options.folder}. Ctrl-C ends this.")
        while True:
            began_s = self.clock()
            if not self._look(files):
                self.pause(max(LOOK_S, LOOK_SHARE * (self.clock() - began_s)))

    @property
    def _memory(self) -> Path:
        output: Path = self.options.output
        return output / MEMORY

    def _look(self, files: WatchedFiles) -> bool:
        """Convert what is there and whole; return whether there was anything."""
        folder: Path = self.options.folder
        if self._waits_for_folders():
            return False
        videos, states = self._found(folder)
        for path, state in states.items():
            if files.is_new(path, state) and self._is_done(self._job(videos[path]), state):
                files.begin(path, state)
        if self._handled != self._noted:
            self._remember()
        ready = files.look(states, self.clock())
        ready = [path for path in ready if not _is_unfinished(path)]
        busy = written_elsewhere(ready)
        ready = [path for path in ready if path not in busy]
        if ready:
            self._idle = False
            self._convert([self._job(videos[path]) for path in ready], files)
        elif not self._idle and not files.unsettled:
            self._idle = True
            self._say(f"Nothing to do: {counted(len(states), 'video')} known. Waiting for more.")
        return bool(ready)

    def _waits_for_folders(self) -> bool:
        """Whether one of the folders is away, such as that of a drive that is not connected; say so when it changes."""
        folder, output = self.options.folder, self.options.output
        away, problem = None, ""
        if not is_folder(folder):
            away, problem = folder, f"{folder} is not there: perhaps a drive is not connected."
        elif not self.keeps_nothing:
            try:
                check_place(output)
            except OutputError as error:
                away, problem = output, str(error)
        if self._away is not None and away != self._away:
            self._say(f"{self._away} is there again.")
        if away is not None and away != self._away:
            self._say(f"{problem} Waiting until it can be used.")
        self._away = away
        return away is not None

    def _job(self, video: Input) -> Job:
        """Return a video's job; an upload that was cut short goes on, since nobody may be there to be asked."""
        job = job_for(self.options, video)
        return replace(job, existing=Existing.RESUME)

    def _found(self, folder: Path) -> tuple[dict[Path, Input], dict[Path, FileStamp]]:

        def unreadable(error: OSError) -> None:
            self._say_once(f"{error.filename} can't be read ({error.strerror}): the videos in it wait.")

        videos: dict[Path, Input] = {}
        states: dict[Path, FileStamp] = {}
        for video in videos_below(folder, self.options.output, selection_from(self.options), unreadable):
            state = _stamp_of(video.source)
            if state is not None:
                videos[video.source] = video
                states[video.source] = state
        return videos, states

    def _convert(self, jobs: Sequence[Job], files: WatchedFiles) -> None:
        states = {job.source: files.state_of(job.source) for job in jobs}
        for path, state in states.items():
            files.begin(path, state)
        cancel = CancelToken()
        try:
            reports = self.run_jobs(jobs, cancel)
        except (SourceError, TransferError, UnreachableError) as error:  # none could be begun
            complain(*str(error).splitlines())
            for job in jobs:
                self._try_again(job, files)
            if cancel.cancelled:
                raise KeyboardInterrupt from error
            return
        for job, report in zip(jobs, reports, strict=True):
            if report.outcome is Outcome.DONE:
                self._handled[str(job.source)] = Handled(state=states[job.source], job=digest_of(job))
            elif report.backend_unreachable or report.folder_in_use or _stamp_of(job.source) != states[job.source]:
                self._try_again(job, files)
        self._remember()
        if cancel.cancelled or any(report.outcome is Outcome.CANCELLED for report in reports):
            raise KeyboardInterrupt

    def _try_again(self, job: Job, files: WatchedFiles) -> None:
        pause_s = files.try_again(job.source, self.clock())
        self._say(f"{job.slug}: tried again in {pause_s / 60:.0f} min, or when the file changes.")

    def _is_done(self, job: Job, state: FileStamp) -> bool:
        """Whether an earlier start has done this very job, and what it made is still there.

        What an earlier version has noted is noted as this one does it.
        """
        noted = self._handled.get(str(job.source))
        if noted is None or noted.state != state or not is_digest_of(noted.job, job):
            return False
        self._handled[str(job.source)] = Handled(state=state, job=digest_of(job))
        return self.keeps_nothing or is_folder(job.folder)

    def _remember(self) -> None:
        self._noted = dict(self._handled)
        text = json.dumps(memory_to_json(WatchMemory(videos=self._handled)), indent=1) + "\n"
        try:
            self.options.output.mkdir(parents=True, exist_ok=True)
            write_whole(self._memory, text)
        except (OSError, OutputError) as error:
            self._say_once(f"What is done could not be noted, and the next start looks at all videos again: {error}")

    def _say_once(self, text: str) -> None:
        if text not in self._said:
            self._said.add(text)
            self._say(text)

    def _say(self, text: str) -> None:
        if self.options.json:
            write_event("watch", {"text": text})
        else:
            sys.stdout.write(f"{terminal_safe(text)}\n")
        sys.stdout.flush()


def _stamp_of(path: Path) -> FileStamp | None:
    """Return how a file is, None if it was deleted or renamed meanwhile, or is a link that leads nowhere."""
    try:
        status = path.stat()
    except OSError:
        return None
    return FileStamp(size_bytes=status.st_size, mtime_ns=status.st_mtime_ns)


def _is_unfinished(path: Path) -> bool:
    """Whether a name says that a program is still writing the file, or has another beside it for that."""
    if path.name.startswith(("~", "._")) or path.stem.endswith(UNFINISHED):
        return True
    return any(is_there(path.with_name(path.name + suffix)) for suffix in UNFINISHED)


def _read_memory(path: Path) -> WatchMemory:
    try:
        return memory_from_json(json.loads(path.read_bytes()))
    except (OSError, ValueError, RecursionError):
        return WatchMemory(videos={})
