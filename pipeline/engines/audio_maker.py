"""Makes the audio of a stream: every track read and encoded once, measured, handed out in stretches.

It is made in a thread, piece by piece: each is a checkpoint, and what is finished can be used while later ones are
still being made.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

from pipeline.cancel import CancelToken
from pipeline.checkpoints import Checkpoints, key_of
from pipeline.disk_room import disk_full, is_disk_full, is_full
from pipeline.engines.audio_pass import AudioPass, AudioPassResult, audio_piece_name, piece_file
from pipeline.engines.tasks import AudioPlan
from pipeline.errors import EncodeError, SourceError
from pipeline.media.encode.audio_coding import PIECE_S, Length, packet_ticks, write_stretch
from pipeline.media.encode.audio_encoder import Level
from pipeline.media.encode.audio_format import RATE_HZ
from pipeline.media.encode.loudness import Loudness, loudness
from pipeline.media.source.scan import CLOCK_HZ
from pipeline.media.source.source_checks import ProbedFile, check_unchanged

ENCODED, MEASURED = "encoded", "measured"
"""The kinds of pieces."""

POLL_S = 0.1

PEAK_DBTP = -1.5
"""The peak level that louder audio is kept below: half a decibel under EBU R128's -1 dBTP, as coding moves peaks."""

FULL_SCALE = 1.0


class AudioMaker:
    """Encodes every audio rendition of a plan.

    Once started a thread makes it, from the beginning on; `stretch` waits for what it needs; `tell_length` tells how
    long the stream is, as soon as that is known; `finish` waits for all of it. After that `loudness` is how loud each
    rendition was, `error_lines` how many packets could not be decoded and `ends` where each track ended, in seconds, by
    its index.

    Args:
        plan: what is made.
        source: of what.
        pieces: where the pieces are kept.
        key: of what they are made.
        cancel: ends it.
    """

    def __init__(
        self, plan: AudioPlan, source: ProbedFile, pieces: Checkpoints, *, key: str, cancel: CancelToken
    ) -> None:
        self.loudness: list[Loudness] = []
        self.error_lines = 0
        self.ends: dict[int, float] = {}
        self.key = key
        self._plan = plan
        self._source = source
        self._pieces = pieces
        self._cancel = cancel
        self._stop = CancelToken(cancel.suspension)
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._finished = 0
        self._length: Length | None = None
        self._ended = False
        self._error: BaseException | None = None
        self._read_to = 0

    @property
    def length(self) -> Length:
        """The length of the stream, once it is known."""
        assert self._length is not None
        return self._length

    def start(self) -> None:
        """Start making the audio in a thread of its own; does nothing if it has started already."""
        if self._plan.renditions and self._thread is None:
            self._thread = threading.Thread(target=self._make, name="audio")
            self._thread.start()

    def stop(self) -> None:
        """Cancel running work, and wait until it has ended."""
        self._stop.cancel()
        if self._thread is not None:
            self._thread.join()

    def tell_length(self, length: Length) -> None:
        """Set the length of the stream: it is filled with silence after the source's own audio."""
        with self._changed:
            self._length = length
            self._changed.notify_all()

    def finish(self, report: Callable[[float], None]) -> None:
        """Wait until all is made; `report` is called with the progress in seconds.

        Raises EncodeError, SourceError, OutputError, Cancelled.
        """
        if self._thread is not None:
            self._wait(lambda: self._ended, self._cancel, lambda: report(self._read_to / RATE_HZ))
            self._thread.join()

    def stretch(self, start: int, end: int | None, target: Path, cancel: CancelToken) -> None:
        """Write the first rendition from `start` until before `end` (ticks of 90 kHz of the stream) into a file,
        once it is made.

        `end` None is the end of the stream. Raises EncodeError, OutputError, Cancelled.
        """
        needed = math.inf if end is None else end / CLOCK_HZ
        self._wait(lambda: self._ended or self._finished * PIECE_S >= needed, cancel)
        if end is None:
            end = self.end(self._plan.renditions[0].codec)
        numbers = range(start // (PIECE_S * CLOCK_HZ), -(-end // (PIECE_S * CLOCK_HZ)))
        write_stretch(
            [path for path in (self._file(number, 0) for number in numbers) if path.exists()], target, start, end
        )

    def files(self, number: int) -> list[Path]:
        """Return the files that hold a rendition, which is made, one after the other."""
        files = (self._file(piece, number) for piece in range(self._finished))
        return [file for file in files if file.exists()]  # the last piece may have no packet

    def end(self, codec: str) -> int:
        """Return where the last packet of the stream ends, in ticks of 90 kHz."""
        return math.ceil(packet_ticks(codec, self.length.packets(codec)))

    def _file(self, piece: int, number: int) -> Path:
        return self._pieces.root / audio_piece_name(ENCODED, piece) / piece_file(number)

    def _wait(
        self, until: Callable[[], bool], cancel: CancelToken, meanwhile: Callable[[], None] = lambda: None
    ) -> None:
        with self._changed:
            while self._error is None and not until():
                cancel.check()
                self._changed.wait(POLL_S)
                meanwhile()
            if self._error is not None:
                self._cancel.check()
                raise self._error

    # in the thread

    def _make(self) -> None:
        error: BaseException | None = None
        try:
            with self._cancel.on_cancel(self._stop.cancel):
                self._make_watched()
        except (EncodeError, OSError) as failed:
            error = failed
            if is_disk_full(failed) or is_full(self._disk):
                error = disk_full(self._source.path)
                error.__cause__ = failed
        except Exception as failed:  # noqa: BLE001  # a thread's outermost frame: raised again by who waits
            error = failed
        with self._changed:
            self._error, self._ended = error, True
            self._changed.notify_all()

    def _make_watched(self) -> None:
        try:
            self._make_all()
        except SourceError:
            check_unchanged(self._source)  # what can't be read because it was replaced is not a broken file
            raise

    def _make_all(self) -> None:
        levels = [Level(ceiling=FULL_SCALE if mixed else None) for mixed in self._plan.mixed]
        target = self._plan.loudness_lufs
        measured: list[Loudness] | None = None
        if target is not None:
            measured = [
                loudness(powers) for powers in self._pass(MEASURED, levels, encodes=False, measures=True).powers
            ]
            levels = [
                level if found.silent else Level(gain=_ratio(target - found.integrated_lufs), ceiling=_ratio(PEAK_DBTP))
                for level, found in zip(levels, measured, strict=True)
            ]
        made = self._pass(ENCODED, levels, encodes=True, measures=measured is None)
        if measured is None:
            measured = [loudness(powers) for powers in made.powers]
        self.error_lines, self.ends = made.errors, made.ends
        self.loudness = measured

    def _pass(self, kind: str, levels: Sequence[Level], *, encodes: bool, measures: bool) -> AudioPassResult:
        return AudioPass(
            self._source.path,
            self._plan,
            self._pieces,
            kind=kind,
            key=key_of(self.key, [asdict(level) for level in levels]),
            levels=levels,
            encodes=encodes,
            measures=measures,
            length=self._wait_for_length if encodes else None,
            on_piece=self._tell_finished if encodes else lambda count: None,
            on_read=self._tell_read,
            stop=self._stop,
        ).run()

    def _wait_for_length(self) -> Length:
        with self._changed:
            while self._length is None:
                self._stop.check()
                self._changed.wait(POLL_S)
            return self._length

    def _tell_finished(self, count: int) -> None:
        check_unchanged(self._source)
        if is_full(self._disk):
            raise disk_full(self._source.path)
        with self._changed:
            self._finished = count
            self._changed.notify_all()

    def _tell_read(self, position: int) -> None:
        self._read_to = position

    @property
    def _disk(self) -> Path:
        """A folder that is there whether a piece was begun or not."""
        return next(folder for folder in self._pieces.root.parents if folder.exists())


def _ratio(decibels: float) -> float:
    return float(10 ** (decibels / 20))
