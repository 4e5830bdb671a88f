"""The pages for people: the list of streams and a player for each.

The player itself is in `player_page.py`.
"""

from __future__ import annotations

import asyncio
import hashlib
from contextlib import suppress
from html import escape
from urllib.parse import quote, urlsplit

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from backend.access.stream_rules import StreamRules
from backend.routes.addresses import OBJECTS
from backend.routes.player_page import (
    CAPTIONS_HEAD_BYTES,
    CAPTIONS_MARK,
    filled_page,
    home_link,
    player_file,
    watch_page,
)
from backend.routes.stream_list import FoundStream, StreamList
from backend.settings import BackendSettings
from pipeline.transfer.manifests.manifest_text import understood
from pipeline.transfer.manifests.placement import version_folder_in
from storage import InvalidPathError, ObjectNotFoundError, StorageBackend, StoragePathBuilder

_NOTHING_HERE = "Nothing here yet: upload a video and reload this page."
_NOTHING_THERE = "No stream was found in this part of the storage."

MAX_MASTER_BYTES = 1 << 20
"""How much of a master playlist is looked at."""

MAX_MANIFEST_BYTES = 16 << 20
"""The largest manifest that is read to find what belongs to a replaced stream: some 30,000 files."""

MANIFESTS_AT_ONCE = 2
"""How many of them are read at once: each takes several times its size in memory."""


class PageRoutes:
    """The pages and their files. Nothing here needs the token."""

    def __init__(self, settings: BackendSettings, storage: StorageBackend, rules: StreamRules) -> None:
        self._storage = storage
        self._rules = rules
        self._streams = StreamList(storage, shown=rules.is_public, looked_into=rules.has_public)
        self._lists = settings.stream_list
        self._embedding = settings.embed_origins
        self._public_place = settings.delivery.public_place
        self._reading_manifests = asyncio.Semaphore(MANIFESTS_AT_ONCE)
        # Behind a proxy that serves the backend below a path, links need that path in front.
        self._base = urlsplit(settings.public_base_url).path.rstrip("/")

    def router(self) -> APIRouter:
        """Return the routes."""
        router = APIRouter()
        for path, page in (("/", self.streams), ("/watch/{prefix:path}", self.watch), ("/player/{name}", self.asset)):
            router.add_api_route(path, page, methods=["GET"], include_in_schema=False)
        return router

    async def streams(self, after: str = "") -> Response:
        """List the public streams with a link to the player of each, page by page, unless the settings forbid it."""
        if not self._lists:
            raise HTTPException(404)
        page = await self._streams.page(after)
        cards = "\n".join([await self._card(stream) for stream in page.streams])
        ways = [f'<a href="{escape(self._base)}/">First page</a>'] if after else []
        if page.next is not None:
            ways.append(f'<a href="{escape(self._base)}/?after={quote(page.next, safe="")}">More streams</a>')
        nothing = _NOTHING_HERE if page.next is None and not after else _NOTHING_THERE
        return filled_page(
            "streams.html",
            base=self._base,
            streams=cards or f'<p class="quiet">{nothing}</p>',
            more=f'<nav class="more">{" ".join(ways)}</nav>' if ways else "",
        )

    async def watch(self, request: Request, prefix: str) -> Response:
        """Play the stream whose master playlist is `<prefix>master.m3u8`, if everybody may watch it."""
        return await self.player(prefix) if self._rules.is_public(f"{prefix.rstrip('/')}/") else self.missing(prefix)

    def missing(self, prefix: str) -> Response:
        """Return the page that says that there is no such stream."""
        title = f"No stream named {_name(prefix)} is stored here."
        return filled_page(
            "missing.html", base=self._base, status=404, title=title, home=home_link(self._base) if self._lists else ""
        )

    def expired(self, prefix: str) -> Response:
        """Return the page that says that the address of a stream has ended."""
        title = f"This address of {_name(prefix)} has expired. Ask whoever gave it to you for a new one."
        return filled_page("missing.html", base=self._base, status=403, title=title, home="", embedding=self._embedding)

    async def player(self, prefix: str, below: str = OBJECTS) -> Response:
        """Return the page that plays a stream whose files are found below a path."""
        try:
            paths = StoragePathBuilder(prefix)
        except InvalidPathError:
            return self.missing(prefix)
        if not await self._storage.exists(paths.master):
            return self.missing(paths.prefix)
        captions, chapters, poster = await self._beside(paths)
        place = self._place(below)
        spoken = captions and CAPTIONS_MARK in await self._storage.load(captions, max_bytes=CAPTIONS_HEAD_BYTES)
        return watch_page(
            base=self._base,
            name=_name(paths.prefix),
            source=place + quote(paths.master),
            captions=place + quote(captions) if spoken else "",
            chapters=place + quote(chapters) if chapters else "",
            poster=place + quote(poster) if poster else "",
            lists=self._lists and below == OBJECTS,
            embedding=self._embedding,
        )

    async def asset(self, name: str) -> Response:
        """Give one of the player's own files."""
        return player_file(name)

    async def _beside(self, paths: StoragePathBuilder) -> tuple[str, str, str]:
        """Return captions, chapters and poster of the stream that is played now, empty where it has none.

        They lie at the prefix, or in the folder of the stream where an earlier version of the program left them; what
        the manifest of the stream doesn't name was left by another one.
        """
        master = await self._load_master(paths)
        version_folder = version_folder_in(master)
        inside = StoragePathBuilder(paths.prefix + version_folder)
        named = await self._named(paths, master) if version_folder else None
        found = []
        for ways in (
            (inside.captions, paths.captions),
            (inside.chapters, paths.chapters),
            (inside.poster, paths.poster),
        ):
            there = [key for key in ways if (named is None or key in named) and await self._storage.exists(key)]
            found.append(there[0] if there else "")
        return found[0], found[1], found[2]

    async def _named(self, paths: StoragePathBuilder, master: bytes) -> set[str] | None:
        """Return the keys in the manifest of the stream with this master; None where there is no such manifest."""
        if not await self._storage.exists(paths.manifest):
            return None
        async with self._reading_manifests:
            text = await self._storage.load(paths.manifest, max_bytes=MAX_MANIFEST_BYTES + 1)
            manifest = None if len(text) > MAX_MANIFEST_BYTES else await asyncio.to_thread(understood, text)
        md5 = hashlib.md5(master, usedforsecurity=False).hexdigest()
        keys = {} if manifest is None else {file.s3_key: file.md5_hash for file in manifest.files}
        return set(keys) if keys.get(paths.master) == md5 else None

    async def _load_master(self, paths: StoragePathBuilder) -> bytes:
        return await self._storage.load(paths.master, max_bytes=MAX_MASTER_BYTES)

    def _place(self, below: str) -> str:
        """Return what stands in front of the keys of objects in a page: a path, or where a CDN has the public ones."""
        place = self._public_place if below == OBJECTS else below
        return self._base + place if place.startswith("/") else place

    def _object(self, key: str) -> str:
        return self._place(OBJECTS) + quote(key)

    async def _card(self, stream: FoundStream) -> str:
        poster = StoragePathBuilder(stream.prefix).poster if stream.has_poster else ""
        if stream.versioned and (older := await self._poster_in_version(stream.prefix)):
            poster = older
        picture = f'<img src="{escape(self._object(poster))}" alt="">' if poster else '<span class="picture"></span>'
        link = escape(f"{self._base}/watch/{quote(stream.prefix)}")
        return (
            f'<a class="card" href="{link}">{picture}<strong>{escape(_name(stream.prefix))}</strong>'
            f"<small>{escape(stream.prefix)}</small></a>"
        )

    async def _poster_in_version(self, prefix: str) -> str:
        """Return the poster in the folder of the stream that is played, where an earlier program left it;
        empty for none.
        """
        with suppress(ObjectNotFoundError):
            version_folder = version_folder_in(await self._load_master(StoragePathBuilder(prefix)))
            poster = StoragePathBuilder(prefix + version_folder).poster
            if version_folder and await self._storage.exists(poster):
                return poster
        return ""


def _name(prefix: str) -> str:
    return prefix.rstrip("/").rpartition("/")[2] or "Stream"
