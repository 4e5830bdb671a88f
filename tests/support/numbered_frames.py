"""Pictures that carry their own number, so that a test can tell which frame of the source is shown at which time."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np

DIGITS = 10
"""Binary ones, the lowest on the left: a bright or a dark bar each."""


def numbered(*, size: str = "320x180", rate: str = "25", length_s: float = 12.0, first: int = 0) -> tuple[str, ...]:
    """Return ffmpeg's arguments for a video whose n-th frame shows the number `first` + n, up to 1,023."""
    bars = f"lum='if(mod(floor((N+{first})/pow(2\\,floor(X*{DIGITS}/W)))\\,2)\\,235\\,16)':cb=128:cr=128"
    # the expression is worked out for each pixel: a tiny picture is enough, and is enlarged
    tiny = f"nullsrc=size={4 * DIGITS}x4:rate={rate}:duration={length_s}"
    return ("-f", "lavfi", "-i", f"{tiny},geq={bars},scale={size.replace('x', ':')}:flags=neighbor,setsar=1")


def numbers(path: Path, timeline_s: float = 0.0, *, wide: int | None = None) -> list[tuple[float, int]]:
    """Return when each frame of a video is shown, in seconds without those of `timeline_s`, and its number.

    `wide` is the width of the video where it stands between bars.
    """
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.thread_count = 1
        return [
            (round(float(frame.pts * frame.time_base) - timeline_s, 3), number(frame, wide))
            for frame in container.decode(stream)
        ]


def number(frame: av.VideoFrame, wide: int | None = None) -> int:
    """Return the number that a frame shows, in the middle `wide` columns if that is said."""
    grey = frame.to_ndarray(format="gray")
    side = 0 if wide is None else (grey.shape[1] - wide) // 2
    grey = grey[:, side : grey.shape[1] - side]
    height, width = grey.shape
    bars = (
        grey[height // 4 : height * 3 // 4, int((n + 0.25) * width / DIGITS) : int((n + 0.75) * width / DIGITS)]
        for n in range(DIGITS)
    )
    return sum(int(np.mean(bar) > 110) << n for n, bar in enumerate(bars))
