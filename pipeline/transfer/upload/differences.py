"""Whether what players may be fetching at a place is known to be other than the files that would be sent there. Pure.

What nothing tells of does not count as a difference, nor does what is missing there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from pipeline.media.stream_layout import MASTER, SUBTITLES
from pipeline.transfer.manifests.inventory import RemoteObject
from pipeline.transfer.manifests.manifest import FileEntry
from pipeline.transfer.upload.journal import Confirmed
from pipeline.transfer.upload.publish_order import OutgoingFile


@dataclass(frozen=True, kw_only=True)
class Record:
    """What was sent to a key, by a journal or manifest; `md5`, `etag`, `at` (UTC) are empty if unknown."""

    size_bytes: int
    md5: str
    etag: str
    at: str


def record_of(one: Confirmed | FileEntry) -> Record:
    """Return what a journal's line or a manifest's entry tells."""
    if isinstance(one, Confirmed):
        return Record(size_bytes=one.size_bytes, md5=one.md5, etag=one.etag, at=one.at)
    return Record(size_bytes=one.size_bytes, md5=one.md5_hash or "", etag=one.etag or "", at=one.uploaded_at)


def may_change_in_place(file: OutgoingFile) -> bool:
    """Whether a file may be replaced while viewers watch: captions, files with their own address, the master.

    Old or new, captions harm no viewer; a corrected word needs no new version.
    """
    return file.alone or file.name == MASTER or file.name.startswith(f"{SUBTITLES}/")


def is_known_to_differ(
    size_bytes: int, md5: Callable[[], str], *, stored: RemoteObject | None, records: Callable[[], Iterable[Record]]
) -> bool:
    """Say whether what lies under a key is known to be other than a file of this size and MD5.

    Args:
        size_bytes: the file's size.
        md5: returns the file's MD5 (hex); asked for only where there is something to compare it with.
        stored: what the server lists under the key, None where it can't list.
        records: returns what was sent there, as far as it is known; the newest counts.
    """
    if stored is not None:
        if stored.size_bytes != size_bytes:
            return True
        if stored.md5 is not None:
            return stored.md5 != md5()
    newest = max((one for one in records() if _may_be(one, stored)), key=lambda one: one.at, default=None)
    if newest is None:
        return False
    return newest.size_bytes != size_bytes or (bool(newest.md5) and newest.md5 != md5())


def _may_be(record: Record, stored: RemoteObject | None) -> bool:
    """Whether a record may be of the object that the server lists."""
    if stored is None:
        return True
    return record.size_bytes == stored.size_bytes and (
        not record.etag or stored.etag is None or record.etag == stored.etag
    )
