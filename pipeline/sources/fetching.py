"""Sources from elsewhere as a job sees them: looked at before it begins, fetched when it runs, gone when it is done."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from config import Config
from pipeline.cancel import CancelToken
from pipeline.errors import SourceError
from pipeline.events import LogLevel, TransferFigures
from pipeline.job import Job
from pipeline.media.source.readable_end import SourceFile
from pipeline.source_address import SourceAddress, path_below_root
from pipeline.sources.cache import BYTES_A_GIGABYTE, SourceCache
from pipeline.sources.fetched_file import FetchedFile
from pipeline.sources.looking import LookingFile
from pipeline.sources.naming import AddressNames
from pipeline.sources.remote_file import HEAD_BYTES, RemoteFile
from pipeline.sources.servers import opened
from pipeline.sources.spans import Span
from pipeline.transfer.http.control import TransferControl
from pipeline.transfer.http.retry import DELAYS_S
from pipeline.transfer.upload.speed import Speedometer, seconds_left

T = TypeVar("T")

TELL_S = 0.1
KEEP_S = 5.0
"""How often it is written down what is there: a process that is killed loses no more than that."""

FETCH_DELAYS_S = DELAYS_S
LOOK_DELAYS_S = (1.0,)
"""Before a job begins somebody waits for the answer."""


@dataclass(frozen=True, kw_only=True)
class FetchListener:
    """Who is told while a source is fetched: of its progress, in sentences, and for the log."""

    progress: Callable[[TransferFigures], None] = lambda figures: None
    announce: Callable[[str, LogLevel], None] = lambda text, level: None
    note: Callable[[str], None] = lambda text: None


@dataclass(frozen=True, kw_only=True)
class LocatedJob:
    """A job whose source has a place on this machine, and what opens that to look at what it is."""

    job: Job
    open_file: Callable[[Path], SourceFile] = SourceFile

    def named(self, look: Callable[[], T]) -> T:
        """Return what `look` returns; of what it raises, the sentence has the address in place of the path."""
        names = AddressNames(self.job)
        try:
            return look()
        except SourceError as error:
            raise type(error)(names.text(str(error))) from error


@contextmanager
def located(job: Job, config: Config, cancel: CancelToken) -> Iterator[LocatedJob]:
    """Yield a job with the place of its source, for as long as that is looked at.

    Of a source elsewhere no more is read than is asked for, where its server gives parts; else it is fetched here.
    Raises SourceError, SettingsError, Cancelled.
    """
    address = job.address
    if address is None:
        yield LocatedJob(job=job)
        return
    if not address.is_elsewhere:
        yield LocatedJob(job=replace(job, source=path_below_root(address, config.sources.roots)))
        return
    cache = cache_of(config)
    with (
        cache.held(address, cancel) as path,
        opened(
            address,
            config,
            cancel,
            control=TransferControl(),
            announce=None,
            note=lambda text: None,
            delays=LOOK_DELAYS_S,
        ) as remote,
        _begun(path, address, remote) as file,
    ):
        if file.known.ranges:
            size = file.known.size_bytes or 0
            _fill(file, remote, (max(0, size - HEAD_BYTES), size))  # the fingerprint is of head and tail
            file.keep()
        elif not file.whole:
            _fetch_whole(file, remote, cache, address, cancel, FetchListener())

        def fill(span: Span) -> None:
            _fill(file, remote, span)

        yield LocatedJob(job=replace(job, source=path), open_file=lambda path: LookingFile(file, fill))
        file.keep()


def fetch_source(
    job: Job, config: Config, cancel: CancelToken, control: TransferControl, listener: FetchListener
) -> int:
    """Fetch what is missing of a job's source and check it; return how many bytes came.

    Raises SourceError, Cancelled.
    """
    address, cache = job.address, cache_of(config)
    assert address is not None
    with (
        cache.held(address, cancel) as path,
        opened(
            address,
            config,
            cancel,
            control=control,
            announce=listener.announce,
            note=listener.note,
            delays=FETCH_DELAYS_S,
        ) as remote,
        _begun(path, address, remote) as file,
    ):
        if file.whole:
            return 0
        before = file.done_bytes
        if not file.known.ranges:
            return _fetch_whole(file, remote, cache, address, cancel, listener)
        cache.make_room(address, file.known.size_bytes or 0, cancel, _waiting(listener))
        progress = _Progress(file, listener)
        try:
            for span in file.missing():
                remote.read(span, file.known, progress.write)
        finally:
            file.keep()
        _check(file, address, cancel)
        file.finish(file.known.size_bytes or 0)
        return file.done_bytes - before


def cache_of(config: Config) -> SourceCache:
    """Return where the settings keep sources. Raises SourceError."""
    return SourceCache(config.cache_dir, config.sources.cache_gb * BYTES_A_GIGABYTE)


@contextmanager
def _begun(path: Path, address: SourceAddress, remote: RemoteFile) -> Iterator[FetchedFile]:
    """Yield the file with what is there of it, its beginning at least where its server gives parts."""
    state, head = remote.look()
    with FetchedFile(path, address.text, state) as file:
        if head and not file.whole:
            file.write(0, head)
        yield file


def _fill(file: FetchedFile, remote: RemoteFile, wanted: Span) -> None:
    for span in file.missing(wanted):
        remote.read(span, file.known, file.write)


def _fetch_whole(
    file: FetchedFile,
    remote: RemoteFile,
    cache: SourceCache,
    address: SourceAddress,
    cancel: CancelToken,
    listener: FetchListener,
) -> int:
    """Fetch a source of which its server gives no parts, from its beginning."""
    size = file.known.size_bytes
    cache.make_room(address, size or 0, cancel, _waiting(listener))
    progress = _Progress(file, listener)

    def write(at: int, data: bytes) -> None:
        cache.check_size(address, at + len(data))  # a server that does not say how much it sends may never end
        progress.write(at, data)

    got = remote.read_whole(file.known, write)
    if not got:
        raise SourceError(f"{address} is empty: check the address, or wait until its upload has ended.")
    _check(file, address, cancel)
    file.finish(got)
    return got


def _check(file: FetchedFile, address: SourceAddress, cancel: CancelToken) -> None:
    """Compare what came with the checksum that the server told, where it did. Raises SourceError, Cancelled."""
    checksum = file.known.checksum
    try:
        if checksum is None or checksum.fits(file.path, cancel.check):
            return
    except OSError as error:
        raise SourceError(f"{file.path} can't be read ({error.strerror}): check the disk and start again.") from error
    file.forget()
    raise SourceError(f"{address} arrived damaged (its {checksum.kind} differs from the server's): start again.")


def _waiting(listener: FetchListener) -> Callable[[str], None]:
    return lambda text: listener.announce(text, LogLevel.WAITING)


class _Progress:
    """Puts bytes into the file, tells how far it is, and has it written down now and then."""

    def __init__(self, file: FetchedFile, listener: FetchListener) -> None:
        self._file = file
        self._listener = listener
        self._speed = Speedometer()
        self._moved = 0
        self._told = self._kept = time.monotonic()

    def write(self, at: int, data: bytes) -> None:
        self._file.write(at, data)
        self._moved += len(data)
        now = time.monotonic()
        if now - self._told >= TELL_S:
            self._told = now
            self._tell()
        if now - self._kept >= KEEP_S:
            self._kept = now
            self._file.keep()

    def _tell(self) -> None:
        total, done = self._file.known.size_bytes, self._file.done_bytes
        rate = self._speed.bytes_per_s(self._moved)
        self._listener.progress(
            TransferFigures(
                files_total=1,
                bytes_done=done,
                bytes_total=total or 0,
                bytes_per_s=rate,
                seconds_left=None if total is None else seconds_left(total - done, rate),
            )
        )
