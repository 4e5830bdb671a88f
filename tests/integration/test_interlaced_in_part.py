"""A recording that becomes interlaced in its middle, or ceases to be: what has fields is made whole,
the rest is left alone.
"""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from source_clips import AAC, H264, run, tone

from config import Config
from pipeline import wiring
from pipeline.cancel import CancelToken
from pipeline.events import LogLine
from pipeline.job import EncoderFamily, EncodingRequest, Job
from pipeline.media.source.probe import probe
from pipeline.media.source.source_notes import source_notes
from pipeline.model import Outcome

PART_S = 4
WHOLE_FRAMES = ("-vf", "format=yuv420p")
FIELDS = ("-vf", "tinterlace=interleave_top,setfield=tff", "-flags", "+ilme+ildct", "-x264-params", "tff=1")


def _part(folder: Path, name: str, begin_s: float, fields: bool) -> bytes:
    rate = "50" if fields else "25"
    # what moves sideways combs, what stands still does not
    moving = (
        f"testsrc2=s=320x180:r={rate}:d={PART_S},crop=160:90:'mod(n*{4 if fields else 8},"
        "160)':0,scale=320:180:flags=neighbor"
    )
    codec = (*(FIELDS if fields else WHOLE_FRAMES), *H264, "-g", "25", *AAC)
    clip = run(
        folder,
        name,
        "-f",
        "lavfi",
        "-i",
        moving,
        *tone(length_s=PART_S),
        *codec,
        "-output_ts_offset",
        str(begin_s + 1),
    )
    return clip.read_bytes()


def _recording(folder: Path, *, fields: tuple[bool, bool]) -> Path:
    """Two parts one after the other, as a broadcast has them."""
    clip = folder / "recording.ts"
    clip.write_bytes(b"".join(_part(folder, f"{i}.ts", i * PART_S, part) for i, part in enumerate(fields)))
    return clip


def _luma(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="gray").astype(int) for frame in container.decode(video=0)]


def _combing(video: np.ndarray) -> float:
    return float(np.abs(video[1:-1] - (video[:-2] + video[2:]) / 2).mean())


@pytest.mark.parametrize("fields", [(False, True), (True, False)], ids=["later", "earlier"])
def test_fields_anywhere_are_made_whole_frames(tmp_path, fields):
    """Of the part that has fields the lines fit together, of the other nothing is softened; the editor is told."""
    source = _recording(tmp_path, fields=fields)
    media = probe(source)
    assert (True, True) == (media.video.interlaced, media.video.interlaced_in_part)
    assert ("interlaced in part, made progressive",) == source_notes(media, keep_hdr=False)
    job = Job(
        source=source,
        output_dir=tmp_path / "out",
        slug="clip",
        encoding=EncodingRequest(encoder=EncoderFamily.CPU),
        make_mp4=False,
    )
    report = wiring.run_job(wiring.probe_and_plan(job, Config()), Config(), lambda event: None, CancelToken())
    assert (Outcome.DONE, "") == (report.outcome, report.error)
    was, became = _luma(source), _luma(report.folder / "180p/index.m3u8")
    assert len(was) == len(became) == 2 * PART_S * 25
    for part, has_fields in zip((slice(20, 80), slice(120, 180)), fields, strict=True):
        before, after = (np.mean([_combing(video) for video in pictures[part]]) for pictures in (was, became))
        assert has_fields == (after < 0.7 * before), (before, after)


def test_what_has_no_fields_costs_no_deinterlacer(tmp_path):
    """Of a video that is whole everywhere, nothing is deinterlaced."""
    source, lines = _recording(tmp_path, fields=(False, False)), []
    job = Job(
        source=source,
        output_dir=tmp_path / "out",
        slug="clip",
        encoding=EncodingRequest(encoder=EncoderFamily.CPU),
        make_mp4=False,
    )
    wiring.run_job(wiring.probe_and_plan(job, Config()), Config(), lines.append, CancelToken())
    commands = [line.text for line in lines if isinstance(line, LogLine) and "libx264" in line.text]
    assert (False, False) == (probe(source).video.interlaced, any("bwdif" in command for command in commands))
    assert commands
