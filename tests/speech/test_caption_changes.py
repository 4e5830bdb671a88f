"""The captions of an edited transcript: what says the same stays, and nothing is lost or doubled."""

from dataclasses import replace
from itertools import pairwise

from finished_jobs import heard
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.speech.caption_changes import captions_after
from pipeline.speech.caption_profiles import caption_profile
from pipeline.speech.cue_shaping import shape_cues
from pipeline.speech.cues import Cue
from transcripts.video_rows import segment_rows, transcript_from

SENTENCES = ("The doc product.", "It is a number.", "Two vectors make it, and no more.", "That is all for today.")
PROFILE = caption_profile(language="en")


def edited(transcript, changes):
    """A transcript after some segments' texts were replaced, by number; None deletes one."""
    rows = segment_rows(transcript, "m1")
    for number, text in changes.items():
        rows[number]["text"] = text
    return transcript_from(
        {"duration": transcript.duration_s, "language": "en"}, [row for row in rows if row["text"] is not None]
    )


def test_nothing_changed():
    """The captions are the same objects, whatever rules they were made by."""
    whole = heard(*SENTENCES)
    cues = [Cue(start_s=1.0, end_s=8.0, text="Made by\nother rules.")]
    assert cues == captions_after(whole, cues, edited(whole, {}), PROFILE)


def test_only_the_captions_of_a_changed_text_are_made_anew():
    """Those before and after it keep times and line breaks that a person, or a shot's change, gave them."""
    whole = heard(*SENTENCES)
    cues = [replace(cue, start_s=cue.start_s + 0.04) for cue in shape_cues(whole)]
    made = captions_after(whole, cues, edited(whole, {1: "It is one number."}), PROFILE)
    assert [cues[0], *cues[2:]] == [made[0], *made[2:]]
    assert "It is one number." == made[1].text


def test_a_caption_of_two_segments_is_made_anew_whole():
    """Where one of them changes, the words of the other are not lost with it."""
    whole = heard(*SENTENCES)
    first, second = whole.segments[:2]
    both = Cue(start_s=first.start_s, end_s=second.end_s, text="The doc product.\nIt is a number.")
    cues = [both, *(cue for cue in shape_cues(whole) if cue.start_s > second.end_s)]
    made = captions_after(whole, cues, edited(whole, {1: "It is one number."}), PROFILE)
    assert "The doc product. It is one number." == " ".join(" ".join(cue.text for cue in made).split()[:7])
    assert cues[1:] == made[-len(cues[1:]) :]


def test_a_segment_that_is_deleted_or_added_changes_no_other():
    """Its captions go, or come."""
    whole = heard(*SENTENCES)
    cues = shape_cues(whole)
    fewer = edited(whole, {2: None})
    assert [cues[0], cues[1], *cues[3:]] == captions_after(whole, cues, fewer, PROFILE)
    assert [cue.text for cue in cues] == [
        cue.text for cue in captions_after(fewer, [cues[0], cues[1], *cues[3:]], whole, PROFILE)
    ]


@settings(max_examples=60, deadline=None)
@given(
    texts=st.lists(st.sampled_from(SENTENCES), min_size=1, max_size=8),
    changes=st.dictionaries(
        st.integers(0, 7),
        st.one_of(st.none(), st.sampled_from(["Short.", "Much longer than all that was there before it."])),
    ),
)
def test_no_word_is_lost_or_doubled(texts, changes):
    """Whatever was edited, the captions say the transcript's words in its order, and none overlaps another."""
    whole = heard(*texts)
    now = edited(whole, {number: text for number, text in changes.items() if number < len(texts)})
    made = captions_after(whole, shape_cues(whole), now, PROFILE)
    assert " ".join(one.text for one in now.segments).split() == " ".join(cue.text for cue in made).split()
    assert all(one.end_s <= after.start_s for one, after in pairwise(made))
