"""Tokens of single clients beside the backend's own, kept as digests: each can be withdrawn without the others.

Owns the file that they are kept in; knows nothing of requests.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import secrets
import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from backend.access.earlier_tokens import take_over, tokens_of_earlier
from backend.access.rights import ALL_RIGHTS, OWNER, Grant, Right
from backend.access.signing import PRIVATE
from backend.state.sqlite_cache import SqliteCache
from backend.state.sqlite_file import SqliteFile, SqliteFileError
from pipeline.errors import SettingsError
from pipeline.timestamps import utc_text
from storage import InvalidPathError, check_path

TOKENS_FILE = "tokens.sqlite3"
USED_S = 3600
"""How exactly it is kept when a token was last used, in seconds."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_TOKEN_BYTES = 32
NOTE_AGAIN_S = 60
"""How long a note of a token's use that failed is not tried again, in seconds."""

_NOTE_S = 1.0
"""How long such a note waits for another process, in seconds: a later request makes it as well."""


def _tables(connection: sqlite3.Connection) -> None:
    """Make the tables: a name's secrets are one, or several while it is rotated; of a revoked one a row is left."""
    connection.execute(
        "CREATE TABLE tokens (name TEXT PRIMARY KEY, rights TEXT NOT NULL, prefixes TEXT NOT NULL,"
        " added_s INTEGER NOT NULL, expires_s INTEGER)"
    )
    connection.execute(
        "CREATE TABLE secrets (sha256 TEXT PRIMARY KEY, name TEXT NOT NULL, ends_s INTEGER, revoked_s INTEGER,"
        " used_s INTEGER)"
    )


class InvalidTokenError(Exception):
    """A token is none of those that are good now; the text is a sentence for its holder."""


@dataclass(frozen=True, kw_only=True)
class NamedToken:
    """A client's token. Times are seconds since 1970.

    `expires_s` is when it ends, `replaced_s` when the secrets do that it had before it was last rotated, `used_s` when
    it was last used, give or take an hour; each None where that is never.
    """

    grant: Grant
    added_s: int
    expires_s: int | None
    replaced_s: int | None
    used_s: int | None


@dataclass(frozen=True, kw_only=True)
class _Secret:
    name: str
    token: NamedToken | None
    ends_s: int | None
    revoked_s: int | None
    used_s: int | None


@dataclass(frozen=True, kw_only=True)
class _Known:
    tokens: dict[str, NamedToken]
    secrets: dict[str, _Secret]
    """By their digests."""


class NamedTokens:
    """The tokens of a backend's clients, by their names.

    A running backend takes up what another process changes with the next request.
    """

    def __init__(self, root: Path, clock: Callable[[], float] = time.time) -> None:
        self.file = root / PRIVATE / TOKENS_FILE
        self._sqlite = SqliteFile(self.file, what="tokens", steps=(_tables,))
        self._known = SqliteCache(self.file, _read)
        self._clock = clock
        self._noted: dict[str, float] = {}

    def prepare(self) -> None:
        """Make the file, and take over what an earlier version kept. Raises SettingsError."""
        earlier = tokens_of_earlier(self.file.parent)
        rights, prefixes = _rights_text(ALL_RIGHTS), json.dumps([])
        with self._sqlite.administered() as connection:
            for name, (sha256, added_s) in earlier.items():
                row = (name, rights, prefixes, added_s, None)
                if connection.execute("INSERT OR IGNORE INTO tokens VALUES (?, ?, ?, ?, ?)", row).rowcount:
                    connection.execute("INSERT OR IGNORE INTO secrets (sha256, name) VALUES (?, ?)", (sha256, name))
        if earlier:
            take_over(self.file.parent)

    def close(self) -> None:
        """Let go of the file until somebody asks again."""
        self._known.close()

    def all(self) -> list[NamedToken]:
        """Return every token, by their names. Raises SettingsError where the file can't be understood."""
        return [token for _, token in sorted(self._current().tokens.items())]

    def grant_of(self, offered: bytes) -> Grant:
        """Return what the holder of a token may do. Raises InvalidTokenError, SettingsError."""
        sha256 = hashlib.sha256(offered).hexdigest()
        found, now = self._current().secrets.get(sha256), self._clock()
        if found is None:
            raise InvalidTokenError(
                "The token is missing or wrong: use the one with which this backend was started, or one made for you."
            )
        if found.revoked_s is not None or found.token is None:
            since = f" on {utc_text(found.revoked_s)}" if found.revoked_s is not None else ""
            raise InvalidTokenError(
                f"The token {found.name} was revoked{since}: ask whoever runs this backend for another one."
            )
        if found.ends_s is not None and found.ends_s <= now:
            raise InvalidTokenError(f"The token {found.name} was replaced: use the new one of this name.")
        if found.token.expires_s is not None and found.token.expires_s <= now:
            raise InvalidTokenError(
                f"The token {found.name} expired at {utc_text(found.token.expires_s)}: "
                "ask whoever runs this backend for another one."
            )
        return found.token.grant

    def is_use_due(self, offered: bytes) -> bool:
        """Whether a token that is good has to be noted as used: at most once in NOTE_AGAIN_S, also if that fails."""
        sha256, now = hashlib.sha256(offered).hexdigest(), self._clock()
        found = self._current().secrets.get(sha256)
        known = found is None or (found.used_s is not None and found.used_s > now - USED_S)
        if known or self._noted.get(sha256, -math.inf) > now - NOTE_AGAIN_S:
            return False
        self._noted[sha256] = now
        return True

    def note_use(self, offered: bytes) -> None:
        """Note that a token was used just now, unless another process writes or the disk is full."""
        row = (int(self._clock()), hashlib.sha256(offered).hexdigest())
        with suppress(SqliteFileError), self._sqlite.changing(wait_s=_NOTE_S) as connection:
            connection.execute("UPDATE secrets SET used_s = ? WHERE sha256 = ?", row)

    def add(
        self,
        name: str,
        *,
        rights: frozenset[Right] = ALL_RIGHTS,
        prefixes: Sequence[str] = (),
        expires_s: int | None = None,
    ) -> str:
        """Make a client's token and return it: it is kept nowhere. Raises SettingsError."""
        if not _NAME.fullmatch(name) or name == OWNER:
            raise SettingsError(
                f"{name!r} can't name a token: use up to 64 letters, digits, dots, hyphens and underscores."
            )
        folders = json.dumps(sorted({_folder(prefix) for prefix in prefixes}))
        with self._sqlite.administered() as connection:
            row = (name, _rights_text(rights), folders, int(self._clock()), expires_s)
            if not connection.execute("INSERT OR IGNORE INTO tokens VALUES (?, ?, ?, ?, ?)", row).rowcount:
                raise SettingsError(
                    f"There is a token {name} already: rotate it (backend token rotate {name}) "
                    f"or revoke it first (backend token revoke {name})."
                )
            return self._new_secret(connection, name)

    def rotate(self, name: str, *, grace_s: int) -> str:
        """Make another secret for a token and return it; those before it are good for `grace_s` seconds more.

        Raises SettingsError where there is no token of this name.
        """
        with self._sqlite.administered() as connection:
            self._must_have(connection, name)
            ends_s = int(self._clock()) + grace_s
            connection.execute(
                "UPDATE secrets SET ends_s = ? WHERE name = ? AND revoked_s IS NULL AND (ends_s IS NULL OR ends_s > ?)",
                (ends_s, name, ends_s),
            )
            return self._new_secret(connection, name)

    def revoke(self, name: str) -> None:
        """Withdraw a client's token. Raises SettingsError where there is none of this name."""
        with self._sqlite.administered() as connection:
            self._must_have(connection, name)
            connection.execute("DELETE FROM tokens WHERE name = ?", (name,))
            connection.execute(
                "UPDATE secrets SET revoked_s = ? WHERE name = ? AND revoked_s IS NULL", (int(self._clock()), name)
            )

    def _must_have(self, connection: sqlite3.Connection, name: str) -> None:
        names = [row[0] for row in connection.execute("SELECT name FROM tokens ORDER BY name")]
        if name not in names:
            raise SettingsError(f"There is no token {name}: the backend has {', '.join(names) or 'none'}.")

    def _new_secret(self, connection: sqlite3.Connection, name: str) -> str:
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        sha256 = hashlib.sha256(token.encode()).hexdigest()
        connection.execute("INSERT INTO secrets (sha256, name) VALUES (?, ?)", (sha256, name))
        return token

    def _current(self) -> _Known:
        try:
            return self._known.current()
        except (sqlite3.Error, OSError, ValueError, TypeError, IndexError) as error:
            raise SettingsError(
                f"The tokens in {self.file} can't be read ({error}): no client has access until they can."
            ) from error


def _read(connection: sqlite3.Connection) -> _Known:
    """Read all tokens. Raises ValueError where there is what no version has written."""
    connection.row_factory = sqlite3.Row
    secret_rows = connection.execute("SELECT * FROM secrets").fetchall()
    tokens = {}
    for row in connection.execute("SELECT * FROM tokens").fetchall():
        own = [secret for secret in secret_rows if secret["name"] == row["name"] and secret["revoked_s"] is None]
        grant = Grant(
            name=row["name"],
            rights=frozenset(Right(word) for word in row["rights"].split(",")),
            prefixes=tuple(json.loads(row["prefixes"])),
        )
        tokens[grant.name] = NamedToken(
            grant=grant,
            added_s=row["added_s"],
            expires_s=row["expires_s"],
            replaced_s=max((secret["ends_s"] for secret in own if secret["ends_s"] is not None), default=None),
            used_s=max((secret["used_s"] for secret in own if secret["used_s"] is not None), default=None),
        )
    found = {
        row["sha256"]: _Secret(
            name=row["name"],
            token=tokens.get(row["name"]),
            ends_s=row["ends_s"],
            revoked_s=row["revoked_s"],
            used_s=row["used_s"],
        )
        for row in secret_rows
    }
    return _Known(tokens=tokens, secrets=found)


def _rights_text(rights: frozenset[Right]) -> str:
    return ",".join(right.value for right in Right if right in rights)


def _folder(prefix: str) -> str:
    """Return a prefix with one slash at its end. Raises SettingsError where no key can begin so."""
    folder = prefix.rstrip("/")
    try:
        check_path(folder)
    except InvalidPathError as error:
        raise SettingsError(f"{prefix!r} can't be the prefix of a token: {error}") from error
    return f"{folder}/"
