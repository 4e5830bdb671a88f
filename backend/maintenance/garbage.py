"""Decides which objects can go since no manifest names them. Pure: asks no storage, deletes nothing.

for each object: it belongs to the nearest manifest above it
a manifest that can't be read, or is of another place: all that belongs to it stays
something has changed there lately, perhaps by an upload that is under way: all of it stays
a manifest of an upload that has not ended, or none at all: it goes only when that is asked for
otherwise: what `prune` would delete goes, and what an upload that broke off has left
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone

from pipeline.errors import SettingsError
from pipeline.media.stream_layout import MASTER
from pipeline.transfer.manifests.inventory import RemoteObject
from pipeline.transfer.manifests.manifest import Manifest
from pipeline.transfer.manifests.placement import version_folder_in
from pipeline.transfer.manifests.prune import unnamed
from storage import StoredObject


@dataclass(frozen=True, kw_only=True)
class StorageContents:
    """What is stored: all objects; the manifests by their folders, None for one that can't be read; the masters."""

    objects: Sequence[StoredObject]
    manifests: Mapping[str, Manifest | None]
    masters: Mapping[str, bytes]


@dataclass(frozen=True, kw_only=True)
class GarbageGroup:
    """What can go at one place; `managed` where a manifest of a finished upload is there."""

    prefix: str
    objects: tuple[StoredObject, ...]
    managed: bool


@dataclass(frozen=True, kw_only=True)
class Garbage:
    """What can go, by its place. `kept` says in sentences what stays though no manifest names it.

    `unmanaged` is what would go, too, if what has no manifest were asked for; `manifests` are the places of all.
    """

    groups: tuple[GarbageGroup, ...]
    kept: tuple[str, ...]
    unmanaged: tuple[GarbageGroup, ...]
    manifests: frozenset[str]

    @property
    def objects(self) -> list[StoredObject]:
        """Everything that can go."""
        return [stored for group in self.groups for stored in group.objects]


def garbage_in(contents: StorageContents, *, before_s: float, with_unmanaged: bool) -> Garbage:
    """Return what can go.

    Args:
        contents: what is stored.
        before_s: a place at which something is newer than this stays (seconds since 1970).
        with_unmanaged: also what has no manifest of a finished upload.
    """
    groups, kept, unmanaged = list[GarbageGroup](), list[str](), list[StoredObject]()
    managed = _below(contents.objects, contents.manifests)
    for prefix, objects in sorted(managed.items()):
        manifest = contents.manifests[prefix]
        if manifest is None or manifest.prefix != prefix:
            kept.append(f"The manifest at {_shown(prefix)} can't be read: everything there stays.")
        elif manifest.begun:
            unmanaged += objects
        elif not _is_quiet(objects, before_s):
            named = {file.s3_key for file in manifest.files} | {manifest.own_key}
            if rest := [stored for stored in objects if stored.path not in named]:
                kept.append(_under_way(prefix, rest))
        else:
            found, reasons = _leftovers(contents, manifest, objects)
            kept += reasons
            if found:
                groups.append(GarbageGroup(prefix=prefix, objects=tuple(found), managed=True))
    placed = {stored.path for objects in managed.values() for stored in objects}
    unmanaged += [stored for stored in contents.objects if stored.path not in placed]
    others = list[GarbageGroup]()
    for prefix, objects in sorted(_by_stream(unmanaged, contents).items()):
        if _is_quiet(objects, before_s):
            others.append(GarbageGroup(prefix=prefix, objects=tuple(objects), managed=False))
        elif with_unmanaged:
            kept.append(_under_way(prefix, objects))
    return Garbage(
        groups=(*groups, *(others if with_unmanaged else ())),
        kept=tuple(kept),
        unmanaged=tuple(() if with_unmanaged else others),
        manifests=frozenset(contents.manifests),
    )


def _leftovers(
    contents: StorageContents, manifest: Manifest, objects: Sequence[StoredObject]
) -> tuple[list[StoredObject], Sequence[str]]:
    """Return what is at a destination of a finished upload though its manifest doesn't name it, and what stays why."""
    prefix = manifest.prefix
    by_key = {stored.path: stored for stored in objects}
    folder = version_folder_in(contents.masters.get(prefix, b""))
    try:
        found = unnamed(
            [manifest],
            [_as_listed(stored) for stored in objects],
            (),
            played_folder=folder if prefix in contents.masters else None,
        )
    except SettingsError:
        return [], [f"No file of the manifest at {_shown(prefix)} is there: everything there stays."]
    return [by_key[stored.key] for stored in found.objects], [f"{_shown(prefix)}: {reason}" for reason in found.kept]


def _as_listed(stored: StoredObject) -> RemoteObject:
    modified = datetime.fromtimestamp(stored.modified_s, timezone.utc)
    return RemoteObject(
        key=stored.path, size_bytes=stored.size_bytes, etag=stored.etag, md5=stored.md5, last_modified=modified
    )


def _by_stream(objects: Sequence[StoredObject], contents: StorageContents) -> dict[str, list[StoredObject]]:
    """Return objects without a manifest by the stream to which they seem to belong."""
    streams = {
        *(_folder(stored.path) for stored in objects if stored.path.rpartition("/")[2] == MASTER),
        *(prefix for prefix, manifest in contents.manifests.items() if manifest is not None and manifest.begun),
    }
    found = _below(objects, streams, topmost=True)
    placed = {stored.path for some in found.values() for stored in some}
    for stored in objects:
        if stored.path not in placed:  # segments lie in a folder of their quality, which may lie in that of a stream
            folder = _folder(stored.path)
            found.setdefault(_folder(folder.rstrip("/")) or folder, []).append(stored)
    return found


def _below(
    objects: Iterable[StoredObject], prefixes: Collection[str], *, topmost: bool = False
) -> dict[str, list[StoredObject]]:
    """Return objects by the nearest of these folders above them, or by the topmost one."""
    known, found = dict[str, str | None](), dict[str, list[StoredObject]]()
    for stored in objects:
        folder = _folder(stored.path)
        if folder not in known:
            above = [one for one in _folders_above(folder) if one in prefixes]
            known[folder] = None if not above else above[-1] if topmost else above[0]
        prefix = known[folder]
        if prefix is not None:
            found.setdefault(prefix, []).append(stored)
    return found


def _folders_above(folder: str) -> Iterator[str]:
    """Yield a folder and those above it, up to the top."""
    yield folder
    while folder:
        folder = _folder(folder.rstrip("/"))
        yield folder


def _folder(path: str) -> str:
    folder, slash, _ = path.rpartition("/")
    return folder + slash


def _is_quiet(objects: Iterable[StoredObject], before_s: float) -> bool:
    return all(stored.modified_s < before_s for stored in objects)


def _shown(prefix: str) -> str:
    return prefix or "the top"


def _under_way(prefix: str, objects: Sequence[StoredObject]) -> str:
    count = "1 file" if len(objects) == 1 else f"{len(objects)} files"
    return f"{_shown(prefix)}: {count} that no manifest names may be of an upload that is under way: kept."
