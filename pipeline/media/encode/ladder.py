"""Which qualities a source gets, how large they are and how many bits they may take. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from pipeline.job import Codec, QualityRate
from pipeline.model import Rendition

SOURCE_HEADROOM = 1.3
"""No rendition gets more than this times the source's own rate where that is highest:
more bits can't bring back what it lost.
"""

LEAST_SHARE = 0.25
"""No ceiling falls below this share of the table's:
a codec better than the one that is made takes fewer bits for the same video.
"""

LEAST_STEP = 4 / 3
"""By how much the rates of two renditions differ at least, audio included, where the ladder fits the video.

Measured with VMAF 95 and audio of 128 kb/s: from 1080p of slides 720p is 1.29 away and 480p 1.58, from there 360p 1.14;
1080p and 480p are made. From 720p of a cartoon 480p is 1.43 away, and from there 360p 1.54; each looks worse than the
one before, and all are made (docs/performance.md, Ladder).
Apple advises 1.5 to 2 (technical note TN2224); the table's own steps are 1.65 to 1.92.
"""

CRF = {Codec.H264: 22.5, Codec.HEVC: 22.0, Codec.AV1: 26.0}
"""The constant rate factor of each codec's encoder on the processor; lower is better and larger.

At the preset medium they give about the same VMAF, a point below plain ABR at most (docs/performance.md, Quality).
"""


@dataclass(frozen=True, kw_only=True)
class Quality:
    """A step of the ladder: a 16:9 box in pixels and rates in bits a second, `buffer_size` in bits."""

    name: str
    box_width: int
    box_height: int
    bit_rate: int
    max_bit_rate: int
    buffer_size: int


QUALITIES = (
    # Of H.264 beyond 1080p Apple says nothing. In its table for HEVC (HLS authoring specification, appendix, SDR at 30
    # fps) 1440p has 1.4 to 1.8 times the rates of 1080p and 2160p 2.6 to 2.9 times; these are 1.6 and 2.8 times.
    Quality(
        name="2160p",
        box_width=3840,
        box_height=2160,
        bit_rate=14_000_000,
        max_bit_rate=15_000_000,
        buffer_size=21_000_000,
    ),
    Quality(
        name="1440p",
        box_width=2560,
        box_height=1440,
        bit_rate=8_000_000,
        max_bit_rate=8_560_000,
        buffer_size=12_000_000,
    ),
    Quality(
        name="1080p", box_width=1920, box_height=1080, bit_rate=5_000_000, max_bit_rate=5_350_000, buffer_size=7_500_000
    ),
    Quality(
        name="720p", box_width=1280, box_height=720, bit_rate=2_800_000, max_bit_rate=3_000_000, buffer_size=4_200_000
    ),
    Quality(
        name="480p", box_width=854, box_height=480, bit_rate=1_400_000, max_bit_rate=1_500_000, buffer_size=2_100_000
    ),
    Quality(name="360p", box_width=640, box_height=360, bit_rate=800_000, max_bit_rate=900_000, buffer_size=1_200_000),
)
BY_NAME = {quality.name: quality for quality in QUALITIES}
MP4_QUALITY = BY_NAME["480p"]
USUAL = QUALITIES[QUALITIES.index(BY_NAME["1080p"]) :]
"""The default choice: above it, encoding takes several times as long, and few players show the difference."""


def offered(width: int, height: int) -> tuple[Quality, ...]:
    """Return the qualities that a video of this shown size fills on either side, largest first."""
    long_side, short_side = max(width, height), min(width, height)
    return tuple(q for q in QUALITIES if long_side >= q.box_width or short_side >= q.box_height)


def choose(width: int, height: int, names: Sequence[str] | None) -> tuple[Quality, ...]:
    """Return the named qualities (None: the usual) that the source fills, else the best usual one it fills.

    A source that fills none gets one of its own size, named by its shorter side.
    """
    fitting = offered(width, height)
    if not fitting:
        return (_own_size(width, height),)
    usual = tuple(q for q in fitting if q in USUAL)
    return usual if names is None else tuple(q for q in fitting if q.name in names) or usual[:1]


def with_rates(qualities: Sequence[Quality], rates: Sequence[QualityRate]) -> tuple[Quality, ...]:
    """Return qualities with other rates than the table's; peak and buffer keep their proportion to the rate."""
    wanted = {rate.name: rate.bit_rate for rate in rates}
    made = []
    for quality in qualities:
        factor = wanted.get(quality.name, quality.bit_rate) / quality.bit_rate
        made.append(
            replace(
                quality,
                bit_rate=round(quality.bit_rate * factor),
                max_bit_rate=round(quality.max_bit_rate * factor),
                buffer_size=round(quality.buffer_size * factor),
            )
        )
    return tuple(made)


def fit(width: int, height: int, quality: Quality) -> tuple[int, int]:
    """Return a video's even size scaled into a quality's box (turned for portrait): same aspect, no larger."""
    box_width, box_height = box(width, height, quality)
    scale = min(box_width / width, box_height / height, 1.0)
    return max(2, round(width * scale / 2) * 2), max(2, round(height * scale / 2) * 2)


def box(width: int, height: int, quality: Quality) -> tuple[int, int]:
    """Return a quality's box, turned for a portrait video."""
    if height > width:
        return quality.box_height, quality.box_width
    return quality.box_width, quality.box_height


def renditions(
    qualities: Sequence[Quality], width: int, height: int, *, black_bars: bool, crf: float | None = None
) -> tuple[Rendition, ...]:
    """Return the renditions of a video of this shown size, largest first, at the table's rates."""
    made: list[Rendition] = []
    for quality in qualities:
        scaled = fit(width, height, quality)
        frame = box(width, height, quality) if black_bars else scaled
        made.append(
            Rendition(
                name=quality.name,
                width=scaled[0],
                height=scaled[1],
                frame_width=frame[0],
                frame_height=frame[1],
                bit_rate=quality.bit_rate,
                max_bit_rate=quality.max_bit_rate,
                buffer_size=quality.buffer_size,
                crf=crf,
            )
        )
    return tuple(made)


def within_source(renditions: Sequence[Rendition], peak_bit_rate: float) -> tuple[Rendition, ...]:
    """Return renditions, largest first, with no more bits than a source that peaks at `peak_bit_rate` can use.

    Never by the mean of a source: of minutes of slides and seconds of film the film would starve. Where the source caps
    more than one of them, the smaller keep the table's distance from the larger: players choose by rate, so the ladder
    must fall. The peak stays the table's, since a keyframe every two seconds needs its burst.
    """
    made: list[Rendition] = []
    for number, r in enumerate(renditions):
        bit_rate = min(r.bit_rate, int(max(peak_bit_rate * SOURCE_HEADROOM, r.bit_rate * LEAST_SHARE)))
        if made and bit_rate >= made[-1].bit_rate:
            bit_rate = made[-1].bit_rate * r.bit_rate // renditions[number - 1].bit_rate
        made.append(replace(r, bit_rate=bit_rate))
    return tuple(made)


def worth_making(
    renditions: Sequence[Rendition], bit_rates: Mapping[str, float], audio_bit_rate: int
) -> tuple[Rendition, ...]:
    """Return renditions, largest first, without those that hardly anybody would be better off with.

    `bit_rates` are those of their video on the mean, by name, as they were measured. A rendition is for viewers whose
    line can't carry the next larger one that is made. Where that costs hardly more, with its audio, nearly all of them
    can have it, and the smaller one only looks worse. The largest is always made.
    """
    made: list[Rendition] = []
    for r in renditions:
        if made:
            larger, smaller = bit_rates[made[-1].name] + audio_bit_rate, bit_rates[r.name] + audio_bit_rate
            if larger < smaller * LEAST_STEP:
                continue
        made.append(r)
    return tuple(made)


def _own_size(width: int, height: int) -> Quality:
    lowest = QUALITIES[-1]
    long_side, short_side = max(width, height), min(width, height)
    return Quality(
        name=f"{short_side}p",
        box_width=long_side + long_side % 2,
        box_height=short_side + short_side % 2,
        bit_rate=lowest.bit_rate,
        max_bit_rate=lowest.max_bit_rate,
        buffer_size=lowest.buffer_size,
    )
