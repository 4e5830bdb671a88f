"""Measuring what is stored: what was found, whose turn it is, and how the counts are put right afterwards."""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from storage.usage_ledger import part_name

MEASURED_FOR_S = 15 * 60
"""How long to wait before looking again at what others do with the storage."""

MEASURING_S = 120
"""How long a process that measures may be silent before another one measures in its place."""


class MeasuredFile(NamedTuple):
    """A file that a measuring has come by: an object, or a part of one where it names an upload.

    With `outside` a part came where nobody here saw it: it counts as room that is kept, until it is not seen again.
    """

    path: str
    size_bytes: int
    upload_id: str = ""
    number: int = 0
    outside: bool = False


class MeasuredFiles:
    """All that a measuring has come by, in 16 bytes an object.

    Args:
        prefixes: those below which is counted apart.
    """

    def __init__(self, prefixes: Iterable[str]) -> None:
        self.objects_bytes = dict.fromkeys(("", *prefixes), 0)
        self.parts: dict[tuple[str, int], MeasuredFile] = {}
        self._names = array("q")
        self._sizes = array("q")

    def add(self, found: MeasuredFile) -> None:
        """Count a file."""
        if found.upload_id:
            self.parts[found.upload_id, found.number] = found
            return
        self._names.append(hash(found.path))
        self._sizes.append(found.size_bytes)
        for prefix in self.objects_bytes:
            if found.path.startswith(prefix):
                self.objects_bytes[prefix] += found.size_bytes

    def sizes_of(self, paths: Iterable[str]) -> dict[str, int]:
        """Return the sizes of some objects, 0 for those that were not there."""
        wanted = {hash(path): path for path in paths}
        sizes = dict.fromkeys(wanted.values(), 0)
        for name, size_bytes in zip(self._names, self._sizes, strict=True):
            if name in wanted:
                sizes[wanted[name]] = size_bytes
        return sizes


class Measuring:
    """Taking turns in measuring, and putting in place what was found; in a transaction, as a Ledger is."""

    def __init__(self, connection: sqlite3.Connection, now_s: float) -> None:
        self._connection = connection
        self._now_s = now_s

    def measured_s(self) -> float:
        """Return when was measured last, 0 for never."""
        return float(self._connection.execute("SELECT measured_s FROM state").fetchone()[0] or 0)

    def prefixes(self) -> set[str]:
        """Return below what others count who share the storage, with other quotas perhaps: as at a change of them."""
        return {prefix for (prefix,) in self._connection.execute("SELECT prefix FROM counted WHERE prefix <> ''")}

    def begin(self, turn: str) -> bool:
        """Take the turn to measure; whether nobody else has it. From here on changes are written down."""
        taken = self._connection.execute(
            "UPDATE state SET measuring = ?1, measuring_until_s = ?2 "
            "WHERE measuring IS NULL OR measuring_until_s <= ?3 OR measuring_until_s > ?2",
            (turn, self._now_s + MEASURING_S, self._now_s),
        )
        if taken.rowcount:
            self._connection.execute("DELETE FROM changes")
        return taken.rowcount > 0

    def go_on(self, turn: str) -> None:
        """Keep the turn."""
        sql = "UPDATE state SET measuring_until_s = ? WHERE measuring = ?"
        self._connection.execute(sql, (self._now_s + MEASURING_S, turn))

    def give_up(self, turn: str) -> None:
        """Give the turn back without a result; where something was measured before, that does for a while longer."""
        sql = "UPDATE state SET measuring = NULL, due_s = ? WHERE measuring = ?"
        if self._connection.execute(sql, (self._now_s + MEASURED_FOR_S, turn)).rowcount:
            self._connection.execute("DELETE FROM changes")

    def end(self, turn: str, begun_s: float, listing: MeasuredFiles) -> bool:
        """Put what was found in place of what was counted; whether the turn was still ours."""
        if self._connection.execute("SELECT measuring FROM state").fetchone() != (turn,):
            return False
        changes = self._connection.execute("SELECT path, upload_id, number, size_bytes FROM changes").fetchall()
        stored = {path: size_bytes for path, upload_id, _, size_bytes in changes if not upload_id}
        promised = [
            path for (path,) in self._connection.execute("SELECT path FROM reservations WHERE outside AND upload_id=''")
        ]
        seen = listing.sizes_of([*stored, *promised])
        parts = _parts(listing, changes)
        self._write_counts(listing, seen, stored, [part for part in parts if not part.outside])
        self._settle({**seen, **stored}, begun_s)
        self._keep_seen([part for part in parts if part.outside])
        self._connection.execute(
            "UPDATE counted SET reserved_bytes = (SELECT coalesce(sum(max(0, size_bytes - replaced_bytes)), 0) "
            "FROM reservations WHERE substr(path, 1, length(prefix)) = prefix)"
        )
        self._connection.execute("DELETE FROM changes")
        self._connection.execute(
            "UPDATE state SET measuring = NULL, measured_s = ?, due_s = ?", (self._now_s, self._now_s + MEASURED_FOR_S)
        )
        return True

    def _write_counts(
        self, listing: MeasuredFiles, seen: dict[str, int], stored: dict[str, int], parts: Sequence[MeasuredFile]
    ) -> None:
        self._connection.execute("DELETE FROM parts")
        self._connection.executemany(
            "INSERT INTO parts VALUES (?, ?, ?, ?)",
            [(part.upload_id, part.number, part.path, part.size_bytes) for part in parts],
        )
        self._connection.execute("DELETE FROM counted")
        for prefix, listed_bytes in listing.objects_bytes.items():
            changed_bytes = sum(stored[path] - seen[path] for path in stored if path.startswith(prefix))
            parts_bytes = sum(part.size_bytes for part in parts if part.path.startswith(prefix))
            self._connection.execute(
                "INSERT INTO counted VALUES (?, ?, ?, 0)", (prefix, listed_bytes + changed_bytes, parts_bytes)
            )

    def _settle(self, there: dict[str, int], begun_s: float) -> None:
        """Keep room for what comes by URLs only as far as it has not come, and only as long as it can come."""
        self._connection.execute("DELETE FROM reservations WHERE outside AND until_s <= ?", (begun_s,))
        rows = self._connection.execute("SELECT id, path FROM reservations WHERE outside AND upload_id = ''").fetchall()
        self._connection.executemany(
            "UPDATE reservations SET replaced_bytes = ? WHERE id = ?",
            [(there.get(path, 0), name) for name, path in rows],
        )

    def _keep_seen(self, parts: Sequence[MeasuredFile]) -> None:
        """Keep the room of parts that came by URLs until the measuring after the next one."""
        self._connection.executemany(
            "INSERT INTO reservations VALUES (?1, ?2, ?3, ?4, 0, ?5, 1) ON CONFLICT (id) DO UPDATE "
            "SET size_bytes = max(size_bytes, ?4), until_s = max(until_s, ?5)",
            [
                (
                    part_name(part.upload_id, part.number),
                    part.path,
                    part.upload_id,
                    part.size_bytes,
                    self._now_s + 2 * MEASURED_FOR_S,
                )
                for part in parts
            ],
        )


def _parts(listing: MeasuredFiles, changes: Sequence[tuple[str, str, int, int]]) -> list[MeasuredFile]:
    """Return the parts that are stored, as the listing found them and with what changed meanwhile."""
    parts = dict(listing.parts)
    for path, upload_id, number, size_bytes in changes:
        if upload_id and number:
            parts[upload_id, number] = MeasuredFile(path, size_bytes, upload_id, number)
    gone = {upload_id for _, upload_id, number, _ in changes if upload_id and not number}
    return [part for part in parts.values() if part.upload_id not in gone]
