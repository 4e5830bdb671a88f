"""Opens the history, has it read, and hands on what is told of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import ttkbootstrap as ttk

from config import Config
from pipeline.cancel import CancelToken
from ui.folder_actions import FolderActions
from ui.folder_jobs import FolderJobs
from ui.folder_messages import FolderMessage, FolderTold, HistoryRead
from ui.folder_services import FolderServices
from ui.messages import Message
from ui.worker import ask

if TYPE_CHECKING:
    from ui.history.window import HistoryWindow

FIRST = 200
"""How many are read at first: the older ones follow when these are shown."""


class HistoryOpener:
    """The window of the history, which is there once or not at all; what was begun in it goes on without it."""

    def __init__(
        self,
        master: ttk.App,
        services: FolderServices,
        actions: FolderActions,
        config: Callable[[], Config],
        ask_token: Callable[[CancelToken], str | None],
        post: Callable[[Message], None],
    ) -> None:
        """`config` and `ask_token` are as in `FolderJobs`."""
        self.window: HistoryWindow | None = None
        self._master = master
        self._services = services
        self._actions = actions
        self._config = config
        self._post = post
        self._jobs = FolderJobs(services, config, ask_token, post)
        self._told: FolderTold | None = None

    @property
    def busy(self) -> bool:
        """Whether something is being done with a folder."""
        return self._jobs.busy

    def open(self) -> None:
        """Open the window, or bring the one that is open to the front, and read what has ended by now."""
        if self.window is None:
            from ui.history.window import HistoryWindow  # when first wanted: the main window opens sooner

            self.window = HistoryWindow(self._master, self._actions, self._jobs, self._closed)
            if self._told is not None and self._told.running:
                self.window.receive(self._told)
        self.window.window.deiconify()
        self.window.window.lift()
        self._read()

    def receive(self, message: FolderMessage) -> None:
        """Show what was read, or how far something is."""
        if isinstance(message, FolderTold):
            self._told = message
            if not message.running and self.window is not None:
                self._read()
        if self.window is not None:
            self.window.receive(message)

    def ask_before_closing(self, then: Callable[[], None]) -> None:
        """Ask, because the program is to be closed while something is being done; `then` closes it."""
        self.open()
        if self.window is not None:
            self.window.ask_before_closing(then)

    def _read(self) -> None:
        config = self._config()

        def read() -> Message:
            first = self._services.history(config, FIRST)
            if len(first) < FIRST:
                return HistoryRead(entries=first)
            self._post(HistoryRead(entries=first, whole=False))
            return HistoryRead(entries=self._services.history(config, None))

        ask("history", read, lambda text: HistoryRead(entries=(), problem=text), self._post)

    def _closed(self) -> None:
        self.window = None
