"""Room for objects and parts that come by URLs which were given away: nobody here sees them come.

It is kept until a listing shows them, or until their URLs have expired and a listing begun after that does not.
"""

from __future__ import annotations

from dataclasses import dataclass

from storage.usage_ledger import Ledger, part_name, part_names


@dataclass(frozen=True, kw_only=True)
class _Promise:
    path: str
    size_bytes: int
    replaced_bytes: int
    until_s: float

    @property
    def room_bytes(self) -> int:
        return max(0, self.size_bytes - self.replaced_bytes)


def check(ledger: Ledger, path: str, wanted_bytes: int, *, replaced_bytes: int) -> None:
    """See that an object fits, also in the room that is kept for it.

    Here and below `replaced_bytes` is the size of what is stored there now, 0 where nothing is.
    Raises StorageQuotaExceededError.
    """
    promise = came(ledger, path, replaced_bytes)
    kept_bytes = promise.room_bytes if promise is not None else 0
    ledger.check(path, wanted_bytes, replaced_bytes=replaced_bytes + kept_bytes)


def promise(ledger: Ledger, path: str, size_bytes: int, *, replaced_bytes: int, for_s: float) -> None:
    """Keep room for an object that may come by its URL for so many seconds. Raises StorageQuotaExceededError."""
    check(ledger, path, size_bytes, replaced_bytes=replaced_bytes)
    _keep(
        ledger,
        _Promise(path=path, size_bytes=size_bytes, replaced_bytes=replaced_bytes, until_s=ledger.now_s + for_s),
    )


def promise_part(
    ledger: Ledger, path: str, upload_id: str, number: int, size_bytes: int, *, for_s: float, is_there: bool = False
) -> None:
    """Keep room for a part, and for as long for all others of its upload; parts are in no listing of objects.

    One that is there takes its room whether it fits or not. Raises StorageQuotaExceededError.
    """
    until_s = ledger.now_s + for_s
    keep = ledger.keep if is_there else ledger.reserve
    keep(
        part_name(upload_id, number),
        path,
        size_bytes,
        replaced_bytes=0,
        until_s=until_s,
        upload_id=upload_id,
        outside=True,
    )
    sql = "UPDATE reservations SET until_s = ? WHERE id BETWEEN ? AND ?"
    ledger.connection.execute(sql, (until_s, *part_names(upload_id)))


def forget_parts(ledger: Ledger, path: str, upload_id: str) -> None:
    """Give back the room of an upload in parts: it was completed or aborted."""
    ledger.count_no_parts(path, upload_id)
    ledger.connection.execute("DELETE FROM reservations WHERE id BETWEEN ? AND ?", part_names(upload_id))


def stored(ledger: Ledger, path: str, size_bytes: int, *, replaced_bytes: int) -> None:
    """Note that an object was stored, or deleted when its size is 0."""
    promise = came(ledger, path, replaced_bytes)
    ledger.release(_name(path))
    if promise is not None and not size_bytes:  # its URL is as good as before, and nothing is replaced any more
        _keep(ledger, _Promise(path=path, size_bytes=promise.size_bytes, replaced_bytes=0, until_s=promise.until_s))
    ledger.count_object(path, replaced_bytes, size_bytes)


def came(ledger: Ledger, path: str, there_bytes: int) -> _Promise | None:
    """Count what has come by its URL, as what is there now tells; return what is still promised."""
    row = ledger.connection.execute(
        "SELECT size_bytes, replaced_bytes, until_s FROM reservations WHERE id = ?", (_name(path),)
    ).fetchone()
    if row is None:
        return None
    size_bytes, replaced_bytes, until_s = row
    promise = _Promise(path=path, size_bytes=size_bytes, replaced_bytes=there_bytes, until_s=until_s)
    if replaced_bytes != there_bytes:
        ledger.count_object(path, replaced_bytes, there_bytes)
        _keep(ledger, promise)
    return promise


def _name(path: str) -> str:
    return f"url {path}"


def _keep(ledger: Ledger, promise: _Promise) -> None:
    ledger.keep(
        _name(promise.path),
        promise.path,
        promise.size_bytes,
        replaced_bytes=promise.replaced_bytes,
        until_s=promise.until_s,
        outside=True,
    )
