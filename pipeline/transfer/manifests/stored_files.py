"""Small files of a destination, read into memory. Not for media: nothing here is read in pieces or gone on with."""

from __future__ import annotations

from pipeline.errors import TransferError
from pipeline.transfer.manifests.inventory import GoneError, Inventory
from pipeline.transfer.manifests.manifest import FileEntry
from pipeline.transfer.manifests.remote import Remote

MOST_BYTES = 64 << 20
"""No transcript, caption or playlist is larger."""


def read_stored_file(remote: Remote, entry: FileEntry) -> bytes:
    """Return what is stored now in the place of a manifest's file, whatever the manifest says of its content.

    Raises GoneError, TransferError, Cancelled.
    """
    with remote.inventory() as inventory:
        url, size_bytes = _found(inventory, remote, entry)
        if size_bytes > MOST_BYTES:
            raise TransferError(
                f"{entry.s3_key} on the server has {size_bytes} bytes, far more than such a file has: "
                "upload the folder again."
            )
        blocks = inventory.blocks(
            lambda: url or _found(inventory, remote, entry)[0], key=entry.s3_key, size_bytes=size_bytes
        )
        content = bytearray()
        for offset, block in blocks:
            del content[offset:]
            content += block
            if remote.offer.read:
                url = ""  # signed for a while: asked for anew
    return bytes(content)


def _found(inventory: Inventory, remote: Remote, entry: FileEntry) -> tuple[str, int]:
    if not remote.offer.read:
        return entry.s3_url, entry.size_bytes
    stored = inventory.look_up(entry.s3_key)
    if stored is None:
        raise GoneError(f"{entry.s3_key} is not on the server any more: upload the folder again.")
    return stored.url, stored.size_bytes
