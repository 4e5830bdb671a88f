"""A manifest's text: JSON with a line a file, written and read, also of earlier versions. Pure."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from io import BytesIO
from typing import Any

from pipeline.transfer.manifests.manifest import FileEntry, Manifest, Version
from pipeline.transfer.manifests.ownership import content_fields, read_content


class ManifestFormatError(ValueError):
    """A text is no manifest. The message says which field is wrong and what it should be."""


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
