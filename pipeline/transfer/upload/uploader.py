"""Sends folders and single files through one backend, and tells what an earlier upload has left."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from config import BackendApi
from pipeline.cancel import CancelToken
from pipeline.errors import AuthenticationError, Cancelled, TransferError
from pipeline.events import LogLevel
from pipeline.folder_lock import locked
from pipeline.transfer.http.capabilities import NOTHING, Capabilities
from pipeline.transfer.http.client import BackendClient, StoreClient, token_untested
from pipeline.transfer.http.content_types import content_type
from pipeline.transfer.http.control import PARALLEL, TransferControl
from pipeline.transfer.http.gate import Gate
from pipeline.transfer.http.log_file import UploadLog
from pipeline.transfer.http.login import Login
from pipeline.transfer.http.messages import Listener, UploadMessages
from pipeline.transfer.http.public_read import read_public
from pipeline.transfer.http.recovery import Recovery
from pipeline.transfer.http.redaction import place_of
from pipeline.transfer.http.refusal import Refusal, RefusedError
from pipeline.transfer.http.retry import (
    DELAYS_S,
    LONG_S,
    RetryDecision,
    after_question,
    after_record,
    after_upload,
    call_with_retries,
    is_refused_for_good,
)
from pipeline.transfer.http.sessions import open_session
from pipeline.transfer.http.signed import Presigned
from pipeline.transfer.manifests.inventory import Inventory
from pipeline.transfer.manifests.manifest import Manifest
from pipeline.transfer.upload.earlier_upload import not_begun
from pipeline.transfer.upload.guard import Guard, Unguarded, beside_another
from pipeline.transfer.upload.journal import Confirmed, Destination, Journal, JournalContent, read_journal
from pipeline.transfer.upload.preparation import Prepared, prepare
from pipeline.transfer.upload.publish_order import OutgoingFile, collect
from pipeline.transfer.upload.results import TransferCancelled, UploadResult
from pipeline.transfer.upload.saved_state import as_journal, found_on_server
from pipeline.transfer.upload.sender import Sender, UploadContext, ignore
from pipeline.transfer.upload.state_file import UploadSnapshot
from pipeline.transfer.upload.tally import TransferProgress
from pipeline.transfer.upload.target import Holder
from pipeline.transfer.upload.upload_run import UploadRun

if TYPE_CHECKING:
    from pipeline.transfer.http.exchange import Http

LOCK_FILE = ".upload.lock"

RETRIES = 2
"""How often the question about the token is asked again at most: an editor waits for the answer, and may do without."""

CLOCK_WRONG_S = 120.0
"""Signed URLs live for minutes, so a clock that is off by more than this is worth a line."""


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
    ) -> None:
        self._backend = backend
        self._session_id = session_id or None
        self._delays = tuple(delays)
        self._patience_s = patience_s
        self._control = control or TransferControl(parallel=parallel)
        self._login = login or Login(backend.token)
        self._capabilities: Capabilities | None = None
        self._clock_ahead_s = 0.0

    def test_connection(self, cancel: CancelToken) -> str:
        """Find out whether the backend is there and accepts the token; return a warning where the latter can't be told.

        A backend need not have the endpoint: 401 and 403 are a no, and so is a server that is not there. Raises
        TransferError or Cancelled.
        """
        with open_session(cancel) as http:
            client = self._client(http, ignore)
            try:
                return call_with_retries(
                    client.validate, decide=_while_waiting, delays=self._delays[:RETRIES], cancel=cancel, note=ignore
                )
            except RefusedError as error:
                refusal = error.refusal
                if after_question(refusal) is not RetryDecision.RETRY or not (refusal.status or _answers(client)):
                    raise
                said = f"status {refusal.status}" if refusal.status else "no answer"
                return token_untested(self._backend.validate_endpoint, said)

    def capabilities(self, cancel: CancelToken) -> Capabilities:
        """Return what the backend offers, asked for once. Raises TransferError or Cancelled."""
        with open_session(cancel) as http:
            self._ask_capabilities(self._client(http, ignore), self._context(NOTHING, cancel, ignore, ignore))
        return self._capabilities or NOTHING

    def presign(self, key: str, media_type: str) -> Presigned:
        """Ask for a URL to which one object may be sent. Raises TransferError."""
        with open_session(CancelToken()) as http:
            return self._client(http, ignore).presign(key, media_type)

    def public_address(self, key: str, cancel: CancelToken, note: Callable[[str], None], on_notice: Listener) -> str:
        """Return where anybody may read an object, as the backend says; empty where it does not.

        Waited for no longer than the pauses between the tries: an editor waits for the answer. Raises TransferError,
        Cancelled.
        """
        recovery = Recovery(self._login, cancel, on_notice, patience_s=self._patience_s)

        def log_in(decision: RetryDecision, refusal: Refusal) -> bool:
            return decision is RetryDecision.LOGIN and recovery.recover(decision, refusal)

        with open_session(cancel) as http:
            client = self._client(http, note)
            signed = lambda: client.presign(key, content_type(key))  # noqa: E731  # one line that says what is tried
            try:
                return call_with_retries(
                    signed, decide=after_upload, delays=self._delays, cancel=cancel, note=note, recover=log_in
                ).download_url
            except AuthenticationError:
                raise
            except RefusedError as error:  # whoever sends something there next says what is wrong
                if not is_refused_for_good(error.refusal):
                    raise
                return ""

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
            context = self._context(self._capabilities or NOTHING, cancel, ignore, ignore)
            return self._sender(http, context).send(path, key, on_begin=begin, on_bytes=move)

    @property
    def backend_url(self) -> str:
        """The backend's address."""
        return self._backend.url

    @property
    def delays(self) -> Sequence[float]:
        """The pauses before each further try, in seconds."""
        return self._delays

    @property
    def session_id(self) -> str | None:
        """The backend's session, or None."""
        return self._session_id

    @property
    def secrets(self) -> Sequence[str]:
        """The tokens that were in use, for whoever writes a log."""
        return self._login.tokens

    @contextmanager
    def at_server(
        self, cancel: CancelToken, note: Callable[[str], None], on_notice: Listener, *, patient: bool = True
    ) -> Iterator[tuple[Inventory, Sender]]:
        """Open what asks the server what it has, and what sends it single files. `note` takes lines for the log.

        Where it is not `patient`, the pauses between the tries are all that is waited.
        """
        patience_s = self._patience_s if patient else 0.0
        context = self._context(self._capabilities or NOTHING, cancel, note, on_notice, patience_s)
        with open_session(cancel) as http:
            yield self._inventory(http, context), self._sender(http, context)

    def create_record(
        self,
        fields: Mapping[str, Any],
        *,
        log_file: Path | None,
        on_notice: Listener | None = None,
        cancel: CancelToken,
    ) -> None:
        """Send the file record, going on with the log of the upload before, if there was one.

        Raises TransferError or Cancelled.
        """
        with ExitStack() as opened:
            note: Callable[[str], None] = ignore
            if log_file is not None:
                note = opened.enter_context(UploadLog(log_file.parent, secrets=self._login.tokens, path=log_file)).write
            client = self._client(opened.enter_context(open_session(cancel)), note)
            recovery = Recovery(self._login, cancel, on_notice or ignore, patience_s=self._patience_s)
            if log_file is not None:
                recovery.answered(client.place)
            record = lambda: client.record(fields)  # noqa: E731  # one line that says what is tried
            call_with_retries(
                record,
                decide=after_record,
                delays=self._delays,
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
        on_notice: Listener | None = None,
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
        destination = Destination(backend_url=self._backend.url, prefix=prefix, session_id=self._session_id)
        files = collect(folder, prefix)
        guard = guard or Unguarded()
        with locked(folder / LOCK_FILE, folder), UploadLog(folder, secrets=self._login.tokens) as log:
            messages = UploadMessages(log, on_notice or ignore)
            try:
                guard.ask(cancel, messages.note, messages.announce)
                content = read_journal(folder, destination)
                prepared = self._prepare(
                    destination,
                    files,
                    content,
                    resume=resume,
                    holder=guard.holder,
                    known=known,
                    saved=saved,
                    messages=messages,
                    cancel=cancel,
                )
                if guard.has_rival:
                    prepared = beside_another(prepared, files, prefix)
            except Cancelled:
                raise TransferCancelled(not_begun(folder, destination, files, log.path, resume=resume)) from None
            except TransferError as error:
                messages.note(f"nothing was sent: {error}")
                messages.begin()
                raise
            target = prepared.target
            now = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
            with Journal(
                folder, destination, resume=target.going_on, now=now, place=target.place, content=content
            ) as journal:
                messages.announce(journal.notice)
                messages.announce(target.notice, LogLevel.WARNING if target.warning else LogLevel.INFO)
                upload_run = UploadRun(self._backend, self._login, folder, destination, prepared, journal, messages)
                offered = self._capabilities or NOTHING

                def lend(stop: CancelToken) -> UploadContext:
                    return self._context(offered, stop, messages.note, messages.announce)

                return upload_run.run(
                    lend, offered, partial(self._sizes, lend(cancel)), guard, on_progress or ignore, cancel
                )

    def _sizes(self, context: UploadContext, below: str) -> dict[str, int]:
        with open_session(context.cancel) as http:
            return {stored.key: stored.size_bytes for stored in self._inventory(http, context).objects(below)}

    def _prepare(
        self,
        destination: Destination,
        files: Sequence[OutgoingFile],
        content: JournalContent,
        *,
        resume: bool,
        holder: Holder,
        known: Manifest | None,
        saved: UploadSnapshot | None,
        messages: UploadMessages,
        cancel: CancelToken,
    ) -> Prepared:
        lost = saved if saved is not None and resume and not content.begun else None
        with open_session(cancel) as http:
            client, context = (
                self._client(http, messages.note),
                self._context(NOTHING, cancel, messages.note, messages.announce),
            )
            self._ask_capabilities(client, context)
            context.recovery.answered(client.place)
            if abs(self._clock_ahead_s) > CLOCK_WRONG_S:
                messages.announce(_about_clock(self._clock_ahead_s))
            capabilities = self._capabilities or NOTHING
            prepared = prepare(
                destination.prefix,
                content if lost is None else as_journal(lost),
                files,
                resume=resume,
                holder=holder,
                public_address=lambda key: self.public_address(key, cancel, messages.note, messages.announce),
                capabilities=capabilities,
                inventory=self._inventory(http, context),
                known=known,
                read_public=lambda url: read_public(http, url, delays=self._delays, cancel=cancel, note=messages.note),
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
                self._backend,
                self._login,
                self._context(capabilities, stop, messages.note, messages.announce),
            )
        return replace(prepared, already={**prepared.already, **there})

    def _ask_capabilities(self, client: BackendClient, context: UploadContext) -> None:
        if self._capabilities is None:
            logins = iter([True])  # a question that needs another login than ours is not worth a second

            def recover(decision: RetryDecision, refusal: Refusal) -> bool:
                return (decision is not RetryDecision.LOGIN or next(logins, False)) and context.recovery.recover(
                    decision, refusal
                )

            try:
                self._capabilities = call_with_retries(
                    client.capabilities,
                    decide=after_upload,
                    delays=context.delays,
                    cancel=context.cancel,
                    note=context.note,
                    recover=recover,
                )
            except RefusedError as error:
                if not (error.refusal.status or after_question(error.refusal) is RetryDecision.RETRY):
                    raise
                context.note(f"the backend does not say what it offers, so it is asked for URLs only: {error}")
            self._clock_ahead_s = client.clock_ahead_s

    def _inventory(self, http: Http, context: UploadContext) -> Inventory:
        return Inventory(
            self._backend,
            http,
            delays=context.delays,
            cancel=context.cancel,
            note=context.note,
            login=self._login,
            recovery=context.recovery,
        )

    def _sender(self, http: Http, context: UploadContext) -> Sender:
        return Sender(
            self._client(http, context.note), StoreClient(http, context.note), self._inventory(http, context), context
        )

    def _client(self, http: Http, note: Callable[[str], None]) -> BackendClient:
        return BackendClient(self._backend, http, note, self._login)

    def _context(
        self,
        capabilities: Capabilities,
        cancel: CancelToken,
        note: Callable[[str], None],
        announce: Listener,
        patience_s: float | None = None,
    ) -> UploadContext:
        recovery = Recovery(
            self._login, cancel, announce, patience_s=self._patience_s if patience_s is None else patience_s
        )
        if self._capabilities is not None:  # it has told them, so it is there
            recovery.answered(place_of(self._backend.url))
        return UploadContext(
            capabilities=capabilities,
            control=self._control,
            gate=Gate(self._control, cancel),
            recovery=recovery,
            delays=self._delays,
            cancel=cancel,
            note=note,
        )


def _while_waiting(refusal: Refusal) -> RetryDecision:
    """Decide about a question whose answer somebody waits for."""
    return RetryDecision.GIVE_UP if refusal.retry_after_s > LONG_S else after_question(refusal)


def _answers(client: BackendClient) -> bool:
    """Whether the backend answers another question, whatever it says."""
    try:
        client.capabilities()
    except RefusedError as error:
        return bool(error.refusal.status)
    return True


def _about_clock(ahead_s: float) -> str:
    minutes = max(1, round(abs(ahead_s) / 60))
    wrong = "fast" if ahead_s > 0 else "slow"
    return (
        f"The clock of this computer is about {minutes} min {wrong} of the backend's: "
        "if uploads are refused, set date and time."
    )
