"""The options of `convert` that say which tracks are taken and how they are encoded.

Knows no job: it only names them.
"""

from __future__ import annotations

import argparse
import math
import re
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline.job import QualityRate

AUTO, OFF = "auto", "off"

_QUALITY_RATE = re.compile(r"(\w{1,20})=(\d{1,12}(?:\.\d{1,6})?)([kM]?)", re.IGNORECASE | re.ASCII)
_BITS = {"": 1, "K": 1_000, "M": 1_000_000}


def add_tracks(parser: argparse.ArgumentParser) -> None:
    """Add the options that choose what of a source is converted."""
    parser.add_argument(
        "--programme",
        type=int,
        metavar="N",
        help=(
            "take this programme of a transport stream, by its number there (default: the one with the largest video)"
        ),
    )
    parser.add_argument(
        "--video-track",
        type=int,
        metavar="N",
        help=(
            "take this video where there are several, counted from 1 "
            "(default: the one marked as default, else the largest)"
        ),
    )
    parser.add_argument(
        "--audio-track",
        metavar="N[,N]",
        help="take these audio tracks, counted from 1 (default: all that can be decoded)",
    )


def add_encoding(parser: argparse.ArgumentParser) -> None:
    """Add the options that say how video and audio are encoded and encrypted."""
    _add_video(parser)
    _add_audio(parser)
    _add_encryption(parser)
    parser.add_argument(
        "--accept-damaged", action="store_true", help="convert a damaged video as far as it can be read"
    )


def _add_video(parser: argparse.ArgumentParser) -> None:
    from pipeline.job import Codec, EncoderFamily, RateControl, SegmentType
    from pipeline.plan import PRESETS

    def choose(option: str, values: type[Enum], default: str, text: str) -> None:
        names = [str(value.value) for value in values]
        parser.add_argument(option, choices=names, default=default, help=f"{text} (default: {default})")

    choose(
        "--encoder",
        EncoderFamily,
        "auto",
        "the video encoder: the first that works, the processor, or one maker's hardware",
    )
    choose("--codec", Codec, "h264", "the video codec; HEVC and AV1 are smaller, for newer devices")
    parser.add_argument(
        "--preset", choices=PRESETS, default="medium", help="faster or smaller, for every codec (default: medium)"
    )
    choose(
        "--rate-control", RateControl, "crf", "crf: constant quality below a maximum bit rate; abr: average bit rate"
    )
    parser.add_argument(
        "--bitrate",
        type=bit_rates,
        default=(),
        metavar="QUALITY=RATE,…",
        help="the most bits a second of a quality, for example 1080p=4500k,720p=2.5M (default: the ladder's own)",
    )
    parser.add_argument(
        "--target-vmaf",
        type=number_or_off,
        metavar="VMAF|off",
        help="choose each quality's CRF by measuring, for example 94 (default: off)",
    )
    parser.add_argument(
        "--fit-ladder",
        action=argparse.BooleanOptionalAction,
        default=False,
        help="with --target-vmaf: leave out qualities whose next larger one takes hardly more (default: no)",
    )
    parser.add_argument(
        "--segment-type",
        choices=[AUTO, *(t.value for t in SegmentType)],
        default=AUTO,
        help="ts, or fmp4 (default: ts for h264, else fmp4)",
    )
    parser.add_argument(
        "--keep-hdr",
        action=argparse.BooleanOptionalAction,
        default=False,
        help="keep HDR10 and HLG with hevc or av1 instead of converting to SDR (default: no)",
    )
    parser.add_argument(
        "--copy-top",
        choices=("auto", "off"),
        default="off",
        help="auto: keep the original video as the largest quality if players can play it as it is (default: off)",
    )


def _add_audio(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--surround",
        action=argparse.BooleanOptionalAction,
        default=False,
        help="also keep 5.1 audio, beside stereo (default: no)",
    )
    parser.add_argument(
        "--audio-map",
        metavar="MAP",
        help=(
            "make these audio tracks: 1+2,3+4 puts tracks together as left and right, "
            "1.3+1.4 puts channels 3 and 4 of track 1 together; "
            "tracks count from 1, among those of --audio-track if it is given"
        ),
    )
    parser.add_argument(
        "--loudness",
        type=number_or_off,
        metavar="LUFS|off",
        help="bring the audio to this loudness, for example -16 (default: off)",
    )


def bit_rates(text: str) -> tuple[QualityRate, ...]:
    """Read rates by quality; k and M are powers of 1000, as ffmpeg has them. Raises ArgumentTypeError."""
    from pipeline.job import QualityRate

    found: dict[str, QualityRate] = {}
    for part in text.split(","):
        read = _QUALITY_RATE.fullmatch(part.strip())
        if read is None or read.group(1) in found:
            problem = "names a quality twice" if read else f"takes rates such as 1080p=4500k,720p=2.5M, not {part!r}"
            raise argparse.ArgumentTypeError(problem)
        name, number, unit = read.groups()
        found[name] = QualityRate(name=name, bit_rate=round(float(number) * _BITS[unit.upper()]))
    return tuple(found.values())


def number_or_off(text: str) -> float | None:
    """Read a number, None where it is switched off. Raises ArgumentTypeError."""
    if text == OFF:
        return None
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise argparse.ArgumentTypeError(f"takes a number or {OFF}, not {text!r}")
    return number


def _add_encryption(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--encrypt", type=Path, metavar="KEYFILE", help="encrypt the segments with AES-128 and this key of 16 bytes"
    )
    parser.add_argument(
        "--key-uri", default="", metavar="URI", help="where players ask for the key; needed with --encrypt"
    )
    parser.add_argument(
        "--publish-key", action="store_true", help="also put the key beside the segments, where anybody can get it"
    )
