"""The thread that speaks with the keychain, which may wait for somebody to unlock it: one thing after another,
never in the Tk thread.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass

from ui import keychain
from ui.keychain import KeptLogin
from ui.messages import KeychainTold, LoginFound, Message

logger = logging.getLogger(__name__)

FOR_THIS_SESSION = "The token is kept only until this window is closed."
NO_KEYCHAIN = f"This computer has no keychain that can be used. {FOR_THIS_SESSION}"
NOT_KEPT = f"The keychain of this computer did not take the token. {FOR_THIS_SESSION}"
NOT_READ = (
    "The keychain of this computer could not be opened: "
    "type the token, or unlock the keychain and open this window again."
)
NOT_REMOVED = f"The token could not be removed: remove the entry {keychain.SERVICE} in the keychain of this computer."


@dataclass(frozen=True, kw_only=True)
class _Task:
    """What to do, and what to say when it fails. `changes` says that it must not be lost when the window is closed."""

    do: Callable[[], Message]
    failed: str
    changes: bool


class LoginMemory:
    """Remembers a login and forgets it, in the order of the calls. `backend` is the id of a named backend; empty is the
    login that was typed.

    Each call returns at once; what came of it goes through `post`, a failure once for several in a row.
    """

    def __init__(self, post: Callable[[Message], None]) -> None:
        self._post = post
        self._tasks: queue.SimpleQueue[_Task] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._open = 0
        self._thread: threading.Thread | None = None
        self._trouble = ""
        self._kept: dict[str, KeptLogin | None] = {}

    @property
    def busy(self) -> bool:
        """Whether a login is still to be remembered or removed; nobody has to wait for one that is only looked for."""
        with self._lock:
            return self._open > 0

    def load(self, backend: str = "") -> None:
        """Find out what is remembered."""
        self._later(_Task(do=lambda: self._load(backend), failed=NOT_READ, changes=False))

    def save(self, login: KeptLogin, backend: str = "") -> None:
        """Remember a login in place of any other."""
        self._later(_Task(do=lambda: self._save(login, backend), failed=NOT_KEPT, changes=True))

    def forget(self, backend: str = "") -> None:
        """Remove what is remembered."""
        self._later(_Task(do=lambda: self._forget(backend), failed=NOT_REMOVED, changes=True))

    def _later(self, task: _Task) -> None:
        with self._lock:
            self._open += task.changes
        self._tasks.put(task)
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="keychain", daemon=True)
            self._thread.start()

    def _work(self) -> None:
        while True:
            task = self._tasks.get()
            try:
                self._post(task.do())
                self._trouble = ""
            except Exception as error:  # noqa: BLE001  # the thread's outermost frame; keychains have their own errors
                self._tell(error, NO_KEYCHAIN if keychain.is_missing(error) else task.failed)
            finally:
                with self._lock:
                    self._open -= task.changes

    def _tell(self, error: Exception, trouble: str) -> None:
        """Say what failed, unless that was the last that was said: Start and its check both store the login."""
        if trouble == self._trouble:
            return
        self._trouble = trouble
        # its name alone: nobody knows what a keychain writes into an error
        logger.warning("the keychain failed: %s", type(error).__name__)
        self._post(KeychainTold(text=trouble))

    def _load(self, backend: str) -> Message:
        kept = self._kept[backend] = keychain.load(backend)
        return LoginFound(login=kept, backend=backend) if kept is not None else KeychainTold()

    def _save(self, login: KeptLogin, backend: str) -> Message:
        if login != self._kept.get(backend):
            self._kept[backend] = None
            keychain.save(login, backend)
            self._kept[backend] = login
        return KeychainTold()

    def _forget(self, backend: str) -> Message:
        self._kept[backend] = None
        keychain.forget(backend)
        return KeychainTold()
