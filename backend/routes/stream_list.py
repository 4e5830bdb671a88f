"""Finds the streams of a storage, a page at a time and for a bounded time, whatever else is stored there.

Reads the folders' names, not the streams' segments.
"""

from __future__ import annotations

import re
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass

from pipeline.media.stream_layout import MASTER, POSTER
from storage import LAST, FolderPage, InvalidPathError, StorageBackend

STREAMS_A_PAGE = 48
LOOK_S = 2.0
"""After how many seconds a page ends with what was found by then; each page gets on by one folder at least."""

_TOP = " "
"""Where a list goes on behind the stream at the top of the storage: before everything with a name."""

_VERSION = re.compile(r"v[0-9]{1,9}")
_QUALITY = re.compile(r"[0-9]{1,4}p")
_OF_A_STREAM = re.compile(r"[0-9]{1,4}p|audio|subtitles|v[0-9]{1,9}")
"""Folders of a stream, in which no other one is looked for."""


@dataclass(frozen=True, kw_only=True)
class FoundStream:
    """A stream's destination, and whether it has folders of versions and a poster there."""

    prefix: str
    versioned: bool
    has_poster: bool


@dataclass(frozen=True, kw_only=True)
class StreamPage:
    """Streams by their destinations; `next` is what to ask for the following page with, None on the last one."""

    streams: tuple[FoundStream, ...]
    next: str | None


@dataclass(frozen=True, kw_only=True)
class _Step:
    """All that sorts up to `position` has been looked at, and this stream was found there."""

    position: str
    stream: FoundStream | None = None


class StreamList:
    """The streams of one storage, of which `shown` says by its prefix whether it may be listed."""

    def __init__(
        self,
        storage: StorageBackend,
        *,
        shown: Callable[[str], bool] = lambda prefix: True,
        looked_into: Callable[[str], bool] = lambda folder: True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._storage = storage
        self._shown = shown
        self._looked_into = looked_into
        self._clock = clock

    async def page(self, after: str = "") -> StreamPage:
        """Return the streams behind `after`, which is what the page before had as `next`. Raises StorageError."""
        ends_at = self._clock() + LOOK_S
        found: list[FoundStream] = []
        async with aclosing(self._look(after)) as steps:
            async for step in steps:
                if step.position <= after:  # on the way to where the page before has ended
                    continue
                if step.stream is not None and self._shown(step.stream.prefix):
                    found.append(step.stream)
                # The address of the following page has this position in it, and must name nothing that is not shown.
                # Folders that hold nothing to be shown take no time.
                late = self._clock() > ends_at and self._shown(step.position)
                if len(found) == STREAMS_A_PAGE or late:
                    return StreamPage(streams=tuple(found), next=step.position)
        return StreamPage(streams=tuple(found), next=None)

    async def _look(self, after: str) -> AsyncGenerator[_Step, None]:
        # A folder comes before what is in it, and its folders in the order of their paths with a slash: so a position
        # tells which folders were looked at, also in the middle of one. A stack, because folders may be 500 deep.
        begun = [await self._begin("", after)]
        if begun[0].stream is not None:
            yield _Step(position=_TOP, stream=begun[0].stream)
        while begun:
            one = begun[-1]
            name = next(one.names, None)
            if name is not None and not self._is_looked_into(one, name):
                yield _Step(position=f"{one.folder}{name}/{LAST}")
            elif name is not None:
                begun.append(await self._begin(f"{one.folder}{name}/", after))
                if (stream := begun[-1].stream) is not None:
                    yield _Step(position=stream.prefix, stream=stream)
            elif one.next is not None:
                yield _Step(position=one.folder + one.next)
                one.turn_to(await self._storage.list_folder(one.folder, after=one.next))
            else:
                begun.pop()
                yield _Step(position=one.folder + LAST)

    def _is_looked_into(self, one: _Folder, name: str) -> bool:
        return not one.passed_over.fullmatch(name) and self._looked_into(f"{one.folder}{name}/")

    async def _begin(self, folder: str, after: str) -> _Folder:
        """Look at a folder, from its beginning or from where `after` is in it."""
        behind = after[len(folder) :] if after.startswith(folder) else ""
        page = await self._storage.list_folder(folder, after=behind)
        is_whole = not behind and page.next is None
        has_stream = await self._has(MASTER, folder, page, is_whole)
        stream = None
        if has_stream and (folder > after or folder == after == ""):
            versioned = any(map(_VERSION.fullmatch, page.folders))
            has_poster = await self._has(POSTER, folder, page, is_whole)
            stream = FoundStream(prefix=folder, versioned=versioned, has_poster=has_poster)
        return _Folder(folder, page, passed_over=_OF_A_STREAM if has_stream else _QUALITY, stream=stream)

    async def _has(self, name: str, folder: str, page: FolderPage, is_whole: bool) -> bool:
        if is_whole or name in page.objects:
            return name in page.objects
        try:
            return await self._storage.exists(folder + name)
        except InvalidPathError:  # longer than a path may be
            return False


class _Folder:
    """A folder that is being looked through, and the stream in it that was not listed before."""

    def __init__(
        self, folder: str, page: FolderPage, *, passed_over: re.Pattern[str], stream: FoundStream | None
    ) -> None:
        self.folder = folder
        self.passed_over = passed_over
        self.stream = stream
        self.turn_to(page)

    def turn_to(self, page: FolderPage) -> None:
        """Go on with a page of what lies directly in it."""
        self.names = iter(page.folders)
        self.next = page.next
