"""A mouse and a keyboard: events of the X server, as those of a person."""

from __future__ import annotations

import subprocess
import tkinter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from editor_window import EditorDriver

TYPING_MS = 15
"""Between two keys."""

CLICK_MS = 1
"""Between two clicks of a double click."""

LEFT, RIGHT, WHEEL_UP, WHEEL_DOWN = 1, 3, 4, 5
"""Buttons of a mouse, as the X server numbers them."""


@dataclass(frozen=True, kw_only=True)
class MouseAndKeyboard:
    """Those of a screen, or of the usual one where no environment names another."""

    environment: dict[str, str] | None = None

    def click(self, x: int, y: int, *, times: int = 1, button: int = LEFT) -> None:
        """Click on a point of the screen."""
        self._do("mousemove", x, y, "click", "--repeat", times, "--delay", CLICK_MS, button)

    def move(self, x: int, y: int) -> None:
        """Move the pointer to a point of the screen."""
        self._do("mousemove", x, y)

    def hold(self) -> None:
        """Press the left button, and hold it."""
        self._do("mousedown", LEFT)

    def let_go(self) -> None:
        """Let it go."""
        self._do("mouseup", LEFT)

    def press(self, *keys: str) -> None:
        """Press keys, such as `Return` or `ctrl+s`."""
        self._do("key", *keys)

    def type(self, text: str) -> None:
        """Type a text."""
        self._do("type", "--delay", TYPING_MS, text)

    def _do(self, *arguments: object) -> None:
        subprocess.run(["xdotool", *map(str, arguments)], env=self.environment, check=True, timeout=60)


@dataclass
class Hands:
    """What a person does with a window of the transcript editor."""

    driver: EditorDriver
    devices: MouseAndKeyboard = MouseAndKeyboard()

    def click(self, widget: tkinter.Misc, x: int | None = None, y: int | None = None, *, times: int = 1) -> None:
        """Click on a widget that is in view: on its middle, or a place of it."""
        self.driver.settled()
        assert widget.winfo_viewable()
        left = widget.winfo_rootx() + (widget.winfo_width() // 2 if x is None else x)
        top = widget.winfo_rooty() + (widget.winfo_height() // 2 if y is None else y)
        self.devices.click(left, top, times=times)
        self.driver.settled()

    def press(self, *keys: str) -> None:
        """Press keys, such as `Return` or `ctrl+s`."""
        self.devices.press(*keys)
        self.driver.settled()

    def type(self, text: str) -> None:
        """Type a text."""
        self.devices.type(text)
        self.driver.settled()

    def double_click_word(self, word: str) -> None:
        """Double-click on a word of the selected segment, which selects it."""
        field = self.driver.field
        place = field.search(word, "1.0")
        assert place
        box = field.bbox(f"{place}+1c")
        assert box is not None
        self.click(field, box[0] + box[2] // 2, box[1] + box[3] // 2, times=2)
        self.driver.until(lambda: field.tag_ranges("sel") and word == field.get("sel.first", "sel.last"))
