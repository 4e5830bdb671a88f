"""Speech is found in audio that is read piece by piece as if it were read at once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.speech import voice
from pipeline.speech.audio import RATE_HZ, read_audio
from pipeline.speech.voice import Voice

PAUSE_S = 0.4
"""From here on a pause is one, whatever else the detector hears; shorter ones come and go with what it is given."""


@pytest.fixture(scope="module")
def samples(sample: Path) -> voice.Samples:
    """The audio of the shipped sample, 14 s of sentences with pauses."""
    return np.concatenate(list(read_audio(sample).pieces))


def _edges(samples: voice.Samples) -> list[float]:
    read = Voice(iter(np.split(samples, range(1600, len(samples), 1600))))
    read.read_to(len(samples) / RATE_HZ + 1)
    edges = [edge for stretch in read.stretches for edge in (stretch.start_s, stretch.end_s)]
    pauses = [at for at in range(1, len(edges) - 1, 2) if edges[at + 1] - edges[at] >= PAUSE_S]
    return [edges[0], *(edge for at in pauses for edge in edges[at : at + 2]), edges[-1]]


@pytest.mark.parametrize("block_s", [2.9, 4.1, 5.3, 6.7])
def test_nothing_is_lost_where_blocks_meet(samples, monkeypatch, block_s):
    """Speech that crosses the end of a block is whole, and begins and ends where it does in one block."""
    whole = _edges(samples)
    monkeypatch.setattr(voice, "BLOCK_S", block_s)
    assert whole == pytest.approx(_edges(samples), abs=0.1)
