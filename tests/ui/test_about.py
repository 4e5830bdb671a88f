"""Which program this is: the window that Help > About opens."""

from __future__ import annotations

from config import VERSION


def test_about_names_the_version(open_driver):
    """The window names program and version, is there once, and Escape takes it away."""
    driver = open_driver()
    help_menu = driver.window.menu_bar.menus["Help"]
    for _ in range(2):
        help_menu.invoke(help_menu.index("About HLS Converter"))
        driver.settle()
    window = driver.window.about.window
    toplevels = [one for one in driver.window.winfo_children() if one.winfo_class() == "Toplevel"]
    texts = [str(one.cget("text")) for one in driver.tree(window) if one.winfo_class() == "TLabel"]
    assert ([window], True) == (toplevels, f"HLS Converter {VERSION}" in texts)
    driver.window.about.button.focus_force()
    driver.settle()
    driver.window.about.button.event_generate("<Escape>")
    driver.until(lambda: driver.window.about.window is None)
