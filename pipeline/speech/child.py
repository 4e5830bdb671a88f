"""Starts Whisper's child process, reads its answers and ends it.

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
from queue import SimpleQueue
from typing import IO, Any

import installation
from config import child_environment
from pipeline.cancel import CancelToken
from pipeline.errors import SpeechError

TERMINATE_S = 0.5
"""How long the child may take to end when asked, before it is killed."""
LOG_BYTES = 8192

_log = logging.getLogger(__name__)
ChildMessage = dict[str, Any]


class _Mark:
    """What the queue holds besides answers."""


_END, _CANCELLED = _Mark(), _Mark()


@contextlib.contextmanager
def answers(
    request: Mapping[str, Any], cancel: CancelToken, environment: Mapping[str, str] | None = None
) -> Iterator[Iterator[ChildMessage]]:
    """Start the child on a request; the block gets its answers as they come. The child is gone when the block is left.

    Args:
        request: As `worker` describes it.
        cancel: Ends the iteration with `Cancelled` as soon as it is cancelled.
        environment: The child's whole environment, or None for this process's own without its secrets.

    Raises SpeechError when the child can't be started or ends without a `result` or an `error`, Cancelled.
    """
    cancel.check()
    with tempfile.TemporaryFile() as complaints:
        process = _start(complaints, environment)
        queue: SimpleQueue[ChildMessage | _Mark] = SimpleQueue()
        reader = threading.Thread(target=_read, args=(process, queue), name="whisper-answers", daemon=True)
        reader.start()
        try:
            _send(process, request)
            with cancel.on_cancel(lambda: queue.put(_CANCELLED)):
                yield _iterate(process, queue, cancel)
        finally:
            _end(process)
            reader.join()
            if process.stdout is not None:
                process.stdout.close()
            _note(complaints)


def _start(complaints: IO[bytes], environment: Mapping[str, str] | None) -> subprocess.Popen[bytes]:
    # A group of its own: Ctrl-C in a terminal goes to this program, which ends the child in its own way.
    if sys.platform == "win32":
        flags = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW
        session = False
    else:
        flags, session = 0, True
    try:
        return subprocess.Popen(
            installation.command(installation.WHISPER_WORKER),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=complaints,
            cwd=installation.ROOT,
            env=child_environment() if environment is None else environment,
            creationflags=flags,
            start_new_session=session,
        )
    except OSError as error:
        raise SpeechError(f"Whisper can't be started ({error.strerror}): install the program again.") from error


def _send(process: subprocess.Popen[bytes], request: Mapping[str, Any]) -> None:
    if process.stdin is None:
        raise SpeechError("Whisper can't be started: install the program again.")
    # A child that died at once shows by ending its answers.
    with contextlib.suppress(OSError):
        process.stdin.write(json.dumps(request).encode("ascii") + b"\n")
        process.stdin.flush()


def _read(process: subprocess.Popen[bytes], queue: SimpleQueue[ChildMessage | _Mark]) -> None:
    """Pass the answers on until the child has closed its end.

    What is none, such as a line cut short by its death, is dropped.
    """
    for line in process.stdout or ():
        with contextlib.suppress(ValueError):
            answer = json.loads(line)
            if isinstance(answer, dict) and "kind" in answer:
                queue.put(answer)
    queue.put(_END)


def _iterate(
    process: subprocess.Popen[bytes], queue: SimpleQueue[ChildMessage | _Mark], cancel: CancelToken
) -> Iterator[ChildMessage]:
    while True:
        answer = queue.get()
        cancel.check()
        if isinstance(answer, _Mark):
            code = process.wait()
            hint = (
                "close other programs or choose a smaller model"
                if code == -9
                else "start again or choose a smaller model"
            )
            raise SpeechError(f"Whisper stopped before its end (exit status {code}): {hint}.")
        yield answer
        if answer["kind"] in ("result", "error"):
            return


def _end(process: subprocess.Popen[bytes]) -> None:
    """Make sure that the child is gone; after its last answer it has nothing left to do."""
    with contextlib.suppress(OSError):
        if process.stdin is not None:
            process.stdin.close()
    process.terminate()
    try:
        process.wait(TERMINATE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _note(complaints: IO[bytes]) -> None:
    size = complaints.seek(0, 2)
    complaints.seek(max(0, size - LOG_BYTES))
    text = complaints.read().decode("utf-8", errors="replace").strip()
    if text:
        _log.info("Whisper's process said: %s", text)
