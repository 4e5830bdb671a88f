"""Three samples over an audio track vote for its language."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from pipeline.cancel import CancelToken
from pipeline.speech.audio import RATE_HZ, read_audio
from pipeline.speech.audio_samples import SAMPLE_S, samples_of
from pipeline.speech.language_vote import language_of, voted_language
from pipeline.speech.transcribe import transcribe


class Model:
    """Says what it was told to, and notes how much it was given."""

    def __init__(self, *answers: dict[str, float]) -> None:
        self.answers = list(answers)
        self.lengths_s: list[float] = []

    def detect_language(self, audio):
        self.lengths_s.append(len(audio) / RATE_HZ)
        answer = self.answers.pop(0)
        best = max(answer, key=answer.__getitem__)
        return best, answer[best], list(answer.items())


@pytest.fixture
def spoken(sample):
    """The sample's audio, float32 mono (n,), 16 kHz."""
    return np.concatenate(list(read_audio(sample).pieces))


def test_the_most_probable_at_the_mean(spoken):
    """A greeting in another language does not decide; a sample is given from where somebody speaks."""
    model = Model({"es": 0.8, "en": 0.2}, {"en": 0.9, "es": 0.1}, {"en": 0.7, "es": 0.3})
    silence = np.zeros(2 * RATE_HZ, dtype=np.float32)
    assert ("en", pytest.approx(0.6)) == voted_language(model, [np.concatenate([silence, spoken]), spoken, spoken])
    assert len(spoken) / RATE_HZ + 1.0 > model.lengths_s[0]


def test_what_cannot_be_outvoted_is_decided(spoken):
    """Where two samples agree and are sure, whatever the third one says, it is not asked."""
    model = Model({"en": 0.95, "es": 0.05}, {"en": 0.9, "es": 0.1}, {"es": 1.0})
    assert (("en", pytest.approx(0.925)), 1) == (voted_language(model, [spoken] * 3), len(model.answers))


def test_a_close_vote_asks_all(spoken):
    """Two samples that are not sure may be outvoted by the third."""
    model = Model({"en": 0.7, "es": 0.3}, {"en": 0.7, "es": 0.3}, {"es": 1.0})
    assert (("es", pytest.approx(1.6 / 3)), []) == (voted_language(model, [spoken] * 3), model.answers)


def test_silence_has_no_vote(spoken):
    """A sample without speech isn't asked for its language, and without any speech there is none."""
    silence = np.zeros(5 * RATE_HZ, dtype=np.float32)
    assert ("en", 0.9) == voted_language(Model({"en": 0.9, "es": 0.1}), [silence, spoken, silence])
    assert voted_language(Model(), [silence, silence]) is None


def test_samples_of_a_long_audio(make_audio):
    """They come from the middle of each third, or of each third of the part that is converted."""
    tones = [f"sine=frequency={hz}:duration=40" for hz in (200, 400, 800)]
    inputs = [argument for tone in tones for argument in ("-f", "lavfi", "-i", tone)]
    clip = make_audio("long.flac", *inputs, "-filter_complex", "concat=n=3:v=0:a=1")

    def pitches(**part: float) -> list[int]:
        samples = [sample.mixed for sample in samples_of(clip, 0, **part)]
        assert [SAMPLE_S] * 3 == [pytest.approx(len(sample) / RATE_HZ, abs=0.2) for sample in samples]
        return [round(np.count_nonzero(np.diff(np.signbit(s))) * RATE_HZ / len(s) / 2) for s in samples]

    assert [200, 400, 800] == [pytest.approx(hz, abs=3) for hz in pitches()]
    assert [200, 800] == [pytest.approx(hz, abs=3) for hz in pitches(from_s=0.0, until_s=119.0)[::2]]


def test_a_long_audio_in_one_language(make_audio, sample, small_model, whisper):
    """The language that most of it is in is the transcript's, with its probability."""
    clip = make_audio("long.flac", "-stream_loop", "3", "-i", str(sample), "-map", "0:a")
    heard = transcribe(whisper, clip, CancelToken(), model=str(small_model))
    assert ("en", True) == (heard.language, 0.5 < heard.language_probability <= 1)


@pytest.mark.parametrize(("window_s", "languages", "votes"), [(10.0, True, 2), (30.0, True, 0), (10.0, False, 0)])
def test_a_vote_where_it_tells_more_than_the_first_window(make_audio, sample, window_s, languages, votes):
    """Not where the audio is shorter than three windows, nor where the model hears one language only."""
    clip = make_audio("clip.flac", "-stream_loop", "3", "-i", str(sample), "-map", "0:a", "-t", "50")
    model = Model({"en": 1.0}, {"en": 1.0}, {"en": 1.0})
    model.window_s, model.model = window_s, SimpleNamespace(is_multilingual=languages)
    found = language_of(model, clip, 0, channel=None, from_s=0.0, until_s=None, duration_s=50.0)
    assert (("en", 1.0) if votes else None, votes) == (found, len(model.lengths_s))
