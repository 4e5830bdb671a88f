"""The text subtitles of real files, as cues."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from source_clips import H264, pattern, run

from pipeline.cancel import CancelToken
from pipeline.media.source.probe import probe
from pipeline.media.source.subtitle_tracks import EventText, event_text, read_cues
from pipeline.media_info import SubtitleKind
from pipeline.speech.cues import Cue

SRT = """1
00:00:00,500 --> 00:00:01,000
{\\an8}Hello <i>there</i> & you

2
00:00:01,200 --> 00:00:02,600
Über
zwei Zeilen
"""
CUES = [
    Cue(start_s=0.5, end_s=1.0, text="Hello there & you", formatted="Hello <i>there</i> &amp; you", settings="line:0"),
    Cue(start_s=1.2, end_s=2.6, text="Über\nzwei Zeilen"),
]


def _clip(
    folder: Path, name: str, text: bytes, *options: str, file: str = "text.srt", codec: tuple[str, ...] = H264
) -> Path:
    subtitles = folder / file
    subtitles.write_bytes(text)
    return run(folder, name, *pattern(), "-i", str(subtitles), "-map", "0", "-map", "1", *codec, *options)


def _read(clip: Path) -> list[list[Cue]]:
    media = probe(clip)
    return list(read_cues(media, media.text_subtitles, CancelToken()).values())


@pytest.mark.parametrize(
    ("name", "options"),
    [
        pytest.param("a.mp4", ("-c:s", "mov_text"), id="mov_text"),
        pytest.param("a.mov", ("-c:s", "mov_text"), id="mov"),
        pytest.param("a.mkv", ("-c:s", "srt"), id="SubRip"),
        pytest.param("a.mkv", ("-c:s", "ass"), id="ASS"),
        pytest.param("a.mkv", ("-c:s", "webvtt"), id="WebVTT"),
        pytest.param(
            "a.mkv", ("-c:s", "srt", "-output_ts_offset", "5", "-avoid_negative_ts", "disabled"), id="times from 5 s on"
        ),
    ],
)
def test_text_is_read_from_every_form(tmp_path, name, options):
    """Words and lines as they look, at their times from the first moment of video and audio."""
    placed = CUES if "mov_text" not in options and "webvtt" not in options else [replace(CUES[0], settings=""), CUES[1]]
    assert [placed] == _read(_clip(tmp_path, name, SRT.encode(), *options))


def test_what_the_file_says_of_its_tracks(tmp_path):
    """Language, title, and what a track is for."""
    marks = (
        "-disposition:s:0",
        "forced",
        "-disposition:s:1",
        "default+hearing_impaired",
        "-metadata:s:s:1",
        "title=For the deaf",
    )
    maps = ("-map", "1", "-c:s", "srt", "-metadata:s:s:0", "language=ger", "-metadata:s:s:1", "language=eng", *marks)
    found = probe(_clip(tmp_path, "a.mkv", SRT.encode(), *maps)).subtitles
    assert [("de", "", False, True, False), ("en", "For the deaf", True, False, True)] == [
        (s.language, s.title, s.default, s.forced, s.for_the_deaf) for s in found
    ]


@pytest.mark.parametrize(
    ("flags", "forced"), [(0xC0000000, True), (0x40000000, False), (0, False)], ids=["all", "some", "none"]
)
def test_what_mp4_says_of_forced_subtitles(tmp_path, flags, forced):
    """QuickTime's display flags: all samples are forced, or only some of them."""
    clip = _clip(tmp_path, "a.mp4", SRT.encode(), "-c:s", "mov_text")
    data = clip.read_bytes()
    at = data.index(b"tx3g") + 12
    clip.write_bytes(data[:at] + flags.to_bytes(4, "big") + data[at + 4 :])
    assert [forced] == [stream.forced for stream in probe(clip).subtitles]


def test_pictures_are_told_from_text(tmp_path):
    """A Blu-ray's subtitles are pictures, from which nothing can be read."""
    screen = b"\x01\x40\x00\xb4\x10\x00\x00\x80\x00\x00\x00"  # 320x180, a new epoch without objects
    segments = b"".join(
        b"PG" + bytes(8) + kind + len(data).to_bytes(2, "big") + data
        for kind, data in ((b"\x16", screen), (b"\x80", b""))
    )
    clip = _clip(tmp_path, "a.mkv", segments, "-c:s", "copy", file="pictures.sup")
    assert [SubtitleKind.PICTURES] == [stream.form for stream in probe(clip).subtitles]
    assert [] == _read(clip)


def test_text_of_old_windows_files(tmp_path):
    """What a program has put into Matroska as it was is read all the same."""
    clip = _clip(tmp_path, "a.mkv", SRT.encode(), "-c:s", "srt")
    clip.write_bytes(clip.read_bytes().replace("Über".encode(), "Überr".encode("cp1252")))
    assert ["Überr\nzwei Zeilen"] == [cue.text for cue in _read(clip)[0][1:]]


ASS = """[Script Info]
ScriptType: v4.00+
[V4+ Styles]
Format: Name, Fontname
Style: Default,Arial
[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
Dialogue: 0,0:00:01.00,0:00:02.00,Default,,0,0,0,,{\\pos(1,2)\\b1}Long, with a comma\\Nand {\\i1}two{\\i0} lines
Dialogue: 1,0:00:01.00,0:00:02.00,Default,,0,0,0,,{\\pos(3,4)\\blur4}Long, with a comma\\Nand two lines
Dialogue: 0,0:00:00.50,0:00:02.50,Default,,0,0,0,,Over all of it
Dialogue: 0,0:00:02.60,0:00:02.80,Default,,0,0,0,,{\\p1}m 0 0 l 10 0 10 10{\\p0}
"""


def test_a_typeset_script_becomes_lines(tmp_path):
    """Two layers of a text are one cue, which looks as the first, drawings are none; cues may lie over one another."""
    clip = _clip(tmp_path, "a.mkv", ASS.encode(), "-c:s", "copy", file="text.ass")
    expected = [
        Cue(start_s=0.5, end_s=2.5, text="Over all of it"),
        Cue(
            start_s=1.0,
            end_s=2.0,
            text="Long, with a comma\nand two lines",
            formatted="<b>Long, with a comma\nand <i>two</i> lines</b>",
        ),
    ]
    assert [expected] == _read(clip)


@pytest.mark.parametrize(
    ("event", "text"),
    [
        pytest.param("0,0,Default,,0,0,0,,a\\hb\\nc", "a b c", id="hard space and soft break"),
        pytest.param("0,0,Default,,0,0,0,,a{\\p2}m 1 1{\\p0}b", "ab", id="a drawing inside"),
        pytest.param("0,0,Default,,0,0,0,,{\\p1}m 1 1", "", id="a drawing to the end"),
        pytest.param("0,0,Default,,0,0,0,,\\N\\N a \\N ", "a", id="empty lines"),
    ],
)
def test_the_text_of_an_event(event, text):
    """As a viewer would read it."""
    assert EventText(text=text) == event_text(event)


@pytest.mark.parametrize(
    ("event", "shown"),
    [
        ("{\\an8\\i1}a{\\i0}", EventText(text="a", formatted="<i>a</i>", settings="line:0")),
        ("{\\an7}{\\pos(12,34)}a", EventText(text="a")),
        ("{\\i1}a{\\r} b", EventText(text="a b", formatted="<i>a</i> b")),
        ("{i}{\\b700\\blur1}a", EventText(text="a")),
        ("{\\u1}a\\Nb < c", EventText(text="a\nb < c", formatted="<u>a\nb &lt; c</u>")),
    ],
    ids=["place and italics", "a point", "a reset", "no known code", "lines"],
)
def test_how_an_event_looks(event, shown):
    """Italics, bold, underlined and one of nine places."""
    assert shown == event_text(f"0,0,Default,,0,0,0,,{event}")


VTT = (
    "WEBVTT\n\n00:00.500 --> 00:01.000 position:10%,line-left align:left line:0\n<v Ann>over the <i>title</i></v>\n\n"
    "00:01.200 --> 00:02.600\nbelow\n"
)


def test_webvtt_keeps_what_its_decoder_leaves_out(tmp_path):
    """Where a cue stands, and who speaks."""
    clip = _clip(tmp_path, "a.mkv", VTT.encode(), "-c:s", "copy", file="text.vtt")
    first = Cue(
        start_s=0.5,
        end_s=1.0,
        text="over the title",
        formatted="<v Ann>over the <i>title</i></v>",
        settings="position:10%,line-left align:left line:0",
    )
    assert [[first, Cue(start_s=1.2, end_s=2.6, text="below")]] == _read(clip)
