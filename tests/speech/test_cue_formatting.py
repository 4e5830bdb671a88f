"""What a caption looks like and where it stands survives from file to file."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.speech.cue_formatting import formatted_subrip, formatted_vtt, vtt_settings
from pipeline.speech.cues import Cue
from pipeline.speech.subtitle_files import parse_subtitles
from pipeline.speech.subtitles import to_srt, to_vtt

SRT = "1\n00:00:01,000 --> 00:00:02,000\n{content}\n"
VTT = "WEBVTT\n\n00:00:01.000 --> 00:00:02.000{settings}\n{content}\n"


@pytest.mark.parametrize(
    ("content", "settings_", "shown"),
    [
        ("<i>in</i> there", "", "<i>in</i> there"),
        ("<I>in</I> <font color='#ff0'>yellow</font>", "", "<i>in</i> yellow"),
        ("{\\an8}above", " line:0", "above"),
        ("{\\an7}<b>a < b & c</b>", " line:0 align:left", "<b>a &lt; b &amp; c</b>"),
        ("{\\an1\\i1}left{\\i0} {\\fs20}big", " align:left", "<i>left</i> big"),
        ("{\\an5}middle", " line:50%", "middle"),
        ("{i}one{/i}\n<u>two</u>", "", "<i>one</i>\n<u>two</u>"),
        ("<i>never ended", "", "<i>never ended</i>"),
        ("ended </i>only", "", "ended only"),
        ("<b><i>crossed</b></i>", "", "<b><i>crossed</i></b>"),
        ("<i>\nunder a tag\n</i>", "", "<i>under a tag</i>"),
        ("plain {x} <y>", "", "plain {x} &lt;y&gt;"),
    ],
)
def test_subrip_in_a_stream(content, settings_, shown):
    """SubRip's tags and places are WebVTT's, and what this has not is left out."""
    cues = parse_subtitles(SRT.format(content=content)).cues
    assert VTT.format(settings=settings_, content=shown) == to_vtt(cues)


@pytest.mark.parametrize(
    ("settings_", "content", "vtt", "srt"),
    [
        (" line:0", "above", " line:0", "{\\an8}above"),
        (
            " position:10%,line-left align:left size:35.5%",
            "x",
            " position:10%,line-left align:left size:35.5%",
            "{\\an1}x",
        ),
        (" line:50% align:right", "x", " line:50% align:right", "{\\an6}x"),
        (" line:-1", "x", " line:-1", "x"),
        (" line:90%", "x", " line:90%", "x"),
        (" align:middle region:fred line:x position:5", "x", " align:center", "x"),
        (" vertical:rl line:0", "縦", " vertical:rl line:0", "縦"),
    ],
)
def test_places(settings_, content, vtt, srt):
    """WebVTT's settings stay as they are; SubRip has the nearest of nine places."""
    cues = parse_subtitles(VTT.format(settings=settings_, content=content)).cues
    assert (VTT.format(settings=vtt, content=content), SRT.format(content=srt)) == (to_vtt(cues), to_srt(cues))


@pytest.mark.parametrize(
    ("content", "vtt", "srt"),
    [
        ("<v.loud Fred  Bo>Hi <i>you</i> &amp; me", "<v.loud Fred Bo>Hi <i>you</i> &amp; me</v>", "Hi <i>you</i> & me"),
        ("<c.yellow>a<c>b</c></c>", "<c.yellow>a<c>b</c></c>", "ab"),
        ("<lang de>Guten Tag</lang>", "<lang de>Guten Tag</lang>", "Guten Tag"),
        ("<ruby>漢<rt>かん</rt></ruby>", "<ruby>漢<rt>かん</rt></ruby>", "漢かん"),
        ("one <00:00:01.500>two <x>three</x>", "one two three", "one two three"),
        ("a &lt; b", "a &lt; b", "a < b"),
    ],
)
def test_tags_of_webvtt(content, vtt, srt):
    """Known tags stay, each closed; SubRip has italics, bold and underlined."""
    cues = parse_subtitles(VTT.format(settings="", content=content)).cues
    assert (VTT.format(settings="", content=vtt), SRT.format(content=srt)) == (to_vtt(cues), to_srt(cues))


def test_a_sign_that_begins_no_tag():
    """The words between it and the next tag are text."""
    (cue,) = parse_subtitles(VTT.format(settings="", content="a < b <i>c</i>")).cues
    assert ("a < b c", "a &lt; b <i>c</i>") == (cue.text, cue.formatted)


TEXTS = st.text(st.sampled_from("ab <>/.{}\\i1&;nvc\n"), max_size=40)


@settings(deadline=None, max_examples=150)
@given(TEXTS)
def test_whatever_stands_there(content):
    """What is made of any text is stable: reading and writing it again changes nothing."""
    for made in (formatted_vtt(content), formatted_subrip(content)):
        assert made == formatted_vtt(made)


@pytest.mark.parametrize("content", ["<" + " " * 100_000, "<i" * 50_000, "{\\" * 50_000, "<b>" * 20_000])
def test_a_huge_cue_of_signs(content):
    """It is read, in no more time than its length tells."""
    for made in (formatted_vtt(content), formatted_subrip(content)):
        assert made.count("<b>") == made.count("</b>")
    for file in (SRT.format(content=f"x{content}"), VTT.format(settings="", content=f"x{content}")):
        assert parse_subtitles(file).cues[0].text.startswith("x")


def test_no_line_end_gets_into_the_settings():
    """And nothing else that is no setting."""
    assert "line:0" == vtt_settings("line:0\n\nsize:x position:<i> align:start;")


def test_a_cue_that_was_made_here_has_none():
    """It is written as ever."""
    cue = Cue(start_s=1.0, end_s=2.0, text="a < b")
    assert VTT.format(settings="", content="a &lt; b") == to_vtt([cue])
