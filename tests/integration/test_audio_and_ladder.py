"""A stream of a video's audio alone, and a ladder that fits its video: made, played by the validator, made again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from converting import ULTRAFAST, convert
from source_clips import AAC, H264, run, tone

from pipeline.model import Outcome, PhaseName, PhaseOutcome

FITTED = replace(ULTRAFAST, target_vmaf=90.0, fit_ladder=True)


@pytest.fixture(scope="module")
def slide(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three seconds of a slide that fills 480p, with a tone."""
    picture = ("-f", "lavfi", "-i", "smptebars=size=854x480:rate=10:duration=3", *tone(length_s=3))
    return run(tmp_path_factory.mktemp("clips"), "slide.mp4", *picture, *H264, *AAC)


def test_a_ladder_that_fits_a_slide(slide, tmp_path):
    """360p costs hardly less than 480p, so it is left out, of the whole stream; a rerun finds everything done."""
    made = convert(slide, tmp_path, encoding=FITTED, make_mp4=True)
    assert (Outcome.DONE, "", ()) == made.whole
    assert ["480p"] == [Path(line).parts[0] for line in made.master.splitlines() if line.endswith("/index.m3u8")]
    assert (False, True, True) == (
        (made.folder / "360p").exists(),
        (made.folder / "offline_480p.mp4").is_file(),
        any(text.startswith("360p is left out: the next larger quality takes hardly more (480p ") for text in made.log),
    )
    again = convert(slide, tmp_path, encoding=FITTED, make_mp4=True)
    outcomes = {one.phase: one.outcome for one in again.report.phases}
    assert {PhaseName.HLS: PhaseOutcome.REUSED, PhaseName.MP4: PhaseOutcome.REUSED} == outcomes
    whole = convert(slide, tmp_path, encoding=replace(FITTED, fit_ladder=False), make_mp4=True)
    assert ((Outcome.DONE, "", ()), True) == (whole.whole, (whole.folder / "360p" / "index.m3u8").is_file())


def test_the_audio_of_a_video_alone(slide, tmp_path):
    """It is a stream like that of an audio file; the video comes into the same folder when it is asked for."""
    made = convert(slide, tmp_path, audio_only=True, make_mp4=True)
    assert (Outcome.DONE, "", ()) == made.whole
    assert (["mp4a.40.2"], False, False) == (
        [tag["CODECS"] for tag in made.tags("EXT-X-STREAM-INF")],
        (made.folder / "offline_480p.mp4").exists(),
        any(made.folder.glob("*.jpg")),
    )
    again = convert(slide, tmp_path, audio_only=True, make_mp4=False)
    assert [PhaseOutcome.REUSED] == [one.outcome for one in again.report.phases]
    whole = convert(slide, tmp_path)
    assert ((Outcome.DONE, "", ()), 2, False) == (
        whole.whole,
        len(whole.tags("EXT-X-STREAM-INF")),
        any("earlier version" in text for text in whole.log),
    )
