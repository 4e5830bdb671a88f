"""Looks for damage in the source that is in the form, in the background. Knows no Tk."""

from __future__ import annotations

from collections.abc import Callable

from config import Config
from pipeline.cancel import CancelToken
from pipeline.errors import Cancelled
from pipeline.events import LogLevel
from pipeline.priority import work_in_background
from ui.messages import DamageFound, LogEntry, Message, SourceFound
from ui.services import Services
from ui.worker import ask


class DamageSearch:
    """One search at a time. Every method is called in the Tk thread and returns at once."""

    def __init__(self, services: Services, post: Callable[[Message], None]) -> None:
        self._services = services
        self._post = post
        self._cancel = CancelToken()

    def begin(self, source: SourceFound, config: Config) -> None:
        """Look through a source, giving way to other programs; what is found is posted."""
        self.cancel()
        cancel = self._cancel = CancelToken()
        work_in_background(True)

        def searched() -> Message:
            try:
                damage = self._services.find_damage(source.media, config, cancel)
            except Cancelled:
                damage = None
            return DamageFound(text=source.text, damage=damage)

        ask("damage", searched, lambda text: LogEntry(text=text, level=LogLevel.WARNING), self._post)

    def cancel(self) -> None:
        """End the search, if there is one."""
        self._cancel.cancel()
