"""The notice of newer versions in a real window, with a real server that counts."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from cut_off import faults
from source_server import Video, running_source_server
from ui_fakes import CONFIGURED, FakeServices, HaltedStep

from ui import updates
from ui.preferences import Preferences, ProgramSettings
from ui.view_state import WindowStage

LINE = "Version 99.1 of HLS Converter is available; this is 0.1.0."


@pytest.fixture
def server():
    """A server that tells of a newer version."""
    with running_source_server() as running:
        running.videos["/n.json"] = Video(content=b'{"version": "99.1", "notes": "https://example.com/notes"}')
        yield running


@pytest.fixture
def open_with(open_driver, tmp_path):
    """Return a function that opens a window whose settings name an address."""

    def build(address, services=None, **env):
        path = tmp_path / "s3_config.json"
        Preferences(program=ProgramSettings(update_address=address)).save(path)
        config = replace(CONFIGURED, data_dir=tmp_path / "data", **env)
        return open_driver(services or FakeServices(), config=config, preferences_path=path)

    return build


def test_a_newer_version_is_told_where_nothing_else_is(open_with, server, monkeypatch):
    """The button shows what is new in the browser; after that, and while a job runs, nothing stands in the way."""
    opened = []
    monkeypatch.setattr(updates, "open_in_browser", opened.append)
    running = HaltedStep()
    services = FakeServices(run=lambda plan, sink, cancel: running.hold(cancel))
    driver = open_with(f"{server.url}/n.json", services)
    driver.until(lambda: driver.sentences == LINE)
    assert ("Choose a video and press Start.", ["What is new", "Not now"]) == (driver.banner, driver.choices)
    driver.settle()
    assert [] == faults(driver.window)
    driver.fill()
    driver.press(driver.window.actions.start)
    driver.until_stage(WindowStage.RUNNING)
    assert [] == driver.choices
    driver.press(driver.window.actions.cancel)
    driver.until_stage(WindowStage.READY)
    driver.window.destroy()
    second = open_with(f"{server.url}/n.json")
    second.until(lambda: second.choices)
    second.press(second.window.banner_panel.buttons[0])
    second.until(lambda: not second.choices)
    assert (["https://example.com/notes"], 1) == (opened, len(server.asked))


def test_without_an_address_nobody_is_asked(open_with, server, monkeypatch):
    """There is no thread and no request."""
    asked = []
    monkeypatch.setattr(updates, "ask", lambda *arguments: asked.append(arguments))
    driver = open_with("")
    driver.settle()
    assert ([], []) == (asked, server.asked)


def test_env_goes_before_the_settings(open_with, server):
    """It alone is asked, and the field shows it as such."""
    driver = open_with("https://127.0.0.1:1/", update_url=f"{server.url}/n.json")
    driver.until(lambda: driver.choices)
    driver.window.settings_window.open()
    system = driver.window.settings_window.opened.system
    assert (f"{server.url}/n.json", True) == (system.updates.get(), system.updates.instate(["disabled"]))
    assert "Set in .env." == system.updates_note.label.cget("text")


def test_a_broken_answer_is_a_line_in_the_log(open_with, server):
    """The window is as ever."""
    server.videos["/n.json"] = Video(content=b"<html>")
    driver = open_with(f"{server.url}/n.json")
    driver.until(lambda: any("its answer is no notice" in line for line in driver.log))
    assert ("Choose a video and press Start.", []) == (driver.banner, driver.choices)


def test_the_address_is_remembered_when_it_can_be_one(open_with):
    """What can't is told beneath the field."""
    driver = open_with("")
    driver.window.settings_window.open()
    settings = driver.window.settings_window.opened
    settings.system.updates.insert(0, "https://example.com/n.json")
    settings.system.updates.insert("end", "\u00e4")
    assert "Type an address that begins with https://" in settings.system.updates_note.text
    settings.close()
    kept = json.loads(driver.preferences_path.read_text(encoding="utf-8"))["program"]
    assert "https://example.com/n.json" == kept["update_address"]
