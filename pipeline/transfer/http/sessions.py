"""Opens connections for as long as a block runs. Apart from `connections`: urllib3 takes a tenth of a second to import,
which the window's start must not wait for.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pipeline.cancel import CancelToken

if TYPE_CHECKING:
    from pipeline.transfer.http.connections import Connections
    from pipeline.transfer.http.exchange import Http


@contextmanager
def open_connections(cancel: CancelToken) -> Iterator[Connections]:
    """Yield what makes sessions for several threads; cancelling ends what they wait for."""
    from pipeline.transfer.http.connections import Connections

    connections = Connections(cancel)
    with connections.interruptible():
        yield connections


@contextmanager
def open_session(cancel: CancelToken) -> Iterator[Http]:
    """Yield a session for this thread; cancelling ends what it waits for."""
    with open_connections(cancel) as connections, connections.session() as http:
        yield http
