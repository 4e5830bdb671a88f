"""Requests that come through a proxy: who asks and at which address, and the path below which the backend is served.

Knows nothing of what is asked for.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from functools import lru_cache
from urllib.parse import unquote, urlsplit

from starlette.types import ASGIApp, Receive, Scope, Send

OWN_PATHS = frozenset(
    {"api", "docs", "health", "live", "metrics", "objects", "openapi.json", "player", "ready", "s", "watch"}
)
"""With what the backend's own paths begin."""

_SCHEMES = ("http", "https")
_HOST = re.compile(r"(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")
_WITH_PORT = re.compile(r"\[(?P<v6>[^\]]*)\](?::[0-9]*)?|(?P<v4>[^:]*):[0-9]*")


class TrustedProxies:
    """Addresses of proxies, and networks of them, such as `10.0.0.0/8`. Raises ValueError for what is neither."""

    def __init__(self, named: Sequence[str]) -> None:
        self._networks = tuple(ipaddress.ip_network(name, strict=False) for name in named)
        self._has = lru_cache(maxsize=4096)(self._look)

    def __contains__(self, address: str) -> bool:
        return self._has(address)

    def _look(self, address: str) -> bool:
        try:
            found = ipaddress.ip_address(address.partition("%")[0])
        except ValueError:
            return False
        if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped:  # as a listener on :: tells IPv4 addresses
            found = found.ipv4_mapped
        return any(found.version == network.version and found in network for network in self._networks)

    def client(self, forwarded_for: str) -> str:
        """Return who asked: the last address of X-Forwarded-For that is no trusted proxy's, empty for none.

        Each proxy adds the address that it was asked from, and what stands before that anybody may have written.
        """
        addresses = [_without_port(item.strip()) for item in forwarded_for.split(",")]
        return next((address for address in reversed(addresses) if address not in self), addresses[0])


class ForwardedRequests:
    """An ASGI app in front of another, which sees a request as it was before it came through a trusted proxy.

    Args:
        app: the other one.
        trusted: whose X-Forwarded-For, X-Forwarded-Proto and X-Forwarded-Host count. Of several values the last does,
            which is what the proxy next to the backend says.
        path_in_front: what requests may have in front of the backend's own paths, or not, as a proxy passes addresses
            on unchanged or without it.
    """

    def __init__(self, app: ASGIApp, trusted: TrustedProxies, path_in_front: str = "") -> None:
        self._app = app
        self._trusted = trusted
        self._path = path_in_front

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; see ASGI."""
        if scope["type"] == "http":
            scope = dict(scope)
            client = scope.get("client")
            if client is not None and client[0] in self._trusted:
                self._take_over(scope)
            if self._path and scope["path"].startswith(f"{self._path}/"):
                scope["root_path"] = self._path
        await self._app(scope, receive, send)

    def _take_over(self, scope: Scope) -> None:
        headers: list[tuple[bytes, bytes]] = scope["headers"]
        address = self._trusted.client(_joined(headers, b"x-forwarded-for"))
        if address:
            scope["client"] = (address, 0)
        scheme = _last(headers, b"x-forwarded-proto").lower()
        if scheme in _SCHEMES:
            scope["scheme"] = scheme
        host = _last(headers, b"x-forwarded-host")
        if _HOST.fullmatch(host):
            others = [(name, value) for name, value in headers if name != b"host"]
            scope["headers"] = [(b"host", host.encode("latin-1")), *others]


def path_in_front(public_base_url: str, endpoints: Sequence[str]) -> str:
    """Return the path of the address where players reach the backend, as `ForwardedRequests` wants to be told it.

    It is empty where one of the backend's own paths begins in the same way, of which `endpoints` are those that the
    settings name: what such a proxy does not take off could not be told from a path of its own.
    """
    path = unquote(urlsplit(public_base_url).path).rstrip("/")
    own = OWN_PATHS | {_first(endpoint) for endpoint in endpoints}
    return "" if _first(path) in own else path


def _first(path: str) -> str:
    return path.lstrip("/").partition("/")[0]


def _joined(headers: Sequence[tuple[bytes, bytes]], wanted: bytes) -> str:
    return b",".join(value for name, value in headers if name == wanted).decode("latin-1")


def _last(headers: Sequence[tuple[bytes, bytes]], wanted: bytes) -> str:
    return _joined(headers, wanted).rpartition(",")[2].strip()


def _without_port(address: str) -> str:
    found = _WITH_PORT.fullmatch(address)
    return (found["v6"] or found["v4"] or "") if found else address
