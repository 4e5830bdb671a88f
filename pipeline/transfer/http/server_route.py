"""How a server is reached by this computer's settings: which proxy, which certificates.

Knows nothing of uploads.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import getproxies

from urllib3 import BaseHTTPResponse

from config import certificate_setting
from pipeline.files import is_there
from pipeline.transfer.http.exchange import NoResponseError, NoResponseReason
from pipeline.transfer.http.redaction import origin_of
from pipeline.transfer.http.validation import is_host, is_loopback

SOCKS = ("socks4", "socks4a", "socks5", "socks5h")
PROXY_SCHEMES = ("http", "https", *SOCKS)

_PROXY_MARKS = ("Proxy-Status", "Proxy-Authenticate", "X-Squid-Error")
"""Headers that only a proxy's own answers have (RFC 9209, RFC 9110 11.7.1, Squid)."""


@dataclass(frozen=True, kw_only=True)
class ServerRoute:
    """How one server is reached.

    `proxy_url` is the proxy's address with its password, or empty; `proxy` is its origin, or empty.

    `tunnelled` says that there is none, or that it passes on what it can't read, so that every answer but a refused
    tunnel is the server's own. `certificates` says which setting names certificates, and where; `certificates_path` is
    empty for those of the system.
    """

    proxy_url: str = field(default="", repr=False)
    proxy: str = ""
    tunnelled: bool = True
    certificates: str = ""
    certificates_path: str = ""

    def refusal(self, response: BaseHTTPResponse) -> NoResponseReason | None:
        """Return why the proxy refuses, where an answer is the proxy's and not the server's."""
        if not self.proxy or self.tunnelled:
            return None
        if response.status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
            return NoResponseReason.PROXY_LOGIN
        marked = any(mark in response.headers for mark in _PROXY_MARKS)
        page = response.headers.get("Content-Type", "").lower().startswith("text/html")
        if response.status == HTTPStatus.FORBIDDEN and (marked or page):
            return NoResponseReason.PROXY_DENIED
        return NoResponseReason.PROXY_FAILED if marked and response.status in TUNNEL_FAILED else None


TUNNEL_FAILED = (500, 502, 503, 504)
"""What proxies answer when they can't reach a server."""


def route_to(url: str) -> ServerRoute:
    """Read what the settings say of a server. Raises NoResponseError for a setting that can't be used."""
    proxy = _proxy_for(url)
    # There is no certificate without TLS.
    name, path = certificate_setting() if url.startswith("https:") else ("", "")
    certificates = f"{name} names {path}" if name else ""
    if name and not is_there(Path(path)):
        raise NoResponseError(
            NoResponseReason.CERTIFICATES_MISSING, f"{name} names what is missing", about=certificates
        )
    tunnelled = not proxy or url.startswith("https:") or proxy.startswith(SOCKS)
    return ServerRoute(
        proxy_url=proxy,
        proxy=origin_of(proxy) if proxy else "",
        tunnelled=tunnelled,
        certificates=certificates,
        certificates_path=path,
    )


def _proxy_for(url: str) -> str:
    """Return the address of the proxy for a server, empty for none."""
    if _on_this_machine(url) or not getproxies():
        return ""
    # it knows all forms of NO_PROXY, and takes a tenth of a second to import
    from requests.utils import get_environ_proxies, select_proxy

    found = select_proxy(url, get_environ_proxies(url))
    return _proxy_address(found) if found else ""


def _proxy_address(proxy: str) -> str:
    """Return a proxy's address as urllib3 takes it. Desktops write `socks://` for SOCKS5 (psf/requests#3523)."""
    address = proxy if "://" in proxy else f"http://{proxy}"
    if address.lower().startswith("socks://"):
        address = f"socks5h{address[len('socks') :]}"
    try:
        parts = urlsplit(address)
        usable = parts.scheme in PROXY_SCHEMES and is_host(parts.hostname or "") and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise NoResponseError(
            NoResponseReason.PROXY_ADDRESS, "the proxy setting is not an address", about=origin_of(address)
        )
    return address


def _on_this_machine(url: str) -> bool:
    try:
        return is_loopback(urlsplit(url).hostname or "")
    except ValueError:
        return False
