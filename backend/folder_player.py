"""Plays folders of this computer in a browser: a server on loopback that is started when the first is asked for.

An address has a secret part, so that nobody else who works on the computer can read a folder, and no page of another
site can guess it. Only what is published of a folder is served.
"""

from __future__ import annotations

import secrets
import socket
import threading
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import quote

import uvicorn
from fastapi.responses import FileResponse, Response
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.routing import Route

from backend.routes.player_page import CAPTIONS_HEAD_BYTES, CAPTIONS_MARK, player_file, watch_page
from backend.server import listen, running_in_thread
from pipeline.errors import SettingsError
from pipeline.files import is_folder, is_there
from pipeline.media.stream_layout import CAPTIONS_VTT, CHAPTERS_JSON, MASTER, POSTER
from pipeline.published import published_names
from pipeline.transfer.http.content_types import content_type

HOST = "127.0.0.1"
STOP_S = 1
"""How long a file under way may take once the server is told to stop, in seconds."""

_HEADERS = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff"}
"""A folder may be made anew while its page is open; no other server is to learn the address."""


class _Played:
    """A folder that is played, and which of its files may be read."""

    def __init__(self, folder: Path, title: str) -> None:
        self.folder = folder
        self.title = title
        self._names: frozenset[str] = frozenset()

    def has(self, name: str) -> bool:
        """Whether a published file has this name; looked up anew where none has: the folder may have been made anew."""
        if name not in self._names:
            try:
                self._names = frozenset(published_names(self.folder))
            except OSError:  # the drive is away
                return False
        return name in self._names


class FolderPlayer:
    """Serves the folders that it was asked to play until it is closed. Thread-safe."""

    def __init__(self, port: int = 0) -> None:
        """Listen on a port once the first folder is asked for; 0 is any free one."""
        self._port = port
        self._lock = threading.Lock()
        self._stack = ExitStack()
        self._url = ""
        self._played: dict[str, _Played] = {}

    def play(self, folder: Path, title: str = "") -> str:
        """Return the address of a page that plays the stream in a folder.

        Raises SettingsError: there is no stream in it, or no server can be started.
        """
        check_stream(folder)
        folder = folder.resolve()
        title = title or folder.name
        with self._lock:
            if not self._url:
                self._url = self._start()
            same = (token for token, one in self._played.items() if (one.folder, one.title) == (folder, title))
            token = next(same, "") or secrets.token_urlsafe(16)
            self._played.setdefault(token, _Played(folder, title))
        return f"{self._url}/{token}/"

    def close(self) -> None:
        """Stop the server, if there is one."""
        with self._lock:
            self._stack.close()
            self._url = ""

    def _start(self) -> str:
        listener, url = listen(HOST, self._port, who="The player", remedy="choose another port")
        self._stack.enter_context(listener)
        ready = threading.Event()
        config = uvicorn.Config(
            self._app(),
            access_log=False,  # its lines would hold the secret parts
            log_config=None,
            log_level="warning",
            lifespan="off",
            ws="none",
            proxy_headers=False,
            timeout_graceful_shutdown=STOP_S,
        )
        self._stack.enter_context(running_in_thread(_Server(config, ready), listener, ready, name="folder-player"))
        return url

    def _app(self) -> Starlette:
        # Endpoints that are not coroutines run in threads: a folder may be on a network drive that is slow.
        return Starlette(
            routes=[
                Route("/{token}/", self._page),
                Route("/{token}/player/{name}", lambda request: player_file(request.path_params["name"])),
                Route("/{token}/stream/{path:path}", self._file),
            ]
        )

    def _find(self, request: Request) -> _Played:
        found = self._played.get(request.path_params["token"])
        if found is None:
            raise HTTPException(404)
        return found

    def _page(self, request: Request) -> Response:
        played, base = self._find(request), f"/{request.path_params['token']}"

        def address(name: str) -> str:
            return f"{base}/stream/{quote(name)}" if is_there(played.folder / name) else ""

        page = watch_page(
            base=base,
            name=played.title,
            source=f"{base}/stream/{MASTER}",
            captions=address(CAPTIONS_VTT) if _has_cues(played.folder / CAPTIONS_VTT) else "",
            chapters=address(CHAPTERS_JSON),
            poster=address(POSTER),
            lists=False,
        )
        page.headers.update(_HEADERS)
        return page

    def _file(self, request: Request) -> Response:
        played, name = self._find(request), request.path_params["path"]
        if not played.has(name) or not is_there(played.folder / name):
            raise HTTPException(404)
        return FileResponse(played.folder / name, media_type=content_type(name), headers=_HEADERS)


class _Server(uvicorn.Server):
    """Says when it answers."""

    def __init__(self, config: uvicorn.Config, ready: threading.Event) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready.set()


def _has_cues(captions: Path) -> bool:
    try:
        with captions.open("rb") as file:
            return CAPTIONS_MARK in file.read(CAPTIONS_HEAD_BYTES)
    except OSError:
        return False


def check_stream(folder: Path) -> None:
    """See that a folder has a stream. Raises SettingsError with a sentence."""
    if not is_there(folder):
        raise SettingsError(f"{folder} was not found: it was moved or deleted, or its drive is away.")
    if not is_folder(folder):
        raise SettingsError(f"{folder} is not a folder: name the folder of a converted video.")
    if not is_there(folder / MASTER):
        raise SettingsError(f"{folder} contains no {MASTER}: it is not a stream, or its media were deleted.")
