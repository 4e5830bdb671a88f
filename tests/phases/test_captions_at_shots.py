"""Captions of a video begin and end at its changes of shot."""

from __future__ import annotations

from pathlib import Path

from converting import convert
from source_clips import AAC, H264, run

from pipeline.job import CaptionRules, TranscriptionRequest
from pipeline.model import Outcome
from pipeline.speech.cues import Cue
from pipeline.speech.subtitle_files import read_subtitles


def test_captions_begin_and_end_at_changes_of_shot(sample: Path, small_model: Path, tmp_path: Path):
    """A caption that begins five frames before a change begins on it; one that ends near another, two frames before."""
    shots = (("red", 0.92), ("white", 2.28), ("black", 3.8))
    inputs = [p for c, s in shots for p in ("-f", "lavfi", "-i", f"color={c}:size=160x90:rate=25:duration={s}")]
    speech = ("-i", str(sample), "-filter_complex", "[0:v][1:v][2:v]concat=n=3:v=1:a=0[v]")
    clip = run(tmp_path, "shots.mp4", *inputs, *speech, "-map", "[v]", "-map", "3:a", "-t", "7", *H264, *AAC)
    asked = TranscriptionRequest(model=str(small_model), profile=CaptionRules.NETFLIX)
    made = convert(clip, tmp_path / "out", transcription=asked)
    first = read_subtitles(made.folder / "subtitles.vtt").cues[0]
    assert Outcome.DONE is made.report.outcome
    assert Cue(start_s=0.92, end_s=3.12, text="welcome lesson one") == first
