"""Tokens of single clients beside the backend's own, kept as digests: each can be withdrawn without the others.

Owns the file that they are kept in; knows nothing of requests.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from backend.signing import PRIVATE
from pipeline.codec import from_json, to_json
from pipeline.errors import CodecError, OutputError, SettingsError
from pipeline.files import write_whole

TOKENS_FILE = "tokens.json"
SCHEMA = 1
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_TOKEN_BYTES = 32


@dataclass(frozen=True, kw_only=True)
class NamedToken:
    """A client's token: `sha256` is the digest of the token itself, in hexadecimal digits; `added` is a UTC time."""

    sha256: str
    added: str


@dataclass(frozen=True, kw_only=True)
class _TokensFile:
    tokens: Mapping[str, NamedToken]


class NamedTokens:
    """The tokens of a backend's clients, by their names.

    A running backend takes up what another process adds or removes with the next request.
    """

    def __init__(self, root: Path) -> None:
        self.file = root / PRIVATE / TOKENS_FILE
        self._read: dict[str, NamedToken] = {}
        self._as_read: tuple[int, int, int] | None = None

    def all(self) -> dict[str, NamedToken]:
        """Return every token by its client's name. Raises SettingsError where the file can't be understood."""
        try:
            found = self.file.stat()
        except FileNotFoundError:
            self._read, self._as_read = {}, None
            return {}
        except OSError as error:
            raise self._unusable(error.strerror or "unreadable") from error
        as_found = (found.st_ino, found.st_mtime_ns, found.st_size)
        if as_found != self._as_read:
            self._read, self._as_read = self._load(), as_found
        return dict(self._read)

    def accepts(self, offered: bytes) -> bool:
        """Whether this is a client's token; it takes as long for every wrong one. Raises SettingsError."""
        digest = hashlib.sha256(offered).hexdigest()
        matches = [hmac.compare_digest(digest.encode(), token.sha256.encode()) for token in self.all().values()]
        return any(matches)

    def add(self, name: str) -> str:
        """Make a client's token and return it: it is kept nowhere. Raises SettingsError."""
        if not _NAME.fullmatch(name):
            raise SettingsError(
                f"{name!r} can't name a token: use up to 64 letters, digits, dots, hyphens and underscores."
            )
        known = self.all()
        if name in known:
            raise SettingsError(f"There is a token for {name} already: remove it first (--remove-token {name}).")
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        added = datetime.now(timezone.utc).isoformat(timespec="seconds").replace("+00:00", "Z")
        self._write({**known, name: NamedToken(sha256=hashlib.sha256(token.encode()).hexdigest(), added=added)})
        return token

    def remove(self, name: str) -> None:
        """Withdraw a client's token. Raises SettingsError where there is none of this name."""
        known = self.all()
        if name not in known:
            names = ", ".join(sorted(known)) or "none"
            raise SettingsError(f"There is no token for {name}: the backend has those for {names}.")
        self._write({other: token for other, token in known.items() if other != name})

    def _load(self) -> dict[str, NamedToken]:
        try:
            stored = json.loads(self.file.read_bytes())
            schema = stored.pop("schema")
            if type(schema) is not int or schema < 1:
                raise CodecError(f"{self.file} does not say which schema it has.")
            if schema > SCHEMA:
                raise self._unusable("it was written by a newer version of this program")
            return dict(from_json(_TokensFile, stored, str(self.file)).tokens)
        except (ValueError, KeyError, AttributeError, TypeError, RecursionError, CodecError) as error:
            raise self._unusable("it is damaged") from error
        except OSError as error:
            raise self._unusable(error.strerror or "unreadable") from error

    def _write(self, tokens: Mapping[str, NamedToken]) -> None:
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_whole(
                self.file, json.dumps({"schema": SCHEMA, **to_json(_TokensFile(tokens=tokens))}, indent=2) + "\n"
            )
        except (OSError, OutputError) as error:
            reason = error.strerror if isinstance(error, OSError) else None
            raise SettingsError(
                f"The tokens in {self.file} can't be changed ({reason or 'not writable'}): "
                "check the folder's permissions and its free space."
            ) from error

    def _unusable(self, reason: str) -> SettingsError:
        return SettingsError(
            f"The tokens in {self.file} can't be read ({reason}): no client has access until it is mended or removed."
        )
