"""What the layouts of a source's audio tracks tell: left and right in tracks of their own, and channels without names.

Pure.
"""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.media_info import AudioStream

PAIRING = ("mxf", "mov")
"""Containers in which editing programs write left and right as tracks of their own (SMPTE RP 2057)."""

LEFT, RIGHT = "(FL)", "(FR)"
"""How ffmpeg's layout names end where a track is marked as left or right."""

MOST_GUESSED = 6
"""Up to this many unnamed channels are taken for the usual layout; of more, whose meaning is unknown, two are used."""


def are_pairs(streams: Sequence[AudioStream], container: str) -> bool:
    """Whether tracks are left and right, two by two: marked so, or an editing program's and otherwise alike."""
    if len(streams) < 2 or len(streams) % 2 or any(s.channels != 1 for s in streams):
        return False
    if all(s.layout.endswith(RIGHT if number % 2 else LEFT) for number, s in enumerate(streams)):
        return True
    marked = any(s.layout.endswith(")") for s in streams)
    alike = len({(s.language, s.title) for s in streams}) == 1 and all(s.codec.startswith("pcm_") for s in streams)
    return alike and not marked and container.split(",")[0] in PAIRING


def only_two_known(stream: AudioStream) -> bool:
    """Whether a track has so many channels without names that only the first two are taken."""
    return stream.channels > MOST_GUESSED and stream.layout.endswith("channels")
