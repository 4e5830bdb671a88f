"""Whose stream lies in a folder: what its job says, else the manifest of what was uploaded from it, else its name and its master."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

from pipeline.earlier_work import MEDIA_SUFFIXES
from pipeline.errors import SettingsError, SourceError
from pipeline.job_file import read_job_file
from pipeline.published import MANIFEST_FILE
from pipeline.transfer.local_copy import md5_of, path_for
from pipeline.transfer.manifest import FileEntry, Manifest
from pipeline.transfer.manifest_library import ManifestError, read_manifest
from pipeline.transfer.ownership import Owner, SourceContent, owner_from, read_content
from pipeline.workspace import MASTER, fingerprint


def owner_of(folder: Path) -> Owner:
    """Return whose stream lies in a folder.

    One that no conversion made is known by its manifest, as long as it still holds media that this lists: used again for another
    video it is not the one before. Without that its name is the title, and its master playlist the content.
    """
    job = read_job_file(folder)
    if job is not None:
        return owner_from(job.source_path, job.source)
    manifest = _manifest_in(folder)
    if manifest is None or not has_media_of(folder, manifest, by_time=True):
        return Owner(title=folder.absolute().name, content=_master_content(folder))
    return Owner(title=manifest.title, content=manifest.source or _master_content(folder))


def has_media_of(folder: Path, manifest: Manifest, *, by_time: bool) -> bool:
    """Whether a folder holds at least one of the media files that a manifest lists, by name, size and MD5.

    `by_time` takes the time of a file's last change for proof as well, which says something only of the folder that was uploaded.
    """
    media = [entry for entry in manifest.files if entry.filename.endswith(MEDIA_SUFFIXES) and entry.size_bytes]
    return any(_is_there(folder, entry, by_time=by_time) for entry in media)


def _is_there(folder: Path, entry: FileEntry, *, by_time: bool) -> bool:
    try:
        path = path_for(folder, entry.filename)
        status = path.stat()
        if status.st_size != entry.size_bytes:
            return False
        changed = datetime.fromtimestamp(int(status.st_mtime), timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        if by_time and changed == entry.last_modified:
            return True
        return entry.md5_hash is not None and md5_of(path) == entry.md5_hash.lower()
    except (OSError, SettingsError):  # not there, or no path inside the folder
        return False


def _manifest_in(folder: Path) -> Manifest | None:
    try:
        return read_manifest(folder / MANIFEST_FILE)
    except ManifestError:
        return None


def _master_content(folder: Path) -> SourceContent | None:
    try:
        return read_content(fingerprint(folder / MASTER))
    except SourceError:  # whoever sends the folder says what is missing
        return None
