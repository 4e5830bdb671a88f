"""Finds what no manifest names in a storage, and deletes it; `garbage.py` decides."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

from backend.maintenance.garbage import Garbage, GarbageGroup, StorageContents, garbage_in
from pipeline.media.stream_layout import MASTER
from pipeline.published import MANIFEST_FILE
from pipeline.transfer.manifests.inventory import MOST_MANIFEST_BYTES
from pipeline.transfer.manifests.manifest import Manifest
from pipeline.transfer.manifests.manifest_text import understood
from storage import ObjectNotFoundError, StorageBackend, StorageError, StoredObject, UnfinishedUpload
from storage.tasks import bounded

_AT_ONCE = 8
_MOST_MASTER_BYTES = 4 << 20


@dataclass(frozen=True, kw_only=True)
class Collected:
    """What was deleted, what stays since something has changed meanwhile, and a sentence for each failure."""

    deleted: tuple[StoredObject, ...]
    changed: int
    failures: tuple[str, ...]


async def find_garbage(storage: StorageBackend, *, before_s: float, with_unmanaged: bool) -> Garbage:
    """Return what can go of a started storage; see `garbage_in`. Raises StorageError."""
    return garbage_in(await _contents(storage, ""), before_s=before_s, with_unmanaged=with_unmanaged)


async def delete_garbage(storage: StorageBackend, found: Garbage, *, before_s: float) -> Collected:
    """Delete what was found. Each place is looked at once more before: what has changed there stays.

    Raises StorageError where the storage, not one object, is what goes wrong. What was deleted by then is gone.
    """
    deleted, changed, failures = list[StoredObject](), 0, list[str]()
    for group in found.groups:
        objects = await _still_garbage(storage, group, found, before_s)
        changed += len(group.objects) - len(objects)
        for some in _in_order(group, objects):
            async for stored, failure in bounded(_AT_ONCE, _deletions(storage, some)):
                if failure:
                    failures.append(failure)
                else:
                    deleted.append(stored)
            if failures and not group.managed:  # what tells that it is a stream stays with the rest of it
                break
    return Collected(deleted=tuple(deleted), changed=changed, failures=tuple(failures))


async def find_uploads(storage: StorageBackend, *, before_s: float) -> list[UnfinishedUpload]:
    """Return the uploads in parts that are not complete and to which nothing came since. Raises StorageError."""
    return [upload async for upload in storage.list_uploads() if upload.modified_s < before_s]


async def delete_uploads(
    storage: StorageBackend, found: Sequence[UnfinishedUpload], *, before_s: float
) -> list[UnfinishedUpload]:
    """Remove uploads in parts to which still nothing came; return those that are gone. Raises StorageError."""
    still = [upload for upload in await find_uploads(storage, before_s=before_s) if upload in found]
    for upload in still:
        await storage.abort_parts(upload.path, upload.upload_id)
    return still


async def _contents(storage: StorageBackend, prefix: str) -> StorageContents:
    """Return what is stored under a prefix. The objects are listed first: what a later manifest names is in no list."""
    objects = [stored async for stored in storage.list_objects(prefix)]
    sizes = {stored.path: stored.size_bytes for stored in objects}
    found = {path: path.removesuffix(MANIFEST_FILE) for path in sizes if _is_called(path, MANIFEST_FILE)}
    manifests = dict[str, Manifest | None]()
    masters = dict[str, bytes]()

    async def loads() -> AsyncIterator[Coroutine[Any, Any, tuple[str, bytes | None]]]:
        for path, folder in found.items():
            yield _loaded(storage, path, is_there=sizes[path] <= MOST_MANIFEST_BYTES)
            if sizes.get(master := folder + MASTER, _MOST_MASTER_BYTES + 1) <= _MOST_MASTER_BYTES:
                yield _loaded(storage, master, is_there=True)

    async for path, content in bounded(_AT_ONCE, loads()):
        if path in found:
            manifests[found[path]] = await asyncio.to_thread(understood, content)
        elif content is not None:
            masters[path.removesuffix(MASTER)] = content
    return StorageContents(objects=objects, manifests=manifests, masters=masters)


async def _loaded(storage: StorageBackend, path: str, *, is_there: bool) -> tuple[str, bytes | None]:
    """Return a file's content, None where it is too large for what it should be, or gone."""
    if not is_there:
        return path, None
    try:
        return path, await storage.load(path)
    except ObjectNotFoundError:
        return path, None


async def _still_garbage(
    storage: StorageBackend, group: GarbageGroup, found: Garbage, before_s: float
) -> list[StoredObject]:
    """Return what of a group is as it was, and still can go."""
    now = garbage_in(await _contents(storage, group.prefix), before_s=before_s, with_unmanaged=not group.managed)
    if any([await storage.exists(folder + MANIFEST_FILE) for folder in _above(group.prefix) - found.manifests]):
        return []
    still = {_identity(stored) for stored in now.objects}
    return [stored for stored in group.objects if _identity(stored) in still]


def _above(prefix: str) -> set[str]:
    """Return the folders above a prefix."""
    parts = prefix.split("/")[:-2]
    return {"".join(f"{part}/" for part in parts[:count]) for count in range(len(parts) + 1)} if prefix else set()


def _identity(stored: StoredObject) -> tuple[str, int, float]:
    return stored.path, stored.size_bytes, stored.modified_s


def _in_order(group: GarbageGroup, objects: list[StoredObject]) -> list[list[StoredObject]]:
    """Return what may be deleted at once, one after the other: of a stream first its master, and last its manifest."""
    if group.managed:
        return [objects]
    ends = (group.prefix + MASTER, group.prefix + MANIFEST_FILE)
    return [
        [stored for stored in objects if stored.path == ends[0]],
        [stored for stored in objects if stored.path not in ends],
        [stored for stored in objects if stored.path == ends[1]],
    ]


async def _deletions(
    storage: StorageBackend, objects: list[StoredObject]
) -> AsyncIterator[Coroutine[Any, Any, tuple[StoredObject, str]]]:
    for stored in objects:
        yield _deleted(storage, stored)


async def _deleted(storage: StorageBackend, stored: StoredObject) -> tuple[StoredObject, str]:
    try:
        await storage.delete(stored.path)
    except StorageError as error:
        return stored, f"{stored.path} was not deleted: {error}"
    return stored, ""


def _is_called(path: str, name: str) -> bool:
    return path.rpartition("/")[2] == name
