"""After an upload: what was uploaded is written into the manifests of this computer and of the server."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

from pipeline.cancel import CancelToken
from pipeline.errors import TransferError
from pipeline.files import write_whole
from pipeline.media.stream_layout import MASTER
from pipeline.timestamps import utc_now
from pipeline.transfer.http.log_file import UploadLog
from pipeline.transfer.http.messages import MessageListener, UploadMessages
from pipeline.transfer.manifests.manifest import ConfirmedFile, Manifest, merge_manifest, newest
from pipeline.transfer.manifests.manifest_library import LocalCopies, local_copies, write_copies
from pipeline.transfer.manifests.manifest_text import manifest_lines, understood
from pipeline.transfer.manifests.ownership import SourceContent
from pipeline.transfer.manifests.placement import Placement, standing_alone
from pipeline.transfer.upload.journal import Confirmed
from pipeline.transfer.upload.results import UploadResult
from pipeline.transfer.upload.sender import Sender, ignore
from pipeline.transfer.upload.uploader import Uploader

STAYS = (
    "{files} of the video before {stay} at {prefix}, since this one has none of that name: {names}."
    " `manifest prune` removes what is left over."
)
SERVERS_COPY = ".manifest_for_server.json"
"""Where the server's copy lies while it is sent."""

NAMED = 5
"""How many files such a line names at most."""


def publish_manifest(
    uploader: Uploader,
    result: UploadResult,
    folder: Path,
    *,
    title: str,
    source: SourceContent | None = None,
    data_dir: Path | None,
    local: LocalCopies | None = None,
    seen: str = "",
    on_notice: MessageListener = ignore,
    cancel: CancelToken,
) -> tuple[str, ...]:
    """Write the manifests of a complete upload; return lines for the log view.

    `on_notice` is told while something is waited for.

    What the server refuses is such a line, since the stream is there. Where nothing was sent and all manifests say
    already what is there, nothing is done. `data_dir` is where the library lies, None for none; `local` is what this
    computer's copies said before the upload, and `seen` the MD5 (hex) of the server's, where they were read. Raises
    OutputError when the folder takes no manifest, Cancelled.
    """
    destination = result.state.destination
    url, prefix = destination.backend_url, destination.prefix
    local = local or local_copies(folder, data_dir, url, prefix)
    before, notices = local.known, local.notices
    merged = partial(_merged, result, folder, title, source)
    is_there = not result.sent and before is not None and bool(seen) and seen == _md5_at_server(before)
    if is_there and before is not None and _says_the_same(before, merged(before, before.bucket)):
        return notices
    with (
        UploadLog(folder, secrets=uploader.secrets, path=result.log_file) as log,
        uploader.at_server(cancel, (messages := UploadMessages(log, on_notice)).note, on_notice) as server,
    ):
        inventory, sender = server
        try:
            capabilities = uploader.capabilities(cancel)
            stored = understood(inventory.manifest(prefix)) if capabilities.manifest else None
        except TransferError as error:
            messages.begin()
            return (
                *notices,
                f"The manifest was not written, the stream is published: {error} Start again to write it.",
            )
        # what told of the upload's beginning has done its work
        ended = None if stored is not None and stored.begun else stored
        manifest = merged(newest([before, ended]), capabilities.bucket)
        everywhere = (before, stored) if capabilities.manifest else (before,)
        if not result.sent and all(one is not None and _says_the_same(one, manifest) for one in everywhere):
            return notices
        messages.begin()
        return (
            *notices,
            *_stays(newest([before, ended]), manifest),
            *write_copies(manifest, folder, data_dir),
            *store_manifest(sender, manifest, folder),
        )


def _merged(
    result: UploadResult,
    folder: Path,
    title: str,
    source: SourceContent | None,
    previous: Manifest | None,
    bucket: str | None,
) -> Manifest:
    """Return a manifest with what was uploaded."""
    destination, home = result.state.destination, str(folder.absolute())
    return merge_manifest(
        previous,
        title=title,
        source=source,
        backend_url=destination.backend_url,
        bucket=bucket,
        prefix=destination.prefix,
        now=utc_now(),
        confirmed=(_sent(folder, home, name, which, result.placement) for name, which in result.confirmed.items()),
    )


def store_manifest(sender: Sender, manifest: Manifest, folder: Path) -> Iterator[str]:
    """Send the server's copy; yield a line for the log view where that fails. Raises OutputError, Cancelled."""
    path = folder / SERVERS_COPY
    try:
        write_whole(path, manifest_lines(manifest, for_server=True))
        sender.send(path, manifest.own_key, on_begin=ignore, on_bytes=ignore)
    except TransferError as error:
        yield f"The manifest could not be stored on the server, the stream is published: {error}"
    finally:
        with suppress(OSError):
            path.unlink()


def _md5_at_server(manifest: Manifest) -> str:
    """Return the MD5 (hex) of the server's copy of a manifest that is the same as here."""
    digest = hashlib.md5(usedforsecurity=False)
    for piece in manifest_lines(manifest, for_server=True):
        digest.update(piece)
    return digest.hexdigest()


def _says_the_same(stored: Manifest, manifest: Manifest) -> bool:
    """Whether a stored manifest need not be written anew; the server's names no path of the source."""
    path = None if stored.source is None else stored.source.path
    if stored.owner != manifest.owner or (
        path is not None and manifest.source is not None and path != manifest.source.path
    ):
        return False
    return [file.identity for file in stored.files] == [file.identity for file in manifest.files]


def _stays(before: Manifest | None, manifest: Manifest) -> Iterator[str]:
    """Say what the video before had at addresses of its own and this one has not: viewers still find it there."""
    if before is None or before.prefix != manifest.prefix:
        return
    here = {file.filename for file in manifest.files}
    at_the_prefix = [file.filename for file in before.files if file.s3_key == before.prefix + file.filename]
    left = sorted(name for name in standing_alone(at_the_prefix) if name not in here)
    if left:
        names = ", ".join(left[:NAMED]) + (", …" if len(left) > NAMED else "")
        files, stay = ("1 file", "stays") if len(left) == 1 else (f"{len(left)} files", "stay")
        yield STAYS.format(files=files, stay=stay, prefix=manifest.prefix, names=names)


def _sent(folder: Path, home: str, name: str, confirmed: Confirmed, placement: Placement) -> ConfirmedFile:
    """Return what was sent: the file may be another one by now. `home` is the folder's absolute path."""
    size_bytes = confirmed.size_bytes
    if name == MASTER and placement.version_folder:
        with suppress(OSError):
            size_bytes = len(placement.master((folder / name).read_bytes()))
    return ConfirmedFile(
        folder=home,
        name=name,
        key=confirmed.key,
        url=confirmed.url,
        size_bytes=size_bytes,
        mtime_ns=confirmed.mtime_ns,
        md5=confirmed.md5 or None,
        etag=confirmed.etag or None,
        uploaded_at=confirmed.at or None,
    )
