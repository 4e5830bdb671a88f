"""Captions of recorded speech, heard by a real model, keep the rules."""

from __future__ import annotations

from pathlib import Path

import pytest
from source_clips import run

from pipeline.cancel import CancelToken
from pipeline.job import CaptionRules
from pipeline.speech.caption_check import check_cues
from pipeline.speech.caption_profiles import caption_profile
from pipeline.speech.child import WhisperProcess
from pipeline.speech.cue_shaping import shape_cues
from pipeline.speech.transcribe import transcribe
from pipeline.speech.transcript import Transcript


@pytest.fixture(scope="module")
def heard(tiny_en: Path, librivox, tmp_path_factory: pytest.TempPathFactory) -> Transcript:
    """All sentences, half a second between them."""
    inputs = [part for recording in librivox for part in ("-i", str(recording.path))]
    padded = "".join(f"[{number}:a]apad=pad_dur=0.5[a{number}];" for number in range(len(librivox)))
    names = "".join(f"[a{number}]" for number in range(len(librivox)))
    graph = f"{padded}{names}concat=n={len(librivox)}:v=0:a=1"
    clip = run(tmp_path_factory.mktemp("speech"), "book.wav", *inputs, "-filter_complex", graph)
    with WhisperProcess() as whisper:
        return transcribe(whisper, clip, CancelToken(), model=str(tiny_en))


@pytest.mark.parametrize("rules", CaptionRules)
def test_recorded_speech_keeps_the_limits(heard: Transcript, rules: CaptionRules):
    """No word is lost, and no caption is too fast, too short or too long for adults; what is for others is counted."""
    profile = caption_profile(rules, "en")
    cues = shape_cues(heard, profile)
    words = [word for segment in heard.segments for word in segment.text.split()]
    assert words == " ".join(cue.text for cue in cues).split()
    report = check_cues(cues, profile, language="en", frame_rate=25)
    slow = rules in (CaptionRules.NETFLIX, CaptionRules.NETFLIX_DEAF)
    assert [] == [found for found in report.broken if slow or found.rule not in ("speed", "break")]
