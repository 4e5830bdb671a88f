"""The threads that send one step of an upload: each takes file after file, or part after part, until nothing is left.

While a worker sends one file, the URL for its next is asked for by a second thread of the worker.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

from pipeline.errors import TransferError
from pipeline.transfer.http.control import LOOK_S
from pipeline.transfer.http.signed import SignedPart, SignedUpload
from pipeline.transfer.upload.client_pool import Clients
from pipeline.transfer.upload.journal import BegunInParts, Confirmed
from pipeline.transfer.upload.multipart import LargeFile, PartRange, PartsSender, UploadGoneError, goes_in_parts
from pipeline.transfer.upload.publish_order import LARGE_BYTES, OutgoingFile
from pipeline.transfer.upload.sender import Sender, SignedAhead, UploadContext, ignore

AHEAD = 8
"""For how many files one request asks, where the backend takes several: URLs age, other workers want work."""

AHEAD_S = 20.0
"""Within this they should be sent, by how long the file before took."""


class UploadListener(Protocol):
    """Who is told what happens to each file; called from every worker."""

    @property
    def halted(self) -> bool:
        """Whether nothing more is to be begun."""
        ...

    def begun(self, name: str) -> None:
        """A try of a whole file begins."""
        ...

    def moved(self, name: str, size_bytes: int) -> None:
        """So many bytes of a file went out."""
        ...

    def stored_before(self, name: str, size_bytes: int) -> None:
        """The store has so many bytes of a file from an earlier run."""
        ...

    def part_stored(self, name: str, size_bytes: int) -> None:
        """The store has a part of a file, of so many bytes."""
        ...

    def taken_back(self, name: str, size_bytes: int) -> None:
        """So many bytes of a file have to be sent again."""
        ...

    def begun_in_parts(self, name: str, begun: BegunInParts) -> None:
        """The store is being given a file in parts."""
        ...

    def confirmed(self, name: str, which: Confirmed) -> None:
        """The store has a file."""
        ...

    def failed(self, name: str, error: TransferError) -> None:
        """A file could not be sent."""
        ...


@dataclass(frozen=True, kw_only=True, eq=False, slots=True)
class WholeFile:
    """A file that waits for its turn. `before` is what an earlier run began in parts."""

    file: OutgoingFile
    before: BegunInParts | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class QueuedPart:
    """A part that waits for its turn."""

    large: LargeFile
    range: PartRange


UploadTask = WholeFile | QueuedPart
Signed = SignedAhead[SignedUpload] | SignedAhead[SignedPart] | None


class Queue:
    """What is left to do.

    A worker that finds nothing waits while another one may still bring something: the parts of its file.
    """

    def __init__(self, tasks: Iterable[UploadTask]) -> None:
        self._tasks = deque(tasks)
        self._reserved: dict[UploadTask, Signed] = {}
        self._changed = threading.Condition()
        self._under_way = 0
        self._put_back: set[str] = set()
        self._closed = False

    def take(self, check: Callable[[], None]) -> tuple[UploadTask, Signed] | None:
        """Return the next task and its URL if there is one, None when there will be no task any more.

        `check` may end the waiting by raising.
        """
        with self._changed:
            while True:
                check()
                if self._closed or not (self._tasks or self._reserved or self._under_way):
                    return None
                if self._tasks or self._reserved:
                    self._under_way += 1
                    return (self._tasks.popleft(), None) if self._tasks else self._reserved.popitem()
                self._changed.wait(LOOK_S)

    def reserve(
        self, spare: int, most: int, sign: Callable[[Sequence[UploadTask]], Sequence[Signed]]
    ) -> list[UploadTask]:
        """Return the next tasks, at most so many, for a worker that is busy,
        as long as `spare` are left for workers that are not.

        `sign` is asked for their URLs, and must not wait for them. The worker has to `claim` each task.
        """
        with self._changed:
            count = 0 if self._closed else max(0, min(most, len(self._tasks) - spare))
            tasks = [self._tasks.popleft() for _ in range(count)]
            self._reserved.update(zip(tasks, sign(tasks), strict=True))
            return tasks

    def claim(self, task: UploadTask) -> tuple[UploadTask, Signed] | None:
        """Take a task that was reserved; None when a worker with nothing else to do has taken it meanwhile."""
        with self._changed:
            if self._closed or task not in self._reserved:
                return None
            self._under_way += 1
            return task, self._reserved.pop(task)

    def done(self) -> None:
        """A task that was taken is done."""
        with self._changed:
            self._under_way -= 1
            self._changed.notify_all()

    def add_first(self, tasks: Sequence[UploadTask]) -> None:
        """Put tasks before all others."""
        with self._changed:
            self._tasks.extendleft(reversed(tasks))
            self._changed.notify_all()

    def put_back(self, file: OutgoingFile) -> bool:
        """Let a file be sent from its beginning; False when it was before."""
        with self._changed:
            if file.name in self._put_back:
                return False
            self._put_back.add(file.name)
            self._tasks.appendleft(WholeFile(file=file))
            self._changed.notify_all()
            return True

    def close(self) -> None:
        """Hand out nothing more."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()


class UploadWorker:
    """One thread's work. `own` and `ahead` are its two sets of clients, `signer` runs its second thread."""

    def __init__(
        self,
        queue: Queue,
        listener: UploadListener,
        context: UploadContext,
        *,
        own: Clients,
        ahead: Clients,
        signer: ThreadPoolExecutor,
        spare: int,
        rewrite: Callable[[OutgoingFile], Callable[[bytes], bytes] | None],
    ) -> None:
        self._queue = queue
        self._listener = listener
        self._context = context
        self._signer = signer
        self._spare = spare
        self._rewrite = rewrite
        self._sender = Sender(own.backend, own.store, own.inventory, context)
        self._parts = PartsSender(own.backend, own.store, own.inventory, context, listener.begun_in_parts)
        self._signing = Sender(ahead.backend, ahead.store, ahead.inventory, context)
        self._signing_parts = PartsSender(ahead.backend, ahead.store, ahead.inventory, context, listener.begun_in_parts)
        self._next: deque[UploadTask] = deque()
        self._last_s = AHEAD_S

    def run(self) -> None:
        """Send until nothing is left or everything is to stop. Raises Cancelled, OutputError."""
        while (found := self._take()) is not None:
            task, signed = found
            begun = time.monotonic()
            try:
                self._do(task, signed)
            finally:
                self._queue.done()
            self._last_s = time.monotonic() - begun

    def _take(self) -> tuple[UploadTask, Signed] | None:
        self._context.cancel.check()
        if self._listener.halted:
            self._queue.close()
            return None
        while self._next:
            found = self._queue.claim(self._next.popleft())
            if found is not None:
                return found
        return self._queue.take(self._context.cancel.check)

    def _look_ahead(self) -> None:
        """Reserve the next task and ask for its URL while this one is sent, or for several at once."""
        if not self._next:
            quick = AHEAD * self._last_s <= AHEAD_S
            most = max(1, min(AHEAD, self._context.capabilities.presign_many)) if quick else 1
            self._next.extend(self._queue.reserve(self._spare, most, self._sign))

    def _sign(self, tasks: Sequence[UploadTask]) -> list[Signed]:
        whole = [task.file for task in tasks if isinstance(task, WholeFile) and not self._goes_in_parts(task.file)]
        many = self._signer.submit(self._signing.sign_many, whole) if len(whole) > 1 else None
        return [self._signed(task, many, whole) for task in tasks]

    def _signed(
        self, task: UploadTask, many: Future[list[SignedUpload]] | None, whole: Sequence[OutgoingFile]
    ) -> Signed:
        if isinstance(task, QueuedPart):
            return SignedAhead(
                self._signer.submit(self._signing_parts.sign, task.large, task.range).result, task.range.size_bytes
            )
        file = task.file
        if self._goes_in_parts(file):
            return None
        if many is not None:
            index = whole.index(file)
            return SignedAhead(lambda: many.result()[index], file.size_bytes)
        return SignedAhead(
            self._signer.submit(self._signing.sign, file.path, file.key, file.size_bytes).result, file.size_bytes
        )

    def _goes_in_parts(self, file: OutgoingFile) -> bool:
        return goes_in_parts(file.size_bytes, self._context.capabilities)

    def _do(self, task: UploadTask, signed: Signed) -> None:
        file = task.large.file if isinstance(task, QueuedPart) else task.file
        try:
            if isinstance(task, QueuedPart):
                self._send_part(task, signed)  # type: ignore[arg-type]  # a part's task comes with a part's URL
            elif self._goes_in_parts(file):
                self._begin_parts(task)
            else:
                self._send_whole(file, signed)  # type: ignore[arg-type]  # a file's task comes with a file's URL
        except TransferError as error:
            if isinstance(task, QueuedPart) and not task.large.give_up():
                return
            if isinstance(error, UploadGoneError) and self._queue.put_back(file):
                self._context.note(f"{file.name}: its parts are gone, it is sent from the beginning")
            else:
                self._listener.failed(file.name, error)

    def _send_whole(self, file: OutgoingFile, signed: SignedAhead[SignedUpload] | None) -> None:
        name = file.name
        confirmed = self._sender.send(
            file.path,
            file.key,
            on_begin=lambda: self._listener.begun(name),
            on_bytes=lambda size: self._listener.moved(name, size),
            signed=signed,
            # nothing waits behind a large file while other workers are free
            on_put=self._look_ahead if file.size_bytes <= LARGE_BYTES else ignore,
            rewrite=self._rewrite(file),
            found=file,
        )
        self._listener.confirmed(name, confirmed)

    def _begin_parts(self, task: WholeFile) -> None:
        file = task.file
        self._listener.begun(file.name)
        large = self._parts.begin(file, task.before)
        missing = large.missing
        self._listener.stored_before(file.name, large.begun.size_bytes - sum(part.size_bytes for part in missing))
        self._queue.add_first([QueuedPart(large=large, range=part) for part in missing])
        try:
            whole = large.hashed(self._parts.md5(large))
        except TransferError:
            large.give_up()
            raise
        if whole:
            self._finish(large)

    def _send_part(self, task: QueuedPart, signed: SignedAhead[SignedPart] | None) -> None:
        large, part = task.large, task.range
        name = large.file.name
        if large.over:
            return
        etag = self._parts.send(
            large,
            part,
            on_bytes=lambda size: self._listener.moved(name, size),
            on_again=lambda size: self._listener.taken_back(name, size),
            signed=signed,
            on_put=self._look_ahead,
        )
        self._listener.part_stored(name, part.size_bytes)
        if large.stored(part.number, etag):
            self._finish(large)

    def _finish(self, large: LargeFile) -> None:
        self._listener.confirmed(large.file.name, self._parts.finish(large))
