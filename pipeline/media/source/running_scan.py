"""Reads a source through in a thread of its own, so that work on its beginning can start before its end was seen."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType

from pipeline.cancel import CancelToken
from pipeline.media.source.packet_scan import LATEST, ScanProgress, scan
from pipeline.media.source.scan import CLOCK_HZ, Scan
from pipeline.media_info import MediaInfo

FIRST_TICKS = 60 * CLOCK_HZ
"""After how much of the video the first part is handed out; each later one reaches twice as far."""


class RunningScan:
    """A scan that goes on in the background. Leaving it ends the reading; no thread stays."""

    def __init__(self, media: MediaInfo, cancel: CancelToken, on_progress: Callable[[float], None]) -> None:
        self._media = media
        self._cancel = cancel
        self._on_progress = on_progress
        self._stop = CancelToken()
        self._changed = threading.Condition()
        self._wanted = FIRST_TICKS
        self._found: ScanProgress | None = None
        self._result: Scan | None = None
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._read, name="scan")

    def __enter__(self) -> RunningScan:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stop.cancel()
        self._thread.join()

    def part(self) -> Scan | None:
        """Wait for the next part, from the beginning of the source; return None when all was read instead.

        One that reaches the end of what is wanted of the source is the last.

        Raises what ended the reading.
        """
        with self._changed:
            self._changed.wait_for(
                lambda: not self._reading or (self._found is not None and self._found.reach >= self._wanted)
            )
            if not self._reading:
                if self._error is not None:
                    raise self._error
                return None
            found = self._found
        assert found is not None
        reach = found.reach  # before the part is made, as the reading goes on meanwhile
        self._wanted = LATEST if reach >= found.limit else 2 * reach
        return found.so_far()

    def result(self) -> Scan:
        """Wait for the end of the source; return what the whole of it holds. Raises what ended the reading."""
        with self._changed:
            self._changed.wait_for(lambda: not self._reading)
        if self._error is not None:
            raise self._error
        assert self._result is not None
        return self._result

    @property
    def _reading(self) -> bool:
        return self._result is None and self._error is None

    def _read(self) -> None:
        result, failure = None, None
        try:
            with self._cancel.on_cancel(self._stop.cancel):
                result = scan(self._media, self._stop, self._on_progress, self._on_found)
        except Exception as error:  # noqa: BLE001  # a thread's outermost frame: raised again by whoever waits
            result, failure = None, error
        with self._changed:
            self._result, self._error = result, failure
            self._changed.notify_all()

    def _on_found(self, found: ScanProgress) -> None:
        with self._changed:
            self._found = found
            self._changed.notify_all()
