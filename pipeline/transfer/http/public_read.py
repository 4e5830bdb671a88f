"""Reads what anybody can read at an address, as the store has it now, and not as a cache on the way remembers it."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from pipeline.cancel import CancelToken
from pipeline.transfer.http.exchange import ANSWER, BodyLimit, NoResponseError, Response
from pipeline.transfer.http.redaction import origin_of
from pipeline.transfer.http.refusal import Refusal, Server, refused
from pipeline.transfer.http.retry import after_upload, call_with_retries, is_refused_for_good
from pipeline.transfer.http.server_responses import store_refusal

if TYPE_CHECKING:
    from pipeline.transfer.http.exchange import Http

READ_S = 10.0
_THERE = (HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT)


def read_public(
    http: Http,
    url: str,
    *,
    first_bytes: int | None = None,
    signed: bool = False,
    most_bytes: int = ANSWER.most_bytes,
    delays: Sequence[float],
    cancel: CancelToken,
    note: Callable[[str], None],
) -> Response:
    """Return the answer to a GET of an address; what may pass is tried again after each of the delays (seconds).

    `first_bytes` asks for no more than the beginning, else `most_bytes` is how much there may be; `signed` tells of an
    address that was made for this request, which no cache has seen. Raises RefusedError where a server may answer
    another time, or there was no answer, and Cancelled.
    """
    limit = BodyLimit(most_bytes=first_bytes or most_bytes, cut=first_bytes is not None)
    return call_with_retries(
        lambda: _get(http, url, limit) if signed else _past_caches(http, url, limit),
        decide=after_upload,
        delays=delays,
        cancel=cancel,
        note=note,
    )


def _past_caches(http: Http, url: str, limit: BodyLimit) -> Response:
    """Ask with a query that no cache has seen: many pass over Cache-Control in a request (RFC 9111, 5.2.1),
    but what they remember, 404 too, is by address (2).

    A query of the address may be signed, and then takes no addition; some servers refuse one they don't know.
    """
    parts = urlsplit(url)
    mark = f"fresh={secrets.token_hex(8)}"
    unseen = urlunsplit(parts._replace(query=f"{parts.query}&{mark}" if parts.query else mark))
    response = _get(http, unseen, limit)
    if response.status in _THERE or (response.status == HTTPStatus.NOT_FOUND and not parts.query):
        return response
    return _get(http, url, limit)


def _get(http: Http, url: str, limit: BodyLimit) -> Response:
    headers = {"Cache-Control": "no-cache", "Accept-Encoding": "identity"}
    if limit.cut:
        headers["Range"] = f"bytes=0-{limit.most_bytes - 1}"
    origin = origin_of(url)
    try:
        response = http.send("GET", url, headers=headers, body=b"", read_timeout_s=READ_S, limit=limit)
    except NoResponseError as error:
        raise refused(
            Refusal(server=Server.STORE, origin=origin, no_response=error.reason, about=error.about)
        ) from error
    refusal = store_refusal(response, origin)
    if response.status >= HTTPStatus.BAD_REQUEST and not is_refused_for_good(refusal):
        raise refused(refusal)
    return response
