"""The history: its rows, and the window with what can be done with a folder."""

from __future__ import annotations

import shutil
from pathlib import Path
from tkinter.font import nametofont

import pytest
from cut_off import faults
from store_server import TOKEN, Fault, running_server
from ui_fakes import FakeServices, HaltedStep

from config import BackendApi, Config
from pipeline.cancel import CancelToken
from pipeline.errors import SettingsError
from pipeline.events import PhaseProgress, PhaseStarted
from pipeline.job import Existing, UploadJob, UploadRequest
from pipeline.job_history import HistoryEntry, day_and_time
from pipeline.model import JobReport, Outcome, PhaseName
from pipeline.queued_job import JobState
from pipeline.transfer.manifests.verify import Finding, Location, Verification
from ui.folder_jobs import CANCELLED, told_of
from ui.folder_services import RealFolders, check_server
from ui.history.rows import MOST_ROWS, columns, found
from ui.history.window import NONE_CHOSEN, TURN_S
from ui.results.panel import READING
from ui.tones import Tone

KEPT = Path(__file__).resolve().parents[1] / "kept"
SERVER = "https://api.example.com"


def entry(number: int = 1, folder: Path = Path("/out/welcome"), **changes) -> HistoryEntry:
    """Return a job that has ended."""
    values = {
        "id": f"job{number}",
        "title": f"Lesson {number}",
        "origin": "/videos/lesson.mp4",
        "folder": folder,
        "backend_url": SERVER,
        "prefix": "videos/lesson/",
        "state": JobState.DONE,
        "ended_at": 1_700_000_000.0 + number,
        "note": "",
        "searched": f"lesson {number}",
    }
    return HistoryEntry(**{**values, **changes})


def test_columns():
    """When, what, how, from where, to where; without an upload the folder is where it went."""
    when = day_and_time(1_700_000_001.0)
    expected = (when, "Lesson 1", "Done", "/videos/lesson.mp4", f"videos/lesson/ on {SERVER}")
    assert expected == columns(entry())
    assert str(Path("/out/welcome")) == columns(entry(prefix=""))[-1]


@pytest.mark.parametrize(
    ("count", "typed", "whole", "rows", "told"),
    [
        (0, "", True, 0, "Nothing has ended yet."),
        (0, "", False, 0, "Reading…"),
        (1, "", True, 1, "1 job."),
        (3, "2", True, 1, "1 of 3 jobs."),
        (200, "", False, 200, "200 jobs; older ones are being read…"),
        (10_000, "", True, MOST_ROWS, "10000 jobs, the latest 500 shown: type a word to find others."),
    ],
)
def test_what_is_found_is_counted(count, typed, whole, rows, told):
    """Of ten thousand a few hundred are shown."""
    entries = [entry(number) for number in range(count)]
    shown, said = found(entries, typed, whole=whole)
    assert (rows, told) == (len(shown), said)


def test_a_comparison_in_words():
    """No difference is good news; of many differences the first are told."""
    same = Verification(findings=(), unchecked=(), files=9, local_files=9, server_files=9, unproven=0)
    told = told_of(Path("/out"), same)
    assert ("No difference: the 9 files here, in the manifest and on the server agree.", Tone.GOOD) == (
        told.text,
        told.tone,
    )
    findings = tuple(Finding(file=f"{n}.ts", side=Location.SERVER, text="It is missing.") for n in range(7))
    others = Verification(findings=findings, unchecked=("A.",), files=9, local_files=9, server_files=2, unproven=1)
    told = told_of(Path("/out"), others)
    assert (Tone.BAD, "0.ts (server): It is missing.", "and 2 more", "Not checked: A.") == (
        told.tone,
        told.text.split("\n")[0],
        *told.text.split("\n")[5:7],
    )


def test_the_form_must_have_the_servers_login():
    """What was uploaded to another server is neither compared with this one nor sent to it."""
    here = Config(backend=BackendApi(url="https://other.example.com/", token="t"))
    with pytest.raises(SettingsError, match=r"uploaded to https://api\.example\.com, and the form has https://other"):
        check_server(SERVER, here)
    check_server("https://other.example.com", here)
    check_server(SERVER, Config())


class Uploading:
    """An upload that a test leads."""

    def __init__(self) -> None:
        self.step = HaltedStep()
        self.jobs = []

    def __call__(self, job, sink, cancel) -> JobReport:
        """Tell how far it is, and wait."""
        self.jobs.append(job)
        text = "Uploading 12/34 files"
        sink(PhaseProgress(job=job.slug, phase=PhaseName.UPLOAD, fraction=0.3, overall=0.3, text=text))
        self.step.hold(cancel)
        return JobReport(slug=job.slug, source=job.source, folder=job.folder, outcome=Outcome.DONE)


@pytest.fixture
def folder(tmp_path) -> Path:
    """The folder of a job that was uploaded."""
    made = tmp_path / "welcome"
    made.mkdir()
    (made / "master.m3u8").write_text(
        "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=489811,RESOLUTION=1280x720\n720p/index.m3u8\n", encoding="utf-8"
    )
    shutil.copyfile(KEPT / "job_schema_9.json", made / "job.json")
    return made


def opened(driver):
    """Open the history by its entry in the menu, and wait until it is read."""
    driver.window.menu_bar.menus["File"].invoke("History…")
    history = driver.window.history.window
    driver.until(lambda: "job" in str(history.count.cget("text")))
    driver.settle()
    return history


def choose(driver, history, id_: str) -> None:
    """Choose a job when it is in the list, and wait until its folder is read."""
    driver.until(lambda: history.tree.exists(id_))
    history.tree.selection_set(id_)
    driver.until(lambda: history.panel.texts[:1] not in ([READING], [NONE_CHOSEN], []))
    driver.settle()


def test_a_job_is_found_and_uploaded_again(open_driver, folder):
    """The list follows what is typed; the upload tells how far it is, and the buttons wait for it."""
    uploading = Uploading()
    driver = open_driver(FakeServices(ended=(entry(2), entry(1, folder)), folder_upload=uploading))
    history = opened(driver)
    history.typed.set("lesson 1")
    driver.until(lambda: history.tree.get_children() == ("job1",))
    shown, room = history.tree.set("job1", "to"), int(history.tree.column("to", "width"))
    assert (True, True) == (shown.endswith("…"), nametofont("TkDefaultFont", root=history.tree).measure(shown) <= room)
    choose(driver, history, "job1")
    assert ([], True) == (faults(history.window), "Address" in history.panel.texts)
    driver.press(history.upload)
    uploading.step.wait_until_reached()
    driver.until(lambda: "Uploading 12/34 files" == str(history.news.cget("text")))
    assert [True] * 3 == [one.instate(["disabled"]) for one in (history.upload, history.verify, history.captions)]
    uploading.step.release()
    driver.until(lambda: "Uploaded." == str(history.news.cget("text")))
    driver.until(lambda: not history.upload.instate(["disabled"]))
    (job,) = uploading.jobs
    assert (folder, "videos/lesson/", Existing.UPLOAD_AGAIN) == (job.folder, job.upload.prefix, job.existing)


@pytest.mark.parametrize("answer", ["n" * 32, None], ids=["a token", "stopped"])
def test_a_token_that_has_expired_is_asked_for(open_driver, folder, answer):
    """In the main window, where it is typed; the upload goes on with it. When it is stopped nobody asks any more."""
    tokens = []

    def upload(job, sink, cancel):
        tokens.append(services.ask_token())
        cancel.check()
        return JobReport(slug=job.slug, source=job.source, folder=job.folder, outcome=Outcome.DONE)

    services = FakeServices(ended=(entry(1, folder),), folder_upload=upload)
    driver = open_driver(services)
    history = opened(driver)
    choose(driver, history, "job1")
    driver.press(history.upload)
    driver.until(driver.window.token_panel.frame.winfo_viewable)
    if answer is None:
        driver.press(history.stop)
    else:
        assert driver.window._go_on_with(answer)
    driver.until(lambda: str(history.news.cget("text")) == ("Uploaded." if answer else CANCELLED))
    driver.until(lambda: not driver.window.token_panel.frame.winfo_viewable())
    assert [answer] == tokens


def test_closing_waits_for_the_answer_about_an_upload(open_driver, folder):
    """The program closes when its upload has been stopped, and not before anybody says so."""
    uploading = Uploading()
    driver = open_driver(FakeServices(ended=(entry(1, folder),), folder_upload=uploading))
    history = opened(driver)
    choose(driver, history, "job1")
    driver.press(history.upload)
    uploading.step.wait_until_reached()
    history.close()
    driver.window.close()
    driver.settle()
    history = driver.window.history.window
    assert (False, "Stop it and close") == (driver.window.closed, str(history.stop.cget("text")))
    history.stop.invoke()
    driver.until(lambda: driver.window.closed)
    assert CANCELLED == driver.window.history._told.text


def test_many_rows_hold_nobody_up(open_driver):
    """They are written a few at a time; what is typed meanwhile counts, and a row that is wanted is chosen again."""
    entries = tuple(entry(number, Path(f"/out/{number}")) for number in range(100))
    driver = open_driver(FakeServices(ended=entries))
    history = opened(driver)
    choose(driver, history, entries[-1].id)
    turns = []
    history.clock = lambda: turns.append(1) or len(turns) * TURN_S  # a row takes as long as a turn may
    history._resized(500)
    assert 2 == len(turns)
    history.tree.delete(*history.tree.get_children())
    history._write()
    driver.settle()
    driver.until(lambda: len(history.tree.get_children()) == len(entries))
    assert (entries[-1].id,) == history.tree.selection()
    assert [one.id for one in entries] == list(history.tree.get_children())


def test_a_folder_that_is_gone_says_so(open_driver, tmp_path):
    """Nothing can be done with it, and why the job failed is told all the same."""
    gone = entry(1, tmp_path / "gone", state=JobState.FAILED, note="The disk was full.")
    driver = open_driver(FakeServices(ended=(gone,)))
    history = opened(driver)
    choose(driver, history, "job1")
    assert "its drive is away" in history.panel.texts[0]
    buttons = (history.panel.watch, history.upload, history.verify, history.captions)
    assert ("The disk was full.", [True] * 4) == (
        str(history.news.cget("text")),
        [one.instate(["disabled"]) for one in buttons],
    )


def test_a_real_upload_goes_on_with_the_new_token(folder, tmp_path):
    """The backend refuses the first one once: nothing that is sent is lost, and nothing fails."""
    asked = []
    (folder / "720p").mkdir()
    (folder / "720p/index.m3u8").write_text("#EXTM3U\n#EXTINF:2,\nseg_001.ts\n#EXT-X-ENDLIST\n", encoding="utf-8")
    (folder / "720p/seg_001.ts").write_bytes(b"video")
    with running_server() as server:
        config = Config(backend=BackendApi(url=server.url, token=TOKEN), data_dir=tmp_path / "data")

        def tell(event):
            if isinstance(event, PhaseStarted) and event.phase is PhaseName.UPLOAD:
                server.api_faults[config.backend.presign_endpoint].append(Fault(status=401))

        job = UploadJob(folder=folder, upload=UploadRequest(prefix="videos/lesson/"), existing=Existing.UPLOAD_AGAIN)
        report = RealFolders().upload(job, config, tell, CancelToken(), lambda: asked.append(1) or server.token)
        assert "" == report.error
        assert (Outcome.DONE, [1]) == (report.outcome, asked)
        assert "videos/lesson/master.m3u8" in server.stored
