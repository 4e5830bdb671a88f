"""Signed URLs: who holds one may do one thing with one key until it expires. Knows nothing of requests."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from enum import Enum
from pathlib import Path
from urllib.parse import urlencode

from pipeline.errors import SettingsError

PRIVATE = ".backend"
"""The hidden folder in the storage's root for what is the backend's own. The storage refuses paths that begin with a dot."""

SECRET_FILE = "signing-secret"
_SECRET_BYTES = 32


class Verdict(Enum):
    """What a signature is worth."""

    GOOD = "good"
    WRONG = "wrong"
    EXPIRED = "expired"


class UrlSigner:
    """Signs and checks with HMAC-SHA256 over method, key, Content-Type and expiry (seconds since 1970)."""

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()

    def query(self, *, method: str, key: str, content_type: str, expires: int) -> str:
        """Return the query that makes a URL a signed one."""
        signature = self._signature(method, key, content_type, str(expires))
        return urlencode({"expires": expires, "signature": signature})

    def judge(self, *, method: str, key: str, content_type: str, expires: str, signature: str, now: float) -> Verdict:
        """Say whether a request may pass. `expires` and `signature` are the texts from the query."""
        expected = self._signature(method, key, content_type, expires)
        if not hmac.compare_digest(expected.encode(), signature.encode("utf-8", "replace")):
            return Verdict.WRONG
        return Verdict.GOOD if now < int(expires) else Verdict.EXPIRED

    def _signature(self, method: str, key: str, content_type: str, expires: str) -> str:
        # No part but the last can hold a line break: keys and content types with control characters are refused before.
        text = "\n".join((method, key, content_type, expires))
        return hmac.new(self._secret, text.encode("utf-8", "replace"), hashlib.sha256).hexdigest()


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
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as handle:
            handle.write(secret)
        temporary.replace(file)
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "unreadable"
        raise SettingsError(f"The storage folder {root} can't be used ({reason}): check its permissions or choose another one.") from error
    return secret
