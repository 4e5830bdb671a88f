"""Whisper's child process: starts it, hands it requests, reads its answers and ends it.

Knows the protocol's frame, not what the answers mean.
"""

from __future__ import annotations

import contextlib
import json
import logging
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import IO, Any

import installation
from config import child_environment
from pipeline.cancel import CancelToken
from pipeline.errors import SpeechError
from pipeline.priority import creation_flags, give_way
from pipeline.suspension import SuspendedProgram

TERMINATE_S = 0.5
"""How long the child may take to end when asked, before it is killed."""
TURN_S = 0.1
"""How often a thread that waits for another thread's request checks whether its own is cancelled, in seconds."""
FOLLOW_S = 0.2
"""How often it is looked whether the child is to stand still or go on, in seconds."""
LOG_BYTES = 8192
THREADS = {"OMP_WAIT_POLICY": "PASSIVE"}
"""OpenMP's threads, which share out each multiplication, sleep while they wait; by default they keep a core busy that
the encode beside them needs.
"""

_log = logging.getLogger(__name__)
ChildMessage = dict[str, Any]


class WhisperProcess:
    """Whisper's process, started when it is first needed and kept until the block is left.

    Requests are served one after another, from whichever thread they come. The child keeps the model that it has
    loaded: a request for another one gets another child. So does one that follows a request that failed or was
    cancelled, and one that finds the child dead.

    Args:
        environment: The child's whole environment, or None for this process's own without its secrets.
    """

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        self._environment = environment
        self._turn = threading.Lock()
        self._child: _Child | None = None
        self._languages: set[tuple[str, str | None, bool]] = set()

    def __enter__(self) -> WhisperProcess:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def holds(self, model: str) -> bool:
        """Whether the child has loaded this model, as a request names it."""
        return self._child is not None and self._child.loaded == model and self._child.alive

    def note_language(self, model: str, language: str | None, *, translate: bool) -> None:
        """Note that a model, as a request names it, was loaded and does what is asked."""
        self._languages.add((model, language, translate))

    def knows_language(self, model: str, language: str | None, *, translate: bool) -> bool:
        """Whether the child has loaded a model that is known to do what is asked: nobody need wait for its answer."""
        return self.holds(model) and (model, language, translate) in self._languages

    def end(self) -> None:
        """End the child, once it has done what it is asked at present; the next request starts another."""
        with self._turn:
            self._end()

    @contextlib.contextmanager
    def answers(self, request: Mapping[str, Any], cancel: CancelToken) -> Iterator[Iterator[ChildMessage]]:
        """Hand the child a request; the block gets its answers as they come.

        Args:
            request: As `worker` describes it.
            cancel: Ends the iteration with `Cancelled` as soon as it is cancelled, and the child with it.

        Raises SpeechError when the child can't be started or ends without a `result` or an `error`, Cancelled.
        """
        self._wait_for_turn(cancel)
        try:
            with contextlib.ExitStack() as listening:
                child = self._asked(request, cancel, listening)
                yield child.answers(cancel)
        finally:
            if self._child is not None and not self._child.idle:
                self._end()
            self._turn.release()

    def _wait_for_turn(self, cancel: CancelToken) -> None:
        while True:
            cancel.check()
            if self._turn.acquire(timeout=TURN_S):
                return

    def _asked(self, request: Mapping[str, Any], cancel: CancelToken, listening: contextlib.ExitStack) -> _Child:
        """Return the child that has got the request, with the listener to `cancel` entered.

        The kept child may have died unnoticed since its last request: one that doesn't accept the request is replaced.
        """
        child, model = self._child, request.get("model")
        if child is not None and child.alive and model in (None, child.model or model):
            listening.enter_context(cancel.on_cancel(child.wake))
            child.ask(request)
            if child.accepts(cancel):
                return child
            listening.close()
        self._end()
        child = self._child = _Child(self._environment)
        listening.enter_context(cancel.on_cancel(child.wake))
        child.ask(request)
        return child

    def _end(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.end()


class _Mark:
    """What the queue holds besides answers."""


_END, _CANCELLED = _Mark(), _Mark()


class _Child:
    """One child process.

    `model` is the only one that it is asked for, `loaded` that once it has it, and `idle` whether it waits for a
    request.
    """

    def __init__(self, environment: Mapping[str, str] | None) -> None:
        self.idle = True
        self.model: str | None = None
        self.loaded: str | None = None
        self._queue: SimpleQueue[ChildMessage | _Mark] = SimpleQueue()
        self._program: SuspendedProgram | None = None
        self._complaints: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  # closed in `end`
        try:
            self._process = _start(self._complaints, environment)
        except SpeechError:
            self._complaints.close()
            raise
        self._reader = threading.Thread(target=self._read, name="whisper-answers", daemon=True)
        self._reader.start()

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def ask(self, request: Mapping[str, Any]) -> None:
        self.idle = False
        self.model = self.model or request.get("model")
        # A child that has died shows by ending its answers.
        with contextlib.suppress(OSError):
            assert self._process.stdin is not None
            self._process.stdin.write(json.dumps(request).encode("ascii") + b"\n")
            self._process.stdin.flush()

    def wake(self) -> None:
        """Wake the thread that waits for an answer, as its request is cancelled."""
        self._queue.put(_CANCELLED)

    def accepts(self, cancel: CancelToken) -> bool:
        """Whether it is there to serve the request. Raises Cancelled."""
        return not isinstance(self._next(cancel), _Mark)

    def answers(self, cancel: CancelToken) -> Iterator[ChildMessage]:
        """Yield what it answers to the request, up to the last. Raises SpeechError, Cancelled."""
        while True:
            answer = self._next(cancel)
            if isinstance(answer, _Mark):
                raise _death(self._process.wait())
            kind = answer["kind"]
            if kind == "loaded":
                self.loaded = self.model
            self.idle = kind == "result"
            if kind != "accepted":
                yield answer
            if kind in ("result", "error"):
                return

    def end(self) -> None:
        """Make sure that the process is gone; between two requests it has nothing left to do."""
        if self._program is not None:
            self._program.let_go()
        with contextlib.suppress(OSError):
            if self._process.stdin is not None:
                self._process.stdin.close()
        self._process.terminate()
        try:
            self._process.wait(TERMINATE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join()
        if self._process.stdout is not None:
            self._process.stdout.close()
        with self._complaints:
            _note(self._complaints)

    def _next(self, cancel: CancelToken) -> ChildMessage | _Mark:
        """Return the next answer, or the mark of the end. A request that had its result may have been cancelled."""
        program = self._program = SuspendedProgram(self._process, cancel.suspension)
        while True:
            try:
                answer = self._queue.get(timeout=FOLLOW_S)
            except Empty:
                program.follow()
                continue
            program.let_go()
            cancel.check()
            if answer is not _CANCELLED:
                return answer

    def _read(self) -> None:
        """Pass the answers on until the child has closed its end.

        What is none, such as a line cut short by its death, is dropped.
        """
        for line in self._process.stdout or ():
            with contextlib.suppress(ValueError):
                answer = json.loads(line)
                if isinstance(answer, dict) and "kind" in answer:
                    self._queue.put(answer)
        self._queue.put(_END)


def _start(complaints: IO[bytes], environment: Mapping[str, str] | None) -> subprocess.Popen[bytes]:
    # A group of its own: Ctrl-C in a terminal goes to this program, which ends the child in its own way.
    if sys.platform == "win32":
        flags = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW
        session = False
    else:
        flags, session = 0, True
    try:
        process = subprocess.Popen(
            installation.command(installation.WHISPER_WORKER),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=complaints,
            cwd=installation.ROOT,
            env={**THREADS, **(child_environment() if environment is None else environment)},
            creationflags=flags | creation_flags(),
            start_new_session=session,
        )
    except OSError as error:
        raise SpeechError(f"Whisper can't be started ({error.strerror}): install the program again.") from error
    give_way(process.pid)
    return process


def _death(code: int) -> SpeechError:
    hint = "close other programs or choose a smaller model" if code == -9 else "start again or choose a smaller model"
    return SpeechError(f"Whisper stopped before its end (exit status {code}): {hint}.")


def _note(complaints: IO[bytes]) -> None:
    size = complaints.seek(0, 2)
    complaints.seek(max(0, size - LOG_BYTES))
    text = complaints.read().decode("utf-8", errors="replace").strip()
    if text:
        _log.info("Whisper's process said: %s", text)
