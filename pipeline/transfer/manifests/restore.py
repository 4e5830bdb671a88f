"""Brings the files of a manifest back from the server: each whole and checked, or not there.

Never writes outside its folder.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import BinaryIO

from pipeline.errors import AuthenticationError, OutputError, SettingsError, TransferError
from pipeline.job_folders import check_writable
from pipeline.media.stream_layout import MASTER
from pipeline.transfer.manifests.inventory import GoneError, Inventory
from pipeline.transfer.manifests.local_copy import BLOCK_BYTES, PART_NAME, as_in_the_folder, difference, path_for
from pipeline.transfer.manifests.manifest import FileEntry, Manifest
from pipeline.transfer.manifests.placement import Placement
from pipeline.transfer.manifests.remote import Remote
from pipeline.transfer.manifests.restorable import refused_names, tells_case_apart


class RestoreOutcome(str, Enum):
    """What came of one file."""

    RESTORED = "restored"
    KEPT = "already there"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class Restored:
    """One file after its restore.

    `text` says why it failed; `checked` is false where the manifest has no MD5 to compare with.
    """

    filename: str
    path: Path
    outcome: RestoreOutcome
    text: str = ""
    checked: bool = True


class _OtherContentError(TransferError):
    """What was read is not what the manifest says."""


def named_entries(manifest: Manifest, names: Sequence[str]) -> list[FileEntry]:
    """Return the entries that are named, by file or by folder; all of them where nothing is. Raises SettingsError."""
    if not names:
        return list(manifest.files)
    picked: dict[str, FileEntry] = {}
    problems = []
    for name in names:
        below = name.rstrip("/") + "/"
        found = [file for file in manifest.files if file.filename == name or file.filename.startswith(below)]
        if not found:
            problems.append(f"The manifest has no file or folder {name}: `manifest show` lists them.")
        picked.update((file.filename, file) for file in found)
    if problems:
        raise SettingsError(problems)
    return list(picked.values())


def restore(
    remote: Remote,
    entries: Sequence[FileEntry],
    out: Path,
    *,
    placement: Placement,
    on_file: Callable[[Restored], None] = lambda restored: None,
) -> list[Restored]:
    """Restore files below `out`, each replaced only when the new one is whole and has the MD5 of the manifest.

    A file that is there already with this MD5 stays, and a half-loaded one is gone on with. `placement` is the
    manifest's, `on_file` is told of each file, in this thread. Files that fail, or whose names are refused, are in the
    result. Raises OutputError, AuthenticationError.
    """
    check_writable(out)
    refused = refused_names(out, (entry.filename for entry in entries), tells_case_apart=tells_case_apart(out))
    done = [
        Restored(filename=name, path=out, outcome=RestoreOutcome.FAILED, text=reason)
        for name, reason in refused.items()
    ]
    for restored in done:
        on_file(restored)
    wanted = [(entry, path_for(out, entry.filename)) for entry in entries if entry.filename not in refused]

    def one(inventory: Inventory, item: tuple[FileEntry, Path]) -> Restored:
        entry, path = item
        checked = entry.md5_hash is not None
        try:
            outcome = _restore(inventory, remote, entry, path, placement)
        except AuthenticationError:
            raise
        except TransferError as error:
            return Restored(
                filename=entry.filename, path=path, outcome=RestoreOutcome.FAILED, text=str(error), checked=checked
            )
        return Restored(filename=entry.filename, path=path, outcome=outcome, checked=checked)

    for restored in remote.each(wanted, one):
        on_file(restored)
        done.append(restored)
    return sorted(done, key=lambda restored: restored.filename)


def address_of(inventory: Inventory, remote: Remote, entry: FileEntry) -> str:
    """Return where a file can be read: as the backend says, else at its public address."""
    if not remote.offer.read:
        return entry.s3_url
    stored = inventory.look_up(entry.s3_key)
    if stored is None:
        raise GoneError(f"{entry.s3_key} is not on the server any more.")
    if stored.size_bytes != entry.size_bytes:
        raise TransferError(
            f"{entry.s3_key} on the server has {stored.size_bytes} bytes, not the {entry.size_bytes} of the manifest."
        )
    return stored.url


def _restore(
    inventory: Inventory, remote: Remote, entry: FileEntry, path: Path, placement: Placement
) -> RestoreOutcome:
    try:
        if path.is_file() and not difference(path, entry, placement):
            return RestoreOutcome.KEPT
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(PART_NAME.format(name=path.name))
        if part.is_symlink():  # writing would go where it leads
            part.unlink()
        _load_again(inventory, remote, entry, part)
        if placement.version_folder and entry.filename == MASTER:
            part.write_bytes(as_in_the_folder(placement, part.read_bytes()))
        part.replace(path)
    except OSError as error:
        raise OutputError(
            f"{path} can't be written ({error.strerror}): free some space or choose another folder."
        ) from error
    return RestoreOutcome.RESTORED


def _load_again(inventory: Inventory, remote: Remote, entry: FileEntry, part: Path) -> None:
    """Load a file, going on with what an earlier run left, unless that turns out to be of another version."""
    begun = part.exists()
    try:
        _load(inventory, remote, entry, part)
    except _OtherContentError:
        part.unlink()
        if not begun:
            raise
        _load_again(inventory, remote, entry, part)
    except TransferError:
        if not part.stat().st_size:
            part.unlink()
        raise


def _load(inventory: Inventory, remote: Remote, entry: FileEntry, part: Path) -> None:
    with part.open("r+b" if part.exists() else "w+b") as file:
        digest = _digest(file)
        if entry.md5_hash is None:  # nothing would find out that what is there is of another version
            file.truncate(0)
        at = file.seek(0, os.SEEK_END)
        if not at:
            digest = hashlib.md5(usedforsecurity=False)
        blocks = inventory.blocks(
            lambda: address_of(inventory, remote, entry), key=entry.s3_key, size_bytes=entry.size_bytes, start=at
        )
        for offset, block in blocks:
            if offset != at:
                file.seek(0)
                digest, at = hashlib.md5(usedforsecurity=False), 0
            file.write(block)
            digest.update(block)
            at += len(block)
        file.flush()
        os.fsync(file.fileno())
    if entry.md5_hash is not None and digest.hexdigest() != entry.md5_hash.lower():
        raise _OtherContentError(
            f"{entry.s3_key} on the server has other content than was uploaded (MD5 differs): upload it again."
        )


def _digest(file: BinaryIO) -> hashlib._Hash:
    digest = hashlib.md5(usedforsecurity=False)
    while block := file.read(BLOCK_BYTES):
        digest.update(block)
    return digest
