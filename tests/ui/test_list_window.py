"""The list of videos in the real window: what is dropped, selected, edited and pressed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from displays import needs_xvfb
from ui_fakes import CONFIGURED, DEADLINE_S, NOT_CONFIGURED, FakeServices, HaltedStep, report, succeed

from pipeline.errors import Setting
from pipeline.events import JobFinished
from pipeline.job import Existing
from pipeline.job_store import JobStore, queue_file
from pipeline.media.source.damage import Damage, Hole, Medium
from pipeline.model import Outcome
from pipeline.transfer.upload.earlier_upload import PreviousUpload
from ui.closing import SHOWN_S
from ui.computer_sleep import sleep_command
from ui.list_messages import NOT_ADDED, NOT_STARTED, RowState, WhenDone
from ui.list_view import MOST_WRITTEN, written_next
from ui.preferences import Preferences
from ui.view_state import WindowStage


@pytest.fixture
def videos(tmp_path):
    """Return the paths of five files, one of which is no video."""
    names = ("one.mp4", "two.mp4", "three.mp4", "four.mkv", "notes.docx")
    for name in names:
        (tmp_path / name).write_bytes(b"x")
    return tuple(str(tmp_path / name) for name in names)


@pytest.fixture
def driver(open_driver, tmp_path):
    """A window with a queue of its own."""
    return open_with(open_driver, tmp_path)


def open_with(open_driver, tmp_path, **services):
    """Open a window with a queue in a folder."""
    return open_driver(FakeServices(**services), config=replace(CONFIGURED, data_dir=tmp_path / "data"))


def rows(driver):
    """Return the rows of the list by the names of their files."""
    return {row.job.source.name: row for row in driver.window.controller.state.videos.rows.values()}


def drop(driver, paths, count):
    """Drop files, and wait until the list has so many."""
    driver.window.videos.take(paths)
    driver.until(lambda: len(rows(driver)) == count and all(row.length for row in rows(driver).values()))
    driver.settle()


def select(driver, *names):
    """Select rows as a click does."""
    driver.window.queue_panel.tree.selection_set([rows(driver)[name].id for name in names])
    wanted = tuple(rows(driver)[name].id for name in names)
    driver.until(lambda: driver.window.controller.state.videos.selected == wanted)
    driver.settle()


def test_what_is_dropped_stands_in_the_list(driver, videos):
    """Several become rows, one alone goes into the form as long as the list is empty; documents are named. A row
    without a picture keeps its place.
    """
    window = driver.window
    assert (True, False) == (window.log_panel.card.winfo_viewable(), window.queue_panel.card.winfo_viewable())
    window.videos.take(videos[:1])
    driver.until(lambda: window.controller.state.source.slug == "one")
    assert {} == rows(driver)
    window.variables.source.set("")
    drop(driver, videos, 4)
    assert [f"{name}: Not started" for name in ("one.mp4", "two.mp4", "three.mp4", "four.mkv")] == (
        window.queue_panel.lines
    )
    image = window.queue_panel.tree.item(rows(driver)["one.mp4"].id, "image")[0]
    assert window.queue_panel.picture_size[0] == int(window.tk.call("image", "width", image))
    assert (False, True) == (window.log_panel.card.winfo_viewable(), window.queue_panel.card.winfo_viewable())
    driver.until(lambda: driver.banner == "Not everything was added.")
    assert "notes.docx is not added" in driver.sentences
    driver.press(window.list_or_log.buttons["Log"])
    assert window.log_panel.card.winfo_viewable()


def test_settings_of_the_selected_video_are_edited_in_the_form(driver, videos, tmp_path):
    """They are shown, changed for this one alone, and what stood in the form before comes back afterwards."""
    window = driver.window
    window.variables.output_dir.set(str(tmp_path / "out"))
    drop(driver, videos[:3], 3)
    window.variables.make_mp4.set(False)
    select(driver, "two.mp4")
    shown = window.variables.read()
    assert (videos[1], str(tmp_path / "out"), True) == (shown.source, shown.output_dir, shown.make_mp4)
    window.variables.transcribe.set(False)
    driver.until(lambda: rows(driver)["two.mp4"].job.transcription is None)
    select(driver, "one.mp4")
    window.variables.part_to.set("0:10")
    select(driver, "three.mp4")
    driver.until(lambda: rows(driver)["one.mp4"].job.trim is not None)
    driver.until(lambda: rows(driver)["three.mp4"].job.trim is None and not window.controller.busy)
    assert [True, False, True] == [row.job.transcription is not None for row in rows(driver).values()]
    assert (True, False) == (window.variables.read().make_mp4, window.videos.form().make_mp4)
    select(driver)
    own = window.variables.read()
    assert ("", False, True) == (own.source, own.make_mp4, own.transcribe)


def test_an_edit_leaves_a_video_with_the_server_that_it_was_added_for(open_driver, tmp_path, videos):
    """It goes to another one only if that is chosen while the video is selected; a remembered login chooses none."""
    driver = open_driver(FakeServices(), config=replace(NOT_CONFIGURED, data_dir=tmp_path / "data"))
    variables = driver.window.variables
    for variable, value in (
        (variables.upload, True),
        (variables.backend_url, "https://a.example.com"),
        (variables.destination, "course/"),
    ):
        variable.set(value)
    drop(driver, videos[:2], 2)
    variables.backend_url.set("https://b.example.com")
    select(driver, "one.mp4")
    variables.title.set("Lesson 1")
    driver.until(lambda: rows(driver)["one.mp4"].job.title == "Lesson 1")
    driver.window.videos.fill_in(lambda: variables.backend_url.set("https://c.example.com"))
    driver.window.videos.finish_editing()
    select(driver, "two.mp4")
    variables.backend_url.set("https://b.example.com")
    driver.until(lambda: rows(driver)["two.mp4"].listed.backend_url == "https://b.example.com")
    assert "https://a.example.com" == rows(driver)["one.mp4"].listed.backend_url


def test_what_is_the_computers_own_stays_whichever_video_is_selected(driver, videos):
    """Files at once, limit and what is unfolded stay; what is remembered meanwhile is the form's, not the video's."""
    window = driver.window
    variables = window.variables
    variables.make_mp4.set(False)
    drop(driver, videos[:2], 2)
    select(driver, "one.mp4")
    variables.make_mp4.set(True)
    variables.parallel.set("8")
    variables.limit.set("2")
    variables.advanced.background.set(True)
    variables.advanced_open.set(True)
    window.save_settings()
    select(driver, "two.mp4")
    select(driver)
    kept = variables.read()
    assert (8, "2", True, True, False) == (
        kept.parallel,
        kept.limit,
        kept.advanced.background,
        kept.advanced_open,
        kept.make_mp4,
    )
    assert (False, 8) == (
        (saved := Preferences.load(driver.preferences_path)).create_offline_mp4,
        saved.parallel_uploads,
    )


def test_another_video_that_is_chosen_stays_in_the_form(driver, videos, tmp_path):
    """No video of the list is selected then, and Start begins the one that was chosen, with the form's settings."""
    window = driver.window
    window.variables.output_dir.set(str(tmp_path / "out"))
    drop(driver, videos[:2], 2)
    window.variables.make_mp4.set(False)
    select(driver, "one.mp4")
    window.source_panel.choose(Path(videos[2]))
    driver.press(window.actions.start)
    driver.until(lambda: driver.services.plans and window.controller.state.stage is WindowStage.READY)
    (plan,) = driver.services.plans
    assert ("three", False) == (plan.job.slug, plan.job.make_mp4)
    assert (videos[2], ()) == (window.variables.read().source, window.controller.state.videos.selected)
    assert ["one.mp4", "two.mp4"] == list(rows(driver))


def test_settings_that_no_video_can_have_are_shown_and_start_nothing(driver, videos, tmp_path):
    """They are named beneath their field as they are typed, in the banner at Start, and when another is selected."""
    window = driver.window
    window.variables.output_dir.set(str(tmp_path / "out"))
    drop(driver, videos[:2], 2)
    select(driver, "one.mp4")
    window.variables.part_to.set("abc")
    driver.until(lambda: window.controller.state.problems)
    driver.settle()
    assert "abc" in window.source_panel.notes[Setting.TRIM].label.cget("text")
    for start in (window.actions.start, window.queue_panel.start_all):
        driver.press(start)
        assert (NOT_STARTED, True) == (driver.banner, "abc" in driver.sentences)
    select(driver, "two.mp4")
    driver.until(lambda: driver.banner == "one.mp4 keeps the settings that it had.")
    assert ((), []) == (window.controller.state.problems, driver.services.plans)
    assert {RowState.HELD} == {row.state for row in rows(driver).values()}


def test_a_file_of_names_is_chosen_for_one_video(driver, videos, tmp_path):
    """Its names are in the video's settings; where it can't be read, a sentence says so and the rest is kept."""
    (tmp_path / "names.txt").write_text("Dashwood\n", encoding="utf-8")
    window = driver.window
    window.variables.transcribe.set(True)
    drop(driver, videos[:2], 2)
    select(driver, "one.mp4")
    window.variables.speech.names_file.set(str(tmp_path / "names.txt"))
    driver.until(lambda: rows(driver)["one.mp4"].job.transcription.names == ("Dashwood",))
    window.variables.title.set("Lesson 1")
    window.variables.speech.names_file.set(str(tmp_path / "none.txt"))
    driver.until(lambda: driver.banner == "one.mp4 keeps the names that it had." and "none.txt" in driver.sentences)
    driver.until(lambda: rows(driver)["one.mp4"].job.title == "Lesson 1")
    assert ("Dashwood",) == rows(driver)["one.mp4"].job.transcription.names


def test_the_forms_video_stays_there_until_it_is_in_the_list(driver, videos):
    """What is wrong with it is said beneath its field, and nothing of it is lost."""
    window = driver.window
    variables = window.variables
    variables.source.set(videos[0])
    variables.title.set("Lesson 1")
    variables.part_to.set("abc")
    window.videos.add_form()
    driver.until(lambda: window.controller.state.source.details not in ("", "Reading the video…"))
    driver.settle()
    assert (NOT_ADDED, "Lesson 1") == (driver.banner, variables.read().title)
    assert window.controller.state.problems
    variables.part_to.set("0:10")
    window.videos.add_form()
    driver.until(lambda: len(rows(driver)) == 1 and not variables.read().source)
    assert "Lesson 1" == rows(driver)["one.mp4"].job.title


def test_a_video_of_the_list_names_its_preset(driver, tmp_path, videos):
    """Its own, and whether it was changed; another one may be chosen for it alone."""
    window = driver.window
    window.variables.output_dir.set(str(tmp_path / "out"))
    presets = window.output_panel.presets
    presets.choose("Course")
    drop(driver, videos[:2], 2)
    presets.choose("Web")
    select(driver, "two.mp4")
    assert "Course" == presets.list.get()
    window.variables.make_mp4.set(False)
    driver.until(lambda: rows(driver)["two.mp4"].listed.label == "Course (changed)")
    select(driver, "one.mp4")
    presets.choose("Audio only")
    driver.until(lambda: rows(driver)["one.mp4"].listed.label == "Audio only")
    driver.until(lambda: not window.controller.busy)
    assert [True, False] == [rows(driver)[name].job.audio_only for name in ("one.mp4", "two.mp4")]
    select(driver)
    assert "Web" == presets.list.get()


def test_start_cancel_and_bars_follow_the_selection(open_driver, tmp_path, videos):
    """Start begins the selected one, whose bars are shown; with none selected and an empty form it begins all."""
    step = HaltedStep()

    def run(plan, sink, cancel):
        if plan.job.slug == "two":
            step.hold(cancel)
        succeed(plan, sink, cancel)

    driver = open_with(open_driver, tmp_path, run=run)
    window = driver.window
    drop(driver, videos[:3], 3)
    select(driver, "two.mp4")
    driver.press(window.actions.start)
    driver.until(lambda: rows(driver)["two.mp4"].state is RowState.RUNNING)
    driver.settle()
    assert ("Converting two.mp4…", True) == (driver.banner, window.actions.start.instate(["disabled"]))
    step.wait_until_reached()
    driver.press(window.actions.cancel)
    driver.until(lambda: rows(driver)["two.mp4"].state is RowState.CANCELLED)
    driver.until(lambda: not window.controller.state.videos.runs)
    select(driver)
    driver.press(window.actions.start)
    driver.until(lambda: "2 of 3 videos done, 1 cancelled." == window.controller.state.shown_banner.title)
    driver.settle()
    assert ["Done", "Cancelled", "Done"] == [line.partition(": ")[2] for line in window.queue_panel.lines]
    driver.until(lambda: window.actions.start.instate(["disabled"]))  # nothing is left that it could begin


def test_failed_videos_are_tried_again_and_finished_ones_removed(open_driver, tmp_path, videos):
    """All of them at once, each from the menu of the list; what is made of the finished ones stays."""
    broken = {"two", "three"}

    def run(plan, sink, cancel):
        if plan.job.slug in broken:
            sink(JobFinished(report=report(plan, Outcome.FAILED, error="The graphics card is away: plug it in.")))
        else:
            succeed(plan, sink, cancel)

    driver = open_with(open_driver, tmp_path, run=run)
    window = driver.window
    drop(driver, videos[:3], 3)
    window.videos.choose_when_done(WhenDone.QUIT)
    driver.until(lambda: "3, then quits" == str(window.queue_panel.counted.cget("text")))
    window.videos.choose_when_done(WhenDone.NOTHING)
    driver.press(window.queue_panel.start_all)
    driver.until(lambda: "1 of 3 videos done, 2 failed." == window.controller.state.shown_banner.title)
    driver.until(lambda: not window.controller.state.videos.runs)
    broken.discard("two")
    window.videos.retry_failed()
    driver.until(lambda: "2 of 3 videos done, 1 failed." == window.controller.state.shown_banner.title)
    driver.until(lambda: not window.controller.state.videos.runs)
    window.videos.remove_done()
    driver.until(lambda: ["three.mp4"] == list(rows(driver)))


def test_a_trembling_click_moves_no_video(driver, videos):
    """Below the last row nothing is taken hold of, and on a row it takes more than a few dots."""
    tree = driver.window.queue_panel.tree
    drop(driver, videos[:3], 3)
    select(driver, "one.mp4")
    x, top, _, height = tree.bbox(rows(driver)["one.mp4"].id)
    below = top + 3 * height + height // 2
    assert "" == tree.identify_row(below)
    for press, release in ((below, below + 2), (below, below - height), (top + height - 1, top + height + 1)):
        tree.event_generate("<Button-1>", x=x + 5, y=press)
        tree.event_generate("<B1-Motion>", x=x + 5, y=release)
        tree.event_generate("<ButtonRelease-1>", x=x + 5, y=release)
        driver.until(lambda: not driver.window.controller.busy)
        driver.settle()
        assert ["one.mp4", "two.mp4", "three.mp4"] == list(rows(driver))


def test_keys_and_dragging(driver, videos):
    """Delete removes, Alt+Down moves, Ctrl+D copies, and a row that is dragged goes where it is dropped."""
    window, tree = driver.window, driver.window.queue_panel.tree
    drop(driver, videos[:3], 3)
    window.clipboard_clear()
    window.clipboard_append("\n".join(videos[3:]))
    tree.focus_force()
    tree.event_generate("<<Paste>>")
    driver.until(lambda: len(rows(driver)) == 4)
    select(driver, "one.mp4")
    tree.event_generate("<Alt-Key-Down>")
    driver.until(lambda: list(rows(driver))[:2] == ["two.mp4", "one.mp4"])
    tree.event_generate("<Control-d>")
    driver.until(lambda: "one-2" in [row.job.slug for row in window.controller.state.videos.rows.values()])
    driver.settle()
    (copy,) = window.controller.state.videos.selected
    tree.event_generate("<Delete>")
    driver.until(lambda: copy not in window.controller.state.videos.rows)
    driver.settle()
    select(driver, "two.mp4")
    x, top, _, height = tree.bbox(rows(driver)["two.mp4"].id)
    target = tree.bbox(rows(driver)["four.mkv"].id)[1]
    tree.event_generate("<Button-1>", x=x + 5, y=top + height // 2)
    tree.event_generate("<B1-Motion>", x=x + 5, y=target + height // 2)
    tree.event_generate("<ButtonRelease-1>", x=x + 5, y=target + height // 2)
    driver.until(lambda: list(rows(driver)) == ["one.mp4", "three.mp4", "four.mkv", "two.mp4"])


def test_a_change_is_kept_when_the_window_is_closed_at_once(open_driver, tmp_path, videos, monkeypatch):
    """The video has it before the list is left, and nothing is waited for that nobody does any more."""
    monkeypatch.setattr("ui.closing.CLOSE_DEADLINE_S", DEADLINE_S * 10)
    driver = open_with(open_driver, tmp_path)
    drop(driver, videos[:2], 2)
    select(driver, "two.mp4")
    driver.window.variables.title.set("Lesson 2")
    driver.window.close()
    driver.window.videos.duplicate()
    driver.until(lambda: driver.window.closed)
    with JobStore(queue_file(tmp_path / "data")) as store:
        assert ["", "Lesson 2"] == [row.job.title for row in store.listed.rows()]


def test_closing_after_the_forms_video_leaves_the_list(open_driver, tmp_path, videos):
    """Videos that were to begin after it wait in the list for the next start."""
    step, done = HaltedStep(), []
    driver = open_with(
        open_driver,
        tmp_path,
        run=lambda plan, sink, cancel: (step.hold(cancel), done.append(plan.job.slug), succeed(plan, sink, cancel)),
    )
    drop(driver, videos[:2], 2)
    driver.fill(str(tmp_path / "three.mp4"), folder=str(tmp_path / "out"))
    driver.press(driver.window.actions.start)
    step.wait_until_reached()
    driver.window.videos.start_all()
    driver.window.close()
    driver.settle()
    driver.press(driver.window.banner_panel.buttons[1])
    step.release()
    driver.until(lambda: driver.window.closed)
    assert (["three"], 0) == (done, driver.window.controller.state.videos.start)


def test_closing_while_the_list_is_converted_asks(open_driver, tmp_path, videos):
    """Finish this one, then close: no further one begins, and the next window has the others."""
    step = HaltedStep()
    driver = open_with(
        open_driver, tmp_path, run=lambda plan, sink, cancel: (step.hold(cancel), succeed(plan, sink, cancel))
    )
    drop(driver, videos[:2], 2)
    driver.press(driver.window.queue_panel.start_all)
    step.wait_until_reached()
    driver.window.close()
    driver.settle()
    assert driver.banner.startswith("A video is not finished yet.")
    driver.press(driver.window.banner_panel.buttons[1])
    step.release()
    driver.until(lambda: driver.window.closed)
    again = open_with(open_driver, tmp_path)
    again.until(lambda: len(rows(again)) == 2)
    assert [RowState.DONE, RowState.WAITING] == [row.state for row in rows(again).values()]
    again.settle()
    assert ["one.mp4: Done", "two.mp4: Not started"] == again.window.queue_panel.lines
    again.press(again.window.queue_panel.start_all)
    again.until(lambda: rows(again)["two.mp4"].state is RowState.DONE)


def test_the_computer_sleeps_when_all_is_done(driver, videos):
    """Half a minute after the last one, unless the editor keeps it awake."""
    window = driver.window
    window.videos.clock = lambda: 0.0
    drop(driver, videos[:1] + videos[1:2], 2)
    window.videos.choose_when_done(WhenDone.SLEEP)
    driver.press(window.queue_panel.start_all)
    driver.until(lambda: driver.choices == ["Keep it awake"])
    driver.press(window.banner_panel.buttons[0])
    assert (False, 0) == (window.controller.state.videos.falls_asleep, driver.services.sleeps)
    window.videos.choose_when_done(WhenDone.SLEEP)
    select(driver, "one.mp4")
    window.videos.duplicate()
    driver.until(lambda: len(window.controller.state.videos.rows) == 3)
    window.videos.start_all()
    driver.until(lambda: driver.choices == ["Keep it awake"])
    window.videos.clock = lambda: SHOWN_S
    driver.until(lambda: driver.services.sleeps == 1)


@pytest.mark.parametrize(
    ("platform", "program"), [("linux", "systemctl"), ("darwin", "pmset"), ("win32", "powershell")]
)
def test_each_system_has_its_command(platform, program):
    """What lets the computer sleep is the system's own program."""
    assert program == sleep_command(platform)[0]


DRAGGED = """
import sys, tkinter
from urllib.parse import quote
from tkinterdnd2 import COPY, DND_FILES, TkinterDnD
root = TkinterDnD.Tk()
root.geometry("100x60+0+0")
root.overrideredirect(True)
label = tkinter.Label(root, text="drag me")
label.pack(fill="both", expand=True)
label.drag_source_register(1, DND_FILES)
label.dnd_bind("<<DragInitCmd>>", lambda event: (COPY, DND_FILES, tuple(sys.argv[1:])))
data = "".join(f"file://{quote(path)}\\r\\n" for path in sys.argv[1:]).encode()
# Tk takes a selection that is no text as numbers
root.tk.eval("proc ::tkdnd::xdnd::_SendData {args} { return {%s} }" % " ".join(map(str, data)))
root.after(100, lambda: print("ready", flush=True))
root.mainloop()
"""


@needs_xvfb
@pytest.mark.skipif(shutil.which("xdotool") is None, reason="xdotool is not installed")
def test_files_are_dragged_from_another_program(driver, videos, tmp_path):
    """A drop anywhere on the window adds them, whatever their names."""
    odd = tmp_path / "ü b's {c}.mp4"
    odd.write_bytes(b"x")
    argv = [sys.executable, "-c", DRAGGED, videos[0], str(odd)]
    driver.window.geometry("+150+0")
    heard = []
    answer = driver.window.register(lambda: heard.append(1) or "copy")
    driver.window.tk.call("bind", str(driver.window), "<<DropPosition>>", answer)
    with subprocess.Popen(argv, env={**os.environ}, text=True, stdout=subprocess.PIPE) as other:
        assert "ready\n" == other.stdout.readline()

        def mouse(*words):
            subprocess.run(["xdotool", *map(str, words)], check=True, timeout=60)
            driver.settle()

        try:
            mouse("mousemove", 50, 30, "mousedown", 1)
            for x in (55, 70, 90, 400, 800, 805):
                mouse("mousemove", x, 300 if x > 90 else 30, "sleep", 0.1)
            driver.until(lambda: heard)  # and so has the other program, before it hears that the button is let go
            mouse("mouseup", 1)
            driver.until(lambda: len(rows(driver)) == 2)
        finally:
            other.kill()
    assert ["one.mp4", odd.name] == list(rows(driver))


def test_rows_are_written_in_portions_and_those_in_view_first():
    """Of 500 rows that changed those that are seen come first; a turn writes no more than it has time for."""
    order = [str(number) for number in range(500)]
    first = written_next(set(order), order, (0.5, 0.51))
    assert (MOST_WRITTEN, ["249", "250", "251"]) == (len(first), first[:3])
    assert ["7", "400"] == written_next({"400", "7"}, order, (0.5, 0.51))


def test_a_long_list_is_written_to_its_end(driver, tmp_path):
    """More videos than are written in one turn all have their names and their lengths in the list."""
    panel, count = driver.window.queue_panel, MOST_WRITTEN + 5
    for number in range(count):
        (tmp_path / f"lesson{number:02}.mp4").write_bytes(b"x")
    drop(driver, tuple(str(tmp_path / f"lesson{number:02}.mp4") for number in range(count)), count)

    def shown():
        return [(panel.tree.item(id_, "text"), panel.tree.set(id_, "length")) for id_ in panel.tree.get_children()]

    driver.until(lambda: all(text and length for text, length in shown()))
    assert [f" lesson{number:02}" for number in range(count)] == [text[:9] for text, _ in shown()]


def test_what_is_added_comes_into_view(driver, tmp_path):
    """Below a list that is longer than its room."""
    driver.list_videos(40)
    tree = driver.window.queue_panel.tree
    (tmp_path / "another.mp4").write_bytes(b"x")
    drop(driver, (str(tmp_path / "another.mp4"),), 41)
    assert tree.bbox(tree.get_children()[-1])


@pytest.mark.parametrize("typed", ["0:09", "soon"], ids=["usable", "not usable"])
def test_an_edit_of_this_moment_is_kept_when_its_question_is_answered(open_driver, tmp_path, videos, typed):
    """The video goes on with both, the change and the answer; what can't be used begins nothing."""

    class Asking(FakeServices):
        def check_job(self, job, config, cancel):
            self.previous = PreviousUpload(files_done=3, files_total=9)
            return super().check_job(job, config, cancel)

    driver = open_driver(Asking(), config=replace(CONFIGURED, data_dir=tmp_path / "data"))
    window = driver.window
    window.variables.output_dir.set(str(tmp_path / "out"))
    drop(driver, videos[:2], 2)
    select(driver, "one.mp4")
    window.videos.start_selected()
    driver.until(lambda: rows(driver)["one.mp4"].state is RowState.ASKING and "Resume" in driver.choices)
    driver.until(lambda: not window.controller.state.videos.runs)
    window.variables.part_to.set(typed)
    window.banner_panel.buttons[0].invoke()
    if typed == "soon":
        driver.settle()
        assert (NOT_STARTED, []) == (driver.banner, driver.services.plans)
        return
    driver.until(lambda: driver.services.plans)
    (plan,) = driver.services.plans
    assert (Existing.RESUME, 9.0) == (plan.job.existing, plan.job.trim.end_s)


@pytest.mark.parametrize("leaves", [False, True], ids=["at once", "after another was selected"])
def test_a_transcript_that_is_wanted_again_has_its_names(driver, videos, tmp_path, leaves):
    """They were read from a file when the video was added, and the form does not have them."""
    window = driver.window
    (tmp_path / "names.txt").write_text("Ada Lovelace\n", encoding="utf-8")
    window.variables.output_dir.set(str(tmp_path / "out"))
    window.variables.transcribe.set(True)
    window.variables.speech.names_file.set(str(tmp_path / "names.txt"))
    drop(driver, videos[:2], 2)
    window.variables.speech.names_file.set("")
    select(driver, "one.mp4")
    window.variables.transcribe.set(False)
    driver.until(lambda: rows(driver)["one.mp4"].job.transcription is None)
    if leaves:
        select(driver, "two.mp4")
        select(driver, "one.mp4")
    window.variables.transcribe.set(True)
    driver.until(lambda: rows(driver)["one.mp4"].job.transcription is not None)
    assert [("Ada Lovelace",)] * 2 == [row.job.transcription.names for row in rows(driver).values()]


def test_a_start_of_the_list_is_remembered(open_driver):
    """Folder and captions as they were for it: the next start of the program has them, should this one be killed."""
    driver = open_driver()
    driver.window.variables.output_dir.set("/videos/of the list")
    driver.list_videos(2)
    driver.press(driver.window.queue_panel.start_all)
    assert "/videos/of the list" == Preferences.load(driver.preferences_path).output_dir
    driver.until(lambda: not driver.window.controller.state.videos.runs)


DAMAGED = Damage(holes=(Hole(medium=Medium.VIDEO, begin_s=724.0, end_s=725.9),), errors=40)


def test_damaged_videos_of_the_list_are_found_and_asked_about(open_driver):
    """In the background, before any is selected; Start begins none of them without an answer."""
    driver = open_driver(FakeServices(damage=DAMAGED))
    driver.list_videos(2)
    told = "Damaged: 1.9 s of video can't be read, at 12:04"
    driver.until(lambda: [told, told] == [line.partition(": ")[2] for line in driver.window.queue_panel.lines])
    driver.press(driver.window.queue_panel.start_all)
    driver.until(lambda: {RowState.ASKING} == {row.state for row in rows(driver).values()})
    assert "0 of 2 videos done, 2 waiting for an answer." == driver.banner
    select(driver, "lesson01.mp4")
    driver.until(lambda: ["Convert what can be read"] == driver.choices)
    driver.press(driver.window.banner_panel.buttons[0])
    driver.until(lambda: rows(driver)["lesson01.mp4"].state is RowState.DONE)
    assert [("lesson01.mp4", True)] == [(one.job.source.name, one.job.accept_damaged) for one in driver.services.plans]
    assert RowState.ASKING is rows(driver)["lesson02.mp4"].state


def test_damage_is_not_looked_for_while_the_list_is_converted(open_driver):
    """Encodes have the computer then; what was cut short is looked for afterwards."""
    step = HaltedStep()
    driver = open_driver(FakeServices(searches_on=True, run=lambda plan, sink, cancel: step.hold(cancel)))
    driver.list_videos(2)
    searches = driver.services.searches
    driver.until(lambda: len(searches) == 1)
    driver.press(driver.window.queue_panel.start_all)
    step.wait_until_reached()
    driver.until(lambda: [True] == [cancel.cancelled for _, cancel in searches])
    driver.window.videos.stop()
    driver.until(lambda: len(searches) == 2)
    assert searches[0][0] == searches[1][0]
