"""Captions of a video begin and end at its changes of shot."""

from __future__ import annotations

from pathlib import Path

import pytest
from converting import convert
from source_clips import AAC, H264, run

from cli.main import EXIT_DONE, EXIT_WRONG_USAGE, run_command
from config import Config
from pipeline.job import CaptionRules, TranscriptionRequest
from pipeline.model import Outcome
from pipeline.speech.cues import Cue
from pipeline.speech.subtitle_files import read_subtitles


@pytest.fixture(scope="module")
def clip(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Speech that begins five frames before a change of shot."""
    shots = (("red", 0.92), ("white", 2.28), ("black", 3.8))
    inputs = [p for c, s in shots for p in ("-f", "lavfi", "-i", f"color={c}:size=160x90:rate=25:duration={s}")]
    speech = ("-i", str(sample), "-filter_complex", "[0:v][1:v][2:v]concat=n=3:v=1:a=0[v]")
    folder = tmp_path_factory.mktemp("shots")
    return run(folder, "shots.mp4", *inputs, *speech, "-map", "[v]", "-map", "3:a", "-t", "7", *H264, *AAC)


FIRST = Cue(start_s=0.92, end_s=3.12, text="welcome lesson one")


def test_captions_begin_and_end_at_changes_of_shot(clip: Path, small_model: Path, tmp_path: Path):
    """A caption that begins five frames before a change begins on it; one that ends near another, two frames before."""
    asked = TranscriptionRequest(model=str(small_model), profile=CaptionRules.NETFLIX)
    made = convert(clip, tmp_path / "out", transcription=asked)
    assert Outcome.DONE is made.report.outcome
    assert FIRST == read_subtitles(made.folder / "subtitles.vtt").cues[0]


def test_so_do_those_of_a_transcript_alone(clip: Path, small_model: Path, tmp_path: Path):
    """The shots of the source are found, and `captions shape` finds them in the video that it is given."""
    asked = ["transcribe", str(clip), "-o", str(tmp_path), "--model", str(small_model)]
    assert EXIT_DONE == run_command(asked, Config())
    assert FIRST == read_subtitles(tmp_path / "shots.vtt").cues[0]
    shape = ["captions", "shape", str(tmp_path / "shots.json"), "-o"]
    assert EXIT_DONE == run_command([*shape, str(tmp_path / "plain.vtt")], Config())
    assert EXIT_DONE == run_command([*shape, str(tmp_path / "snapped.vtt"), "--video", str(clip)], Config())
    firsts = [read_subtitles(tmp_path / name).cues[0] for name in ("plain.vtt", "snapped.vtt")]
    assert [False, True] == [FIRST == first for first in firsts]


@pytest.mark.parametrize(
    ("content", "said"), [(None, "was not found"), (b"", "is empty"), (b"no video", "is a text, not a video")]
)
def test_shaping_by_a_video_that_is_none(tmp_path: Path, capsys, content, said):
    """Is wrong usage, said in a sentence."""
    captions, video = tmp_path / "talk.srt", tmp_path / "talk.mp4"
    captions.write_text("1\n00:00:01,000 --> 00:00:02,000\nWelcome.\n", encoding="utf-8")
    if content is not None:
        video.write_bytes(content)
    assert EXIT_WRONG_USAGE == run_command(["captions", "shape", str(captions), "--video", str(video)], Config())
    printed = capsys.readouterr()
    assert ("", True, True) == (printed.out, str(video) in printed.err, said in printed.err)
