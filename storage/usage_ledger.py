"""What is stored, what is reserved, and what still fits: read and changed within one transaction."""

from __future__ import annotations

import sqlite3

from storage.quota import Quotas

LOOK_AGAIN_S = 60
"""After so long it is looked again where something gives reason to."""

LONGEST_S = 8 * 24 * 3600
"""No reservation is for longer (signed URLs end after a week): a clock that was set back keeps no room for ever."""


class UnmeasuredError(Exception):
    """Nobody has measured yet what is stored, or what below a folder that has a quota now.

    `measured_s` is when was measured last, 0 for never.
    """

    def __init__(self, measured_s: float) -> None:
        self.measured_s = measured_s
        super().__init__("not measured")


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
        in_future = measured_s is not None and measured_s > self.now_s + LOOK_AGAIN_S  # the clock was set back
        if measured_s is None or in_future or not counted.issuperset(("", *self.quotas.by_prefix)):
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

    def count_part(self, path: str, upload_id: str, number: int, size_bytes: int) -> None:
        """Note that a part came, or was replaced."""
        sql = "SELECT coalesce(sum(size_bytes), 0) FROM parts WHERE upload_id = ? AND number = ?"
        (before_bytes,) = self.connection.execute(sql, (upload_id, number)).fetchone()
        self.connection.execute(
            "INSERT OR REPLACE INTO parts VALUES (?, ?, ?, ?)", (upload_id, number, path, size_bytes)
        )
        self._add(path, 0, size_bytes - before_bytes)
        self._log(path, upload_id, number, size_bytes)

    def count_no_parts(self, path: str, upload_id: str) -> None:
        """Note that an upload in parts is gone, with all its parts."""
        sql = "SELECT coalesce(sum(size_bytes), 0) FROM parts WHERE upload_id = ?"
        (before_bytes,) = self.connection.execute(sql, (upload_id,)).fetchone()
        self.connection.execute("DELETE FROM parts WHERE upload_id = ?", (upload_id,))
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


def part_name(upload_id: str, number: int) -> str:
    """Return the name under which room is kept for a part whose URL was given away."""
    return f"part {upload_id} {number}"


def part_names(upload_id: str) -> tuple[str, str]:
    """Return the names between which those of all parts of an upload are."""
    return f"part {upload_id} 0", f"part {upload_id} :"  # a colon follows the digits
