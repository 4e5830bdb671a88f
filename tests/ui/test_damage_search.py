"""A damaged source is noticed when it is chosen."""

from __future__ import annotations

from dataclasses import replace

from ui_fakes import FakeServices, HaltedStep, report
from window_states import FOUND

from pipeline.events import JobFinished
from pipeline.media.source.damage import Damage, Hole, Medium
from pipeline.model import Outcome
from pipeline.phases.hls import WAYS_OUT
from pipeline.preflight_answers import Refused
from ui.list_messages import RowState
from ui.services import PipelineServices
from ui.view_state import WindowStage

HOLE = Hole(medium=Medium.VIDEO, begin_s=724.0, end_s=725.9)
CONVERT = "Convert what can be read"
DAMAGED = Damage(holes=(HOLE,), errors=40)


def chosen(open_driver):
    """Return a window with a source that was looked through."""
    driver = open_driver(FakeServices(damage=DAMAGED))
    driver.fill()
    driver.until(driver.window.source_panel.accept.winfo_viewable)
    return driver


def test_what_can_be_read_is_converted(open_driver):
    """The button accepts the damage, and the job knows."""
    driver = chosen(open_driver)
    panel = driver.window.source_panel
    assert "1.9 s of video can't be read, at 12:04" in str(panel.damage.cget("text"))
    driver.press(panel.accept)
    assert not panel.accept.winfo_viewable()
    driver.press(driver.window.actions.start)
    driver.until_stage(WindowStage.READY)
    assert [True] == [plan.job.accept_damaged for plan in driver.services.plans]


def test_start_asks_at_once(open_driver):
    """Nothing begins that would fail at its end; the banner's button accepts the damage, and starts."""
    driver = chosen(open_driver)
    assert "lesson01.mp4 is damaged." == driver.banner
    driver.press(driver.window.actions.start)
    assert ("Not started: lesson01.mp4 is damaged.", []) == (driver.banner, driver.services.plans)
    assert "1.9 s of video can't be read, at 12:04. Convert what can be read, or" in driver.sentences
    assert [CONVERT] == driver.choices
    driver.press(driver.window.banner_panel.buttons[0])
    driver.until_stage(WindowStage.READY)
    assert [True] == [plan.job.accept_damaged for plan in driver.services.plans]


def test_accepting_the_damage_makes_it_ready(open_driver):
    """The banner says no longer that the video is not converted."""
    driver = chosen(open_driver)
    driver.press(driver.window.source_panel.accept)
    assert "Ready to convert lesson01.mp4. Press Start." == driver.banner


REASON = f"/videos/lesson01.mp4 is damaged: 1.9 s of video can't be decoded. {WAYS_OUT}"


def fail_unless_accepted(plan, sink, cancel) -> None:
    """Stand in for a job that finds at its end that its source is damaged."""
    accepted = plan.job.accept_damaged
    ending = {} if accepted else {"outcome": Outcome.FAILED, "error": REASON, "damaged": True}
    sink(JobFinished(report=replace(report(plan), **ending)))


def test_a_failure_by_damage_has_the_way_on(open_driver):
    """The banner speaks of no option of the command line, and its button converts what can be read."""
    driver = open_driver(FakeServices(run=fail_unless_accepted))
    driver.fill()
    driver.press(driver.window.actions.start)
    driver.until(lambda: driver.banner == "Failed: lesson01.mp4")
    assert ("--" in driver.sentences, [CONVERT]) == (False, driver.choices)
    driver.press(driver.window.banner_panel.buttons[0])
    driver.until(lambda: driver.banner == "Done: lesson01.mp4")
    assert [False, True] == [plan.job.accept_damaged for plan in driver.services.plans]


def test_a_video_of_the_list_that_failed_by_damage_has_it_too(open_driver):
    """With the video selected; the others of the list are left as they are."""
    driver = open_driver(FakeServices(run=fail_unless_accepted))
    driver.list_videos(2)
    first, second = driver.window.controller.state.videos.rows
    driver.window.queue_panel.tree.selection_set((first,))
    driver.until(lambda: driver.window.controller.state.videos.selected == (first,))
    driver.settle()
    driver.press(driver.window.actions.start)
    driver.until(lambda: driver.banner == "Failed: lesson01.mp4")
    driver.settle()
    assert ("--" in driver.sentences, [CONVERT]) == (False, driver.choices)
    assert not [line for line in driver.window.queue_panel.lines if "--" in line]
    driver.press(driver.window.banner_panel.buttons[0])
    driver.until(lambda: driver.window.controller.state.videos.rows[first].state is RowState.DONE)
    assert RowState.HELD is driver.window.controller.state.videos.rows[second].state


def test_it_is_accepted_for_this_source_alone(open_driver):
    """The next one is asked about anew; what was ticked under Advanced stays."""
    driver = chosen(open_driver)
    accepted = driver.window.variables.advanced.accept_damaged
    driver.press(driver.window.source_panel.accept)
    driver.fill("/videos/lesson02.mp4")
    assert not accepted.get()
    accepted.set(True)
    driver.fill("/videos/lesson03.mp4")
    assert accepted.get()


def test_another_source_or_start_ends_the_search(open_driver):
    """Nothing is searched that nobody waits for, and a search that was ended says nothing."""
    driver = open_driver(FakeServices(damage=DAMAGED, searches_on=True))
    searches = driver.services.searches
    driver.fill("/videos/lesson02.mp4")
    driver.until(lambda: len(searches) == 1)
    driver.fill()
    driver.until(lambda: len(searches) == 2)
    assert [True, False] == [cancel.cancelled for _, cancel in searches]
    assert FOUND.text == str(searches[1][0])
    driver.press(driver.window.actions.start)
    driver.until_stage(WindowStage.READY)
    assert ([True, True], "") == (
        [cancel.cancelled for _, cancel in searches],
        driver.window.controller.state.source.damage,
    )


def test_what_did_not_begin_leaves_the_search(open_driver):
    """A start that is refused ends no search, and after a job that was cancelled the source is looked through again."""
    step = HaltedStep()
    driver = open_driver(FakeServices(searches_on=True, run=lambda plan, sink, cancel: step.hold(cancel)))
    searches = driver.services.searches
    driver.fill(folder="")
    driver.press(driver.window.actions.start)
    driver.until(lambda: driver.banner.startswith("Not started"))
    assert [False] == [cancel.cancelled for _, cancel in searches]
    assert "Looking for damage…" == driver.window.source_panel.searching.cget("text")
    driver.window.variables.output_dir.set("/videos/out")
    driver.press(driver.window.actions.start)
    driver.until_stage(WindowStage.RUNNING)
    assert [True] == [cancel.cancelled for _, cancel in searches]
    step.wait_until_reached()
    driver.press(driver.window.actions.cancel)
    driver.until_stage(WindowStage.READY)
    driver.until(lambda: [True, False] == [cancel.cancelled for _, cancel in searches])
    driver.window.close()
    driver.window.controller.receive(Refused(problems=()))
    assert [True, True] == [cancel.cancelled for _, cancel in searches]


def test_a_source_that_is_found_after_start_is_searched_when_nothing_begins(open_driver):
    """The probe may end while the settings are being checked, and these may be refused."""
    driver = open_driver(FakeServices(damage=DAMAGED))
    driver.window.variables.source.set(FOUND.text)
    driver.window.start()
    driver.until(driver.window.source_panel.accept.winfo_viewable)
    assert driver.banner.startswith("Not started")


def test_a_real_source(open_driver, source_clip):
    """A download that broke off: ffmpeg finds it in the middle of a packet, so its header is right."""
    driver = open_driver(PipelineServices())
    driver.fill(str(source_clip("truncated mp4")))
    driver.until(lambda: driver.window.controller.state.source.searched is not None)
    driver.settle()
    found = driver.window.controller.state.source.searched
    assert (False, True) == (found.whole, bool(driver.window.source_panel.accept.winfo_viewable()))
    assert "before the length that it declares" in str(driver.window.source_panel.damage.cget("text"))
