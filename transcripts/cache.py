"""The copy of an S3 dataset on this computer: the file that is edited, and the content on S3 that the edits began with.

Below the program's cache folder, a dataset has `<md5 of its address>.json`, which its document writes,
`<md5>.metadata`, and `<md5>.base-<id>.json`, the content on S3 that edits are compared with. Each file is written
completely or not at all. The metadata is written last and names the base that is valid, so that an interruption leaves
either the old state or the new one. Knows files only, no server.
"""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.codec import from_json, to_json
from pipeline.errors import CodecError, OutputError
from pipeline.files import write_whole
from storage import S3Uri
from transcripts.errors import DocumentError

FORMAT = 1
MAX_PENDING = 8
"""How many writes with an unknown outcome are remembered."""


@dataclass(frozen=True, kw_only=True)
class PendingWrite:
    """A write to S3 that was begun: its id, and the base that is valid once it is known to have succeeded."""

    write_id: str
    base_id: str


@dataclass(frozen=True, kw_only=True)
class CacheMetadata:
    """What is known about the copy.

    `etag` is the ETag, with its quotes, of the content on S3 that edits began with, None for a dataset that is not on
    S3 yet; `checked_at_s` is when the store last confirmed it, in seconds since 1970. `digest` is the MD5 of that
    content as it was written to the file that is edited: if the file has another MD5, it was edited.
    """

    uri: str
    etag: str | None
    checked_at_s: float
    base_id: str
    digest: str
    pending: tuple[PendingWrite, ...] = ()
    format: int = FORMAT


class DatasetCache:
    """The copy of one dataset."""

    def __init__(self, folder: Path, uri: S3Uri, *, server: str = "") -> None:
        """Name the copy's files; `server` is the store's address, empty for Amazon; other stores have own folders."""
        below = re.sub(r"[^A-Za-z0-9.-]+", "_", server.partition("://")[2]).strip("_")
        self._folder = folder / "datasets" / below if below else folder / "datasets"
        self._name = hashlib.md5(str(uri).encode(), usedforsecurity=False).hexdigest()
        self._uri = str(uri)
        self.path = self._folder / f"{self._name}.json"
        self.metadata_path = self._folder / f"{self._name}.metadata"

    @property
    def lock_path(self) -> Path:
        """The lock that is held by a document that edits the file."""
        return self.path.with_name(f".{self.path.name}.lock")

    def metadata(self) -> CacheMetadata | None:
        """Return what is known about the copy; None if there is no copy, or none that can be relied on."""
        try:
            found = from_json(CacheMetadata, json.loads(self.metadata_path.read_bytes()), self.metadata_path.name)
        except (OSError, ValueError, CodecError):
            return None
        if found.format > FORMAT or found.uri != self._uri or not self.path.is_file():
            return None
        with suppress(DocumentError):
            return found if content_md5(self.base(found)) == found.digest else None
        return None

    def is_edited(self, known: CacheMetadata | None) -> bool:
        """Whether the file holds changes that are not on S3, as far as the copy knows."""
        if not self.path.is_file():
            return False
        return known is None or content_md5(self._read(self.path)) != known.digest

    def base(self, known: CacheMetadata) -> bytes:
        """Return the content on S3 that edits began with. Raises DocumentError."""
        return self._read(self._base_path(known.base_id))

    def replace(self, content: bytes, known: CacheMetadata) -> CacheMetadata:
        """Replace the copy by a content from S3, which `known` describes. Raises DocumentError."""
        is_first = not self.path.exists()
        base_id = self.add_base(content)
        try:
            self._write(self.path, content)
            return self.note(replace(known, base_id=base_id, digest=content_md5(content)))
        except DocumentError:  # on a full disk each attempt would leave another file
            for path in (self._base_path(base_id), *([self.path] if is_first else [])):
                with suppress(OSError):
                    path.unlink()
            raise

    def set_aside(self) -> Path:
        """Rename the file, because it is not known which of its rows are not on S3. Raises DocumentError."""
        kept = self.path.with_name(f"{self._name}.kept-{uuid.uuid4().hex[:8]}.json")
        try:
            self.path.replace(kept)
        except OSError as error:
            raise self._unwritable(self.path, error) from error
        return kept

    def add_base(self, content: bytes) -> str:
        """Store a content that edits may be compared with; return its id. Raises DocumentError."""
        base_id = uuid.uuid4().hex[:12]
        self._write(self._base_path(base_id), content)
        return base_id

    def add_snapshot(self, pieces: Iterable[bytes]) -> tuple[str, bytes]:
        """Store a content that edits may be compared with; return its id and the content. Raises DocumentError.

        Edits continue meanwhile: reading a file does not block other threads, as joining the pieces would.
        """
        base_id = uuid.uuid4().hex[:12]
        self._write(self._base_path(base_id), pieces)
        return base_id, self._read(self._base_path(base_id))

    def note(self, known: CacheMetadata) -> CacheMetadata:
        """Write the metadata of the copy, and remove bases that are no longer valid. Raises DocumentError."""
        known = replace(known, uri=self._uri, pending=known.pending[-MAX_PENDING:])
        self._write(self.metadata_path, json.dumps(to_json(known), indent=1).encode())
        self._remove_bases({known.base_id, *(one.base_id for one in known.pending)})
        return known

    def _remove_bases(self, wanted: Iterable[str]) -> None:
        kept = {self._base_path(one) for one in wanted}
        for path in self._folder.glob(f"{self._name}.base-*.json"):
            if path not in kept:
                with suppress(OSError):  # tried again the next time
                    path.unlink()

    def _base_path(self, base_id: str) -> Path:
        return self._folder / f"{self._name}.base-{base_id}.json"

    def _read(self, path: Path) -> bytes:
        try:
            return path.read_bytes()
        except OSError as error:
            raise DocumentError(
                f"{path}, the copy of {self._uri} on this computer, can't be read ({error.strerror}): "
                "check its permissions."
            ) from error

    def _write(self, path: Path, content: bytes | Iterable[bytes]) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, content)
        except (OutputError, OSError) as error:
            raise self._unwritable(path, error) from error

    def _unwritable(self, path: Path, error: Exception) -> DocumentError:
        cause = error.__cause__ if isinstance(error, OutputError) else error
        reason = cause.strerror if isinstance(cause, OSError) else str(error)
        return DocumentError(
            f"{self._uri} can't be kept on this computer: {path} can't be written ({reason}). "
            "Free some space or check the folder's permissions."
        )


def content_md5(content: bytes) -> str:
    """Return the MD5 of a content in hex."""
    return hashlib.md5(content, usedforsecurity=False).hexdigest()
