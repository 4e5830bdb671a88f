"""The upload of a whole folder: four files at a time, step by step, resumable. Joins the parts of the engine.

The calling thread watches, reports and saves; the other threads only send. They have ended when a method returns or raises.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timezone
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

from config import BackendApi
from pipeline.cancel import CancelToken
from pipeline.errors import AuthenticationError, Cancelled, OutputError, TransferError
from pipeline.transfer.client import BackendClient, Presigned, StoreClient
from pipeline.transfer.exchange import NoAnswerError
from pipeline.transfer.journal import Confirmed, Destination, Journal, read_journal, set_aside
from pipeline.transfer.log_file import UploadLog
from pipeline.transfer.publish_order import OutgoingFile, collect, stages
from pipeline.transfer.refusal import TokenRefusedError
from pipeline.transfer.retry import DELAYS_S, after_record, persist
from pipeline.transfer.sender import Sender
from pipeline.transfer.state_file import STATE_FILE, UploadState, read_state, write_state
from pipeline.transfer.tally import Tally, TransferProgress, cancelled_text, failed_text

if TYPE_CHECKING:
    from pipeline.transfer.connections import Connections
    from pipeline.transfer.exchange import Http

PARALLEL = 4
TICK_S = 0.1
"""How often progress is reported; what happened in between is in the absolute values."""

SAVE_EVERY_S = 5.0
READ_BACK_S = 10.0
HOPELESS = 10
"""After so many failed files in a row the network or the server is gone, and the rest waits for a resume."""


@dataclass(frozen=True, kw_only=True)
class UploadResult:
    """How an upload ended. All maps go by path inside the folder, with `/`.

    `failed` holds a sentence for each file that was tried in vain. `halted` says why nothing more was tried (a refused
    token, or the network gone), empty when everything of a step was. `notices` are lines for the log view.
    """

    uploaded: Mapping[str, str]
    failed: Mapping[str, str]
    urls: Mapping[str, str] = field(repr=False)
    log_file: Path
    state: UploadState = field(repr=False)
    sent: int = 0
    halted: TransferError | None = None
    notices: tuple[str, ...] = ()

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


@dataclass(frozen=True, kw_only=True)
class PreviousUpload:
    """An upload that was begun and not finished."""

    files_done: int
    files_total: int


def still_confirmed(files: Sequence[OutgoingFile], confirmed: Mapping[str, Confirmed]) -> dict[str, Confirmed]:
    """Return the confirmations that are of the files as they are now."""
    found = {}
    for file in files:
        which = confirmed.get(file.name)
        if which is not None and (which.size_bytes, which.mtime_ns) == (file.size_bytes, file.mtime_ns):
            found[file.name] = which
    return found


def confirmed_files(folder: Path, destination: Destination) -> dict[str, Confirmed]:
    """Return which files of a folder a destination has, as they are now. Raises TransferError, OutputError."""
    return still_confirmed(collect(folder, destination.prefix), read_journal(folder, destination).confirmed)


def previous_upload(folder: Path, backend: BackendApi, prefix: str, session_id: str | None) -> PreviousUpload | None:
    """Return what an earlier upload of this folder to the same place left undone.

    None when there is nothing to decide: nothing was confirmed yet, or everything is. Raises TransferError, OutputError.
    """
    if not folder.is_dir():
        return None
    destination = Destination(backend_url=backend.url, prefix=prefix, session_id=session_id or None)
    stored = read_journal(folder, destination).confirmed
    if not stored:
        return None
    files = collect(folder, prefix)
    done = len(still_confirmed(files, stored))
    return PreviousUpload(files_done=done, files_total=len(files)) if 0 < done < len(files) else None


class Uploader:
    """Sends folders through one backend. `delays` are the pauses before each further try, in seconds."""

    def __init__(
        self, backend: BackendApi, *, session_id: str | None, parallel: int = PARALLEL, delays: Sequence[float] = DELAYS_S
    ) -> None:
        self._backend = backend
        self._session_id = session_id or None
        self._parallel = parallel
        self._delays = tuple(delays)

    def test_connection(self, cancel: CancelToken) -> None:
        """Find out whether the backend is there and accepts the token. Raises TransferError or Cancelled."""
        with _session(cancel) as http:
            BackendClient(self._backend, http, _nobody).validate()

    def presign(self, key: str, content_type: str) -> Presigned:
        """Ask for a URL to which one object may be sent. Raises TransferError."""
        with _session(CancelToken()) as http:
            return BackendClient(self._backend, http, _nobody).presign(key, content_type)

    def upload_file(self, path: Path, key: str, *, on_progress: Callable[[int, int], None] | None = None, cancel: CancelToken) -> Confirmed:
        """Send one file, telling `on_progress` bytes done and in all. Keeps no state. Raises TransferError, Cancelled."""
        tell = on_progress or _nobody
        sent, size = 0, path.stat().st_size if path.is_file() else 0

        def begin() -> None:
            nonlocal sent
            sent = 0

        def move(size_bytes: int) -> None:
            nonlocal sent
            sent += size_bytes
            tell(sent, size)

        with _session(cancel) as http:
            backend, store = BackendClient(self._backend, http, _nobody), StoreClient(http, _nobody)
            sender = Sender(backend, store, delays=self._delays, cancel=cancel, note=_nobody)
            return sender.send(path, key, on_begin=begin, on_bytes=move)

    def serves(self, url: str, path: Path, cancel: CancelToken) -> bool | None:
        """Say whether an address gives what a small file holds; None where that can't be told. Raises Cancelled."""
        with _session(cancel) as http:
            try:
                answer = http.send("GET", url, headers={}, body=b"", read_timeout_s=READ_BACK_S)
            except NoAnswerError:
                return None
        if answer.status == HTTPStatus.NOT_FOUND:
            return False
        return answer.body == path.read_bytes() if answer.status == HTTPStatus.OK else None

    def create_record(self, fields: Mapping[str, Any], *, log_file: Path | None, cancel: CancelToken) -> None:
        """Send the file record, going on with the upload's log if there is one. Raises TransferError or Cancelled."""
        with ExitStack() as opened:
            note: Callable[[str], None] = _nobody
            if log_file is not None:
                note = opened.enter_context(UploadLog(log_file.parent, secrets=(self._backend.token,), path=log_file)).write
            client = BackendClient(self._backend, opened.enter_context(_session(cancel)), note)
            persist(lambda: client.record(fields), decide=after_record, delays=self._delays, cancel=cancel, note=note)

    def upload(
        self,
        folder: Path,
        prefix: str,
        *,
        resume: bool,
        on_progress: Callable[[TransferProgress], None] | None = None,
        cancel: CancelToken,
    ) -> UploadResult:
        """Send a folder's published files to keys under `prefix`.

        `resume` leaves out what is confirmed and unchanged. `on_progress` is called in this thread, about ten times a
        second, with or without news. Files that could not be sent are named in the result.
        Raises TransferCancelled, TransferError when there is nothing to send, OutputError when the state can't be kept.
        """
        files = collect(folder, prefix)
        destination = Destination(backend_url=self._backend.url, prefix=prefix, session_id=self._session_id)
        now = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        with (
            UploadLog(folder, secrets=(self._backend.token,)) as log,
            Journal(folder, destination, resume=resume, now=now) as journal,
        ):
            run = _Run(self._backend, folder, destination, files, journal, log, parallel=self._parallel, delays=self._delays)
            return run.all(on_progress or _nobody, cancel)


class _Run:
    """One upload under way."""

    def __init__(
        self,
        backend: BackendApi,
        folder: Path,
        destination: Destination,
        files: list[OutgoingFile],
        journal: Journal,
        log: UploadLog,
        *,
        parallel: int,
        delays: tuple[float, ...],
    ) -> None:
        self._backend = backend
        self._state_path = folder / STATE_FILE
        self._destination = destination
        self._files = files
        self._journal = journal
        self._log = log
        self._parallel = parallel
        self._delays = delays
        self._already = still_confirmed(files, journal.confirmed)
        self._tally = Tally(files, self._already)
        self._lock = threading.Lock()
        self._failed_in_a_row = 0
        self._halted: TransferError | None = None
        self._saved = time.monotonic()
        self._notices = [journal.notice] if journal.notice else []

    def all(self, on_progress: Callable[[TransferProgress], None], cancel: CancelToken) -> UploadResult:
        if len(self._already) == len(self._files):
            self._save()
            return self._result()
        if self._state_path.exists() and read_state(self._state_path) is None:
            self._notices.append(set_aside(self._state_path))
        for notice in self._notices:
            self._log.write(notice)
        self._log.write(f"uploading {len(self._files)} files ({len(self._already)} confirmed before) to {self._destination.prefix}")
        self._save()
        stop = CancelToken()
        try:
            with cancel.on_cancel(stop.cancel), _connections(stop) as connections:
                for stage in stages(self._files):
                    self._send_stage(stage, connections, stop, on_progress)
                    stored = self._tally.where()
                    if self._halted or any(file.name not in stored for file in stage):
                        break
        except Cancelled:
            cancelled = TransferCancelled(self._result())
            self._log.write(str(cancelled))
            raise cancelled from None
        finally:
            self._save()
        result = self._result()
        self._log.write(f"{len(result.uploaded)} of {len(self._files)} files uploaded, {len(result.failed)} failed")
        return result

    def _send_stage(
        self, stage: list[OutgoingFile], connections: Connections, stop: CancelToken, on_progress: Callable[[TransferProgress], None]
    ) -> None:
        queue = deque(file for file in stage if file.name not in self._already)
        if not queue:
            return
        with ThreadPoolExecutor(max_workers=min(self._parallel, len(queue)), thread_name_prefix="upload") as pool:
            try:
                lanes = {pool.submit(self._lane, queue, connections, stop) for _ in range(min(self._parallel, len(queue)))}
                self._watch(lanes, on_progress)
            except BaseException:  # whatever ends the watching, Ctrl-C too, must end the lanes, or the pool waits for them
                stop.cancel()
                raise
        on_progress(self._tally.progress())

    def _watch(self, lanes: set[Future[None]], on_progress: Callable[[TransferProgress], None]) -> None:
        while lanes:
            ended, lanes = wait(lanes, timeout=TICK_S, return_when=FIRST_COMPLETED)
            for lane in ended:
                lane.result()
            on_progress(self._tally.progress())
            if time.monotonic() - self._saved >= SAVE_EVERY_S:
                self._save()

    def _lane(self, queue: deque[OutgoingFile], connections: Connections, stop: CancelToken) -> None:
        with connections.session() as http:
            note = self._log.write
            backend, store = BackendClient(self._backend, http, note), StoreClient(http, note)
            sender = Sender(backend, store, delays=self._delays, cancel=stop, note=note)
            while (file := self._next(queue)) is not None:
                stop.check()
                self._send(sender, file)

    def _next(self, queue: deque[OutgoingFile]) -> OutgoingFile | None:
        with self._lock:
            return queue.popleft() if queue and self._halted is None else None

    def _send(self, sender: Sender, file: OutgoingFile) -> None:
        name = file.name
        try:
            confirmed = sender.send(
                file.path, file.key, on_begin=lambda: self._tally.begun(name), on_bytes=lambda size: self._tally.moved(name, size)
            )
        except TransferError as error:
            self._log.write(f"{name} failed: {error}")
            self._tally.failed(name, str(error))
            self._count_failure(error)
            return
        self._journal.confirm(name, confirmed)
        self._tally.confirmed(name, confirmed)
        with self._lock:
            self._failed_in_a_row = 0

    def _count_failure(self, error: TransferError) -> None:
        with self._lock:
            self._failed_in_a_row += 1
            if self._halted is None and (isinstance(error, TokenRefusedError) or self._failed_in_a_row >= HOPELESS):
                self._halted = error

    def _save(self) -> None:
        self._saved = time.monotonic()
        try:
            write_state(self._state_path, self._state())
        except OutputError as error:  # the journal is what counts, and it has its own say about a full disk
            self._log.write(f"the snapshot was not saved: {error}")

    def _state(self) -> UploadState:
        return UploadState(started_at=self._journal.started_at, destination=self._destination, files=self._tally.states())

    def _result(self) -> UploadResult:
        where, state = self._tally.where(), self._state()
        return UploadResult(
            uploaded={name: which.key for name, which in where.items()},
            failed={name: file.error for name, file in state.files.items() if file.error},
            urls={name: which.url for name, which in where.items()},
            log_file=self._log.path,
            state=state,
            sent=len(where) - len(self._already),
            halted=self._halted,
            notices=tuple(self._notices),
        )


def _nobody(*news: object) -> None:
    """Stand in for a listener."""


@contextmanager
def _connections(cancel: CancelToken) -> Iterator[Connections]:
    # requests takes a tenth of a second to import, which the window's start must not wait for.
    from pipeline.transfer.connections import Connections

    connections = Connections(cancel)
    with connections.interruptible():
        yield connections


@contextmanager
def _session(cancel: CancelToken) -> Iterator[Http]:
    with _connections(cancel) as connections, connections.session() as http:
        yield http


def upload_failure(result: UploadResult) -> TransferError:
    """Return the error that names the log, and what was wrong with the first file, or with all."""
    failed = failed_text(len(result.failed))
    if isinstance(result.halted, AuthenticationError):
        return AuthenticationError(f"{failed} {result.halted} Then start again to go on. Log: {result.log_file}")
    name, reason = (
        next(iter(sorted(result.failed.items()))) if result.failed else ("the folder", "It could not be sent whole: start again.")
    )
    return TransferError(f"{failed} {name}: {reason} Log: {result.log_file}")
