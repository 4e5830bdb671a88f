"""Sends one folder: looks at what its destination has, opens its journal, and lets the upload run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from pipeline.cancel import CancelToken
from pipeline.errors import Cancelled, TransferError
from pipeline.events import LogLevel
from pipeline.folder_lock import locked
from pipeline.timestamps import utc_now
from pipeline.transfer.http.capabilities import NOTHING
from pipeline.transfer.http.log_file import UploadLog
from pipeline.transfer.http.messages import MessageListener, UploadMessages
from pipeline.transfer.http.public_read import read_public
from pipeline.transfer.http.sessions import open_session
from pipeline.transfer.manifests.manifest import Manifest
from pipeline.transfer.upload.backend_access import BackendAccess
from pipeline.transfer.upload.earlier_upload import not_begun
from pipeline.transfer.upload.guard import Guard, beside_another
from pipeline.transfer.upload.journal import JournalContent, UploadDestination, UploadJournal, read_journal
from pipeline.transfer.upload.preparation import Prepared, prepare
from pipeline.transfer.upload.publish_order import OutgoingFile
from pipeline.transfer.upload.results import TransferCancelled, UploadResult
from pipeline.transfer.upload.saved_state import as_journal, found_on_server
from pipeline.transfer.upload.sender import UploadContext
from pipeline.transfer.upload.state_file import UploadSnapshot
from pipeline.transfer.upload.tally import TransferProgress
from pipeline.transfer.upload.upload_run import UploadRun

LOCK_FILE = ".upload.lock"

CLOCK_WRONG_S = 120.0
"""Signed URLs live for minutes, so a clock that is off by more than this is worth a line."""

PublicAddress = Callable[[str, CancelToken, Callable[[str], None], MessageListener], str]
"""Says where anybody may read an object, empty where nobody knows."""


@dataclass(frozen=True, kw_only=True)
class FolderToSend:
    """A folder, its published files and where they go.

    `resume` leaves out what is confirmed and unchanged. `known` is the manifest of what this computer last sent there;
    `saved` is gone on from where the journal of that upload is lost.
    """

    folder: Path
    destination: UploadDestination
    files: Sequence[OutgoingFile]
    resume: bool
    known: Manifest | None
    saved: UploadSnapshot | None


def send_folder(
    access: BackendAccess,
    wanted: FolderToSend,
    public_address: PublicAddress,
    guard: Guard,
    on_progress: Callable[[TransferProgress], None],
    on_notice: MessageListener,
    cancel: CancelToken,
) -> UploadResult:
    """Send a folder's files, as `Uploader.upload` says it; raises what that does."""
    folder, destination, files = wanted.folder, wanted.destination, wanted.files
    with locked(folder / LOCK_FILE, folder), UploadLog(folder, secrets=access.login.tokens) as log:
        messages = UploadMessages(log, on_notice)
        try:
            guard.ask(cancel, messages.note, messages.announce)
            content = read_journal(folder, destination)
            prepared = _prepare(access, wanted, content, guard, public_address, messages, cancel)
            if guard.has_rival:
                prepared = beside_another(prepared, files, destination.prefix)
        except Cancelled:
            raise TransferCancelled(not_begun(folder, destination, files, log.path, resume=wanted.resume)) from None
        except TransferError as error:
            messages.note(f"nothing was sent: {error}")
            messages.begin()
            raise
        target = prepared.target
        now = utc_now()
        with UploadJournal(
            folder,
            destination,
            resume=target.going_on,
            now=now,
            version_folder=target.version_folder,
            content=content,
            anew=not wanted.resume,
        ) as journal:
            messages.announce(journal.notice)
            messages.announce(target.notice, LogLevel.WARNING if target.warning else LogLevel.INFO)
            upload_run = UploadRun(access.backend, access.login, folder, destination, prepared, journal, messages)
            offered = access.capabilities

            def context_for(stop: CancelToken) -> UploadContext:
                context = access.context(offered, stop, messages.note, messages.announce)
                context.keys.known(
                    {
                        prepared.already[file.name].key: file.key
                        for file in prepared.files
                        if file.name in prepared.already
                    }
                )
                return context

            return upload_run.run(
                context_for, offered, partial(_sizes, access, context_for(cancel)), guard, on_progress, cancel
            )


def _prepare(
    access: BackendAccess,
    wanted: FolderToSend,
    content: JournalContent,
    guard: Guard,
    public_address: PublicAddress,
    messages: UploadMessages,
    cancel: CancelToken,
) -> Prepared:
    saved = wanted.saved
    lost = saved if saved is not None and wanted.resume and not content.begun else None
    with open_session(cancel) as http:
        client, context = (
            access.client(http, messages.note),
            access.context(NOTHING, cancel, messages.note, messages.announce),
        )
        access.ask_capabilities(client, context)
        context.recovery.answered(client.origin)
        if abs(access.clock_ahead_s) > CLOCK_WRONG_S:
            messages.announce(_about_clock(access.clock_ahead_s))
        capabilities = access.capabilities
        prepared = prepare(
            wanted.destination.prefix,
            content if lost is None else as_journal(lost),
            wanted.files,
            resume=wanted.resume,
            holder=guard.holder,
            master=guard.master,
            public_address=lambda key: public_address(key, cancel, messages.note, messages.announce),
            capabilities=capabilities,
            inventory=access.inventory(http, context),
            known=wanted.known,
            read_public=lambda url: read_public(http, url, delays=access.delays, cancel=cancel, note=messages.note),
            cancel=cancel,
            note=messages.note,
        )
    if lost is None:
        return prepared
    stop, missing = CancelToken(), [file for file in prepared.files if file.name not in prepared.already]
    with cancel.on_cancel(stop.cancel):
        there = found_on_server(
            lost,
            missing,
            access.backend,
            access.login,
            access.context(capabilities, stop, messages.note, messages.announce),
        )
    return replace(prepared, already={**prepared.already, **there})


def _sizes(access: BackendAccess, context: UploadContext, below: str) -> dict[str, int]:
    with open_session(context.cancel) as http:
        return {stored.key: stored.size_bytes for stored in access.inventory(http, context).objects(below)}


def _about_clock(ahead_s: float) -> str:
    minutes = max(1, round(abs(ahead_s) / 60))
    wrong = "fast" if ahead_s > 0 else "slow"
    return (
        f"The clock of this computer is about {minutes} min {wrong} of the backend's: "
        "if uploads are refused, set date and time."
    )
