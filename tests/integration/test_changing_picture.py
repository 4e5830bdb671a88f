"""Sources whose video changes its size or form in the middle: every frame is there, at its time and in its shape."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from numbered_frames import numbered, numbers
from source_clips import run

from config import Config
from pipeline import wiring
from pipeline.cancel import CancelToken
from pipeline.job import EncoderFamily, EncodingRequest, Job, SegmentType
from pipeline.media.source.probe import probe
from pipeline.media.source.source_notes import source_notes
from pipeline.model import JobReport, Outcome

TIMELINE_S = 10
PART_S = 4
PART_FRAMES = 100
CODEC = ("-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-bf", "0")
AT_ONCE = ("-muxdelay", "0", "-muxpreload", "0")


@pytest.fixture
def joined(tmp_path: Path) -> Callable[[Sequence[Sequence[str]]], Path]:
    """Return what makes a transport stream of several parts,
    each of 4 s with its own size and options of the encoder.
    """

    def make(parts: Sequence[Sequence[str]]) -> Path:
        whole = tmp_path / "joined.ts"
        with whole.open("wb") as target:
            for n, (size, *options) in enumerate(parts):
                video = numbered(size=size, length_s=PART_S, first=n * PART_FRAMES)
                offset = ("-output_ts_offset", str(n * PART_S))
                target.write(run(tmp_path, f"part{n}.ts", *video, *CODEC, *options, *AT_ONCE, *offset).read_bytes())
        return whole

    return make


@pytest.fixture
def convert(tmp_path: Path) -> Callable[..., JobReport]:
    """Return what converts a source with the default settings but for the time that it takes."""

    def make(source: Path, **encoding: object) -> JobReport:
        asked = EncodingRequest(**{"preset": "ultrafast", "encoder": EncoderFamily.CPU} | encoding)
        job = Job(source=source, output_dir=tmp_path / "out", slug="job", encoding=asked, make_mp4=False)
        return wiring.run_job(wiring.probe_and_plan(job, Config()), Config(), lambda event: None, CancelToken())

    return make


def _shown(report: JobReport, *, wide: int | None = None) -> list[tuple[float, int]]:
    assert (Outcome.DONE, "") == (report.outcome, report.error)
    return numbers(next(report.folder.glob("*p/index.m3u8")), TIMELINE_S, wide=wide)


def _every(count: int, begin_s: float = 0.0) -> list[tuple[object, int]]:
    return [(pytest.approx(begin_s + n / 25, abs=0.02), n) for n in range(count)]


FORMS = {
    "sizes": [("320x180",), ("640x360",), ("320x180",)],
    "precision and colour": [
        ("320x180", "-pix_fmt", "yuv420p"),
        ("320x180", "-pix_fmt", "yuv422p10le"),
        ("320x180", "-pix_fmt", "yuv444p"),
    ],
    "ranges": [("320x180", "-color_range", "tv"), ("320x180", "-color_range", "pc", "-pix_fmt", "yuvj420p")],
}


@pytest.mark.parametrize("name", FORMS)
def test_every_frame_is_there_after_a_change(convert, joined, name):
    """And none comes early or late."""
    source = joined(FORMS[name])
    assert _every(len(FORMS[name]) * PART_FRAMES) == _shown(convert(source))


def test_the_largest_size_that_lasts_is_made(joined):
    """And that it changes is said before anything starts."""
    media = probe(joined([("320x180",), ("640x360",), ("320x180",)]))
    assert media.video is not None
    assert ((640, 360), (320, 180), (640, 360)) == ((media.video.width, media.video.height), *media.video.sizes)
    assert "the size changes (320×180, then 640×360), made 640×360 throughout" in source_notes(media, keep_hdr=False)


def test_a_video_that_begins_late_and_changes_its_size_is_whole(convert, joined, tmp_path):
    """Its first frame fills the time before; what follows keeps its time, up to the end of the audio."""
    sizes = joined(FORMS["sizes"])
    audio = ("-f", "lavfi", "-i", "sine=sample_rate=48000:duration=15")
    late = run(
        tmp_path, "late.ts", "-itsoffset", "1.6", "-i", str(sizes), *audio, "-c:v", "copy", "-c:a", "aac", *AT_ONCE
    )
    shown = _shown(convert(late, segment_type=SegmentType.FMP4))
    first = {n: time for time, n in reversed(shown)}
    assert (set(range(300)), 0.0) == (set(first), shown[0][0])
    there = {n: time - probe(late).start_s for time, n in numbers(late)}
    assert [] == [n for n, time in first.items() if n and abs(time - there[n]) > 0.002]
    assert (299, pytest.approx(15.0, abs=0.1)) == (shown[-1][1], shown[-1][0])


def test_a_video_with_pauses_may_change_its_size(convert, joined, tmp_path):
    """Where the pauses are filled, frames are compared with each other."""
    sizes = joined(FORMS["sizes"])
    paused = run(
        tmp_path,
        "paused.ts",
        "-i",
        str(sizes),
        "-c",
        "copy",
        "-bsf:v",
        "setts=ts='TS+if(gt(TS\\,540000)\\,720000\\,0)'",
        *AT_ONCE,
    )
    shown = _shown(convert(paused))
    first = {n: time for time, n in reversed(shown)}
    assert set(range(300)) == set(first)
    assert [] == [
        n for n, time in first.items() if abs(time - n / 25 - (8.0 if n > 151 else 0.0)) > 0.045 and not 149 < n < 153
    ]


def test_fields_may_change_their_size(convert, joined):
    """A broadcast with fewer columns: it is scaled before its fields are made whole frames."""
    fields = ("-vf", "setfield=tff", "-flags", "+ilme+ildct", "-x264-params", "tff=1")
    assert _every(2 * PART_FRAMES) == _shown(convert(joined([("320x192", *fields), ("288x192", *fields)])))


def test_another_shape_is_not_stretched(convert, joined):
    """4:3 after 16:9 stands in the middle, with black at its sides."""
    report = convert(joined([("320x180",), ("240x180",)]))
    whole, narrow = _shown(report), _shown(report, wide=240)
    assert (_every(PART_FRAMES), _every(2 * PART_FRAMES)[PART_FRAMES:]) == (whole[:PART_FRAMES], narrow[PART_FRAMES:])
