"""Manifests on this computer: a job folder's own, and the library of all in the user's data folder."""

from __future__ import annotations

import filecmp
import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path

from slugify import slugify

from pipeline.errors import OutputError, SettingsError
from pipeline.files import write_whole
from pipeline.published import MANIFEST_FILE
from pipeline.slug import MAX_LENGTH
from pipeline.transfer.http.validation import as_prefix
from pipeline.transfer.manifests.manifest import Manifest, is_of, newest
from pipeline.transfer.manifests.manifest_text import ManifestFormatError, manifest_lines, read_manifest_text

LIBRARY = "s3_manifests"
ENDING = "_s3_manifest.json"
HASH_LENGTH = 12
MAX_BYTES = 128 << 20
"""A larger file is not a manifest: 100,000 files and their history have some 60 MB."""


class ManifestError(SettingsError):
    """A manifest was named that is not there or can't be read."""


@dataclass(frozen=True, kw_only=True)
class LocalCopies:
    """What the manifests of this computer say before an upload.

    `beside` is the one in the job's folder, of whichever destination; `known` is the newest of the destination;
    `notices` are lines for the log view, one for each copy that is of no use.
    """

    beside: Manifest | None = None
    known: Manifest | None = None
    notices: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class FoundManifest:
    """A manifest and where it was found.

    `folder` holds the job's files, None where only the library knows the destination.
    """

    manifest: Manifest
    path: Path
    folder: Path | None


def library_path(data_dir: Path, backend_url: str, prefix: str) -> Path:
    """Return where the library keeps a destination's manifest: by its slug, and a hash that tells slugs apart."""
    identity = json.dumps([backend_url.rstrip("/"), prefix])
    mark = hashlib.sha256(identity.encode()).hexdigest()[:HASH_LENGTH]
    return data_dir / LIBRARY / f"{_slug(prefix) or 'root'}-{mark}{ENDING}"


def read_manifest(path: Path) -> Manifest:
    """Read a manifest from a file. Raises ManifestError."""
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_size > MAX_BYTES:
                raise ManifestError(f"{path} is larger than {MAX_BYTES >> 20} MB and no manifest: name another file.")
            return read_manifest_text(file)
    except FileNotFoundError as error:
        raise ManifestError(
            f"There is no manifest at {path}: name a folder that was uploaded, or a manifest."
        ) from error
    except OSError as error:
        raise ManifestError(f"The manifest {path} can't be read ({error.strerror}): check its permissions.") from error
    except ManifestFormatError as error:
        raise ManifestError(
            f"{path} is not a manifest of this program ({error}): upload the folder again to have a new one."
        ) from error


def local_copies(folder: Path, data_dir: Path | None, backend_url: str, prefix: str) -> LocalCopies:
    """Read what this computer knows of a destination before an upload."""
    beside, kept = folder / MANIFEST_FILE, None
    if data_dir is not None:
        kept = library_path(data_dir, backend_url, prefix)
        if _alike(beside, kept):  # nearly always: both are written alike
            kept = None
    found: list[Manifest | None] = []
    notices = []
    for path in (beside, kept):
        manifest = None
        try:
            manifest = read_manifest(path) if path is not None and path.exists() else None
        except ManifestError as error:
            notices.append(f"{error} It is written anew.")
        found.append(manifest)
    known = newest([one for one in found if one is not None and is_of(one, backend_url, prefix)])
    return LocalCopies(beside=found[0], known=known, notices=tuple(notices))


def write_copies(manifest: Manifest, folder: Path, data_dir: Path | None) -> tuple[str, ...]:
    """Write the copies of this computer; return lines for the log view. Raises OutputError when the folder takes none.

    Without a place for the library, or when it can't be written, the upload is as good: that is a notice.
    """
    write_beside(manifest, folder)
    if data_dir is None:
        return ()
    path = library_path(data_dir, manifest.backend_url or "", manifest.prefix)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, manifest_lines(manifest, for_server=False))
    except (OSError, OutputError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        return (f"The library of manifests in {path.parent} could not be written: {reason}",)
    return ()


def write_beside(manifest: Manifest, folder: Path) -> None:
    """Write the copy in a job's folder. Raises OutputError."""
    write_whole(folder / MANIFEST_FILE, manifest_lines(manifest, for_server=False))


def _alike(one: Path, other: Path) -> bool:
    """Whether two files have the same content."""
    try:
        return filecmp.cmp(one, other, shallow=False)
    except OSError:
        return False


def library_files(data_dir: Path | None, *, prefix: str = "") -> list[Path]:
    """Return where the manifests of the library lie; those of this prefix and of all below it, if one is given.

    A few others may be among them, whose names begin the same. A prefix ends with a slash, so what follows it in a
    longer one changes nothing in its slug.
    """
    return sorted((data_dir / LIBRARY).glob(f"{_slug(prefix)}*{ENDING}")) if data_dir is not None else []


def _slug(prefix: str) -> str:
    return slugify(prefix, max_length=MAX_LENGTH)


def library(data_dir: Path | None) -> tuple[list[FoundManifest], tuple[str, ...]]:
    """Return every manifest of the library, sorted by destination, and a sentence for each that can't be read."""
    found, problems = [], []
    for path in library_files(data_dir):
        try:
            found.append(FoundManifest(manifest=read_manifest(path), path=path, folder=None))
        except ManifestError as error:
            problems.append(str(error))
    return sorted(found, key=lambda one: (one.manifest.prefix, one.manifest.backend_url or "")), tuple(problems)


def find(named: str, data_dir: Path | None, backend_url: str) -> FoundManifest | None:
    """Return the manifest that a folder, file or destination names; None for an unknown destination.

    Of a destination at several backends, the one at `backend_url` is meant. Raises ManifestError.
    """
    path = Path(named)
    try:
        if path.is_file():
            beside = path.name == MANIFEST_FILE
            return FoundManifest(manifest=read_manifest(path), path=path, folder=path.parent if beside else None)
        if (path / MANIFEST_FILE).exists():
            return FoundManifest(manifest=read_manifest(path / MANIFEST_FILE), path=path / MANIFEST_FILE, folder=path)
    except OSError as error:
        raise ManifestError(
            f"{named} can't be looked at ({error.strerror}): check the name and its permissions."
        ) from error
    located = _by_prefix(as_prefix(named), data_dir, backend_url)
    if located is None and path.is_dir():
        raise ManifestError(f"There is no {MANIFEST_FILE} in {path}: upload the folder first.")
    if located is None and path.suffix == ".json":
        raise ManifestError(f"There is no manifest at {path}: name a folder that was uploaded, or a manifest.")
    return located


def _by_prefix(prefix: str, data_dir: Path | None, backend_url: str) -> FoundManifest | None:
    if data_dir is None:
        return None
    if backend_url:
        path = library_path(data_dir, backend_url, prefix)
        return FoundManifest(manifest=read_manifest(path), path=path, folder=None) if path.exists() else None
    found = [one for one in library(data_dir)[0] if one.manifest.prefix == prefix]
    if len(found) > 1:
        names = ", ".join(str(one.path) for one in found)
        raise ManifestError(f"{prefix} is known at several backends: name one of {names}.")
    return found[0] if found else None
