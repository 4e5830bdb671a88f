"""Replaces single files of a destination and notes that in its manifests; nothing else there is touched.

For what is corrected after the upload. Knows nothing of what is in the files.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from pipeline.cancel import CancelToken
from pipeline.timestamps import utc_now, utc_text
from pipeline.transfer.http.log_file import UploadLog
from pipeline.transfer.http.messages import MessageListener, UploadMessages
from pipeline.transfer.http.redaction import without_query
from pipeline.transfer.manifests.manifest import FileEntry, Manifest, with_replaced
from pipeline.transfer.manifests.manifest_library import write_copies
from pipeline.transfer.manifests.placement import is_playlist
from pipeline.transfer.upload.journal import Confirmed
from pipeline.transfer.upload.manifest_upload import store_manifest
from pipeline.transfer.upload.sender import Sender, ignore
from pipeline.transfer.upload.uploader import Uploader


@dataclass(frozen=True, kw_only=True)
class Replaced:
    """What was replaced: the destination's manifest now, and lines for the log view."""

    manifest: Manifest
    notices: tuple[str, ...]


def replace_files(
    uploader: Uploader,
    manifest: Manifest,
    names: Sequence[str],
    folder: Path,
    data_dir: Path | None,
    *,
    on_notice: MessageListener = ignore,
    cancel: CancelToken,
) -> Replaced:
    """Send files of a folder to the keys that the manifest has for them, then write the manifests.

    Args:
        uploader: sends them.
        manifest: what stands at the destination; it has every one of the files.
        names: their paths in the folder, with `/`. Segments go first, then playlists, then the others in this order.
        folder: where they lie; this computer's manifest is written there.
        data_dir: where the library of manifests lies, None for none.
        on_notice: is told while something is waited for.
        cancel: stops it.

    Raises TransferError, OutputError, Cancelled: what was sent is there, and sent again the next time.
    """
    entries = {entry.filename: entry for entry in manifest.files}
    offers_manifests = uploader.capabilities(cancel).manifest
    with (
        UploadLog(folder, secrets=uploader.secrets) as log,
        uploader.at_server(cancel, UploadMessages(log, on_notice).note, on_notice) as (_, sender),
    ):
        changed = {}
        for name in sorted(names, key=partial(_rank, names)):
            changed[name] = _replaced(entries[name], _sent(sender, folder / name, entries[name]))
        now = with_replaced(manifest, changed, utc_now())
        notices = write_copies(now, folder, data_dir)
        if offers_manifests:
            notices += tuple(store_manifest(sender, now, folder))
    return Replaced(manifest=now, notices=notices)


def _rank(names: Sequence[str], name: str) -> tuple[int, int]:
    """Return a file's place in the order: no playlist is there before what it leads to."""
    step = 1 if is_playlist(name) else 0 if "/" in name else 2
    return step, names.index(name)


def _sent(sender: Sender, path: Path, entry: FileEntry) -> Confirmed:
    return sender.send(path, entry.s3_key, on_begin=ignore, on_bytes=ignore)


def _replaced(entry: FileEntry, confirmed: Confirmed) -> FileEntry:
    return replace(
        entry,
        s3_url=without_query(confirmed.url) or entry.s3_url,
        size_bytes=confirmed.size_bytes,
        md5_hash=confirmed.md5 or None,
        etag=confirmed.etag or None,
        uploaded_at=utc_now(),
        last_modified=utc_text(confirmed.mtime_ns // 1_000_000_000),
    )
