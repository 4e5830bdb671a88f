"""Uploads a folder under guard of its destination, and writes the manifests: what phases and scripts have in common."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pipeline.cancel import CancelToken
from pipeline.events import LogLevel
from pipeline.transfer.http.messages import MessageListener
from pipeline.transfer.manifests.folder_owner import owner_of
from pipeline.transfer.manifests.manifest_library import local_copies
from pipeline.transfer.upload.destination import DestinationCheck
from pipeline.transfer.upload.manifest_upload import publish_manifest
from pipeline.transfer.upload.results import UploadResult, upload_failure
from pipeline.transfer.upload.state_file import UploadSnapshot
from pipeline.transfer.upload.tally import TransferProgress
from pipeline.transfer.upload.uploader import Uploader


def publish_folder(
    uploader: Uploader,
    folder: Path,
    prefix: str,
    data_dir: Path | None,
    *,
    replace: bool,
    resume: bool,
    saved: UploadSnapshot | None = None,
    on_progress: Callable[[TransferProgress], None],
    on_notice: MessageListener,
    on_sent: Callable[[UploadResult], None],
    cancel: CancelToken,
) -> None:
    """Upload what the destination does not have of a folder, and write its manifests.

    `data_dir` is where the library of manifests lies; `replace` says that another video's place may be taken; `resume`,
    `saved`, `on_progress` and `on_notice` are as in `Uploader.upload`. `on_sent` is told what came of the files, also
    where some have failed. Raises TransferError unless every file arrived, DestinationTakenError, OutputError,
    TransferCancelled.
    """
    local = local_copies(folder, data_dir, uploader.backend_url, prefix)
    owner = owner_of(folder, local.beside)
    guard = DestinationCheck(uploader, prefix, owner, folder, data_dir, replace=replace, saved=saved)
    result = uploader.upload(
        folder,
        prefix,
        resume=resume,
        known=local.known,
        saved=saved,
        on_progress=on_progress,
        on_notice=on_notice,
        guard=guard,
        cancel=cancel,
    )
    on_sent(result)
    if not result.complete:
        raise upload_failure(result) from result.halted
    for notice in publish_manifest(
        uploader,
        result,
        folder,
        title=guard.owner.title,
        source=guard.owner.content,
        data_dir=data_dir,
        local=local,
        seen=guard.seen,
        on_notice=on_notice,
        cancel=cancel,
    ):
        on_notice(notice, LogLevel.WARNING)
