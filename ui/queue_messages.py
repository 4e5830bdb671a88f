"""The messages about videos in a queue that the window's threads send to it. Data only."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.events import Event
from ui.queue_memory import QueuedVideo


@dataclass(frozen=True, kw_only=True)
class PuttingIn:
    """The video is being sent to the backend if other machines can't read it, and added to the queue."""


@dataclass(frozen=True, kw_only=True)
class VideoQueued:
    """A video is in the queue; `found` says that it was added before this window was opened."""

    video: QueuedVideo
    found: bool = False


@dataclass(frozen=True, kw_only=True)
class QueueTold:
    """An event that a machine has reported about a video in the queue."""

    id: str
    title: str
    machine: str
    event: Event


@dataclass(frozen=True, kw_only=True)
class VideoStanding:
    """The state of a video in the queue: which machine has it, or why none does (`why_not`). If another machine is to
    transcribe it, `hears_not` says why none does.
    """

    id: str
    machine: str = ""
    why_not: str = ""
    hears_not: str = ""


@dataclass(frozen=True, kw_only=True)
class QueueStanding:
    """The states of the videos in the queue."""

    videos: tuple[VideoStanding, ...]


@dataclass(frozen=True, kw_only=True)
class QueueChosen:
    """The editor selected this video in the list: its bars are to be shown."""

    id: str


@dataclass(frozen=True, kw_only=True)
class QueueCancelled:
    """Cancel was pressed for a video in the queue."""

    id: str
    title: str


QueueMessage = VideoQueued | QueueTold | QueueStanding | QueueChosen | QueueCancelled
"""Every message that changes what is shown of the queue."""
