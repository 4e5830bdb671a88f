"""The question for a new token when a login has expired: asked by a thread of the upload, answered in the Tk thread.

Knows no Tk.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

from pipeline.cancel import CancelToken
from ui.messages import Message, TokenWanted


class TokenQuestion:
    """Lets threads wait until the editor has answered, or until their jobs are cancelled."""

    def __init__(self, post: Callable[[Message], None]) -> None:
        self._post = post
        self._lock = threading.Lock()
        self._waiting: list[queue.SimpleQueue[str | None]] = []

    def ask(self, cancel: CancelToken, *, of_folder: bool = False) -> str | None:
        """Return the new token, or None when the editor has none or the job is cancelled.

        `of_folder` says that a finished folder is uploaded, beside the jobs. Never called in the Tk thread.
        """
        # a queue for each who asks: an answer that comes too late answers no other
        answers: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        with self._lock:
            self._waiting.append(answers)
        self._post(TokenWanted(of_folder=of_folder))
        try:
            with cancel.on_cancel(lambda: answers.put(None)):
                return answers.get()
        finally:
            with self._lock:
                self._waiting = [one for one in self._waiting if one is not answers]

    def answer(self, token: str | None) -> None:
        """Hand over a token to all who wait, None for none; returns at once."""
        with self._lock:
            waiting, self._waiting = self._waiting, []
        for answers in waiting:
            answers.put(token)


class SharedToken:
    """Asks for a new token once, whatever the number of uploads that need it."""

    def __init__(self, question: TokenQuestion) -> None:
        self._question = question
        self._lock = threading.Lock()
        self._answers = 0
        self._token: str | None = None

    def asker(self) -> Callable[[CancelToken], str | None]:
        """Return what gets a new token for a video that begins now, None where the editor has none. A token that was
        given since for another video is one, too. Called in a thread of the upload.
        """
        known = self._answers

        def ask(cancel: CancelToken) -> str | None:
            nonlocal known
            before = self._answers
            with self._lock:
                nothing_new = self._answers == before and (before == known or self._token is None)
                if nothing_new and not cancel.cancelled:
                    self._token = self._question.ask(cancel)
                    self._answers += 1
                known = self._answers
                return self._token

        return ask
