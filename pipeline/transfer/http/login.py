"""The token of an upload, which may expire in the middle:
one place that every request reads it from and asks for a new one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from pipeline.cancel import CancelToken
from pipeline.transfer.http.control import LOOK_S

AskToken = Callable[[], str | None]
"""Returns a new token, or None when nobody has one. Called in a thread of the upload, one call at a time; may take as
long as an editor needs, and returns None when the job is cancelled meanwhile."""


class Login:
    """The token now in use. `tokens` holds every one that was, so that none is ever written down."""

    def __init__(self, token: str, ask: AskToken | None = None) -> None:
        self.tokens = [token]
        self._ask = ask
        self._lock = threading.Lock()
        self._nobody_has_one = False

    @property
    def generation(self) -> int:
        """Which token is in use, as a number that may be kept and shown."""
        return len(self.tokens)

    @property
    def can_ask(self) -> bool:
        """Whether somebody may have a new token."""
        return self._ask is not None and not self._nobody_has_one

    def current(self) -> tuple[str, int]:
        """Return the token to send, and its generation."""
        tokens = list(self.tokens)
        return tokens[-1], len(tokens)

    def renew(self, refused: int, cancel: CancelToken) -> bool:
        """Get a token in place of the one of a generation that was refused; False when nobody has one.

        Raises Cancelled.

        Whoever comes while another thread asks waits for that answer.
        """
        while not self._lock.acquire(timeout=LOOK_S):
            cancel.check()
        try:
            if self.generation != refused:
                return True
            if not self.can_ask or self._ask is None:
                return False
            cancel.check()
            token = (self._ask() or "").strip()
            cancel.check()
            self._nobody_has_one = not token
            if token:
                self.tokens.append(token)
            return bool(token)
        finally:
            self._lock.release()
