"""A script gets its times from a real model and recorded speech."""

from __future__ import annotations

from dataclasses import replace
from statistics import median

import pytest

from pipeline.cancel import CancelToken
from pipeline.errors import SpeechError
from pipeline.speech.scripted import align_script
from pipeline.speech.transcribe import transcribe


@pytest.mark.parametrize("number", [0, 1, 3])
def test_a_script_is_aligned_exactly(tiny_en, librivox, number, whisper):
    """Every word is as it is written, also where the model heard another; rough times become exact."""
    recording = librivox[number]
    heard = transcribe(whisper, recording.path, CancelToken(), model=str(tiny_en))
    known = {w.text.strip(" .,").lower(): w.start_s for segment in heard.segments for w in segment.words}
    rough = replace(heard, segments=tuple(segment.shifted(0.4) for segment in heard.segments))
    script = f"{' '.join(recording.words[:4]).upper()}\n{' '.join(recording.words[4:])}."
    made = align_script(whisper, recording.path, CancelToken(), rough, script, model=str(tiny_en))
    words = [word for segment in made.segments for word in segment.words]
    assert script.split() == [word.text.strip() for word in words]
    times = [time for word in words for time in (word.start_s, word.end_s)]
    assert sorted(times) == times
    plain = [word.text.strip(" .").lower() for word in words]
    errors = [
        abs(word.start_s - known[text])
        for word, text in zip(words[1:], plain[1:], strict=True)
        if text in known and plain.count(text) == 1
    ]
    assert (True, True) == (len(errors) >= 3, median(errors) <= 0.05)


def test_a_script_of_something_else(tiny_en, librivox, whisper):
    """Is refused: its times would be no times."""
    heard = transcribe(whisper, librivox[3].path, CancelToken(), model=str(tiny_en))
    with pytest.raises(SpeechError, match="The script does not match the speech: 0 of its 3 words were recognized"):
        align_script(whisper, librivox[3].path, CancelToken(), heard, "Quite another text", model=str(tiny_en))
