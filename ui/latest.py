"""Which messages of a portion are out of date when they arrive. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.events import PhaseProgress
from ui.list_messages import VideoTold
from ui.messages import Message
from ui.queue_messages import QueueTold


def without_superseded(messages: Sequence[Message]) -> list[Message]:
    """Return the messages in their order, of the progress of each phase of a job only the last: it is absolute."""
    newer: set[tuple[object, ...]] = set()
    kept: list[Message] = []
    for message in reversed(messages):
        event = message.event if isinstance(message, VideoTold | QueueTold) else message
        if isinstance(event, PhaseProgress):
            row = message.id if isinstance(message, VideoTold | QueueTold) else ""
            key = (type(message), row, event.job, event.phase)
            if key in newer:
                continue
            newer.add(key)
        kept.append(message)
    kept.reverse()
    return kept
