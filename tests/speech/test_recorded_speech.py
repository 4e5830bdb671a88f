"""The program hears recorded speech with a real model, in words with times and probabilities."""

from __future__ import annotations

import re

import pytest

from pipeline.cancel import CancelToken
from pipeline.speech.transcribe import transcribe

SENTENCES = [2, 3, 4]
"""Which of the recordings: those in which the model hears every word."""


@pytest.mark.parametrize("number", SENTENCES)
def test_recorded_sentences(tiny_en, librivox, number, whisper):
    """The words come with times in order and with the probabilities of a model that is sure of them."""
    recording = librivox[number]
    heard = transcribe(whisper, recording.path, CancelToken(), model=str(tiny_en))
    words = [word for segment in heard.segments for word in segment.words]
    spoken = re.sub(r"[^a-z]", "", "".join(word.text for word in words).lower())
    assert ("".join(recording.words), "en", "tiny.en") == (spoken, heard.language, heard.origin.model)
    moments = [moment for word in words for moment in (word.start_s, word.end_s)]
    assert (sorted(moments), True) == (moments, moments[-1] <= heard.duration_s)
    probabilities = [word.probability for word in words]
    assert (True, True) == (all(0 < p <= 1 for p in probabilities), sum(probabilities) / len(words) > 0.7)
    assert {"en"} == {segment.language for segment in heard.segments}
