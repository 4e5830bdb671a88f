"""The exact times of a segment's words, with a real model and recorded speech."""

from __future__ import annotations

from statistics import median

import pytest

from pipeline.cancel import CancelToken
from pipeline.errors import Cancelled, SpeechError
from pipeline.speech.child import WhisperProcess
from pipeline.speech.transcribe import transcribe
from transcripts.exact_times import exact_words, model_for
from transcripts.media import LocalMedia
from transcripts.segment_edits import SegmentEditError


@pytest.fixture
def whisper():
    """A process of the test's own."""
    with WhisperProcess() as process:
        yield process


def row_of(words, start_s, end_s):
    """Return a segment whose words have equal parts of its time, whenever they are said."""
    part = (end_s - start_s) / len(words)
    listed = [[word, start_s + number * part, part, None] for number, word in enumerate(words)]
    fields = {"start": start_s, "duration": end_s - start_s, "text": " ".join(words), "language": "en"}
    return {"id": "s1", **fields, "alignment": {"word": listed}}


def align(whisper, path, row, model, cancel=None):
    """Align a segment of a file."""
    return exact_words(whisper, LocalMedia(path), row, str(model), cancel or CancelToken(), lambda _: None)


@pytest.mark.parametrize("number", [0, 1, 3])
def test_words_are_where_they_are_said(tiny_en, librivox, whisper, number):
    """Words with rough times get those at which they are heard, in order and within the segment."""
    recording = librivox[number]
    heard = transcribe(whisper, recording.path, CancelToken(), model=str(tiny_en))
    words = [word for segment in heard.segments for word in segment.words]
    row = row_of([word.text.strip() for word in words], max(0.0, words[0].start_s - 0.1), words[-1].end_s + 0.1)
    made = align(whisper, recording.path, row, tiny_en)
    assert [word.text.strip() for word in words] == [one[0] for one in made]
    errors = [abs(one[1] - word.start_s) for one, word in zip(made, words, strict=True)]
    assert median(errors) <= 0.08
    times = [time for _, start_s, duration_s, _ in made for time in (start_s, round(start_s + duration_s, 3))]
    assert (sorted(times), True) == (times, times[-1] <= row["start"] + row["duration"] + 0.001)


@pytest.mark.parametrize(
    ("fields", "said"),
    [({"text": " "}, "no words"), ({"duration": 28.1}, "split it first")],
    ids=["no text", "too long"],
)
def test_what_can_not_be_aligned(sample, small_model, whisper, fields, said):
    """The reason is a sentence."""
    with pytest.raises(SegmentEditError, match=said):
        align(whisper, sample, row_of(["chapter", "seven"], 3.5, 5.5) | fields, small_model)


def test_no_model(sample, tmp_path, whisper):
    """A model that is not there is named."""
    with pytest.raises(SpeechError, match="isn't there"):
        align(whisper, sample, row_of(["chapter"], 3.5, 5.5), tmp_path / "none")


def test_cancelled(sample, small_model, whisper):
    """Nothing is aligned any more."""
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        align(whisper, sample, row_of(["chapter"], 3.5, 5.5), small_model, cancel)


@pytest.mark.parametrize(
    ("generator", "chosen", "model"),
    [("tiny.en", "", "tiny.en"), ("tiny.en", "small", "small"), ("my-model", "", "base"), (None, " ", "base")],
)
def test_which_model(generator, chosen, model):
    """The chosen one, else the one that heard the segment if it can be had by its name, else `base`."""
    assert model == model_for({"generator": generator}, chosen)
