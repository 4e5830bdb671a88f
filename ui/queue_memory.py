"""The videos that this computer's window has put into queues: they are found again when it is opened the next time.

What is kept is a file in the folder for data, without a secret: a queue goes by its host and database.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from pipeline.codec import from_json, to_json
from pipeline.errors import CodecError, OutputError
from pipeline.files import write_whole
from pipeline.model import PhaseName

FILE = "window-queue.json"
SCHEMA = 1


@dataclass(frozen=True, kw_only=True)
class QueuedVideo:
    """A video in a queue: the id of its job there, what it is called, and what is made of it, in the order of the rows
    that show it.
    """

    id: str
    title: str
    renditions: tuple[str, ...] = ()
    phases: tuple[PhaseName, ...] = ()


@dataclass(frozen=True, kw_only=True)
class _Kept:
    """The file: the videos of each queue by its place."""

    schema: int = SCHEMA
    queues: Mapping[str, tuple[QueuedVideo, ...]] = field(default_factory=dict)


class QueueMemory:
    """Reads and writes the file, in any thread. Without a folder nothing is remembered; a failure is no error."""

    def __init__(self, folder: Path | None) -> None:
        self._lock = threading.Lock()
        self._path = None if folder is None else folder / FILE

    def videos(self, place: str) -> tuple[QueuedVideo, ...]:
        """Return the videos in a queue, as far as is known here."""
        kept = self._read()
        return () if kept is None else kept.queues.get(place, ())

    def add(self, place: str, video: QueuedVideo) -> None:
        """Remember one."""
        self._replace(place, video.id, (video,))

    def remove(self, place: str, id_: str) -> None:
        """Forget one: it has ended."""
        self._replace(place, id_, ())

    def _replace(self, place: str, id_: str, by: tuple[QueuedVideo, ...]) -> None:
        with self._lock:
            kept = self._read()
            if self._path is None or kept is None:
                return
            videos = tuple(one for one in kept.queues.get(place, ()) if one.id != id_) + by
            queues = {name: found for name, found in {**kept.queues, place: videos}.items() if found}
            try:
                self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                write_whole(self._path, json.dumps(to_json(replace(kept, queues=queues)), indent=1).encode())
            except (OSError, OutputError):
                return  # `cluster list` shows it all the same

    def _read(self) -> _Kept | None:
        """Return what is kept, None where a newer version has written it."""
        if self._path is None:
            return None
        try:
            stored = json.loads(self._path.read_text(encoding="utf-8"))
            if isinstance(stored, dict) and type(stored.get("schema")) is int and stored["schema"] > SCHEMA:
                return None
            return from_json(_Kept, stored, FILE)
        except (OSError, ValueError, RecursionError, CodecError):
            return _Kept()
