"""An answer's body, read no further than its reader asked for: a server may send more than the memory holds, packed or
not.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from http import HTTPStatus

from pipeline.transfer.http.exchange import BodyLimit, NoResponseError, NoResponseReason

MOST_REFUSAL_BYTES = 1 << 16
"""What is read of an answer that says why not: a code and a sentence stand at its beginning."""


def most_bytes(status: int, limit: BodyLimit, announced_bytes: int = 0) -> int:
    """Return how much of a body is read; `announced_bytes` is what the server says that it has.

    Raises NoResponseError for one that is too large to be of use.
    """
    most = MOST_REFUSAL_BYTES if status >= HTTPStatus.BAD_REQUEST else limit.most_bytes
    if announced_bytes > most and not _may_be_cut(status, limit):
        raise _too_large(announced_bytes)
    return most


def read_body(read: Callable[[], bytes], status: int, limit: BodyLimit) -> tuple[bytes, bool]:
    """Read a body block by block; return it, and whether that is all of it.

    `read` returns the next block, decoded, b"" at the end. Raises NoResponseError for one that is too large to be of
    use, and what `read` raises.
    """
    most, body = most_bytes(status, limit), io.BytesIO()  # which does not hold a large body twice, as joining would
    while block := read():
        if body.tell() + len(block) > most:
            if not _may_be_cut(status, limit):
                raise _too_large(body.tell() + len(block))
            body.write(block[: most - body.tell()])
            return body.getvalue(), False
        body.write(block)
    return body.getvalue(), True


def _may_be_cut(status: int, limit: BodyLimit) -> bool:
    return limit.cut or status >= HTTPStatus.BAD_REQUEST


def _too_large(size_bytes: int) -> NoResponseError:
    return NoResponseError(NoResponseReason.TOO_LARGE, f"an answer of {size_bytes} bytes or more was not read")
