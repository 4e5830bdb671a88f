"""After an upload: what was uploaded is written into the manifests of this computer and of the server."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

from pipeline.cancel import CancelToken
from pipeline.errors import TransferError
from pipeline.transfer.journal import Confirmed
from pipeline.transfer.log_file import UploadLog
from pipeline.transfer.manifest import ConfirmedFile, Manifest, ManifestFormatError, merge, newest, parse_manifest
from pipeline.transfer.manifest_library import previous_manifest, write_copies
from pipeline.transfer.preparation import rewriting
from pipeline.transfer.publish_order import OutgoingFile, collect
from pipeline.transfer.results import UploadResult
from pipeline.transfer.sender import nothing
from pipeline.transfer.uploader import Uploader
from pipeline.workspace import MANIFEST_FILE


def publish_manifest(
    uploader: Uploader, result: UploadResult, folder: Path, *, title: str, data_dir: Path | None, cancel: CancelToken
) -> tuple[str, ...]:
    """Write the manifests of a complete upload; return lines for the log view.

    What the server refuses is such a line, since the stream is there. Where nothing was sent and all manifests say already
    what is there, nothing is done. `data_dir` is where the library lies, None for none. Raises OutputError when the folder
    takes no manifest, Cancelled.
    """
    destination = result.state.destination
    url, prefix = destination.backend_url, destination.prefix
    before, notices = previous_manifest(folder, data_dir, url, prefix)
    with UploadLog(folder, secrets=uploader.secrets, path=result.log_file) as log, uploader.at_server(cancel, log.write) as server:
        inventory, sender = server
        try:
            capabilities = uploader.capabilities(cancel)
            stored = _parsed(inventory.manifest(prefix)) if capabilities.manifest else None
        except TransferError as error:
            return (*notices, f"The manifest was not written, the stream is published: {error} Start again to write it.")
        manifest = merge(
            newest([before, stored]),
            title=title,
            backend_url=url,
            bucket=capabilities.bucket,
            prefix=prefix,
            now=datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
            confirmed=[_sent(file, result.confirmed[file.name], result.place) for file in collect(folder, prefix, result.place)],
        )
        everywhere = (before, stored) if capabilities.manifest else (before,)
        if not result.sent and all(one is not None and _names_the_same(one, manifest) for one in everywhere):
            return notices
        written = write_copies(manifest, folder, data_dir)
        try:
            sender.send(
                folder / MANIFEST_FILE, manifest.own_key, on_begin=nothing, on_bytes=nothing, rewrite=lambda content: written.for_server
            )
        except TransferError as error:
            return (*notices, *written.notices, f"The manifest could not be stored on the server, the stream is published: {error}")
    return (*notices, *written.notices)


def _names_the_same(manifest: Manifest, other: Manifest) -> bool:
    return [file.identity for file in manifest.files] == [file.identity for file in other.files]


def _parsed(data: bytes | None) -> Manifest | None:
    """Return the server's manifest; one that can't be understood is replaced."""
    if data is None:
        return None
    try:
        return parse_manifest(data)
    except ManifestFormatError:
        return None


def _sent(file: OutgoingFile, confirmed: Confirmed, place: str) -> ConfirmedFile:
    rewrite = rewriting(file, place)
    return ConfirmedFile(
        path=file.path,
        name=file.name,
        key=confirmed.key,
        url=confirmed.url,
        size_bytes=file.size_bytes if rewrite is None else len(rewrite(file.path.read_bytes())),
        mtime_ns=file.mtime_ns,
        md5=confirmed.md5 or None,
        etag=confirmed.etag or None,
        uploaded_at=confirmed.at or None,
    )
