"""What finds widgets that can't be seen whole finds each kind of them."""

from __future__ import annotations

import tkinter
from collections.abc import Iterator
from tkinter import ttk

import pytest
from cut_off import faults


@pytest.fixture
def window(screen) -> Iterator[tkinter.Tk]:
    """A window of one size."""
    made = tkinter.Tk()
    made.geometry("400x200")
    yield made
    made.destroy()


def label(window, text: str, **place: int) -> ttk.Label:
    """Put a label into the window."""
    made = ttk.Label(window, text=text)
    made.place(**place)
    return made


def test_what_is_whole_is_no_fault(window):
    """Two labels beside each other, and one that is not shown."""
    label(window, "one", x=0, y=0)
    label(window, "two", x=200, y=0)
    label(window, "hidden", x=0, y=0).place_forget()
    window.update()
    assert [] == faults(window)


@pytest.mark.parametrize(
    ("place", "fault"),
    [
        pytest.param({"x": 0, "y": 50, "width": 10}, "is 10 wide and asks for", id="narrow"),
        pytest.param({"x": 0, "y": 50, "height": 5}, "is 5 high and asks for", id="low"),
        pytest.param({"x": 390, "y": 50}, "leaves . sideways", id="beside"),
        pytest.param({"x": 0, "y": 195}, "leaves . above or below", id="below"),
        pytest.param({"x": 10, "y": 5}, "overlaps .!label", id="overlapping"),
    ],
)
def test_a_fault_is_named(window, place, fault):
    """It names the widget and says what is wrong with it."""
    label(window, "in the corner", x=0, y=0)
    label(window, "misplaced", **place)
    window.update()
    (found,) = faults(window)
    assert fault in found
    assert "misplaced" in found


def test_what_has_no_room_at_all_is_a_fault(window):
    """A row that gives way to the others until nothing of it is left; what was taken away on purpose is none."""
    window.rowconfigure(1, weight=1)
    window.grid_propagate(False)
    above, squeezed, gone = ttk.Frame(window, height=300), ttk.Frame(window, height=50), ttk.Frame(window, height=50)
    for row, frame in enumerate((above, squeezed, gone)):
        frame.grid(row=row, column=0)
    gone.grid_remove()
    window.update()
    assert [f"{squeezed} has no room in ."] == [fault for fault in faults(window) if "no room" in fault]
