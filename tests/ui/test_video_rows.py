"""The list of videos: what each row says after what happened, and what the banner says of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from ui_fakes import media_info, report

from pipeline.errors import Problem, Setting
from pipeline.events import JobFinished, PhaseProgress, PhaseStarted, TransferFigures
from pipeline.job import Job, UploadRequest
from pipeline.model import Outcome, PhaseName
from pipeline.plan import make_plan
from pipeline.preflight_answers import ResumeUpload
from ui.bar_changes import unstarted
from ui.list_banners import CANCEL_STOPS_ONE, ONE_OF_SEVERAL, WHILE_LIST_RUNS, banner_of, ended
from ui.list_changes import advance_list
from ui.list_menu import can_start_all, can_start_selected
from ui.list_messages import (
    FormRefused,
    ListEnded,
    ListRuns,
    NotAdded,
    RowState,
    StoredVideo,
    VideoAsks,
    VideoBegun,
    VideoLooked,
    VideoPassedOver,
    VideosListed,
    VideosSelected,
    VideoStopping,
    VideoTold,
    WhenDone,
    WhenDoneChosen,
)
from ui.list_view import ShownRow, counted, shown_row, title_in
from ui.messages import RowsChosen, SourceChosen
from ui.notification import notification_of
from ui.row_times import tick_rows
from ui.state_changes import advance
from ui.video_rows import NO_VIDEOS, advance_rows
from ui.view_state import Leaving, ViewState, WindowStage


def job(name="lesson01", **settings):
    """Return a job of the list."""
    return Job(
        source=Path(f"/videos/{name}.mp4"), output_dir=Path("/out"), slug=name, qualities=("720p", "480p"), **settings
    )


def stored(id_, state=RowState.HELD, name="lesson01", **told):
    """Return a video as the file has it."""
    return StoredVideo(id=id_, job=job(name), state=state, **told)


def listing(*videos, selected=()):
    """Return the list as the file has it."""
    return VideosListed(videos=videos, selected=selected)


def after(*messages, videos=NO_VIDEOS):
    """Return the list after these messages."""
    for message in messages:
        videos = advance_rows(videos, message)
    return videos


PLAN = make_plan(job(), media_info())
BEGUN = (
    listing(stored("a"), stored("b", name="lesson02")),
    ListRuns(),
    VideoBegun(id="a", plan=PLAN),
    VideoTold(id="a", title="", event=PhaseStarted(job="", phase=PhaseName.HLS, overall=0.0)),
    VideoTold(
        id="a",
        title="",
        event=PhaseProgress(job="", phase=PhaseName.HLS, fraction=0.5, overall=0.42, rows={"720p": 0.5}),
    ),
)


def told(videos):
    """Return what the rows say."""
    return [shown_row(row, videos).status for row in videos.rows.values()]


@pytest.mark.parametrize(
    ("messages", "status"),
    [
        pytest.param((), "42% · Encoding", id="running"),
        pytest.param((VideoStopping(id="a"),), "Stopping…", id="stopping"),
        pytest.param(
            (VideoTold(id="a", title="", event=JobFinished(report=report(PLAN))),),
            "Done",
            id="done",
        ),
        pytest.param(
            (VideoTold(id="a", title="", event=JobFinished(report=report(PLAN, Outcome.FAILED, error="No\nroom."))),),
            "Failed: No room.",
            id="failed",
        ),
        pytest.param((listing(stored("a", RowState.PAUSED, percent=42)),), "Paused: 42% kept", id="paused"),
        pytest.param((listing(stored("a", RowState.PAUSED, percent=0)),), "Paused: begins again", id="nothing kept"),
        pytest.param(
            (listing(stored("a", RowState.WAITING, percent=42)), ListEnded()), "Paused: 42% kept", id="window closed"
        ),
        pytest.param((listing(stored("a", RowState.PARKED, reason="It is away.")),), "Waits: It is away.", id="parked"),
        pytest.param((listing(stored("a", RowState.WAITING)),), "Waits", id="waiting"),
        pytest.param((listing(stored("a", RowState.WAITING)), ListEnded()), "Not started", id="nothing runs"),
        pytest.param(
            (listing(stored("a", RowState.WAITING)), VideoPassedOver(id="a", why="no login"), ListEnded()),
            "Not started: no login",
            id="passed over when nothing runs",
        ),
        pytest.param(
            (listing(stored("a")), VideoPassedOver(id="a", why="no login")), "Not started: no login", id="passed over"
        ),
        pytest.param((listing(stored("a")), VideoLooked(id="a", problem="Bad.")), "Can't be read: Bad.", id="broken"),
    ],
)
def test_a_row_says_how_the_video_stands(messages, status):
    """In a word, with how far it is, or why it does not go on."""
    assert status == told(after(*BEGUN, *messages))[0]


def test_a_row_tells_length_and_preset_and_its_bars_move():
    """What was found out about the file stands beside the name, and its own bars are its own."""
    videos = after(*BEGUN, VideoLooked(id="b", length_s=125.0, picture=b"png"))
    videos = after(listing(stored("a", RowState.RUNNING), stored("b", name="lesson02", label="Course")), videos=videos)
    row = shown_row(videos.rows["b"], videos)
    assert ("lesson02.mp4", "Course", "2:05", b"png") == (row.title, row.preset, row.length, videos.rows["b"].picture)
    assert (0.42, 0.0) == tuple(one.bars.overall.fraction for one in videos.rows.values())
    assert "a" == videos.shown.id


def test_the_time_left_of_a_row_counts_down():
    """Nothing is told before the pace is known; rows that do not run stay the same objects."""
    videos = after(*BEGUN)
    for now_s, overall in ((0.0, 0.25), (6.0, 0.3125), (12.0, 0.375)):
        event = PhaseProgress(job="", phase=PhaseName.HLS, fraction=overall, overall=overall)
        videos = tick_rows(after(VideoTold(id="a", title="", event=event), videos=videos), now_s)
    assert "37% · 1:00 left · Encoding" == told(videos)[0]
    assert tick_rows(videos, 12.5) is videos


def test_a_question_stays_with_its_row_until_it_is_answered():
    """The file has the row as held meanwhile; with another job the question is gone."""
    question = ResumeUpload(plan=PLAN, files_done=1, files_total=9)
    videos = after(*BEGUN, VideoAsks(id="a", question=question), listing(stored("a", RowState.PAUSED)))
    assert (["Needs an answer"], question) == (told(videos), videos.rows["a"].question)
    answered = replace(stored("a", RowState.WAITING), job=job(upload=UploadRequest(prefix="x/")))
    videos = after(listing(answered), videos=videos)
    assert (["Waits"], None) == (told(videos), videos.rows["a"].question)


def test_a_video_that_has_ended_does_not_run_again():
    """The file was read before it ended; what is read after it was started again counts."""
    done = VideoTold(id="a", title="", event=JobFinished(report=report(PLAN)))
    videos = after(*BEGUN, done, listing(stored("a", RowState.RUNNING)))
    assert ["Done"] == told(videos)
    videos = after(listing(stored("a", RowState.WAITING)), listing(stored("a", RowState.RUNNING)), videos=videos)
    assert ["Checking…"] == told(videos)


@pytest.mark.parametrize(
    ("room", "expected"),
    [
        (30, "Linear maps.mp4 · Course"),
        (24, "Linear maps.mp4 · Course"),
        (22, "Linear maps.mp4 · Cou…"),
        (14, "Linear…mp4 · …"),
    ],
    ids=["room", "exactly", "the preset gives way", "the name, too"],
)
def test_a_title_keeps_its_preset_while_there_is_room(room, expected):
    """A name is shortened only where three quarters of the room are not enough for it."""
    assert expected == title_in(room, ShownRow(title="Linear maps.mp4", preset="Course"), len)


def test_names_of_a_series_can_be_told_apart():
    """Their numbers are at the end, which stays."""
    titles = [f"2024-05-12_Kurs_Algebra_Lektion_{number}_final" for number in ("07", "08")]
    shown = [title_in(30, ShownRow(title=title, preset="Web (changed)"), len) for title in titles]
    assert ["2024-05-12_Ku…07_final · Web …", "2024-05-12_Ku…08_final · Web …"] == shown


def test_the_upload_of_a_row_waits_while_it_is_only_looked_at():
    """Before anything starts its step says what it checks; the bar does not say 0 % as if it were sent."""
    looked_at = PhaseProgress(job="", phase=PhaseName.UPLOAD, fraction=0.0, overall=0.0, text="Validating...")
    plan = make_plan(job(upload=UploadRequest(prefix="x/")), media_info())
    videos = after(BEGUN[0], VideoBegun(id="a", plan=plan), VideoTold(id="a", title="", event=looked_at))
    assert ("Checking…", "waiting") == (told(videos)[0], videos.rows["a"].bars.upload.figure)


def test_a_row_says_why_before_it_says_where():
    """It names the video already: the path at the beginning of a sentence would hide its reason."""
    listed = replace(stored("a", RowState.FAILED), reason="/videos/lesson01.mp4 is a picture, not a video.")
    assert ["Failed: it is a picture, not a video."] == told(after(listing(listed)))
    assert ["/videos/lesson01.mp4 is a picture, not a video."] == list(
        banner_of(after(listing(listed), VideosSelected(ids=("a",)))).lines
    )
    unreadable = VideoLooked(id="a", problem="/videos/lesson01.mp4 contains no video.")
    assert ["Can't be read: it contains no video."] == told(after(listing(stored("a")), unreadable))


def test_several_that_are_selected_are_told_as_several():
    """The form has room for the settings of one: it says whose they are."""
    videos = after(*BEGUN, VideosSelected(ids=("b", "a")))
    assert ("2 videos are selected.", (ONE_OF_SEVERAL,)) == (banner_of(videos).title, banner_of(videos).lines)


def test_a_paused_upload_is_told_as_paused():
    """In the row, in the banner and beside its bar, which names no speed and no time."""
    plan = make_plan(job(upload=UploadRequest(prefix="x/")), media_info())
    videos = after(*BEGUN[:2], VideoBegun(id="a", plan=plan), VideosSelected(ids=("a",)))
    started = PhaseStarted(job="", phase=PhaseName.UPLOAD, overall=0.5)
    sent = TransferFigures(files_done=1, files_total=4, bytes_done=1 << 20, bytes_total=1 << 22, bytes_per_s=1e5)
    going = PhaseProgress(job="", phase=PhaseName.UPLOAD, fraction=0.25, overall=0.6, transfer=sent)
    videos = replace(after(VideoTold(id="a", title="", event=started), videos=videos), paused=True)
    videos = after(VideoTold(id="a", title="", event=going), videos=videos)
    assert "The upload is paused." == banner_of(videos).title
    assert ("60% · Upload paused", "1.0 of 4.0 MB · paused") == (told(videos)[0], videos.rows["a"].bars.upload.figures)


def test_a_video_that_was_paused_is_not_told_as_cancelled():
    """The file has it as paused before its run, which is cancelled for that, has ended."""
    stopped = VideoTold(id="a", title="", event=JobFinished(report=report(PLAN, Outcome.CANCELLED)))
    assert ["Paused"] == told(after(*BEGUN, listing(stored("a", RowState.PAUSED)), stopped))


@pytest.mark.parametrize("before", [RowState.HELD, RowState.PAUSED, RowState.WAITING])
def test_a_list_that_was_read_before_a_video_began(before):
    """It comes late, and takes nothing from the video that runs: what is told of it after counts."""
    late = listing(stored("a", before), stored("b", name="lesson02"))
    upload = PhaseStarted(job="", phase=PhaseName.UPLOAD, overall=0.5)
    now = listing(stored("a", RowState.RUNNING), stored("b", name="lesson02"))
    videos = after(*BEGUN, late, VideoTold(id="a", title="", event=upload), now)
    assert (PLAN, True) == (videos.rows["a"].plan, videos.uploads)


def test_one_that_was_cancelled_before_it_began_has_no_folder():
    """The banner says how to go on, not where files would be."""
    selected = after(listing(stored("a", RowState.CANCELLED)), VideosSelected(ids=("a",)))
    told_of = banner_of(selected)
    assert ("Cancelled: lesson01.mp4", ("Press Start to continue.",)) == (told_of.title, told_of.lines)


def test_one_that_was_done_in_an_earlier_session_has_full_bars():
    """Nothing of it is still to come; rows that its settings leave out stay as they are."""
    videos = after(listing(stored("a", RowState.DONE), stored("b")), VideosSelected(ids=("a",)))
    bars = unstarted(RowsChosen(qualities=("720p",), mp4=True, transcript=False, upload=False))
    shown = ViewState(videos=videos, bars=bars).shown_bars
    assert ["100%", "100%", "100%"] == [bar.figure for bar in shown.all if bar.made]
    other = ViewState(videos=after(VideosSelected(ids=("b",)), videos=videos), bars=bars)
    assert bars == other.shown_bars


def test_the_banner_speaks_of_what_is_selected():
    """Of a question, of a failure, of the settings; of the whole list where nothing is selected and something runs."""
    videos = after(*BEGUN)
    assert "Converting the list: 0 of 2 videos done." == banner_of(videos).title
    assert "Converting lesson01.mp4…" == banner_of(after(VideosSelected(ids=("a",)), videos=videos)).title
    assert [WHILE_LIST_RUNS, CANCEL_STOPS_ONE] == [
        banner_of(one).lines[0] for one in (videos, after(VideosSelected(ids=("a",)), videos=videos))
    ]
    assert "Not started: lesson02.mp4" == banner_of(after(VideosSelected(ids=("b",)), videos=videos)).title
    question = ResumeUpload(plan=PLAN, files_done=1, files_total=9)
    asked = after(VideoAsks(id="b", question=question), VideosSelected(ids=("b",)), videos=videos)
    assert ["Resume", "Upload everything again", "Not now"] == [one.label for one in banner_of(asked).choices]
    failed = JobFinished(report=report(PLAN, Outcome.FAILED, error="The disk is full."))
    over = after(VideoTold(id="a", title="", event=failed), ListEnded(), videos=asked)
    assert ("0 of 2 videos done, 1 failed, 1 waiting for an answer.", "Failed: lesson01.mp4.") == (
        ended(over).title,
        ended(over).lines[0],
    )
    nothing_selected = after(VideosSelected(ids=()), listing(*(row.listed for row in over.rows.values())), videos=over)
    assert (ended(over), None) == (banner_of(nothing_selected, empty=True), banner_of(nothing_selected))


def test_what_was_not_added_is_told_until_something_else_is_done():
    """The sentence stands in the banner, though a row is selected."""
    state = ViewState(videos=after(*BEGUN, VideosSelected(ids=("b",))))
    state = advance_list(state, NotAdded(text="notes.docx is not added."))
    assert ("Not everything was added.", ("notes.docx is not added.",)) == (
        state.shown_banner.title,
        state.shown_banner.lines,
    )
    assert "Converting lesson01.mp4…" == advance_list(state, VideosSelected(ids=("a",))).shown_banner.title


@pytest.mark.parametrize(
    ("what", "stopped", "leaving", "sleeps"),
    [
        pytest.param(WhenDone.QUIT, False, Leaving.DONE, False, id="quit"),
        pytest.param(WhenDone.QUIT, True, Leaving.STAYS, False, id="stopped by hand"),
        pytest.param(WhenDone.SLEEP, False, Leaving.STAYS, True, id="sleep"),
        pytest.param(WhenDone.NOTHING, False, Leaving.STAYS, False, id="nothing"),
    ],
)
def test_what_happens_when_all_is_done(what, stopped, leaving, sleeps):
    """The program ends or the computer sleeps, unless the editor has stopped the list."""
    done = VideoTold(id="a", title="", event=JobFinished(report=report(PLAN)))
    state = ViewState(videos=after(*BEGUN, WhenDoneChosen(what=what), done))
    state = advance_list(state, ListEnded(stopped=stopped))
    assert (leaving, sleeps, False) == (state.leaving, state.videos.falls_asleep, state.job_on_its_way)


@pytest.mark.parametrize("what", [WhenDone.QUIT, WhenDone.SLEEP], ids=lambda what: what.value)
def test_the_computer_stays_where_a_video_was_passed_over(what):
    """The program does not end, the computer does not sleep, and the banner names the video that was not started."""
    waits = listing(stored("a", RowState.WAITING))
    state = ViewState(
        videos=after(ListRuns(), waits, VideoPassedOver(id="a", why="no login"), WhenDoneChosen(what=what))
    )
    state = advance_list(state, ListEnded(passed_over=True))
    assert (Leaving.STAYS, False) == (state.leaving, state.videos.falls_asleep)
    assert "Not started: lesson01.mp4." == state.banner.lines[0]
    assert "Some videos were not started: the list says why." == notification_of(ListEnded(passed_over=True)).text


@pytest.mark.parametrize("left", [RowState.WAITING, RowState.PARKED], ids=lambda left: left.value)
def test_what_is_left_when_the_list_stops_can_be_started(left):
    """All of it or what is selected; while something is converted it begins by itself."""
    videos = after(listing(stored("a", left)), VideosSelected(ids=("a",)))
    for runs, stops, can in ((False, False, True), (True, False, False), (True, True, True)):
        state = ViewState(videos=replace(videos, runs=runs, then_stops=stops))
        assert (can, can, can) == (can_start_all(state), can_start_selected(state), state.start_pressable)


def test_the_buttons_follow_what_is_selected():
    """A video that runs can be cancelled and not started, and its settings can't be changed; one that waits can."""
    state = ViewState(videos=after(*BEGUN, VideosSelected(ids=("a",))))
    assert (False, True, False) == (state.start_pressable, state.any_cancel_enabled, state.form_enabled)
    state = advance_list(state, VideosSelected(ids=("b",)))
    assert (True, True, True) == (state.start_pressable, state.any_cancel_enabled, state.form_enabled)
    assert ("2", WindowStage.READY) == (counted(state), state.stage)


def test_what_is_wrong_stays_when_the_selected_video_is_looked_at():
    """That is done a moment after it was selected, and may have been edited meanwhile; of another video it is gone."""
    wrong = (Problem(text="A time is typed as 0:45.", setting=Setting.TRIM),)
    state = ViewState(videos=after(listing(stored("a")), VideosSelected(ids=("a",))))
    refused = advance(state, FormRefused(problems=wrong))
    left = [advance(refused, SourceChosen(text=f"/videos/{name}.mp4")).problems for name in ("lesson01", "lesson02")]
    assert [wrong, ()] == left


def test_a_video_that_has_begun_keeps_its_bars():
    """The file may have been read before that, and told of after it."""
    videos = after(*BEGUN, listing(stored("a", RowState.WAITING)), listing(stored("a", RowState.RUNNING)))
    assert videos.rows["a"].begun_here
