"""The real window on screens of every density and size."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace

import pytest
from cut_off import faults
from displays import needs_xvfb
from ui_fakes import CONFIGURED, NOT_CONFIGURED, FakeServices, Upload

from pipeline.events import PhaseStarted
from pipeline.media.source.damage import Damage, Hole, Medium
from pipeline.model import PhaseName
from pipeline.transfer.upload.earlier_upload import PreviousUpload
from ui.preferences import Preferences, WindowPreferences
from ui.view_state import WindowStage

ASKING = PreviousUpload(files_done=12, files_total=45)


@needs_xvfb
@pytest.mark.parametrize("dense_screen", [(192, "2560x1600")], ids=["scale-2"], indirect=True)
def test_distances_grow_with_the_density(dense_screen, open_driver):
    """What lies between panels, and the room of a field's label, is twice as many pixels at twice the density."""
    window = open_driver().window
    source, output = window.source_panel.card, window.output_panel.card
    below = output.winfo_rooty() - source.winfo_rooty() - source.winfo_height()
    entry = window.source_panel.entry
    assert (2 * 10, 2 * (14 + 104)) <= (below, entry.winfo_rootx() - source.winfo_rootx())


@needs_xvfb
@pytest.mark.parametrize("dense_screen", [(96, "3840x2160")], ids=["large"], indirect=True)
def test_a_wide_window_gives_both_sides_more_room(dense_screen, open_driver):
    """The settings grow with the window, and so does the rest."""
    driver = open_driver()
    window = driver.window
    before = window.settings.container.winfo_width(), window.log_panel.card.winfo_width()
    window.geometry("3840x2160")
    driver.until(lambda: window.winfo_width() == 3840)
    driver.settle()
    after = window.settings.container.winfo_width(), window.log_panel.card.winfo_width()
    assert [3, 3] == [wide // small for wide, small in zip(after, before, strict=True)]


@needs_xvfb
@pytest.mark.parametrize("dense_screen", [(192, "2560x1600")], ids=["scale-2"], indirect=True)
def test_size_and_place_are_remembered(dense_screen, open_driver):
    """The window opens again as large as it was, where it was; what is kept does not depend on the screen's density."""
    driver = open_driver()
    driver.window.geometry("2000x1440+300+60")
    driver.until(lambda: driver.window.winfo_width() == 2000)
    driver.window.close()
    kept = json.loads(driver.preferences_path.read_text(encoding="utf-8"))["window"]
    assert {"width": 1000, "height": 720, "x": 150, "y": 30, "maximised": False} == kept
    assert "2000x1440+300+60" == open_driver().window.geometry()


@pytest.mark.parametrize(
    ("kept", "geometry"),
    [
        pytest.param(WindowPreferences(width=1000, height=700, x=5000, y=-200), "1000x700+280+0", id="beside"),
        pytest.param(WindowPreferences(width=5000, height=4000, x=40, y=40), "1280x828+0+40", id="too large"),
        pytest.param(WindowPreferences(width=10, height=10, x=40, y=40), "900x640+40+40", id="too small"),
        pytest.param(WindowPreferences(), "1100x828+0+0", id="never kept"),
    ],
)
def test_the_window_stays_on_the_screen(open_driver, tmp_path, kept, geometry):
    """A place on a screen that is gone gives way to one on the screen that there is, and so does a size."""
    path = tmp_path / "s3_config.json"
    Preferences(window=kept).save(path)
    window = open_driver(preferences_path=path).window
    window.update()
    assert geometry == window.geometry()


class Expired(FakeServices):
    """A run whose login has expired in the upload."""

    def __init__(self) -> None:
        super().__init__(run=self.upload)

    def upload(self, plan, sink, cancel) -> None:
        """Ask for a token."""
        sink(PhaseStarted(job="lesson01", phase=PhaseName.UPLOAD, overall=0.7))
        assert self.ask_token is not None
        self.ask_token()
        cancel.check()


def bring_to(driver, state: str) -> None:
    """Bring a new window to a state."""
    window = driver.window
    if state == "new":
        return
    if state == "refused":
        for ticked in window.variables.qualities.values():
            ticked.set(False)
        driver.press(window.actions.start)
        driver.until(lambda: driver.banner.startswith("Not started"))
        return
    if state == "list":
        fill_the_list(driver)
        return
    driver.fill("/videos/a folder of lectures/lesson01.mp4", upload=True)
    if state == "damaged":
        driver.until(window.source_panel.accept.winfo_viewable)
        return
    if state == "unfolded":
        driver.unfold()
        return
    driver.press(window.actions.start)
    if state == "question":
        driver.until_stage(WindowStage.ASKING)
    elif state == "token":
        driver.until(lambda: window.controller.state.token)
    else:
        driver.until(lambda: driver.rows["720p"][0] == "40%")
    if state == "closing":
        window.close()
    if state == "uploading":
        driver.services.run.encoding.release()
        driver.until(lambda: driver.rows["Upload"][0] == "35%")


def fill_the_list(driver) -> None:
    """Put five videos into the list, one of them with a long name, of which the first runs and another is selected."""
    folder = driver.preferences_path.parent
    lessons = [f"lesson0{number}.mp4" for number in range(2, 6)]
    names = ["An introduction to the biology of cells – lecture 1.mp4", *lessons]
    for name in names:
        (folder / name).write_bytes(b"x")
    window = driver.window
    window.videos.take(tuple(str(folder / name) for name in names))
    driver.until(lambda: len(window.controller.state.videos.rows) == len(names))
    driver.settle()
    driver.press(window.queue_panel.start_all)
    driver.until(lambda: "25%" in window.queue_panel.lines[0])
    window.queue_panel.tree.selection_set(list(window.controller.state.videos.rows)[1])
    driver.until(lambda: window.controller.state.videos.selected)


HOLES = tuple(Hole(medium=medium, begin_s=begin_s, end_s=begin_s + 3.2) for begin_s in (6.0, 80.0) for medium in Medium)
SERVICES = {
    "question": lambda: FakeServices(previous=ASKING),
    "token": Expired,
    "damaged": lambda: FakeServices(damage=Damage(holes=HOLES, errors=40)),
}


@needs_xvfb
@pytest.mark.parametrize(
    ("dense_screen", "size", "theme", "state"),
    [
        pytest.param((96, "1280x900"), "", "dark", "new", id="1-new"),
        pytest.param((96, "1280x900"), "900x640", "light", "refused", id="1-smallest-refused"),
        pytest.param((96, "1280x900"), "900x640", "dark", "token", id="1-smallest-token"),
        pytest.param((96, "1280x900"), "900x640", "dark", "closing", id="1-smallest-closing"),
        pytest.param((96, "1280x900"), "900x640", "light", "damaged", id="1-smallest-damaged"),
        pytest.param((96, "3840x2160"), "3840x2160", "dark", "running", id="1-largest-running"),
        pytest.param((96, "1280x900"), "900x640", "dark", "list", id="1-smallest-list"),
        pytest.param((144, "1920x1300"), "", "light", "question", id="1.5-question"),
        pytest.param((144, "1920x1300"), "1350x960", "dark", "uploading", id="1.5-smallest-uploading"),
        pytest.param((192, "3840x2160"), "", "dark", "uploading", id="2-uploading"),
        pytest.param((192, "3840x2160"), "", "light", "list", id="2-list"),
        pytest.param((192, "3840x2160"), "1800x1280", "light", "question", id="2-smallest-question"),
        pytest.param((192, "3840x2160"), "3840x2160", "light", "unfolded", id="2-largest-unfolded"),
        pytest.param((240, "3840x2160"), "", "dark", "refused", id="2.5-refused"),
        pytest.param((240, "3840x2160"), "2250x1600", "light", "unfolded", id="2.5-smallest-unfolded"),
        pytest.param((240, "3840x2160"), "3840x2160", "dark", "running", id="2.5-largest-running"),
    ],
    indirect=["dense_screen"],
)
def test_everything_is_whole(dense_screen, open_driver, tmp_path, request, size, theme, state):
    """At every scale, in both themes and in every state nothing is cut off, outside of what holds it, or overlapping.

    A picture of each case is left in the test's folder.
    """
    config = replace(NOT_CONFIGURED if state == "unfolded" else CONFIGURED, window_theme=theme)
    driver = open_driver(SERVICES.get(state, lambda: FakeServices(run=Upload()))(), config=config)
    window = driver.window
    if size:
        window.geometry(size)
        driver.until(lambda: f"{window.winfo_width()}x{window.winfo_height()}" == size)
    bring_to(driver, state)
    driver.settle()
    picture = tmp_path / f"{request.node.callspec.id}.png"
    subprocess.run(["import", "-window", str(window.winfo_id()), str(picture)], check=True, timeout=60)
    assert [] == faults(window)
