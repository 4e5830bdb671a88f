"""To whom a destination belongs: the source of what was uploaded there, by its content, else by its title."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.files import is_there
from pipeline.fingerprint import Fingerprint
from pipeline.source_address import known_address


@dataclass(frozen=True, kw_only=True)
class SourceContent:
    """What tells a source's content from another's: its size, and the SHA-256 (hex) of head and tail.

    `path` is where the source lies on this computer, or its address, None in the server's copy of a manifest. It is no
    part of what is compared.
    """

    size_bytes: int
    sha256_head_tail: str
    path: str | None = field(default=None, compare=False)


@dataclass(frozen=True, kw_only=True)
class DestinationOwner:
    """Whose a destination is. `title` is empty and `content` None where nothing tells."""

    title: str
    content: SourceContent | None = None

    def is_another(self, other: DestinationOwner) -> bool:
        """Whether these are two different sources: by content, else by title; False where neither is known."""
        if self.content is not None and other.content is not None:
            return self.content != other.content
        return bool(self.title and other.title) and self.title != other.title


def destination_owner_from(source_path: str, fingerprint: Fingerprint, title: str = "") -> DestinationOwner:
    """Return the owner that a source's path and its fingerprint tell of; without a `title` the file's name is one.

    An earlier version noted the path as it was typed: where that is from is not known unless it still leads to the
    source. It may be an address.
    """
    address = known_address(source_path)
    path = Path(source_path)
    known = address is None and (path.is_absolute() or is_there(path))
    stored = str(path.absolute()) if known else None if address is None else address.text
    content = SourceContent(
        size_bytes=fingerprint.size_bytes,
        sha256_head_tail=fingerprint.sha256_head_tail,
        path=stored,
    )
    return DestinationOwner(title=title or (path.stem if address is None else address.title), content=content)


def source_content_from(fields: object) -> SourceContent | None:
    """Return the content that stored fields tell of, None where they don't."""
    if not isinstance(fields, Mapping):
        return None
    size_bytes, digest, stored_path = fields.get("size_bytes"), fields.get("sha256_head_tail"), fields.get("path")
    if type(size_bytes) is not int or not isinstance(digest, str):
        return None
    return SourceContent(
        size_bytes=size_bytes, sha256_head_tail=digest, path=stored_path if isinstance(stored_path, str) else None
    )


def content_fields(content: SourceContent, *, for_server: bool) -> dict[str, Any]:
    """Return a content as it is stored; the server is not told where it lies on this computer."""
    fields: dict[str, Any] = {"size_bytes": content.size_bytes, "sha256_head_tail": content.sha256_head_tail}
    return fields if for_server else {**fields, "path": content.path}
