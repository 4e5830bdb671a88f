"""How messages about the source and the chosen rows change what the window shows."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ui_fakes import media_info, report
from window_states import FOUND, JOB, PLAN, ROWS, RUNNING, after

from pipeline.events import JobFinished
from pipeline.media.source.damage import Damage, Hole, Medium
from ui.damage_messages import DamageFound
from ui.messages import SourceChosen, SourceOptions, SourceRefused
from ui.source_view import ACCEPTED, NOT_CONVERTED
from ui.state_changes import advance


def test_a_source_is_described():
    """Details, offered qualities and the slug of the source are known when it was found."""
    source = after(SourceChosen(text=FOUND.text), FOUND).source
    expected = ("0:14 · 1280×720 · 25 fps · Stereo AAC", ("720p", "480p", "360p"), "lesson01")
    assert expected == (source.details, source.offered, source.slug)


HDR = replace(media_info(JOB.source), video=replace(media_info().video, colour_transfer="smpte2084", bit_depth=10))
CUT_SHORT = replace(media_info(JOB.source), readable_s=11.0)
TWO_VIDEOS = replace(media_info(JOB.source), video_sizes=("1280×720", "640×360"))
INTERLACED = replace(HDR, video=replace(HDR.video, interlaced=True), readable_s=11.0)


@pytest.mark.parametrize(
    ("media", "chosen", "damage", "treatment"),
    [
        (FOUND.media, SourceOptions(), "", ""),
        (HDR, SourceOptions(), "", "HDR10, converted to SDR"),
        (HDR, SourceOptions(keep_hdr=True), "", "HDR10, kept"),
        (TWO_VIDEOS, SourceOptions(), "", "2 videos: 1280×720 converted; 640×360 left out"),
        (CUT_SHORT, SourceOptions(), f"Ends 3 s before the length that it declares: {NOT_CONVERTED}", ""),
        (CUT_SHORT, SourceOptions(accept_damaged=True), f"Ends 3 s before the length that it declares: {ACCEPTED}", ""),
        (
            INTERLACED,
            SourceOptions(accept_damaged=True),
            f"Ends 3 s before the length that it declares: {ACCEPTED}",
            "HDR10, converted to SDR · Interlaced, made progressive",
        ),
    ],
    ids=["ordinary", "HDR", "HDR kept", "two videos", "damaged", "damaged but accepted", "all of it"],
)
def test_what_is_done_about_a_source(media, chosen, damage, treatment):
    """What is unusual and what becomes of it is said as the form stands, whichever of the two is known first."""
    found = replace(FOUND, media=media)
    for messages in ((chosen, SourceChosen(text=FOUND.text), found), (SourceChosen(text=FOUND.text), found, chosen)):
        source = after(*messages).source
        assert (damage, treatment) == (source.damage, source.treatment)


def hole(begin_s: float, end_s: float, medium: Medium = Medium.VIDEO) -> Hole:
    """Return a stretch that can't be read."""
    return Hole(medium=medium, begin_s=begin_s, end_s=end_s)


LONG = Damage(holes=(hole(724.0, 725.9),), errors=40)
SHORT = Damage(holes=(hole(724.0, 724.4),), errors=7)
SEVERAL = Damage(holes=(hole(6.0, 9.2, Medium.AUDIO), hole(6.1, 9.2), hole(80.0, 80.5), hole(95.0, 96.0)), errors=700)


@pytest.mark.parametrize(
    ("media", "damage", "said", "refused"),
    [
        (FOUND.media, Damage(), "", False),
        (FOUND.media, LONG, f"1.9 s of video can't be read, at 12:04: {NOT_CONVERTED}", True),
        (FOUND.media, SHORT, "0.4 s of video can't be read, at 12:04", False),
        (
            FOUND.media,
            SEVERAL,
            f"4.6 s of video and 3.2 s of audio can't be read, at 0:06 and 2 more places: {NOT_CONVERTED}",
            True,
        ),
        (FOUND.media, Damage(errors=3), "Damaged in places, so there may be visible or audible faults", False),
        (CUT_SHORT, None, f"Ends 3 s before the length that it declares: {NOT_CONVERTED}", True),
        (CUT_SHORT, Damage(), "Ends 3 s before the length that it declares, but all of it can be read", False),
        (CUT_SHORT, Damage(orderly=False), f"Ends 3 s before the length that it declares: {NOT_CONVERTED}", True),
    ],
    ids=["whole", "long", "short", "several", "faults", "cut short", "wrong header", "cut in a packet"],
)
def test_what_can_not_be_read(media, damage, said, refused):
    """How much and where, as a job would refuse it; what is found of another video changes nothing."""
    found = replace(FOUND, media=media)
    source = after(SourceChosen(text=FOUND.text), found, DamageFound(text=FOUND.text, damage=damage)).source
    assert (said, refused) == (source.damage, source.refused)
    other = after(SourceChosen(text=FOUND.text), found, DamageFound(text="/videos/other.mp4", damage=LONG)).source
    assert other == after(SourceChosen(text=FOUND.text), found).source


def test_another_source_takes_the_treatment_away():
    """What was said of the last video is not said of the next."""
    found = replace(FOUND, media=INTERLACED)
    source = after(SourceChosen(text=FOUND.text), found, SourceChosen(text="/videos/other.mp4")).source
    assert ("", "") == (source.damage, source.treatment)


def test_audio_alone_has_no_video_rows():
    """Qualities and MP4 have no row where there is no video, captions have."""
    found = replace(FOUND, media=replace(FOUND.media, video=None))
    state = after(ROWS, SourceChosen(text=FOUND.text), found)
    assert state.source.audio_only
    assert ["Overall", "Transcript", "Upload"] == [bar.label for bar in state.bars.all if bar.shown]


@pytest.mark.parametrize("late", [FOUND, SourceRefused(text=FOUND.text, reason="broken")], ids=["found", "refused"])
def test_news_of_an_earlier_source_is_dropped(late):
    """What is found out about a file that was replaced in the meantime is not shown."""
    now = after(SourceChosen(text=FOUND.text), SourceChosen(text="/videos/other.mp4"))
    assert now == advance(now, late)


def test_a_broken_source_says_why():
    """The reason stands beside the field and nothing pretends to be known."""
    source = after(SourceChosen(text="/x.mp4"), SourceRefused(text="/x.mp4", reason="/x.mp4 is empty.")).source
    assert ("/x.mp4 is empty.", "", None) == (source.problem, source.details, source.offered)


def test_rows_leave_out_what_the_source_is_too_small_for():
    """Once the source is known, a quality that it does not fill is off."""
    state = after(ROWS, SourceChosen(text=FOUND.text), FOUND)
    assert ["off", "off", "off", "0%", "0%", "off"] == [bar.figure for bar in state.bars.qualities]


def test_a_finished_jobs_rows_stay_until_something_is_changed():
    """The result can be read in peace; the next choice makes room for the next job."""
    ended = after(ROWS, *RUNNING, JobFinished(report=report(PLAN)))
    assert "100%" == advance(ended, ROWS).bars.overall.figure
    assert "0%" == advance(ended, replace(ROWS, mp4=False)).bars.overall.figure


def test_another_source_makes_room_for_the_next_job():
    """Result and rows of the last job go when another video is chosen."""
    state = after(ROWS, *RUNNING, JobFinished(report=report(PLAN)), SourceChosen(text="/videos/other.mp4"))
    assert ("Choose a video and press Start.", "0%") == (state.banner.title, state.bars.overall.figure)


@pytest.mark.parametrize(
    ("size", "ticked", "made"),
    [
        ((1280, 720), ("1080p",), ["720p"]),
        ((640, 360), ("1080p", "720p"), ["360p"]),
        ((320, 240), ("1080p",), ["240p"]),
    ],
    ids=["720p", "360p", "its own size"],
)
def test_bars_are_those_of_what_start_makes(size, ticked, made):
    """Of a video that is too small for every quality that is ticked, too."""
    found = replace(FOUND, media=media_info(JOB.source, width=size[0], height=size[1]))
    state = after(replace(ROWS, qualities=ticked), SourceChosen(text=FOUND.text), found)
    assert made == [bar.label for bar in state.bars.qualities if bar.made]


def test_a_video_is_not_ready_while_the_server_is_not_known():
    """Start would say so; the banner does before. With address and token it is ready."""
    rows = replace(ROWS, upload=True, needs_login=True)
    state = after(rows, SourceChosen(text=FOUND.text), FOUND)
    assert "lesson01.mp4 can be converted once the upload has an address and a token." == state.banner.title
    known = advance(state, replace(rows, needs_login=False))
    assert "Ready to convert lesson01.mp4. Press Start." == known.banner.title
    assert state.banner == advance(known, rows).banner
