"""The backend's folder: what says that it is one, and when a new one may be begun.

A folder whose disk is not mounted looks like an empty one. So the backend begins a new storage only where it was asked
to, or in its usual folder, which nobody mounts.
"""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from backend.access.signing import PRIVATE
from pipeline.codec import from_json, to_json
from pipeline.errors import CodecError, SettingsError
from pipeline.timestamps import utc_now

MARKER_FILE = "storage.json"
SCHEMA = 1
_OF_EARLIER_VERSIONS = ("signing-secret", "records.sqlite3", "records.jsonl", "tokens.json")
"""A folder with one of these was in use before there was a marker."""


@dataclass(frozen=True, kw_only=True)
class RootDescription:
    """What the marker says: a name that no other storage has, and when it was begun (UTC)."""

    id: str
    created: str


def marker_of(root: Path) -> Path:
    """Return where the marker of a backend's folder is."""
    return root / PRIVATE / MARKER_FILE


def prepare_root(root: Path, *, may_begin: bool) -> None:
    """See that a folder is the backend's; make it so if it was an earlier version's, or if a new one may be begun.

    Raises SettingsError.
    """
    marker = marker_of(root)
    with _sentences(root):
        if marker.is_file():
            _check(marker)
            return
        if may_begin or any((root / PRIVATE / name).is_file() for name in _OF_EARLIER_VERSIONS):
            init_root(root)
            return
    raise SettingsError(
        f"{root} is no storage of this backend: the file {PRIVATE}/{MARKER_FILE} is missing. If its disk is not "
        f"mounted, mount it; to begin a new storage there, run `backend --init` with the same folder once."
    )


def init_root(root: Path) -> bool:
    """Make a folder the backend's; return whether it was none before. Raises SettingsError."""
    marker = marker_of(root)
    with _sentences(root):
        if marker.is_file():
            _check(marker)
            return False
        marker.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        description = RootDescription(id=uuid.uuid4().hex, created=utc_now())
        return _write_once(marker, json.dumps({"schema": SCHEMA, **to_json(description)}, indent=2) + "\n")


def _write_once(marker: Path, text: str) -> bool:
    """Write the marker whole, unless another process is quicker."""
    temporary = marker.with_name(f"{MARKER_FILE}.{uuid.uuid4().hex}.tmp")
    try:
        with temporary.open("x", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(temporary, marker)
        except FileExistsError:
            return False
        except OSError:  # not every file system has hard links
            temporary.replace(marker)
    finally:
        temporary.unlink(missing_ok=True)
    return True


def _check(marker: Path) -> None:
    try:
        stored = json.loads(marker.read_bytes())
        if isinstance(stored, Mapping) and type(stored.get("schema")) is int and stored["schema"] > SCHEMA:
            raise SettingsError(f"{marker} was written by a newer version of this program: use that one.")
        from_json(RootDescription, {name: stored[name] for name in stored if name != "schema"}, str(marker))
    except (ValueError, TypeError, RecursionError, CodecError) as error:
        raise SettingsError(
            f"{marker} is damaged: put back a copy of it, or remove it and run `backend --init` with the same folder."
        ) from error


@contextmanager
def _sentences(root: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise SettingsError(
            f"The storage folder {root} can't be used ({error.strerror}): check its permissions or choose another one."
        ) from error
