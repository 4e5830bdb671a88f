"""Sends folders and single files through one backend, and tells what an earlier upload has left."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from config import BackendApi
from pipeline.cancel import CancelToken
from pipeline.transfer.http.capabilities import NOTHING, BackendCapabilities
from pipeline.transfer.http.control import PARALLEL, TransferControl
from pipeline.transfer.http.log_file import UploadLog
from pipeline.transfer.http.login import Login
from pipeline.transfer.http.messages import MessageListener
from pipeline.transfer.http.retry import DELAYS_S, after_record, call_with_retries
from pipeline.transfer.http.sessions import open_session
from pipeline.transfer.http.signed import SignedUpload
from pipeline.transfer.manifests.inventory import Inventory
from pipeline.transfer.manifests.manifest import Manifest
from pipeline.transfer.upload.backend_access import BackendAccess
from pipeline.transfer.upload.backend_answers import NO_ANSWERS, BackendAnswers
from pipeline.transfer.upload.backend_questions import connection_warning, public_address
from pipeline.transfer.upload.folder_sending import FolderToSend, send_folder
from pipeline.transfer.upload.guard import Guard, Unguarded
from pipeline.transfer.upload.journal import Confirmed, UploadDestination
from pipeline.transfer.upload.publish_order import collect, single
from pipeline.transfer.upload.results import UploadResult
from pipeline.transfer.upload.sender import Sender, ignore
from pipeline.transfer.upload.state_file import UploadSnapshot
from pipeline.transfer.upload.tally import TransferProgress


class Uploader:
    """Sends folders through one backend.

    Args:
        backend: where to ask.
        session_id: the backend's session, or None.
        parallel: how many files at a time, where there is no `control`.
        delays: the pauses before each further try, in seconds.
        patience_s: how long what may pass is waited for beyond that, as long as nothing gets through.
        control: pauses, slows and widens the upload while it runs.
        login: the token, where one may be asked for in the middle.
        answers: what the backend has said just before.
    """

    def __init__(
        self,
        backend: BackendApi,
        *,
        session_id: str | None,
        parallel: int = PARALLEL,
        delays: Sequence[float] = DELAYS_S,
        patience_s: float = 0.0,
        control: TransferControl | None = None,
        login: Login | None = None,
        answers: BackendAnswers = NO_ANSWERS,
    ) -> None:
        self._backend = backend
        self._session_id = session_id or None
        self._access = BackendAccess(
            backend,
            login or Login(backend.token),
            control or TransferControl(parallel=parallel),
            delays=delays,
            patience_s=patience_s,
            answers=answers,
        )
        self._answers = answers

    def test_connection(self, cancel: CancelToken) -> str:
        """Find out whether the backend is there and accepts the token; return a warning where the latter can't be told.

        A backend need not have the endpoint: 401 and 403 are a no, and so is a server that is not there. Raises
        TransferError or Cancelled.
        """
        warning = connection_warning(self._access, cancel)
        self._answers = replace(self._answers, connection_warning=warning)
        return warning

    def connection_warning(self, cancel: CancelToken) -> str:
        """Return what the last test of the connection came to; it is tested where it was not. Raises as that does."""
        known = self._answers.connection_warning
        return self.test_connection(cancel) if known is None else known

    def capabilities(self, cancel: CancelToken) -> BackendCapabilities:
        """Return what the backend offers, asked for once. Raises TransferError or Cancelled."""
        if self._access.has_told:
            return self._access.capabilities
        with open_session(cancel) as http:
            context = self._access.context(NOTHING, cancel, ignore, ignore)
            self._access.ask_capabilities(self._access.client(http, ignore), context)
        return self._access.capabilities

    def presign(self, key: str, media_type: str) -> SignedUpload:
        """Ask for a URL to which one object may be sent. Raises TransferError."""
        with open_session(CancelToken()) as http:
            return self._access.client(http, ignore).presign(key, media_type)

    def public_address(
        self, key: str, cancel: CancelToken, note: Callable[[str], None], on_notice: MessageListener
    ) -> str:
        """Return where anybody may read an object, as the backend says; empty where it does not.

        Waited for no longer than the pauses between the tries: an editor waits for the answer. Raises TransferError,
        Cancelled.
        """
        return public_address(self._access, key, cancel, note, on_notice)

    def upload_file(
        self, path: Path, key: str, *, on_progress: Callable[[int, int], None] | None = None, cancel: CancelToken
    ) -> Confirmed:
        """Send one file, telling `on_progress` bytes done and in all. Keeps no state.

        Raises TransferError, Cancelled.
        """
        tell = on_progress or ignore
        sent, size = 0, path.stat().st_size if path.is_file() else 0

        def begin() -> None:
            nonlocal sent
            sent = 0

        def move(size_bytes: int) -> None:
            nonlocal sent
            sent += size_bytes
            tell(sent, size)

        with open_session(cancel) as http:
            context = self._access.context(self._access.capabilities, cancel, ignore, ignore)
            return self._access.sender(http, context).send(path, key, on_begin=begin, on_bytes=move)

    @property
    def answers(self) -> BackendAnswers:
        """What the backend has said by now."""
        access = self._access
        return replace(
            self._answers,
            capabilities=access.capabilities if access.has_told else None,
            clock_ahead_s=access.clock_ahead_s,
        )

    @property
    def backend_url(self) -> str:
        """The backend's address."""
        return self._backend.url

    @property
    def delays(self) -> Sequence[float]:
        """The pauses before each further try, in seconds."""
        return self._access.delays

    @property
    def session_id(self) -> str | None:
        """The backend's session, or None."""
        return self._session_id

    @property
    def secrets(self) -> Sequence[str]:
        """The tokens that were in use, for whoever writes a log."""
        return self._access.login.tokens

    @contextmanager
    def at_server(
        self, cancel: CancelToken, note: Callable[[str], None], on_notice: MessageListener, *, patient: bool = True
    ) -> Iterator[tuple[Inventory, Sender]]:
        """Open what asks the server what it has, and what sends it single files. `note` takes lines for the log.

        Where it is not `patient`, the pauses between the tries are all that is waited.
        """
        patience_s = self._access.patience_s if patient else 0.0
        context = self._access.context(self._access.capabilities, cancel, note, on_notice, patience_s)
        with open_session(cancel) as http:
            yield self._access.inventory(http, context), self._access.sender(http, context)

    def create_record(
        self,
        fields: Mapping[str, Any],
        *,
        log_file: Path | None,
        on_notice: MessageListener | None = None,
        cancel: CancelToken,
    ) -> None:
        """Send the file record, going on with the log of the upload before, if there was one.

        Raises TransferError or Cancelled.
        """
        with ExitStack() as opened:
            note: Callable[[str], None] = ignore
            if log_file is not None:
                note = opened.enter_context(UploadLog(log_file.parent, secrets=self.secrets, path=log_file)).write
            client = self._access.client(opened.enter_context(open_session(cancel)), note)
            recovery = self._access.recovery(cancel, on_notice or ignore)
            if log_file is not None:
                recovery.answered(client.origin)
            record = lambda: client.record(fields)  # noqa: E731  # one line that says what is tried
            call_with_retries(
                record,
                decide=after_record,
                delays=self._access.delays,
                cancel=cancel,
                note=note,
                recover=recovery.recover,
                patience=recovery.patience,
            )

    def upload(
        self,
        folder: Path,
        prefix: str,
        *,
        resume: bool,
        on_progress: Callable[[TransferProgress], None] | None = None,
        on_notice: MessageListener | None = None,
        guard: Guard | None = None,
        known: Manifest | None = None,
        saved: UploadSnapshot | None = None,
        cancel: CancelToken,
    ) -> UploadResult:
        """Send a folder's published files to keys under `prefix`.

        `resume` leaves out what is confirmed and unchanged. `on_progress` is called in this thread, about ten times a
        second, with or without news; `on_notice` too, with each line for the editor as it comes and how loud it is;
        `guard` is asked before the first file, and again when all else is there that players need: what it raises ends
        the upload, which is not published. `known` is the manifest of what this computer last sent there; `saved` is
        gone on from where the journal of that upload is lost. Files that could not be sent are named in the result.
        Raises TransferCancelled, TransferError when there is nothing to send or a file is too large for the store,
        OutputError when the state can't be kept or another upload uses the folder, and what `guard` raises.
        """
        destination = UploadDestination(backend_url=self._backend.url, prefix=prefix, session_id=self._session_id)
        wanted = FolderToSend(
            folder=folder,
            destination=destination,
            files=collect(folder, prefix),
            resume=resume,
            known=known,
            saved=saved,
        )
        return send_folder(
            self._access,
            wanted,
            self.public_address,
            guard or Unguarded(),
            on_progress or ignore,
            on_notice or ignore,
            cancel,
        )

    def upload_single(
        self,
        path: Path,
        prefix: str,
        state_folder: Path,
        *,
        on_progress: Callable[[TransferProgress], None] | None = None,
        on_notice: MessageListener | None = None,
        cancel: CancelToken,
    ) -> UploadResult:
        """Send one file to its name under `prefix`, as `upload` sends those of a folder; log and journal lie elsewhere.

        Raises what `upload` raises.
        """
        destination = UploadDestination(backend_url=self._backend.url, prefix=prefix, session_id=self._session_id)
        wanted = FolderToSend(
            folder=state_folder,
            destination=destination,
            files=[single(path, prefix)],
            resume=True,
            known=None,
            saved=None,
        )
        return send_folder(
            self._access,
            wanted,
            self.public_address,
            Unguarded(),
            on_progress or ignore,
            on_notice or ignore,
            cancel,
        )
