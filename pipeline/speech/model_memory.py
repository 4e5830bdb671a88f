"""Whether a Whisper model and an encode have room in memory side by side."""

from __future__ import annotations

import psutil

MEGABYTE = 1 << 20
BESIDE_MODEL_BYTES = 350 * MEGABYTE
"""What Whisper's process needs beside the size of the model's file: its libraries, the audio, what it works on.

In megabytes, with models of each size in float16, which is converted to int8 while it is loaded: at most the file's
size + 180 in use then (large: 3019, of 2944), 0.6 of it + 80 when it is loaded, and 280 more while it transcribes.
"""
ENCODE_BYTES = 500 * MEGABYTE
"""What an encode needs for each chunk that is made at the same time: two took 797 MB of 1080p, 969 of 2160p."""


def has_room(model_bytes: int, *, loaded: bool, encodes: int) -> bool:
    """Whether this computer has memory free for a model of this size beside so many encodes.

    `loaded` is whether the model is in memory already.
    """
    needed = encodes * ENCODE_BYTES + (0 if loaded else model_bytes + BESIDE_MODEL_BYTES)
    return has_room_for(needed)


def has_room_for(needed_bytes: int) -> bool:
    """Whether this computer has so much memory free."""
    return bool(psutil.virtual_memory().available >= needed_bytes)
