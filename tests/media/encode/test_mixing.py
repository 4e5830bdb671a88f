"""What becomes of a track's channels."""

from __future__ import annotations

import math

import av
import numpy as np
import pytest

from pipeline.media.encode.mixing import Mix, channel, matrix

HALF = math.sqrt(0.5)


def _mixed(layout: str, mix: Mix) -> dict[str, list[float]]:
    """Return how much of each channel is heard in each of the mix's."""
    names = [described.name for described in av.AudioLayout(layout).channels]
    return dict(zip(names, matrix(names, mix).T.round(4).tolist(), strict=True))


def test_one_channel_is_heard_on_both_sides_as_it_is():
    """Not 3 dB quieter."""
    assert [[1.0], [1.0]] == matrix(("FC",), Mix.STEREO).tolist()


def test_one_channel_stays_one():
    """Whatever its name is."""
    assert [[[1.0]]] * 2 == [matrix(names, Mix.MONO).tolist() for names in (("FC",), ("FL",))]


@pytest.mark.parametrize("layout", ["5.1", "5.1(side)"])
def test_surround_is_mixed_to_two_alike(layout):
    """Whether its surrounds are called back or side."""
    left = [round(row[0], 2) for row in _mixed(layout, Mix.STEREO).values()]
    assert [1.0, 0.0, round(HALF, 2), 0.0, round(HALF, 2), 0.0] == left


@pytest.mark.parametrize("layout", ["5.1", "5.1(side)"])
def test_surround_stays_as_it_is(layout):
    """Channel by channel."""
    assert np.array_equal(np.eye(6), matrix([c.name for c in av.AudioLayout(layout).channels], Mix.SURROUND))


@pytest.mark.parametrize("layout", ["2.1", "3.0", "quad", "5.0", "6.1", "7.1", "7.1.4", "22.2", "hexagonal", "downmix"])
def test_every_layout_is_heard_on_both_sides_alike(layout):
    """What is left of the middle is as loud on the left as its mirror image on the right."""
    both = np.array(list(_mixed(layout, Mix.STEREO).values()))
    assert pytest.approx(both[:, 0].sum(), abs=1e-3) == both[:, 1].sum() > 0


def test_channels_without_names_are_the_usual_ones_or_two():
    """Six are 5.1; of sixty, the first two are taken."""
    assert np.array_equal(matrix(("NONE",) * 6, Mix.STEREO), matrix(("FL", "FR", "FC", "LFE", "BL", "BR"), Mix.STEREO))
    taken = matrix(("NONE",) * 60, Mix.STEREO)
    assert ([[1.0, 0.0], [0.0, 1.0]], 2.0) == (taken[:, :2].tolist(), float(np.abs(taken).sum()))


def test_a_single_channel_is_taken():
    """Silence where there is none of its number."""
    assert ([[0.0, 1.0]], [[0.0]]) == (channel(2, 1).tolist(), channel(1, 1).tolist())
