"""The question for a new token when a login has expired: asked by a thread of the upload, answered in the Tk thread.

Knows no Tk.
"""

from __future__ import annotations

import queue
from collections.abc import Callable

from pipeline.cancel import CancelToken
from ui.messages import Message, TokenWanted


class TokenQuestion:
    """Lets one thread wait until the editor has answered, or until the job is cancelled."""

    def __init__(self, post: Callable[[Message], None]) -> None:
        self._post = post
        self._waiting: queue.SimpleQueue[str | None] | None = None

    def ask(self, cancel: CancelToken) -> str | None:
        """Return the new token, or None when the editor has none or the job is cancelled.

        Never called in the Tk thread.
        """
        # one queue per question: an answer that comes too late answers no other
        answers: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._waiting = answers
        self._post(TokenWanted())
        with cancel.on_cancel(lambda: answers.put(None)):
            return answers.get()

    def answer(self, token: str | None) -> None:
        """Hand over a token, None for none; returns at once."""
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            waiting.put(token)
