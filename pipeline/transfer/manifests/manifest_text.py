"""A manifest's text: JSON with a line a file, written and read, also of earlier versions. Pure."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from io import BytesIO
from itertools import chain, islice, pairwise
from json.encoder import encode_basestring_ascii as quoted
from typing import Any, BinaryIO

from pipeline.transfer.http.capabilities import MOST_FILE_BYTES
from pipeline.transfer.manifests.manifest import FileEntry, Manifest, Version
from pipeline.transfer.manifests.ownership import content_fields, source_content_from

FILES_BEGIN, FILES_END = b'"files": [\n', b"],\n"
HEAD_LINES = 16
"""More than stand before the files in any manifest of this program."""

READ_AT_ONCE = 1000
"""How many lines are read at a time."""

_TEXT_OR_NONE = (str, type(None))


class ManifestFormatError(ValueError):
    """A text is not a manifest. The message says which field is wrong and what it should be."""


def head_fields(manifest: Manifest) -> dict[str, Any]:
    """Return what a manifest says of the whole, as it is stored."""
    return {
        "title": manifest.title,
        "backend_url": manifest.backend_url,
        "bucket": manifest.bucket,
        "prefix": manifest.prefix,
        "created_at": manifest.created_at,
        "last_synced": manifest.last_synced,
        "total_files": manifest.total_files,
        "total_size_bytes": manifest.total_size_bytes,
    }


def manifest_json(manifest: Manifest, *, for_server: bool) -> bytes:
    """Return a manifest as it is stored; `for_server` leaves out local paths and the backend's address."""
    text = BytesIO()
    text.writelines(manifest_lines(manifest, for_server=for_server))
    return text.getvalue()


def manifest_lines(manifest: Manifest, *, for_server: bool) -> Iterator[bytes]:
    """Yield the same piece by piece: of 100,000 files it is 50 MB."""
    head = head_fields(manifest)
    if manifest.source is not None:
        head["source"] = content_fields(manifest.source, for_server=for_server)
    if for_server:
        del head["backend_url"]
    # a line a file: json's own indentation takes several times the time and the memory
    # ASCII only: a name that is not valid Unicode survives as an escape
    yield b"{\n"
    for name, value in head.items():
        yield f"{json.dumps(name)}: {json.dumps(value)},\n".encode("ascii")
    yield from _list_lines("files", (_file_line(file, for_server=for_server) for file in manifest.files))
    yield b",\n"
    versions = (json.dumps(version_fields(version, for_server=for_server)) for version in manifest.versions)
    yield from _list_lines("versions", versions)
    yield b"\n}\n"


def _list_lines(name: str, entries: Iterable[str]) -> Iterator[bytes]:
    yield f"{json.dumps(name)}: [".encode("ascii")
    before = "\n "
    for entry in entries:
        yield f"{before}{entry}".encode("ascii")
        before = ",\n "
    yield b"\n]" if before == ",\n " else b"]"


def _file_line(file: FileEntry, *, for_server: bool) -> str:
    """Return an entry's fields as JSON, which takes the library five times as long."""
    line = (
        f'{{"filename": {quoted(file.filename)}, "s3_key": {quoted(file.s3_key)}, "s3_url": {quoted(file.s3_url)}, '
        f'"size_bytes": {file.size_bytes}, "md5_hash": {_quoted_or_null(file.md5_hash)}, '
        f'"etag": {_quoted_or_null(file.etag)}, "content_type": {quoted(file.content_type)}, '
        f'"uploaded_at": {quoted(file.uploaded_at)}, "last_modified": {quoted(file.last_modified)}'
    )
    return f"{line}}}" if for_server else f'{line}, "local_path": {_quoted_or_null(file.local_path)}}}'


def _quoted_or_null(text: str | None) -> str:
    return "null" if text is None else quoted(text)


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
    return read_manifest_text(BytesIO(data))


def read_manifest_text(text: BinaryIO) -> Manifest:
    """Read a stored manifest from a file that is open; totals are counted anew. Raises ManifestFormatError, OSError."""
    manifest = _read_by_lines(text)
    if manifest is None:
        text.seek(0)
        fields = _object(_json(text.read()), "it")
        manifest = _manifest(fields, _read_files(fields, "files", ""))
    return manifest


def read_beginning(text: BinaryIO) -> Manifest | None:
    """Read head and first files of a manifest that has a line a file; None for any other."""
    try:
        return _read_by_lines(text, most=READ_AT_ONCE)
    except ManifestFormatError:
        return None


def _read_by_lines(text: BinaryIO, most: int = sys.maxsize) -> Manifest | None:
    """Read a manifest as this program writes it, a line a file, without holding all of its text; None for any other.

    Without its versions where it has `most` files or more: no more are read.
    """
    head = list(islice(text, HEAD_LINES))
    if FILES_BEGIN not in head:
        return None
    begin = head.index(FILES_BEGIN)
    lines = chain(head[begin + 1 :], text)
    head[begin:] = [b'"files": []']
    files: list[FileEntry] = []
    while batch := list(islice(lines, READ_AT_ONCE)):
        end = batch.index(FILES_END) if FILES_END in batch else len(batch)
        try:
            entries = json.loads(b"[" + b"".join(batch[:end]).rstrip(b",\n") + b"]", object_hook=_file_at_once)
        except (ValueError, RecursionError):
            return None
        if len(entries) != end or not all(isinstance(entry, FileEntry) for entry in entries):
            return None
        files += entries
        if end < len(batch):
            return _manifest(_object(_json(b"".join([*head, b",\n", *batch[end + 1 :], *lines])), "it"), files)
        if len(files) >= most:
            return _manifest(_object(_json(b"".join([*head, b"}"])), "it"), files)
    return None


def _json(data: bytes) -> object:
    try:
        return json.loads(data, object_hook=_file_at_once)
    except (ValueError, RecursionError) as error:
        raise ManifestFormatError("it is not JSON") from error


def _manifest(fields: Mapping[str, Any], found: list[FileEntry]) -> Manifest:
    files = tuple(sorted(found, key=lambda file: file.filename))
    for one, following in pairwise(files):
        if one.filename == following.filename:
            raise ManifestFormatError(f"files names {one.filename} twice")
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
        source=source_content_from(fields.get("source")),
    )


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
    if "s3_key" not in fields:
        return fields
    get: Callable[[str], Any] = fields.get
    name, key, size_bytes = get("filename"), get("s3_key"), get("size_bytes")
    url, kind, at, changed = get("s3_url"), get("content_type"), get("uploaded_at"), get("last_modified")
    md5, etag, path = get("md5_hash"), get("etag"), get("local_path")
    texts = type(name) is type(key) is type(url) is type(kind) is type(at) is type(changed) is str
    optional = type(md5) in _TEXT_OR_NONE and type(etag) in _TEXT_OR_NONE and type(path) in _TEXT_OR_NONE
    if not (texts and optional and name and key and type(size_bytes) is int and 0 <= size_bytes <= MOST_FILE_BYTES):
        return fields  # what is wrong is said later, with its place
    return FileEntry(
        filename=sys.intern(name),  # what journal and listing tell of a file too is kept once for all
        s3_key=sys.intern(key),
        s3_url=sys.intern(url),
        size_bytes=size_bytes,
        md5_hash=None if md5 is None else sys.intern(md5),
        etag=md5 if etag == md5 else etag,
        content_type=sys.intern(kind),
        uploaded_at=sys.intern(at),
        last_modified=sys.intern(changed),
        local_path=path,
    )


def _read_file(value: object, where: str) -> FileEntry:
    """Return an entry that was read, or raise ManifestFormatError, which says what is wrong with it."""
    if isinstance(value, FileEntry):
        return value
    fields = _object(value, where)
    for name in ("filename", "s3_key"):
        _text(fields, name, where, empty=False)
    for name in ("s3_url", "content_type", "uploaded_at", "last_modified"):
        _text(fields, name, where)
    for name in ("md5_hash", "etag", "local_path"):
        _optional_text(fields, name, where)
    _count(fields, "size_bytes", where)
    raise ManifestFormatError(f"{where} is not a file")


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
    if type(value) is not int or not 0 <= value <= MOST_FILE_BYTES:
        raise ManifestFormatError(f"{_at(where, name)} must be a whole number, not below 0, of a size that files have")
    return value
