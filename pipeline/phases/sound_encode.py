"""The sound's part of an encode: every track encoded once, measured, handed out in stretches or as segments of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.checkpoints import Move
from pipeline.media import encode, measure, sound
from pipeline.media.scan import CLOCK_HZ
from pipeline.model import Plan, SegmentType
from pipeline.phases.encode_work import EncodeWork

SOUND = "sound"
LOUDNESS = "loudness"


@dataclass(frozen=True, kw_only=True)
class OwnSegments:
    """The segments of a sound that has its own: the moves to their places in `folder`, and how long each lasts."""

    folder: str
    moves: tuple[Move, ...]
    durations_s: tuple[float, ...]


class SoundEncode:
    """Encodes every sound of a plan.

    `loudness` is how loud each was, `error_lines` counts what could not be decoded, `key` tells what was made from what.
    All three are known when it was made.
    """

    def __init__(self, plan: Plan, work: EncodeWork) -> None:
        self.loudness: list[dict[str, float]] = []
        self.error_lines = 0
        self.key = ""
        self.names = (SOUND, LOUDNESS)
        self._plan = plan
        self._work = work

    def make(self, length: int, source_end: int, segment_s: float) -> None:
        """Encode it all, as long as the stream: `length` ticks of 90 kHz. Raises EncodeError, OutputError, Cancelled."""
        if not self._plan.audio:
            return
        gains: Sequence[sound.Gain | None] = [None] * len(self._plan.audio)
        if self._plan.job.sound.loudness_lufs is not None:
            gains = self._gains(source_end)
        arguments = sound.sound_arguments(self._plan, length / CLOCK_HZ, gains, segment_s)
        self.key = self._work.key(arguments)

        def make(folder: Path) -> dict[str, Any]:
            for a in () if self._plan.muxed_sound else self._plan.audio:
                (folder / a.folder).mkdir(parents=True)
            run = self._work.run(arguments, folder, self._work.reporter("Encoding the sound", length))
            measured = iter(sound.measured_loudness(run.log))
            loudness = [g.loudness if g is not None else next(measured) for g in gains]
            return {
                "errors": run.error_lines,
                "loudness": [{"integrated_lufs": m.integrated_lufs, "range_lu": m.range_lu} for m in loudness],
            }

        facts = self._work.piece(SOUND, self.key, make)
        self.error_lines, self.loudness = facts["errors"], facts["loudness"]

    def stretch(self, start: int, end: int | None, target: Path) -> None:
        """Write the muxed sound from `start` until before `end` (ticks of 90 kHz of the stream) into a file. Raises EncodeError."""
        sound.write_stretch(self._work.checkpoints.root / SOUND / sound.SOUND_FILE, target, start, end)

    def own_segments(self, count: int) -> list[OwnSegments]:
        """Return each sound with segments of its own, beside a picture of `count` segments, 0 where there is none.

        Raises EncodeError, OutputError.
        """
        root, made = self._work.checkpoints.root, []
        pattern = encode.segment_pattern(self._plan.segment_type)
        for a in () if self._plan.muxed_sound else self._plan.audio:
            segments = measure.check_segments(root / SOUND, a.folder)
            if count:
                segments = sound.join_rest(root / SOUND / a.folder, segments, count)
            names = [(segment.uri, pattern % i) for i, segment in enumerate(segments, start=1)]
            if self._plan.segment_type is SegmentType.FMP4:
                names.append((encode.INIT, encode.INIT))
            moves = tuple(self._work.move(f"{SOUND}/{a.folder}/{source}", f"{a.folder}/{target}") for source, target in names)
            made.append(OwnSegments(folder=a.folder, moves=moves, durations_s=tuple(segment.duration_s for segment in segments)))
        return made

    def _gains(self, source_end: int) -> list[sound.Gain | None]:
        arguments = sound.measuring_arguments(self._plan)

        def make(folder: Path) -> dict[str, Any]:
            run = self._work.run(arguments, folder, self._work.reporter("Measuring the loudness", source_end))
            found = sound.measured_gains(run.log, len(self._plan.audio))
            return {"gains": [None if gain is None else gain.measured for gain in found]}

        facts = self._work.piece(LOUDNESS, self._work.key(arguments), make)
        return [None if measured is None else sound.Gain(measured=measured) for measured in facts["gains"]]
