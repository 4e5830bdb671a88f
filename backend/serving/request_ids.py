"""The id of a request: in its answer's header and in the log, so that an uploader's log and the backend's agree."""

from __future__ import annotations

import re
import uuid

HEADER = b"x-request-id"

_FORMS = re.compile(rb"[0-9a-f]{32}|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
"""What a proxy makes: nginx's $request_id, or a UUID (RFC 9562). Nothing else comes into the log."""


def request_id(given: bytes | None) -> str:
    """Return the id that came with a request where it has a usual form, else a new one."""
    if given is not None and _FORMS.fullmatch(given):
        return given.decode("ascii")
    return uuid.uuid4().hex
