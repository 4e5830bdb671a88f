"""Sources of which an edit list hides a part: what the stream shows, and when, is what a player shows of the source.

Each frame carries its number, so it is known which one is shown at which time.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import imageio_ffmpeg
import pytest
from edited_mp4 import Edit, with_edits
from numbered_frames import numbered, numbers

from config import Config
from pipeline import wiring
from pipeline.cancel import CancelToken
from pipeline.job import EncoderFamily, EncodingRequest, Job
from pipeline.media.source.probe import probe
from pipeline.media.source.source_notes import source_notes
from pipeline.model import JobReport, Outcome

TIMELINE_S = 10
LENGTH_S = 16
FRAME_S = 0.04


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A numbered video with B-frames and a keyframe every 4 s, and a tone."""
    clip = tmp_path_factory.mktemp("clips") / "whole.mp4"
    codec = ["-c:v", "libx264", "-preset", "veryfast", "-g", "100", "-bf", "3", "-pix_fmt", "yuv420p", "-c:a", "aac"]
    _ffmpeg(
        *numbered(size="160x90", length_s=LENGTH_S),
        "-f",
        "lavfi",
        "-i",
        f"sine=sample_rate=48000:duration={LENGTH_S}",
        *codec,
        str(clip),
    )
    return clip


def _ffmpeg(*arguments: str) -> None:
    subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-nostdin", "-y", *arguments], check=True)


@pytest.fixture
def convert(tmp_path: Path) -> Callable[..., JobReport]:
    """Return what converts a source with the default settings but for the time that it takes."""

    def run(source: Path, **encoding: object) -> JobReport:
        asked = EncodingRequest(**{"preset": "ultrafast", "encoder": EncoderFamily.CPU} | encoding)
        job = Job(source=source, output_dir=tmp_path / "out", slug="job", encoding=asked, make_mp4=False)
        return wiring.run_job(wiring.probe_and_plan(job, Config()), Config(), lambda event: None, CancelToken())

    return run


def _shown(report: JobReport) -> list[tuple[float, int]]:
    assert (Outcome.DONE, "") == (report.outcome, report.error)
    return numbers(next(report.folder.glob("*p/index.m3u8")), TIMELINE_S)


def _near(times: list[tuple[float, int]]) -> list[tuple[object, int]]:
    return [(pytest.approx(time, abs=0.02), number) for time, number in times]


CUTS = {
    "mp4": ("cut.mp4", ["-ss", "1.3"], []),
    "mov with an end": ("cut.mov", ["-ss", "5.7", "-t", "9"], []),
    "times from zero": ("cut.mp4", ["-ss", "1.3"], ["-avoid_negative_ts", "make_zero"]),
    "times as they are": ("cut.mp4", ["-ss", "1.3"], ["-avoid_negative_ts", "disabled"]),
    "at a keyframe": ("cut.mp4", ["-ss", "4.0"], []),
}


@pytest.mark.parametrize("name", CUTS)
def test_a_part_that_was_cut_out_without_encoding_begins_where_it_was_cut(convert, whole, tmp_path, name):
    """As lossless cutters do it: the file begins with the keyframe before, which is decoded and not shown."""
    file, before, after = CUTS[name]
    cut = tmp_path / file
    _ffmpeg(*before, "-i", str(whole), "-c", "copy", *after, str(cut))
    first, *there = [(time - probe(cut).start_s, number) for time, number in numbers(cut)]
    assert _near([(0.0, first[1]), *there]) == _shown(convert(cut))  # the stream begins with a frame


EDITS: dict[str, list[Edit]] = {
    "several parts": [(3, 1.32, 1), (4, 8.52, 1), (2, 13.12, 1)],
    "a later part first": [(3, 9.32, 1), (4, 2.52, 1)],
    "one part, much later": [(3, 10.52, 1)],
    "nothing at first": [(3.2, None, 1), (10, 1.32, 1)],
    "at half the speed": [(6, 1.32, 0.5)],
}


@pytest.mark.parametrize("name", EDITS)
def test_the_parts_that_an_edit_list_names_are_shown_in_its_order(convert, whole, tmp_path, name):
    """Frames between them are not shown, nor is the time before anything begins."""
    source = with_edits(whole, tmp_path / "edited.mp4", EDITS[name])
    there = numbers(source)
    became = _shown(convert(source))
    assert {number for _, number in there} == {number for _, number in became}
    begin = there[0][0]
    late = [
        n for (time, n) in became if min(abs(was - begin - time) for was, number in there if number == n) > FRAME_S / 2
    ]
    assert [] == late


@pytest.mark.parametrize(("speed", "said"), [(1, False), (0.5, True)])
def test_another_speed_is_said(whole, tmp_path, speed, said):
    """No program but QuickTime keeps to it."""
    media = probe(with_edits(whole, tmp_path / "edited.mp4", [(6, 1.32, speed)]))
    note = "slow or fast motion by the file's edit list, played at the speed it was recorded at"
    assert said == (note in source_notes(media, keep_hdr=False))


def test_a_part_that_was_cut_out_is_not_copied_as_it_is(convert, whole, tmp_path):
    """A copy would show what the edit list hides."""
    cut = tmp_path / "cut.mp4"
    _ffmpeg("-ss", "1.3", "-i", str(whole), "-c", "copy", str(cut))
    became = _shown(convert(cut, copy_top=True))
    assert (_near(numbers(cut)[:2]), len(numbers(cut))) == (became[:2], len(became))
