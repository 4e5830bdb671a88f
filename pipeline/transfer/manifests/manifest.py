"""The manifest of a destination: what was uploaded there, file by file, and what stood there before. Pure.

It has three copies: one in the job's folder, one in the library of this computer, and one on the server, which leaves
out what concerns this computer alone.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from io import BytesIO
from pathlib import Path
from typing import Any

from pipeline.published import MANIFEST_FILE
from pipeline.transfer.http.content_types import content_type
from pipeline.transfer.http.redaction import without_query
from pipeline.transfer.manifests.ownership import Owner, SourceContent, content_fields, read_content
from pipeline.transfer.manifests.placement import Placement

BEGUN = "An upload to {prefix} has begun and is not finished."
"""What a manifest without files says."""

MAX_VERSIONS = 10
MAX_EARLIER_FILES = 50_000
"""How many entries all earlier versions may hold together, some 20 MB of text; the oldest versions go first."""


class ManifestFormatError(ValueError):
    """A text is no manifest. The message says which field is wrong and what it should be."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ConfirmedFile:
    """A file that the store has, as the upload knows it. `name` is its path in the folder, with `/`.

    `size_bytes` and `md5` (hex) are of what was sent, which for a master playlist may not be what is in the file. `md5`
    and `etag` are None where nobody computed or said them, `uploaded_at` (UTC) for a file that an earlier run sent;
    `url` is empty then, too.
    """

    path: Path
    name: str
    key: str
    url: str
    size_bytes: int
    mtime_ns: int
    md5: str | None = None
    etag: str | None = None
    uploaded_at: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class FileEntry:
    """One file of a manifest.

    `filename` is its path in the job's folder, with `/`; `local_path` is None in the server's copy.
    """

    filename: str
    s3_key: str
    s3_url: str
    size_bytes: int
    md5_hash: str | None
    etag: str | None
    content_type: str
    uploaded_at: str
    last_modified: str
    local_path: str | None

    @property
    def identity(self) -> tuple[str, str, int, str | None]:
        """What makes it another file: where it is and what is in it, not when it was sent."""
        return self.filename, self.s3_key, self.size_bytes, self.md5_hash


@dataclass(frozen=True, kw_only=True)
class Version:
    """An earlier state of a destination, as far as it differs from the one that followed it."""

    last_synced: str
    replaced_at: str
    total_files: int
    total_size_bytes: int
    replaced: tuple[FileEntry, ...]
    removed: tuple[FileEntry, ...]


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What stands at a destination. Files are sorted by name, versions from the newest to the oldest.

    `source` is None where nobody told of it, as in the manifests of an earlier version.
    """

    title: str
    backend_url: str | None
    bucket: str | None
    prefix: str
    created_at: str
    last_synced: str
    files: tuple[FileEntry, ...]
    versions: tuple[Version, ...] = ()
    source: SourceContent | None = None

    @property
    def owner(self) -> Owner:
        """To whom the destination belongs."""
        return Owner(title=self.title, content=self.source)

    @property
    def begun(self) -> bool:
        """Whether it only tells that an upload to the destination has begun and is not finished: it names no file."""
        return not self.files

    @property
    def total_files(self) -> int:
        """How many files there are."""
        return len(self.files)

    @property
    def total_size_bytes(self) -> int:
        """How many bytes they have together."""
        return sum(file.size_bytes for file in self.files)

    @property
    def placement(self) -> Placement:
        """Where the stream's files lie below the prefix."""
        place, alone = "", []
        for file in self.files:
            if file.s3_key == self.prefix + file.filename:
                alone.append(file.filename)
            elif not place and file.s3_key.startswith(self.prefix) and file.s3_key.endswith(f"/{file.filename}"):
                place = file.s3_key[len(self.prefix) : -len(file.filename)]
        return Placement(place=place, alone=frozenset(alone))

    @property
    def own_key(self) -> str:
        """Where the server's copy of the manifest lies."""
        return self.prefix + MANIFEST_FILE


def merge(
    previous: Manifest | None,
    *,
    title: str,
    backend_url: str,
    bucket: str | None,
    prefix: str,
    now: str,
    confirmed: Sequence[ConfirmedFile],
    source: SourceContent | None = None,
) -> Manifest:
    """Return the manifest after an upload.

    `confirmed` is every file of the job that the store has, also those that an earlier run sent. What `previous` has
    besides was removed from the job. `now` is UTC as `2026-01-31T12:00:00Z`. A `previous` of another destination counts
    as none.
    """
    if previous is not None and not is_of(previous, backend_url, prefix):
        previous = None
    before = {file.filename: file for file in previous.files} if previous is not None else {}
    entries = (_entry(file, before.get(file.name), now) for file in confirmed if file.name != MANIFEST_FILE)
    files = tuple(sorted(entries, key=lambda file: file.filename))
    return Manifest(
        title=title,
        backend_url=backend_url.rstrip("/"),
        bucket=bucket,
        prefix=prefix,
        created_at=previous.created_at if previous is not None else now,
        last_synced=now,
        files=files,
        versions=_versions(previous, files, now) if previous is not None else (),
        source=source,
    )


def is_of(manifest: Manifest, backend_url: str, prefix: str) -> bool:
    """Say whether a manifest is of this destination; the server's copy does not name the backend, and counts."""
    return manifest.prefix == prefix and manifest.backend_url in (None, backend_url.rstrip("/"))


def newest(manifests: Sequence[Manifest | None]) -> Manifest | None:
    """Return the manifest that was synced last, the first of equals, None where there is none."""
    return max((one for one in manifests if one is not None), key=lambda manifest: manifest.last_synced, default=None)


def relocated(manifest: Manifest, folder: Path) -> Manifest:
    """Return the manifest with its files in another folder of this computer."""
    files = (replace(file, local_path=str(folder / file.filename)) for file in manifest.files)
    return replace(manifest, files=tuple(files))


def manifest_json(manifest: Manifest, *, for_server: bool) -> bytes:
    """Return a manifest as it is stored; `for_server` leaves out local paths and the backend's address."""
    head: dict[str, Any] = {
        "title": manifest.title,
        "backend_url": manifest.backend_url,
        "bucket": manifest.bucket,
        "prefix": manifest.prefix,
        "created_at": manifest.created_at,
        "last_synced": manifest.last_synced,
        "total_files": manifest.total_files,
        "total_size_bytes": manifest.total_size_bytes,
    }
    if manifest.source is not None:
        head["source"] = content_fields(manifest.source, for_server=for_server)
    if for_server:
        del head["backend_url"]
    # a line a file: json's own indentation takes several times the time and the memory
    # ASCII only: a name that is not valid Unicode survives as an escape
    text = BytesIO()
    text.write(b"{\n")
    for name, value in head.items():
        text.write(f"{json.dumps(name)}: {json.dumps(value)},\n".encode("ascii"))
    _write_list(text, "files", (file_fields(file, for_server=for_server) for file in manifest.files))
    text.write(b",\n")
    _write_list(text, "versions", (version_fields(version, for_server=for_server) for version in manifest.versions))
    text.write(b"\n}\n")
    return text.getvalue()


def file_fields(file: FileEntry, *, for_server: bool = False) -> dict[str, Any]:
    """Return one entry's fields as they are stored."""
    fields: dict[str, Any] = {
        "filename": file.filename,
        "s3_key": file.s3_key,
        "s3_url": file.s3_url,
        "size_bytes": file.size_bytes,
        "md5_hash": file.md5_hash,
        "etag": file.etag,
        "content_type": file.content_type,
        "uploaded_at": file.uploaded_at,
        "last_modified": file.last_modified,
    }
    return fields if for_server else {**fields, "local_path": file.local_path}


def version_fields(version: Version, *, for_server: bool = False) -> dict[str, Any]:
    """Return the fields of an earlier version as they are stored."""
    return {
        "last_synced": version.last_synced,
        "replaced_at": version.replaced_at,
        "total_files": version.total_files,
        "total_size_bytes": version.total_size_bytes,
        "replaced": [file_fields(file, for_server=for_server) for file in version.replaced],
        "removed": [file_fields(file, for_server=for_server) for file in version.removed],
    }


def understood(data: bytes | None) -> Manifest | None:
    """Return the manifest in a text, None where there is no text or it can't be understood."""
    if data is None:
        return None
    try:
        return parse_manifest(data)
    except ManifestFormatError:
        return None


def parse_manifest(data: bytes) -> Manifest:
    """Read a stored manifest; totals are counted anew. Raises ManifestFormatError."""
    try:
        stored = json.loads(data, object_hook=_file_at_once)
    except (ValueError, RecursionError) as error:
        raise ManifestFormatError("it is not JSON") from error
    fields = _object(stored, "it")
    files = tuple(sorted(_read_files(fields, "files", ""), key=lambda file: file.filename))
    for name, times in Counter(file.filename for file in files).items():
        if times > 1:
            raise ManifestFormatError(f"files names {name} twice")
    return Manifest(
        title=_text(fields, "title", ""),
        backend_url=_optional_text(fields, "backend_url", ""),
        bucket=_optional_text(fields, "bucket", ""),
        prefix=_text(fields, "prefix", ""),
        created_at=_text(fields, "created_at", ""),
        last_synced=_text(fields, "last_synced", ""),
        files=files,
        versions=tuple(
            _read_version(entry, f"versions[{n}]")
            for n, entry in enumerate(_list(fields, "versions", "", default=True))
        ),
        source=read_content(fields.get("source")),
    )


def _write_list(text: BytesIO, name: str, entries: Iterable[Mapping[str, Any]]) -> None:
    text.write(f"{json.dumps(name)}: [".encode("ascii"))
    before = b"\n "
    for entry in entries:
        text.write(before + json.dumps(entry).encode("ascii"))
        before = b",\n "
    text.write(b"\n]" if before == b",\n " else b"]")


def _entry(file: ConfirmedFile, before: FileEntry | None, now: str) -> FileEntry:
    same = (
        before is not None
        and (before.s3_key, before.size_bytes) == (file.key, file.size_bytes)
        and file.md5 in (None, before.md5_hash)
    )
    known = before if same else None  # what was not sent anew is as it was known before
    return FileEntry(
        filename=file.name,
        s3_key=file.key,
        s3_url=without_query(file.url) or (known.s3_url if known is not None else ""),
        size_bytes=file.size_bytes,
        md5_hash=file.md5 or (known.md5_hash if known is not None else None),
        etag=file.etag or (known.etag if known is not None else None),
        content_type=content_type(file.name),
        uploaded_at=file.uploaded_at or (known.uploaded_at if known is not None else now),
        last_modified=_utc(file.mtime_ns),
        local_path=str(file.path.absolute()),
    )


def _utc(mtime_ns: int) -> str:
    return datetime.fromtimestamp(mtime_ns // 1_000_000_000, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def _versions(previous: Manifest, files: Sequence[FileEntry], now: str) -> tuple[Version, ...]:
    """Return the earlier versions: the one that ends now, where it differs, before those that were kept."""
    current = {file.filename: file for file in files}
    replaced = tuple(f for f in previous.files if f.filename in current and current[f.filename].identity != f.identity)
    removed = tuple(f for f in previous.files if f.filename not in current)
    if not replaced and not removed:
        return previous.versions
    ended = Version(
        last_synced=previous.last_synced,
        replaced_at=now,
        total_files=previous.total_files,
        total_size_bytes=previous.total_size_bytes,
        replaced=replaced,
        removed=removed,
    )
    kept: list[Version] = []
    entries = 0
    for version in (ended, *previous.versions)[:MAX_VERSIONS]:
        entries += len(version.replaced) + len(version.removed)
        if kept and entries > MAX_EARLIER_FILES:
            break
        kept.append(version)
    return tuple(kept)


def _read_version(value: object, where: str) -> Version:
    fields = _object(value, where)
    return Version(
        last_synced=_text(fields, "last_synced", where),
        replaced_at=_text(fields, "replaced_at", where),
        total_files=_count(fields, "total_files", where),
        total_size_bytes=_count(fields, "total_size_bytes", where),
        replaced=tuple(_read_files(fields, "replaced", where)),
        removed=tuple(_read_files(fields, "removed", where)),
    )


def _read_files(fields: Mapping[str, Any], name: str, where: str) -> list[FileEntry]:
    return [_read_file(entry, f"{_at(where, name)}[{n}]") for n, entry in enumerate(_list(fields, name, where))]


def _file_at_once(fields: dict[str, Any]) -> object:
    """Return a file as soon as it is read: of 100,000 of them, what JSON makes has four times the size."""
    if "s3_key" in fields:
        with suppress(ManifestFormatError):  # said later, with its place
            return _read_file(fields, "")
    return fields


def _read_file(value: object, where: str) -> FileEntry:
    if isinstance(value, FileEntry):
        return value
    fields = _object(value, where)
    return FileEntry(
        filename=_text(fields, "filename", where, empty=False),
        s3_key=_text(fields, "s3_key", where, empty=False),
        s3_url=_text(fields, "s3_url", where),
        size_bytes=_count(fields, "size_bytes", where),
        md5_hash=_optional_text(fields, "md5_hash", where),
        etag=_optional_text(fields, "etag", where),
        content_type=sys.intern(_text(fields, "content_type", where)),
        uploaded_at=sys.intern(_text(fields, "uploaded_at", where)),
        last_modified=sys.intern(_text(fields, "last_modified", where)),
        local_path=_optional_text(fields, "local_path", where),
    )


def _at(where: str, name: str) -> str:
    return f"{where}.{name}" if where else name


def _object(value: object, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise ManifestFormatError(f"{where} must be an object")
    return value


def _list(fields: Mapping[str, Any], name: str, where: str, *, default: bool = False) -> Sequence[object]:
    value = fields.get(name, [] if default else None)
    if not isinstance(value, list):
        raise ManifestFormatError(f"{_at(where, name)} must be a list")
    return value


def _text(fields: Mapping[str, Any], name: str, where: str, *, empty: bool = True) -> str:
    value = fields.get(name)
    if not isinstance(value, str) or not (value or empty):
        raise ManifestFormatError(f"{_at(where, name)} must be text")
    return value


def _optional_text(fields: Mapping[str, Any], name: str, where: str) -> str | None:
    return None if fields.get(name) is None else _text(fields, name, where)


def _count(fields: Mapping[str, Any], name: str, where: str) -> int:
    value = fields.get(name)
    if type(value) is not int or value < 0:
        raise ManifestFormatError(f"{_at(where, name)} must be a whole number, not below 0")
    return value
