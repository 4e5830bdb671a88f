"""The button that offers the program under Open with."""

from __future__ import annotations

import pytest
from ui_fakes import HaltedStep

from pipeline.cancel import CancelToken
from pipeline.errors import OutputError
from ui.open_with.offered import SENTENCES, Offered
from ui.settings import system


class _Desktop:
    """A desktop that offers what it is told to, or fails."""

    def __init__(self, offered: Offered = Offered.NO) -> None:
        self.now = offered
        self.error: Exception | None = None
        self.step = HaltedStep()
        self.step.release()

    def offered(self) -> Offered:
        return self.now

    def offer(self) -> None:
        self.step.hold(CancelToken())
        if self.error is not None:
            raise self.error
        self.now = Offered.YES

    def withdraw(self) -> None:
        self.now = Offered.NO


@pytest.fixture
def shown(opened, monkeypatch):
    """Return a function that opens the settings beside a desktop, and returns what it shows of it."""

    def build(desktop):
        monkeypatch.setattr(system, "this_desktop", lambda: desktop)
        driver, settings = opened()
        settings.sections.select(settings.system.frame)
        driver.until(settings.system.offer.winfo_viewable)
        return driver, settings

    return build


def _state(section) -> tuple[str, bool, str]:
    label = str(section.offer_note.label.cget("text"))
    return str(section.offer.cget("text")), section.offer.instate(["!disabled"]), label


def test_it_is_offered_and_withdrawn(shown):
    """The button says what it does next, and is off while the desktop is told."""
    desktop = _Desktop()
    desktop.step = HaltedStep()
    driver, settings = shown(desktop)
    section = settings.system
    assert ("Offer for videos", True, SENTENCES[Offered.NO]) == _state(section)
    driver.press(section.offer)
    desktop.step.wait_until_reached()
    assert section.offer.instate(["disabled"])
    desktop.step.release()
    driver.until(lambda: _state(section) == ("Offer no more", True, SENTENCES[Offered.YES]))
    driver.press(section.offer)
    driver.until(lambda: _state(section) == ("Offer for videos", True, SENTENCES[Offered.NO]))


@pytest.mark.parametrize("offered", [Offered.BY_PACKAGE, Offered.IMPOSSIBLE], ids=["package", "impossible"])
def test_where_there_is_nothing_to_do(shown, offered):
    """The button is off, and the sentence says why."""
    _, settings = shown(_Desktop(offered))
    assert ("Offer for videos", False, SENTENCES[offered]) == _state(settings.system)


@pytest.mark.parametrize(
    ("error", "sentence"),
    [(OutputError("The disk is full."), "The disk is full."), (RuntimeError("x"), "Something unexpected went wrong")],
    ids=["expected", "unexpected"],
)
def test_a_failure_is_told_beneath_the_button(shown, error, sentence):
    """And it can be pressed again."""
    desktop = _Desktop()
    desktop.error = error
    driver, settings = shown(desktop)
    driver.press(settings.system.offer)
    driver.until(lambda: sentence in settings.system.offer_note.text)
    assert settings.system.offer.instate(["!disabled"])


def test_settings_that_are_closed_meanwhile(shown):
    """Nothing is shown any more, and nothing fails."""
    desktop = _Desktop()
    desktop.step = HaltedStep()
    driver, settings = shown(desktop)
    driver.press(settings.system.offer)
    desktop.step.wait_until_reached()
    settings.close()
    desktop.step.release()
    driver.until(lambda: desktop.now is Offered.YES)
    driver.settle()
