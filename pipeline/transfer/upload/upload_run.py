"""One upload under way: step by step, several files at a time, the records kept and saved.

Joins the parts of the engine.

The calling thread watches, reports and saves; the other threads only send. They have ended when a method returns or
raises.
"""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import replace
from pathlib import Path

from config import BackendApi
from pipeline.cancel import CancelToken
from pipeline.errors import Cancelled, OutputError, TransferError
from pipeline.media.stream_layout import MASTER
from pipeline.timestamps import utc_now
from pipeline.transfer.http.capabilities import BackendCapabilities
from pipeline.transfer.http.login import Login
from pipeline.transfer.http.messages import UploadMessages
from pipeline.transfer.http.patience import Patience
from pipeline.transfer.http.refusal import RefusedError
from pipeline.transfer.http.retry import RetryDecision, after_upload
from pipeline.transfer.http.sessions import open_connections
from pipeline.transfer.upload.client_pool import ClientPool
from pipeline.transfer.upload.guard import Guard
from pipeline.transfer.upload.journal import BegunInParts, Confirmed, UploadDestination, UploadJournal, set_aside
from pipeline.transfer.upload.multipart import goes_in_parts
from pipeline.transfer.upload.preparation import Prepared, check_sizes, rewriting
from pipeline.transfer.upload.publish_order import OutgoingFile, stages
from pipeline.transfer.upload.results import TransferCancelled, UploadResult, result_of
from pipeline.transfer.upload.sender import UploadContext
from pipeline.transfer.upload.state_file import STATE_FILE, UploadSnapshot, read_state, write_state
from pipeline.transfer.upload.tally import Tally, TransferProgress
from pipeline.transfer.upload.workers import Queue, UploadWorker, WholeFile

TICK_S = 0.1
"""How often progress is reported; what happened in between is in the absolute values."""

SAVE_EVERY_S = 5.0
HOPELESS = 10
"""After so many failed files in a row the network or the server is gone, and the rest waits for a resume."""


class UploadRun:
    """One upload under way: the records of what is sent, and the threads that send."""

    def __init__(
        self,
        backend: BackendApi,
        login: Login,
        folder: Path,
        destination: UploadDestination,
        prepared: Prepared,
        journal: UploadJournal,
        messages: UploadMessages,
    ) -> None:
        self._backend = backend
        self._login = login
        self._state_path = folder / STATE_FILE
        self._destination = destination
        self._files = files = list(prepared.files)
        self._placement = prepared.placement
        self._journal = journal
        self._messages = messages
        self._already = prepared.already
        self._tally = Tally(files, self._already)
        self._lock = threading.Lock()
        self._failed_in_a_row = 0
        self._halted: TransferError | None = None
        self._put_off: set[str] = set()
        self._patience = Patience()
        self._saved = time.monotonic()

    def run(
        self,
        context_for: Callable[[CancelToken], UploadContext],
        capabilities: BackendCapabilities,
        look: Callable[[str], Mapping[str, int]],
        guard: Guard,
        on_progress: Callable[[TransferProgress], None],
        cancel: CancelToken,
    ) -> UploadResult:
        """Send what the destination does not have, and return how that ended.

        Raises TransferCancelled, TransferError, OutputError, and what `guard` raises.
        """
        for name, which in self._already.items():
            if self._journal.confirmed.get(name) != which:  # found on the server, or the file's time alone has changed
                self._journal.confirm(name, which)
        if len(self._already) == len(self._files):
            self._messages.flush()
            self._save()
            return self._result()
        check_sizes(self._files, capabilities)
        if self._state_path.exists() and read_state(self._state_path) is None:
            self._messages.announce(set_aside(self._state_path, so="it is written anew"))
        self._messages.begin()
        where = f"{self._destination.prefix}{self._placement.version_folder}"
        self._messages.note(f"uploading {len(self._files)} files ({len(self._already)} confirmed before) to {where}")
        self._save()
        stop = CancelToken()
        context = context_for(stop)
        self._patience = context.recovery.patience
        try:
            with (
                cancel.on_cancel(stop.cancel),
                open_connections(stop) as connections,
                ClientPool(self._backend, self._login, connections, context) as pool,
            ):
                guard.claim(stop, self._messages.note, self._messages.announce)
                for stage in stages(self._files, self._placement.version_folder):
                    if stage[0].name == MASTER:
                        guard.ask(stop, self._messages.note, self._messages.announce)
                        if capabilities.list:
                            self._check_destination(look)
                    self._send_stage(stage, pool, context, lambda: self._report(on_progress))
                    stored = self._tally.where()
                    if self._halted or any(file.name not in stored for file in stage):
                        break
        except Cancelled:
            cancelled = TransferCancelled(self._result())
            self._messages.note(str(cancelled))
            raise cancelled from None
        finally:
            self._save()
        self._messages.flush()
        result = self._result()
        self._messages.note(f"{len(result.uploaded)} of {len(self._files)} files uploaded, {len(result.failed)} failed")
        return result

    def _check_destination(self, look: Callable[[str], Mapping[str, int]]) -> None:
        """See that all that the master leads to is there: others may have cleared up or replaced it meanwhile.

        Raises TransferError.
        """
        below = self._destination.prefix + self._placement.version_folder
        there = look(below)
        for name, which in self._tally.where().items():
            if name != MASTER and which.key.startswith(below) and there.get(which.key) != which.size_bytes:
                raise TransferError(
                    f"{which.key} was removed or replaced while the upload went on,"
                    " perhaps by another one to the same destination: the stream was not published. Start again."
                )

    def _send_stage(
        self, stage: list[OutgoingFile], pool: ClientPool, context: UploadContext, report: Callable[[], None]
    ) -> None:
        """Send the files of a step, and those that failed again after the others, until patience is spent."""
        files = [file for file in stage if file.name not in self._already]
        self._patience.in_rounds = self._patience.limit_s > 0
        while files and self._halted is None:
            self._put_off.clear()
            self._send_round(files, pool, context, report)
            files = [file for file in files if file.name in self._put_off]

    def _send_round(
        self, files: list[OutgoingFile], pool: ClientPool, context: UploadContext, report: Callable[[], None]
    ) -> None:
        queue = Queue(WholeFile(file=file, before=self._journal.parts.get(file.name)) for file in files)
        parts = any(goes_in_parts(file.size_bytes, context.capabilities) for file in files)
        workers = context.control.parallel if parts else min(context.control.parallel, len(files))
        with ThreadPoolExecutor(max_workers=workers, thread_name_prefix="upload") as threads:
            try:
                self._watch(
                    {threads.submit(self._worker, queue, pool, context, workers) for _ in range(workers)}, report
                )
            except (
                BaseException
            ):  # whatever ends the watching, Ctrl-C too, must end the workers, or the pool waits for them
                context.cancel.cancel()
                raise
        report()

    def _watch(self, workers: set[Future[None]], report: Callable[[], None]) -> None:
        while workers:
            ended, workers = wait(workers, timeout=TICK_S, return_when=FIRST_COMPLETED)
            for worker in ended:
                worker.result()
            report()
            if time.monotonic() - self._saved >= SAVE_EVERY_S:
                self._save()

    def _report(self, on_progress: Callable[[TransferProgress], None]) -> None:
        self._messages.flush()
        on_progress(self._tally.progress())

    def _worker(self, queue: Queue, pool: ClientPool, context: UploadContext, workers: int) -> None:
        with (
            pool.lend() as (own, ahead),
            ThreadPoolExecutor(1, thread_name_prefix="upload-sign") as signer,
        ):
            worker = UploadWorker(
                queue,
                self,
                context,
                own=own,
                ahead=ahead,
                signer=signer,
                spare=workers,
                rewrite=lambda file: rewriting(file, self._placement),
            )
            try:
                worker.run()
            except (Cancelled, OutputError):
                raise
            except Exception:
                self._messages.note(f"a thread of the upload broke down: {traceback.format_exc()}")
                raise

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

    def part_stored(self, name: str, size_bytes: int) -> None:
        """The store has a part of a file, of so many bytes."""
        self._tally.part_stored(name, size_bytes)

    def taken_back(self, name: str, size_bytes: int) -> None:
        """So many bytes of a file have to be sent again."""
        self._tally.taken_back(name, size_bytes)

    def begun_in_parts(self, name: str, begun: BegunInParts) -> None:
        """The store is being given a file in parts."""
        self._journal.begin_parts(name, begun)

    def confirmed(self, name: str, which: Confirmed) -> None:
        """The store has a file."""
        which = replace(which, at=utc_now())
        self._journal.confirm(name, which)
        self._tally.confirmed(name, which)
        with self._lock:
            self._failed_in_a_row = 0

    def failed(self, name: str, error: TransferError) -> None:
        """A file could not be sent."""
        passes = (
            isinstance(error, RefusedError)
            and after_upload(error.refusal) is RetryDecision.RETRY
            and self._patience.in_rounds
        )
        if passes and not self._patience.spent:
            self._messages.note(f"{name} is sent again after the others: {error}")
            self._tally.put_off(name)
            with self._lock:
                self._put_off.add(name)
            return
        self._messages.note(f"{name} failed: {error}")
        self._tally.failed(name, str(error))
        for_all = isinstance(error, RefusedError) and (
            error.refusal.concerns_every_file or after_upload(error.refusal) is RetryDecision.WAIT
        )
        with self._lock:
            self._failed_in_a_row += 1
            if self._halted is None and (for_all or passes or self._failed_in_a_row >= HOPELESS):
                self._halted = error

    def _save(self) -> None:
        self._saved = time.monotonic()
        try:
            write_state(self._state_path, self._state())
        except OutputError as error:  # the journal is what counts, and it has its own say about a full disk
            self._messages.note(f"the snapshot was not saved: {error}")

    def _state(self) -> UploadSnapshot:
        return UploadSnapshot(
            started_at=self._journal.started_at, destination=self._destination, files=self._tally.states()
        )

    def _result(self) -> UploadResult:
        where = self._tally.where()
        return result_of(
            self._state(),
            where,
            log_file=self._messages.log_file,
            sent=len(where) - len(self._already),
            halted=self._halted,
            notices=tuple(self._messages.notices),
            placement=self._placement,
        )
