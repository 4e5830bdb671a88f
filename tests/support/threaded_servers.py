"""Runs a real server of a test in a thread."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from socketserver import BaseServer
from typing import TypeVar

S = TypeVar("S", bound=BaseServer)


@contextmanager
def serving(server: S) -> Iterator[S]:
    """Serve while the block runs; leaves no thread and no socket behind."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, name=type(server).__name__)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
