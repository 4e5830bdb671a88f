"""Checks what a scan found: whether the video stays in one track, and whether its timestamps continue. Pure."""

from __future__ import annotations

from pipeline.media.source.scan import CLOCK_HZ, Scan

NOTABLE = CLOCK_HZ
"""Videos that overlap by less than this are taken to follow each other; a shorter one is ignored."""


def other_track(scan: Scan) -> str | None:
    """Say that the video goes on in another track where this one has none, None where it does not.

    A broadcaster may move a programme to other packets in the middle; ffmpeg reads only what it was told at the start.
    """
    if not scan.frames:
        return None
    first, end = scan.frames[0], scan.video_end
    for begin, until in scan.other_videos:
        if until - begin > NOTABLE and (begin > end - NOTABLE or until < first + NOTABLE):
            here, there = (f"from {clock(a)} to {clock(b)}" for a, b in ((first, end), (begin, until)))
            return (
                f"has its video {here} in one track and {there} in another: export it as one file, or convert its parts"
            )
    return None


def nothing_at_all(scan: Scan) -> str | None:
    """Say where a source has neither video nor audio for long, None where there is always something."""
    if scan.blank is None:
        return None
    begin, end = scan.blank
    return f"has neither video nor audio from {clock(begin)} to {clock(end)}"


def is_mostly_nothing(scan: Scan) -> bool:
    """Whether the time without video and audio is longer than the rest: then the file's clock jumps.

    A real pause is shorter than the film.
    """
    return scan.blank is not None and 2 * (scan.blank[1] - scan.blank[0]) > scan.end


def clock(ticks: int) -> str:
    """Return a time as editors read it: `6:05`, `1:06:05`."""
    minutes, seconds = divmod(max(0, round(ticks / CLOCK_HZ)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"
