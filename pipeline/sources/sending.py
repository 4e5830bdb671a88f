"""Sends a source of this machine to the backend's store, once, so that other machines can read it.

It is uploaded as the files of a job are, in parts where it is large, and resumes after a break or a kill. Each machine
asks the backend for an address to read it, with its own token: the address of the source contains no secret.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from config import Config
from pipeline.cancel import CancelToken
from pipeline.errors import Problem, Setting, SettingsError, SourceError, TransferError
from pipeline.events import LogLevel, TransferFigures
from pipeline.fingerprint import Fingerprint, fingerprint
from pipeline.source_address import SourceAddress
from pipeline.transfer.http.control import TransferControl
from pipeline.transfer.http.login import Login
from pipeline.transfer.upload.uploader import Uploader

FOLDER = "sent-sources"
"""Below the data folder: the journals and logs of what was sent, one folder per source."""

PREFIX = "sources"


def prefix_of(content: Fingerprint, owner: str = "") -> str:
    """Return where in the store a source with this content lies: the same for every machine that has it.

    `owner`, one word, is whoever deletes it at some time, and has a folder there.
    """
    folder = f"{PREFIX}/{owner}" if owner else PREFIX
    return f"{folder}/{content.sha256_head_tail[:32]}-{content.size_bytes}/"


def address_when_sent(path: Path, owner: str = "") -> SourceAddress:
    """Return the address that a source of this machine has once it is sent. Raises SourceError."""
    return SourceAddress(text=f"backend:{prefix_of(fingerprint(path), owner)}{path.name}")


def send_source(
    path: Path,
    config: Config,
    cancel: CancelToken,
    *,
    owner: str = "",
    expected: SourceAddress | None = None,
    control: TransferControl | None = None,
    login: Login | None = None,
    on_progress: Callable[[TransferFigures], None] = lambda figures: None,
    on_notice: Callable[[str, LogLevel], None] = lambda text, level: None,
) -> SourceAddress:
    """Send a source to the backend's store unless it is there, and return its address; `owner` as in `prefix_of`.

    Raises SourceError if the file can't be read, has changed so that its address is not the `expected` one, or is one
    that the server does not take, where others may be taken;
    SettingsError if there is no backend, or it offers no reading; TransferError, Cancelled.
    """
    content = fingerprint(path)
    backend, prefix = config.backend, prefix_of(content, owner)
    address = SourceAddress(text=f"backend:{prefix}{path.name}")
    if expected is not None and address != expected:
        raise SourceError(f"{path} changed before it was sent: wait until it is complete, and start again.")
    if not backend.configured:
        text = f"{path} goes to other machines through the backend: set BACKEND_URL and AUTH_TOKEN in .env."
        raise SettingsError(Problem(text=text, setting=Setting.SOURCE))
    uploader = Uploader(backend, session_id=None, control=control, login=login, patience_s=backend.patience_s)
    if not uploader.capabilities(cancel).read:
        text = (
            f"The backend can't give {path.name} to other machines (it offers no reading of files): "
            "put the video on S3, or below a root that all machines have (SOURCE_ROOTS)."
        )
        raise SettingsError(Problem(text=text, setting=Setting.SOURCE))
    with uploader.at_server(cancel, lambda text: None, on_notice) as (inventory, _):
        there = inventory.look_up(address.text.removeprefix("backend:"))
    state = (config.data_dir or path.absolute().parent) / FOLDER / prefix.removeprefix(f"{PREFIX}/").rstrip("/")
    if there is not None and there.size_bytes == content.size_bytes:
        _forget(state)
        return address
    try:
        state.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SourceError(f"{state} can't be made ({error.strerror}): check that folder's permissions.") from error
    result = uploader.upload_single(
        path,
        prefix,
        state,
        on_progress=lambda progress: on_progress(progress.figures),
        on_notice=on_notice,
        cancel=cancel,
    )
    if not result.complete:
        why = [*result.failed.values(), *([] if result.halted is None else [str(result.halted)])]
        text = f"{path} could not be sent to the backend's store. {' '.join(why[:1])}".rstrip()
        raise SourceError(text) if result.halted is None else TransferError(text)
    _forget(state)
    if fingerprint(path) != content:
        raise SourceError(f"{path} changed while it was sent: wait until it is complete, and start again.")
    return address


def _forget(state: Path) -> None:
    """Remove what was kept to go on with: it would take a source for sent that was deleted since."""
    shutil.rmtree(state, ignore_errors=True)
