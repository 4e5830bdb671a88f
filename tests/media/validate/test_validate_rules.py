"""The rules about text alone, each on a line that breaks it."""

from __future__ import annotations

import pytest

from pipeline.media.validate.findings import RuleNotes
from pipeline.media.validate.folder import Folder
from pipeline.media.validate.m3u8 import parse_playlist
from pipeline.media.validate.master_rules import check_master
from pipeline.media.validate.playlist_model import MasterPlaylist, MediaPlaylist
from pipeline.media.validate.playlist_rules import Role, check_header, check_media
from pipeline.media.validate.session_rules import check_session_data

VARIANT = '#EXT-X-STREAM-INF:BANDWIDTH=9,AVERAGE-BANDWIDTH=9,CODECS="avc1.64001f",AUDIO="a"\nv.m3u8\n'
AUDIO = (
    '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="English",LANGUAGE="en",DEFAULT=YES,'
    'AUTOSELECT=YES,CHANNELS="2",URI="a.m3u8"\n'
)
CAPTIONS = '#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="s",NAME="English",LANGUAGE="en",AUTOSELECT=YES,URI="s.m3u8"\n'
CLOSED = '#EXT-X-MEDIA:TYPE=CLOSED-CAPTIONS,GROUP-ID="c",NAME="English",LANGUAGE="en",INSTREAM-ID="CC1"\n'
GOOD = f"#EXTM3U\n{AUDIO}{CAPTIONS}{CLOSED}{VARIANT}"
MEDIA = (
    "#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-TARGETDURATION:6\n#EXT-X-PLAYLIST-TYPE:VOD\n#EXTINF:6,\na.ts\n#EXT-X-ENDLIST\n"
)


def _master_rules(text: str) -> set[str]:
    notes, master = RuleNotes(), parse_playlist(text)
    assert isinstance(master, MasterPlaylist)
    check_header(master, "master.m3u8", notes)
    check_master(master, "master.m3u8", notes)
    return {finding.rule for finding in notes.findings}


def _media_rules(text: str) -> set[str]:
    notes, playlist = RuleNotes(), parse_playlist(text)
    assert isinstance(playlist, MediaPlaylist)
    check_header(playlist, "index.m3u8", notes)
    check_media(playlist, Role.VARIANT, "index.m3u8", notes)
    return {finding.rule for finding in notes.findings}


def test_good_text_breaks_no_rule():
    """Each fault below is planted in these."""
    assert (set(), set()) == (_master_rules(GOOD), _media_rules(MEDIA))


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        pytest.param(
            VARIANT,
            VARIANT + VARIANT.replace(",AUDIO", ",CLOSED-CAPTIONS=NONE,AUDIO"),
            "4.3.4.2",
            id="NONE on some variants",
        ),
        pytest.param(
            VARIANT, VARIANT.replace("AGE-BANDWIDTH=9", "AGE-BANDWIDTH=10"), "4.3.4.2", id="average above the peak"
        ),
        pytest.param('"avc1.64001f"', "avc1.64001f", "4.3.4.2", id="CODECS without quotes"),
        pytest.param(",AUDIO", ",RESOLUTION=640,AUDIO", "4.3.4.2", id="RESOLUTION of one number"),
        pytest.param(",AUDIO", ",FRAME-RATE=fast,AUDIO", "4.3.4.2", id="FRAME-RATE is not a number"),
        pytest.param("BANDWIDTH=9,", "BANDWIDTH=nine,", "4.3.4.2", id="BANDWIDTH is not a number"),
        pytest.param(
            VARIANT,
            VARIANT + '#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=9,CODECS="a",RESOLUTION=1x1\n',
            "4.3.4.3",
            id="I-frames nowhere",
        ),
        pytest.param("TYPE=AUDIO", "TYPE=SMELL", "4.3.4.1", id="TYPE unknown"),
        pytest.param("TYPE=SUBTITLES,", "", "4.3.4.1", id="no TYPE"),
        pytest.param('GROUP-ID="s",', "", "4.3.4.1", id="no GROUP-ID"),
        pytest.param("DEFAULT=YES", "DEFAULT=TRUE", "4.3.4.1", id="DEFAULT neither YES nor NO"),
        pytest.param("DEFAULT=YES", "DEFAULT=YES,FORCED=YES", "4.3.4.1", id="audio that is FORCED"),
        pytest.param(',URI="s.m3u8"', "", "4.3.4.1", id="subtitles nowhere"),
        pytest.param('INSTREAM-ID="CC1"', 'URI="c.m3u8"', "4.3.4.1", id="closed captions with an address"),
        pytest.param(AUDIO, AUDIO + AUDIO.replace("DEFAULT=YES", "DEFAULT=NO"), "4.3.4.1.1", id="same NAME twice"),
        pytest.param(
            "DEFAULT=YES,AUTOSELECT=YES,CH", "DEFAULT=NO,AUTOSELECT=NO,CH", "4.3.4.1", id="no audio is chosen"
        ),
        pytest.param('INSTREAM-ID="CC1"', 'INSTREAM-ID="SERVICE1"', "7", id="SERVICE needs version 7"),
        pytest.param('LANGUAGE="en"', "LANGUAGE=en", "4.3.4.1", id="LANGUAGE without quotes"),
    ],
)
def test_a_fault_in_a_master_playlist_is_found(old, new, rule):
    """By its section of RFC 8216."""
    assert old in GOOD
    assert f"RFC 8216 {rule}" in _master_rules(GOOD.replace(old, new, 1))


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        pytest.param("#EXTINF", '#EXT-X-KEY:METHOD=ROT13,URI="k"\n#EXTINF', "RFC 8216 4.3.2.4", id="method unknown"),
        pytest.param(
            "#EXTINF",
            '#EXT-X-KEY:METHOD=AES-128,URI="k"\n#EXT-X-MAP:URI="i"\n#EXTINF',
            "RFC 8216 4.3.2.5",
            id="map without an IV",
        ),
        pytest.param(
            "#EXT-X-END",
            "#EXT-X-DISCONTINUITY-SEQUENCE:1\n#EXT-X-END",
            "RFC 8216 4.3.3.3",
            id="sequence after the segments",
        ),
        pytest.param("VERSION:6", "VERSION:six", "RFC 8216 4.3.1.2", id="version is not a number"),
        pytest.param(
            "#EXTINF", "#EXT-X-I-FRAMES-ONLY\n#EXTINF", "RFC 8216 4.3.3.6", id="I-frames only where a stream is played"
        ),
        pytest.param("VERSION:6\n", "VERSION:2\n#EXTINF:1.5,\nb.ts\n", "RFC 8216 7", id="fractions need version 3"),
        pytest.param("VERSION:6\n", 'VERSION:5\n#EXT-X-MAP:URI="i"\n', "RFC 8216 7", id="maps need version 6"),
        pytest.param("VERSION:6\n", "VERSION:3\n#EXT-X-BYTERANGE:1@0\n", "RFC 8216 7", id="byte ranges need version 4"),
        pytest.param("#EXT-X-VERSION:6", "#EXTM3U", "RFC 8216 4.3.1.1", id="two first lines"),
        pytest.param(
            "#EXT-X-END",
            "#EXT-X-INDEPENDENT-SEGMENTS\n#EXT-X-INDEPENDENT-SEGMENTS\n#EXT-X-END",
            "RFC 8216 4.3.5",
            id="said twice",
        ),
        pytest.param("#EXTINF:6", "#EXTINF:6.6", "Apple 7.7", id="six tenths over the target"),
    ],
)
def test_a_fault_in_a_media_playlist_is_found(old, new, rule):
    """By its rule."""
    assert old in MEDIA
    assert rule in _media_rules(MEDIA.replace(old, new, 1))


@pytest.mark.parametrize(("duration", "found"), [("6.499", False), ("6.5", True)])
def test_a_duration_is_rounded_to_the_nearest_second(duration, found):
    """RFC 8216, 4.3.3.1: a half goes up, as people round."""
    assert found == ("RFC 8216 4.3.3.1" in _media_rules(MEDIA.replace("#EXTINF:6", f"#EXTINF:{duration}")))


DATA = '#EXT-X-SESSION-DATA:DATA-ID="com.example.title",VALUE="A",LANGUAGE="en"\n'


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param(DATA + DATA.replace('"en"', '"de"'), False, id="two languages"),
        pytest.param(DATA + DATA, True, id="said twice"),
        pytest.param(DATA.replace('DATA-ID="com.example.title",', ""), True, id="no DATA-ID"),
        pytest.param(DATA.replace(',VALUE="A"', ""), True, id="neither VALUE nor URI"),
        pytest.param(DATA.replace(",LANGUAGE", ',URI="https://example.com/a.json",LANGUAGE'), True, id="VALUE and URI"),
        pytest.param(DATA.replace('"A"', "A"), True, id="VALUE without quotes"),
    ],
)
def test_session_data_has_one_name_and_one_value(tmp_path, text, found):
    """RFC 8216, 4.3.4.4."""
    notes, master = RuleNotes(), parse_playlist(GOOD + text)
    assert isinstance(master, MasterPlaylist)
    check_session_data(master, tmp_path / "master.m3u8", Folder(tmp_path, notes), notes)
    assert found == ("RFC 8216 4.3.4.4" in {finding.rule for finding in notes.findings})
