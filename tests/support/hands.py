"""A mouse and a keyboard: events of the X server, as those of a person, on a window of the editor."""

from __future__ import annotations

import subprocess
import tkinter
from dataclasses import dataclass

from editor_window import EditorDriver

TYPING_MS = 15
"""Between two keys."""


@dataclass
class Hands:
    """What a person does with a window that they see."""

    driver: EditorDriver

    def click(self, widget: tkinter.Misc, x: int | None = None, y: int | None = None, *, times: int = 1) -> None:
        """Click on a widget that is in view: on its middle, or a place of it."""
        self.driver.settled()
        assert widget.winfo_viewable()
        left = widget.winfo_rootx() + (widget.winfo_width() // 2 if x is None else x)
        top = widget.winfo_rooty() + (widget.winfo_height() // 2 if y is None else y)
        self._do("mousemove", left, top, "click", "--repeat", times, "--delay", 1, 1)

    def press(self, *keys: str) -> None:
        """Press keys, such as `Return` or `ctrl+s`."""
        self._do("key", *keys)

    def type(self, text: str) -> None:
        """Type a text."""
        self._do("type", "--delay", TYPING_MS, text)

    def double_click_word(self, word: str) -> None:
        """Double-click on a word of the selected segment, which selects it."""
        field = self.driver.field
        place = field.search(word, "1.0")
        assert place
        box = field.bbox(f"{place}+1c")
        assert box is not None
        self.click(field, box[0] + box[2] // 2, box[1] + box[3] // 2, times=2)
        self.driver.until(lambda: field.tag_ranges("sel") and word == field.get("sel.first", "sel.last"))

    def _do(self, *arguments: object) -> None:
        subprocess.run(["xdotool", *map(str, arguments)], check=True, timeout=60)
        self.driver.settled()
