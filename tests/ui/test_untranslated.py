"""No window shows a text that no catalogue has: everything is walked in a language that marks what it translates."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from shown_texts import untranslated, words_left
from ui_fakes import CONFIGURED, NOT_CONFIGURED, FakeServices

from pipeline.folder_results import FolderCaptions, FolderLoudness, FolderResults, MadeQuality
from pipeline.job_history import HistoryEntry
from pipeline.job_store import JobState
from pipeline.transfer.upload.earlier_upload import PreviousUpload
from ui.folder_messages import HistoryRead, ResultsRead
from ui.list_messages import RowState
from ui.view_state import WindowStage

pytestmark = pytest.mark.usefixtures("marked_language")

RESULTS = FolderResults(
    folder=Path("/out/lesson"),
    title="lesson.mp4",
    source="/videos/lesson.mp4",
    duration_s=61.0,
    qualities=(
        MadeQuality(
            name="720p", width=1280, height=720, codec="H.264", average_bit_rate=9e5, peak_bit_rate=2e6, size_bytes=9
        ),
    ),
    total_bytes=5 << 20,
    loudness=FolderLoudness(measured_lufs=-21.04, target_lufs=-16.0),
    checked=True,
    captions=FolderCaptions(
        language="de", cues=12, fastest_cps=17.0, corrected=3, edited=1, rules="Netflix", outside=""
    ),
)
ENTRY = HistoryEntry(
    id="1",
    state=JobState.DONE,
    ended_at=1_700_000_000.0,
    title="lesson.mp4",
    origin="/videos/lesson.mp4",
    folder=Path("/out/lesson"),
    prefix="videos/lesson/",
    backend_url="https://api.example.com",
    note="",
    searched="lesson",
)


def test_marks():
    """The walk finds a word that is not translated, and takes no name for one."""
    assert {"left", "over"} == words_left("⟦Some⟧ 720p /videos/a.mp4 left https://api.example.com/x ⟦words⟧ over (de)")


@pytest.mark.parametrize("config", [CONFIGURED, NOT_CONFIGURED], ids=["configured", "typed"])
def test_the_form(open_driver, config):
    """The form, folded out, with and without a backend in .env; menus, lists to choose from, the log."""
    driver = open_driver(config=config)
    assert [] == untranslated(driver.window)
    driver.fill(upload=True)
    driver.unfold()
    driver.window.variables.advanced.encrypt.set(True)
    driver.window.variables.engine.convert_on.set("Several computers (a queue)")
    driver.settle()
    assert [] == untranslated(driver.window, "lesson")


def test_a_job(open_driver):
    """Questions, a job on its way, its end, and closing while it runs."""
    driver = open_driver(FakeServices(previous=PreviousUpload(files_done=12, files_total=45)))
    driver.fill(upload=True)
    driver.press(driver.window.actions.start)
    driver.until_stage(WindowStage.ASKING)
    assert [] == untranslated(driver.window, "lesson")
    driver.press(driver.window.banner_panel.buttons[0])
    driver.until_stage(WindowStage.READY)
    assert [] == untranslated(driver.window, "lesson")
    for ticked in driver.window.variables.qualities.values():
        ticked.set(False)
    driver.press(driver.window.actions.start)
    driver.until(lambda: driver.window.controller.state.problems)
    driver.settle()
    assert [] == untranslated(driver.window, "lesson")


def test_the_list(open_driver, tmp_path):
    """Videos in the list, one of them broken off."""
    driver = open_driver()
    names = [f"lesson0{number}.mp4" for number in range(1, 4)]
    for name in names:
        (tmp_path / name).write_bytes(b"x")
    driver.window.variables.output_dir.set(str(tmp_path / "out"))
    driver.window.videos.take(tuple(str(tmp_path / name) for name in (*names, "gone.mp4", "notes.txt")))
    driver.until(lambda: len(driver.window.controller.state.videos.rows) == len(names))
    driver.settle()
    assert [] == untranslated(driver.window, "gone", "notes", "txt")
    driver.press(driver.window.queue_panel.start_all)
    driver.until(lambda: _all_done(driver.window.controller.state.videos))
    driver.settle()
    assert [] == untranslated(driver.window, "gone", "notes", "txt")


def _all_done(videos) -> bool:
    return {row.state for row in videos.rows.values()} == {RowState.DONE} and not videos.runs


def test_windows_beside(open_driver):
    """The settings with all their pages, the history with results, the check of this computer, the frames."""
    driver = open_driver()
    window = driver.window
    driver.fill()
    window.settings_window.open()
    window.history.open()
    window.history.receive(HistoryRead(entries=(ENTRY, replace(ENTRY, id="2", state=JobState.FAILED)), whole=True))
    window.history.window.tree.selection_set("1")
    driver.settle()
    window.history.receive(ResultsRead(folder=ENTRY.folder, results=RESULTS))
    window.machine_check.open()
    window.frames.open()
    driver.settle()
    assert [] == untranslated(window, "lesson")
