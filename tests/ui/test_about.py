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


def test_a_window_opens_over_the_one_that_it_belongs_to(open_driver):
    """In its middle, wherever that stands, and whole on the screen."""
    driver = open_driver()
    main = driver.window
    for place in ("900x640+150+60", "900x640+100000+100000"):
        main.geometry(place)
        driver.settle()
        main.about.open()
        driver.settle()
        window = main.about.window
        middles = [
            [one.winfo_rootx() + one.winfo_width() // 2, one.winfo_rooty() + one.winfo_height() // 2]
            for one in (main, window)
        ]
        right, below = (
            window.winfo_rootx() + window.winfo_width() <= window.winfo_screenwidth(),
            window.winfo_rooty() + window.winfo_height() <= window.winfo_screenheight(),
        )
        main.about.close()
        assert (True, True) == (right, below)
        if "+150" in place:
            assert all(abs(a - b) <= 2 for a, b in zip(*middles, strict=True)), middles
