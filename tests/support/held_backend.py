"""A reference backend that takes some files and keeps all others waiting: an upload is in the middle of its work for as
long as the test needs, however fast or slow the machine is.
"""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from backend import server
from backend.server import RunningBackend
from backend.settings import BackendSettings
from config import Config

LOOK_S = 0.02
TOKEN = "a-token-for-uploads-in-the-middle"


class HeldBackend(RunningBackend):
    """A backend that answers requests, but for all PUTs after the first ones."""

    def __init__(self, url: str, settings: BackendSettings, released: threading.Event) -> None:
        super().__init__(url, settings)
        self._released = released

    def release(self) -> None:
        """Answer from now on."""
        self._released.set()


@contextmanager
def held_backend(root: Path, *, passes: int, token: str = TOKEN, port: int = 0) -> Iterator[HeldBackend]:
    """Serve while the block runs; so many PUTs are answered before it is released."""
    released, puts, create_app = threading.Event(), itertools.count(), server.create_app

    def create_held(*arguments):
        app = create_app(*arguments)

        async def held(scope, receive, send):
            if scope["type"] == "http" and scope["method"] == "PUT" and next(puts) >= passes:
                while not released.is_set():
                    await asyncio.sleep(LOOK_S)
            await app(scope, receive, send)

        return held

    settings = BackendSettings.from_config(Config(), root=root, token=token)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(server, "create_app", create_held)
        with server.serve_in_thread(settings, port=port) as running:
            yield HeldBackend(running.url, settings, released)
