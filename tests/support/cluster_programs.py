"""The program on several machines: each a process with data folder, work and name of its own, and no shared path."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from program import ROOT, command, start

DEADLINE_S = 300.0
"""Long, for machines that are busy with other tests: each of these processes has to load its libraries first."""

LOOK_S = 0.1

LEASE_S = 30.0
"""Also on a busy machine a worker that lives tells so in time."""

SHORT_LEASE_S = 6.0
"""Of workers that are to lose their jobs; one that is begun later, and lives, has the other."""


def wait_until(condition: Callable[[], object], what: str, more_s: float = 0.0) -> None:
    """Wait for what another process does, `more_s` seconds more than usual."""
    deadline_s = time.monotonic() + DEADLINE_S + more_s
    while not condition():
        assert time.monotonic() < deadline_s, what
        time.sleep(LOOK_S)


def events(process: subprocess.Popen, more_s: float = 0.0) -> tuple[list[dict], int, str]:
    """Return what was printed as JSON when a program has ended, its exit status, and its standard error.

    It may take `more_s` seconds more than usual.
    """
    output, errors = process.communicate(timeout=DEADLINE_S + more_s)
    return [json.loads(line) for line in output.splitlines()], process.returncode, errors


@dataclass
class ProgramWorker:
    """A worker in a process of its own; `log` has what it said."""

    name: str
    process: subprocess.Popen
    folder: Path
    log: Path
    asleep: list[subprocess.Popen | psutil.Process] = field(default_factory=list)
    slept_from_s: float = 0.0

    def programs(self, name: str) -> list[psutil.Process]:
        """Return the programs of this name that it has started, and theirs."""
        with_name = []
        for child in psutil.Process(self.process.pid).children(recursive=True):
            try:
                if name in child.name():
                    with_name.append(child)
            except psutil.NoSuchProcess:
                continue
        return with_name

    def encodes(self) -> bool:
        """Whether ffmpeg writes segments for it."""
        return bool(self.programs("ffmpeg")) and any(self.folder.rglob("seg_*"))

    def fall_asleep(self) -> None:
        """Stop it and its programs as a machine does that sleeps."""
        self.process.send_signal(signal.SIGSTOP)
        self.asleep = [self.process]
        for child in self.programs(""):
            with suppress(psutil.NoSuchProcess):  # one that ends by itself
                child.send_signal(signal.SIGSTOP)
                self.asleep.append(child)
        self.slept_from_s = time.monotonic()

    def wake(self, slept_s: float = 0.0) -> None:
        """Let it go on once it has slept for so many seconds."""
        wait_until(lambda: time.monotonic() - self.slept_from_s >= slept_s, "no time passes", slept_s)
        for one in reversed(self.asleep):
            with suppress(psutil.NoSuchProcess):
                one.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        """Ask it to end, and wait for that."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
            self.process.wait(DEADLINE_S)


@dataclass
class Cluster:
    """Machines that work for one queue; `roots` are the folders that each of them has for a name."""

    url: str
    folder: Path
    environment: dict[str, str]
    workers: list[ProgramWorker] = field(default_factory=list)
    editors: list[subprocess.Popen] = field(default_factory=list)

    def machine(self, name: str, *, roots: str, url: str | None = None) -> dict[str, str]:
        """Return the environment of a machine."""
        own = self.folder / name
        return {
            **os.environ,
            **self.environment,
            "ENGINE_URL": url or self.url,
            "SOURCE_ROOTS": roots,
            "XDG_DATA_HOME": str(own / "data"),
            "XDG_CONFIG_HOME": str(own / "config"),
            "XDG_CACHE_HOME": str(own / "cache"),
        }

    def worker(
        self,
        name: str,
        *options: str,
        roots: str,
        lease_s: float | None = LEASE_S,
        url: str | None = None,
        ffmpeg: Path | None = None,
    ):
        """Start a worker on a machine of its own; `lease_s` None is the lease that workers have by default."""
        own = self.folder / name
        own.mkdir(exist_ok=True)
        lease = () if lease_s is None else ("--lease", str(lease_s))
        arguments = command("worker", "--name", name, "--drain", "0", *lease, *options)
        with (own / "log").open("ab") as log:
            process = subprocess.Popen(
                arguments,
                env=self.machine(name, roots=roots, url=url) | ({"FFMPEG_PATH": str(ffmpeg)} if ffmpeg else {}),
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
            )
        worker = ProgramWorker(name=name, process=process, folder=own / "data", log=own / "log")
        self.workers.append(worker)
        return worker

    def disk(self, name: str, clip: Path) -> str:
        """Give a machine its own copy of a lesson, and of the small model; return its SOURCE_ROOTS."""
        folder = self.folder / f"disk of {name}"
        if not folder.exists():
            folder.mkdir()
            shutil.copy2(clip, folder / "lesson.mp4")
            shutil.copytree(ROOT / "samples" / "whisper-words", folder / "model")
        return f"lectures={folder}"

    def convert(self, *arguments: str | Path, roots: str) -> subprocess.Popen:
        """Put videos in from an editor's machine, and wait for them."""
        process = start(command("convert", *arguments), self.machine("editor", roots=roots))
        self.editors.append(process)
        return process


@contextmanager
def cluster(url: str, folder: Path, environment: dict[str, str]) -> Iterator[Cluster]:
    """Have a queue's machines, which are stopped with the block."""
    made = Cluster(url=url, folder=folder, environment=environment)
    try:
        yield made
    finally:
        for worker in made.workers:
            worker.stop()
        for editor in made.editors:
            editor.kill()
            editor.communicate()
