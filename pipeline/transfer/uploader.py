"""The upload of a whole folder: several files at a time, step by step, resumable. Joins the parts of the engine.

The calling thread watches, reports and saves; the other threads only send. They have ended when a method returns or raises.
"""

from __future__ import annotations

import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from config import BackendApi
from pipeline.cancel import CancelToken
from pipeline.errors import AuthenticationError, Cancelled, OutputError, TransferError
from pipeline.folder_lock import locked
from pipeline.transfer.capabilities import NOTHING, Capabilities
from pipeline.transfer.client import BackendClient, Presigned, StoreClient
from pipeline.transfer.control import PARALLEL, TransferControl
from pipeline.transfer.gate import Gate
from pipeline.transfer.inventory import Inventory
from pipeline.transfer.journal import BegunInParts, Confirmed, Destination, Journal, read_journal, set_aside
from pipeline.transfer.lanes import Lane, Line, Queue, WholeFile, line
from pipeline.transfer.log_file import UploadLog
from pipeline.transfer.login import Login
from pipeline.transfer.manifest import Manifest
from pipeline.transfer.multipart import goes_in_parts
from pipeline.transfer.preparation import Prepared, check_sizes, prepare, rewriting, still_confirmed
from pipeline.transfer.publish_order import OutgoingFile, collect, stages
from pipeline.transfer.refusal import RefusedError
from pipeline.transfer.retry import DELAYS_S, after_record, after_upload, persist
from pipeline.transfer.sender import Sender, Terms, nothing
from pipeline.transfer.setbacks import Setbacks
from pipeline.transfer.state_file import STATE_FILE, FileState, FileStatus, UploadState, read_state, write_state
from pipeline.transfer.tally import Tally, TransferProgress, cancelled_text, failed_text
from pipeline.workspace import MASTER

if TYPE_CHECKING:
    from pipeline.transfer.connections import Connections
    from pipeline.transfer.exchange import Http

LOCK_FILE = ".upload.lock"
TICK_S = 0.1
"""How often progress is reported; what happened in between is in the absolute values."""

SAVE_EVERY_S = 5.0
HOPELESS = 10
"""After so many failed files in a row the network or the server is gone, and the rest waits for a resume."""

CLOCK_WRONG_S = 120.0
"""Signed URLs live for minutes, so a clock that is off by more than this is worth a line."""


@dataclass(frozen=True, kw_only=True)
class UploadResult:
    """How an upload ended. All maps go by path inside the folder, with `/`.

    `failed` holds a sentence for each file that was tried in vain. `halted` says why nothing more was tried (a refused
    token, or the network gone), empty when everything of a step was. `notices` are lines for the log view.
    `confirmed` tells more of each file that was uploaded; `place` is the folder below the prefix that the stream went to.
    """

    uploaded: Mapping[str, str]
    failed: Mapping[str, str]
    urls: Mapping[str, str] = field(repr=False)
    log_file: Path
    state: UploadState = field(repr=False)
    sent: int = 0
    halted: TransferError | None = None
    notices: tuple[str, ...] = ()
    confirmed: Mapping[str, Confirmed] = field(default_factory=dict, repr=False)
    place: str = ""

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


def confirmed_files(folder: Path, destination: Destination) -> dict[str, Confirmed]:
    """Return which files of a folder a destination has, untouched since. Raises TransferError, OutputError."""
    confirmed = read_journal(folder, destination).confirmed
    return still_confirmed(collect(folder, destination.prefix), confirmed, lambda file: "changed")


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
    # a file whose time alone changed most likely is the same; the upload itself looks into it
    done = len(still_confirmed(files, stored, lambda file: stored[file.name].md5))
    return PreviousUpload(files_done=done, files_total=len(files)) if 0 < done < len(files) else None


class Uploader:
    """Sends folders through one backend.

    Args:
        backend: where to ask.
        session_id: the backend's session, or None.
        parallel: how many files at a time, where there is no `control`.
        delays: the pauses before each further try, in seconds.
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
        control: TransferControl | None = None,
        login: Login | None = None,
    ) -> None:
        self._backend = backend
        self._session_id = session_id or None
        self._delays = tuple(delays)
        self._control = control or TransferControl(parallel=parallel)
        self._login = login or Login(backend.token)
        self._capabilities: Capabilities | None = None
        self._clock_ahead_s = 0.0

    def test_connection(self, cancel: CancelToken) -> None:
        """Find out whether the backend is there and accepts the token. Raises TransferError or Cancelled."""
        with _session(cancel) as http:
            self._client(http, nothing).validate()

    def capabilities(self, cancel: CancelToken) -> Capabilities:
        """Return what the backend offers, asked for once. Raises TransferError or Cancelled."""
        with _session(cancel) as http:
            self._ask_capabilities(self._client(http, nothing), self._terms(NOTHING, cancel, nothing, nothing))
        return self._capabilities or NOTHING

    def presign(self, key: str, content_type: str) -> Presigned:
        """Ask for a URL to which one object may be sent. Raises TransferError."""
        with _session(CancelToken()) as http:
            return self._client(http, nothing).presign(key, content_type)

    def upload_file(self, path: Path, key: str, *, on_progress: Callable[[int, int], None] | None = None, cancel: CancelToken) -> Confirmed:
        """Send one file, telling `on_progress` bytes done and in all. Keeps no state. Raises TransferError, Cancelled."""
        tell = on_progress or nothing
        sent, size = 0, path.stat().st_size if path.is_file() else 0

        def begin() -> None:
            nonlocal sent
            sent = 0

        def move(size_bytes: int) -> None:
            nonlocal sent
            sent += size_bytes
            tell(sent, size)

        with _session(cancel) as http:
            return self._sender(http, cancel, nothing).send(path, key, on_begin=begin, on_bytes=move)

    @property
    def backend_url(self) -> str:
        """The backend's address."""
        return self._backend.url

    @property
    def secrets(self) -> Sequence[str]:
        """The tokens that were in use, for whoever writes a log."""
        return self._login.tokens

    @contextmanager
    def at_server(self, cancel: CancelToken, note: Callable[[str], None]) -> Iterator[tuple[Inventory, Sender]]:
        """Open what asks the server what it has, and what sends it single files. `note` takes lines for the log."""
        with _session(cancel) as http:
            yield self._inventory(http, cancel, note), self._sender(http, cancel, note)

    def create_record(self, fields: Mapping[str, Any], *, log_file: Path | None, cancel: CancelToken) -> None:
        """Send the file record, going on with the upload's log if there is one. Raises TransferError or Cancelled."""
        with ExitStack() as opened:
            note: Callable[[str], None] = nothing
            if log_file is not None:
                note = opened.enter_context(UploadLog(log_file.parent, secrets=self._login.tokens, path=log_file)).write
            client = self._client(opened.enter_context(_session(cancel)), note)
            setbacks = Setbacks(self._login, cancel, note)
            record = lambda: client.record(fields)  # noqa: E731  # one line that says what is tried
            persist(record, decide=after_record, delays=self._delays, cancel=cancel, note=note, remedy=setbacks.remedy)

    def upload(
        self,
        folder: Path,
        prefix: str,
        *,
        resume: bool,
        on_progress: Callable[[TransferProgress], None] | None = None,
        on_notice: Callable[[str], None] | None = None,
        known: Manifest | None = None,
        cancel: CancelToken,
    ) -> UploadResult:
        """Send a folder's published files to keys under `prefix`.

        `resume` leaves out what is confirmed and unchanged. `on_progress` is called in this thread, about ten times a
        second, with or without news; `on_notice` too, with each line for the editor as it comes. `known` is the manifest of
        what this computer last sent there.
        Files that could not be sent are named in the result.
        Raises TransferCancelled, TransferError when there is nothing to send or a file is too large for the store,
        OutputError when the state can't be kept or another upload uses the folder.
        """
        destination = Destination(backend_url=self._backend.url, prefix=prefix, session_id=self._session_id)
        files = collect(folder, prefix)
        with locked(folder / LOCK_FILE, folder), UploadLog(folder, secrets=self._login.tokens) as log:
            news = _News(log)
            try:
                prepared = self._prepare(folder, destination, resume=resume, known=known, news=news, cancel=cancel)
            except Cancelled:
                raise TransferCancelled(_not_begun(folder, destination, files, log.path, resume=resume)) from None
            course = prepared.course
            files = collect(folder, prefix, course.place)
            now = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
            with Journal(folder, destination, resume=course.going_on, now=now, place=course.place) as journal:
                for notice in (journal.notice, course.notice):
                    news.announce(notice)
                run = _Run(self._backend, self._login, folder, destination, files, prepared, journal, news)
                offered = self._capabilities or NOTHING
                look = partial(self._sizes, cancel, news.note)
                return run.all(self._terms, offered, look, on_progress or nothing, on_notice or nothing, cancel)

    def _sizes(self, cancel: CancelToken, note: Callable[[str], None], below: str) -> dict[str, int]:
        with _session(cancel) as http:
            return {stored.key: stored.size_bytes for stored in self._inventory(http, cancel, note).objects(below)}

    def _prepare(
        self, folder: Path, destination: Destination, *, resume: bool, known: Manifest | None, news: _News, cancel: CancelToken
    ) -> Prepared:
        with _session(cancel) as http:
            terms = self._terms(NOTHING, cancel, news.note, news.announce)
            self._ask_capabilities(self._client(http, news.note), terms)
            if abs(self._clock_ahead_s) > CLOCK_WRONG_S:
                news.announce(_about_clock(self._clock_ahead_s))
            capabilities = self._capabilities or NOTHING
            return prepare(
                destination.prefix,
                read_journal(folder, destination),
                lambda place: collect(folder, destination.prefix, place),
                resume=resume,
                capabilities=capabilities,
                inventory=self._inventory(http, cancel, news.note),
                known=known,
                http=http,
                cancel=cancel,
            )

    def _ask_capabilities(self, client: BackendClient, terms: Terms) -> None:
        if self._capabilities is None:
            self._capabilities = persist(
                client.capabilities,
                decide=after_upload,
                delays=terms.delays,
                cancel=terms.cancel,
                note=terms.note,
                remedy=terms.setbacks.remedy,
            )
            self._clock_ahead_s = client.clock_ahead_s

    def _inventory(self, http: Http, cancel: CancelToken, note: Callable[[str], None]) -> Inventory:
        token, _ = self._login.current()
        return Inventory(replace(self._backend, token=token), http, delays=self._delays, cancel=cancel, note=note)

    def _sender(self, http: Http, cancel: CancelToken, note: Callable[[str], None]) -> Sender:
        terms = self._terms(self._capabilities or NOTHING, cancel, note, note)
        return Sender(self._client(http, note), StoreClient(http, note), terms)

    def _client(self, http: Http, note: Callable[[str], None]) -> BackendClient:
        return BackendClient(self._backend, http, note, self._login)

    def _terms(
        self, capabilities: Capabilities, cancel: CancelToken, note: Callable[[str], None], announce: Callable[[str], None]
    ) -> Terms:
        return Terms(
            capabilities=capabilities,
            control=self._control,
            gate=Gate(self._control, cancel),
            setbacks=Setbacks(self._login, cancel, announce),
            delays=self._delays,
            cancel=cancel,
            note=note,
        )


class _News:
    """Lines for the editor and for the log; those for the log wait until something is really sent. Safe from every thread."""

    def __init__(self, log: UploadLog) -> None:
        self._log = log
        self._waiting: list[str] | None = []
        self._untold: deque[str] = deque()
        self.notices: list[str] = []
        self.log_file = log.path

    def note(self, text: str) -> None:
        """Add a line to the log."""
        if self._waiting is None:
            self._log.write(text)
        else:
            self._waiting.append(text)

    def announce(self, text: str) -> None:
        """Tell the editor, and the log too; nothing where the text is empty."""
        if text:
            self.notices.append(text)
            self._untold.append(text)
            self.note(text)

    def begin(self) -> None:
        """Something is sent now: write what has waited. Called before there are other threads."""
        waiting, self._waiting = self._waiting or [], None
        for text in waiting:
            self._log.write(text)

    def tell(self, listener: Callable[[str], None]) -> None:
        """Hand over what the editor has not been told yet."""
        while self._untold:
            listener(self._untold.popleft())


class _Run:
    """One upload under way: the books of what is sent, and the threads that send."""

    def __init__(
        self,
        backend: BackendApi,
        login: Login,
        folder: Path,
        destination: Destination,
        files: list[OutgoingFile],
        prepared: Prepared,
        journal: Journal,
        news: _News,
    ) -> None:
        self._backend = backend
        self._login = login
        self._state_path = folder / STATE_FILE
        self._destination = destination
        self._files = files
        self._place = prepared.course.place
        self._journal = journal
        self._news = news
        self._already = dict(prepared.already)
        self._tally = Tally(files, self._already)
        self._lock = threading.Lock()
        self._failed_in_a_row = 0
        self._halted: TransferError | None = None
        self._saved = time.monotonic()
        self._opened = ExitStack()
        self._free_lines: list[tuple[Line, Line]] = []

    def all(
        self,
        terms_for: Callable[[Capabilities, CancelToken, Callable[[str], None], Callable[[str], None]], Terms],
        capabilities: Capabilities,
        look: Callable[[str], Mapping[str, int]],
        on_progress: Callable[[TransferProgress], None],
        on_notice: Callable[[str], None],
        cancel: CancelToken,
    ) -> UploadResult:
        for name, which in self._already.items():
            if self._journal.confirmed.get(name) != which:  # found on the server, or the file's time alone has changed
                self._journal.confirm(name, which)
        if len(self._already) == len(self._files):
            self._news.tell(on_notice)
            self._save()
            return self._result()
        check_sizes(self._files, capabilities)
        if self._state_path.exists() and read_state(self._state_path) is None:
            self._news.announce(set_aside(self._state_path, so="it is written anew"))
        self._news.begin()
        where = f"{self._destination.prefix}{self._place}"
        self._news.note(f"uploading {len(self._files)} files ({len(self._already)} confirmed before) to {where}")
        self._save()
        stop = CancelToken()
        terms = terms_for(capabilities, stop, self._news.note, self._news.announce)
        try:
            with cancel.on_cancel(stop.cancel), _connections(stop) as connections, self._opened:
                for stage in stages(self._files):
                    if stage[0].name == MASTER and capabilities.list:
                        self._check_place(look)
                    self._send_stage(stage, connections, terms, lambda: self._report(on_progress, on_notice))
                    stored = self._tally.where()
                    if self._halted or any(file.name not in stored for file in stage):
                        break
        except Cancelled:
            cancelled = TransferCancelled(self._result())
            self._news.note(str(cancelled))
            raise cancelled from None
        finally:
            self._save()
        self._news.tell(on_notice)
        result = self._result()
        self._news.note(f"{len(result.uploaded)} of {len(self._files)} files uploaded, {len(result.failed)} failed")
        return result

    def _check_place(self, look: Callable[[str], Mapping[str, int]]) -> None:
        """See that all that the master leads to is there: others may have cleared up or replaced it meanwhile. Raises TransferError."""
        below = self._destination.prefix + self._place
        there = look(below)
        for name, which in self._tally.where().items():
            if name != MASTER and which.key.startswith(below) and there.get(which.key) != which.size_bytes:
                raise TransferError(
                    f"{which.key} was removed or replaced while the upload went on, perhaps by another one to the same destination:"
                    " the stream was not published. Start again."
                )

    def _send_stage(self, stage: list[OutgoingFile], connections: Connections, terms: Terms, report: Callable[[], None]) -> None:
        files = [file for file in stage if file.name not in self._already]
        if not files:
            return
        queue = Queue(WholeFile(file=file, before=self._journal.parts.get(file.name)) for file in files)
        parts = any(goes_in_parts(file.size_bytes, terms.capabilities) for file in files)
        lanes = terms.control.parallel if parts else min(terms.control.parallel, len(files))
        with ThreadPoolExecutor(max_workers=lanes, thread_name_prefix="upload") as pool:
            try:
                self._watch({pool.submit(self._lane, queue, connections, terms, lanes) for _ in range(lanes)}, report)
            except BaseException:  # whatever ends the watching, Ctrl-C too, must end the lanes, or the pool waits for them
                terms.cancel.cancel()
                raise
        report()

    def _watch(self, lanes: set[Future[None]], report: Callable[[], None]) -> None:
        while lanes:
            ended, lanes = wait(lanes, timeout=TICK_S, return_when=FIRST_COMPLETED)
            for lane in ended:
                lane.result()
            report()
            if time.monotonic() - self._saved >= SAVE_EVERY_S:
                self._save()

    def _report(self, on_progress: Callable[[TransferProgress], None], on_notice: Callable[[str], None]) -> None:
        self._news.tell(on_notice)
        on_progress(self._tally.progress())

    def _lane(self, queue: Queue, connections: Connections, terms: Terms, lanes: int) -> None:
        with self._lines(connections, terms) as (own, ahead), ThreadPoolExecutor(1, thread_name_prefix="upload-sign") as signer:
            lane = Lane(
                queue,
                self,
                terms,
                own=own,
                ahead=ahead,
                signer=signer,
                spare=lanes,
                rewrite=lambda file: rewriting(file, self._place),
            )
            try:
                lane.run()
            except (Cancelled, OutputError):
                raise
            except Exception:
                self._news.note(f"a thread of the upload broke down: {traceback.format_exc()}")
                raise

    @contextmanager
    def _lines(self, connections: Connections, terms: Terms) -> Iterator[tuple[Line, Line]]:
        """Lend a lane its two lines. They outlive it: the next step must not connect anew."""
        with self._lock:
            if self._free_lines:
                lent = self._free_lines.pop()
            else:
                own, ahead = (self._opened.enter_context(connections.session()) for _ in range(2))
                lent = line(self._backend, own, self._login, terms), line(self._backend, ahead, self._login, terms)
        try:
            yield lent
        finally:
            with self._lock:
                self._free_lines.append(lent)

    @property
    def halted(self) -> bool:
        """Whether nothing more is to be begun."""
        return self._halted is not None

    def begun(self, name: str) -> None:
        """A try of a whole file begins."""
        self._tally.begun(name)

    def moved(self, name: str, size_bytes: int) -> None:
        """So many bytes of a file went out."""
        self._tally.moved(name, size_bytes)

    def stored_before(self, name: str, size_bytes: int) -> None:
        """The store has so many bytes of a file from an earlier run."""
        self._tally.stored_before(name, size_bytes)

    def taken_back(self, name: str, size_bytes: int) -> None:
        """So many bytes of a file have to be sent again."""
        self._tally.taken_back(name, size_bytes)

    def begun_in_parts(self, name: str, begun: BegunInParts) -> None:
        """The store is being given a file in parts."""
        self._journal.begin_parts(name, begun)

    def confirmed(self, name: str, which: Confirmed) -> None:
        """The store has a file."""
        which = replace(which, at=datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"))
        self._journal.confirm(name, which)
        self._tally.confirmed(name, which)
        with self._lock:
            self._failed_in_a_row = 0

    def failed(self, name: str, error: TransferError) -> None:
        """A file could not be sent."""
        self._news.note(f"{name} failed: {error}")
        self._tally.failed(name, str(error))
        for_all = isinstance(error, RefusedError) and error.refusal.concerns_every_file
        with self._lock:
            self._failed_in_a_row += 1
            if self._halted is None and (for_all or self._failed_in_a_row >= HOPELESS):
                self._halted = error

    def _save(self) -> None:
        self._saved = time.monotonic()
        try:
            write_state(self._state_path, self._state())
        except OutputError as error:  # the journal is what counts, and it has its own say about a full disk
            self._news.note(f"the snapshot was not saved: {error}")

    def _state(self) -> UploadState:
        return UploadState(started_at=self._journal.started_at, destination=self._destination, files=self._tally.states())

    def _result(self) -> UploadResult:
        return _result(
            self._state(),
            self._tally.where(),
            log_file=self._news.log_file,
            sent=len(self._tally.where()) - len(self._already),
            halted=self._halted,
            notices=tuple(self._news.notices),
            place=self._place,
        )


def _result(
    state: UploadState,
    where: Mapping[str, Confirmed],
    *,
    log_file: Path,
    sent: int = 0,
    halted: TransferError | None = None,
    notices: tuple[str, ...] = (),
    place: str = "",
) -> UploadResult:
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
        place=place,
    )


def _not_begun(folder: Path, destination: Destination, files: Sequence[OutgoingFile], log_file: Path, *, resume: bool) -> UploadResult:
    """Return how far an upload is that was cancelled before its first file."""
    content = read_journal(folder, destination)
    where = {file.name: content.confirmed[file.name] for file in files if resume and file.name in content.confirmed}
    uploaded, pending = FileStatus.UPLOADED, FileStatus.PENDING
    states = {file.name: FileState(status=uploaded if file.name in where else pending, s3_key=file.key) for file in files}
    return _result(UploadState(started_at=content.started_at, destination=destination, files=states), where, log_file=log_file)


def _about_clock(ahead_s: float) -> str:
    minutes = max(1, round(abs(ahead_s) / 60))
    wrong = "fast" if ahead_s > 0 else "slow"
    return f"The clock of this computer is about {minutes} min {wrong} of the backend's: if uploads are refused, set date and time."


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
    if isinstance(result.halted, RefusedError) and result.halted.refusal.concerns_every_file:
        return TransferError(f"{failed} {result.halted} Log: {result.log_file}")
    name, reason = (
        next(iter(sorted(result.failed.items()))) if result.failed else ("the folder", "It could not be sent whole: start again.")
    )
    return TransferError(f"{failed} {name}: {reason} Log: {result.log_file}")
