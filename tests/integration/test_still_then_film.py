"""A still that stands for long, then film: the film is as good as it is by itself, whatever the file's average rate."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from converting import ULTRAFAST, Converted, convert
from source_clips import run

from pipeline.cancel import CancelToken
from pipeline.media.encode.vmaf import measure_vmaf
from pipeline.media.ffmpeg.process import find_ffmpeg
from pipeline.model import Outcome

STILL_S, FILM_S = 20, 4
SIZE = (640, 360)
FILM = ("-f", "lavfi", "-i", f"testsrc2=size={SIZE[0]}x{SIZE[1]}:rate=25")
STILL = ("-f", "lavfi", "-i", f"smptehdbars=size={SIZE[0]}x{SIZE[1]}:rate=25:duration={STILL_S}")
TAGS = "setparams=range=tv:color_primaries=bt709:color_trc=bt709:colorspace=bt709"
H264 = ("-c:v", "libx264", "-preset", "veryfast", "-crf", "20", "-pix_fmt", "yuv420p", "-g", "50", "-sc_threshold", "0")


@pytest.fixture(scope="module")
def clips(tmp_path_factory) -> tuple[Path, Path]:
    """Four seconds of film, and the same after twenty of a still, which take a thirtieth of its rate."""
    folder = tmp_path_factory.mktemp("clips")
    film = run(folder, "film.mp4", *FILM, "-t", str(FILM_S), "-vf", TAGS, *H264)
    moving = f"[1:v]trim=duration={FILM_S}[film];[0:v][film]concat=n=2,{TAGS}"
    return film, run(folder, "still_then_film.mp4", *STILL, *FILM, "-filter_complex", moving, *H264)


def _vmaf(made: Converted, film: Path, start_s: int, folder: Path) -> float:
    """Return how close the film in the stream comes to the film."""
    playlist = made.folder / "360p" / "index.m3u8"
    lossless = ("-vf", f"trim=start={start_s},setpts=PTS-STARTPTS", "-c:v", "ffv1")
    part = run(folder, f"from-{start_s}.mkv", "-i", str(playlist), *lossless)
    return measure_vmaf(find_ffmpeg(""), part, film, SIZE, scratch=folder, cancel=CancelToken(), every=2)


@pytest.mark.parametrize("preset", ["ultrafast", "veryfast"])
def test_film_after_a_still_is_as_good_as_film_alone(clips, tmp_path, preset):
    """The ceiling goes by where the source takes most, so the still takes nothing from the film."""
    film, both = clips
    encoding = replace(ULTRAFAST, preset=preset)
    alone = convert(film, tmp_path / "alone", encoding=encoding)
    after = convert(both, tmp_path / "after", encoding=encoding)
    assert [(Outcome.DONE, "", ())] * 2 == [alone.whole, after.whole]
    scores = [_vmaf(alone, film, 0, tmp_path), _vmaf(after, film, STILL_S, tmp_path)]
    assert scores[1] > scores[0] - 1, scores


def test_a_still_and_film_can_be_kept_as_they_are(clips, tmp_path):
    """What the film takes lies within the table, however little the whole takes on average."""
    made = convert(clips[1], tmp_path, encoding=replace(ULTRAFAST, copy_top=True))
    assert (Outcome.DONE, "", ()) == made.whole
    assert any("360p is the original video as it is." in text for text in made.log), made.log
