"""Qualities above 1080p, made of a real file of that size."""

from __future__ import annotations

from dataclasses import replace

import av
import pytest
from converting import ULTRAFAST, convert
from source_clips import AAC, H264, pattern, run, tone

from pipeline.model import Outcome


@pytest.fixture(scope="module")
def ultra_hd(tmp_path_factory):
    """Half a second of 3840x2160."""
    folder = tmp_path_factory.mktemp("uhd")
    codec = (*H264, "-g", "10", "-crf", "45")
    return run(
        folder, "uhd.mp4", *pattern(size="3840x2160", rate="10", length_s=0.5), *tone(length_s=0.5), *codec, *AAC
    )


@pytest.mark.parametrize("copy_top", [False, True], ids=["encoded", "the original kept"])
def test_2160p_is_made_where_it_is_asked_for(ultra_hd, tmp_path, copy_top):
    """The stream has the size and passes its check, at level 5.1 as the smallest that holds it; the MP4 stays 480p."""
    encoding = replace(ULTRAFAST, copy_top=copy_top)
    made = convert(ultra_hd, tmp_path, qualities=("2160p", "360p"), encoding=encoding, make_mp4=True)
    assert (Outcome.DONE, "", ()) == made.whole
    assert ["3840x2160", "640x360"] == [variant["RESOLUTION"] for variant in made.tags("EXT-X-STREAM-INF")]
    assert "33" == made.tags("EXT-X-STREAM-INF")[0]["CODECS"].split(",")[0][-2:]  # 51 in hexadecimal digits
    with av.open(str(made.folder / "offline_480p.mp4")) as mp4:
        assert (854, 480) == (mp4.streams.video[0].width, mp4.streams.video[0].height)
    assert copy_top is any("is the original video as it is." in text for text in made.log)
    assert {"poster.jpg", "sprite.jpg"} <= {path.name for path in made.folder.iterdir()}


def test_a_portrait_of_that_size_stays_upright(ultra_hd, tmp_path):
    """The box of 1440p is turned."""
    turned = run(tmp_path, "turned.mp4", "-display_rotation", "90", "-i", str(ultra_hd), "-c", "copy")
    made = convert(turned, tmp_path, qualities=("1440p",))
    assert ((Outcome.DONE, "", ()), ["1440x2560"]) == (
        made.whole,
        [v["RESOLUTION"] for v in made.tags("EXT-X-STREAM-INF")],
    )
