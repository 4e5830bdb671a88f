"""Looks for a newer version when the window opens, at the address that the user has set. Knows no Tk."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from config import Config
from pipeline.events import LogLevel
from ui.file_manager import open_in_browser
from ui.messages import BannerAnswer, LogEntry, Message
from ui.preferences import ProgramSettings
from ui.update_messages import UpdateFound
from ui.worker import ask

if TYPE_CHECKING:
    from pipeline.update_notice import UpdateNotice  # with the HTTP client

ANSWERS = (BannerAnswer.SHOW_NOTES, BannerAnswer.HIDE_UPDATE)


def update_address(config: Config, settings: ProgramSettings) -> str:
    """Return the address that is asked, empty for none: that of `.env`, else the one of the settings."""
    return config.update_url or settings.update_address


def look(config: Config, settings: ProgramSettings, post: Callable[[Message], None]) -> None:
    """Look in a thread, and not at all without an address; a failure is a line in the log."""
    address = update_address(config, settings)

    def found() -> Message:
        from pipeline.update_notice import look_for_update

        return UpdateFound(notice=look_for_update(address, config.data_dir))

    if address:
        ask("updates", found, _failed, post)


def answer(answer: BannerAnswer, notice: UpdateNotice | None, post: Callable[[Message], None]) -> None:
    """Show what is new in the browser if that was wanted; the notice has been seen."""

    def shown() -> Message:
        if answer is BannerAnswer.SHOW_NOTES and notice is not None:
            open_in_browser(notice.notes)
        return UpdateFound(notice=None)

    ask("notes", shown, _failed, post)


def _failed(text: str) -> Message:
    return LogEntry(text=text, level=LogLevel.WARNING)
