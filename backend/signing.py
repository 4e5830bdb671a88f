"""Signed URLs: who holds one may do one thing with one key until it expires. Knows nothing of requests."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from urllib.parse import urlencode

from pipeline.errors import SettingsError

PRIVATE = ".backend"
"""The hidden folder in the storage's root for what is the backend's own.

The storage refuses paths that begin with a dot.
"""

SECRET_FILE = "signing-secret"
_SECRET_BYTES = 32


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


def load_secret(root: Path) -> str:
    """Return the secret kept in the storage's folder, made on the first call, so that URLs survive a restart.

    Raises SettingsError when the folder can't be used.
    """
    file = root / PRIVATE / SECRET_FILE
    try:
        if file.is_file() and len(stored := file.read_text(encoding="ascii").strip()) == 2 * _SECRET_BYTES:
            return stored
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        secret = secrets.token_hex(_SECRET_BYTES)
        temporary = file.with_name(f"{SECRET_FILE}.{secrets.token_hex(4)}.tmp")
        with os.fdopen(
            os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii"
        ) as handle:
            handle.write(secret)
        temporary.replace(file)
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "unreadable"
        raise SettingsError(
            f"The storage folder {root} can't be used ({reason}): check its permissions or choose another one."
        ) from error
    return secret
