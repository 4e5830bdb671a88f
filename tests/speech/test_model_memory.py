"""A model is loaded beside an encode where there is memory for both."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from pipeline.speech import model_memory
from pipeline.speech.model_memory import MEGABYTE, has_room

SMALL, LARGE = 461 * MEGABYTE, 2944 * MEGABYTE


@pytest.mark.parametrize(
    ("free", "size", "loaded", "encodes", "room"),
    [
        (4096, SMALL, False, 2, True),
        (4096, LARGE, False, 2, False),
        (4096, LARGE, True, 2, True),
        (900, LARGE, True, 2, False),
        (4096, LARGE, False, 0, True),
        (16384, LARGE, False, 8, True),
    ],
    ids=["small", "large", "loaded", "loaded, but the encode has none", "no video", "large, much memory"],
)
def test_room(monkeypatch, free, size, loaded, encodes, room):
    """A model takes the size of its file and some; one that is loaded takes no more."""
    memory = SimpleNamespace(available=free * MEGABYTE)
    monkeypatch.setattr(model_memory.psutil, "virtual_memory", lambda: memory)
    assert room is has_room(size, loaded=loaded, encodes=encodes)
