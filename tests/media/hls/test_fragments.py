"""Fragmented MP4: what ffmpeg puts into the wrong file is put right."""

from __future__ import annotations

import io
import itertools

import av
import pytest
from small_streams import X264, pattern, run_ffmpeg

from pipeline.errors import EncodeError
from pipeline.media.hls.fragments import boxes, read_fragments, read_timescale, separate_init


@pytest.fixture
def as_encoded(tmp_path):
    """The two files of the first segment as ffmpeg leaves them: 3 s with a keyframe every second."""
    options = [
        "-f",
        "hls",
        "-hls_segment_type",
        "fmp4",
        "-hls_time",
        "3",
        "-start_number",
        "1",
        "-hls_segment_filename",
        "seg_%03d.m4s",
    ]
    options += ["-hls_segment_options", "movflags=+frag_discont+frag_keyframe", "index.m3u8"]
    run_ffmpeg(tmp_path, *pattern(length_s=4), *X264, "-g", "25", "-output_ts_offset", "10", *options)
    return tmp_path / "init.mp4", tmp_path / "seg_001.m4s"


def test_fragments_are_moved_into_the_first_segment(as_encoded):
    """Afterwards the initialization section has no fragment, the segment one a keyframe, and no byte is lost."""
    init, segment = as_encoded
    before = init.read_bytes(), segment.read_bytes()
    assert 3 == len(read_fragments(before[0]))
    separate_init(init, segment)
    after = init.read_bytes(), segment.read_bytes()
    assert ["ftyp", "moov"] == [box.kind for box in boxes(after[0])]
    assert [True, True, True] == [fragment.sync for fragment in read_fragments(after[1])]
    assert len(before[0]) + len(before[1]) == len(after[0]) + len(after[1])
    with av.open(io.BytesIO(after[0] + after[1])) as container:
        shown = [packet.pts for packet in container.demux(video=0) if packet.is_keyframe and packet.size]
    edit_list = after[0].index(b"elst")
    # ISO/IEC 14496-12, 8.6.6.2, version 0
    media_time = int.from_bytes(after[0][edit_list + 16 : edit_list + 20], "big")
    assert shown == [fragment.time - media_time for fragment in read_fragments(after[1])]
    times = [fragment.time for fragment in read_fragments(after[1])]
    assert [1, 1] == [(b - a) / read_timescale(after[0]) for a, b in itertools.pairwise(times)]


def test_again_and_after_a_crash(as_encoded):
    """Done twice, or broken off between the two files, it comes to the same."""
    init, segment = as_encoded
    left = init.read_bytes()
    separate_init(init, segment)
    once = init.read_bytes(), segment.read_bytes()
    separate_init(init, segment)
    assert once == (init.read_bytes(), segment.read_bytes())
    init.write_bytes(left)
    separate_init(init, segment)
    assert once == (init.read_bytes(), segment.read_bytes())


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"no boxes", id="other"),
        pytest.param(b"\x00\x00\x01\x00moov", id="cut off"),
    ],
)
def test_a_broken_section_is_an_error(tmp_path, content):
    """What is not an initialization section is left alone."""
    (tmp_path / "init.mp4").write_bytes(content)
    (tmp_path / "seg_001.m4s").write_bytes(b"")
    with pytest.raises(EncodeError, match=r"init.mp4 can't be read back"):
        separate_init(tmp_path / "init.mp4", tmp_path / "seg_001.m4s")
