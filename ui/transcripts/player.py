"""Plays a passage of a video, once or again and again: one thread decodes, another feeds the device. Knows no Tk."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from queue import Empty, Full, Queue
from typing import TYPE_CHECKING

from diagnostics.crash_log import sentence_of
from pipeline.errors import PipelineError
from storage import StorageError
from ui.transcripts.audio_output import RATE_HZ, AudioOutput, OpenOutput

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Samples = NDArray[np.float32]

BLOCK = RATE_HZ // 25
"""So many samples are given to the device at once: it stops within a twenty-fifth of a second."""
BLOCKS_AHEAD = 50
"""How many of them are decoded ahead: two seconds, in which a slow store is caught up with."""
KEPT_S = 60.0
"""A passage of up to this length is decoded once, however often it is played."""
POLL_S = 0.05


@dataclass(frozen=True, kw_only=True)
class Passage:
    """What is played: from when to when, in seconds of the video, and its audio, decoded anew with each call."""

    start_s: float
    end_s: float
    blocks: Callable[[], Iterator[Samples]]

    @property
    def length(self) -> int:
        """How many samples it has."""
        return max(1, round((self.end_s - self.start_s) * RATE_HZ))


class Player:
    """Plays one passage, from when it is made until it has ended or is stopped. Called on the Tk thread.

    `looping` may be changed at any time: whether the passage begins again when it has ended.
    """

    def __init__(self, passage: Passage, ended: Callable[[Exception | None], None], *, looping: bool) -> None:
        """Prepare to play; `ended` is called by a thread, with what went wrong if anything did."""
        self.looping = looping
        self._passage = passage
        self._ended = ended
        self._stop = threading.Event()
        self._decoded: Queue[Samples | Exception | None] = Queue(BLOCKS_AHEAD)
        self._thread = threading.Thread(target=self._outermost, name="play", daemon=True)
        self._open: OpenOutput | None = None
        self._before: Player | None = None
        self._written = 0
        self._heard = (0, 0.0)
        """How many samples had been heard, and when that was, by the clock of the system."""

    def start(self, open_output: OpenOutput, before: Player | None = None) -> None:
        """Begin as soon as `before` has given the device back."""
        self._open, self._before = open_output, before
        self._thread.start()

    def stop(self) -> None:
        """Stop as soon as can be; returns at once."""
        self._stop.set()

    def join(self) -> None:
        """Wait until the device is given back."""
        self._thread.join()

    @property
    def time_s(self) -> float:
        """What time of the video is heard now, as the device tells."""
        heard, at_s = self._heard
        if at_s:
            heard = min(self._written, heard + round((time.monotonic() - at_s) * RATE_HZ))
        return self._passage.start_s + heard % self._passage.length / RATE_HZ

    def _outermost(self) -> None:
        failure: Exception | None = None
        try:
            self._play()
        except (PipelineError, StorageError) as error:
            failure = error
        except Exception as error:  # noqa: BLE001  # the thread's outermost frame: the window must hear of it
            failure = PipelineError(sentence_of(error))
        self._stop.set()  # whoever decodes has nothing to do any more
        self._ended(failure)

    def _play(self) -> None:
        if self._before is not None:
            self._before.join()
            self._before = None
        if self._stop.is_set() or self._open is None:
            return
        output = self._open()
        try:
            threading.Thread(target=self._decode, name="decode", daemon=True).start()
            self._feed(output)
            if not self._stop.is_set():
                output.finish()
        finally:
            output.close()

    def _feed(self, output: AudioOutput) -> None:
        """Give the device what was decoded, until the passage ends and is not to begin again, or it is to stop."""
        while not self._stop.is_set():
            try:
                block = self._decoded.get(timeout=POLL_S)
            except Empty:  # a slow store
                continue
            if block is None:
                if not self.looping:
                    return
                continue
            if isinstance(block, Exception):
                raise block
            output.write(block)
            self._written += len(block)
            self._heard = (max(0, self._written - output.waiting), time.monotonic())

    def _decode(self) -> None:
        """Decode the passage again and again, as far ahead as is wanted; None stands for its end."""
        try:
            short = self._passage.length <= KEPT_S * RATE_HZ
            kept: list[Samples] = []
            while True:
                again = tuple(kept)
                for part in again or _parts(self._passage.blocks()):
                    if short and not again:
                        kept.append(part)
                    if not self._hand_over(part):
                        return
                if not self._hand_over(None):
                    return
        except (PipelineError, StorageError) as error:
            self._hand_over(error)
        except Exception as error:  # noqa: BLE001  # the thread's outermost frame: whoever plays must hear of it
            self._hand_over(PipelineError(sentence_of(error)))

    def _hand_over(self, block: Samples | Exception | None) -> bool:
        """Put something at the end of what was decoded, when there is room; return whether it is still wanted."""
        while not self._stop.is_set():
            try:
                self._decoded.put(block, timeout=POLL_S)
            except Full:
                continue
            return True
        return False


def _parts(blocks: Iterator[Samples]) -> Iterator[Samples]:
    """Yield the same samples, no more than BLOCK at a time."""
    for block in blocks:
        for first in range(0, len(block), BLOCK):
            yield block[first : first + BLOCK]
