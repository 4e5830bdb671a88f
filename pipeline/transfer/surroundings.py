"""What this computer's settings say of the way to a server: which proxy, whose certificates. Knows `requests`, and nothing of uploads."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.utils import select_proxy

from config import certificate_setting
from pipeline.transfer.exchange import NoAnswerError, Silence
from pipeline.transfer.redaction import place_of
from pipeline.transfer.validation import is_host, is_loopback

NO_PROXY = {"http": "", "https": "", "all": ""}
SOCKS = ("socks4", "socks4a", "socks5", "socks5h")
PROXY_SCHEMES = ("http", "https", *SOCKS)

_PROXY_MARKS = ("Proxy-Status", "Proxy-Authenticate", "X-Squid-Error")
"""Headers that only a proxy's own answers have (RFC 9209, RFC 9110 11.7.1, Squid)."""


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """How one server is reached. `options` are what requests is told with every request to it; `proxy` is the proxy's place, or empty.

    `tunnelled` says that the proxy passes on what it can't read, so that every answer but a refused tunnel is the server's own.
    `certificates` says which setting names certificates, and where.
    """

    options: dict[str, Any] = field(repr=False)
    proxy: str = ""
    tunnelled: bool = True
    certificates: str = ""

    def refusal(self, response: requests.Response) -> Silence | None:
        """Return why the proxy refuses, where an answer is the proxy's and not the server's."""
        if not self.proxy or self.tunnelled:
            return None
        if response.status_code == requests.codes.proxy_authentication_required:
            return Silence.PROXY_LOGIN
        marked = any(mark in response.headers for mark in _PROXY_MARKS)
        page = response.headers.get("Content-Type", "").lower().startswith("text/html")
        if response.status_code == requests.codes.forbidden and (marked or page):
            return Silence.PROXY_DENIED
        return Silence.PROXY_FAILED if marked and response.status_code in TUNNEL_FAILED else None


TUNNEL_FAILED = (500, 502, 503, 504)
"""What proxies answer when they can't reach a server."""


def surroundings_of(session: requests.Session, url: str) -> Surroundings:
    """Read what the settings say of a server. Raises NoAnswerError for a setting that can't be used."""
    chosen = dict(NO_PROXY) if _on_this_machine(url) else {}
    options: dict[str, Any] = dict(session.merge_environment_settings(url, chosen, None, True, None))
    proxy = select_proxy(url, options["proxies"]) or ""
    if proxy:
        proxy = _proxy_address(proxy)
        options["proxies"] = {"http": proxy, "https": proxy}
    # There is no certificate without TLS, and requests would look for the file with each request.
    name, path = certificate_setting() if url.startswith("https:") else ("", "")
    certificates = f"{name} names {path}" if name else ""
    if name and not Path(path).exists():
        raise NoAnswerError(Silence.CERTIFICATES_MISSING, f"{name} names what is missing", about=certificates)
    options["verify"] = path or True
    tunnelled = url.startswith("https:") or proxy.startswith(SOCKS)
    return Surroundings(options=options, proxy=place_of(proxy) if proxy else "", tunnelled=tunnelled, certificates=certificates)


def _proxy_address(proxy: str) -> str:
    """Return a proxy's address as requests takes it. Desktops write `socks://` for SOCKS5 (psf/requests#3523)."""
    address = proxy if "://" in proxy else f"http://{proxy}"
    if address.lower().startswith("socks://"):
        address = f"socks5h{address[len('socks') :]}"
    try:
        parts = urlsplit(address)
        usable = parts.scheme in PROXY_SCHEMES and is_host(parts.hostname or "") and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise NoAnswerError(Silence.PROXY_ADDRESS, "the setting of the proxy is no address", about=place_of(address))
    return address


def _on_this_machine(url: str) -> bool:
    try:
        return is_loopback(urlsplit(url).hostname or "")
    except ValueError:
        return False
