"""The page on accessibility says what the window has."""

from __future__ import annotations

import re

from program import ROOT

PAGE = (ROOT / "docs" / "accessibility.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| ((?:Ctrl|Alt|Shift|F\d+)\S*) \| (.+) \|$", re.MULTILINE)


def test_the_page_has_every_key_of_the_menus(open_driver):
    """With the words that the menus have, and no key that is not there."""
    menus = open_driver().window.menu_bar.menus.values()
    entries = {
        (str(menu.entrycget(place, "accelerator")), str(menu.entrycget(place, "label")))
        for menu in menus
        for place in range(int(menu.index("end")) + 1)
        if menu.type(place) == "command"
    }
    assert {entry for entry in entries if entry[0]} == set(ROW.findall(PAGE))
