"""The manifest of a destination: what was uploaded there, file by file, and what stood there before. Pure.

It has three copies: one in the job's folder, one in the library of this computer, and one on the server, which leaves
out what concerns this computer alone.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.published import MANIFEST_FILE
from pipeline.timestamps import utc_text
from pipeline.transfer.http.content_types import content_type
from pipeline.transfer.http.redaction import without_query
from pipeline.transfer.manifests.ownership import DestinationOwner, SourceContent
from pipeline.transfer.manifests.placement import Placement

BEGUN = "An upload to {prefix} has begun and is not finished."
"""What a manifest without files says."""

MAX_VERSIONS = 10
MAX_EARLIER_FILES = 50_000
"""How many entries all earlier versions may hold together, some 20 MB of text; the oldest versions go first."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ConfirmedFile:
    """A file that the store has, as the upload knows it. `name` is its path in `folder`, which is absolute, with `/`.

    `size_bytes` and `md5` (hex) are of what was sent, which for a master playlist may not be what is in the file. `md5`
    and `etag` are None where nobody computed or said them, `uploaded_at` (UTC) for a file that an earlier run sent;
    `url` is empty then, too.
    """

    folder: str
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
    def owner(self) -> DestinationOwner:
        """To whom the destination belongs."""
        return DestinationOwner(title=self.title, content=self.source)

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
        version_folder, alone = "", []
        for file in self.files:
            if file.s3_key == self.prefix + file.filename:
                alone.append(file.filename)
            elif (
                not version_folder and file.s3_key.startswith(self.prefix) and file.s3_key.endswith(f"/{file.filename}")
            ):
                version_folder = file.s3_key[len(self.prefix) : -len(file.filename)]
        return Placement(version_folder=version_folder, alone=frozenset(alone))

    @property
    def own_key(self) -> str:
        """Where the server's copy of the manifest lies."""
        return self.prefix + MANIFEST_FILE


def merge_manifest(
    previous: Manifest | None,
    *,
    title: str,
    backend_url: str,
    bucket: str | None,
    prefix: str,
    now: str,
    confirmed: Iterable[ConfirmedFile],
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


def with_replaced(previous: Manifest, changed: Mapping[str, FileEntry], now: str) -> Manifest:
    """Return the manifest after some of its files, by their names, were replaced. `now` is as in `merge_manifest`."""
    files = tuple(changed.get(file.filename, file) for file in previous.files)
    return replace(previous, files=files, last_synced=now, versions=_versions(previous, files, now))


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


def _entry(file: ConfirmedFile, before: FileEntry | None, now: str) -> FileEntry:
    same = (
        before is not None
        and (before.s3_key, before.size_bytes) == (file.key, file.size_bytes)
        and file.md5 in (None, before.md5_hash)
    )
    known = before if same else None  # what was not sent anew is as it was known before
    entry = FileEntry(
        filename=file.name,
        s3_key=file.key,
        s3_url=without_query(file.url) or (known.s3_url if known is not None else ""),
        size_bytes=file.size_bytes,
        md5_hash=file.md5 or (known.md5_hash if known is not None else None),
        etag=file.etag or (known.etag if known is not None else None),
        content_type=content_type(file.name),
        uploaded_at=file.uploaded_at or (known.uploaded_at if known is not None else now),
        last_modified=utc_text(file.mtime_ns // 1_000_000_000),
        local_path=file.folder + os.sep + file.name.replace("/", os.sep),
    )
    return known if known is not None and known == entry else entry  # one of both is enough to hold


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
