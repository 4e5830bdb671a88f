"""Identifies a source by its content: its size and a hash of its head and tail."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.codec import to_json
from pipeline.errors import SourceError

FINGERPRINT_BYTES = 1 << 20
"""How much of a source's head and of its tail is hashed: enough to tell two takes apart, quick on a network drive."""


@dataclass(frozen=True, kw_only=True)
class Fingerprint:
    """A source's size, and the SHA-256 (hex) of its head and tail; the same for the same content.

    `mtime_ns` is the time of its last change, which versions up to `format` 2 of job.json noted: it is not
    compared, but is a part of the keys of their checkpoints.
    """

    size_bytes: int
    sha256_head_tail: str
    mtime_ns: int | None = field(default=None, compare=False)

    @property
    def fields(self) -> dict[str, object]:
        """This as JSON, without a time that was not stored."""
        return to_json(self, without_defaults=True)


def fingerprint(source: Path) -> Fingerprint:
    """Return a source's fingerprint. Raises SourceError."""
    digest = hashlib.sha256()
    try:
        status = source.stat()
        with source.open("rb") as file:
            digest.update(file.read(FINGERPRINT_BYTES))
            file.seek(max(0, status.st_size - FINGERPRINT_BYTES))
            digest.update(file.read(FINGERPRINT_BYTES))
    except OSError as error:
        raise SourceError(f"{source} can't be read ({error.strerror}): check the file and its permissions.") from error
    return Fingerprint(size_bytes=status.st_size, sha256_head_tail=digest.hexdigest())
