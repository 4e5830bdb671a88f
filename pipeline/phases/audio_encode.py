"""The sound's part of an encode: every track read and encoded once, measured,
handed out in stretches or as segments of its own.

It is made in a thread, piece by piece: each is a checkpoint, and what is finished can be used while later ones are
still being made.
"""

from __future__ import annotations

import itertools
import math
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pipeline.cancel import CancelToken
from pipeline.checkpoints import Checkpoints, Move, key_of
from pipeline.disk_room import is_disk_full, is_full
from pipeline.errors import EncodeError, SourceError
from pipeline.job import SegmentType
from pipeline.media.encode.audio_coding import PIECE_S, Length, packet_ticks, write_stretch
from pipeline.media.encode.audio_format import RATE_HZ
from pipeline.media.encode.audio_line import Level
from pipeline.media.encode.audio_segments import write_segments
from pipeline.media.encode.loudness import Loudness, loudness
from pipeline.media.source.scan import CLOCK_HZ
from pipeline.media.source.source_checks import check_unchanged
from pipeline.media.stream_layout import INIT, segment_pattern
from pipeline.model import Plan
from pipeline.phases.audio_pass import AudioPass, AudioPassResult, piece_file, piece_name
from pipeline.phases.encode_work import EncodeWork

SOUND = "sound"
SEGMENTS = "sound_segments"
ENCODED, MEASURED = "encoded", "measured"
"""The kinds of pieces in the sound's own folder of pieces."""

POLL_S = 0.1
VERSION = 1
"""Of how sound is made: pieces of another are made again."""

PEAK_DBTP = -1.5
"""What louder sound is kept below: half a decibel under EBU R128's -1 dBTP, as coding moves peaks."""

FULL_SCALE = 1.0


@dataclass(frozen=True, kw_only=True)
class OwnSegments:
    """The segments of a sound that has its own: the moves to their places in `folder`, and how long each lasts."""

    folder: str
    moves: tuple[Move, ...]
    durations_s: tuple[float, ...]


class AudioEncode:
    """Encodes every sound of a plan.

    Once started a thread makes it, from the beginning on; `stretch` waits for what it needs; `tell_length` tells how
    long the stream is, as soon as that is known; `finish` waits for all of it. After that `loudness` is how loud each
    sound was, `error_lines` how many packets could not be decoded and `ends` where each track ended, in seconds, by its
    index. `names` are its pieces.
    """

    names = (SOUND, SEGMENTS)

    def __init__(self, plan: Plan, work: EncodeWork) -> None:
        self.loudness: list[dict[str, float]] = []
        self.error_lines = 0
        self.ends: dict[int, float] = {}
        place = (plan.media.start_s, plan.media.limit_s)
        self.key = key_of(
            work.made_with[1], VERSION, [asdict(a) for a in plan.audio], plan.job.sound.loudness_lufs, place
        )
        self._plan = plan
        self._work = work
        self._pieces = Checkpoints(work.checkpoints.root / SOUND)
        self._stop = CancelToken()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._finished = 0
        self._length: Length | None = None
        self._ended = False
        self._error: BaseException | None = None
        self._read_to = 0

    def start(self) -> None:
        """Begin to make it, in a thread of its own; once it was begun that does nothing."""
        if self._plan.audio and self._thread is None:
            self._thread = threading.Thread(target=self._make, name="sound")
            self._thread.start()

    def stop(self) -> None:
        """End what is under way, and wait until it has ended."""
        self._stop.cancel()
        if self._thread is not None:
            self._thread.join()

    def tell_length(self, length: Length) -> None:
        """Tell how long the stream is: what comes after the source's own sound is silence up to there."""
        with self._changed:
            self._length = length
            self._changed.notify_all()

    def finish(self) -> None:
        """Wait until all is made. Raises EncodeError, SourceError, OutputError, Cancelled."""
        assert self._length is not None
        if self._thread is not None:
            report = self._work.reporter("Encoding the sound", self._length.ticks)

            def tell() -> None:
                if not self._plan.renditions:  # else the picture has told how far it is
                    report(self._read_to / RATE_HZ)

            self._wait(lambda: self._ended, self._work.context.cancel, tell)
            self._thread.join()

    def stretch(self, start: int, end: int | None, target: Path, cancel: CancelToken) -> None:
        """Write the muxed sound from `start` until before `end` (ticks of 90 kHz of the stream) into a file,
        once it is made.

        `end` None is the end of the stream. Raises EncodeError, OutputError, Cancelled.
        """
        needed = math.inf if end is None else end / CLOCK_HZ
        self._wait(lambda: self._ended or self._finished * PIECE_S >= needed, cancel)
        if end is None:
            end = self._end(self._plan.audio[0].codec)
        numbers = range(start // (PIECE_S * CLOCK_HZ), -(-end // (PIECE_S * CLOCK_HZ)))
        write_stretch(
            [path for path in (self._file(number, 0) for number in numbers) if path.exists()], target, start, end
        )

    def own_segments(self, boundaries: Sequence[int]) -> list[OwnSegments]:
        """Cut each sound that has segments of its own where the picture's begin,
        in ticks of 90 kHz from its first frame.

        Where there is no picture, boundaries are the clock's. Raises EncodeError, OutputError.
        """
        if self._plan.muxed_sound or not self._plan.audio:
            return []
        assert self._length is not None
        length = self._length.ticks
        boundaries = boundaries or range(0, length, self._plan.segment_s * CLOCK_HZ)

        def make(folder: Path) -> dict[str, Any]:
            starts = {}
            for number, a in enumerate(self._plan.audio):
                (folder / a.folder).mkdir(parents=True)
                files = [self._file(piece, number) for piece in range(self._finished)]
                there = [file for file in files if file.exists()]  # the last piece may have no packet
                starts[a.folder] = write_segments(
                    there, folder / a.folder, self._plan.segment_type, boundaries, self._end(a.codec)
                )
            return {"starts": starts}

        key = key_of(self.key, length, self._plan.segment_type.value, list(boundaries))
        facts = self._work.piece(SEGMENTS, key, make)
        return [self._own(a.folder, a.codec, facts["starts"][a.folder]) for a in self._plan.audio]

    def _own(self, folder: str, codec: str, starts: Sequence[int]) -> OwnSegments:
        pattern = segment_pattern(self._plan.segment_type)
        names = [pattern % number for number in range(1, len(starts) + 1)]
        if self._plan.segment_type is SegmentType.FMP4:
            names.append(INIT)
        moves = tuple(self._work.move(f"{SEGMENTS}/{folder}/{name}", f"{folder}/{name}") for name in names)
        durations = tuple((b - a) / CLOCK_HZ for a, b in itertools.pairwise([*starts, self._end(codec)]))
        return OwnSegments(folder=folder, moves=moves, durations_s=durations)

    def _end(self, codec: str) -> int:
        """Return where the last packet of the stream ends, in ticks of 90 kHz."""
        assert self._length is not None
        return math.ceil(packet_ticks(codec, self._length.packets(codec)))

    def _file(self, piece: int, number: int) -> Path:
        return self._pieces.root / piece_name(ENCODED, piece) / piece_file(number)

    def _wait(
        self, until: Callable[[], bool], cancel: CancelToken, meanwhile: Callable[[], None] = lambda: None
    ) -> None:
        with self._changed:
            while self._error is None and not until():
                cancel.check()
                self._changed.wait(POLL_S)
                meanwhile()
            if self._error is not None:
                self._work.context.cancel.check()
                raise self._error

    # in the thread

    def _make(self) -> None:
        error: BaseException | None = None
        try:
            with self._work.context.cancel.on_cancel(self._stop.cancel):
                self._make_watched()
        except (EncodeError, OSError) as failed:
            error = failed
            if is_disk_full(failed) or is_full(self._work.checkpoints.root.parent):
                error = self._work.disk_full()
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
            check_unchanged(self._plan.media)  # what can't be read because it was replaced is no broken file
            raise

    def _make_all(self) -> None:
        levels = [
            Level(ceiling=FULL_SCALE if self._is_mixed(number) else None) for number in range(len(self._plan.audio))
        ]
        target = self._plan.job.sound.loudness_lufs
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
        self.loudness = [{"integrated_lufs": m.integrated_lufs, "range_lu": m.range_lu} for m in measured]

    def _pass(self, kind: str, levels: Sequence[Level], *, encodes: bool, measures: bool) -> AudioPassResult:
        return AudioPass(
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
        check_unchanged(self._plan.media)
        if is_full(self._work.checkpoints.root.parent):
            raise self._work.disk_full()
        with self._changed:
            self._finished = count
            self._changed.notify_all()

    def _tell_read(self, position: int) -> None:
        self._read_to = position

    def _is_mixed(self, number: int) -> bool:
        rendition = self._plan.audio[number]
        return not rendition.parts and any(
            s.index == rendition.source_index and s.channels > rendition.channels for s in self._plan.media.audio
        )


def _ratio(decibels: float) -> float:
    return float(10 ** (decibels / 20))
