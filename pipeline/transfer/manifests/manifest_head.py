"""A manifest's beginning: whose stream it is, read without its files, perhaps 100,000. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.transfer.manifests.ownership import DestinationOwner, source_content_from

FILES = b'\n"files": ['
"""Ends the head in every manifest of this program; no text in it can hold a line's end."""

HEAD_BYTES = 64 << 10
"""More than any head has: a title and a prefix are a few hundred bytes."""


@dataclass(frozen=True, kw_only=True)
class ManifestHead:
    """Whose stream stands at a destination. `backend_url` is None in the server's copy, which does not name it.

    `begun` says that no file is named: an upload has begun and is not finished.
    """

    owner: DestinationOwner
    backend_url: str | None
    prefix: str
    last_synced: str
    begun: bool = False


def read_head(data: bytes) -> ManifestHead | None:
    """Read the head of a manifest from its first bytes, or from all of it; None where there is none."""
    end = data.find(FILES)  # no partition: of many files what comes behind it is 50 MB
    fields = _object(data[:end].rstrip().removesuffix(b",") + b"}") if end >= 0 else None
    if fields is None or "title" not in fields:
        fields = _object(data)
    if fields is None or not isinstance(prefix := fields.get("prefix"), str):
        return None
    backend_url = fields.get("backend_url")
    return ManifestHead(
        owner=DestinationOwner(title=_text(fields, "title"), content=source_content_from(fields.get("source"))),
        backend_url=backend_url if isinstance(backend_url, str) else None,
        prefix=prefix,
        last_synced=_text(fields, "last_synced"),
        begun=fields.get("total_files") == 0 or fields.get("files") == [],
    )


def _object(data: bytes) -> Mapping[str, Any] | None:
    try:
        said = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return said if isinstance(said, dict) else None


def _text(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name)
    return value if isinstance(value, str) else ""
