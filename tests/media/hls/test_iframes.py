"""I-frame playlists: each byte range holds exactly one keyframe, whatever lies around it."""

from __future__ import annotations

import io

import av
import pytest
from small_streams import SVT, X265, decoded, make_video_rendition, pattern, tone

from pipeline.errors import EncodeError
from pipeline.media.hls.iframes import find_iframes
from pipeline.media.hls.measure import read_media_playlist
from pipeline.media.hls.playlists import iframe_playlist

KINDS = {
    "ts": {"muxed": True},
    "fmp4": {"fmp4": True},
    "short fragments": {"fmp4": True, "fragments": "frag_discont:frag_duration=1000000"},
    "hevc": {"fmp4": True, "codec": X265},
    "av1": {"fmp4": True, "codec": SVT},
    "wrapping": {"offset_s": (1 << 33) / 90_000 - 3},
}


@pytest.fixture(scope="module")
def streams(tmp_path_factory):
    """8 s in segments of 6 s, with frames that are shown in another order than they are stored."""
    folder = tmp_path_factory.mktemp("iframes")
    for name, options in KINDS.items():
        heard = tone() if options.get("muxed") else ()
        make_video_rendition(folder, name, *pattern(), *heard, scale="160:90", **options)
    return folder


def _part(path, byte_range):
    data = path.read_bytes()
    return data if byte_range is None else data[byte_range.offset : byte_range.offset + byte_range.size_bytes]


@pytest.mark.parametrize("name", KINDS)
def test_each_range_is_one_keyframe(streams, name):
    """With the map before it each range decodes to one frame: that of the whole stream at its time."""
    found = find_iframes(streams, name)
    head = _part(streams / name / found.map_uri, found.map_range)
    expected = {}
    for segment in read_media_playlist(streams / name / "index.m3u8"):
        data = (b"" if found.map_range else head) + (streams / name / segment.uri).read_bytes()
        with av.open(io.BytesIO(data)) as container:
            expected |= {f.pts: f.to_ndarray(format="gray").tobytes() for f in container.decode(video=0) if f.key_frame}
    pictures = []
    for frame in found.frames:
        with av.open(io.BytesIO(head + _part(streams / name / frame.uri, frame.byte_range))) as container:
            stream = container.streams.video[0]
            first = next(container.demux(stream))
            frames = [*stream.codec_context.decode(first), *stream.codec_context.decode(None)]
            assert (1, True) == (len(frames), frames[0].key_frame)
            if found.map_range is not None:  # a fragment's own boxes name samples that the range leaves out
                assert [] == [packet for packet in container.demux(stream) if packet.size]
            pictures.append(frames[0].to_ndarray(format="gray").tobytes())
    assert list(expected.values()) == pictures


@pytest.mark.parametrize("name", KINDS)
def test_the_keyframes_last_as_long_as_the_stream(streams, name):
    """One every two seconds, across the end of the clock as well, and in all as long as the segments."""
    found = find_iframes(streams, name)
    assert [2.0, 2.0, 2.0, 2.0] == [round(frame.duration_s, 2) for frame in found.frames]
    total_s = sum(segment.duration_s for segment in read_media_playlist(streams / name / "index.m3u8"))
    assert total_s == pytest.approx(sum(frame.duration_s for frame in found.frames))
    sizes = [frame.byte_range.size_bytes for frame in found.frames]
    assert max(sizes) * 8 / 2 == pytest.approx(found.peak_bit_rate, rel=0.01)
    assert sum(sizes) * 8 / total_s == pytest.approx(found.average_bit_rate, rel=0.01)


def test_a_transport_stream_s_map_is_its_tables(streams):
    """RFC 8216, 4.3.2.5: the program association and map tables at the head of the first segment, and no frame."""
    found = find_iframes(streams, "ts")
    head = _part(streams / "ts" / found.map_uri, found.map_range)
    pids = [int.from_bytes(head[at + 1 : at + 3], "big") & 0x1FFF for at in range(0, len(head), 188)]
    assert ("seg_001.ts", 0, 0x1000) == (found.map_uri, pids[-2], pids[-1])
    assert 0x100 not in pids


def test_ranges_of_a_fragment_end_with_its_first_sample(streams):
    """The range of fragmented MP4 begins with the fragment's box and ends before the second frame."""
    found = find_iframes(streams, "fmp4")
    data = (streams / "fmp4" / found.frames[1].uri).read_bytes()
    assert b"moof" == data[found.frames[1].byte_range.offset + 4 : found.frames[1].byte_range.offset + 8]
    with av.open(io.BytesIO((streams / "fmp4" / "init.mp4").read_bytes() + data)) as container:
        keyframes = [p.size for p in container.demux(video=0) if p.is_keyframe and p.size]
    moof_bytes = int.from_bytes(data[found.frames[1].byte_range.offset : found.frames[1].byte_range.offset + 4], "big")
    assert moof_bytes + 8 + keyframes[1] == found.frames[1].byte_range.size_bytes


@pytest.mark.parametrize("name", ["ts", "wrapping"])
def test_ffmpeg_reads_the_playlist(streams, name):
    """Played as a playlist of its own it gives one frame a range."""
    playlist = streams / name / "iframes.m3u8"
    playlist.write_text(iframe_playlist(find_iframes(streams, name), version=7))
    assert 4 == len([line for line in decoded(playlist).splitlines() if not line.startswith("#")])


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"\x47" * 100, id="not whole packets"),
        pytest.param(b"\x00" * 376, id="no packets"),
        pytest.param((b"\x47\x1f\xff\x10" + b"\xff" * 184) * 4, id="no tables"),
    ],
)
def test_what_is_no_transport_stream_is_an_error(tmp_path, content):
    """No range is made up."""
    (tmp_path / "720p").mkdir()
    (tmp_path / "720p" / "index.m3u8").write_text("#EXTM3U\n#EXTINF:6.0,\nseg_001.ts\n#EXT-X-ENDLIST\n")
    (tmp_path / "720p" / "seg_001.ts").write_bytes(content)
    with pytest.raises(EncodeError, match=r"The keyframes of .*720p can't be found"):
        find_iframes(tmp_path, "720p")
