"""What a backend offers beyond the three endpoints that every one has. Pure: its answer in, a frozen description out.

Whatever the answer leaves out, or says in a way that can't be understood, is not offered.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

MAX_PUT_BYTES = 5 << 30
"""S3 takes no more in one PUT (Amazon S3 limits: 5 GB), so this is what counts where a server names no limit."""

MOST_FILE_BYTES = 1 << 60
"""No store has a larger file: what a server says beyond can't be counted with."""

_MOST_PARTS = 10_000
"""S3 takes no more (Amazon S3 limits)."""


@dataclass(frozen=True, kw_only=True)
class Multipart:
    """How large files go up in parts: the best size of a part, the least, and how many there may be."""

    part_bytes: int
    min_part_bytes: int = 5 << 20
    max_parts: int = _MOST_PARTS

    def part_size(self, size_bytes: int) -> int:
        """Return how large the parts of a file of this size are, all but the last."""
        return max(self.part_bytes, self.min_part_bytes, -(-size_bytes // self.max_parts))


@dataclass(frozen=True, kw_only=True)
class BackendCapabilities:
    """What one backend offers. As it stands: nothing. `presign_many` is for how many files one request may ask."""

    bucket: str | None = None
    presign_many: int = 0
    declared_size: bool = False
    content_md5: bool = False
    max_put_bytes: int = MAX_PUT_BYTES
    multipart: Multipart | None = None
    list: bool = False
    read: bool = False
    delete: bool = False
    manifest: bool = False

    def takes(self, size_bytes: int) -> bool:
        """Whether a file of this size can be stored, whole or in parts."""
        if size_bytes <= self.max_put_bytes:
            return True
        return self.multipart is not None and self.multipart.part_size(size_bytes) <= self.max_put_bytes


NOTHING = BackendCapabilities()


def parse_capabilities(body: bytes) -> BackendCapabilities:
    """Read what a backend answered; nonsense offers nothing."""
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return NOTHING
    if not isinstance(said, dict):
        return NOTHING
    bucket = said.get("bucket")
    return BackendCapabilities(
        bucket=bucket if isinstance(bucket, str) and bucket else None,
        presign_many=_count(said, "presignMany", 0),
        declared_size=said.get("declaredSize") is True,
        content_md5=said.get("contentMd5") is True,
        max_put_bytes=_count(said, "maxPutBytes", MAX_PUT_BYTES),
        multipart=_multipart(said.get("multipart")),
        list=said.get("list") is True,
        read=said.get("read") is True,
        delete=said.get("delete") is True,
        manifest=said.get("manifest") is True,
    )


def _multipart(said: object) -> Multipart | None:
    if not isinstance(said, dict):
        return None
    part_bytes = _count(said, "partBytes", 0)
    if not part_bytes:
        return None
    return Multipart(
        part_bytes=part_bytes,
        min_part_bytes=_count(said, "minPartBytes", 5 << 20),
        max_parts=min(_count(said, "maxParts", _MOST_PARTS), _MOST_PARTS),
    )


def _count(said: dict[str, Any], name: str, otherwise: int) -> int:
    value = said.get(name)
    return value if type(value) is int and 0 < value <= MOST_FILE_BYTES else otherwise
