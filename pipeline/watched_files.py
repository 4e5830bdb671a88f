"""Which of the videos in a folder are whole and new: a file counts when it has stayed the same for some seconds.

Knows neither how the folder is read nor what is done with the videos; the clock is the caller's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pipeline.codec import from_json, to_json
from pipeline.errors import CodecError

SCHEMA = 1

PAUSES_S = (60.0, 120.0, 300.0, 600.0, 1800.0)
"""After how many seconds a video is tried again whose backend was away; the last again and again."""


@dataclass(frozen=True, kw_only=True)
class FileStamp:
    """What tells that a file has changed: its size, and when it was changed last."""

    size_bytes: int
    mtime_ns: int


@dataclass(frozen=True, kw_only=True)
class Handled:
    """A video that was done: its state then, and what tells one job for it from another."""

    state: FileStamp
    job: str


@dataclass(frozen=True, kw_only=True)
class WatchMemory:
    """What a watched folder's videos were when they were done, by their paths: a start later does nothing twice."""

    videos: Mapping[str, Handled]


@dataclass(frozen=True, kw_only=True)
class _Seen:
    """A file as it was found, and since when it is so."""

    state: FileStamp
    since_s: float


class WatchedFiles:
    """The files of a watched folder from look to look; times are in seconds of any clock that only goes on."""

    def __init__(self, *, settle_s: float) -> None:
        self._settle_s = settle_s
        self._seen: dict[Path, _Seen] = {}
        self._begun: dict[Path, FileStamp] = {}
        self._again_s: dict[Path, float] = {}
        self._tries: dict[Path, int] = {}

    def look(self, found: Mapping[Path, FileStamp], now_s: float) -> list[Path]:
        """Return the files that may begin, in the order in which they were found.

        One is begun once as it is, also if it was away meanwhile with its drive; when it has changed, once more.
        """
        self._seen = {path: seen for path, seen in self._seen.items() if path in found}
        ready = []
        for path, state in found.items():
            seen = self._seen.get(path)
            if seen is None or seen.state != state:
                self._seen[path] = _Seen(state=state, since_s=now_s)
                continue
            settled = state.size_bytes > 0 and now_s - seen.since_s >= self._settle_s
            if settled and (self._begun.get(path) != state or self._again_s.get(path, now_s + 1) <= now_s):
                ready.append(path)
        return ready

    def is_new(self, path: Path, state: FileStamp) -> bool:
        """Whether a file was not there at the last look, or was another one."""
        seen = self._seen.get(path)
        return seen is None or seen.state != state

    def state_of(self, path: Path) -> FileStamp:
        """Return how a file was when it was last looked at."""
        return self._seen[path].state

    def begin(self, path: Path, state: FileStamp) -> None:
        """Note that a file is taken as it is."""
        if self._begun.get(path) != state:
            self._tries.pop(path, None)
        self._begun[path] = state
        self._again_s.pop(path, None)

    def try_again(self, path: Path, now_s: float) -> float:
        """Let a file begin once more after a pause, which grows from time to time; return it in seconds."""
        tries = self._tries.get(path, 0)
        pause_s = PAUSES_S[min(tries, len(PAUSES_S) - 1)]
        self._tries[path] = tries + 1
        self._again_s[path] = now_s + pause_s
        return pause_s

    @property
    def unsettled(self) -> list[Path]:
        """The files that have not been begun as they are."""
        return [path for path, seen in self._seen.items() if self._begun.get(path) != seen.state]


def memory_from_json(data: object) -> WatchMemory:
    """Return what was noted, nothing where it can't be read: the jobs find out themselves what is done."""
    if not isinstance(data, dict) or data.get("schema") != SCHEMA:
        return WatchMemory(videos={})
    try:
        return from_json(WatchMemory, {name: value for name, value in data.items() if name != "schema"}, "")
    except CodecError:
        return WatchMemory(videos={})


def memory_to_json(memory: WatchMemory) -> dict[str, object]:
    """Return it as what JSON can hold."""
    return {"schema": SCHEMA, **to_json(memory)}
