"""The transcript editor without a mouse."""

from __future__ import annotations

from tab_order import controls, missed, told

from ui.screen_reader import name_of


def test_tab_comes_to_everything_in_the_editor(open_editor, path):
    """Each control, with the panel that finds and replaces; and each has a name that can be said."""
    driver = open_editor(path).ready()
    driver.view.tools.find.invoke()
    driver.settled()
    assert ([], []) == (
        missed(driver.app, driver.settled),
        [told(one) for one in controls(driver.app) if not name_of(one).strip()],
    )


def test_the_table_leads_to_the_field(open_editor, path):
    """Arrows on the table of segments choose one, which can be typed into at once."""
    driver = open_editor(path).ready()
    table = driver.view.segments.table
    before = table.selected
    table.canvas.focus_force()
    driver.settled()
    table.canvas.event_generate("<Down>")
    driver.settled()
    assert (before + 1, driver.field) == (table.selected, driver.app.focus_get())
