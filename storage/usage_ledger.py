"""What is stored, what is reserved, and what still fits: read and changed within one transaction."""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from storage.quota import Quotas

MEASURED_FOR_S = 15 * 60
"""How long to wait before looking again at what others do with the storage."""

LOOK_AGAIN_S = 60
"""After so long it is looked again where something gives reason to."""

MEASURING_S = 120
"""How long a process that measures may be silent before another one measures in its place."""

LONGEST_S = 8 * 24 * 3600
"""No reservation is for longer (signed URLs end after a week): a clock that was set back keeps no room for ever."""


class UnmeasuredError(Exception):
    """Nobody has measured yet what is stored, or what below a folder that has a quota now.

    `measured_s` is when was measured last, 0 for never.
    """

    def __init__(self, measured_s: float) -> None:
        self.measured_s = measured_s
        super().__init__("not measured")


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


class Ledger:
    """The counts, while a transaction is open.

    Args:
        connection: the transaction's.
        quotas: how much may be stored.
        now_s: the time in seconds since 1970.
    """

    def __init__(self, connection: sqlite3.Connection, quotas: Quotas, now_s: float) -> None:
        self.connection = connection
        self.now_s = now_s
        self.quotas = quotas

    def begin(self) -> float:
        """Let go of what was reserved for too long; return when was measured. Raises UnmeasuredError."""
        first_s, last_s = self.connection.execute(
            "SELECT (SELECT min(until_s) FROM reservations WHERE outside = 0), "
            "(SELECT max(until_s) FROM reservations WHERE outside = 0)"
        ).fetchone()
        if first_s is not None and (first_s <= self.now_s or last_s > self.now_s + LONGEST_S):
            # whoever held it may have been killed between storing and counting
            self.connection.execute(
                "DELETE FROM reservations WHERE outside = 0 AND (until_s <= ? OR until_s > ?)",
                (self.now_s, self.now_s + LONGEST_S),
            )
            self.connection.execute("UPDATE state SET due_s = min(due_s, ?)", (self.now_s + LOOK_AGAIN_S,))
        (measured_s,) = self.connection.execute("SELECT measured_s FROM state").fetchone()
        counted = {prefix for (prefix,) in self.connection.execute("SELECT prefix FROM counted")}
        if measured_s is None or not counted.issuperset(("", *self.quotas.by_prefix)):
            raise UnmeasuredError(measured_s or 0)
        return float(measured_s)

    def is_due(self, measured_s: float) -> bool:
        """Whether it is time to measure again."""
        (due_s,) = self.connection.execute("SELECT due_s FROM state").fetchone()
        ends = self.connection.execute("SELECT min(until_s) FROM reservations WHERE outside = 1").fetchone()
        over = ends[0] is not None and ends[0] <= self.now_s  # what came by that URL is seen by measuring alone
        return bool(self.now_s >= due_s or (over and self.now_s >= measured_s + LOOK_AGAIN_S))

    def total(self) -> int:
        """Return the bytes of all objects."""
        return int(self.connection.execute("SELECT objects_bytes FROM counted WHERE prefix = ''").fetchone()[0])

    def check(self, path: str, wanted_bytes: int, *, replaced_bytes: int) -> None:
        """See that an object fits in the place of so many bytes. Raises StorageQuotaExceededError."""
        used: dict[str, int] = dict(
            self.connection.execute(
                "SELECT prefix, objects_bytes + parts_bytes + reserved_bytes FROM counted "
                "WHERE substr(?, 1, length(prefix)) = prefix",
                (path,),
            )
        )
        used[""] = used.get("", 0) + self.other()
        self.quotas.check(used, wanted_bytes, replaced_bytes=replaced_bytes)

    def other(self) -> int:
        """Return the bytes that are kept beside objects and parts."""
        return int(self.connection.execute("SELECT other_bytes FROM state").fetchone()[0])

    def count_other(self, size_bytes: int) -> None:
        """Note how many bytes are kept beside objects and parts."""
        self.connection.execute("UPDATE state SET other_bytes = ?", (max(0, size_bytes),))

    def reserve(
        self,
        name: str,
        path: str,
        size_bytes: int,
        *,
        replaced_bytes: int,
        until_s: float,
        upload_id: str = "",
        outside: bool = False,
    ) -> None:
        """Keep room for an object or a part, in place of what was reserved under this name before.

        With `outside` the bytes come where nobody here sees them: such a reservation ends with a measuring alone.
        Raises StorageQuotaExceededError.
        """
        self.release(name)
        self.check(path, size_bytes, replaced_bytes=replaced_bytes)
        self.keep(
            name,
            path,
            size_bytes,
            replaced_bytes=replaced_bytes,
            until_s=until_s,
            upload_id=upload_id,
            outside=outside,
        )

    def keep(
        self,
        name: str,
        path: str,
        size_bytes: int,
        *,
        replaced_bytes: int,
        until_s: float,
        upload_id: str = "",
        outside: bool = False,
    ) -> None:
        """Keep room that is taken already, whether it fits or not; see `reserve`."""
        self.release(name)
        self.connection.execute(
            "INSERT INTO reservations VALUES (?, ?, ?, ?, ?, ?, ?)",
            (name, path, upload_id, size_bytes, replaced_bytes, until_s, outside),
        )

    def renew(self, name: str, until_s: float) -> bool:
        """Keep a reservation for longer; whether it was still there."""
        sql = "UPDATE reservations SET until_s = ? WHERE id = ?"
        return self.connection.execute(sql, (until_s, name)).rowcount > 0

    def release(self, name: str) -> None:
        """Give a reservation back."""
        self.connection.execute("DELETE FROM reservations WHERE id = ?", (name,))

    def count_object(self, path: str, before_bytes: int, after_bytes: int) -> None:
        """Note that an object came, went (0 bytes after) or was replaced."""
        self._add(path, after_bytes - before_bytes, 0)
        self._log(path, "", 0, after_bytes)

    def count_part(self, path: str, upload_id: str, number: int, before_bytes: int, after_bytes: int) -> None:
        """Note that a part came or was replaced."""
        self._add(path, 0, after_bytes - before_bytes)
        self._log(path, upload_id, number, after_bytes)

    def count_no_parts(self, path: str, upload_id: str, before_bytes: int) -> None:
        """Note that an upload in parts is gone, with all its parts."""
        self._add(path, 0, -before_bytes)
        self._log(path, upload_id, 0, 0)

    def _add(self, path: str, objects_bytes: int, parts_bytes: int) -> None:
        self.connection.execute(
            "UPDATE counted SET objects_bytes = objects_bytes + ?, parts_bytes = parts_bytes + ? "
            "WHERE substr(?, 1, length(prefix)) = prefix",
            (objects_bytes, parts_bytes, path),
        )

    def _log(self, path: str, upload_id: str, number: int, size_bytes: int) -> None:
        """Remember a change where somebody measures, who may have passed its place before."""
        self.connection.execute(
            "INSERT OR REPLACE INTO changes SELECT ?, ?, ?, ? FROM state WHERE measuring IS NOT NULL",
            (path, upload_id, number, size_bytes),
        )


class Measuring:
    """Taking turns in measuring, and putting in place what was found; in a transaction, as a Ledger is."""

    def __init__(self, connection: sqlite3.Connection, now_s: float) -> None:
        self._connection = connection
        self._now_s = now_s

    def measured_s(self) -> float:
        """Return when was measured last, 0 for never."""
        return float(self._connection.execute("SELECT measured_s FROM state").fetchone()[0] or 0)

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


def part_name(upload_id: str, number: int) -> str:
    """Return the name under which room is kept for a part whose URL was given away."""
    return f"part {upload_id} {number}"


def part_names(upload_id: str) -> tuple[str, str]:
    """Return the names between which those of all parts of an upload are."""
    return f"part {upload_id} 0", f"part {upload_id} :"  # a colon follows the digits


def _parts(listing: MeasuredFiles, changes: Sequence[tuple[str, str, int, int]]) -> list[MeasuredFile]:
    """Return the parts that are stored, as the listing found them and with what changed meanwhile."""
    parts = dict(listing.parts)
    for path, upload_id, number, size_bytes in changes:
        if upload_id and number:
            parts[upload_id, number] = MeasuredFile(path, size_bytes, upload_id, number)
    gone = {upload_id for _, upload_id, number, _ in changes if upload_id and not number}
    return [part for part in parts.values() if part.upload_id not in gone]
