"""One window for each user of a computer: a second start hands its files to the first and ends. Knows no Tk.

The first window holds a lock, which the system frees however that process ends, and listens at an address that only the
same user can read. Where it does not answer, the second start opens a window of its own.
"""

from __future__ import annotations

import json
import os
import platform
import re
import secrets
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client, Listener
from pathlib import Path

from pipeline.codec import from_json, to_json
from pipeline.errors import CodecError, FolderInUseError, OutputError
from pipeline.folder_lock import locked

SCHEMA = 1
PATIENCE_S = 10.0
"""How long a second start waits for the answer of the first, which may be opening its window at that moment."""
RETRY_S = 0.1
CLOSE_S = 1.0
"""How long closing waits at most for the thread that listens."""
MOST_BYTES = 16 << 20
"""Of one message: far more than the longest command line."""
TAKEN = b"taken"
LONGEST_SOCKET = 100
"""Bytes of a socket's path: macOS takes 103, Linux 107 (sys/un.h). A longer one is in a temporary folder."""

NO_CONVERSATION = (OSError, EOFError, ValueError, CodecError, AuthenticationError)
"""What happens when the other side is gone, or is somebody else."""

Take = Callable[[tuple[Path, ...]], None]


@dataclass(frozen=True, kw_only=True)
class _Address:
    """Where the first window listens, and the key without which it hears nobody."""

    schema: int = SCHEMA
    address: str
    key: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class _Files:
    """What a second start hands over: absolute paths, none if it was started without."""

    schema: int = SCHEMA
    files: tuple[str, ...] = ()


class FirstWindow:
    """The right to be the window that others hand their files to, until `close` or the end of the process."""

    def __init__(self, lock: ExitStack | None, address_file: Path | None) -> None:
        self._lock = lock
        self._address_file = address_file
        self._listener: Listener | None = None
        self._thread: threading.Thread | None = None
        self._key = b""
        self._closed = threading.Event()

    def listen(self, take: Take) -> None:
        """Hand the files of each later start to `take`, in a thread."""
        if self._address_file is None:
            return
        self._key = secrets.token_bytes(32)
        try:
            self._listener = listener = _listener(self._address_file.with_suffix(".sock"), self._key)
            _write_privately(self._address_file, _Address(address=str(listener.address), key=self._key.hex()))
        except OSError:  # no room for a socket: later starts open windows of their own
            return
        self._thread = threading.Thread(target=self._serve, args=(listener, take), name="later starts", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Let the next start be the first."""
        self._closed.set()
        listener, self._listener = self._listener, None
        if listener is not None:
            # Its thread waits for somebody, or has just ended and answers nobody: then closing ends the wait here.
            threading.Thread(target=_knock, args=(str(listener.address), self._key), daemon=True).start()
            if self._thread is not None:
                self._thread.join(CLOSE_S)
            listener.close()
        if self._address_file is not None:
            with suppress(OSError):
                self._address_file.unlink(missing_ok=True)
        if self._lock is not None:
            self._lock.close()

    def _serve(self, listener: Listener, take: Take) -> None:
        while not self._closed.is_set():
            try:
                with listener.accept() as connection:
                    if self._closed.is_set():
                        return
                    take(_files_of(connection.recv_bytes(MOST_BYTES)))
                    connection.send_bytes(TAKEN)
            except NO_CONVERSATION:
                self._closed.wait(RETRY_S)


def first_window(folder: Path | None, files: Sequence[Path], *, patience_s: float = PATIENCE_S) -> FirstWindow | None:
    """Return the right to open the window, None if the files were handed to the one that is open.

    Args:
        folder: the user's own folder for data; None where there is none, so that each start opens a window.
        files: what this start was given, may be none.
        patience_s: how long the window that is open may take to answer.
    """
    if folder is None:
        return FirstWindow(None, None)
    # a home folder may be shared by several computers
    name = re.sub(r"[^A-Za-z0-9.-]", "_", platform.node()) or "this-computer"
    lock_file, address_file = folder / f"window-{name}.lock", folder / f"window-{name}.json"
    deadline = time.monotonic() + patience_s
    while True:
        lock = ExitStack()
        try:
            lock.enter_context(locked(lock_file, folder))
            return FirstWindow(lock, address_file)
        except FolderInUseError:
            _let_it_come_to_the_front()
            left_s = deadline - time.monotonic()
            if left_s > 0 and _handed_over(address_file, files, left_s):
                return None
        except OutputError:
            return FirstWindow(None, None)
        if time.monotonic() >= deadline:
            return FirstWindow(None, None)
        time.sleep(RETRY_S)


if sys.platform == "win32":
    import ctypes

    ANY_PROCESS = -1
    """ASFW_ANY: a window may only come to the front if the process that the user has just started lets it
    (https://learn.microsoft.com/windows/win32/api/winuser/nf-winuser-allowsetforegroundwindow).
    """

    def _let_it_come_to_the_front() -> None:
        ctypes.windll.user32.AllowSetForegroundWindow(ANY_PROCESS)
else:

    def _let_it_come_to_the_front() -> None:
        """Do nothing: other systems leave that to the window."""


def _handed_over(address_file: Path, files: Sequence[Path], patience_s: float) -> bool:
    """Try to hand files over; return whether the other window has confirmed it in time."""
    confirmed = threading.Event()

    def hand_over() -> None:
        try:
            at = from_json(_Address, json.loads(address_file.read_bytes()), address_file.name)
            with Client(at.address, authkey=bytes.fromhex(at.key)) as connection:
                message = _Files(files=tuple(str(file.absolute()) for file in files))
                connection.send_bytes(json.dumps(to_json(message)).encode())
                if connection.recv_bytes(len(TAKEN)) == TAKEN:
                    confirmed.set()
        except NO_CONVERSATION:
            return  # not there yet, or no longer: whoever waits tries again

    # Connecting has no time limit of its own.
    attempt = threading.Thread(target=hand_over, name="handing over", daemon=True)
    attempt.start()
    attempt.join(patience_s)
    return confirmed.is_set()


def _listener(socket: Path, key: bytes) -> Listener:
    """Listen where only this user can be heard: at a socket that is not left behind by a process that was killed, since
    the next one takes its place. Raises OSError.
    """
    if sys.platform != "win32" and len(os.fsencode(socket)) <= LONGEST_SOCKET:
        with suppress(OSError):  # a disk that takes no sockets
            socket.unlink(missing_ok=True)
            listener = Listener(str(socket), family="AF_UNIX", authkey=key)
            socket.chmod(0o600)
            return listener
    return Listener(authkey=key)


def _knock(address: str, key: bytes) -> None:
    with suppress(*NO_CONVERSATION):
        Client(address, authkey=key).close()


def _files_of(message: bytes) -> tuple[Path, ...]:
    read = from_json(_Files, json.loads(message), "The message of a second start")
    return tuple(Path(file) for file in read.files)


def _write_privately(path: Path, address: _Address) -> None:
    """Write a file that only this user can read, whole or not at all."""
    part = path.with_suffix(".part")
    part.unlink(missing_ok=True)
    with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:  # noqa: PTH123
        file.write(json.dumps(to_json(address)))
    part.replace(path)
