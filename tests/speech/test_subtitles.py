"""Subtitle files say what the cues say, in each format's own way."""

from __future__ import annotations

import pytest

from pipeline.speech.cues import Cue
from pipeline.speech.subtitles import to_srt, to_text, to_vtt, vtt_segments
from pipeline.speech.transcript import Segment, Transcript

SILENT = Transcript(language=None, language_probability=0.0, duration_s=5.0)
CUES = [
    Cue(start_s=0.7, end_s=2.44, text="welcome\nlesson one"),
    Cue(start_s=3723.004, end_s=3724.0, text="a < b & c --> d 😀"),
]
HEAD = "WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:126000,LOCAL:00:00:00.000\n"


def cue(start_s: float, end_s: float) -> Cue:
    """A cue whose text is its time."""
    return Cue(start_s=start_s, end_s=end_s, text=f"{start_s:g}-{end_s:g}")


def test_srt():
    """SubRip numbers its cues and has a comma before the milliseconds; an arrow in the text is no time line."""
    assert (
        "1\n00:00:00,700 --> 00:00:02,440\nwelcome\nlesson one\n\n2\n01:02:03,004 --> 01:02:04,000\na < b & c → d 😀\n"
    ) == to_srt(CUES)


def test_vtt():
    """WebVTT has points before the milliseconds, and its signs in the text are escaped."""
    assert (
        "WEBVTT\n\n00:00:00.700 --> 00:00:02.440\nwelcome\nlesson one\n\n01:02:03.004 --> 01:02:04.000\na &lt; "
        "b &amp; c --&gt; d 😀\n"
    ) == to_vtt(CUES)


@pytest.mark.parametrize(
    ("expected", "actual"),
    [("", to_srt([])), ("WEBVTT\n", to_vtt([])), ("", to_text(SILENT))],
    ids=["srt", "vtt", "txt"],
)
def test_no_speech(expected: str, actual: str):
    """Without speech a file is still a valid one of its kind."""
    assert expected == actual


def test_text_has_a_line_a_segment():
    """The plain text has a line for each segment, without stray spaces."""
    segments = (Segment(start_s=0, end_s=1, text=" one  two "), Segment(start_s=1, end_s=2, text="three"))
    assert "one two\nthree\n" == to_text(
        Transcript(language="en", language_probability=1, duration_s=2, segments=segments)
    )


@pytest.mark.parametrize(
    ("cues", "expected"),
    [
        pytest.param([], [[], [], []], id="no cues"),
        pytest.param([cue(1, 2), cue(7, 8), cue(12, 13)], [["1-2"], ["7-8"], ["12-13"]], id="one each"),
        pytest.param([cue(5, 7)], [["5-7"], ["5-7"], []], id="across a boundary"),
        pytest.param([cue(1, 13)], [["1-13"], ["1-13"], ["1-13"]], id="across both"),
        pytest.param([cue(0, 6), cue(6, 12)], [["0-6"], ["6-12"], []], id="on the boundary"),
        pytest.param([cue(1, 13), cue(2, 3)], [["1-13", "2-3"], ["1-13"], ["1-13"]], id="one over another"),
        pytest.param([cue(14, 15)], [[], [], ["14-15"]], id="after the end"),
    ],
)
def test_cut_for_a_stream(cues: list[Cue], expected: list[list[str]]):
    """Each segment's file holds the cues that show in it."""
    files = vtt_segments(cues, [0.0, 6.0, 12.0, 13.5], 126_000)
    assert expected == [[line for line in file.split("\n")[2:] if line and "-->" not in line] for file in files]


def test_a_segments_file():
    """A segment's file maps the cues' clock to the stream's and keeps a cue's full times."""
    assert [HEAD, f"{HEAD}\n00:00:06.500 --> 00:00:07.000\n6.5-7\n"] == vtt_segments(
        [cue(6.5, 7)], [0.0, 6.0, 12.0], 126_000
    )


def test_timestamps_wrap():
    """The first timestamp is written in the 33 bits that MPEG has."""
    assert vtt_segments([], [0.0, 6.0], 90)[0] == vtt_segments([], [0.0, 6.0], 90 + 2**33)[0]
