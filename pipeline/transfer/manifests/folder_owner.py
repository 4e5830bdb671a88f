"""Whose stream lies in a folder: by its job, its uploaded manifest, or its name and its stream."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

from pipeline.errors import SettingsError, SourceError
from pipeline.fingerprint import fingerprint
from pipeline.job_file import read_job_file
from pipeline.media.stream_layout import MASTER, MEDIA_SUFFIXES
from pipeline.published import MANIFEST_FILE, published_names
from pipeline.timestamps import utc_text
from pipeline.transfer.manifests.local_copy import md5_of, path_for
from pipeline.transfer.manifests.manifest import FileEntry, Manifest
from pipeline.transfer.manifests.manifest_library import ManifestError, read_manifest
from pipeline.transfer.manifests.manifest_text import read_beginning
from pipeline.transfer.manifests.ownership import DestinationOwner, SourceContent, destination_owner_from


def owner_of(folder: Path, beside: Manifest | None = None) -> DestinationOwner:
    """Return whose stream lies in a folder.

    One that no conversion made is known by its manifest, as long as it still holds media that this lists: used again
    for another video it is not the one before. Without that its name is the title, and what the stream is made of the
    content. `beside` is the folder's manifest, where it was read already.
    """
    job = read_job_file(folder)
    if job is not None:
        return destination_owner_from(job.source_path, job.source, job.title)
    manifest = _manifest_with_media(folder, beside)
    if manifest is None:
        return DestinationOwner(title=folder.absolute().name, content=_stream_content(folder))
    return DestinationOwner(title=manifest.title, content=manifest.source or _stream_content(folder))


def has_media_of(folder: Path, manifest: Manifest, *, by_time: bool) -> bool:
    """Whether a folder holds at least one of the media files that a manifest lists, by name, size and MD5.

    `by_time` takes the time of a file's last change for proof as well, which says something only of the folder that was
    uploaded.
    """
    return any(_is_there(folder, entry, by_time=by_time) for entry in _media_of(manifest))


def holds_same_stream(folder: Path, manifest: Manifest) -> bool:
    """Whether a folder that no conversion made holds the stream of a manifest, one of them perhaps with more of it.

    Such as another quality, which came into a copy of the folder before or after the upload. All media files that one
    of them has must be the other's as well, by name, size and MD5.
    """
    if read_job_file(folder) is not None:
        return False
    theirs = {entry.filename: entry for entry in _media_of(manifest)}
    ours = {name for name in published_names(folder) if name.endswith(MEDIA_SUFFIXES)}
    common = ours & theirs.keys()
    return (
        bool(common)
        and common in (ours, theirs.keys())
        and all(_is_there(folder, theirs[name], by_time=False) for name in common)
    )


def _media_of(manifest: Manifest) -> Iterator[FileEntry]:
    return (entry for entry in manifest.files if entry.filename.endswith(MEDIA_SUFFIXES) and entry.size_bytes)


def _is_there(folder: Path, entry: FileEntry, *, by_time: bool) -> bool:
    try:
        path = path_for(folder, entry.filename)
        status = path.stat()
        if status.st_size != entry.size_bytes:
            return False
        changed = utc_text(int(status.st_mtime))
        if by_time and changed == entry.last_modified:
            return True
        return entry.md5_hash is not None and md5_of(path) == entry.md5_hash.lower()
    except (OSError, SettingsError):  # not there, or no path inside the folder
        return False


def _manifest_with_media(folder: Path, beside: Manifest | None) -> Manifest | None:
    """Return the manifest in a folder if media that it lists are there: its first files are nearly always enough."""
    reads: tuple[Callable[[], Manifest | None], ...] = (lambda: _beginning_in(folder), lambda: _manifest_in(folder))
    for read in reads if beside is None else (lambda: beside,):
        manifest = read()
        if manifest is not None and has_media_of(folder, manifest, by_time=True):
            return manifest
    return None


def _beginning_in(folder: Path) -> Manifest | None:
    try:
        with (folder / MANIFEST_FILE).open("rb") as text:
            return read_beginning(text)
    except OSError:
        return None


def _manifest_in(folder: Path) -> Manifest | None:
    try:
        return read_manifest(folder / MANIFEST_FILE)
    except ManifestError:
        return None


def _stream_content(folder: Path) -> SourceContent | None:
    """Return what tells a stream from another, None where there is none.

    The master alone does not: the same encoder writes the same one for two videos. So the names and sizes of all media
    files count, too, and head and tail of the first.
    """
    digest = hashlib.sha256()
    size_bytes = 0
    try:
        names = published_names(folder)
        media = [name for name in names if name.endswith(MEDIA_SUFFIXES)]
        for name in media:
            file_bytes = (folder / name).stat().st_size
            size_bytes += file_bytes
            digest.update(f"{name}\0{file_bytes}\0".encode(errors="surrogateescape"))
        read = [name for name in (MASTER, *media[:1]) if name in names]
        for name in read:
            digest.update(fingerprint(folder / name).sha256_head_tail.encode())
    except (OSError, SourceError):  # whoever sends the folder says what is wrong
        return None
    return SourceContent(size_bytes=size_bytes, sha256_head_tail=digest.hexdigest()) if read else None
