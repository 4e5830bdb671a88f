"""Audio is heard window by window: no word is lost where two meet, and none is made up where nobody speaks."""

from __future__ import annotations

import re
import tracemalloc
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest

from pipeline.errors import SpeechError
from pipeline.speech import whisper
from pipeline.speech.audio import RATE_HZ, SourceAudio, read_audio
from pipeline.speech.recognizer import SpeechRecognizer
from pipeline.speech.transcript import Segment, Word

SPEAKS_AT_S = 3.0
"""How long the silence before each recording is."""


@pytest.fixture(scope="module")
def real_model(tiny_en):
    """The real model, loaded once."""
    return whisper.load_whisper(tiny_en, "tiny.en")


def audio(samples) -> SourceAudio:
    """Samples as a source's audio, in pieces of a tenth of a second."""
    return SourceAudio(duration_s=0.0, pieces=iter(np.split(samples, range(1600, len(samples), 1600))))


def silence(duration_s: float):
    """Samples of silence."""
    return np.zeros(round(duration_s * RATE_HZ), dtype=np.float32)


def samples_of(path):
    """The samples of a file."""
    return np.concatenate(list(read_audio(path).pieces))


def heard(recognizer: SpeechRecognizer, audio: SourceAudio) -> list[Segment]:
    """All segments that are heard in the audio."""
    return [item for item in recognizer.recognize(audio) if isinstance(item, Segment)]


def letters(text: str) -> str:
    """A text without what people write in different ways."""
    return re.sub(r"[^a-z]", "", text.lower().replace("mr.", "mister"))


def spoken_letters(words: Sequence[Word]) -> str:
    """What words say, in letters."""
    return letters("".join(word.text for word in words))


def spoken(segments: Sequence[Segment]) -> str:
    """What segments say, in letters."""
    return spoken_letters([word for segment in segments for word in segment.words])


def test_the_samples_phrases(sample, small_model):
    """The phrases of a clip come out where they are spoken, and the clock never goes back."""
    items = list(SpeechRecognizer(whisper.load_whisper(small_model, "small"), None).recognize(read_audio(sample)))
    segments = [item for item in items if isinstance(item, Segment)]
    clock = [item for item in items if not isinstance(item, Segment)]
    assert sample.with_suffix(".txt").read_text(encoding="utf-8").splitlines() == [segment.text for segment in segments]
    assert [0.8, 4.15, 7.5, 11.2] == pytest.approx([segment.start_s for segment in segments], abs=0.15)
    assert (sorted(clock), 14.0) == (clock, pytest.approx(clock[-1], abs=0.1))


def test_speech_without_a_pause_is_cut_all_the_same(sample, small_model):
    """Somebody who never pauses is heard to the end."""
    samples = samples_of(sample)[int(0.75 * RATE_HZ) : int(2.45 * RATE_HZ)]
    recognizer = SpeechRecognizer(whisper.load_whisper(small_model, "small"), "en")
    heard(recognizer, audio(np.tile(samples, 12)))
    assert len(samples) * 12 / RATE_HZ == pytest.approx(recognizer.recognized_s, abs=0.01)


def test_words_across_windows(librivox, real_model):
    """Recordings longer than a window together come out whole, each where it is spoken, to its last word."""
    clips = [samples_of(recording.path) for recording in librivox]
    pieces, starts, length = [], [], 0
    for clip in [*clips, *clips]:
        pieces += [silence(SPEAKS_AT_S), clip]
        starts.append(length / RATE_HZ + SPEAKS_AT_S)
        length += len(silence(SPEAKS_AT_S)) + len(clip)
    segments = heard(SpeechRecognizer(real_model, "en"), audio(np.concatenate(pieces)))
    words = [word for segment in segments for word in segment.words]
    moments = [moment for word in words for moment in (word.start_s, word.end_s)]
    assert (sorted(moments), True) == (moments, moments[-1] <= length / RATE_HZ)
    firsts = [word.start_s for before, word in pairwise(words) if word.start_s - before.end_s > SPEAKS_AT_S - 1]
    onsets = [start + _silent_s(clip) for start, clip in zip(starts, [*clips, *clips], strict=True)]
    assert onsets == pytest.approx([words[0].start_s, *firsts], abs=0.3)
    edges = [0, *(words.index(word) for word in words if word.start_s in firsts), len(words)]
    said = [spoken_letters(words[first:end]) for first, end in pairwise(edges)]
    expected = ["".join(recording.words) for recording in (*librivox, *librivox)]
    assert [text[:6] + text[-5:] for text in expected] == [text[:6] + text[-5:] for text in said]
    assert [len(text) for text in expected] == pytest.approx([len(text) for text in said], abs=4)


def _silent_s(clip) -> float:
    """How long nobody speaks at the begin of a recording: loudness in steps of 10 ms against the loudest."""
    power = np.square(clip[: len(clip) // 160 * 160].reshape(-1, 160)).mean(axis=1)
    return float(np.argmax(power > power.max() / 200)) / 100


@pytest.mark.parametrize("lead_s", [0.0, 0.2], ids=["at once", "after a breath"])
def test_first_and_last_words(lead_s, librivox, real_model):
    """Speech that fills a file from its begin to its end loses neither its first nor its last word."""
    recording = librivox[3]
    clip = samples_of(recording.path)
    power = np.square(clip[: len(clip) // 160 * 160].reshape(-1, 160)).mean(axis=1)
    loud = np.flatnonzero(power > power.max() / 1000)
    cut = clip[max(0, loud[0] * 160 - round(lead_s * RATE_HZ)) : (loud[-1] + 1) * 160]
    said = spoken(heard(SpeechRecognizer(real_model, "en"), audio(cut)))
    assert ("hadhe", "thanhewas") == (said[:5], said[-9:])


def sine(hertz: float):
    """A steady tone of six seconds."""
    return 0.3 * np.sin(2 * np.pi * hertz * np.arange(6 * RATE_HZ) / RATE_HZ)


def chords():
    """Six seconds of music: four chords on something like an organ."""
    times = np.arange(round(1.5 * RATE_HZ)) / RATE_HZ
    fade = np.minimum(1, np.minimum(times, times[::-1]) * 20)
    roots = (220.0, 293.7, 329.6, 220.0)
    return np.concatenate(
        [
            fade * sum(np.sin(2 * np.pi * root * part * times) / part for part in (1, 1.26, 1.5, 2)) * 0.1
            for root in roots
        ]
    )


def applause():
    """Six seconds of many hands: bursts of noise that fade."""
    rng = np.random.default_rng(7)
    samples = np.zeros(6 * RATE_HZ)
    for at in rng.integers(0, len(samples) - 800, 900):
        samples[at : at + 800] += rng.normal(0, 0.08, 800) * np.exp(-np.arange(800) / 150)
    return samples


NOISES = {
    "silence": lambda: np.zeros(6 * RATE_HZ),
    "hum": lambda: sine(50) + sine(100) / 3,
    "noise": lambda: np.random.default_rng(1).normal(0, 0.05, 6 * RATE_HZ),
    "music": chords,
    "applause": applause,
    "typing": lambda: np.random.default_rng(2).normal(0, 0.2, 6 * RATE_HZ) * (np.arange(6 * RATE_HZ) % 3200 < 160),
    "beeps": lambda: sine(1000) * (np.arange(6 * RATE_HZ) % RATE_HZ < 3200),
}


@pytest.mark.parametrize("make", NOISES.values(), ids=NOISES)
def test_no_words_where_nobody_speaks(make, real_model):
    """Silence and noises of many kinds are heard as nothing."""
    assert [] == heard(
        SpeechRecognizer(real_model, "en"), audio(np.concatenate([silence(1), make()]).astype(np.float32))
    )


@pytest.mark.parametrize("name", ["hum", "noise"])
def test_speech_between_noises(name, librivox, real_model):
    """Of speech between two long noises the words alone are heard."""
    noise = np.float32(0.3) * np.tile(NOISES[name](), 3).astype(np.float32)
    samples = np.concatenate([noise, silence(0.5), samples_of(librivox[1].path), silence(0.5), noise])
    words = [word for segment in heard(SpeechRecognizer(real_model, "en"), audio(samples)) for word in segment.words]
    start_s, end_s = len(noise) / RATE_HZ, (len(samples) - len(noise)) / RATE_HZ
    assert [] == [word for word in words if word.start_s < start_s or word.end_s > end_s]
    assert ("hewas", "youngman") == (spoken_letters(words)[:5], spoken_letters(words)[-8:])


def test_fast_hears_windows_together(librivox, real_model, monkeypatch):
    """What is heard fast has the first and the last words, in order, out of few calls of the model."""
    clips = [part for recording in librivox for part in (silence(SPEAKS_AT_S), samples_of(recording.path))]
    together, calls = real_model.recognize_together, []

    def counted(samples, windows, *rest, **named):
        calls.append(len(windows))
        return together(samples, windows, *rest, **named)

    monkeypatch.setattr(real_model, "recognize_together", counted)
    segments = heard(SpeechRecognizer(real_model, "en", fast=True), audio(np.concatenate([*clips, *clips])))
    words = [word for segment in segments for word in segment.words]
    moments = [moment for word in words for moment in (word.start_s, word.end_s)]
    assert ([3], sorted(moments)) == (calls, moments)
    assert ("andmister", "himself") == (spoken_letters(words)[:9], spoken_letters(words)[-7:])


def test_an_hour_is_not_held(real_model):
    """Of long audio only a few minutes are in memory at any time: an hour would take 230 MB."""
    recognizer = SpeechRecognizer(real_model, "en")
    tracemalloc.start()
    try:
        clocks = list(recognizer.recognize(SourceAudio(duration_s=3600.0, pieces=(silence(30) for _ in range(120)))))
        peak_mb = tracemalloc.get_traced_memory()[1] / 1e6
    finally:
        tracemalloc.stop()
    assert (3600.0, True, True) == (clocks[-1], sorted(clocks) == clocks, peak_mb < 60)


def test_a_window_is_heard_in_one_step(librivox, real_model, monkeypatch):
    """A window that is cut off within a sentence is encoded once: what is left of it belongs to the next."""
    clips = [samples_of(librivox[0].path), samples_of(librivox[3].path)]
    encode, calls = real_model.encode, []
    monkeypatch.setattr(real_model, "encode", lambda features: calls.append(features.shape) or encode(features))
    heard_window = real_model.recognize(np.concatenate(clips)[: round(11.2 * RATE_HZ)], "en")
    assert (1, True) == (len(calls), 0 < heard_window.end_s < 11.2)


def test_an_english_model_hears_english_only(small_model, monkeypatch):
    """A language that the model does not know is refused."""
    model = whisper.load_whisper(small_model, "small.en")
    monkeypatch.setattr(whisper.WindowModel, "supported_languages", ["en"])
    with pytest.raises(SpeechError, match=r"^The Whisper model 'small\.en' understands English only"):
        whisper.check_model(model, "small.en", "fr", translate=False)
