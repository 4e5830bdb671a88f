"""Long sound is heard in blocks that are cut where nobody speaks."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.errors import SpeechError
from pipeline.speech import whisper
from pipeline.speech.audio import RATE_HZ, SourceAudio, read_audio
from pipeline.speech.transcript import Segment


def test_a_long_sound_is_cut_between_phrases(sample, small_model, monkeypatch):
    """With blocks far shorter than the clip the same words come out at the same times,
    and the clock never goes back.
    """
    monkeypatch.setattr(whisper, "BLOCK_S", 6)
    model = whisper.load(small_model, "small", None)
    heard = list(whisper.Listener(model, None).listen(read_audio(sample)))
    segments = [item for item in heard if isinstance(item, Segment)]
    clock = [item for item in heard if not isinstance(item, Segment)]
    assert sample.with_suffix(".txt").read_text(encoding="utf-8").splitlines() == [segment.text for segment in segments]
    assert [0.8, 4.15, 7.5, 11.2] == pytest.approx([segment.start_s for segment in segments], abs=0.2)
    assert (sorted(clock), 14.0) == (clock, pytest.approx(clock[-1], abs=0.1))


def test_speech_without_a_pause_is_cut_all_the_same(sample, small_model, monkeypatch):
    """Somebody who never pauses can't make a block grow for ever."""
    monkeypatch.setattr(whisper, "BLOCK_S", 2)
    samples = np.concatenate(list(read_audio(sample).pieces))[int(0.75 * RATE_HZ) : int(2.45 * RATE_HZ)]
    model = whisper.load(small_model, "small", "en")
    listener = whisper.Listener(model, "en")
    list(listener.listen(SourceAudio(duration_s=0.0, pieces=iter(np.array_split(np.tile(samples, 4), 50)))))
    assert len(samples) * 4 / RATE_HZ == pytest.approx(listener.heard_s, abs=0.01)


def test_an_english_model_hears_english_only(small_model, monkeypatch):
    """A language that the model does not know is refused."""
    monkeypatch.setattr(whisper.WhisperModel, "supported_languages", ["en"])
    with pytest.raises(SpeechError, match=r"^The Whisper model 'small\.en' hears English only"):
        whisper.load(small_model, "small.en", "fr")
