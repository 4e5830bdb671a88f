"""Who may watch what is stored: everybody, those who have its address, or those whose address has not expired.

Owns the file with the rules; knows nothing of requests. A rule is for all below a prefix, and the longest one counts.
"""

from __future__ import annotations

import os
import re
import secrets
import sqlite3
import time
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from backend.access.signing import PRIVATE
from backend.serving.rare_lines import RareLines
from backend.state.sqlite_cache import SqliteCache
from backend.state.sqlite_file import SqliteFile, SqliteFileError
from pipeline.errors import SettingsError
from storage import MAX_PATH_BYTES, InvalidPathError, check_path

RULES_FILE = "streams.sqlite3"


class Visibility(str, Enum):
    """Who may watch."""

    PUBLIC = "public"
    UNLISTED = "unlisted"
    PRIVATE = "private"


@dataclass(frozen=True, kw_only=True)
class StreamRule:
    """Who may watch what lies below a prefix. `series` is in the signature of its addresses: another one ends them."""

    prefix: str
    visibility: Visibility
    series: str = ""


_SHORT_NAME = re.compile(r"[^.]{1,6}~[0-9]{1,6}(\.[^.]{0,3})?")
"""How Windows may call a file for old programs, beside its name (Microsoft, "Naming Files", 8.3 aliases)."""

_ALIAS = StreamRule(prefix="", visibility=Visibility.PRIVATE)
"""Counts for what may be another file's second name: nobody can tell whose."""

_UNSEEN = dict.fromkeys([*range(0x200C, 0x2010), *range(0x202A, 0x202F), *range(0x206A, 0x2070), 0xFEFF])
"""Signs that macOS' older file system leaves out when it compares names (Apple TN1150, "HFS Plus Format")."""


def _tables(connection: sqlite3.Connection) -> None:
    connection.execute(
        "CREATE TABLE rules (folded TEXT PRIMARY KEY, prefix TEXT NOT NULL, visibility TEXT NOT NULL,"
        " series TEXT NOT NULL)"
    )


class StreamRules:
    """The rules of one backend. `default` counts where there is no rule.

    A running backend takes up what another process changes with the next request.
    """

    def __init__(self, root: Path, default: Visibility, *, windows: bool = os.name == "nt") -> None:
        self.file = root / PRIVATE / RULES_FILE
        self._default = StreamRule(prefix="", visibility=default)
        self._sqlite = SqliteFile(self.file, what="rules of the streams", steps=(_tables,))
        self._windows = windows
        self._lines = RareLines(time.monotonic)
        self._known = SqliteCache[Mapping[str, StreamRule]](self.file, _read)

    def prepare(self) -> None:
        """Make the file. Raises SettingsError."""
        with self._sqlite.administered():
            pass

    def close(self) -> None:
        """Let go of the file until somebody asks again."""
        self._known.close()

    def all(self) -> list[StreamRule]:
        """Return every rule, by their prefixes. Raises SqliteFileError."""
        return sorted(self._current().values(), key=lambda rule: rule.prefix.encode())

    def rule_for(self, key: str) -> StreamRule:
        """Return the rule that counts for an object, or for what lies below a prefix.

        Raises SqliteFileError where the rules can't be read: what is private must not be given then.
        """
        rules = self._current()
        if not rules or len(key) > MAX_PATH_BYTES:  # nothing is stored there, and a stranger may send 64 KB of slashes
            return self._default
        if self._windows and any(map(_SHORT_NAME.fullmatch, key.split("/"))):
            return _ALIAS
        folder = _folded(key)
        while slash := folder.rfind("/") + 1:
            if (rule := rules.get(folder[:slash])) is not None:
                return rule
            folder = folder[: slash - 1]
        return self._default

    def is_public(self, key: str) -> bool:
        """Whether everybody may watch an object, or what lies below a prefix. Raises SqliteFileError."""
        return self.rule_for(key).visibility is Visibility.PUBLIC

    def has_public(self, folder: str) -> bool:
        """Whether everybody may watch something below a folder. Raises SqliteFileError."""
        below = _folded(folder)
        public = (one for one, rule in self._current().items() if rule.visibility is Visibility.PUBLIC)
        return self.is_public(folder) or any(one.startswith(below) for one in public)

    def set(self, prefix: str, visibility: Visibility, *, new_address: bool = False) -> StreamRule:
        """Let a rule count for all below a prefix, in place of the one that it has. Raises SettingsError.

        Addresses that were given out go on to work as far as they are allowed to, unless there is to be a new one.
        """
        folder = as_folder(prefix)
        with self._sqlite.administered() as connection:
            found = connection.execute("SELECT series FROM rules WHERE folded = ?", (_folded(folder),)).fetchone()
            series = secrets.token_hex(8) if found is None or new_address else found[0]
            row = (_folded(folder), folder, visibility.value, series)
            connection.execute("INSERT OR REPLACE INTO rules VALUES (?, ?, ?, ?)", row)
        return StreamRule(prefix=folder, visibility=visibility, series=series)

    def unset(self, prefix: str) -> None:
        """Let the rule around it, or the default, count for a prefix again. Raises SettingsError where it has none."""
        folder = as_folder(prefix)
        with self._sqlite.administered() as connection:
            if not connection.execute("DELETE FROM rules WHERE folded = ?", (_folded(folder),)).rowcount:
                raise SettingsError(f"There is no rule for {folder} itself: backend stream list shows those that are.")

    def _current(self) -> Mapping[str, StreamRule]:
        try:
            return self._known.current()
        except (sqlite3.Error, OSError, ValueError) as error:
            self._lines.note(f"The rules of the streams in {self.file} can't be read ({error}).")
            # viewers read this: they need not know where the file is
            raise SqliteFileError("Who may watch the streams can't be told now: try again in a while.") from error


def as_folder(prefix: str) -> str:
    """Return a prefix with one slash at its end. Raises SettingsError where no key can begin so."""
    folder = prefix.rstrip("/")
    if not folder:
        raise SettingsError("Name a folder, such as courses/math/: for all streams there is STREAMS in .env.")
    try:
        check_path(folder)
    except InvalidPathError as error:
        raise SettingsError(f"{prefix!r} can't be the prefix of streams: {error}") from error
    return f"{folder}/"


def _read(connection: sqlite3.Connection) -> Mapping[str, StreamRule]:
    rows = connection.execute("SELECT folded, prefix, visibility, series FROM rules").fetchall()
    return {
        folded: StreamRule(prefix=prefix, visibility=Visibility(visibility), series=series)
        for folded, prefix, visibility, series in rows
    }


def _folded(key: str) -> str:
    """Return what is the same for all spellings of a key that a disk may take for one: of Windows, of macOS."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", key.translate(_UNSEEN)).casefold())
