"""The real window on a real screen, driven as an editor would, over a pipeline of the test's making."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from ui_fakes import CONFIGURED, CONNECTED, DEADLINE_S, NOT_CONFIGURED, FakeServices, HaltedStep, Upload, report

from installation import FilePlace
from pipeline.errors import DestinationTakenError, Setting, SettingsError, SourceError, ToolError, TransferError
from pipeline.events import JobFinished, PhaseFinished, PhaseProgress, PhaseStarted
from pipeline.job import CaptionRules, Existing
from pipeline.model import Connection, Outcome, PhaseName, PhaseOutcome
from pipeline.transfer.upload.earlier_upload import PreviousUpload
from ui import view_state
from ui.app import open_window
from ui.messages import LogEntry
from ui.window import MainWindow

READY, ASKING, RUNNING = view_state.WindowStage.READY, view_state.WindowStage.ASKING, view_state.WindowStage.RUNNING


def test_a_new_window(open_driver):
    """A first start shows the defaults: captions and MP4 on, upload off, language from the settings."""
    driver = open_driver()
    values = driver.window.variables.read()
    assert (True, True, False, False, "en") == (
        values.transcribe,
        values.make_mp4,
        values.upload,
        values.delete_local,
        values.language,
    )
    assert "Choose a video and press Start." == driver.banner
    assert ("tiny", "base", "small") == tuple(driver.window.transcription_panel.model.cget("values"))


def test_a_dataset_is_chosen(open_driver, monkeypatch):
    """It gets the transcript, what is wrong with it stands beneath it, and without a transcript it can't be chosen."""
    driver = open_driver()
    driver.fill()
    panel = driver.window.transcription_panel
    monkeypatch.setattr("tkinter.filedialog.asksaveasfilename", lambda **_: "/courses/talks.json")
    panel.browse_dataset.invoke()
    driver.services.dataset_error = SettingsError("talks.json is not UTF-8 text: save it as UTF-8 and open it again.")
    driver.press(driver.window.actions.start)
    driver.until(lambda: panel.notes[Setting.DATASET].text)
    assert panel.notes[Setting.DATASET].text.startswith("talks.json is not UTF-8 text")

    driver.services.dataset_error = None
    driver.press(driver.window.actions.start)
    driver.until(lambda: driver.services.plans)
    driver.until_stage(READY)
    assert "/courses/talks.json" == driver.services.plans[0].job.dataset.uri
    driver.window.variables.transcribe.set(False)
    driver.settle()
    assert [True] * 2 == [one.instate(["disabled"]) for one in (panel.dataset, panel.browse_dataset)]


def test_captions_files_are_chosen(open_driver, monkeypatch):
    """They take Whisper's place, their bar is there, and of another video they are gone."""
    driver = open_driver()
    driver.fill()
    panel, variables = driver.window.transcription_panel, driver.window.variables
    chosen = ("/videos/lesson01.de.srt", "/videos/lesson01.es.vtt")
    monkeypatch.setattr("tkinter.filedialog.askopenfilenames", lambda **_: chosen)
    panel.browse_captions.invoke()
    driver.settle()
    values = variables.read()
    assert ("; ".join(chosen), False) == (values.captions, values.transcribe)
    assert ("0%", "") == driver.rows["Transcript"]
    driver.press(driver.window.actions.start)
    driver.until(lambda: driver.services.plans)
    driver.until_stage(READY)
    assert ["de", "es"] == [file.language for file in driver.services.plans[0].job.captions]
    variables.source.set("/videos/other.mp4")
    driver.settle()
    assert ("", ("off", "")) == (variables.captions.get(), driver.rows["Transcript"])


def test_caption_rules_are_chosen(open_driver):
    """From a list of names, Netflix's at first; it can't be changed while nothing is transcribed."""
    driver = open_driver()
    driver.fill()
    rules, variables = driver.window.transcription_panel.rules, driver.window.variables
    names = ("Netflix", "Netflix, for children", "Netflix, for the deaf", "BBC", "BBC, for children")
    assert ("Netflix", names) == (rules.get(), tuple(rules.cget("values")))
    rules.set("BBC, for children")
    rules.event_generate("<<ComboboxSelected>>")
    driver.press(driver.window.actions.start)
    driver.until(lambda: driver.services.plans)
    driver.until_stage(READY)
    assert CaptionRules.BBC_CHILDREN is driver.services.plans[0].job.transcription.profile
    variables.transcribe.set(False)
    driver.settle()
    assert rules.instate(["disabled"])


def test_open_window_returns_when_the_window_is_closed(screen, tmp_path, monkeypatch):
    """A window that was used and closed is a success to whoever started it."""
    monkeypatch.setattr(MainWindow, "mainloop", lambda window: window.close())
    path = tmp_path / "s3_config.json"
    assert 0 == open_window(CONFIGURED, FilePlace(read=path, write=path), FakeServices())


def test_from_start_to_upload_complete(open_driver):
    """A job is shown on its way: bars, texts, Cancel Upload during the upload only, and a result in words."""
    run = Upload()
    driver = open_driver(FakeServices(run=run))
    driver.fill(upload=True)
    cancel_upload = driver.window.upload_panel.cancel
    driver.press(driver.window.actions.start)
    run.encoding.wait_until_reached()
    driver.until(lambda: driver.rows["720p"] == ("40%", ""))
    assert (("25%", "Step 1 of 5: Encoding"), ("off", "")) == (driver.rows["Overall"], driver.rows["1080p"])
    assert ("waiting", "") == driver.rows["Upload"]
    assert not cancel_upload.winfo_ismapped()
    run.encoding.release()
    driver.until(lambda: driver.rows["Upload"] == ("35%", "Uploading 12/34 files (720p/seg_005.ts)"))
    driver.settle()
    assert cancel_upload.winfo_ismapped()
    run.uploading.release()
    driver.until_stage(READY)
    assert ("100%", "Upload complete!") == driver.rows["Upload"]
    assert "Done: lesson01.mp4" == driver.banner
    assert not cancel_upload.winfo_ismapped()
    assert f"Done: {Path('/videos/out/lesson01')}" == driver.log[-1]


@pytest.mark.parametrize("button", ["cancel", "cancel upload"])
def test_cancel(open_driver, button):
    """Both cancel buttons stop the job, and the window says so;
    Cancel Upload is in view when there is an upload, though the section is folded.
    """
    run = Upload()
    driver = open_driver(FakeServices(run=run))
    driver.fill(upload=True)
    driver.press(driver.window.actions.start)
    run.encoding.release()
    run.uploading.wait_until_reached()
    driver.until(lambda: driver.rows["Upload"][0] == "35%")
    driver.settle()
    assert driver.in_view(driver.window.upload_panel.cancel)
    driver.press(driver.window.actions.cancel if button == "cancel" else driver.window.upload_panel.cancel)
    driver.until_stage(READY)
    assert ("Cancelled: lesson01.mp4", "stopped") == (driver.banner, driver.rows["Upload"][0])
    driver.until(lambda: not driver.window.controller.busy)


def test_the_form_is_locked_while_a_job_runs(open_driver):
    """Settings of a running job can be read but not changed, and come back afterwards."""
    run = Upload()
    driver = open_driver(FakeServices(run=run))
    driver.fill(upload=True)
    window = driver.window
    controls = [
        window.source_panel.entry,
        window.output_panel.presets.list,
        window.upload_panel.enable,
        window.actions.start,
    ]
    driver.press(window.actions.start)
    run.encoding.wait_until_reached()
    driver.until_stage(RUNNING)
    assert [True] * 4 == [control.instate(["disabled"]) for control in controls]
    run.encoding.release()
    run.uploading.release()
    driver.until_stage(READY)
    assert [False] * 4 == [control.instate(["disabled"]) for control in controls]


def test_all_problems_are_shown_at_once_beside_their_fields(open_driver):
    """Start on an empty form names everything in the banner and at each field, and marks the fields."""
    driver = open_driver()
    window = driver.window
    for ticked in window.variables.qualities.values():
        ticked.set(False)
    driver.press(window.actions.start)
    driver.until_stage(READY)
    assert "Not started: 3 things must be put right first." == driver.banner
    assert "No video is chosen: press Browse beside Video." == window.source_panel.notes[Setting.SOURCE].text
    assert "No quality is chosen: tick at least one." == window.output_panel.notes[Setting.QUALITIES].text
    assert window.source_panel.entry.instate(["invalid"])
    window.variables.source.set("/videos/x.mp4")
    assert ("", False) == (
        window.source_panel.notes[Setting.SOURCE].text,
        window.source_panel.entry.instate(["invalid"]),
    )


def test_an_output_folder_that_can_not_be_written_is_among_the_first_problems(open_driver):
    """Beside its field, together with everything else."""
    driver = open_driver(FakeServices(output_error=ToolError("The output folder can't be written.")))
    driver.fill()
    for ticked in driver.window.variables.qualities.values():
        ticked.set(False)
    driver.press(driver.window.actions.start)
    driver.until_stage(READY)
    assert {Setting.OUTPUT, Setting.QUALITIES} == {
        problem.setting for problem in driver.window.controller.state.problems
    }


def test_a_source_that_can_not_be_read(open_driver):
    """The reason stands beside the field as soon as the file was looked at, without pressing Start."""
    driver = open_driver(FakeServices(media=SourceError("/videos/lesson01.mp4 is empty: choose a video file.")))
    driver.window.source_panel.choose(Path("/videos/lesson01.mp4"))
    note = driver.window.source_panel.notes[Setting.SOURCE]
    driver.until(lambda: note.text == "/videos/lesson01.mp4 is empty: choose a video file.")


def test_a_source_is_described_and_limits_the_qualities(open_driver):
    """Details come from a thread of their own; what the video is too small for has no tick and can't be given one,
    and the window says why. What was chosen counts again for another video.
    """
    driver = open_driver()
    driver.fill()
    window = driver.window
    assert "0:14 · 1280×720 · 25 fps · Stereo AAC" == str(window.source_panel.details.cget("text"))
    assert window.output_panel.qualities["1080p"].instate(["disabled"])
    assert not window.output_panel.qualities["720p"].instate(["disabled"])
    assert "Too small for 2160p, 1440p and 1080p." == str(window.output_panel.hint.cget("text"))
    assert {"source"} == driver.services.threads
    ticked = [window.output_panel.qualities["1080p"].instate(["selected"])]
    window.variables.source.set("")
    driver.until(lambda: not window.output_panel.qualities["1080p"].instate(["disabled"]))
    ticked.append(window.output_panel.qualities["1080p"].instate(["selected"]))
    assert [False, True] == ticked


def test_a_video_too_small_for_what_is_ticked_shows_what_is_made_instead(open_driver):
    """Tick, bar and summary say what Start makes; as soon as a quality is ticked that it fills, that one is made."""
    driver = open_driver()
    driver.fill()
    window = driver.window
    boxes = window.output_panel.qualities

    def shown() -> tuple[list[str], list[str], str]:
        ticked = [name for name, box in boxes.items() if box.instate(["selected"])]
        bars = [row.bar.label for row in window.progress_panel.rows if row.bar.label in boxes and row.bar.made]
        return ticked, bars, window.actions.summary.full_text.partition(",")[0]

    for name, ticked in window.variables.qualities.items():
        ticked.set(name == "1080p")
    driver.settle()
    assert (["720p"], ["720p"], "720p") == shown()
    assert boxes["720p"].instate(["disabled"])
    expected = "Too small for what is ticked: 720p is made."
    assert expected == str(window.output_panel.hint.cget("text"))
    boxes["360p"].invoke()
    driver.settle()
    assert (["360p"], ["360p"], "360p") == shown()
    assert not boxes["720p"].instate(["disabled"])


def test_the_row_of_a_quality_above_1080p_comes_and_goes(open_driver, media_info):
    """Ticked for a video that is large enough, 2160p has its row; unticked, the row takes no room."""
    driver = open_driver(FakeServices(media=media_info(width=3840, height=2160)))
    driver.fill()
    row = next(row for row in driver.window.progress_panel.rows if row.bar.label == "2160p")
    shown = [bool(row.progress.winfo_ismapped())]
    for ticked in (True, False):
        driver.window.variables.qualities["2160p"].set(ticked)
        driver.settle()
        shown.append(bool(row.progress.winfo_ismapped()))
    assert [False, True, False] == shown
    assert "Large enough for every quality." == str(driver.window.output_panel.hint.cget("text"))


@pytest.mark.parametrize("conflict", [None, "It holds lesson02.mp4."], ids=["it runs", "it is asked about"])
def test_start_soon_after_a_video_was_typed(open_driver, conflict):
    """The video is looked at before the job begins: what the job shows is not replaced by what is said before it."""
    step = HaltedStep()
    driver = open_driver(FakeServices(conflict=conflict, run=lambda plan, sink, cancel: step.hold(cancel)))
    driver.window.variables.output_dir.set("/videos/out")
    driver.window.variables.source.set("/videos/lesson01.mp4")
    driver.window.start()
    driver.until_stage(ASKING if conflict else RUNNING)
    driver.until(lambda: driver.window.controller.state.source.media)
    driver.settle()
    shown = (driver.banner, driver.choices, driver.rows["720p"][0])
    asked = ("Replace the output folder?", ["Replace", "Keep folder"], "0%")
    assert (asked if conflict else ("Converting lesson01.mp4…", [], "waiting")) == shown


def test_cancel_just_before_a_question_is_shown(open_driver):
    """The thread that asks has ended by then: the window is ready for the next start."""
    driver = open_driver(FakeServices(conflict="It holds lesson02.mp4."))
    driver.fill()
    driver.window.start()
    driver.window.controller._worker.join(DEADLINE_S)
    driver.press(driver.window.actions.cancel)
    driver.until_stage(READY)
    assert ("Not started.", []) == (driver.banner, driver.choices)
    driver.press(driver.window.actions.start)
    driver.until_stage(ASKING)


def test_a_part_is_one_of_its_video(open_driver):
    """What was typed goes into the job; another video is wanted whole again, and has a title of its own."""
    driver = open_driver()
    driver.fill()
    driver.window.variables.part_from.set("0:02")
    driver.window.variables.title.set(" Lesson\n one\t ")
    read = driver.window.variables.read()
    assert ("0:02", "Lesson one") == (read.part_from, read.title)
    driver.window.source_panel.choose(Path("/videos/b/lesson02.mp4"))
    read = driver.window.variables.read()
    assert ("", "", "") == (read.part_from, read.part_to, read.title)


def test_choosing_a_video_proposes_its_folder(open_driver):
    """Where no output folder was chosen yet, the video's own is proposed; a chosen one stays."""
    driver = open_driver()
    panel = driver.window.source_panel
    panel.choose(Path("/videos/a/lesson01.mp4"))
    panel.choose(Path("/videos/b/lesson02.mp4"))
    assert str(Path("/videos/a")) == driver.window.variables.output_dir.get()


@pytest.mark.parametrize(
    ("number", "existing"),
    [(0, Existing.RESUME), (1, Existing.UPLOAD_AGAIN)],
    ids=["resume", "upload everything again"],
)
def test_the_resume_question(open_driver, number, existing):
    """The question stands in the window, the first answer has the keyboard, and the job runs as answered."""
    driver = open_driver(FakeServices(previous=PreviousUpload(files_done=12, files_total=45)))
    driver.fill(upload=True)
    driver.press(driver.window.actions.start)
    driver.until_stage(ASKING)
    assert "Previous upload incomplete. Resume? (12/45 files uploaded)" == driver.banner
    assert ["Resume", "Upload everything again", "Not now"] == driver.choices
    assert driver.window.focus_get() is driver.window.banner_panel.buttons[0]
    driver.press(driver.window.banner_panel.buttons[number])
    driver.until_stage(READY)
    assert [existing] == [plan.job.existing for plan in driver.services.plans]
    assert [] == driver.choices


@pytest.mark.parametrize("place", ["banner", "actions"])
def test_a_question_can_be_taken_back(open_driver, place):
    """Either Cancel closes the question and starts nothing."""
    driver = open_driver(FakeServices(previous=PreviousUpload(files_done=12, files_total=45)))
    driver.fill(upload=True)
    driver.press(driver.window.actions.start)
    driver.until_stage(ASKING)
    driver.press(driver.window.banner_panel.buttons[-1] if place == "banner" else driver.window.actions.cancel)
    driver.until_stage(READY)
    assert ("Not started.", [], []) == (driver.banner, driver.choices, driver.services.plans)


def test_another_output_folder_is_replaced_only_when_told(open_driver):
    """The question names the folder; Replace begins afresh."""
    driver = open_driver(FakeServices(conflict=f"{Path('/videos/out/lesson01')} already holds something else."))
    driver.fill()
    driver.press(driver.window.actions.start)
    driver.until_stage(ASKING)
    assert str(Path("/videos/out/lesson01")) in driver.sentences
    assert driver.window.focus_get() is driver.window.banner_panel.buttons[1], (
        "Enter pressed once too often must not replace anything"
    )
    driver.press(driver.window.banner_panel.buttons[0])
    driver.until_stage(READY)
    assert [Existing.FRESH] == [plan.job.existing for plan in driver.services.plans]


@pytest.mark.parametrize(
    ("connection", "shown"),
    [
        (CONNECTED, "✓ Connected to https://api.example.com. The token is valid."),
        (
            Connection(
                text="Connected to https://api.example.com. Whether the token is valid can't be told.",
                token_tried=False,
            ),
            "⚠ Connected to https://api.example.com. Whether the token is valid can't be told.",
        ),
        (
            TransferError("Cannot connect to backend API. Verify the URL is correct."),
            "✗ Cannot connect to backend API. Verify the URL is correct.",
        ),
    ],
    ids=["connected", "not tried", "unreachable"],
)
def test_test_connection(open_driver, connection, shown):
    """The test runs off the Tk thread, is shown as going on meanwhile, and ends in the panel in plain words."""
    gate = threading.Event()
    driver = open_driver(FakeServices(connection=connection, connection_gate=gate))
    driver.fill(upload=True)
    driver.unfold()
    driver.window.variables.upload_open.set(True)
    driver.settle()
    panel = driver.window.upload_panel
    driver.press(panel.test)
    assert ("Testing…", True) == (str(panel.result.cget("text")), panel.test.instate(["disabled"]))
    gate.set()
    driver.until(lambda: str(panel.result.cget("text")) == shown)
    assert not panel.test.instate(["disabled"])
    assert {"source", "connection"} == driver.services.threads


def test_a_typed_backend_is_used_and_never_stored(open_driver):
    """Without .env the panel asks for address and token, masks the token, uses both and remembers neither."""
    driver = open_driver(config=NOT_CONFIGURED)
    driver.fill(upload=True)
    variables = driver.window.variables
    variables.backend_url.set("https://typed.example.com")
    variables.token.set("typed-token-typed-token")
    driver.press(driver.window.actions.start)
    driver.until_stage(READY)
    backend = driver.services.configs[-1].backend
    assert ("https://typed.example.com", "typed-token-typed-token") == (backend.url, backend.token)
    assert "typed" not in driver.preferences_path.read_text(encoding="utf-8")
    entries = [w for w in driver.tree(driver.window.upload_panel.card.body) if w.winfo_class() == "TEntry"]
    masked = [entry for entry in entries if str(entry.cget("show")) == "●"]
    assert 1 == len(masked)


def test_editing_the_address_takes_the_test_result_away(open_driver):
    """What was said of another address is no longer shown. The test stands between the token and the destination."""
    driver = open_driver(config=NOT_CONFIGURED)
    driver.fill(upload=True)
    driver.window.variables.upload_open.set(True)
    driver.settle()
    panel = driver.window.upload_panel
    order = [panel.login.keychain, panel.test, panel.title]
    assert order == sorted(order, key=lambda one: one.winfo_rooty())
    driver.window.upload_panel.test.invoke()
    driver.until(lambda: str(driver.window.upload_panel.result.cget("text")).startswith("✓"))
    driver.window.variables.backend_url.set("https://other.example.com")
    driver.until(lambda: str(driver.window.upload_panel.result.cget("text")) == "")


def test_preferences_are_saved_at_start_and_close(open_driver):
    """What stands in the form is there again the next time; of the destination,
    what it has in common with the next video's.
    """
    driver = open_driver()
    driver.fill(upload=True)
    driver.press(driver.window.actions.start)
    driver.until_stage(READY)
    assert "videos/" == json.loads(driver.preferences_path.read_text(encoding="utf-8"))["last_destination"]
    driver.window.variables.destination.set("videos/course3/lesson01/")
    driver.window.close()
    driver.until(lambda: driver.window.closed)
    again = open_driver()
    assert ("videos/course3/", True) == (again.window.variables.destination.get(), again.window.variables.upload.get())


def test_every_video_is_offered_a_destination_of_its_own(open_driver):
    """Below the base, also one that was just typed; what an editor types for this video stays,
    and the base alone is never taken.
    """
    driver = open_driver()
    destination = driver.window.variables.destination
    shown = []

    def choose(video: str) -> None:
        driver.window.variables.source.set(f"/videos/{video}.mp4")
        shown.append(destination.get())  # between two videos
        driver.window.controller.look_at_source(f"/videos/{video}.mp4")
        driver.until(lambda: driver.window.controller.state.source.slug)
        driver.settle()
        shown.append(destination.get())

    choose("intro")
    destination.set("videos/course3/welcome/")
    driver.settle()
    shown.append(destination.get())
    choose("lesson02")
    assert [
        "videos/",
        "videos/intro/",
        "videos/course3/welcome/",
        "videos/course3/",
        "videos/course3/lesson02/",
    ] == shown
    destination.set("videos/")
    driver.window.variables.output_dir.set("/videos/out")
    driver.window.variables.upload.set(True)
    driver.settle()
    driver.press(driver.window.actions.start)
    driver.until_stage(READY)
    assert (["videos/lesson02/"], "videos/lesson02/") == (
        [p.job.upload.prefix for p in driver.services.plans],
        destination.get(),
    )


def test_another_videos_destination_is_replaced_only_when_told(open_driver):
    """The question names it; Cancel has the keyboard, and Replace lets this job take its place."""
    taken = DestinationTakenError(
        prefix="videos/lesson01/", title="Lesson 01", same_name=True, last_synced="2026-11-27T10:00:00Z"
    )
    driver = open_driver(FakeServices(taken=taken))
    driver.fill(upload=True)
    driver.press(driver.window.actions.start)
    driver.until_stage(ASKING)
    assert ("videos/lesson01/ holds “Lesson 01”. Replace it?", ["Replace", "Keep other video"]) == (
        driver.banner,
        driver.choices,
    )
    assert "A file of the same name with other content was uploaded there on 2026-11-27." in driver.sentences
    assert driver.window.focus_get() is driver.window.banner_panel.buttons[1], (
        "Enter pressed once too often must not replace anything"
    )
    driver.press(driver.window.banner_panel.buttons[0])
    driver.until_stage(READY)
    assert [True] == [plan.job.upload.replace for plan in driver.services.plans]


def test_preferences_that_can_not_be_saved_are_a_line_in_the_log(open_driver, tmp_path):
    """The job runs all the same."""
    (tmp_path / "a file").touch()
    driver = open_driver(preferences_path=tmp_path / "a file" / "s3_config.json")
    driver.fill()
    driver.press(driver.window.actions.start)
    driver.until_stage(READY)
    assert "Done: lesson01.mp4" == driver.banner
    assert any(line.startswith("Your settings could not be saved to") for line in driver.log)


def test_settings_that_can_not_be_read_are_told_at_once(open_driver):
    """A problem with .env stands in the log from the beginning."""
    driver = open_driver(config=replace(CONFIGURED, problems=("STORAGE_TYPE must be LOCAL or S3, but is 'X'.",)))
    driver.until(lambda: driver.log)
    assert ["STORAGE_TYPE must be LOCAL or S3, but is 'X'."] == driver.log


def test_open_folder(open_driver, tmp_path):
    """The button works once there is a folder, and shows that folder."""
    (tmp_path / "lesson01").mkdir()
    driver = open_driver()
    driver.fill(folder=str(tmp_path))
    button = driver.window.actions.open_folder
    assert button.instate(["disabled"])
    driver.press(driver.window.actions.start)
    driver.until(lambda: not button.instate(["disabled"]))
    driver.press(button)
    driver.until(lambda: driver.services.opened)
    assert [tmp_path / "lesson01"] == driver.services.opened


def test_a_folder_that_can_not_be_opened_is_a_line_in_the_log(open_driver, tmp_path):
    """Where there is no file manager, the log says where the files are."""
    (tmp_path / "lesson01").mkdir()
    driver = open_driver(FakeServices(folder_error=ToolError("No file manager was found: the files are in /out.")))
    driver.fill(folder=str(tmp_path))
    driver.press(driver.window.actions.start)
    driver.until(lambda: driver.window.controller.state.folder_openable)
    driver.window.controller.open_folder()
    driver.until(lambda: driver.log[-1] == "No file manager was found: the files are in /out.")


def test_a_job_that_fails_says_why(open_driver):
    """The reason stands in the banner, and the row that failed shows it."""

    def run(plan, sink, cancel) -> None:
        sink(PhaseStarted(job="lesson01", phase=PhaseName.HLS, overall=0.0))
        sink(
            PhaseFinished(
                job="lesson01", phase=PhaseName.HLS, outcome=PhaseOutcome.FAILED, overall=0.1, text="The disk is full."
            )
        )
        sink(JobFinished(report=report(plan, Outcome.FAILED, error="The disk is full: free some space.")))

    driver = open_driver(FakeServices(run=run))
    driver.fill()
    driver.press(driver.window.actions.start)
    driver.until_stage(READY)
    assert ("Failed: lesson01.mp4", "The disk is full: free some space.") == (driver.banner, driver.sentences)
    assert ("failed", "failed") == (driver.rows["720p"][0], driver.rows["Overall"][0])


def test_the_log_follows_unless_the_reader_scrolled_up(open_driver):
    """New lines come into view, but do not pull away what is being read."""
    driver = open_driver()
    log = driver.window.log_panel
    log.append([LogEntry(text=f"line {n}") for n in range(100)])
    driver.settle()
    assert 1.0 == log.text.yview()[1]
    log.text.yview_moveto(0.0)
    driver.settle()
    log.append([LogEntry(text="one more")])
    driver.settle()
    assert 0.0 == log.text.yview()[0]
    log.text.yview_moveto(1.0)
    driver.settle()
    log.append([LogEntry(text="the last")])
    driver.settle()
    assert 1.0 == log.text.yview()[1]


def test_the_log_stays_at_its_end_when_the_window_shrinks(open_driver):
    """Making the window smaller is not scrolling up."""
    driver = open_driver()
    log = driver.window.log_panel
    log.append([LogEntry(text=f"line {n}") for n in range(100)])
    driver.settle()
    height = log.text.winfo_height()
    driver.window.geometry("900x640")
    driver.until(lambda: log.text.winfo_height() < height)
    driver.settle()
    assert 1.0 == log.text.yview()[1]


def test_the_log_is_bounded_and_can_not_be_typed_into(open_driver, monkeypatch):
    """Old lines are let go, and the text is for reading and copying only."""
    monkeypatch.setattr("ui.panels.log.MAX_LINES", 10)
    driver = open_driver()
    log = driver.window.log_panel
    log.append([LogEntry(text=f"line {n}") for n in range(25)])
    assert [f"line {n}" for n in range(15, 25)] == driver.log
    log.text.focus_force()
    driver.settle()
    log.text.event_generate("<Key-x>")
    driver.settle()
    assert 10 == len(driver.log)


def test_a_flood_of_events_does_not_hold_up_the_window(open_driver):
    """While thousands of events wait, the window's own timers still get their turn."""
    driver = open_driver()
    driver.fill()
    event = PhaseProgress(job="lesson01", phase=PhaseName.HLS, fraction=0.5, overall=0.2, rows={"720p": 0.5})
    count, watched = 2500, HaltedStep()

    def run(plan, sink, cancel) -> None:
        sink(PhaseStarted(job="lesson01", phase=PhaseName.HLS, overall=0.0))
        watched.hold(cancel)
        for _ in range(count):
            sink(event)
        sink(JobFinished(report=report(plan)))

    driver.services.run = run
    turns: list[int] = []

    def turn() -> None:
        turns.append(1)
        if driver.window.controller.state.stage is not READY:
            driver.window.after(0, turn)

    driver.press(driver.window.actions.start)
    driver.until_stage(RUNNING)
    driver.window.after(0, turn)
    watched.release()
    driver.until_stage(READY)
    # one between two portions of a hundred, on average; a window that is held up has one in all
    assert len(turns) > 10


def test_a_mistake_in_the_window_is_told_and_survived(open_driver, callback_errors):
    """An exception in a callback becomes a sentence in banner and log, once, and the window works on."""
    driver = open_driver()

    def broken() -> None:
        raise ZeroDivisionError("division by zero")

    driver.window.after(1, broken)
    driver.window.after(2, broken)
    driver.until(lambda: len(callback_errors) == 2)
    driver.until(lambda: driver.log)
    callback_errors.clear()
    assert "Something unexpected went wrong." == driver.banner
    assert ["Something unexpected went wrong (ZeroDivisionError: division by zero). Please try again."] == driver.log
    driver.fill()
    driver.press(driver.window.actions.start)
    driver.until_stage(READY)
    assert "Done: lesson01.mp4" == driver.banner


def test_heavy_libraries_wait_until_they_are_needed(screen, tmp_path):
    """When the window first draws itself, neither Whisper nor the HTTP client nor the prober is loaded."""
    program = """
import sys
from pathlib import Path
from config import Config
from ui.window import MainWindow
from ui.services import PipelineServices
from installation import FilePlace
path = Path(sys.argv[1])
window = MainWindow(config=Config(), preferences=FilePlace(read=path, write=path), services=PipelineServices())
heavy = ("faster_whisper", "ctranslate2", "requests", "av", "fastapi", "pipeline.wiring")
loaded = [name for name in heavy if name in sys.modules]
window.destroy()
sys.stdout.write(repr(loaded))
"""
    command = [sys.executable, "-c", program, str(tmp_path / "s3_config.json")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ("[]", "") == (done.stdout, done.stderr)
