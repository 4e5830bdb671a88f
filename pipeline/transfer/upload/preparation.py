"""Finds out before the first file goes what the backend offers, where to upload and what to skip."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from pipeline.cancel import CancelToken
from pipeline.errors import TransferError
from pipeline.media.stream_layout import MASTER
from pipeline.transfer.http.body import file_md5
from pipeline.transfer.http.capabilities import BackendCapabilities
from pipeline.transfer.http.exchange import Response
from pipeline.transfer.manifests.inventory import Inventory, LookedUp
from pipeline.transfer.manifests.manifest import Manifest
from pipeline.transfer.manifests.placement import Placement
from pipeline.transfer.upload.differences import may_change_in_place
from pipeline.transfer.upload.journal import Confirmed, JournalContent
from pipeline.transfer.upload.publish_order import OutgoingFile, in_version_folder, placement
from pipeline.transfer.upload.server_state import ServerState
from pipeline.transfer.upload.target import (
    Holder,
    PublishedMaster,
    UploadTarget,
    choose_target,
    drawn_above,
    following,
)


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """Where an upload goes, its files with their keys, and the names of those that are there as they are now."""

    target: UploadTarget
    files: Sequence[OutgoingFile]
    already: Mapping[str, Confirmed]

    @property
    def placement(self) -> Placement:
        """Where the files lie below the prefix."""
        return placement(self.files, self.target.version_folder)


def prepare(
    prefix: str,
    content: JournalContent,
    found: Sequence[OutgoingFile],
    *,
    resume: bool,
    holder: Holder,
    master: LookedUp | None,
    public_address: Callable[[str], str],
    capabilities: BackendCapabilities,
    inventory: Inventory,
    known: Manifest | None,
    read_public: Callable[[str], Response],
    cancel: CancelToken,
    note: Callable[[str], None],
) -> Prepared:
    """Decide where an upload goes and what need not be sent; `found` are the folder's files.

    `known` is what this computer last uploaded there, from whichever folder; `holder` says whose stream stands there,
    `master` what the backend has just said of the master there, None where it has to be asked;
    `public_address` returns where anybody may read a key, empty where the backend says none, and `read_public` the
    answer to a GET of such an address. Raises TransferError, Cancelled.
    """
    look = ServerState(prefix, content, capabilities, inventory, known, read_public, cancel, note, public_address)
    own_master = next((file for file in found if file.name == MASTER), None)

    def ours(version_folder: str) -> set[str]:
        # an earlier version left nothing but the master at the prefix
        ways = (placement(found, version_folder), Placement(version_folder=version_folder))
        return set() if own_master is None else {outgoing_md5(own_master, way, cancel) for way in ways}

    watched = [file for file in found if not may_change_in_place(file)]

    def only_adds() -> bool:
        sent = [file for file in watched if file.name in content.confirmed]
        return len(sent) == len(still_confirmed(sent, content.confirmed, look.md5))

    published = look.published(holder, master)
    target = choose_target(
        content,
        resume=resume,
        published=published,
        ours=ours,
        taken=look.versions,
        only_adds=only_adds,
        differs=lambda version_folder: look.differs(watched, version_folder),
        prefix=prefix,
        holder=holder,
        above=following if holder is Holder.NOBODY else drawn_above,
    )
    files = in_version_folder(found, prefix, target.version_folder)
    already = _gone_on_with(content, files, target, published, prefix, look.md5, cancel) if target.going_on else {}
    sends_anew = content.anew and target.going_on
    if resume and target.same and not capabilities.list and not sends_anew:
        already |= look.recorded([file for file in files if file.name not in already])
    if resume and capabilities.list and (target.going_on or target.same or not target.version_folder):
        already = _as_stored(look, files, target, prefix, already, only_kept=sends_anew)
    already = {name: one for name, one in already.items() if one.proven}
    return Prepared(target=target, files=files, already=already)


def _as_stored(
    look: ServerState,
    files: Sequence[OutgoingFile],
    target: UploadTarget,
    prefix: str,
    already: dict[str, Confirmed],
    *,
    only_kept: bool,
) -> dict[str, Confirmed]:
    """Return what of `already` the store has still, and what else of the files it has; a listing says so.

    With `only_kept`, the rest was to be sent anew, whatever the store has.
    """
    below = prefix + target.version_folder
    beside = {file.key for file in files if file.alone and target.version_folder}
    stored = look.stored(below, beside)
    # others may have cleared up or replaced what an earlier upload has left
    kept = {}
    for name, one in already.items():
        listed = one.key.startswith(below) or one.key in beside
        if not listed or look.is_still_there(one, stored):
            kept[name] = _proven(one) if listed else one
    if only_kept:
        return kept
    kept |= look.found([file for file in files if file.name not in kept and file.name != MASTER], stored)
    return kept


def _proven(one: Confirmed) -> Confirmed:
    return one if one.proven else replace(one, proven=True)


def _gone_on_with(
    content: JournalContent,
    files: Sequence[OutgoingFile],
    target: UploadTarget,
    published: PublishedMaster,
    prefix: str,
    md5: Callable[[OutgoingFile], str],
    cancel: CancelToken,
) -> dict[str, Confirmed]:
    """Return what an earlier run has sent that still counts.

    What lies at the prefix and belongs in the version folder, or the other way round, does not: a playlist may name
    other files since, and an earlier version of the program put what stands alone into the version folder, and let the
    master lead there.
    """
    now = placement(files, target.version_folder)
    moved = {
        file.name: prefix + (target.version_folder if file.alone else "") + file.name
        for file in files
        if target.version_folder and file.name != MASTER
    }
    confirmed = {name: one for name, one in content.confirmed.items() if one.key != moved.get(name)}
    already = still_confirmed(
        files, confirmed, lambda file: outgoing_md5(file, now, cancel) if file.name == MASTER else md5(file)
    )
    masters = [file for file in files if file.name == MASTER and target.same]
    if any(published.md5 != outgoing_md5(master, now, cancel) for master in masters):
        already.pop(MASTER, None)
    return already


def still_confirmed(
    files: Sequence[OutgoingFile], confirmed: Mapping[str, Confirmed], content: Callable[[OutgoingFile], str]
) -> dict[str, Confirmed]:
    """Return the confirmations of files as they are now; `content`'s MD5 decides if only the time differs."""
    found = {}
    for file in files:
        which = confirmed.get(file.name)
        if which is None or which.size_bytes != file.size_bytes:
            continue
        if which.mtime_ns == file.mtime_ns:
            found[file.name] = which
        elif which.md5 and content(file) == which.md5:
            found[file.name] = replace(which, mtime_ns=file.mtime_ns)
    return found


def rewriting(file: OutgoingFile, where: Placement) -> Callable[[bytes], bytes] | None:
    """Return what turns a file's content into what is sent for it, None where that is the content itself."""
    return where.master if where.version_folder and file.name == MASTER else None


def outgoing_md5(file: OutgoingFile, where: Placement, cancel: CancelToken) -> str:
    """Return the MD5 (hex) of what is sent for a file. Raises TransferError, Cancelled."""
    return file_md5(file.path, cancel, rewrite=rewriting(file, where))


def too_large(what: str, size_bytes: int, capabilities: BackendCapabilities) -> str:
    """Return the sentence about a file that the storage does not take; empty when it does."""
    if capabilities.takes(size_bytes):
        return ""
    most = capabilities.max_put_bytes / 1e9
    return (
        f"{what} has {size_bytes / 1e9:.1f} GB, "
        f"and the storage takes at most {most:.1f} GB in one piece, and no file in parts: "
        "choose fewer or lower qualities, or ask the administrator of the backend."
    )


def check_sizes(files: Sequence[OutgoingFile], capabilities: BackendCapabilities) -> None:
    """See that the store takes every file. Raises TransferError naming the first that it does not."""
    for file in files:
        said = too_large(str(file.path), file.size_bytes, capabilities)
        if said:
            raise TransferError(said)
