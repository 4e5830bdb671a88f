"""The pools of one thread's connections, as urllib3 keeps them: one for each server, straight or through a proxy.

Opening and closing is left to whoever keeps the sockets. Knows nothing of requests and answers.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote

import truststore
from urllib3 import PoolManager, ProxyManager, make_headers
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.util import parse_url

from pipeline.transfer.http.pace import Pace
from pipeline.transfer.http.paced import HeadWithBody
from pipeline.transfer.http.server_route import SOCKS, ServerRoute

_SERVERS = 4
"""For so many servers a thread keeps its connection: it sends one request at a time, to the backend or to the store."""

PoolClasses = dict[str, type[HTTPConnectionPool]]


class SocketRegistry(Protocol):
    """Who opens connections, and knows those that are open."""

    pace: Pace

    def open(self, owner: HTTPConnection) -> socket.socket:
        """Connect for `owner`."""
        ...

    def open_socks(self, owner: HTTPConnection, server: tuple[str, int], options: Mapping[str, Any]) -> socket.socket:
        """Connect for `owner` through a SOCKS proxy."""
        ...

    def forget(self, owner: HTTPConnection) -> None:
        """Drop a connection that is being closed."""
        ...


class Pools:
    """The pools of one thread. `owners` are the connections that are open."""

    def __init__(self, registry: SocketRegistry) -> None:
        self.owners: set[HTTPConnection] = set()
        self._registry = registry
        self._managers: dict[str, PoolManager] = {}
        # One for each thread: truststore lets one handshake at a time through each.
        self._trust: ssl.SSLContext | None = None

    def pool(self, url: str, way: ServerRoute) -> HTTPConnectionPool:
        """Return the pool for the server of an address. Raises what urllib3 raises for one that is none."""
        if way.proxy_url not in self._managers:
            self._managers[way.proxy_url] = self._manager(way.proxy_url)
        server = parse_url(url)
        scheme = server.scheme or ""
        kwargs = self._trusted(way.certificates_path) if scheme == "https" else None
        return self._managers[way.proxy_url].connection_from_host(server.host, server.port, scheme, kwargs)

    def close(self) -> None:
        """Close all that is open."""
        for manager in self._managers.values():
            manager.clear()
        # urllib3 closes what is left when its pool is collected, and an exception's traceback may keep that for long.
        for owner in list(self.owners):
            owner.close()

    def _manager(self, proxy: str) -> PoolManager:
        if not proxy:
            manager = PoolManager(num_pools=_SERVERS, maxsize=1)
        else:
            auth = parse_url(proxy).auth or ""
            name, _, password = auth.partition(":")
            if proxy.startswith(SOCKS):
                from urllib3.contrib.socks import SOCKSProxyManager

                login = (unquote(name), unquote(password)) if auth else (None, None)
                manager = SOCKSProxyManager(proxy, login[0], login[1], _SERVERS, maxsize=1)
                manager.pool_classes_by_scheme = _socks_classes(self._registry, self.owners)
                return manager
            headers = make_headers(proxy_basic_auth=f"{unquote(name)}:{unquote(password)}") if auth else None
            manager = ProxyManager(proxy, proxy_headers=headers, num_pools=_SERVERS, maxsize=1)
        manager.pool_classes_by_scheme = _pool_classes(self._registry, self.owners)
        return manager

    def _trusted(self, path: str) -> dict[str, Any]:
        """Return whose certificates are trusted: what the system trusts, where no setting names a file or a folder."""
        if path:
            return {"cert_reqs": "CERT_REQUIRED", "ca_cert_dir" if Path(path).is_dir() else "ca_certs": path}
        if self._trust is None:
            self._trust = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        return {"cert_reqs": "CERT_REQUIRED", "ssl_context": self._trust}


class _RegisteredConnection(HeadWithBody):
    """A connection that its keeper knows as long as it is open."""

    registry: SocketRegistry
    owners: set[HTTPConnection]

    def _new_conn(self) -> socket.socket:
        self.owners.add(self)
        return self.registry.open(self)

    def close(self) -> None:
        self.owners.discard(self)
        self.registry.forget(self)
        super().close()


def _pool_classes(known: SocketRegistry, open_now: set[HTTPConnection]) -> PoolClasses:
    class Plain(_RegisteredConnection):
        registry, owners, pace = known, open_now, known.pace

    class Tls(_RegisteredConnection, HTTPSConnection):
        registry, owners, pace = known, open_now, known.pace

    return _classes(Plain, Tls)


def _socks_classes(known: SocketRegistry, open_now: set[HTTPConnection]) -> PoolClasses:
    from urllib3.contrib.socks import SOCKSConnection

    class Plain(_RegisteredConnection, SOCKSConnection):
        registry, owners, pace = known, open_now, known.pace

        def _new_conn(self) -> socket.socket:
            self.owners.add(self)
            return known.open_socks(self, (self.host, self.port), self._socks_options)

    class Tls(Plain, HTTPSConnection):
        """The same with TLS to the server."""

    return _classes(Plain, Tls)


def _classes(plain: type[HTTPConnection], tls: type[HTTPSConnection]) -> PoolClasses:
    class PlainPool(HTTPConnectionPool):
        ConnectionCls = plain

    class TlsPool(HTTPSConnectionPool):
        ConnectionCls = tls

    return {"http": PlainPool, "https": TlsPool}
