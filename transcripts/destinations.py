"""Where the videos of a dataset were uploaded to, and what this computer and the server know of these places."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import TransferError
from pipeline.published import MANIFEST_FILE
from pipeline.transfer.manifests.manifest import BEGUN, Manifest, is_of, newest
from pipeline.transfer.manifests.manifest_library import ManifestError, find, read_manifest
from pipeline.transfer.manifests.ownership import DestinationOwner, source_content_from
from pipeline.transfer.manifests.remote import Remote
from transcripts.videos import Video, title_of


class PublishError(TransferError):
    """A video can't be published."""


@dataclass(frozen=True, kw_only=True)
class Destination:
    """Where a video was uploaded to: what stands there, and the job's folder, None where it is not on this computer."""

    manifest: Manifest
    folder: Path | None


def destination_of(video: Video, remote: Remote, data_dir: Path | None) -> Destination | None:
    """Return where a video was uploaded to, None where nobody knows that it was.

    The row of the video says it, or else the manifest in the job's folder, for one that was uploaded later.

    Raises:
        PublishError: it was uploaded by another backend, is not finished, or belongs to another video now.
        TransferError: the server can't be asked.
    """
    local = [*_beside(video)]
    prefix, url = video.media.get("prefix"), video.media.get("backend_url")
    if not isinstance(prefix, str) or not prefix:
        if not local:
            return None
        prefix, url = local[0][0].prefix, local[0][0].backend_url
    if isinstance(url, str) and url.rstrip("/") != remote.backend_url:
        raise PublishError(f"It was uploaded by the backend {url}, not by {remote.backend_url}: set BACKEND_URL to it.")
    places = (*local, *_in_library(prefix, remote, data_dir))
    here = [(known, folder) for known, folder in places if is_of(known, remote.backend_url, prefix)]
    stored = remote.manifest(prefix)
    # of equals this computer's counts, which knows the folder
    found = [one for one in (*(known for known, _ in here), stored) if one is not None and not one.begun]
    manifest = newest(found)
    if manifest is None and stored is not None:
        raise PublishError(f"{BEGUN.format(prefix=prefix)} Publish it when it is.")
    if manifest is None:
        raise PublishError(f"Nothing is known of what was uploaded to {prefix}: upload the folder again.")
    for one in found:  # of the same second may be another's, too
        if one.last_synced == manifest.last_synced:
            _check_owner(video, one)
    # one from which an older state was uploaded is left as it is
    folders = [folder for known, folder in here if folder and known.last_synced == manifest.last_synced]
    return Destination(manifest=manifest, folder=folders[0] if folders else None)


def _check_owner(video: Video, manifest: Manifest) -> None:
    content = source_content_from(video.media.get("fingerprint"))
    owner = DestinationOwner(title=title_of(video.media), content=content)
    if content is not None and manifest.source is not None and owner.is_another(manifest.owner):
        raise PublishError(
            f"Another video ({manifest.title}) was uploaded to {manifest.prefix} since: add it to the dataset instead."
        )


def _beside(video: Video) -> Iterator[tuple[Manifest, Path | None]]:
    """Yield the manifest in the job's folder, where that is on this computer."""
    folder = video.media.get("folder")
    if isinstance(folder, str) and Path(folder).is_absolute():
        yield from _read_in(Path(folder))


def _in_library(prefix: str, remote: Remote, data_dir: Path | None) -> Iterator[tuple[Manifest, Path | None]]:
    """Yield what this computer's library knows of a destination, and the folder that was uploaded from."""
    try:
        located = find(prefix, data_dir, remote.backend_url)
    except ManifestError:
        return
    if located is None:
        return
    yield located.manifest, None
    for entry in located.manifest.files[:1]:
        if entry.local_path is not None and entry.local_path.endswith(entry.filename.rpartition("/")[2]):
            folder = Path(entry.local_path)
            yield from _read_in(folder.parents[entry.filename.count("/")])


def _read_in(folder: Path) -> Iterator[tuple[Manifest, Path | None]]:
    try:
        if (folder / MANIFEST_FILE).is_file():
            yield read_manifest(folder / MANIFEST_FILE), folder
    except (ManifestError, OSError):
        return
