"""Where the panels of the real window are placed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ui_fakes import CONFIGURED, NOT_CONFIGURED, FakeServices, Upload, media_info

from pipeline.errors import Problem, Setting, SourceError
from pipeline.media.source.damage import Damage, Hole, Medium
from pipeline.preflight_answers import Refused
from pipeline.transfer.upload.earlier_upload import PreviousUpload
from ui.messages import Checking
from ui.panels.queue import ROWS
from ui.preferences import Preferences, WindowPreferences
from ui.view_state import WindowStage


def shown(widget):
    """Return a widget and all that is shown in it."""
    found = [widget]
    for child in widget.winfo_children():
        if child.winfo_manager():
            found += shown(child)
    return found


@pytest.mark.parametrize("config", [CONFIGURED, NOT_CONFIGURED], ids=["configured", "not configured"])
@pytest.mark.parametrize("size", ["1100x780", "900x640"])
def test_nothing_is_cut_off(open_driver, size, config):
    """At both sizes every label, button and box has the room it asks for, inside what holds it."""
    driver = open_driver(config=config)
    driver.fill(upload=True)
    window = driver.window
    driver.unfold()
    window.variables.advanced.encrypt.set(True)
    window.geometry(size)
    width, height = (int(part) for part in size.split("x"))
    driver.until(lambda: (window.winfo_width(), window.winfo_height()) == (width, height))
    driver.settle()
    for widget in shown(window):
        if widget.winfo_class() in ("TLabel", "TButton", "TCheckbutton", "TCombobox"):
            described = f"{widget} {widget.cget('text') if widget.winfo_class() != 'TCombobox' else ''}"
            assert widget.winfo_height() >= widget.winfo_reqheight(), described
            if widget.winfo_class() != "TCombobox":
                assert widget.winfo_width() >= widget.winfo_reqwidth(), described
            holder = widget.nametowidget(widget.winfo_parent())
            assert widget.winfo_x() + widget.winfo_width() <= holder.winfo_width(), described
    for button in (window.actions.start, window.actions.cancel, window.actions.open_folder):
        assert button.winfo_viewable()
        assert button.winfo_rooty() - window.winfo_rooty() + button.winfo_height() <= height


def test_nothing_moves_while_a_job_runs(open_driver):
    """Panels, rows and buttons stay where they are from the first look to the end of a job."""
    run = Upload()
    driver = open_driver(FakeServices(run=run))
    driver.fill(upload=True)
    window = driver.window

    def places():
        widgets = [row.progress for row in window.progress_panel.rows]
        widgets += [window.actions.start, window.log_panel.view, window.banner_panel.frame]
        test, column = window.upload_panel.test, window.settings  # the column scrolls; what is in it must not move
        inside = (
            test.winfo_rootx() - column.winfo_rootx(),
            test.winfo_rooty() - column.winfo_rooty(),
            column.winfo_height(),
        )
        return [(w.winfo_rootx(), w.winfo_rooty(), w.winfo_width(), w.winfo_height()) for w in widgets] + [inside]

    before = places()
    driver.press(window.actions.start)
    driver.until(lambda: driver.rows["720p"] == ("40%", ""))
    driver.settle()
    assert before == places()
    run.encoding.release()
    driver.until(lambda: driver.rows["Upload"][0] == "35%")
    driver.settle()
    assert before == places()
    run.uploading.release()
    driver.until_stage(WindowStage.READY)
    assert before == places()


def places_of_controls(window):
    """Return where everything is that an editor looks at or presses."""
    panels = (window.source_panel, window.output_panel, window.transcription_panel, window.upload_panel)
    widgets = [panel.card for panel in panels] + [row.progress for row in window.progress_panel.rows]
    widgets += [window.source_panel.part_from, window.output_panel.entry, *window.output_panel.qualities.values()]
    widgets += [window.output_panel.presets.list, window.settings.container, window.log_panel.view]
    widgets += [window.actions.start, window.actions.reset]
    return [
        (w.winfo_rootx(), w.winfo_rooty(), w.winfo_width(), w.winfo_height()) for w in widgets if w.winfo_ismapped()
    ]


def test_nothing_moves_when_start_is_refused(open_driver):
    """Sentences beneath fields and in the banner stand where a place is kept for them."""
    driver = open_driver()
    window = driver.window
    for ticked in window.variables.qualities.values():
        ticked.set(False)
    driver.settle()
    before = places_of_controls(window)
    driver.press(window.actions.start)
    driver.until(lambda: driver.banner == "Not started: 3 things must be put right first.")
    driver.settle()
    assert before == places_of_controls(window)


@pytest.mark.parametrize(
    "services",
    [
        pytest.param(
            FakeServices(previous=PreviousUpload(files_done=12, files_total=45), media=media_info()), id="resume"
        ),
        pytest.param(FakeServices(conflict="/videos/out/lesson01 already holds something else."), id="replace"),
    ],
)
def test_nothing_moves_when_something_is_asked(open_driver, services):
    """The question and its buttons stand where the banner was."""
    driver = open_driver(services)
    driver.fill(upload=True)
    before = places_of_controls(driver.window)
    driver.press(driver.window.actions.start)
    driver.until_stage(WindowStage.ASKING)
    driver.settle()
    assert before == places_of_controls(driver.window)


def test_nothing_moves_when_damage_is_found(open_driver):
    """What can't be read, and the button that accepts it, stand where a place is kept for them."""
    holes = tuple(
        Hole(medium=medium, begin_s=begin_s, end_s=begin_s + 3.2) for begin_s in (6.0, 80.0) for medium in Medium
    )
    driver = open_driver(FakeServices(damage=Damage(holes=holes, errors=40)))
    window = driver.window
    driver.settle()
    window.variables.output_dir.set("/videos/out")
    before = places_of_controls(window)
    driver.fill()
    driver.until(window.source_panel.accept.winfo_viewable)
    driver.settle()
    assert before == places_of_controls(window)


def test_nothing_moves_when_closing_asks(open_driver):
    """What is to become of the running job is asked where the banner was."""
    run = Upload()
    driver = open_driver(FakeServices(run=run))
    driver.fill(upload=True)
    driver.press(driver.window.actions.start)
    driver.until(lambda: driver.rows["720p"][0] == "40%")
    driver.settle()
    before = places_of_controls(driver.window)
    driver.window.close()
    driver.settle()
    assert 4 == len(driver.choices)
    assert before == places_of_controls(driver.window)


def test_nothing_moves_while_damage_is_looked_for(open_driver):
    """The sentence stands where a place is kept for it, and so does what is found."""
    driver = open_driver(FakeServices(searches_on=True))
    window = driver.window
    window.variables.output_dir.set("/videos/out")
    driver.settle()
    places = [places_of_controls(window)]
    driver.fill()
    driver.until(window.source_panel.searching.winfo_viewable)
    driver.settle()
    places.append(places_of_controls(window))
    driver.until(lambda: driver.services.searches)
    driver.services.searches[0][1].cancel()
    driver.until(lambda: not window.controller.state.source.searching)
    driver.settle()
    assert [places[0]] * 2 == [places[1], places_of_controls(window)]


@pytest.mark.parametrize(
    "media",
    [
        pytest.param(replace(media_info(), readable_s=11.0), id="short"),
        pytest.param(
            replace(media_info(), video=replace(media_info().video, colour_transfer="arib-std-b67", bit_depth=10)),
            id="treatment",
        ),
        pytest.param(SourceError("lesson01.mp4 is empty: choose a video file."), id="refusal"),
    ],
)
def test_nothing_moves_when_a_source_is_known(open_driver, media):
    """What is said about it has a place of its own."""
    driver = open_driver(FakeServices(media=media))
    window = driver.window
    window.variables.output_dir.set("/videos/out")
    driver.settle()
    before = places_of_controls(window)
    window.variables.source.set("/videos/lesson01.mp4")
    window.controller.look_at_source("/videos/lesson01.mp4", window.variables.read())
    driver.until(lambda: driver.window.controller.state.source.media or driver.window.controller.state.source.problem)
    driver.settle()
    assert before == places_of_controls(window)


def test_three_videos_of_the_list_are_in_view_in_the_smallest_window(open_driver):
    """However many qualities have bars above it."""
    driver = open_driver(FakeServices(media=media_info(width=3840, height=2160)))
    driver.fill()
    for ticked in driver.window.variables.qualities.values():
        ticked.set(True)
    driver.list_videos(24)
    driver.window.geometry("900x640")
    driver.until(lambda: driver.window.winfo_height() == 640)
    driver.settle()
    tree = driver.window.queue_panel.tree
    assert [True] * 6 == [row.bar.made for row in driver.window.progress_panel.rows[1:7]]
    boxes = [tuple(map(int, tree.bbox(id_))) for id_ in tree.get_children()[:ROWS] if tree.bbox(id_)]
    assert ROWS == sum(y + height <= tree.winfo_height() for _, y, _, height in boxes)


def test_tab_goes_through_the_form_in_reading_order(open_driver):
    """From the source on, Tab leads down the form and then to Start."""
    driver = open_driver()
    driver.fill(upload=True)
    driver.unfold()
    window = driver.window
    stops, widget = [], window.source_panel.entry
    for _ in range(60):
        stops.append(widget)
        widget = widget.tk_focusNext()
    controls = {"TEntry", "TButton", "TCheckbutton", "TCombobox", "TMenubutton", "Text"}
    assert set() == {w.winfo_class() for w in stops} - controls
    landmarks = [
        window.source_panel.entry,
        window.output_panel.presets.list,
        window.output_panel.entry,
        window.transcription_panel.model,
        window.upload_panel.enable,
        window.upload_panel.test,
        window.actions.start,
    ]
    assert landmarks == [w for w in stops if w in landmarks][: len(landmarks)]


def test_a_control_that_gets_the_keyboard_comes_into_view(open_driver):
    """Whoever goes through the form with Tab sees where they are, in a small window too."""
    driver = open_driver()
    driver.fill(upload=True)
    driver.unfold()
    window = driver.window
    window.geometry("900x640")
    driver.until(lambda: window.winfo_height() == 640)
    driver.settle()
    panel = window.upload_panel
    window.settings.yview_moveto(0.0)
    driver.settle()
    assert not driver.in_view(panel.delete_local)
    panel.delete_local.focus_force()
    driver.until(lambda: driver.in_view(panel.delete_local))
    window.source_panel.entry.focus_force()
    driver.until(lambda: driver.in_view(window.source_panel.entry))


def test_a_maximised_window_keeps_the_size_from_before(open_driver, tmp_path, monkeypatch):
    """Opened maximised and closed so, it has that size when it is made smaller another day."""
    path = tmp_path / "s3_config.json"
    kept = WindowPreferences(width=1000, height=700, x=20, y=30, maximised=True)
    Preferences(window=kept).save(path)
    monkeypatch.setattr("ui.window_size.is_maximised", lambda window: True)  # as a window manager says
    driver = open_driver(preferences_path=path)
    driver.window.geometry("1100x760")
    driver.until(lambda: driver.window.winfo_width() == 1100)
    driver.window.close()
    assert kept == Preferences.load(path).window


def test_nothing_is_told_of_a_theme_after_the_window(open_driver, capfd):
    """Tk does so when it is idle, and complains on standard error where there is no window any more."""
    driver = open_driver()
    driver.window.style.configure("TLabel", padding=3)
    driver.window.destroy()
    open_driver().settle()
    assert "" == capfd.readouterr().err


def test_a_high_window_shows_list_and_log(open_driver):
    """In a low one a button switches between them."""
    driver = open_driver()
    window = driver.window
    cards = (window.queue_panel.card, window.log_panel.card)
    for height, both in ((800, False), (1200, True), (800, False)):
        window.geometry(f"1100x{height}")
        driver.until(lambda both=both: all(card.winfo_viewable() for card in cards) is both)
        driver.until(lambda both=both: bool(window.list_or_log.buttons["Videos"].winfo_viewable()) is not both)


def test_a_field_shows_the_end_of_a_path(open_driver):
    """The end tells one from another; what is typed is followed by the field itself."""
    driver = open_driver()
    entry = driver.window.source_panel.entry
    driver.window.variables.source.set(f"/videos/{'a long folder/' * 20}lesson01.mp4")
    driver.until(lambda: entry.xview()[1] == 1.0)
    entry.focus_force()
    entry.icursor(3)
    entry.xview_moveto(0.0)
    driver.settle()
    entry.insert("insert", "x")
    driver.settle()
    assert 0.0 == entry.xview()[0]


def test_the_reason_of_a_folded_field_follows_it_without_a_gap(open_driver):
    """It is written while nobody sees the field, and shows it then."""
    driver = open_driver()
    driver.fill()
    panel = driver.window.transcription_panel
    path = "/models/whisper"
    driver.window.variables.model.set(path)
    text = f"{path} holds no model: choose tiny, base or small, or the folder of a model that was downloaded elsewhere."
    for message in (Checking(), Refused(problems=(Problem(setting=Setting.MODEL, text=text),))):
        driver.window.pump.put(message)
    driver.until(panel.model.winfo_viewable)
    driver.settle()
    label = panel.notes[Setting.MODEL].label
    below = label.winfo_rooty() - panel.model.winfo_rooty() - panel.model.winfo_height()
    row = driver.tree(panel.card.body)[0].grid_bbox(1, label.grid_info()["row"])
    assert (True, True) == (below < 10, row[3] - label.winfo_height() < 10)
    assert str(label.cget("text")).startswith("whisper holds no model")
