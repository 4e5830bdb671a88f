"""What the banner offers after a failure that another setting avoids."""

from __future__ import annotations

from dataclasses import replace

from ui_fakes import FakeServices, report

from pipeline.events import JobFinished
from pipeline.model import Outcome
from ui.list_messages import RowState

CHOICES = ["Convert without captions", "Download…"]


def fail_with_captions(plan, sink, cancel) -> None:
    """Stand in for a job on a computer that has no model, and no network."""
    heard = plan.job.transcription is None
    ending = {} if heard else {"outcome": Outcome.FAILED, "error": "The model can't be downloaded.", "unheard": True}
    sink(JobFinished(report=replace(report(plan), **ending)))


def test_a_video_is_converted_without_captions(open_driver):
    """One button does it, and another leads to the model."""
    driver = open_driver(FakeServices(run=fail_with_captions))
    driver.fill()
    driver.press(driver.window.actions.start)
    driver.until(lambda: driver.banner == "Failed: lesson01.mp4")
    assert CHOICES == driver.choices
    driver.press(driver.window.banner_panel.buttons[0])
    driver.until(lambda: driver.banner == "Done: lesson01.mp4")
    assert [True, False] == [plan.job.transcription is not None for plan in driver.services.plans]


def test_the_model_is_downloaded(open_driver):
    """Where the computer is looked over, which has a button for that."""
    driver = open_driver(FakeServices(run=fail_with_captions))
    driver.fill()
    driver.press(driver.window.actions.start)
    driver.until(lambda: driver.choices == CHOICES)
    driver.press(driver.window.banner_panel.buttons[1])
    driver.until(lambda: driver.window.machine_check.opened is not None)


def test_all_videos_of_the_list_are_converted_without_captions(open_driver):
    """None has to be selected for that; the form keeps its settings."""
    driver = open_driver(FakeServices(run=fail_with_captions))
    driver.list_videos(3)
    driver.press(driver.window.queue_panel.start_all)
    driver.until(lambda: driver.banner == "0 of 3 videos done, 3 failed.")
    assert CHOICES == driver.choices
    driver.press(driver.window.banner_panel.buttons[0])
    rows = driver.window.controller
    driver.until(lambda: {RowState.DONE} == {row.state for row in rows.state.videos.rows.values()})
    driver.until(lambda: not rows.state.videos.runs)
    assert driver.window.variables.transcribe.get()
