"""Signed URLs: who holds one may do one thing with one key until it expires. Knows nothing of requests."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from enum import Enum
from urllib.parse import urlencode

PRIVATE = ".backend"
"""The hidden folder in the storage's root for what is the backend's own.

The storage refuses paths that begin with a dot.
"""


class SignatureCheck(Enum):
    """What a signature is worth."""

    GOOD = "good"
    WRONG = "wrong"
    EXPIRED = "expired"


class HmacUrlSigner:
    """Signs and checks with HMAC-SHA256 over method, key, Content-Type and the query's own fields.

    The query has `expires` in seconds since 1970, `size` where the body must have exactly so many bytes, and `uploadId`
    and `partNumber` where it is one part of an upload. A part has no Content-Type.
    """

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()

    def query(
        self,
        *,
        method: str,
        key: str,
        expires: int,
        content_type: str = "",
        size_bytes: int | None = None,
        upload_id: str | None = None,
        part_number: int | None = None,
    ) -> str:
        """Return the query that makes a URL a signed one."""
        values = {"expires": expires, "size": size_bytes, "uploadId": upload_id, "partNumber": part_number}
        fields = {name: str(value) for name, value in values.items() if value is not None}
        return urlencode({**fields, "signature": self._signature(method, key, content_type, fields)})

    def judge(
        self, *, method: str, key: str, content_type: str, size: str | None, query: Mapping[str, str], now: float
    ) -> SignatureCheck:
        """Say whether a request may pass. `content_type` and `size` are its headers' texts, `query` is its own."""
        fields = {name: query[name] for name in ("expires", "size", "uploadId", "partNumber") if name in query}
        expected = self._signature(method, key, "" if "uploadId" in fields else content_type, fields)
        if not hmac.compare_digest(expected.encode(), query.get("signature", "").encode("utf-8", "replace")):
            return SignatureCheck.WRONG
        if "size" in fields and fields["size"] != size:
            return SignatureCheck.WRONG
        return SignatureCheck.GOOD if now < int(fields["expires"]) else SignatureCheck.EXPIRED

    def _signature(self, method: str, key: str, content_type: str, fields: Mapping[str, str]) -> str:
        # JSON, so that no part can run over into the next one
        text = json.dumps([method, key, content_type, sorted(fields.items())])
        return hmac.new(self._secret, text.encode(), hashlib.sha256).hexdigest()
