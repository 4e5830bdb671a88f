"""What the queue holds of a task's result that lies in the backend's store: where it is, and by what it is known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.codec import from_json, to_json
from pipeline.errors import CodecError

SCHEMA = 1

STORED = "stored"


@dataclass(frozen=True, kw_only=True)
class StoredResult:
    """A result's key in the store, its size, and the SHA-256 (hex) of its bytes, JSON in UTF-8."""

    key: str
    size_bytes: int
    sha256: str


def stored_to_json(stored: StoredResult) -> dict[str, Any]:
    """Return it as JSON values."""
    return {"schema": SCHEMA, STORED: to_json(stored)}


def stored_from_json(data: object) -> StoredResult | None:
    """Return what a row's result says, None for a result that the row holds itself. Raises CodecError."""
    if not isinstance(data, Mapping) or STORED not in data:
        return None
    if data.get("schema") != SCHEMA:
        raise CodecError("The result in the queue is of a newer version: update the program on this machine.")
    return from_json(StoredResult, data[STORED], "The result in the queue")
