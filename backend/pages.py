"""The pages for people: the list of streams and a player for each. The player's files lie in `player/`."""

from __future__ import annotations

from html import escape
from pathlib import Path
from string import Template
from urllib.parse import quote, urlsplit

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, Response
from starlette.exceptions import HTTPException

from backend.settings import BackendSettings
from pipeline.workspace import MASTER
from storage import InvalidPathError, StorageBackend, check_path

CAPTIONS = "subtitles.vtt"
POSTER = "poster.jpg"

_FOLDER = Path(__file__).parent / "player"
_ASSETS = {"hls.min.js": "text/javascript", "watch.js": "text/javascript", "style.css": "text/css"}


class PageRoutes:
    """The pages, their files and the health check. Nothing here needs the token."""

    def __init__(self, settings: BackendSettings, storage: StorageBackend) -> None:
        self._storage = storage
        # Behind a proxy that serves the backend below a path, links need that path in front.
        self._base = urlsplit(settings.public_base_url).path.rstrip("/")

    def router(self) -> APIRouter:
        """Return the routes."""
        router = APIRouter()
        router.add_api_route("/", self.streams, methods=["GET"])
        router.add_api_route("/watch/{prefix:path}", self.watch, methods=["GET"])
        router.add_api_route("/player/{name}", self.asset, methods=["GET"])
        router.add_api_route("/health", self.health, methods=["GET"])
        return router

    async def streams(self) -> Response:
        """List every stored stream with a link to its player."""
        stored = set(await self._storage.list_files())
        prefixes = sorted(path.removesuffix(MASTER) for path in stored if path == MASTER or path.endswith(f"/{MASTER}"))
        cards = "\n".join(self._card(prefix, with_poster=prefix + POSTER in stored) for prefix in prefixes)
        return self._page("streams.html", streams=cards or '<p class="quiet">Nothing here yet: upload a video and reload this page.</p>')

    async def watch(self, request: Request, prefix: str) -> Response:
        """Play the stream whose master playlist is `<prefix>master.m3u8`."""
        if prefix and not prefix.endswith("/"):
            prefix += "/"
        if not await self._stored(prefix + MASTER):
            return self._page("missing.html", status=404, name=_name(prefix))
        captions, poster = prefix + CAPTIONS, prefix + POSTER
        spoken = await self._stored(captions) and b"-->" in await self._storage.load(captions)  # without speech the file has no cues
        return self._page(
            "watch.html",
            name=_name(prefix),
            source=self._object(prefix + MASTER),
            captions=self._object(captions) if spoken else "",
            poster=f'poster="{escape(self._object(poster))}"' if await self._stored(poster) else "",
        )

    async def asset(self, name: str) -> Response:
        """Give one of the player's own files."""
        if name not in _ASSETS:
            raise HTTPException(404)
        return FileResponse(_FOLDER / name, media_type=_ASSETS[name], headers={"Cache-Control": "no-cache"})

    async def health(self) -> Response:
        """Say that the server is there."""
        return JSONResponse({"status": "ok"})

    async def _stored(self, path: str) -> bool:
        try:
            check_path(path)
            return await self._storage.exists(path)
        except InvalidPathError:
            return False

    def _object(self, key: str) -> str:
        return f"{self._base}/objects/{quote(key)}"

    def _card(self, prefix: str, *, with_poster: bool) -> str:
        picture = f'<img src="{escape(self._object(prefix + POSTER))}" alt="">' if with_poster else '<span class="picture"></span>'
        link = escape(f"{self._base}/watch/{quote(prefix)}")
        return f'<a class="card" href="{link}">{picture}<strong>{escape(_name(prefix))}</strong><small>{escape(prefix)}</small></a>'

    def _page(self, file: str, *, status: int = 200, **values: str) -> Response:
        """Fill in a page. Values are escaped, but for those that are markup already."""
        markup = ("streams", "poster")
        filled = {name: value if name in markup else escape(value) for name, value in values.items()}
        text = Template((_FOLDER / file).read_text(encoding="utf-8")).substitute(base=escape(self._base), **filled)
        return HTMLResponse(text, status_code=status, headers={"X-Content-Type-Options": "nosniff"})


def _name(prefix: str) -> str:
    return prefix.rstrip("/").rpartition("/")[2] or "Stream"
