"""The results of a job: what is told of them, and the window with its buttons."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from cut_off import faults
from ui_fakes import FakeServices

from pipeline.errors import ToolError
from pipeline.folder_results import FolderCaptions, FolderLoudness, FolderResults, MadeQuality
from ui.messages import FolderKnown
from ui.results.embed import embed_code
from ui.results.panel import COPIED_ADDRESS, COPIED_CODE
from ui.results.text import ResultLine, result_lines
from ui.tones import Tone

KEPT = Path(__file__).resolve().parents[1] / "kept"
QUALITY = MadeQuality(
    name="1080p",
    width=1920,
    height=1080,
    codec="H.264",
    average_bit_rate=1_189_000,
    peak_bit_rate=2_400_000,
    size_bytes=3 << 20,
)
CAPTIONS = FolderCaptions(language="en", cues=4, fastest_cps=17.4, rules="Netflix", outside="")
RESULTS = FolderResults(
    folder=Path("/out/lesson"),
    title="Lesson 1",
    source="/videos/lesson.mp4",
    duration_s=61.0,
    qualities=(QUALITY,),
    mp4_bytes=1 << 20,
    total_bytes=5 << 20,
    loudness=FolderLoudness(measured_lufs=-21.04, target_lufs=-16.0),
    checked=True,
    not_ideal=(),
    captions=CAPTIONS,
    addresses={"master.m3u8": "https://cdn.example.com/a/master.m3u8"},
)
NONE_YET = "Not uploaded: it has no address yet."


def line(label: str, results: FolderResults = RESULTS) -> ResultLine:
    """Return the line with a label."""
    return next(one for one in result_lines(results) if one.label == label)


@pytest.mark.parametrize(
    ("label", "text"),
    [
        ("Video", "Lesson 1 · 1:01 · 5.0 MB in all"),
        ("1080p", "1920×1080 · H.264 · 1.2 Mb/s on average · at most 2.4 Mb/s · 3.0 MB"),
        ("MP4", "1.0 MB"),
        ("Loudness", "-16 LUFS, before -21.0 LUFS"),
        ("Check", "Passed: it plays as players expect."),
        (
            "Captions",
            "4 captions in English · the fastest has 17 characters a second · all within the limits of Netflix",
        ),
        ("Address", "https://cdn.example.com/a/master.m3u8"),
    ],
)
def test_lines(label, text):
    """Each figure is a line."""
    assert text == line(label).text


@pytest.mark.parametrize(
    ("changes", "label", "told"),
    [
        ({"checked": False}, "Check", ("Not checked: it was made elsewhere, or not to its end.", Tone.WARNING)),
        ({"not_ideal": ("a: b",)}, "Check", ("Passed. One thing is not ideal:\na: b", Tone.WARNING)),
        (
            {"not_ideal": tuple("abcde")},
            "Check",
            ("Passed. 5 things are not ideal:\na\nb\nc\nand 2 more", Tone.WARNING),
        ),
        ({"captions": None}, "Captions", ("None", Tone.PLAIN)),
        ({"addresses": {}}, "Address", (NONE_YET, Tone.PLAIN)),
        ({"loudness": FolderLoudness(measured_lufs=-23.0, target_lufs=None)}, "Loudness", ("-23.0 LUFS", Tone.PLAIN)),
    ],
)
def test_what_is_otherwise(changes, label, told):
    """What is missing or not ideal is said in plain words."""
    found = line(label, replace(RESULTS, **changes))
    assert told == (found.text, found.tone)


def test_captions_outside_of_the_limits_are_a_warning():
    """With what a person and the list of names have changed."""
    captions = replace(CAPTIONS, cues=1, corrected=2, edited=1, outside="1 of 1 captions is outside.")
    found = line("Captions", replace(RESULTS, captions=captions))
    assert Tone.WARNING is found.tone
    assert "1 caption in English · the fastest has 17 characters a second · 2 names corrected by the list" in found.text
    assert found.text.endswith("1 passage edited\n1 of 1 captions is outside.")


def test_embed_code():
    """Nothing of a title or an address gets into the page's markup; without an address there is no code."""
    code = embed_code({"master.m3u8": 'https://a/"x/master.m3u8', "poster.jpg": "https://a/p.jpg"}, "A <b>")
    assert 'title="A &lt;b&gt;" src="https://a/&quot;x/master.m3u8" poster="https://a/p.jpg"' in code
    assert "" == embed_code({}, "A")


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


def test_the_window_shows_what_a_job_has_made(open_driver, folder):
    """Results opens a window of its own; its buttons watch, open and copy, and say so; nothing in it is cut off."""
    driver = open_driver()
    window = driver.window
    window.controller.receive(FolderKnown(folder=folder, has_stream=True))
    driver.settle()
    driver.press(window.actions.watch)
    driver.press(window.actions.results)
    panel = window.results.panel
    driver.until(lambda: "720p" in panel.texts)
    driver.settle()
    assert [] == faults(window.results.window)
    driver.press(panel.copy_address)
    assert ("http://127.0.0.1:46005/objects/demo/welcome/master.m3u8", COPIED_ADDRESS) == (
        window.clipboard_get(),
        panel.told.full_text,
    )
    driver.press(panel.copy_code)
    assert ("<video", COPIED_CODE) == (window.clipboard_get()[:6], panel.told.full_text)
    driver.press(panel.watch)
    driver.press(panel.open_folder)
    driver.until(lambda: len(driver.services.opened) == 3)
    assert [folder] * 3 == driver.services.opened
    window.results.window.event_generate("<Escape>")
    driver.settle()
    assert None is window.results.window


def test_what_can_not_be_read_or_watched_is_said(open_driver, folder):
    """A folder that went away since, and a browser that is not there."""
    driver = open_driver(FakeServices(folder_error=ToolError("No browser was found: open it yourself.")))
    window = driver.window
    window.controller.receive(FolderKnown(folder=folder, has_stream=True))
    driver.settle()
    driver.press(window.actions.watch)
    driver.until(lambda: "No browser was found: open it yourself." in driver.log)
    shutil.rmtree(folder)
    driver.press(window.actions.results)
    panel = window.results.panel
    driver.until(lambda: any("its drive is away" in text for text in panel.texts))
    assert all(button.instate(["disabled"]) for button in (panel.watch, panel.open_folder, panel.copy_address))
