"""What counts against a stream of what hls.js complains of."""

from __future__ import annotations

from collections.abc import Callable


def complaints(play: Callable[[], list[str]]) -> list[str]:
    """Return what hls.js complains of whenever it plays.

    What is wrong with a stream is wrong each time: it has the same bytes. A processor with too much to do lets the picture stall and
    half-loaded segments be given up, once here and once there. So a complaint has to come again in a second playing.
    """
    found = play()
    if not found:
        return []
    again = play()
    return [complaint for complaint in found if complaint in again]
