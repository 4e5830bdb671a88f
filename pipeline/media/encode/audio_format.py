"""What all audio is while it is worked on and when it is made: its rate, and what ffmpeg calls its channels."""

from __future__ import annotations

RATE_HZ = 48_000

LAYOUTS = {1: "mono", 2: "stereo", 6: "5.1"}
"""By the number of channels that a rendition has."""
