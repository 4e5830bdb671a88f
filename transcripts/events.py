"""What a document tells those who listen."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from transcripts.changes import ChangeSummary, RowKey


class EventKind(Enum):
    """What happened to a document."""

    EDITED = "edited"
    SAVED = "saved"
    SAVE_FAILED = "save failed"


@dataclass(frozen=True, kw_only=True)
class DocumentEvent:
    """Something that happened: `rows` are those that an edit concerned, `problem` says why a save failed."""

    kind: EventKind
    changes: ChangeSummary
    rows: tuple[RowKey, ...] = ()
    problem: str = ""


EventCallback = Callable[[DocumentEvent], None]


class Listeners:
    """Who wants to be told. Safe from every thread; a listener is called on the thread that caused the event."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: list[EventCallback] = []

    def add(self, listener: EventCallback) -> Callable[[], None]:
        """Tell a listener of all events to come; return what ends that."""
        with self._lock:
            self._listeners.append(listener)

        def end() -> None:
            with self._lock:
                if listener in self._listeners:
                    self._listeners.remove(listener)

        return end

    def tell(self, event: DocumentEvent) -> None:
        """Tell all of them."""
        with self._lock:
            listeners = tuple(self._listeners)
        for listener in listeners:
            listener(event)
