"""A true peak limiter without state: its output at a moment depends only on the samples near it. Pure."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

STEP = 48
"""Samples that have one gain: a millisecond at 48 kHz."""

REACH = 20
"""How many steps before a peak the audio is turned down, and how many after it it is turned up again."""

MARGIN = STEP * 2 * (REACH + 5)
"""How many samples before and after a stretch influence it; a multiple of STEP."""

PHASES, PHASE_TAPS = 4, 12
"""How true peaks are found: three samples between two, each made of twelve (ITU-R BS.1770-4, annex 2)."""

UNLIKELY = 0.6
"""A true peak is rarely higher than the samples beside it by more than this: below that, none is looked for."""


def limited(samples: NDArray[np.float32], ceiling: float) -> NDArray[np.float32]:
    """Return float32 (channels, n) with true peaks below `ceiling`, the first and last MARGIN samples left out.

    A peak is turned down by a gain that moves over 40 ms; where there is none, nothing is changed.
    """
    inner: NDArray[np.float32] = samples[:, MARGIN:-MARGIN]
    if float(np.max(np.abs(samples), initial=0.0)) < ceiling * UNLIKELY:
        return inner
    steps = -(-samples.shape[1] // STEP)
    padded = np.zeros((samples.shape[0], steps * STEP), dtype=np.float32)
    padded[:, : samples.shape[1]] = samples
    peaks = _true_peaks(padded).reshape(steps, STEP).max(axis=1)
    needed = np.minimum(1.0, ceiling / np.maximum(peaks, 1e-9))
    if float(needed.min()) >= 1.0:
        return inner
    width = 2 * (REACH + 1) + 1
    lowest = np.lib.stride_tricks.sliding_window_view(np.pad(needed, REACH + 1, mode="edge"), width).min(axis=1)
    smooth = np.convolve(np.pad(lowest, REACH, mode="edge"), np.ones(2 * REACH + 1) / (2 * REACH + 1), mode="valid")
    centres = np.arange(steps) * STEP + STEP / 2
    gain = np.interp(np.arange(samples.shape[1]), centres, smooth).astype(np.float32)
    return inner * gain[MARGIN:-MARGIN]


def _true_peaks(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the height of the highest channel at each sample and between it and the next."""
    highest: NDArray[np.float32] = np.abs(samples).max(axis=0)
    for taps in _FILTERS:
        for channel in samples:
            between = np.abs(np.convolve(channel, taps, mode="same"))
            np.maximum(highest, between, out=highest)
    return highest


def _filters() -> list[NDArray[np.float32]]:
    """Return a windowed sinc for each place between two samples."""
    made = []
    for phase in range(1, PHASES):
        distance = np.arange(PHASE_TAPS) - PHASE_TAPS // 2 + phase / PHASES
        window = 0.5 + 0.5 * np.cos(np.pi * distance / (PHASE_TAPS / 2 + 1))
        made.append((np.sinc(distance) * window).astype(np.float32))
    return made


_FILTERS = _filters()
