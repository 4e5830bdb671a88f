"""Finds the objects at a destination that no manifest names, and deletes them when told to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from pipeline.errors import AuthenticationError, SettingsError, TransferError
from pipeline.media.stream_layout import MASTER
from pipeline.published import MANIFEST_FILE
from pipeline.timestamps import parse_timestamp
from pipeline.transfer.http.validation import destination_problems
from pipeline.transfer.manifests.inventory import Inventory, RemoteObject
from pipeline.transfer.manifests.manifest import BEGUN, Manifest
from pipeline.transfer.manifests.placement import standing_alone, versions_in
from pipeline.transfer.manifests.remote import Remote


@dataclass(frozen=True, kw_only=True)
class Leftovers:
    """What can go. `kept` says in sentences what stays though no manifest names it."""

    prefix: str
    objects: tuple[RemoteObject, ...]
    kept: tuple[str, ...] = ()

    @property
    def size_bytes(self) -> int:
        """How much room it takes."""
        return sum(stored.size_bytes for stored in self.objects)


@dataclass(frozen=True, kw_only=True)
class Deleted:
    """One object after its deletion; `error` is empty where it is gone."""

    stored: RemoteObject
    error: str = ""


def leftovers(remote: Remote, manifests: Sequence[Manifest], others: Iterable[str]) -> Leftovers:
    """Return what is at a destination and in none of its `manifests` (the computer's, the server's); deletes nothing.

    `others` are destinations that are known to have manifests of their own. Raises SettingsError when the server offers
    no listing, TransferError.
    """
    prefix = manifests[0].prefix
    _check(remote, prefix)
    with remote.inventory() as inventory:
        return unnamed(manifests, list(inventory.objects(prefix)), others)


def unnamed(
    manifests: Sequence[Manifest],
    present: Sequence[RemoteObject],
    others: Iterable[str],
    *,
    played_folder: str | None = None,
) -> Leftovers:
    """Return what of the objects `present` at a destination can go; pure.

    Args:
        manifests: those of the destination, one or more.
        present: all that is there.
        others: destinations that are known to have manifests of their own.
        played_folder: where nothing is being uploaded, the folder that the master leads into: what arrived after the
            last finished upload was left by one that broke off, but for what is in there.

    Raises:
        SettingsError: nothing that the manifests name is there.
    """
    prefix = manifests[0].prefix
    if any(manifest.begun for manifest in manifests):
        return Leftovers(prefix=prefix, objects=(), kept=(f"{BEGUN.format(prefix=prefix)} What is there stays.",))
    named = {file.s3_key for manifest in manifests for file in manifest.files} | {manifests[0].own_key}
    rest = [stored for stored in present if stored.key not in named]
    if not any(stored.key in named for stored in present):
        raise SettingsError(f"The backend lists no file of the manifest at {prefix}, so leftover files can't be found.")
    newest_named = max(
        [1, *(number for manifest in manifests for number in versions_in(manifest.placement.version_folder))]
    )

    def may_be_played(key: str) -> bool:
        return played_folder is None or _version(key, prefix) == _version(f"{prefix}{played_folder}", prefix)

    newer = {stored.key for stored in rest if _version(stored.key, prefix) > newest_named and may_be_played(stored.key)}
    outdated = sorted({stored.key for stored in rest} & _addresses(manifests))
    rest = [stored for stored in rest if stored.key not in newer and stored.key not in outdated]
    nested = _streams_below(prefix, present, named, others)
    synced = _synced(manifests, present)
    elsewhere = {stored.key for stored in rest if stored.key.startswith(nested)}
    late = {
        stored.key
        for stored in rest
        if stored.key not in elsewhere and not _up_to(stored, synced) and may_be_played(stored.key)
    }
    gone = tuple(stored for stored in rest if stored.key not in elsewhere | late)
    kept = (
        *(f"{place} is a destination of its own: it stays." for place in nested),
        *_reasons(len(newer), outdated, len(late)),
    )
    if len({manifest.last_synced for manifest in manifests}) > 1:
        kept += (
            "The manifests here and on the server are of different uploads: the files that either of them names stay.",
        )
    return Leftovers(prefix=prefix, objects=gone, kept=kept)


def _reasons(newer: int, outdated: Sequence[str], late: int) -> Iterator[str]:
    """Yield why what no manifest names stays all the same."""
    if newer:
        yield (
            f"{_count(newer, 'file')} of a newer stream than the manifests name, perhaps one that is played: they stay."
        )
    if outdated:
        yield (
            f"{_count(len(outdated), 'file')} of the video before at an address that viewers know, "
            f"such as {outdated[0]}: "
            f"{'it stays' if len(outdated) == 1 else 'they stay'} until the next upload brings the new one there."
        )
    if late:
        yield (
            f"{_count(late, 'file')} arrived after the last finished upload, perhaps from one that is running: "
            f"{'it stays' if late == 1 else 'they stay'}."
        )


def whole_stream(remote: Remote, manifest: Manifest, others: Iterable[str]) -> Leftovers:
    """Return all that is at the destination of a stream whose video is gone; deletes nothing.

    Nothing is, where another video, or the same from another computer, was uploaded there since. `others` as in
    `leftovers`. Raises SettingsError, TransferError.
    """
    prefix = manifest.prefix
    _check(remote, prefix)
    theirs = remote.manifest(prefix)
    if theirs is not None and theirs.begun:
        return Leftovers(prefix=prefix, objects=(), kept=(f"{BEGUN.format(prefix=prefix)} What is there stays.",))
    if theirs is not None and theirs.owner.is_another(manifest.owner):
        return Leftovers(
            prefix=prefix, objects=(), kept=(f"{prefix} belongs to another video by now, “{theirs.title}”: it stays.",)
        )
    if theirs is not None and theirs.last_synced > manifest.last_synced:
        return Leftovers(
            prefix=prefix, objects=(), kept=(f"{prefix} was uploaded since by another computer: it stays.",)
        )
    with remote.inventory() as inventory:
        present = list(inventory.objects(prefix))
    named = {file.s3_key for one in (manifest, theirs) if one is not None for file in one.files} | {manifest.own_key}
    nested = _streams_below(prefix, present, named, others)
    gone = tuple(stored for stored in present if not stored.key.startswith(nested))
    return Leftovers(
        prefix=prefix, objects=gone, kept=tuple(f"{place} is a destination of its own: it stays." for place in nested)
    )


def delete_stream(remote: Remote, found: Leftovers) -> list[Deleted]:
    """Delete a whole stream: what players begin with first, and what tells whose it is when all else is gone.

    Raises as `delete_leftovers` does.
    """
    ends = (found.prefix + MASTER, found.prefix + MANIFEST_FILE)
    groups = [
        [one for one in found.objects if one.key == ends[0]],
        [],
        [one for one in found.objects if one.key == ends[1]],
    ]
    groups[1] = [one for one in found.objects if one.key not in ends]
    done: list[Deleted] = []
    for group in groups:
        if not any(one.error for one in done):
            done += delete_leftovers(remote, Leftovers(prefix=found.prefix, objects=tuple(group)))
    return done


def delete_leftovers(
    remote: Remote, found: Leftovers, on_object: Callable[[Deleted], None] = lambda deleted: None
) -> list[Deleted]:
    """Delete what was found; `on_object` is told of each. What can't be deleted is in the result.

    Raises SettingsError when the server offers no deleting, AuthenticationError.
    """
    if not remote.offer.delete:
        raise SettingsError(
            f"The backend does not delete: ask its administrator to remove what is left over at {found.prefix}."
        )

    def one(inventory: Inventory, stored: RemoteObject) -> Deleted:
        try:
            inventory.delete(stored.key)
        except AuthenticationError:
            raise
        except TransferError as error:
            return Deleted(stored=stored, error=str(error))
        return Deleted(stored=stored)

    done = []
    for deleted in remote.each(found.objects, one):
        on_object(deleted)
        done.append(deleted)
    return sorted(done, key=lambda deleted: deleted.stored.key)


def _check(remote: Remote, prefix: str) -> None:
    """See that what lies at a destination can be told. Raises SettingsError."""
    problems = destination_problems(prefix)
    if problems:
        raise SettingsError(problems)
    if not remote.offer.list:
        raise SettingsError(f"The backend does not list its files, so leftover files at {prefix} can't be found.")


def _addresses(manifests: Sequence[Manifest]) -> set[str]:
    """Return where viewers look for what stands alone; an earlier version of the program stored it elsewhere."""
    return {
        manifest.prefix + name
        for manifest in manifests
        for name in standing_alone([file.filename for file in manifest.files])
    }


def _streams_below(
    prefix: str, present: Sequence[RemoteObject], named: set[str], others: Iterable[str]
) -> tuple[str, ...]:
    """Return the folders below a destination that are other streams: known, or with a manifest or master."""
    found = {other for other in others if other.startswith(prefix) and other != prefix}
    for stored in present:
        folder, _, name = stored.key.rpartition("/")
        if name in (MANIFEST_FILE, MASTER) and stored.key not in named and f"{folder}/" != prefix:
            found.add(f"{folder}/")
    return tuple(sorted(found))


def _version(key: str, prefix: str) -> int:
    """Return the number of the version folder that an object lies in, 0 where it lies in none."""
    return next(iter(versions_in(key.removeprefix(prefix).partition("/")[0] + "/")), 0)


def _synced(manifests: Sequence[Manifest], present: Sequence[RemoteObject]) -> datetime | None:
    """Return when the last upload was finished, by the server's clock where it says so: its manifest came last."""
    own = [stored.last_modified for stored in present if stored.key == manifests[0].own_key]
    said = own or [parse_timestamp(manifest.last_synced) for manifest in manifests]
    return max((time for time in said if time is not None), default=None)


def _up_to(stored: RemoteObject, synced: datetime | None) -> bool:
    return stored.last_modified is not None and synced is not None and stored.last_modified <= synced


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"
