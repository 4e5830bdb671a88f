"""Reading playlists: what they say, and what can't be understood."""

from __future__ import annotations

import pytest

from pipeline.media.validate.m3u8 import parse_attributes, parse_playlist
from pipeline.media.validate.playlist_model import MasterPlaylist, MediaPlaylist, StatedRange

MEDIA = """#EXTM3U
#EXT-X-VERSION:7
#EXT-X-TARGETDURATION:6
#EXT-X-MEDIA-SEQUENCE:5
# a comment
#EXT-X-MAP:URI="init.mp4",BYTERANGE="100@0"
#EXT-X-KEY:METHOD=AES-128,URI="https://keys.example/k",IV=0x0000000000000000000000000000000A

#EXTINF:6.006,a title, with a comma
a.m4s
#EXT-X-DISCONTINUITY
#EXT-X-KEY:METHOD=NONE
#EXTINF:3
b.m4s
#EXT-X-ENDLIST
"""

MASTER = """#EXTM3U
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="x, y=z",URI="a.m3u8"
#EXT-X-STREAM-INF:BANDWIDTH=100,CODECS="avc1.64001f,mp4a.40.2",RESOLUTION=640x360,FRAME-RATE=29.970
# a comment between
v.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=200
#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=50,URI="i.m3u8"
"""


def _media(*lines: str) -> MediaPlaylist:
    playlist = parse_playlist("\n".join(["#EXTM3U", *lines]))
    assert isinstance(playlist, MediaPlaylist)
    return playlist


def test_a_media_playlist_is_its_segments():
    """Durations, numbers, keys and maps lie with the segment that they apply to."""
    playlist = parse_playlist(MEDIA)
    assert isinstance(playlist, MediaPlaylist)
    first, second = playlist.segments
    assert ((), 6, "#EXTM3U") == (playlist.faults, playlist.target_duration_s, playlist.first_line)
    assert ("a.m4s", 5, 6.006, False) == (first.uri, first.number, first.duration_s, first.discontinuity)
    assert ("b.m4s", 6, 3.0, True, None) == (
        second.uri,
        second.number,
        second.duration_s,
        second.discontinuity,
        second.key,
    )
    assert first.key is not None
    assert ("AES-128", "https://keys.example/k", bytes(15) + b"\n") == (first.key.method, first.key.uri, first.key.iv)
    assert first.init is not None
    assert first.init == second.init
    assert ("init.mp4", StatedRange(100, 0), None) == (first.init.uri, first.init.byte_range, first.init.key)


def test_a_map_after_a_key_is_encrypted_too():
    """RFC 8216, 4.3.2.5: the key in force where the map stands."""
    key = '#EXT-X-KEY:METHOD=AES-128,URI="k"'
    (segment,) = _media(key, '#EXT-X-MAP:URI="i"', "#EXTINF:1,", "a").segments
    assert segment.init is not None
    assert segment.key == segment.init.key
    assert segment.key is not None


def test_a_master_playlist_is_its_variants():
    """An address belongs to the tag before it; a tag without one is kept."""
    master = parse_playlist(MASTER)
    assert isinstance(master, MasterPlaylist)
    assert [("v.m3u8", 3), (None, 6)] == [(variant.uri, variant.line) for variant in master.variants]
    first = master.variants[0].attributes
    assert (100, (640, 360), 29.97, "avc1.64001f,mp4a.40.2") == (
        first.integer("BANDWIDTH"),
        first.resolution(),
        first.number("FRAME-RATE"),
        first.get("CODECS"),
    )
    assert ["x, y=z"] == [media.attributes.get("NAME") for media in master.media]
    assert ["i.m3u8"] == [variant.uri for variant in master.iframe_variants]


@pytest.mark.parametrize(
    "text", ["\r\n".join(MEDIA.split("\n")), MEDIA + "\n\n", MEDIA.replace("\n#EXTINF", " \n#EXTINF")]
)
def test_line_ends_do_not_matter(text):
    """CRLF, empty lines and spaces at the end of a line change nothing."""
    playlist = parse_playlist(text)
    assert isinstance(playlist, MediaPlaylist)
    assert (["a.m4s", "b.m4s"], ()) == ([segment.uri for segment in playlist.segments], playlist.faults)


def test_byte_ranges_go_on_where_the_last_one_ended():
    """RFC 8216, 4.3.2.2: without an offset a range follows the one before of the same file."""
    lines = [("#EXTINF:1,", f"#EXT-X-BYTERANGE:{said}", "a.ts") for said in ("100@50", "30", "20@500")]
    playlist = _media(*[line for three in lines for line in three])
    assert [StatedRange(100, 50), StatedRange(30, 150), StatedRange(20, 500)] == [
        segment.byte_range for segment in playlist.segments
    ]
    assert () == playlist.faults


@pytest.mark.parametrize(
    ("lines", "section"),
    [
        pytest.param(["#EXTINF:six,", "a"], "4.3.2.1", id="duration is not a number"),
        pytest.param(["#EXTINF:-1,", "a"], "4.3.2.1", id="duration below nothing"),
        pytest.param(["#EXTINF:nan,", "a"], "4.3.2.1", id="duration is not a number"),
        pytest.param(["#EXTINF:1e3,", "a"], "4.3.2.1", id="duration in a form that players do not know"),
        pytest.param(["#EXTINF:1,", "#EXT-X-BYTERANGE:10", "a"], "4.3.2.2", id="range without a place"),
        pytest.param(["#EXTINF:1,", "#EXT-X-BYTERANGE:x@1", "a"], "4.3.2.2", id="range is not a number"),
        pytest.param(["#EXT-X-KEY:URI=\"k\"", "#EXTINF:1,", "a"], "4.3.2.4", id="key without a method"),
        pytest.param(["#EXT-X-KEY:METHOD=AES-128", "#EXTINF:1,", "a"], "4.3.2.4", id="key without an address"),
        pytest.param(["#EXT-X-KEY:METHOD=AES-128,URI=\"k\",IV=12", "#EXTINF:1,", "a"], "4.3.2.4", id="IV not a number"),
        pytest.param(["#EXT-X-MAP:BYTERANGE=\"1@0\"", "#EXTINF:1,", "a"], "4.3.2.5", id="map without an address"),
        pytest.param(["#EXT-X-MAP:URI=\"i\",BYTERANGE=\"x\"", "#EXTINF:1,", "a"], "4.3.2.5",
                     id="map with a wrong range"),
        pytest.param(["#EXT-X-TARGETDURATION:6.5", "#EXTINF:1,", "a"], "4.3.3.1", id="target duration with a fraction"),
        pytest.param(["#EXT-X-MEDIA-SEQUENCE:one", "#EXTINF:1,", "a"], "4.3.3.2", id="sequence is not a number"),
        pytest.param(["#EXT-X-TARGETDURATION:²", "#EXTINF:1,", "a"], "4.3.3.1", id="a digit of another kind"),
        pytest.param(["#EXT-X-KEY:METHOD=AES-128,METHOD=NONE,URI=\"k\"", "#EXTINF:1,", "a"], "4.2",
                     id="attribute twice"),
    ],
)  # fmt: skip
def test_what_can_not_be_understood_is_a_fault(lines, section):
    """One fault with its section and line; the segment is there all the same."""
    playlist = _media(*lines)
    assert ([section], 1) == ([fault.section for fault in playlist.faults], len(playlist.segments))
    assert playlist.faults[0].line > 1


def test_an_address_without_a_duration_is_a_segment_without_one():
    """It is kept, so that its file can be judged."""
    assert [None, 2.0] == [segment.duration_s for segment in _media("a", "#EXTINF:2,", "b").segments]


def test_a_playlist_of_both_kinds_is_what_most_of_it_is():
    """A wrong line does not turn a playlist into the other kind."""
    assert isinstance(parse_playlist(MEDIA + "#EXT-X-STREAM-INF:BANDWIDTH=1\n"), MediaPlaylist)
    assert isinstance(parse_playlist(MASTER + "#EXTINF:1,\n"), MasterPlaylist)


@pytest.mark.parametrize(
    "text", ["", "\0", "#EXTM3U", "#EXT", "#EXT-X-STREAM-INF", "#EXT-X-KEY:", "🎬" * 50, "#EXTINF"]
)
def test_nothing_makes_the_reader_fail(text):
    """Any text is some playlist."""
    assert parse_playlist(text).tags == parse_playlist(text).tags


@pytest.mark.parametrize(
    ("text", "values", "faults"),
    [
        pytest.param('A=1,B="x,y",C=2x3', {"A": "1", "B": "x,y", "C": "2x3"}, 0, id="all kinds"),
        pytest.param('A=1, B="x"', {"A": "1", "B": "x"}, 0, id="space after a comma"),
        pytest.param('A="",B=2', {"A": "", "B": "2"}, 0, id="empty"),
        pytest.param('A=1,b="x"', {"A": "1"}, 1, id="small letters"),
        pytest.param('A="x', {}, 1, id="quote that does not end"),
        pytest.param("A=1,A=2", {"A": "2"}, 1, id="twice"),
        pytest.param("", {}, 0, id="nothing"),
    ],
)
def test_attribute_lists(text, values, faults):
    """RFC 8216, 4.2; what can be read before a fault is kept."""
    read = parse_attributes(text)
    assert (values, faults) == (read.values, len(read.faults))


@pytest.mark.parametrize(("value", "number"), [("12", 12), ("-1", None), ("1.5", None), ("²", None), ("", None)])
def test_integers_are_decimal(value, number):
    """Nothing else is one, and nothing raises."""
    assert number == parse_attributes(f"A={value}").integer("A")
