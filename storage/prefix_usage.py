"""How much is stored below each prefix that has a quota, as whoever looks after the storage wants to see it."""

from __future__ import annotations

from typing import NamedTuple

from storage.usage_ledger import Ledger


class PrefixUsage(NamedTuple):
    """The bytes below a prefix (empty: all): in objects, in parts of objects that are not complete, and kept free for
    what was promised room. `limit_bytes` is None where only other prefixes are limited.
    """

    prefix: str
    objects_bytes: int
    parts_bytes: int
    reserved_bytes: int
    limit_bytes: int | None


def usage_by_prefix(ledger: Ledger) -> list[PrefixUsage]:
    """Return what is counted, in the order of the prefixes."""
    rows = ledger.connection.execute(
        "SELECT prefix, objects_bytes, parts_bytes, reserved_bytes FROM counted ORDER BY prefix"
    )
    limits = ledger.quotas.limits
    return [
        PrefixUsage(name, size, parts, kept, limits.get(name))
        for name, size, parts, kept in rows
        if name in limits or not name
    ]
