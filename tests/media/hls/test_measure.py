"""Measuring: what a finished rendition really is."""

from __future__ import annotations

import pytest
from small_streams import AC3, PQ, X265, make_audio_rendition, make_video_rendition, pattern, tone

from pipeline.errors import EncodeError
from pipeline.media.hls.measure import bit_rates, check_segments, measure, peak_bit_rate, read_media_playlist
from pipeline.media_info import DynamicRange


@pytest.mark.parametrize(
    ("bits", "durations", "peak"),
    [
        pytest.param([600, 1200, 600], [6, 6, 6], 200, id="the richest segment"),
        pytest.param([600, 600, 90], [6, 6, 0.1], 114, id="a scrap at the end counts only with its neighbour"),
        pytest.param([600, 600], [6, 6], 100, id="even"),
        pytest.param([2000, 60, 2000], [2, 6, 2], 258, id="more than one and a half is too long a run"),
        pytest.param([50], [0.4], 125, id="one short segment"),
        pytest.param([300, 900], [3, 3], 300, id="half segments count alone and together"),
    ],
)
def test_the_peak_is_the_richest_run_of_about_one_target_duration(bits, durations, peak):
    """RFC 8216, 4.1: runs between 0.5 and 1.5 target durations."""
    assert peak == peak_bit_rate(bits, durations)


@pytest.fixture(scope="module")
def streams(tmp_path_factory):
    """A folder with renditions of several kinds, 7 s of 29.97 frames a second each."""
    folder = tmp_path_factory.mktemp("streams")
    clip = pattern(length_s=7, rate="30000/1001")
    make_video_rendition(folder, "muxed", *clip, *tone(length_s=7), muxed=True)
    make_video_rendition(folder, "fmp4", *clip, fmp4=True)
    make_video_rendition(folder, "hdr", *pattern(length_s=1), codec=X265, filters=PQ, fmp4=True)
    make_audio_rendition(folder, "audio/en", *tone(length_s=7), fmp4=True)
    make_audio_rendition(folder, "audio/en-surround", *tone(length_s=7), codec=AC3)
    return folder


@pytest.mark.parametrize(
    ("name", "audio_codec"), [pytest.param("muxed", "mp4a.40.2", id="TS"), pytest.param("fmp4", None, id="fMP4")]
)
def test_a_video(streams, name, audio_codec):
    """Size, usual rate, codecs, durations and the first frame's time, in either container."""
    found = measure(streams, name)
    assert (320, 180, 29.97, DynamicRange.SDR) == (
        found.video.width,
        found.video.height,
        round(found.video.frame_rate, 2),
        found.video.dynamic_range,
    )
    assert found.video.codec.startswith("avc1.4d")
    assert (audio_codec, 900_000, 2) == (found.audio_codec, found.first_pts, len(found.durations_s))
    assert 7.0 == pytest.approx(found.duration_s, abs=0.05)


def test_rates_come_from_sizes(streams):
    """The average is all bytes over all seconds, and no segment's rate is above the peak."""
    segments = check_segments(streams, "muxed")
    sizes = [(streams / "muxed" / s.uri).stat().st_size for s in segments]
    peak, average = bit_rates(streams, "muxed")
    assert sum(sizes) * 8 / sum(s.duration_s for s in segments) == pytest.approx(average, abs=1)
    assert sizes[0] * 8 / segments[0].duration_s <= peak


def test_hdr(streams):
    """The dynamic range is what the stream declares."""
    found = measure(streams, "hdr")
    assert (DynamicRange.PQ, "hvc1.2.4.L60.90") == (found.video.dynamic_range, found.video.codec)


@pytest.mark.parametrize(
    ("name", "codec"),
    [pytest.param("audio/en", "mp4a.40.2", id="AAC, fMP4"), pytest.param("audio/en-surround", "ac-3", id="AC-3, TS")],
)
def test_audio_alone(streams, name, codec):
    """Without a video the first audio track gives the time; it may begin with an encoder's run-up."""
    found = measure(streams, name)
    assert (None, codec, 2) == (found.video, found.audio_codec, len(found.durations_s))
    assert 900_000 == pytest.approx(found.first_pts, abs=1024 / 48_000 * 90_000)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("#EXTM3U\n#EXTINF:6.0,\nseg_001.ts\n", id="no end mark"),
        pytest.param("#EXTM3U\n#EXT-X-ENDLIST\n", id="no segments"),
    ],
)
def test_a_playlist_that_is_not_whole_is_refused(tmp_path, text):
    """Half an encode is never taken for a stream."""
    path = tmp_path / "index.m3u8"
    path.write_text(text)
    with pytest.raises(EncodeError, match="is not finished"):
        read_media_playlist(path)


@pytest.mark.parametrize("missing", ["seg_001.m4s", "init.mp4"])
@pytest.mark.parametrize(
    ("content", "words"), [pytest.param(b"", "is empty", id="empty"), pytest.param(None, "is missing", id="missing")]
)
def test_a_file_that_is_not_there_is_found(tmp_path, missing, content, words):
    """Each file of the playlist must hold something."""
    (tmp_path / "720p").mkdir()
    text = '#EXTM3U\n#EXT-X-MAP:URI="init.mp4"\n#EXTINF:6.0,\nseg_001.m4s\n#EXT-X-ENDLIST\n'
    (tmp_path / "720p" / "index.m3u8").write_text(text)
    for name in ("seg_001.m4s", "init.mp4"):
        (tmp_path / "720p" / name).write_bytes(b"x")
    (tmp_path / "720p" / missing).unlink()
    if content is not None:
        (tmp_path / "720p" / missing).write_bytes(content)
    with pytest.raises(EncodeError, match=f"{missing} {words}"):
        check_segments(tmp_path, "720p")


def test_a_segment_that_is_none_is_an_error(tmp_path):
    """What can't be read back is not measured."""
    (tmp_path / "720p").mkdir()
    (tmp_path / "720p" / "index.m3u8").write_text("#EXTM3U\n#EXTINF:6.0,\nseg_001.ts\n#EXT-X-ENDLIST\n")
    (tmp_path / "720p" / "seg_001.ts").write_bytes(b"no stream" * 100)
    with pytest.raises(EncodeError, match="can't be read back"):
        measure(tmp_path, "720p")
