"""An upload in the real window: pause, speed limit, a login that expires, and the keychain."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from types import SimpleNamespace

import keyring
import pytest
from keyring.backends import fail
from ui_fakes import CONFIGURED, NOT_CONFIGURED, FakeServices, HaltedStep, report

from pipeline.errors import Setting
from pipeline.events import JobFinished, LogLevel, LogLine, PhaseFinished, PhaseProgress, PhaseStarted, TransferFigures
from pipeline.model import Outcome, PhaseName, PhaseOutcome
from ui import view_state
from ui.job_form import FormValues, transfer_control
from ui.login_memory import NO_KEYCHAIN
from ui.panels.login import REMEMBERED
from ui.panels.token import SENTENCE
from ui.preferences import Preferences, ProgramSettings

READY, RUNNING = view_state.WindowStage.READY, view_state.WindowStage.RUNNING
OLD_TOKEN, NEW_TOKEN = "old-token-old-token-old", "new-token-new-token-new"
SENT = PhaseProgress(
    job="lesson01",
    phase=PhaseName.UPLOAD,
    fraction=0.35,
    overall=0.75,
    text="Uploading 12/34 files (seg_005.ts)",
    transfer=TransferFigures(bytes_done=12 << 20, bytes_total=34 << 20, bytes_per_s=4.2 * (1 << 20), seconds_left=5.2),
)
LABELLED = ("TLabel", "TButton", "TCheckbutton")
OFFLINE = "store.example.com can't be reached. The upload waits and goes on by itself: check the internet connection."


class Uploading:
    """A run that has come to the upload, asks for tokens as often as the test wants, and then waits."""

    def __init__(self, *, asks: int = 0) -> None:
        self.held = HaltedStep()
        self.asks = asks
        self.tokens: list[str | None] = []
        self.services = FakeServices(run=self)

    def __call__(self, plan, sink, cancel) -> None:
        self.sink = sink
        sink(PhaseStarted(job="lesson01", phase=PhaseName.UPLOAD, overall=0.7))
        sink(SENT)
        for _ in range(self.asks):
            self.tokens.append(self.services.ask_token())
            cancel.check()
        if self.tokens and self.tokens[-1] is None:
            sink(JobFinished(report=report(plan, Outcome.FAILED, error="The token was not accepted.")))
            return
        self.held.hold(cancel)
        sink(PhaseFinished(job="lesson01", phase=PhaseName.UPLOAD, outcome=PhaseOutcome.DONE, overall=1.0))
        sink(JobFinished(report=report(plan)))


@pytest.fixture
def begin(open_driver):
    """Return a function that opens a window and brings it to the middle of an upload."""

    def build(run, *, config=CONFIGURED, **options):
        driver = open_driver(run.services, config=config, **options)
        driver.fill(upload=True)
        if config is NOT_CONFIGURED:
            driver.window.variables.backend_url.set("https://typed.example.com")
            driver.window.variables.token.set(OLD_TOKEN)
        driver.press(driver.window.actions.start)
        driver.until(lambda: driver.rows["Upload"][0] == "35%")
        if run.asks:
            driver.until(lambda: driver.window.token_panel.frame.winfo_manager())
        driver.settle()
        return driver

    return build


def figures(driver) -> str:
    """Return what stands beneath the upload's bar."""
    return driver.window.progress_panel.rows[-1].figures.full_text


def places(driver):
    """Return where everything above the banner is."""
    window = driver.window
    widgets = [row.progress for row in window.progress_panel.rows] + [
        window.log_panel.view,
        window.settings.container,
        window.actions.start,
    ]
    return [(w.winfo_rootx(), w.winfo_rooty(), w.winfo_width(), w.winfo_height()) for w in widgets]


def test_pause_and_resume(begin):
    """Each button is there only when it does something, reaches the upload, and the window says how things stand."""
    run = Uploading()
    driver = begin(run)
    pause, resume = driver.window.actions.pause, driver.window.actions.resume
    assert ([False, True], "12.0 of 34.0 MB · 4.2 MB/s · 0:05 left") == (
        [b.instate(["disabled"]) for b in (pause, resume)],
        figures(driver),
    )
    before = places(driver)
    driver.press(pause)
    driver.until(lambda: driver.banner == "The upload is paused.")
    run.sink(SENT)
    driver.until(lambda: figures(driver) == "12.0 of 34.0 MB · paused")
    assert (True, [True, False]) == (run.services.control.paused, [b.instate(["disabled"]) for b in (pause, resume)])
    driver.press(resume)
    driver.until(lambda: driver.banner == "Uploading: lesson01.mp4")
    assert (False, before) == (run.services.control.paused, places(driver))
    run.held.release()
    driver.until_stage(READY)
    assert ([True, True], "") == ([b.instate(["disabled"]) for b in (pause, resume)], figures(driver))
    assert ["The upload is paused", "The upload goes on"] == [
        line for line in driver.log if line.startswith("The upload")
    ]


def test_the_time_left_of_the_job_comes_and_moves_nothing(begin):
    """It stands in a line that was there before."""
    run = Uploading()
    driver = begin(run)
    window, held = driver.window, SimpleNamespace(now_s=driver.window.clock())
    window.clock = lambda: held.now_s
    before = places(driver)
    for second in range(41):
        held.now_s += 1.0
        run.sink(replace(SENT, overall=0.75 + second / 400))
        driver.until(lambda: window.controller.state.time_left.job.now_s == held.now_s)
    driver.settle()
    assert ("1:00 left", before) == (window.progress_panel.rows[0].figures.full_text, places(driver))
    run.held.release()
    driver.until_stage(READY)
    assert "" == window.progress_panel.rows[0].figures.full_text


def test_the_next_job_is_not_paused(begin):
    """A pause ends with its job, also when it was cancelled."""
    run = Uploading()
    driver = begin(run)
    driver.press(driver.window.actions.pause)
    driver.press(driver.window.actions.cancel)
    driver.until_stage(READY)
    driver.until(lambda: not driver.window.controller.busy)
    run.held = HaltedStep()
    driver.press(driver.window.actions.start)
    driver.until_stage(RUNNING)
    driver.until(lambda: not driver.window.actions.pause.instate(["disabled"]))
    assert not run.services.control.paused


def test_the_limit_works_while_files_go_up(begin, monkeypatch):
    """What is typed reaches the upload when typing has ended; what is not a number is named and changes nothing."""
    run = Uploading()
    driver = begin(run)
    panel, control = driver.window.upload_panel, run.services.control
    assert (None, False) == (control.limit_bytes_s, panel.limit.instate(["disabled"]))
    monkeypatch.setattr("ui.panels.upload.LIMIT_DELAY_MS", 3_600_000)
    panel.limit.insert("end", "2")
    driver.settle()
    assert control.limit_bytes_s is None
    monkeypatch.setattr("ui.panels.upload.LIMIT_DELAY_MS", 1)
    panel.limit.insert("end", ".5")
    driver.until(lambda: control.limit_bytes_s == 2.5 * (1 << 20))
    panel.limit.insert("end", "x")
    driver.until(
        lambda: panel.notes[Setting.SPEED_LIMIT].text == "The limit must be a number of at least 0.1, or empty."
    )
    assert (2.5 * (1 << 20), True) == (control.limit_bytes_s, panel.limit.instate(["invalid"]))
    panel.limit.delete(0, "end")
    driver.until(lambda: control.limit_bytes_s is None)
    assert "" == panel.notes[Setting.SPEED_LIMIT].text


def test_limits_by_the_hour_reach_a_running_upload(begin):
    """They are those of the settings at once; a limit that is typed goes before, and the next window has them too."""
    run = Uploading()
    driver = begin(run)
    panel, control, settings = driver.window.upload_panel, run.services.control, driver.window.settings_window
    settings.open()
    section = settings.opened.upload
    section.add.invoke()
    (row,) = section.rows
    for entry, text in ((row.start, "00:00"), (row.end, "0:00"), (row.limit, "2")):
        entry.delete(0, "end")
        entry.insert(0, text)
    assert (2.0 * (1 << 20), "") == (control.limit_bytes_s, section.note.text)
    assert "hour" in panel.notes[Setting.SPEED_LIMIT].label.cget("text")
    row.limit.insert("end", "x")
    assert (2.0 * (1 << 20), True) == (control.limit_bytes_s, bool(section.note.text))
    driver.window.controller.limit_upload("5")
    assert 5.0 * (1 << 20) == control.limit_bytes_s
    settings.opened.close()
    (kept,) = Preferences.load(driver.preferences_path).program.upload_limits
    assert ("00:00", "0:00", 2.0) == (kept.start, kept.end, kept.limit_mb_s)
    assert transfer_control(FormValues(program=ProgramSettings(upload_limits=(kept,)))).limit_bytes_s == 2.0 * (1 << 20)


def test_limit_and_number_of_files_are_those_of_the_form(open_driver):
    """They are there from the first byte, and again at the next start."""
    driver = open_driver()
    driver.fill(upload=True)
    driver.window.variables.limit.set("5")
    driver.window.variables.parallel.set("8")
    driver.press(driver.window.actions.start)
    driver.until_stage(READY)
    control = driver.services.control
    assert (5.0 * (1 << 20), 8) == (control.limit_bytes_s, control.parallel)
    driver.window.close()
    again = open_driver().window.variables.read()
    assert ("5", 8) == (again.limit, again.parallel)


def test_a_network_that_is_gone_is_seen(begin):
    """What the engine says while it waits stands in the banner and in the log."""
    run = Uploading()
    driver = begin(run)
    run.sink(LogLine(job="lesson01", text=OFFLINE, level=LogLevel.WAITING))
    driver.until(lambda: driver.sentences == OFFLINE)
    assert OFFLINE == driver.log[-1]


@pytest.mark.parametrize("by", ["button", "<Return>"])
def test_a_new_token_lets_the_upload_go_on(begin, by):
    """The question takes the banner's place without moving anything, hides what is typed,
    and hands it to the upload.
    """
    run = Uploading(asks=2)
    driver = begin(run)
    panel = driver.window.token_panel
    before = places(driver)
    for number, token in enumerate(("first-new-token-first-new", NEW_TOKEN), 1):
        driver.until(lambda: driver.window.controller.state.token is not None)
        driver.settle()
        assert (True, False, "●") == (
            panel.frame.winfo_ismapped(),
            driver.window.banner_panel.frame.winfo_ismapped(),
            str(panel.entry.cget("show")),
        )
        panel.entry.focus_force()
        panel.entry.insert(0, f" {token}\n")
        driver.settle()
        if by == "button":
            driver.press(panel.go_on)
        else:
            panel.entry.event_generate(by)
        driver.until(lambda number=number: len(run.tokens) == number)
        assert ("", before) == (panel.entry.get(), places(driver))
    run.held.wait_until_reached()
    driver.until(lambda: driver.window.banner_panel.frame.winfo_ismapped())
    assert ["first-new-token-first-new", NEW_TOKEN] == run.tokens
    driver.settle()
    assert before == places(driver)
    driver.until(lambda: driver.log.count("The upload goes on with a new token") == 2)


def test_what_can_not_be_a_token_is_not_sent(begin):
    """The sentence stands beside the field, and the upload waits on."""
    run = Uploading(asks=1)
    driver = begin(run)
    panel = driver.window.token_panel
    before = places(driver)
    panel.entry.insert(0, "two words")
    driver.press(panel.go_on)
    said = str(panel.sentence.cget("text"))
    assert ("Auth token must not contain spaces, line breaks or special characters.", True) == (
        said,
        panel.entry.instate(["invalid"]),
    )
    assert ([], before) == (run.tokens, places(driver))
    panel.entry.delete(0, "end")
    panel.entry.insert(0, NEW_TOKEN)
    driver.press(panel.go_on)
    driver.until(lambda: run.tokens == [NEW_TOKEN])
    assert SENTENCE != said


def test_stop_here_ends_the_job(begin):
    """Without a token the upload ends as the engine says, and the window is ready for the next start."""
    run = Uploading(asks=1)
    driver = begin(run)
    driver.press(driver.window.token_panel.stop)
    driver.until_stage(READY)
    assert ([None], "Failed: lesson01.mp4", True) == (
        run.tokens,
        driver.banner,
        driver.window.banner_panel.frame.winfo_ismapped(),
    )


def test_cancel_ends_the_question(begin):
    """Cancel needs no answer first."""
    run = Uploading(asks=1)
    driver = begin(run)
    driver.press(driver.window.actions.cancel)
    driver.until_stage(READY)
    assert ([None], "Cancelled: lesson01.mp4", "") == (
        run.tokens,
        driver.banner,
        driver.window.token_panel.frame.winfo_manager(),
    )


def test_closing_ends_the_question(begin):
    """A window that is closed leaves no thread that waits for an answer."""
    run = Uploading(asks=1)
    driver = begin(run)
    driver.window.close()
    driver.settle()
    assert not driver.window.token_panel.frame.winfo_manager()  # the other question stands in its place
    driver.press(driver.window.banner_panel.buttons[2])
    driver.until(lambda: driver.window.closed)
    assert ([None], False) == (run.tokens, driver.window.controller.busy)


@pytest.mark.parametrize("config", [CONFIGURED, NOT_CONFIGURED], ids=["from .env", "typed"])
def test_the_next_job_has_the_new_token(begin, config):
    """For this session the new token takes the place of the one that was refused."""
    run = Uploading(asks=1)
    driver = begin(run, config=config)
    driver.window.token_panel.entry.insert(0, NEW_TOKEN)
    driver.press(driver.window.token_panel.go_on)
    run.held.wait_until_reached()
    run.held.release()
    driver.until_stage(READY)
    driver.until(lambda: not driver.window.controller.busy)
    run.asks = 0
    driver.press(driver.window.actions.start)
    driver.until_stage(READY)
    assert NEW_TOKEN == driver.services.configs[-1].backend.token


def test_who_knows_the_address_is_said_only_where_it_is_needed(open_driver):
    """While the upload is off there is nothing to ask for; while it is on the administrator is named."""
    driver = open_driver(config=NOT_CONFIGURED)
    hint = driver.window.upload_panel.login.not_configured
    driver.until(lambda: not hint.winfo_manager())
    driver.fill(upload=True)
    driver.until(lambda: hint.winfo_manager())
    assert "administrator" in str(hint.cget("text"))
    window, place = driver.window, driver.window.upload_panel.login.notes[Setting.BACKEND_URL].label.winfo_y
    before = place()
    window.variables.backend_url.set("https://backend.example.com")
    assert "administrator" in str(hint.cget("text"))
    window.variables.token.set(NEW_TOKEN)
    driver.settle()
    assert ("", before) == (str(hint.cget("text")), place())


def test_no_administrator_is_named_where_the_address_is_set(open_driver):
    """The address comes from the settings, so nobody has to be asked for it."""
    driver = open_driver(config=CONFIGURED)
    driver.fill(upload=True)
    driver.unfold()
    assert not driver.window.upload_panel.login.not_configured.winfo_ismapped()


def tick(driver) -> None:
    """Press the box of the keychain, and wait until what it asks for is done."""
    driver.window.upload_panel.login.remember.invoke()
    driver.until(lambda: not driver.window.controller.busy)
    driver.settle()


def typed(open_driver, **options):
    """Return a window in which an address and a token were typed."""
    driver = open_driver(config=NOT_CONFIGURED, **options)
    driver.fill(upload=True)
    driver.window.variables.backend_url.set("https://typed.example.com")
    driver.window.variables.token.set(OLD_TOKEN)
    driver.settle()
    return driver


def test_a_login_is_remembered_only_when_ticked(open_driver, memory_keychain):
    """The keychain has it while the box is ticked, the next window too, and the preferences the address alone."""
    driver = typed(open_driver)
    driver.press(driver.window.actions.start)
    driver.until_stage(READY)
    assert {} == memory_keychain.entries
    tick(driver)
    (kept,) = memory_keychain.entries.values()
    assert {"url": "https://typed.example.com", "token": OLD_TOKEN} == json.loads(kept)
    driver.window.close()
    assert ("typed.example" in (told := driver.preferences_path.read_text(encoding="utf-8")), OLD_TOKEN in told) == (
        True,
        False,
    )
    again = open_driver(config=NOT_CONFIGURED)
    again.until(lambda: again.window.variables.token.get())
    assert ("https://typed.example.com", OLD_TOKEN) == (
        again.window.variables.backend_url.get(),
        again.window.variables.token.get(),
    )
    again.fill(upload=True)
    tick(again)
    assert {} == memory_keychain.entries
    again.window.close()
    third = open_driver(config=NOT_CONFIGURED)
    variables = third.window.variables
    assert ("", "", False) == (variables.backend_url.get(), variables.token.get(), variables.remember_login.get())


def test_without_a_keychain_the_address_is_remembered(open_driver):
    """Only the token has to be typed again."""
    keyring.set_keyring(fail.Keyring())
    driver = typed(open_driver)
    tick(driver)
    driver.until(lambda: driver.window.controller.state.keychain == NO_KEYCHAIN)
    driver.window.close()
    again = open_driver(config=NOT_CONFIGURED)
    assert ("https://typed.example.com", "") == (
        again.window.variables.backend_url.get(),
        again.window.variables.token.get(),
    )
    assert OLD_TOKEN not in driver.preferences_path.read_text(encoding="utf-8")


def test_a_new_token_is_remembered_in_place_of_the_old(begin, memory_keychain):
    """What replaced the token in the middle of an upload is what the next start finds."""
    run = Uploading(asks=1)
    driver = begin(run, config=NOT_CONFIGURED)
    driver.window.variables.remember_login.set(True)
    driver.window.token_panel.entry.insert(0, NEW_TOKEN)
    driver.press(driver.window.token_panel.go_on)
    driver.until(lambda: memory_keychain.entries)
    assert [NEW_TOKEN] == [json.loads(kept)["token"] for kept in memory_keychain.entries.values()]


@pytest.mark.parametrize(
    ("url", "token", "expected"),
    [
        ("https://other.example.com", "", ("https://other.example.com", "")),
        ("", "typed-meanwhile-typed", ("", "typed-meanwhile-typed")),
        ("https://typed.example.com", "", ("https://typed.example.com", OLD_TOKEN)),
    ],
    ids=["another address", "a token", "the same address"],
)
def test_a_remembered_login_does_not_overwrite_what_is_there(open_driver, memory_keychain, url, token, expected):
    """The keychain may take its time and does not hold up the window; a token goes to its own address only."""
    driver = typed(open_driver)
    tick(driver)
    driver.window.close()
    memory_keychain.gate = threading.Event()
    again = open_driver(config=NOT_CONFIGURED)
    variables = again.window.variables
    assert "" == variables.token.get()
    variables.backend_url.set(url)
    variables.token.set(token)
    found = []
    receive = again.window.controller.receive
    again.window.controller.receive = lambda message: (found.append(type(message).__name__), receive(message))
    memory_keychain.gate.set()
    again.until(lambda: "LoginFound" in found)
    again.settle()
    assert expected == (variables.backend_url.get(), variables.token.get())


def test_without_a_keychain_the_token_is_kept_for_this_session(open_driver, memory_keychain):
    """The panel says so in a sentence, the job has the token all the same, and unticking takes the sentence away."""
    keyring.set_keyring(fail.Keyring())
    driver = typed(open_driver)
    tick(driver)
    driver.until(lambda: str(driver.window.upload_panel.login.keychain.cget("text")) == NO_KEYCHAIN)
    driver.press(driver.window.actions.start)
    driver.until_stage(READY)
    assert OLD_TOKEN == driver.services.configs[-1].backend.token
    tick(driver)
    driver.until(lambda: str(driver.window.upload_panel.login.keychain.cget("text")) == REMEMBERED)


def test_a_token_from_env_needs_no_keychain(open_driver):
    """Where .env has it there is nothing to remember."""
    driver = open_driver(config=CONFIGURED)
    driver.unfold()
    assert not driver.window.upload_panel.login.remember.winfo_ismapped()


def test_no_token_is_ever_shown(begin, memory_keychain, caplog):
    """Neither a label nor the log view nor the program's log has one, whatever became of it; fields show dots."""
    run = Uploading(asks=2)
    driver = begin(run, config=NOT_CONFIGURED)
    driver.window.variables.remember_login.set(True)
    memory_keychain.error = ZeroDivisionError(NEW_TOKEN)
    panel = driver.window.token_panel
    panel.entry.insert(0, NEW_TOKEN)
    driver.press(panel.go_on)
    driver.until(lambda: run.tokens == [NEW_TOKEN] and driver.window.controller.state.keychain)
    driver.until(lambda: driver.window.controller.state.token is not None)
    driver.settle()
    panel.entry.insert(0, f"{NEW_TOKEN} with a space")
    driver.press(panel.go_on)
    driver.press(driver.window.actions.cancel)
    driver.until_stage(READY)
    shown = [str(w.cget("text")) for w in driver.tree(driver.window) if w.winfo_class() in LABELLED]
    dots = [
        str(w.cget("show"))
        for w in driver.tree(driver.window)
        if w.winfo_class() == "TEntry" and "new-token" in w.get()
    ]
    assert ["●"] == dots
    assert [] == [
        text for text in (*shown, *driver.log, caplog.text, repr(driver.window.controller.state)) if "-token-" in text
    ]
