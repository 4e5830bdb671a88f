"""The sound of a stream: encoded once for all renditions, measured, brought to a loudness when asked, cut into stretches.

Builds arguments and reads what ffmpeg says; starts nothing.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import EncodeError
from pipeline.files import write_whole
from pipeline.media.encode import SOURCE, TIMELINE_S, hls_options
from pipeline.media.measure import PLAYLIST, Segment
from pipeline.media.scan import CLOCK_HZ
from pipeline.model import AudioRendition, MediaInfo, Plan

SAMPLE_RATE_HZ = 48_000
LAYOUTS = {2: "stereo", 6: "5.1"}

SOUND_FILE = "sound.nut"
"""Where the sound waits that is muxed into the picture's segments: NUT keeps its timestamps to the sample."""

TRUE_PEAK_DBTP = -1.0
"""What normalised sound stays below: EBU R128, 10."""

SILENCE_LUFS = -70.0
"""The gate of EBU R128 (ITU-R BS.1770-4): nothing quieter is measured."""


@dataclass(frozen=True, kw_only=True)
class Loudness:
    """How loud a sound track is (EBU R128): integrated loudness in LUFS, loudness range in LU."""

    integrated_lufs: float
    range_lu: float

    @property
    def silent(self) -> bool:
        """Whether nothing was loud enough to be measured."""
        return self.integrated_lufs <= SILENCE_LUFS


@dataclass(frozen=True, kw_only=True)
class Gain:
    """What loudnorm's first pass measured, in its own words, for the second."""

    measured: dict[str, str]

    @property
    def loudness(self) -> Loudness:
        """The loudness before anything was done."""
        return Loudness(integrated_lufs=_number(self.measured["input_i"]), range_lu=_number(self.measured["input_lra"]))


def sound_arguments(plan: Plan, length_s: float, gains: Sequence[Gain | None], segment_s: float) -> list[str]:
    """Return the arguments that encode every sound of the plan in one run, as long as the stream.

    A sound that begins later or ends earlier is filled up with silence: a player would stop where it ends.
    `gains` has an entry a sound: None leaves its loudness as it is, and measures it. Sounds with segments of their own are
    cut every `segment_s`.
    """
    chains, outputs = [], []
    for i, (rendition, gain) in enumerate(zip(plan.audio, gains, strict=True)):
        filters = [*_level(rendition)]
        filters += ["ebur128=framelog=verbose"] if gain is None else _normalised(plan, gain)
        filters += [f"apad=whole_dur={length_s:.6f}", f"atrim=end={length_s:.6f}"]
        chains.append(f"[{SOUND_INPUT}:{rendition.source_index}]{','.join(filters)}[a{i}]")
        outputs += ["-map", f"[a{i}]", "-c:a", rendition.codec, "-b:a", str(rendition.bit_rate)]
        # without a lead: the muxer's own would be added to the time line's
        outputs += ["-output_ts_offset", str(TIMELINE_S), "-muxdelay", "0", "-muxpreload", "0"]
        outputs += ["-f", "nut", SOUND_FILE] if plan.muxed_sound else _hls(plan, rendition, segment_s)
    # the measured loudness is told at the level of information
    return [
        "-loglevel",
        "level+info",
        "-max_error_rate",
        "1",
        "-copyts",
        *_input(plan.media),
        "-filter_complex",
        ";".join(chains),
        *outputs,
    ]


def measuring_arguments(plan: Plan) -> list[str]:
    """Return the arguments that measure every sound of the plan for loudnorm's second pass."""
    chains, outputs = [], []
    for i, rendition in enumerate(plan.audio):
        first = f"loudnorm=I={_target(plan)}:TP={TRUE_PEAK_DBTP}:LRA=20:print_format=json"
        chains.append(f"[{SOUND_INPUT}:{rendition.source_index}]{','.join((*_level(rendition), first))}[a{i}]")
        outputs += ["-map", f"[a{i}]", "-f", "null", "-"]
    return ["-loglevel", "level+info", "-copyts", *_input(plan.media), "-filter_complex", ";".join(chains), *outputs]


def measured_loudness(log: Sequence[str]) -> list[Loudness]:
    """Return what ebur128 said of each sound, in the order of `sound_arguments`. Raises EncodeError when it said nothing."""
    found: dict[int, dict[str, float]] = {}
    number = -1
    for line in log:
        begin = re.match(r"\[Parsed_ebur128_(\d+) @", line)
        if begin:
            number = int(begin[1])
        value = re.search(r"\b(I|LRA):\s+(\S+) LUF?S?", line)
        if value and number >= 0:
            found.setdefault(number, {})[value[1]] = _number(value[2])
    try:
        return [Loudness(integrated_lufs=v["I"], range_lu=v["LRA"]) for _, v in sorted(found.items())]
    except KeyError as error:
        raise EncodeError("the loudness could not be measured") from error


def measured_gains(log: Sequence[str], count: int) -> list[Gain | None]:
    """Return what loudnorm's first pass said of each of `count` sounds; None for silence, which can't be made louder."""
    text = "\n".join(log)
    found: dict[int, Gain] = {}
    for part in re.finditer(r"\[Parsed_loudnorm_(\d+) @[^\n]*\n(?:\[info\] )?(\{.*?\})", text, re.DOTALL):
        try:
            found[int(part[1])] = Gain(measured=json.loads(re.sub(r"^\[info\] ", "", part[2], flags=re.MULTILINE)))
        except ValueError as error:
            raise EncodeError("the loudness could not be measured") from error
    gains = [gain for _, gain in sorted(found.items())]
    if len(gains) != count:
        raise EncodeError("the loudness could not be measured")
    return [None if gain.loudness.silent else gain for gain in gains]


def write_stretch(whole: Path, target: Path, start: int, end: int | None) -> None:
    """Copy the encoded sound from `start` until before `end` (ticks of 90 kHz of the stream) into a file of its own.

    Every packet of `whole` belongs to exactly one stretch, and keeps its time. Raises EncodeError.
    """
    import av
    import av.error

    try:
        with av.open(str(whole)) as source, av.open(str(target), "w", format="nut") as copy:
            stream = source.streams.audio[0]
            to, base = copy.add_stream_from_template(stream), stream.time_base
            if start:
                # a little early, which costs nothing: reading from the beginning each time is quadratic
                source.seek(int((start / CLOCK_HZ + TIMELINE_S - 1) * 1_000_000))
            for packet in source.demux(stream):
                if packet.pts is None:
                    continue
                ticks = packet.pts * CLOCK_HZ * base.numerator // base.denominator - TIMELINE_S * CLOCK_HZ
                if end is not None and ticks >= end:
                    break
                if start == 0 or ticks >= start:
                    packet.stream = to
                    copy.mux(packet)
    except (av.error.FFmpegError, OSError, IndexError) as error:
        raise EncodeError(f"the encoded sound can't be read back ({error})") from error


def join_rest(folder: Path, segments: Sequence[Segment], count: int) -> tuple[Segment, ...]:
    """Return `count` segments of a sound in `folder`, the last of which holds what came after it too.

    Sound is cut by the clock and ends with a whole packet: that may lie where the picture has no segment any more. What is
    joined is a file of its own, so that a run that was cut short can do it again. Raises EncodeError, OutputError.
    """
    if len(segments) <= count:
        return tuple(segments)
    kept, rest = segments[: count - 1], segments[count - 1 :]
    try:
        whole = b"".join((folder / segment.uri).read_bytes() for segment in rest)
    except OSError as error:
        raise EncodeError(f"the encoded sound can't be read back ({error})") from error
    name = f"rest{Path(rest[0].uri).suffix}"
    write_whole(folder / name, whole)
    return *kept, Segment(duration_s=sum(segment.duration_s for segment in rest), uri=name)


SOUND_INPUT = 0


def _input(media: MediaInfo) -> list[str]:
    return ["-itsoffset", f"{-media.start_s:.6f}", "-i", SOURCE]


def _level(rendition: AudioRendition) -> tuple[str, ...]:
    # async=1 fills gaps in the source's sound with silence, first_pts=0 a late beginning
    return f"aresample={SAMPLE_RATE_HZ}:async=1:first_pts=0", f"aformat=channel_layouts={LAYOUTS[rendition.channels]}"


def _target(plan: Plan) -> str:
    return f"{plan.job.sound.loudness_lufs:g}"


def _normalised(plan: Plan, gain: Gain) -> tuple[str, ...]:
    # ffmpeg 9.0's loudnorm leaves a hole of up to 0.1 s in the times of its last 3 s, not in the sound: samples are counted anew
    return _second_pass(plan, gain), "asetpts=N/SR/TB", f"aresample={SAMPLE_RATE_HZ}"


def _second_pass(plan: Plan, gain: Gain) -> str:
    m = gain.measured
    values = {
        "I": _target(plan),
        "TP": str(TRUE_PEAK_DBTP),
        "LRA": "20",
        "measured_I": m["input_i"],
        "measured_TP": m["input_tp"],
        "measured_LRA": m["input_lra"],
        "measured_thresh": m["input_thresh"],
        "offset": m["target_offset"],
        "linear": "true",
    }
    return "loudnorm=" + ":".join(f"{key}={value}" for key, value in values.items())


def _hls(plan: Plan, rendition: AudioRendition, segment_s: float) -> list[str]:
    options = hls_options(plan.segment_type, round(segment_s * 1_000_000), rendition.folder, picture=False)
    arguments = [text for key, value in options.items() for text in (f"-{key}", str(value))]
    return ["-f", "hls", *arguments, f"{rendition.folder}/{PLAYLIST}"]


def _number(text: str) -> float:
    value = float(text)
    return value if math.isfinite(value) else SILENCE_LUFS
