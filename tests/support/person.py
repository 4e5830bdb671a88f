"""A person at a screen: reads what a program's windows show, and works in them with mouse and keyboard alone."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from file_manager import ACCEPTED, IDLE, TAKEN
from hands import RIGHT, WHEEL_DOWN, WHEEL_UP, MouseAndKeyboard
from seen_windows import SeenLine, SeenProgram, SeenWidget, until

FIELDS = ("TEntry", "TCombobox")
BUTTONS = ("TButton", "TCheckbutton", "TMenubutton", "Button")
SAME_LINE = 12
"""Pixels: of a label and its field, at most, between their middles."""

NOTHING = SeenWidget(path="", kind="", text="", value="", disabled=True, x=0, y=0, width=0, height=0)

STEPS = 10
"""In which a hand moves what it drags."""

LOOKS = 4
"""At a widget that must not move: one look may come before what was just done is shown."""

MOST_TURNS = 40
"""Of the mouse's wheel, until the end of a column is certainly reached."""


@dataclass
class Person:
    """Somebody who uses a program. `pictures` is the folder for screenshots."""

    program: SeenProgram
    environment: dict[str, str]
    pictures: Path
    deadline_s: float
    devices: MouseAndKeyboard = field(init=False)
    _taken: int = 0

    def __post_init__(self) -> None:
        self.devices = MouseAndKeyboard(environment=self.environment)

    def until(self, condition: Callable[[], Any], what: str) -> Any:
        """Wait until something is so, and return it."""
        try:
            return until(condition, deadline_s=self.deadline_s, what=what)
        except AssertionError:
            self.picture(f"never came {what}")
            raise

    def picture(self, name: str) -> None:
        """Take a screenshot."""
        self._taken += 1
        target = self.pictures / f"{self._taken:02} {name.replace('/', ' ')[:80]}.png"
        subprocess.run(["import", "-window", "root", str(target)], env=self.environment, check=True, timeout=60)

    # what is seen

    def find(self, text: str, kinds: tuple[str, ...] = ()) -> SeenWidget | None:
        """Return what bears a text, None where nothing does."""
        found = (each for each in self.program.widgets if each.text.strip() == text)
        return next((each for each in found if not kinds or each.kind in kinds), None)

    def sees(self, text: str) -> bool:
        """Whether a text stands anywhere."""
        return any(text in each.text for each in self.program.widgets)

    def wait_for(self, text: str) -> None:
        """Wait until a text stands somewhere."""
        self.until(lambda: self.sees(text), text)

    def rows(self) -> dict[str, SeenLine]:
        """Return the rows of the list with columns, by the beginning of each: the name of a video."""
        tree = next((each for each in self.program.widgets if each.kind == "Treeview"), None)
        return {} if tree is None else {row.name.split(" · ")[0]: row for row in self.program.rows(tree)}

    def status(self, name: str) -> str:
        """Return what the list says of a video, empty where it is not there."""
        row = self.rows().get(name)
        return "" if row is None else row.values[-1]

    # what is done

    def click(self, text: str) -> None:
        """Click on a button or a tick, as soon as it can be pressed."""
        self._click_on(self.until(lambda: self._pressable(text), f"a button {text}"))

    def fill(self, label: str, text: str) -> None:
        """Put a text into the field beside a label, in place of what is there."""
        self._type_into(lambda: self._beside(label), text, label)

    def fill_in_front(self, button: str, text: str) -> None:
        """Put a text into the field before a button, in place of what is there."""
        self._type_into(lambda: self._before(button), text, button)

    def choose(self, label: str, item: str) -> None:
        """Choose an item of the list that folds down beside a label."""
        seen = self.until(lambda: self._beside(label), f"a list {label}")
        self._click_on(seen)
        items = self.until(self._folded_down, f"the list of {label}")
        self.devices.click(*next(line.point for line in items if line.name == item and line.point))
        self.until(lambda: self._beside(label).value == item, f"{item} in {label}")

    def select(self, name: str, *, button: int = 1) -> None:
        """Click on a video in the list."""
        row = self.until(lambda: self.rows().get(name), f"{name} in the list")
        assert row.point is not None, f"{name} is not in view"
        self.devices.click(*row.point, button=button)

    def choose_entry(self, label: str) -> None:
        """Choose an entry of the menu that is open."""
        entry = self.until(lambda: self._entry(label), f"{label} in the menu")
        self.devices.click(*entry.point)

    def right_click(self, name: str, label: str) -> None:
        """Choose an entry of the menu of a video in the list."""
        self.select(name, button=RIGHT)
        self.choose_entry(label)

    def drop(self, files: SeenProgram, on: tuple[int, int]) -> None:
        """Drag what a file manager has to a point of the screen; again, where a hand was faster than the machine."""

        def dropped() -> bool:
            start = self.until(lambda: self._icon(files), "the icon").middle
            self.devices.move(*start)
            self.devices.hold()
            for step in range(1, STEPS + 1):
                self.devices.move(*(a + (b - a) * step // STEPS for a, b in zip(start, on, strict=True)))
            self.until(lambda: self._icon(files).text == ACCEPTED, "a window that takes the files")
            self.devices.let_go()
            self.until(lambda: self._icon(files).text in (TAKEN, IDLE), "an end of the dragging")
            return self._icon(files).text == TAKEN

        self.until(dropped, "files that are dropped")

    def _icon(self, files: SeenProgram) -> SeenWidget | None:
        return next((each for each in files.widgets if each.kind == "Label"), None)

    def _pressable(self, text: str) -> SeenWidget | None:
        seen = self.find(text, BUTTONS)
        return None if seen is None or seen.disabled else seen

    def _beside(self, label: str) -> SeenWidget | None:
        """Return the field to the right of a label."""
        named, fields = self._in_line_with(label, ("TLabel",))
        return min((each for each in fields if each.x > named.x), key=lambda each: each.x, default=None)

    def _before(self, button: str) -> SeenWidget | None:
        """Return the field to the left of a button, in the same part of the window."""
        named, fields = self._in_line_with(button, BUTTONS)
        part = named.path.rpartition(".")[0]
        return next((each for each in fields if each.x < named.x and each.path.rpartition(".")[0] == part), None)

    def _in_line_with(self, text: str, kinds: tuple[str, ...]) -> tuple[SeenWidget, list[SeenWidget]]:
        """Return what bears a text, and each field that is as high on the screen."""
        widgets = self.program.widgets
        named = next((each for each in widgets if each.text == text and each.kind in kinds), None)
        if named is None:
            return NOTHING, []
        fields = [each for each in widgets if each.kind in FIELDS]
        return named, [each for each in fields if abs(each.middle[1] - named.middle[1]) <= SAME_LINE]

    def _folded_down(self) -> list[SeenLine]:
        listed = next((each for each in self.program.widgets if each.kind == "Listbox"), None)
        return [] if listed is None else self.program.items(listed)

    def _entry(self, label: str) -> SeenLine | None:
        for menu in (each for each in self.program.widgets if each.kind == "Menu"):
            for entry in self.program.entries(menu):
                if entry.name == label and entry.values == ("normal",):
                    return entry
        return None

    def _type_into(self, find: Callable[[], SeenWidget | None], text: str, what: str) -> None:
        """Click on a field until it has the keyboard, for it may move away from under the hand; then type."""

        def has_keyboard() -> bool:
            seen = find()
            if seen is None:
                return False
            self._click_on(seen)
            return self.program.has_keyboard(seen)

        self.until(has_keyboard, f"the keyboard in {what}")
        self.devices.press("ctrl+a")
        self.devices.type(text)
        self.until(lambda: find().value == text, f"{text} in {what}")

    def _click_on(self, seen: SeenWidget) -> None:
        """Click on a widget when it has come to rest, with the wheel first where it is out of view."""
        seen = self._at_rest(seen)
        for wheel in (WHEEL_DOWN, WHEEL_UP):
            for _ in range(MOST_TURNS):
                if self.program.is_under(seen, seen.middle):
                    self.devices.click(*seen.middle)
                    return
                self.devices.click(*self._column(seen), button=wheel)
                seen = self._at_rest(seen)
        raise AssertionError(f"it can't be clicked on: {seen}")

    def _column(self, seen: SeenWidget) -> tuple[int, int]:
        """Return a point in what scrolls the widget."""
        around = [w for w in self.program.widgets if w.kind == "Canvas" and seen.path.startswith(f"{w.path}.")]
        assert around, f"nothing scrolls {seen}"
        return around[-1].middle

    def _at_rest(self, seen: SeenWidget) -> SeenWidget:
        """Return a widget when it has not moved for some looks."""
        looks: list[SeenWidget | None] = []

        def rests() -> SeenWidget | None:
            looks.append(next((each for each in self.program.widgets if each.path == seen.path), None))
            return looks[-1] if looks[-LOOKS:] == looks[-1:] * LOOKS else None

        found: SeenWidget = self.until(rests, f"{seen.text or seen.path} at rest")
        return found
