"""Playlists: reading, measuring, writing."""

from __future__ import annotations

import pytest

from pipeline.errors import EncodeError
from pipeline.media import playlists
from pipeline.media.playlists import Measured, SubtitleTrack


@pytest.mark.parametrize(
    ("bits", "durations", "peak"),
    [
        pytest.param([600, 1200, 600], [6, 6, 6], 200, id="the richest segment"),
        pytest.param([600, 600, 90], [6, 6, 0.1], 114, id="a scrap at the end counts only with its neighbour"),
        pytest.param([600, 600], [6, 6], 100, id="even"),
        pytest.param([50], [0.4], 125, id="one short segment"),
        pytest.param([300, 900], [3, 3], 300, id="half segments count alone and together"),
    ],
)
def test_the_peak_is_the_richest_run_of_about_one_target_duration(bits, durations, peak):
    """RFC 8216, 4.1: runs between 0.5 and 1.5 target durations."""
    assert peak == playlists.peak_bit_rate(bits, durations)


def _measured(name: str, peak: int) -> Measured:
    return Measured(
        name=name,
        width=1280,
        height=720,
        frame_rate=29.97003,
        codecs="avc1.64001f,mp4a.40.2",
        peak_bit_rate=peak,
        average_bit_rate=peak // 2,
        durations_s=(6.0, 2.5),
        first_pts=7200,
    )


def test_the_master_declares_what_was_measured():
    """Every attribute that players choose by, and the captions as a group."""
    track = SubtitleTrack(language="en", name="English", uri="subtitles/en/index.m3u8")
    assert [
        "#EXTM3U",
        "#EXT-X-VERSION:6",
        "#EXT-X-INDEPENDENT-SEGMENTS",
        '#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="subtitles",NAME="English",LANGUAGE="en",'
        'DEFAULT=YES,AUTOSELECT=YES,FORCED=NO,URI="subtitles/en/index.m3u8"',
        '#EXT-X-STREAM-INF:BANDWIDTH=3000,AVERAGE-BANDWIDTH=1500,CODECS="avc1.64001f,mp4a.40.2",RESOLUTION=1280x720,'
        'FRAME-RATE=29.970,SUBTITLES="subtitles",CLOSED-CAPTIONS=NONE',
        "720p/index.m3u8",
    ] == playlists.master_playlist([_measured("720p", 3000)], track).splitlines()


def test_without_captions_the_master_names_none():
    """No group and no reference to one."""
    text = playlists.master_playlist([_measured("720p", 3000), _measured("360p", 1000)], None)
    assert (False, 2) == ("SUBTITLES" in text, text.count("#EXT-X-STREAM-INF"))


def test_the_subtitle_playlist_has_the_segments_of_the_picture():
    """Same durations, an end mark."""
    assert [
        "#EXTM3U",
        "#EXT-X-VERSION:6",
        "#EXT-X-TARGETDURATION:6",
        "#EXT-X-MEDIA-SEQUENCE:1",
        "#EXT-X-PLAYLIST-TYPE:VOD",
        "#EXTINF:6.000000,",
        "seg_001.vtt",
        "#EXTINF:2.500000,",
        "seg_002.vtt",
        "#EXT-X-ENDLIST",
    ] == playlists.subtitle_playlist((6.0, 2.5), ["seg_001.vtt", "seg_002.vtt"]).splitlines()


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
        playlists.read_media_playlist(path)


@pytest.mark.parametrize(("content", "words"), [pytest.param(b"", "is empty", id="empty"), pytest.param(None, "is missing", id="missing")])
def test_a_segment_that_is_not_there_is_found(tmp_path, content, words):
    """Each segment of the playlist must hold something."""
    (tmp_path / "720p").mkdir()
    (tmp_path / "720p" / "index.m3u8").write_text("#EXTM3U\n#EXTINF:6.0,\nseg_001.ts\n#EXT-X-ENDLIST\n")
    if content is not None:
        (tmp_path / "720p" / "seg_001.ts").write_bytes(content)
    with pytest.raises(EncodeError, match=words):
        playlists.measure(tmp_path, "720p")


def test_the_codec_is_read_from_the_parameter_set():
    """Profile, constraints and level are the three bytes after the unit's header, whichever unit comes first."""
    extradata = bytes.fromhex("00000001 09f0 000001 6764001f acd9 00000001 68efbcb0")
    assert "avc1.64001f" == playlists.avc_codec(extradata)


def test_a_stream_without_a_parameter_set_is_refused():
    """No guess is written into the master."""
    with pytest.raises(EncodeError, match="declares no H"):
        playlists.avc_codec(b"\x00\x00\x00\x01\x09\xf0")
