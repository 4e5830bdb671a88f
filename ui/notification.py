"""Notifications on the desktop, for whoever works in another window: a job has ended, or waits for an answer.

Where the desktop shows none, nothing happens. Knows no Tk.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from pipeline.events import JobFinished
from pipeline.model import Outcome
from ui.language import shown
from ui.list_messages import ListEnded, VideoAsks, VideoTold
from ui.messages import Message, TokenWanted
from ui.taskbar.title import PROGRAM

if TYPE_CHECKING:
    from desktop_notifier.sync import DesktopNotifierSync

logger = logging.getLogger(__name__)

_one_at_a_time = threading.Lock()


@dataclass(frozen=True, kw_only=True)
class Notification:
    """A title and a sentence. Names of files belong in the title: some desktops read the text as markup."""

    title: str
    text: str


def notification_of(message: Message) -> Notification | None:
    """Return what is to be told of a message, None for most. A job that was cancelled was cancelled by the editor."""
    if isinstance(message, TokenWanted):
        return Notification(title="The upload waits for a new token", text=f"{PROGRAM} asks for it in its window.")
    if isinstance(message, VideoAsks):
        name = message.name
        return Notification(title=f"{name} needs an answer", text=f"{PROGRAM} asks in its window; other videos go on.")
    if isinstance(message, ListEnded):
        left = "Some videos were not started: the list says why."
        text = left if message.passed_over else "No video waits any more."
        return None if message.stopped else Notification(title="The list is done", text=text)
    if isinstance(message, VideoTold) and isinstance(message.event, JobFinished):
        told = notification_of(message.event)
        return told if message.event.report.outcome is Outcome.FAILED else None
    if not isinstance(message, JobFinished):
        return None
    report = message.report
    if report.outcome is Outcome.FAILED:
        return Notification(title=f"{report.source.name} failed", text=f"The window of {PROGRAM} says why.")
    if report.outcome is Outcome.DONE:
        text = "The window has a warning." if report.warnings else "All of it is finished."
        return Notification(title=f"{report.source.name} is done", text=text)
    return None


def tell_desktop(message: Message, *, unless: Callable[[], bool]) -> None:
    """Show the notification of a message, if it has one and the editor does not look at the window; returns at once."""
    notification = notification_of(message)
    if notification is not None and not unless():
        show(notification)


def show(notification: Notification) -> threading.Thread:
    """Show a notification; returns at once, the thread ends when the desktop has it."""
    thread = threading.Thread(target=_show, args=(notification,), name="notification", daemon=True)
    thread.start()
    return thread


def _show(notification: Notification) -> None:
    try:
        with _one_at_a_time:
            _notifier().send(shown(notification.title), shown(notification.text))
    except Exception as error:  # noqa: BLE001  # each desktop fails in its own way, and nothing depends on it
        logger.info("no notification was shown: %s", error)


@cache
def _notifier() -> DesktopNotifierSync:
    """Return the connection to the desktop, which is kept: it is never closed by the library."""
    from desktop_notifier.sync import DesktopNotifierSync  # takes a tenth of a second

    logging.getLogger("desktop_notifier").setLevel(logging.CRITICAL)  # a desktop without notifications is no mistake
    return DesktopNotifierSync(app_name=PROGRAM, app_icon=None)
