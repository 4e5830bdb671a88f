"""Looks for damage in the source that is in the form, in the background. Knows no Tk."""

from __future__ import annotations

import threading
from collections.abc import Callable

from config import Config
from pipeline.cancel import CancelToken
from pipeline.errors import Cancelled
from pipeline.events import JobFinished, LogLevel
from pipeline.media_info import MediaInfo
from pipeline.model import Outcome
from pipeline.preflight_answers import Refused
from pipeline.priority import work_in_background
from pipeline.source_address import is_address
from ui.damage_messages import DamageFound, DamageSearching
from ui.messages import JobStarted, LogEntry, Message, SourceChosen, SourceFound, StartCancelled
from ui.services import Services
from ui.view_state import ViewState
from ui.worker import ask


class DamageSearch:
    """One search at a time. Every method is called in the Tk thread and returns at once."""

    def __init__(self, services: Services, post: Callable[[Message], None]) -> None:
        self._services = services
        self._post = post
        self._cancel = CancelToken()
        self._text = ""
        self._thread: threading.Thread | None = None
        self._closed = False

    def took(self, message: Message, state: ViewState, config: Config) -> None:
        """Begin or end a search, as a message asks for that has led to a state.

        The source that is to be converted next is looked through, unless that was done already. It lies on this
        computer: one elsewhere would have to be fetched for that. A job that begins finds all damage itself.
        """
        source = state.source
        if isinstance(message, SourceChosen | JobStarted):
            self._cancel.cancel()
        elif isinstance(message, SourceFound | Refused | StartCancelled | JobFinished):
            done = isinstance(message, JobFinished) and message.report.outcome is Outcome.DONE
            wanted = state.start_enabled and source.searched is None and not done
            if wanted and source.media is not None and not is_address(source.path_text):
                self._begin(source.path_text, source.media, config)

    def close(self) -> None:
        """End the search for good: the window closes."""
        self._closed = True
        self._cancel.cancel()

    def _begin(self, text: str, media: MediaInfo, config: Config) -> None:
        """Look through a source, giving way to other programs; a search of it that is on its way goes on."""
        runs = self._thread is not None and self._thread.is_alive() and not self._cancel.cancelled
        if self._closed or (runs and text == self._text):
            return
        self._cancel.cancel()
        cancel = self._cancel = CancelToken()
        self._text = text
        work_in_background(True)
        not_known = DamageFound(text=text, damage=None)

        def searched() -> Message:
            try:
                return DamageFound(text=text, damage=self._services.find_damage(media, config, cancel))
            except Cancelled:
                return not_known

        def failed(reason: str) -> Message:
            self._post(LogEntry(text=reason, level=LogLevel.WARNING))
            return not_known

        self._post(DamageSearching(text=text))
        self._thread = ask("damage", searched, failed, self._post)
