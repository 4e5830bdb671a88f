"""How loud audio is: EBU R128, by ITU-R BS.1770-4 and EBU Tech 3342.

Samples go in as they come; powers of a tenth of a second are kept.

The loudness of any audio can be computed from such powers, also of audio that was measured in parts.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.media.encode.audio_format import LAYOUTS, RATE_HZ

PART = RATE_HZ // 10
"""Samples of a tenth of a second: gating blocks of 0.4 s overlap by three quarters (BS.1770-4, annex 1)."""

BLOCK_PARTS, RANGE_PARTS = 4, 30
"""Parts in a gating block, and in a stretch from which the loudness range is computed: 3 s (EBU Tech 3342, 2.2)."""

SILENCE_LUFS = -70.0
"""Nothing quieter is measured (BS.1770-4, annex 1)."""

RELATIVE_LU, RANGE_RELATIVE_LU = -10.0, -20.0
RANGE_PERCENTILES = (10, 95)

WEIGHTS = {1: (2.0,), 2: (1.0, 1.0), 6: (1.0, 1.0, 1.0, 0.0, 1.41, 1.41)}
"""What each channel counts: surrounds more, low frequencies nothing, a single one as two loudspeakers."""

# K weighting at 48 kHz (BS.1770-4, tables 1 and 2): the effect of the head, and how low frequencies are heard
SHELF = "b0=1.53512485958697:b1=-2.69169618940638:b2=1.19839281085285:a0=1:a1=-1.69065929318241:a2=0.73248077421585"
HIGH_PASS = "b0=1:b1=-2:b2=1:a0=1:a1=-1.99004745483398:a2=0.99007225036621"


@dataclass(frozen=True, kw_only=True)
class Loudness:
    """How loud an audio track is: integrated loudness in LUFS, loudness range in LU."""

    integrated_lufs: float
    range_lu: float

    @property
    def silent(self) -> bool:
        """Whether nothing was loud enough to be measured."""
        return self.integrated_lufs <= SILENCE_LUFS


class LoudnessMeter:
    """Takes audio of one, two or six channels; gives the weighted power of each tenth of a second (1: full scale)."""

    def __init__(self, channels: int) -> None:
        self._weights = np.array(WEIGHTS[channels], dtype=np.float64)
        self._layout = LAYOUTS[channels]
        self._graph, self._source, self._sink = _k_weighting(self._layout)
        self._rest: NDArray[np.float64] = np.zeros(0)

    def put(self, samples: NDArray[np.float32]) -> list[float]:
        """Take float32 (channels, n); return the powers of the tenths of a second that are whole by now."""
        import av

        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), format="fltp", layout=self._layout)
        frame.sample_rate = RATE_HZ
        self._source.push(frame)
        weighted = np.asarray(self._sink.pull().to_ndarray(), dtype=np.float64)
        power = np.concatenate([self._rest, self._weights @ np.square(weighted)])
        whole = len(power) // PART * PART
        self._rest = power[whole:]
        return [float(f"{value:.6g}") for value in power[:whole].reshape(-1, PART).mean(axis=1)]


def loudness(powers: Sequence[float]) -> Loudness:
    """Return the loudness of an audio track whose tenths of a second have these powers."""
    values = np.array(powers, dtype=np.float64)
    blocks = _gated(_means(values, BLOCK_PARTS), RELATIVE_LU)
    integrated = _lufs(float(blocks.mean())) if len(blocks) else SILENCE_LUFS
    stretches = _gated(_means(values, RANGE_PARTS), RANGE_RELATIVE_LU)
    low, high = np.percentile(stretches, RANGE_PERCENTILES) if len(stretches) else (1.0, 1.0)
    return Loudness(integrated_lufs=max(SILENCE_LUFS, integrated), range_lu=_lufs(float(high)) - _lufs(float(low)))


def _k_weighting(layout: str) -> tuple[Any, Any, Any]:
    import av.filter

    graph = av.filter.Graph()
    source = graph.add_abuffer(sample_rate=RATE_HZ, format="fltp", layout=layout)
    # r=f64: in single precision the high pass, whose poles lie close to one, is noisy
    chain = [
        source,
        graph.add("biquad", f"{SHELF}:r=f64"),
        graph.add("biquad", f"{HIGH_PASS}:r=f64"),
        graph.add("abuffersink"),
    ]
    for one, other in itertools.pairwise(chain):
        one.link_to(other)
    graph.configure()
    return graph, source, chain[-1]


def _means(powers: NDArray[np.float64], parts: int) -> NDArray[np.float64]:
    if len(powers) < parts:
        return np.zeros(0)
    sums = np.concatenate([[0.0], np.cumsum(powers)])
    return np.asarray((sums[parts:] - sums[:-parts]) / parts)


def _gated(powers: NDArray[np.float64], relative_lu: float) -> NDArray[np.float64]:
    loud = powers[powers > _power(SILENCE_LUFS)]
    return loud[loud > loud.mean() * 10 ** (relative_lu / 10)] if len(loud) else loud


def _lufs(power: float) -> float:
    return -0.691 + 10 * math.log10(max(power, 1e-12))


def _power(lufs: float) -> float:
    return float(10 ** ((lufs + 0.691) / 10))
