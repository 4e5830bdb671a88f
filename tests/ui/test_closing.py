"""How the real window closes, and what becomes of the job that is on its way."""

from __future__ import annotations

import subprocess
import threading

import pytest
from displays import needs_window_manager, needs_xvfb
from ui_fakes import DEADLINE_S, FakeServices, HaltedStep, report

from pipeline.events import JobFinished, PhaseFinished, PhaseProgress, PhaseStarted
from pipeline.model import Outcome, PhaseName, PhaseOutcome
from ui.banners import CLOSE_QUESTION
from ui.history.opener import HistoryOpener
from ui.messages import BannerAnswer
from ui.services import PipelineServices
from ui.view_state import WindowStage

REAL_DEADLINE_S = 120.0
ANSWERS = [choice.answer for choice in CLOSE_QUESTION.choices]


class HeldStart(PipelineServices):
    """The real pipeline, held when it has begun to encode until the test lets it go on."""

    def __init__(self) -> None:
        super().__init__()
        self.reached, self.go_on = threading.Event(), threading.Event()

    def run_job(self, plan, config, sink, cancel, **seams):
        def held(event):
            sink(event)
            if isinstance(event, PhaseStarted | PhaseProgress) and event.phase is PhaseName.HLS:
                self.reached.set()
                assert self.go_on.wait(REAL_DEADLINE_S)

        return super().run_job(plan, config, held, cancel, **seams)


def answer(driver, wanted: BannerAnswer) -> None:
    """Press the button of the question."""
    driver.until(lambda: len(driver.choices) == len(ANSWERS))
    driver.settle()
    driver.press(driver.window.banner_panel.buttons[ANSWERS.index(wanted)])


@pytest.fixture
def encoding(open_driver, tmp_path, sample):
    """A window in which a real encode has begun, and what lets it go on."""
    services = HeldStart()
    driver = open_driver(services)
    driver.deadline_s = REAL_DEADLINE_S
    driver.fill(str(sample), folder=str(tmp_path / "out"))
    variables = driver.window.variables
    for name, ticked in variables.qualities.items():
        ticked.set(name == "360p")
    variables.transcribe.set(False)
    variables.make_mp4.set(False)
    variables.speed.set("Fast (larger files)")
    driver.settle()
    driver.press(driver.window.actions.start)
    driver.until(services.reached.is_set)
    driver.until_stage(WindowStage.RUNNING)
    yield driver, services, tmp_path / "out" / "welcome" / "master.m3u8"
    services.go_on.set()


def test_a_real_job_goes_on_in_the_background(encoding):
    """The window is gone, the job goes on; at its end the window says so for a while, and the program ends."""
    driver, services, master = encoding
    driver.window.close()
    answer(driver, BannerAnswer.GO_ON_IN_BACKGROUND)
    driver.until(lambda: driver.window.state() == "withdrawn")
    assert (False, True) == (driver.window.closed, driver.window.controller.busy)
    services.go_on.set()
    driver.until(lambda: driver.window.state() == "normal")
    driver.settle()
    assert ("Done: welcome.mp4", ["Keep the window open"]) == (driver.banner, driver.choices)
    driver.window._closing._shown_until = 0.0
    driver.until(lambda: driver.window.closed)
    assert (True, False) == (master.is_file(), driver.window.controller.busy)


def test_a_real_job_is_finished_first(encoding):
    """The window stays until the video is done, and says that it will close then."""
    driver, services, master = encoding
    driver.window.close()
    answer(driver, BannerAnswer.CLOSE_AFTER_JOB)
    assert ("normal", []) == (driver.window.state(), driver.choices)
    assert driver.sentences.endswith("The window closes when this video is done.")
    services.go_on.set()
    driver.until(lambda: driver.window.closed)
    assert master.is_file()


def test_a_real_job_is_stopped(encoding):
    """The window closes when the job has ended; nothing is there that looks finished."""
    driver, services, master = encoding
    driver.window.close()
    answer(driver, BannerAnswer.STOP_AND_CLOSE)
    driver.until(lambda: driver.banner == "Cancelling…")
    services.go_on.set()
    driver.until(lambda: driver.window.closed)
    assert (False, False) == (master.exists(), driver.window.controller.busy)


def test_a_real_job_goes_on_in_a_window_that_stays(encoding):
    """Nothing has happened."""
    driver, services, master = encoding
    driver.window.close()
    answer(driver, BannerAnswer.STAY)
    assert ("Converting welcome.mp4…", "normal") == (driver.banner, driver.window.state())
    services.go_on.set()
    driver.until_stage(WindowStage.READY)
    assert ("Done: welcome.mp4", True, False) == (driver.banner, master.is_file(), driver.window.closed)


class Job:
    """A job of the test's making: it stops at `held`, asks for a token if it is to, and ends as it is told."""

    def __init__(self, outcome: Outcome = Outcome.DONE, *, asks: bool = False) -> None:
        self.held = HaltedStep()
        self.services = FakeServices(run=self)
        self._outcome, self._asks = outcome, asks

    def __call__(self, plan, sink, cancel) -> None:
        sink(PhaseStarted(job="lesson01", phase=PhaseName.UPLOAD, overall=0.7))
        self.held.hold(cancel)
        if self._asks:
            self.services.ask_token()
        sink(PhaseFinished(job="lesson01", phase=PhaseName.UPLOAD, outcome=PhaseOutcome.DONE, overall=1.0))
        error = "The disk is full: free some space." if self._outcome is Outcome.FAILED else ""
        sink(JobFinished(report=report(plan, self._outcome, error=error)))


@pytest.fixture
def begin(open_driver):
    """Return a function that opens a window and begins a job in it."""

    def build(job):
        driver = open_driver(job.services)
        driver.fill(upload=True)
        driver.press(driver.window.actions.start)
        job.held.wait_until_reached()
        driver.until_stage(WindowStage.RUNNING)
        return driver

    return build


def test_closing_an_idle_window(open_driver):
    """Without a job the window closes at once."""
    driver = open_driver()
    driver.window.close()
    assert driver.window.closed


def _by_manager(window) -> None:
    """Close it as the window manager's button does (ICCCM, WM_DELETE_WINDOW)."""
    window.tk.call(window.protocol("WM_DELETE_WINDOW"))


def _by_key(window) -> None:
    window.focus_force()
    window.event_generate("<Control-q>")


def _by_menu(window) -> None:
    """Close it as Quit in the Mac's menu bar, and Cmd+Q, do."""
    window.tk.call("::tk::mac::Quit")


@pytest.mark.parametrize("close", [_by_manager, _by_key, _by_menu], ids=["window manager", "Control-Q", "menu"])
def test_every_way_to_close_asks(begin, close):
    """While a job runs none of them stops it; the button that has the keyboard changes nothing."""
    job = Job()
    driver = begin(job)
    close(driver.window)
    driver.settle()
    assert ("A video is not finished yet. Close the window?", False) == (driver.banner, driver.window.closed)
    assert [choice.label for choice in CLOSE_QUESTION.choices] == driver.choices
    assert driver.window.focus_get() is driver.window.banner_panel.buttons[-1]
    job.held.release()
    driver.until_stage(WindowStage.READY)
    assert ("Done: lesson01.mp4", [], False) == (driver.banner, driver.choices, driver.window.closed)
    driver.until(lambda: not driver.window.controller.busy)
    close(driver.window)
    assert driver.window.closed


@needs_window_manager
def test_the_window_manager_asks_the_window(managed_screen, begin):
    """Alt-F4 asks while a job runs, which goes on when the answer is to stay, and closes the window afterwards."""
    driver = begin(job := Job())
    driver.until(lambda: driver.window.tk.call("focus"))
    subprocess.run(["xdotool", "key", "alt+F4"], check=True, timeout=60)
    answer(driver, BannerAnswer.STAY)
    assert (True, False) == (driver.window.controller.busy, driver.window.closed)
    job.held.release()
    driver.until_stage(WindowStage.READY)
    subprocess.run(["xdotool", "key", "alt+F4"], check=True, timeout=60)
    driver.until(lambda: driver.window.closed)


def test_a_window_that_closes_by_itself_waits_for_the_history(begin, monkeypatch):
    """What is done with a finished folder is not stopped because a video is done."""
    uploads = [True]
    driver = begin(job := Job())
    driver.window.close()
    answer(driver, BannerAnswer.CLOSE_AFTER_JOB)
    monkeypatch.setattr(HistoryOpener, "busy", property(lambda _: bool(uploads)))
    job.held.release()
    driver.until_stage(WindowStage.READY)
    driver.until(lambda: not driver.window.controller.busy)
    for _ in range(2):
        driver.window._closing.follow()
    assert not driver.window.closed
    uploads.clear()
    driver.until(lambda: driver.window.closed)


@needs_xvfb
def test_the_question_is_whole_in_the_smallest_window(begin):
    """Every button has its room, and what stands above is not pushed out."""
    driver = begin(job := Job())
    window = driver.window
    window.geometry("900x640")
    driver.until(lambda: window.winfo_height() == 640)
    window.close()
    driver.settle()
    for button in window.banner_panel.buttons:
        assert button.winfo_viewable()
        assert (button.winfo_width(), button.winfo_height()) >= (button.winfo_reqwidth(), button.winfo_reqheight())
        assert button.winfo_rootx() + button.winfo_width() <= window.winfo_rootx() + 900
    assert window.actions.start.winfo_rooty() + window.actions.start.winfo_height() <= window.winfo_rooty() + 640
    job.held.release()


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.CANCELLED])
@pytest.mark.parametrize("wanted", [BannerAnswer.GO_ON_IN_BACKGROUND, BannerAnswer.CLOSE_AFTER_JOB])
def test_a_job_that_ends_badly_keeps_the_window(begin, wanted, outcome):
    """Or brings it back: the editor must read why."""
    job = Job(outcome)
    driver = begin(job)
    driver.window.close()
    answer(driver, wanted)
    job.held.release()
    driver.until_stage(WindowStage.READY)
    driver.until(lambda: driver.window.state() == "normal")
    driver.settle()
    assert (False, []) == (driver.window.closed, driver.choices)
    assert driver.banner in ("Failed: lesson01.mp4", "Cancelled: lesson01.mp4")


def test_a_token_brings_the_window_back(begin):
    """What only the editor can answer is asked on the screen, and then the job goes on in the window."""
    job = Job(asks=True)
    driver = begin(job)
    driver.window.close()
    answer(driver, BannerAnswer.GO_ON_IN_BACKGROUND)
    driver.until(lambda: driver.window.state() == "withdrawn")
    job.held.release()
    driver.until(lambda: driver.window.state() == "normal")
    driver.until(lambda: driver.window.token_panel.frame.winfo_ismapped())
    driver.settle()
    driver.window.token_panel.entry.insert(0, "a-new-token-a-new-token")
    driver.press(driver.window.token_panel.go_on)
    driver.until_stage(WindowStage.READY)
    assert ("Done: lesson01.mp4", False) == (driver.banner, driver.window.closed)


def test_a_question_brings_the_window_back(open_driver):
    """The settings are still checked when the window goes; then something has to be asked."""
    gate = threading.Event()

    class Slow(FakeServices):
        def check_output(self, folder):
            assert gate.wait(DEADLINE_S)

    driver = open_driver(Slow(conflict="The output folder holds another video."))
    driver.fill()
    driver.press(driver.window.actions.start)
    driver.window.close()
    answer(driver, BannerAnswer.GO_ON_IN_BACKGROUND)
    driver.until(lambda: driver.window.state() == "withdrawn")
    gate.set()
    driver.until_stage(WindowStage.ASKING)
    driver.until(lambda: driver.window.state() == "normal")
    assert "Replace the output folder?" == driver.banner


def _by_its_button(driver) -> None:
    driver.press(driver.window.banner_panel.buttons[0])


def _by_typing(driver) -> None:
    entry = driver.window.source_panel.part_from
    entry.focus_force()
    entry.event_generate("<KeyPress-a>")
    entry.event_generate("<KeyRelease-a>")


def _by_a_click(driver) -> None:
    driver.window.log_panel.text.event_generate("<ButtonPress-1>", x=5, y=5)
    driver.window.log_panel.text.event_generate("<ButtonRelease-1>", x=5, y=5)


@pytest.mark.parametrize("keep", [_by_its_button, _by_typing, _by_a_click], ids=["button", "typing", "click"])
def test_the_window_can_be_kept_when_the_job_is_done(begin, keep):
    """Who is there when it says goodbye goes on working."""
    job = Job()
    driver = begin(job)
    driver.window.close()
    answer(driver, BannerAnswer.GO_ON_IN_BACKGROUND)
    driver.until(lambda: driver.window.state() == "withdrawn")
    job.held.release()
    driver.until(lambda: driver.choices == ["Keep the window open"])
    driver.until(lambda: driver.window.state() == "normal")
    driver.settle()
    assert driver.sentences.endswith("The program ends in half a minute.")
    keep(driver)
    driver.settle()
    assert ([], False) == (driver.choices, "half a minute" in driver.sentences)


def test_closing_while_a_question_is_open(open_driver):
    """Nothing runs that could be lost, and nothing is shown in the window that is gone."""
    driver = open_driver(FakeServices(conflict="The output folder holds another video."))
    driver.fill()
    driver.press(driver.window.actions.start)
    driver.until_stage(WindowStage.ASKING)
    driver.until(lambda: not driver.window.controller.busy)
    driver.window.close()
    assert driver.window.closed


def test_stopping_waits_for_the_job(open_driver):
    """The window keeps working until the job has ended cleanly, then it is gone, and so is the job's thread."""
    stage, cleaning = HaltedStep(), threading.Event()

    def run(plan, sink, cancel) -> None:
        try:
            stage.hold(cancel)
        finally:
            assert cleaning.wait(DEADLINE_S)

    driver = open_driver(FakeServices(run=run))
    driver.fill()
    driver.press(driver.window.actions.start)
    stage.wait_until_reached()
    driver.window.close()
    answer(driver, BannerAnswer.STOP_AND_CLOSE)
    driver.until(lambda: driver.banner == "Cancelling…")
    assert not driver.window.closed
    cleaning.set()
    driver.until(lambda: driver.window.closed)
    assert not driver.window.controller.busy


def test_closing_does_not_wait_for_ever(open_driver, monkeypatch):
    """A job that does not end in time does not keep the window."""
    begun, stuck = threading.Event(), threading.Event()

    class Stuck(FakeServices):
        def run_job(self, plan, config, sink, cancel, **seams):
            begun.set()
            assert stuck.wait(DEADLINE_S)
            return report(plan)

    monkeypatch.setattr("ui.closing.CLOSE_DEADLINE_S", 0.2)
    driver = open_driver(Stuck())
    driver.fill()
    driver.press(driver.window.actions.start)
    driver.until(begun.is_set)
    driver.window.close()
    answer(driver, BannerAnswer.STOP_AND_CLOSE)
    driver.until(lambda: driver.window.closed)
    assert driver.window.controller.busy
    stuck.set()
