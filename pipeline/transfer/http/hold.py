"""A pause that a server asks for with 429: every thread's requests to that server keep it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from http import HTTPStatus

from pipeline.cancel import CancelToken
from pipeline.transfer.http.exchange import ANSWER, Body, BodyLimit, Http, Response
from pipeline.transfer.http.redaction import origin_of


class Hold:
    """Until when each server wants to be left alone. Safe from every thread."""

    def __init__(self, cancel: CancelToken, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._cancel = cancel
        self._clock = clock
        self._lock = threading.Lock()
        self._until: dict[str, float] = {}

    def begin(self, origin: str, seconds: float) -> None:
        """Let nothing through to a server for so long; a longer pause that goes on already stays."""
        with self._lock:
            self._until[origin] = max(self._until.get(origin, 0.0), self._clock() + seconds)

    def wait(self, origin: str) -> None:
        """Return when requests to a server may go. Raises Cancelled."""
        waited_until = 0.0
        while (until := self._until.get(origin, 0.0)) > max(waited_until, self._clock()):
            self._cancel.wait(until - self._clock())
            waited_until = until


class HeldHttp:
    """An `Http` that keeps the pauses that servers ask for."""

    def __init__(self, http: Http, hold: Hold) -> None:
        self._http = http
        self._hold = hold

    def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: bytes | Body,
        read_timeout_s: float,
        limit: BodyLimit = ANSWER,
    ) -> Response:
        """Return the answer as `Http` says it. Raises NoResponseError, Cancelled, or what `body` raises."""
        origin = origin_of(url)
        self._hold.wait(origin)
        response = self._http.send(method, url, headers=headers, body=body, read_timeout_s=read_timeout_s, limit=limit)
        if response.status == HTTPStatus.TOO_MANY_REQUESTS and response.retry_after_s:
            self._hold.begin(origin, response.retry_after_s)
        return response
