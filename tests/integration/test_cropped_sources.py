"""Of a video of which the container hides a part, just the rest is in the stream, and in its shape."""

from __future__ import annotations

from pathlib import Path

import av
import pytest
from cropped_clips import BOTTOM, CROPPED, LEFT, RIGHT, SHOWN, TOP

from config import Config
from pipeline import wiring
from pipeline.cancel import CancelToken
from pipeline.job import EncoderFamily, EncodingRequest, Job
from pipeline.media.source.probe import probe
from pipeline.media_info import Crop
from pipeline.model import Outcome

HIDDEN = Crop(left=LEFT, top=TOP, right=RIGHT, bottom=BOTTOM)
RED, LIME, BLUE, YELLOW = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0)
SIZES = {"turned": (SHOWN[1], SHOWN[0]), "anamorphic": (SHOWN[0] * 4 // 3, SHOWN[1])}
CORNERS = {"turned": [LIME, YELLOW, RED, BLUE]}


def _corners(path: Path) -> tuple[tuple[int, int], list[tuple[int, ...]]]:
    """Return the size of the largest video, and the colours of its corners: top left and right,
    bottom left and right.
    """
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0))
        rgb = frame.to_ndarray(format="rgb24", src_colorspace="ITU709")
    corners = [rgb[y, x].astype(int) for y in (1, -2) for x in (1, -2)]
    return (frame.width, frame.height), [tuple(int(255 * (value > 127)) for value in corner) for corner in corners]


@pytest.mark.parametrize("kind", CROPPED)
def test_what_the_container_hides_is_not_in_the_stream(tmp_path, kind):
    """Nothing white is left at any side, and nothing is stretched."""
    source = CROPPED[kind](tmp_path)
    width, height = SIZES.get(kind, SHOWN)
    found = probe(source).video
    assert (HIDDEN, (width, height)) == (found.crop, (found.width, found.height))
    encoding = EncodingRequest(preset="ultrafast", encoder=EncoderFamily.CPU)
    job = Job(source=source, output_dir=tmp_path / "out", slug="clip", encoding=encoding, make_mp4=False)
    report = wiring.run_job(wiring.probe_and_plan(job, Config()), Config(), lambda event: None, CancelToken())
    assert (Outcome.DONE, "") == (report.outcome, report.error)
    size, corners = _corners(next(report.folder.glob("*p/index.m3u8")))
    assert (pytest.approx((width, height), abs=2), CORNERS.get(kind, [RED, LIME, BLUE, YELLOW])) == (size, corners)


@pytest.mark.parametrize("kind", ["pixel crop", "clean aperture"])
def test_a_video_of_which_a_part_is_hidden_is_not_copied(tmp_path, kind):
    """Segments can't hide anything."""
    encoding = EncodingRequest(preset="ultrafast", encoder=EncoderFamily.CPU, copy_top=True)
    job = Job(
        source=CROPPED[kind](tmp_path), output_dir=tmp_path / "out", slug="clip", encoding=encoding, make_mp4=False
    )
    report = wiring.run_job(wiring.probe_and_plan(job, Config()), Config(), lambda event: None, CancelToken())
    assert (Outcome.DONE, SHOWN) == (report.outcome, _corners(next(report.folder.glob("*p/index.m3u8")))[0])
