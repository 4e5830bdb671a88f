"""The HTTP of the conformance check: asks the backend with the token, the store without it. Judges nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree

import requests

from config import BackendApi
from pipeline.transfer.http.redaction import origin_of
from pipeline.transfer.http.validation import is_loopback

_TIMEOUT_S = (10.0, 60.0)
MOST_BYTES = 16 << 20
"""The program reads no more of an answer, nor does the check."""

_BLOCK_BYTES = 1 << 18
_NO_PROXY = {"http": "", "https": "", "all": ""}
_REASONS: tuple[tuple[type[Exception], str], ...] = (
    (requests.exceptions.SSLError, "there is no TLS, or its certificate is not trusted here"),
    (requests.exceptions.ProxyError, "the proxy of this computer does not lead there"),
    (requests.exceptions.ConnectTimeout, f"nothing there takes a connection within {_TIMEOUT_S[0]:g} s"),
    (requests.exceptions.ReadTimeout, f"nothing comes for {_TIMEOUT_S[1]:g} s"),
    (requests.exceptions.TooManyRedirects, "one redirect leads to the next"),
    (requests.exceptions.ConnectionError, "there is no such host, nothing listens there, or it hung up"),
    (requests.exceptions.ChunkedEncodingError, "it hung up in the middle"),
    (requests.exceptions.ContentDecodingError, "the body is not packed as its head says"),
    (ValueError, "it is no address that can be asked"),
)
"""What an administrator is told of an error: the first that it is."""


class UnansweredError(Exception):
    """No answer came; the text says why."""


@dataclass(frozen=True, kw_only=True)
class ServerResponse:
    """What a server said."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def fields(self) -> dict[str, Any]:
        """Return the body as a JSON object, empty where it is none."""
        try:
            said = json.loads(self.body)
        except ValueError:
            return {}
        return said if isinstance(said, dict) else {}

    def store_code(self) -> str:
        """Return the code of a store's refusal in XML, empty where there is none."""
        try:
            return ElementTree.fromstring(self.body).findtext("Code") or ""  # expat refuses entity bombs
        except ElementTree.ParseError:
            return ""


@contextmanager
def open_client(api: BackendApi) -> Iterator[CheckClient]:
    """Give a visitor whose connections are closed at the end."""
    with requests.Session() as session:
        yield CheckClient(api, session)


class CheckClient:
    """Asks one backend and the store that it leads to."""

    def __init__(self, api: BackendApi, session: requests.Session) -> None:
        self.api = api
        self._session = session

    def ask(
        self,
        method: str,
        path: str,
        *,
        content: Mapping[str, Any] | None = None,
        query: Mapping[str, str] | None = None,
        token: str | None = "",
    ) -> ServerResponse:
        """Ask the backend. `token` replaces the right one, None sends none. Raises UnansweredError."""
        headers = {} if token is None else {"Authorization": f"Bearer {token or self.api.token}"}
        if content is not None:
            headers["Content-Type"] = "application/json"
        body = b"" if content is None else json.dumps(content).encode()
        return self._send(method, self.api.full_url(path), headers, body, query)

    def put(self, url: str, body: bytes, given: Mapping[str, str] | None = None, **headers: str) -> ServerResponse:
        """Send to the store; underscores in the headers' names stand for hyphens. Raises UnansweredError.

        `given` are headers that came with the URL; they count where both have one.
        """
        own = {name.replace("_", "-"): value for name, value in headers.items()}
        theirs = dict(given or {})
        names = {name.lower() for name in theirs}
        return self._send(
            "PUT", url, {**theirs, **{n: v for n, v in own.items() if n.lower() not in names}}, body, None
        )

    def get(
        self, url: str, headers: Mapping[str, str] | None = None, *, most_bytes: int = MOST_BYTES
    ) -> ServerResponse:
        """Fetch from the store as a player does, which follows redirects.

        Raises UnansweredError, also for more than `most_bytes`.
        """
        return self._send("GET", url, headers or {}, b"", None, most_bytes)

    def _send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes,
        query: Mapping[str, str] | None,
        most_bytes: int = MOST_BYTES,
    ) -> ServerResponse:
        try:
            loopback = is_loopback(urlsplit(url).hostname or "")
            response = self._session.request(
                method,
                url,
                params=query,
                data=body,
                headers=dict(headers),
                auth=_as_it_is,
                timeout=_TIMEOUT_S,
                allow_redirects=method == "GET" and query is None and "Authorization" not in headers,
                proxies=_NO_PROXY if loopback else None,
                stream=True,
            )
            with response:
                content = bytearray()
                for block in response.iter_content(_BLOCK_BYTES):
                    content += block
                    if len(content) > most_bytes:
                        raise UnansweredError(f"{origin_of(url)} answers with more than {most_bytes >> 20} MB")
        except (requests.RequestException, ValueError) as error:
            # without its cause: a traceback would show that one too, and in its text the signed URL
            raise UnansweredError(f"{origin_of(url)} did not answer ({_why(error)})") from None
        return ServerResponse(status=response.status_code, headers=response.headers, body=bytes(content))


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Stand in for authentication, so that a .netrc on the machine can't replace the token or add one for the store."""
    return request


def _why(error: Exception) -> str:
    return next((words for kind, words in _REASONS if isinstance(error, kind)), type(error).__name__)
