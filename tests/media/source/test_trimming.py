"""A part of a source: what was typed, and what the source is then."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from pipeline.errors import Problem, Setting, SettingsError
from pipeline.job import Trim
from pipeline.media.source.trimming import parse_trim, trim_between, trim_text, trimmed
from pipeline.media_info import Chapter


@pytest.mark.parametrize(
    ("text", "trim"),
    [
        pytest.param("0:01:30-0:12:00", Trim(start_s=90, end_s=720), id="hours"),
        pytest.param("1:30 - 12:00", Trim(start_s=90, end_s=720), id="minutes"),
        pytest.param("90-720.5", Trim(start_s=90, end_s=720.5), id="seconds"),
        pytest.param("90-", Trim(start_s=90), id="to the end"),
        pytest.param("-720", Trim(end_s=720), id="from the beginning"),
        pytest.param("0:00,5–1:00", Trim(start_s=0.5, end_s=60), id="comma and long dash"),
        pytest.param("75:30-90:00", Trim(start_s=4530, end_s=5400), id="any number of minutes"),
        pytest.param("0:75:00-", None, id="beside hours at most 59 minutes"),
    ],
)
def test_a_part_is_given_by_two_times(text, trim):
    """Either may be left out."""
    if trim is None:
        with pytest.raises(ValueError, match="is not a time"):
            parse_trim(text)
        return
    assert trim == parse_trim(text)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        pytest.param(
            "90", "A part of the video is given by its beginning and its end, such as 0:01:30-0:12:00", id="one time"
        ),
        pytest.param("-", "A part of the video is given by its beginning and its end", id="none"),
        pytest.param("soon-later", "'soon' is not a time: write 0:01:30, 1:30.5 or 90 (seconds).", id="words"),
        pytest.param("1:90-2:00", "'1:90' is not a time", id="ninety seconds of a minute"),
        pytest.param(
            "12:00-1:30",
            "The part of the video from 12:00 to 1:30 is empty: its end must come after its beginning.",
            id="back",
        ),
        pytest.param("5-5", "The part of the video from 5 to 5 is empty", id="nothing"),
    ],
)
def test_nonsense_is_one_plain_sentence(text, sentence):
    """With what would do."""
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}"):
        parse_trim(text)


def test_two_fields_say_the_same():
    """The window's fields are the two times."""
    assert (Trim(start_s=90), Trim(end_s=5)) == (trim_between("1:30", ""), trim_between("", "5"))
    assert "from 0:01:30 to 0:12:00.5" == trim_text(Trim(start_s=90, end_s=720.5))
    assert "from 0:00:00 to the end" == trim_text(Trim())


def test_the_parts_beginning_is_the_first_moment(media_info):
    """All times move, and none goes beyond the part's end."""
    media = trimmed(media_info(start_s=0.5), Trim(start_s=10, end_s=25))
    assert (10.0, 10.0, 15.0, 15.0, True) == (
        media.start_s,
        media.left_out_s,
        media.limit_s,
        media.duration_s,
        media.is_part,
    )
    assert (-9.5, 24.5) == (media.video.start_s, media.video.duration_s)
    assert (-10.0, 25.0) == (media.audio[0].start_s, media.audio[0].duration_s)


def test_a_part_up_to_the_end_has_no_limit(media_info):
    """An end that is a little late is the source's own, as players show whole seconds."""
    media = trimmed(media_info(), Trim(start_s=10, end_s=60.9))
    assert (None, 50.0) == (media.limit_s, media.duration_s)


def test_chapters_of_a_part(media_info):
    """The one that goes on at its beginning is there, what begins after its end is not."""
    whole = replace(media_info(), chapters=tuple(Chapter(start_s=s, title=str(s)) for s in (0, 12, 20, 30)))
    assert [(-10, "0"), (2, "12"), (10, "20")] == [
        (c.start_s, c.title) for c in trimmed(whole, Trim(start_s=10, end_s=30)).chapters
    ]


@pytest.mark.parametrize(
    ("trim", "sentence"),
    [
        pytest.param(
            Trim(start_s=60),
            "lesson.mp4 lasts 60.0 s, so nothing of it lies after 60 s: choose an earlier part.",
            id="in",
        ),
        pytest.param(
            Trim(end_s=90),
            "lesson.mp4 lasts 60.0 s, so no part of it can end at 90 s: choose an earlier end.",
            id="out",
        ),
    ],
)
def test_a_part_beyond_the_end_is_refused(media_info, trim, sentence):
    """One sentence with both lengths."""
    with pytest.raises(SettingsError) as refused:
        trimmed(media_info(), trim)
    assert (Problem(text=sentence, setting=Setting.TRIM),) == refused.value.problems
