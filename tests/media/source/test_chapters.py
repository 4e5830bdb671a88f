"""Chapters in all the forms that people have, and what players are given."""

from __future__ import annotations

import json
import re

import pytest

from pipeline.media.source.chapters import chapters_json, chapters_vtt, decode_chapters, parse_chapters, within
from pipeline.media_info import Chapter

FFMETADATA = """;FFMETADATA1
title=Not a chapter
[CHAPTER]
TIMEBASE=1/1000
START=0
END=1500
title=One \\= first\\
line
# a comment
[CHAPTER]
START=90500000000
END=91000000000
title=Two
[STREAM]
title=None
"""
YOUTUBE = """My lesson, with everything

Chapters:
0:00 One = first line
01:30.5 - Two

Subscribe!
"""
BRACKETS = "[00:00:00] One = first line\n(0:01:30,5) | Two\n"
WEBVTT = """WEBVTT

NOTE what it is

00:00.000 --> 01:30.500
<b>One</b> = first
line

second
00:01:30.500 --> 00:02:00.000 align:start
Two
"""
SIMPLE = "CHAPTER01=00:00:00.000\nCHAPTER01NAME=One = first line\nCHAPTER02=00:01:30.500\nCHAPTER02NAME=Two\n"
APPLE = json.dumps(
    [
        {"chapter": 1, "start-time": 0, "titles": [{"language": "en", "title": "One = first line"}]},
        {
            "start-time": 90.5,
            "duration": 3,
            "titles": [{"language": "en", "title": "Two"}, {"language": "de", "title": "Zwei"}],
        },
    ]
)
PODCAST = json.dumps(
    {
        "version": "1.2.0",
        "chapters": [{"startTime": 0, "title": "One = first line"}, {"startTime": 90.5, "title": "Two"}],
    }
)
TWO = (Chapter(start_s=0.0, title="One = first line"), Chapter(start_s=90.5, title="Two"))


@pytest.mark.parametrize("text", [FFMETADATA, YOUTUBE, BRACKETS, WEBVTT, SIMPLE, APPLE, PODCAST], ids=range(7))
@pytest.mark.parametrize("ends", ["\n", "\r\n"], ids=["LF", "CRLF"])
def test_every_form_says_the_same(text, ends):
    """ffmpeg's metadata, lines as for YouTube, WebVTT, Matroska's simple form, Apple's JSON and that of podcasts."""
    assert TWO == parse_chapters(text.replace("\n", ends))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_the_text_may_be_written_on_any_system(encoding):
    """With a mark of its encoding or without, also by Windows' Notepad of old."""
    assert "0:00 Größe" == decode_chapters("0:00 Größe".encode(encoding))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("", "there are no chapters in it", id="empty"),
        pytest.param("An essay\nwithout times", "there are no chapters in it", id="something else"),
        pytest.param(
            "0:00 One\nTwo\n1:00 Three", "line 2 ('Two') has no time before its title", id="a time is missing"
        ),
        pytest.param('[{"title": "One"}]', "its chapter 1 has no start-time", id="JSON without times"),
        pytest.param("{nothing", "it begins like JSON but is not valid JSON", id="broken JSON"),
        pytest.param("CHAPTER01=soon", "the line 'CHAPTER01=soon' has no time such as 00:01:30.000", id="no time"),
        pytest.param("WEBVTT\n\nsoon --> later\nOne", "the line 'soon --> later' is not a cue's time", id="words"),
        pytest.param(
            ";FFMETADATA1\n[CHAPTER]\ntitle=One", "the chapter 'One' has no START that can be read", id="no START"
        ),
    ],
)
def test_what_can_not_be_read_is_said(text, reason):
    """In the middle of a sentence, with the place."""
    with pytest.raises(ValueError, match=f"^{re.escape(reason)}$"):
        parse_chapters(text)


def test_chapters_are_fitted_to_the_stream():
    """In order, from its beginning, before its end, one at a time, each with a name."""
    given = [
        Chapter(start_s=9.0, title=" Third\n part "),
        Chapter(start_s=-3.0, title="Early"),
        Chapter(start_s=-1.0, title="First"),
    ]
    given += [Chapter(start_s=5.0), Chapter(start_s=12.0, title="At the end")]
    expected = (
        Chapter(start_s=0.0, title="First"),
        Chapter(start_s=5.0, title="Chapter 2"),
        Chapter(start_s=9.0, title="Third part"),
    )
    assert expected == within(given, 12.0)


def test_what_players_are_given():
    """Each chapter lasts until the next one begins; a title with markup stays text."""
    made = (Chapter(start_s=0.0, title="A & <B>"), Chapter(start_s=2.5, title="C"))
    assert [
        {"chapter": 1, "start-time": 0.0, "duration": 2.5, "titles": [{"language": "en", "title": "A & <B>"}]},
        {"chapter": 2, "start-time": 2.5, "duration": 1.5, "titles": [{"language": "en", "title": "C"}]},
    ] == json.loads(chapters_json(made, 4.0, "en"))
    assert ["und", "und"] == [
        chapter["titles"][0]["language"] for chapter in json.loads(chapters_json(made, 4.0, None))
    ]
    expected = "WEBVTT\n\n00:00:00.000 --> 00:00:02.500\nA &amp; &lt;B&gt;\n\n00:00:02.500 --> 00:00:04.000\nC\n"
    assert expected == chapters_vtt(made, 4.0)
