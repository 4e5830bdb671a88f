"""Checks what a scan found: whether there is a video, whether it stays in one track, whether its timestamps continue,
and whether all of it is there. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.media.source.scan import CLOCK_HZ, Scan
from pipeline.media.source.source_notes import declared_end_s
from pipeline.media_info import MediaInfo

NOTABLE = CLOCK_HZ
"""Videos that overlap by less than this are taken to follow each other; a shorter one is ignored."""

NOTABLE_S = 0.1
"""Less than this is how inexactly containers declare their durations, in seconds."""

DECLARES_TRACKS = ("mov", "matroska")
"""The containers that declare each audio track's length; for others ffmpeg gives the file's, or computes it."""

IN_PARTS = "export it as one file, or convert its parts"


@dataclass(frozen=True, kw_only=True)
class Interruption:
    """Why a source is not converted: `text` goes on after its name, `way_out` says what to do. `acceptable` says that
    an editor may accept it as damaged.
    """

    text: str
    way_out: str
    acceptable: bool = False


@dataclass(frozen=True, kw_only=True)
class EarlyEnd:
    """A source, or an audio track of it, that ends before its declared end; in seconds."""

    audio: bool
    declared_s: float
    there_s: float

    @property
    def missing_s(self) -> float:
        """How much is missing."""
        return self.declared_s - self.there_s


def interruption(scan: Scan, *, has_video: bool) -> Interruption | None:
    """Return why a source with these packets is not converted, None where nothing is in the way.

    `has_video` says that a video is wanted of it.
    """
    if has_video and not scan.frames:
        return Interruption(text="has no video that can be read", way_out="the file is broken or not finished")
    if scan.jumps:
        return Interruption(text="consists of recordings whose timestamps start over", way_out=IN_PARTS)
    elsewhere = other_track(scan)
    if elsewhere is not None:
        return Interruption(text=elsewhere, way_out=IN_PARTS, acceptable=True)
    if is_mostly_nothing(scan):
        text = f"{nothing_at_all(scan)}, as its clock jumps"
        return Interruption(text=text, way_out="export it again, or accept damaged videos", acceptable=True)
    return None


def early_end(media: MediaInfo, scan: Scan) -> EarlyEnd | None:
    """Return what of a source ends notably before its declared end: all of it, else an audio track."""
    ends = [EarlyEnd(audio=False, declared_s=declared_end_s(media) or 0.0, there_s=scan.end / CLOCK_HZ)]
    for track in media.audio if media.container.split(",")[0] in DECLARES_TRACKS else ():
        declared_s = 0.0 if track.duration_s is None else track.start_s + track.duration_s
        ends.append(EarlyEnd(audio=True, declared_s=declared_s, there_s=scan.audio_ends[track.index] / CLOCK_HZ))
    return next((end for end in ends if end.missing_s > NOTABLE_S), None)


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
            return f"has its video {here} in one track and {there} in another"
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
