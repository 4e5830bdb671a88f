"""Playlists: what players read is what was measured."""

from __future__ import annotations

import dataclasses

from pipeline.media.encode.colour_conversion import NAMES
from pipeline.media.hls.iframes import ByteRange, IFrame, IFrames
from pipeline.media.hls.measure import Measured, MeasuredVideo
from pipeline.media.hls.playlists import (
    AudioTrack,
    IFrameStream,
    SubtitleTrack,
    iframe_playlist,
    master_playlist,
    media_playlist,
)
from pipeline.media_info import DynamicRange

VIDEO = MeasuredVideo(
    width=1280,
    height=720,
    frame_rate=29.97003,
    codec="avc1.64001f",
    dynamic_range=DynamicRange.SDR,
    colour=NAMES[DynamicRange.SDR],
)
CAPTIONS = SubtitleTrack(
    language="en", name="English", uri="subtitles/en/index.m3u8", peak_bit_rate=30, average_bit_rate=20, default=True
)


def _rendition(name: str = "720p", peak: int = 3000, **changes) -> Measured:
    facts = {"video": VIDEO, "audio_codec": None, "durations_s": (6.0, 2.5), "first_pts": 900_000}
    return Measured(name=name, peak_bit_rate=peak, average_bit_rate=peak // 2, **facts | changes)


def _track(
    name: str,
    language: str | None,
    source_index: int,
    peak: int = 130,
    *,
    default: bool = False,
    surround: bool = False,
) -> AudioTrack:
    folder = f"audio/{source_index}" + ("-surround" if surround else "")
    return AudioTrack(
        group="surround" if surround else "stereo",
        content=source_index,
        name=name,
        language=language,
        channels=6 if surround else 2,
        default=default,
        measured=_rendition(folder, peak, video=None, audio_codec="ac-3" if surround else "mp4a.40.2"),
    )


def test_the_master_declares_what_was_measured():
    """Every attribute that players choose by, the captions as a group and in the rates."""
    muxed = _rendition(audio_codec="mp4a.40.2")
    assert [
        "#EXTM3U",
        "#EXT-X-VERSION:6",
        "#EXT-X-INDEPENDENT-SEGMENTS",
        '#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="subtitles",NAME="English",LANGUAGE="en",'
        'DEFAULT=YES,AUTOSELECT=YES,FORCED=NO,URI="subtitles/en/index.m3u8"',
        '#EXT-X-STREAM-INF:BANDWIDTH=3030,AVERAGE-BANDWIDTH=1520,CODECS="avc1.64001f,mp4a.40.2",RESOLUTION=1280x720,'
        'FRAME-RATE=29.970,VIDEO-RANGE=SDR,SUBTITLES="subtitles",CLOSED-CAPTIONS=NONE',
        "720p/index.m3u8",
    ] == master_playlist([muxed], subtitles=[CAPTIONS]).splitlines()


def test_subtitles_of_several_languages_and_kinds():
    """One default, one chosen by itself of those that are alike, no name twice; the richest is in the rates."""
    tracks = [
        dataclasses.replace(CAPTIONS, default=False, forced=True, name="English (forced)", uri="a"),
        dataclasses.replace(CAPTIONS, default=False, for_the_deaf=True, uri="b", peak_bit_rate=50),
        dataclasses.replace(CAPTIONS, default=False, uri="c"),
        dataclasses.replace(CAPTIONS, uri="d"),
    ]
    text = master_playlist([_rendition()], subtitles=tracks)
    shown = '#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="subtitles",NAME="English'
    deaf = (
        'CHARACTERISTICS="public.accessibility.transcribes-spoken-dialog,'
        'public.accessibility.describes-music-and-sound"'
    )
    assert [
        f'{shown} (forced)",LANGUAGE="en",DEFAULT=NO,AUTOSELECT=YES,FORCED=YES,URI="a"',
        f'{shown}",LANGUAGE="en",DEFAULT=NO,AUTOSELECT=YES,FORCED=NO,{deaf},URI="b"',
        f'{shown} 2",LANGUAGE="en",DEFAULT=NO,AUTOSELECT=NO,FORCED=NO,URI="c"',
        f'{shown} 3",LANGUAGE="en",DEFAULT=YES,AUTOSELECT=YES,FORCED=NO,URI="d"',
    ] == [line for line in text.splitlines() if "SUBTITLES," in line and "EXT-X-MEDIA" in line]
    assert "BANDWIDTH=3050,AVERAGE-BANDWIDTH=1520," in text


def test_without_captions_the_master_names_none():
    """No group and no reference to one."""
    text = master_playlist([_rendition(), _rendition("360p", 1000)])
    assert (False, False, 2) == ("SUBTITLES" in text, "AUDIO" in text, text.count("#EXT-X-STREAM-INF"))


def test_audio_tracks_of_their_own_are_a_group():
    """One default, one chosen by itself for each language, and the richest audio in the rates of every variant."""
    tracks = [_track("English", "en", 1), _track("Comments", "en", 2, 140), _track("Deutsch", "de", 3, default=True)]
    lines = master_playlist([_rendition(), _rendition("360p", 1000)], tracks).splitlines()
    assert [
        '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="stereo",NAME="English",LANGUAGE="en",'
        'DEFAULT=NO,AUTOSELECT=YES,CHANNELS="2",URI="audio/1/index.m3u8"',
        '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="stereo",NAME="Comments",LANGUAGE="en",'
        'DEFAULT=NO,AUTOSELECT=NO,CHANNELS="2",URI="audio/2/index.m3u8"',
        '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="stereo",NAME="Deutsch",LANGUAGE="de",'
        'DEFAULT=YES,AUTOSELECT=YES,CHANNELS="2",URI="audio/3/index.m3u8"',
        '#EXT-X-STREAM-INF:BANDWIDTH=3140,AVERAGE-BANDWIDTH=1570,CODECS="avc1.64001f,mp4a.40.2",RESOLUTION=1280x720,'
        'FRAME-RATE=29.970,VIDEO-RANGE=SDR,AUDIO="stereo",CLOSED-CAPTIONS=NONE',
        "720p/index.m3u8",
        '#EXT-X-STREAM-INF:BANDWIDTH=1140,AVERAGE-BANDWIDTH=570,CODECS="avc1.64001f,mp4a.40.2",RESOLUTION=1280x720,'
        'FRAME-RATE=29.970,VIDEO-RANGE=SDR,AUDIO="stereo",CLOSED-CAPTIONS=NONE',
        "360p/index.m3u8",
    ] == lines[3:]


def test_surround_is_a_second_group_with_the_same_members():
    """RFC 8216, 4.3.4.1.1: an audio track without surround is there as it is; each video is listed for each group."""
    tracks = [
        _track("English", "en", 1),
        _track("English", "en", 1, 400, surround=True),
        _track("Deutsch", None, 2, default=True),
    ]
    lines = master_playlist([_rendition()], tracks).splitlines()
    stereo, surround = (
        [line.replace(f'GROUP-ID="{group}",', "") for line in lines if f'GROUP-ID="{group}"' in line]
        for group in ("stereo", "surround")
    )
    assert (2, stereo[1]) == (len(surround), surround[1])
    assert stereo[0].replace('"2"', '"6"').replace("audio/1/", "audio/1-surround/") == surround[0]
    assert 'LANGUAGE="und",DEFAULT=YES,AUTOSELECT=YES' in stereo[1]
    variants = [line for line in lines if line.startswith("#EXT-X-STREAM-INF")]
    assert ["BANDWIDTH=3130", "BANDWIDTH=3400"] == [line.split(":")[1].split(",")[0] for line in variants]
    assert ['CODECS="avc1.64001f,mp4a.40.2"', 'CODECS="avc1.64001f,ac-3,mp4a.40.2"'] == [
        line[line.index("CODECS") : line.index(",RESOLUTION")] for line in variants
    ]


def test_a_stream_of_audio_alone():
    """The audio is the variant: no resolution, no frame rate, and no group where there is one audio track only."""
    assert [
        '#EXT-X-STREAM-INF:BANDWIDTH=160,AVERAGE-BANDWIDTH=85,CODECS="mp4a.40.2",SUBTITLES="subtitles"',
        "audio/0/index.m3u8",
    ] == master_playlist([], [_track("Audio", None, 0)], subtitles=[CAPTIONS]).splitlines()[4:]


def test_several_audio_tracks_alone():
    """A variant a group, whose playlist is that of the default audio track."""
    tracks = [_track("English", "en", 0), _track("Deutsch", "de", 1, 140, default=True)]
    lines = master_playlist([], tracks).splitlines()
    assert [
        '#EXT-X-STREAM-INF:BANDWIDTH=140,AVERAGE-BANDWIDTH=70,CODECS="mp4a.40.2",AUDIO="stereo"',
        "audio/1/index.m3u8",
    ] == lines[5:]


def test_names_can_t_break_an_attribute():
    """Quotes and line ends are replaced, and two audio tracks of one name are told apart."""
    tracks = [_track('The "best"\naudio', "en", 1, default=True), _track("The 'best' audio", "de", 2)]
    names = [
        line.split(",")[2]
        for line in master_playlist([_rendition()], tracks).splitlines()
        if line.startswith("#EXT-X-MEDIA")
    ]
    assert ["NAME=\"The 'best' audio\"", "NAME=\"The 'best' audio 2\""] == names


def test_hdr_and_keyframes_in_the_master():
    """The dynamic range stands on every variant with a video, keyframe playlists have the video's codec alone."""
    video = dataclasses.replace(VIDEO, codec="hvc1.2.4.L93.90", dynamic_range=DynamicRange.PQ)
    stream = IFrameStream(uri="720p/iframes.m3u8", video=video, peak_bit_rate=200, average_bit_rate=100)
    lines = master_playlist([_rendition(video=video)], [_track("Audio", "en", 1)], iframes=[stream]).splitlines()
    assert "VIDEO-RANGE=PQ" in lines[4]
    assert (
        '#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=200,AVERAGE-BANDWIDTH=100,CODECS="hvc1.2.4.L93.90",RESOLUTION=1280x720,'
        'VIDEO-RANGE=PQ,URI="720p/iframes.m3u8"'
    ) == lines[-1]


def test_a_media_playlist():
    """Whole, from segment 1, with an end mark; the target is the longest segment, rounded."""
    assert [
        "#EXTM3U",
        "#EXT-X-VERSION:6",
        "#EXT-X-TARGETDURATION:7",
        "#EXT-X-MEDIA-SEQUENCE:1",
        "#EXT-X-PLAYLIST-TYPE:VOD",
        "#EXT-X-INDEPENDENT-SEGMENTS",
        "#EXTINF:6.500000,",
        "seg_001.ts",
        "#EXTINF:0.250000,",
        "seg_002.ts",
        "#EXT-X-ENDLIST",
    ] == media_playlist((6.5, 0.25), ["seg_001.ts", "seg_002.ts"], version=6).splitlines()


def test_a_media_playlist_with_map_and_key():
    """The map stands before the key, so that it is not encrypted (RFC 8216, 4.3.2.4); no target is below a second."""
    text = media_playlist(
        (0.25,), ["seg_001.m4s"], version=7, map_uri="init.mp4", key_uri="https://a.example/key?id=1", independent=False
    )
    assert [
        "#EXTM3U",
        "#EXT-X-VERSION:7",
        "#EXT-X-TARGETDURATION:1",
        "#EXT-X-MEDIA-SEQUENCE:1",
        "#EXT-X-PLAYLIST-TYPE:VOD",
        '#EXT-X-MAP:URI="init.mp4"',
        '#EXT-X-KEY:METHOD=AES-128,URI="https://a.example/key?id=1"',
        "#EXTINF:0.250000,",
        "seg_001.m4s",
        "#EXT-X-ENDLIST",
    ] == text.splitlines()


def test_an_iframe_playlist():
    """Byte ranges with their offsets, and the part of the first segment that players need first."""
    frames = tuple(
        IFrame(uri="seg_001.ts", byte_range=ByteRange(offset=offset, size_bytes=376), duration_s=2.0)
        for offset in (564, 18_800)
    )
    iframes = IFrames(map_uri="seg_001.ts", map_range=ByteRange(offset=0, size_bytes=564), frames=frames)
    assert [
        "#EXTM3U",
        "#EXT-X-VERSION:6",
        "#EXT-X-TARGETDURATION:2",
        "#EXT-X-MEDIA-SEQUENCE:1",
        "#EXT-X-PLAYLIST-TYPE:VOD",
        "#EXT-X-I-FRAMES-ONLY",
        '#EXT-X-MAP:URI="seg_001.ts",BYTERANGE="564@0"',
        "#EXTINF:2.000000,",
        "#EXT-X-BYTERANGE:376@564",
        "seg_001.ts",
        "#EXTINF:2.000000,",
        "#EXT-X-BYTERANGE:376@18800",
        "seg_001.ts",
        "#EXT-X-ENDLIST",
    ] == iframe_playlist(iframes, version=6).splitlines()
