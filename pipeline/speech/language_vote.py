"""Lets three samples over an audio track vote for its language. Runs in the child process only.

The first speech alone misleads: a greeting in another language, a song, a quotation.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pipeline.speech.audio import RATE_HZ
from pipeline.speech.sound_samples import speech


class LanguageModel(Protocol):
    """A model that tells languages."""

    def detect_language(self, audio: NDArray[np.float32]) -> tuple[str, float, list[tuple[str, float]]]:
        """Return a language's code and probability, and the probabilities of all of them."""
        ...


def voted_language(model: LanguageModel, samples: Iterable[NDArray[np.float32]]) -> tuple[str, float] | None:
    """Return the language that is the most probable at the mean over samples, and that mean; None without speech.

    Samples are float32 mono (n,), 16 kHz; one without speech has no vote.
    """
    sums: dict[str, float] = defaultdict(float)
    votes = 0
    for sample in samples:
        parts = speech(sample)
        if not parts:
            continue
        votes += 1
        for language, probability in model.detect_language(sample[round(parts[0][0] * RATE_HZ) :])[2]:
            sums[language] += probability
    if not votes:
        return None
    best = max(sums, key=lambda language: sums[language])
    return best, sums[best] / votes
