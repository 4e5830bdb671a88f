"""How a track's channels become those of a rendition: matrices by the channels' names. Pure.

Done here and not by swresample, which refuses layouts that it does not know, and has no say in a track whose channels
change.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from enum import Enum
from typing import TYPE_CHECKING

from pipeline.media.source.audio_layouts import MOST_GUESSED

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


HALF_POWER = math.sqrt(0.5)
"""-3 dB: what ITU-R BS.775-3, annex 4, gives the centre and the surrounds in a mix for two loudspeakers."""

USUAL = {
    1: ("FC",),
    2: ("FL", "FR"),
    3: ("FL", "FR", "FC"),
    4: ("FL", "FR", "BL", "BR"),
    5: ("FL", "FR", "FC", "BL", "BR"),
    6: ("FL", "FR", "FC", "LFE", "BL", "BR"),
}
"""What channels without names are taken for."""


class Mix(str, Enum):
    """What a rendition wants of a track."""

    MONO = "mono"
    STEREO = "stereo"
    SURROUND = "5.1"

    @property
    def channels(self) -> int:
        """How many channels it has."""
        return len(OUTPUTS[self])


OUTPUTS = {
    Mix.MONO: ("FC",),
    Mix.STEREO: ("FL", "FR"),
    Mix.SURROUND: ("FL", "FR", "FC", "LFE", "BL", "BR"),
}

LEFT = {"FL": 1.0, "DL": 1.0, "WL": 1.0, "FLC": 1.0, "FC": HALF_POWER, "BL": HALF_POWER, "SL": HALF_POWER, "BC": 0.5}
HEIGHTS = {
    "TFL": "FL",
    "TFR": "FR",
    "TFC": "FC",
    "TBL": "BL",
    "TBR": "BR",
    "TBC": "BC",
    "TSL": "SL",
    "TSR": "SR",
    "TC": "FC",
}
"""Loudspeakers above others: where there are none, they are heard from the ones below, at half the power."""


def matrix(names: Sequence[str], mix: Mix) -> NDArray[np.float32]:
    """Return what `mix` makes of channels with these names (FL, FR, FC, LFE, …): float32 (its channels,
    the track's channels).

    Names that say nothing stand for the usual layouts up to six channels; of more, the first two are taken.
    """
    import numpy as np

    if len(names) == 1 and mix is not Mix.SURROUND:  # heard on both sides as it is
        return np.ones((mix.channels, 1), dtype=np.float32)
    known = _known(names)
    if mix is Mix.SURROUND and "FL" in known and len(known) >= MOST_GUESSED:
        return np.array([[_surround(name, out) for name in known] for out in OUTPUTS[mix]], dtype=np.float32)
    stereo: NDArray[np.float32] = np.array(
        [[_left(name) for name in known], [_left(_mirrored(name)) for name in known]], dtype=np.float32
    )
    if mix is Mix.STEREO:
        return stereo
    if mix is Mix.MONO:
        return np.array([[(left + right) / 2 for left, right in stereo.T]], dtype=np.float32)
    return np.concatenate([stereo, np.zeros((4, len(known)), dtype=np.float32)])


def channel(count: int, number: int) -> NDArray[np.float32]:
    """Return the matrix that takes one of `count` channels, numbered from 0; silence where it is missing."""
    import numpy as np

    taken = np.zeros((1, count), dtype=np.float32)
    taken[:, number : number + 1] = 1.0
    return taken


def _known(names: Sequence[str]) -> Sequence[str]:
    if len(names) == 1:
        return USUAL[1]
    if any(_left(name) or _left(_mirrored(name)) for name in names):
        return names
    usual = USUAL.get(len(names), ("FL", "FR"))
    return [*usual, *["?"] * (len(names) - len(usual))]


def _left(name: str) -> float:
    """Return how much of a channel is heard on the left of two loudspeakers; a single one is on both as it is."""
    if name in HEIGHTS:
        return LEFT.get(HEIGHTS[name], 0.0) * HALF_POWER
    return LEFT.get(name, 0.0)


def _mirrored(name: str) -> str:
    if name == "FLC":
        return "FRC"
    if name == "FRC":
        return "FLC"
    if name.endswith(("L", "R")) and name != "R":
        return name[:-1] + ("R" if name.endswith("L") else "L")
    return name


def _surround(name: str, out: str) -> float:
    if name in HEIGHTS:
        return _surround(HEIGHTS[name], out) * HALF_POWER
    if name == out:
        return 1.0
    if name in ("SL", "SR"):
        return 1.0 if out == "B" + name[1] else 0.0
    if name == "BC":
        return HALF_POWER if out in ("BL", "BR") else 0.0
    if name in ("FLC", "FRC"):
        return HALF_POWER if out in ("F" + name[1], "FC") else 0.0
    return 0.0
