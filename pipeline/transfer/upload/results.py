"""How an upload ended, and what the editor reads about that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.errors import AuthenticationError, Cancelled, TransferError
from pipeline.media.stream_layout import MASTER
from pipeline.transfer.http.refusal import RefusedError
from pipeline.transfer.manifests.placement import AT_THE_PREFIX, Placement
from pipeline.transfer.upload.journal import Confirmed
from pipeline.transfer.upload.state_file import UploadSnapshot
from pipeline.transfer.upload.upload_texts import cancelled_text, failed_text


@dataclass(frozen=True, kw_only=True)
class UploadResult:
    """How an upload ended. All maps go by path inside the folder, with `/`.

    `failed` holds a sentence for each file that was tried in vain. `halted` says why nothing more was tried (a refused
    token, or the network gone), empty when everything of a step was. `notices` are lines for the log view.
    `confirmed` tells more of each file that was uploaded; `placement` is where below the prefix they went.
    """

    uploaded: Mapping[str, str]
    failed: Mapping[str, str]
    urls: Mapping[str, str] = field(repr=False)
    log_file: Path
    state: UploadSnapshot = field(repr=False)
    sent: int = 0
    halted: TransferError | None = None
    notices: tuple[str, ...] = ()
    confirmed: Mapping[str, Confirmed] = field(default_factory=dict, repr=False)
    placement: Placement = AT_THE_PREFIX

    @property
    def complete(self) -> bool:
        """Whether the store has every file."""
        return len(self.uploaded) == len(self.state.files)


class TransferCancelled(Cancelled):
    """The editor stopped an upload; what is confirmed is saved. The text is what the editor should read."""

    def __init__(self, result: UploadResult) -> None:
        self.result = result
        self.files_done = len(result.uploaded)
        self.files_total = len(result.state.files)
        super().__init__(cancelled_text(self.files_done, self.files_total))


def result_of(
    state: UploadSnapshot,
    where: Mapping[str, Confirmed],
    *,
    log_file: Path,
    sent: int = 0,
    halted: TransferError | None = None,
    notices: tuple[str, ...] = (),
    placement: Placement = AT_THE_PREFIX,
) -> UploadResult:
    """Return the result of an upload that left this state; `where` tells of the files that the store has."""
    return UploadResult(
        uploaded={name: which.key for name, which in where.items()},
        failed={name: file.error for name, file in state.files.items() if file.error},
        urls={name: which.url for name, which in where.items()},
        log_file=log_file,
        state=state,
        sent=sent,
        halted=halted,
        notices=notices,
        confirmed=where,
        placement=placement,
    )


def upload_failure(result: UploadResult) -> TransferError:
    """Return the error that names the log, and what was wrong with the first file, or with all."""
    count = len(result.failed)
    failed = failed_text(count)
    if isinstance(result.halted, AuthenticationError):
        return AuthenticationError(
            f"{failed} {result.halted} Then start again to go on. Log: {result.log_file}", failed_files=count
        )
    if isinstance(result.halted, RefusedError) and result.halted.refusal.concerns_every_file:
        return TransferError(f"{failed} {result.halted} Log: {result.log_file}", failed_files=count)
    name, reason = (
        next(iter(sorted(result.failed.items())))
        if result.failed
        else ("the folder", "It could not be sent whole: start again.")
    )
    plays = (
        " The stream plays already; start again to replace the rest."
        if MASTER in result.uploaded and result.placement.version_folder
        else ""
    )
    return TransferError(f"{failed} {name}: {reason}{plays} Log: {result.log_file}", failed_files=count)
