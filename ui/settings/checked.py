"""A value that is checked while it is typed: taken where it can be used, else told what is wrong with it."""

from __future__ import annotations

import tkinter
from collections.abc import Callable
from typing import Protocol, TypeVar

from ui.widgets.fields import FieldNote

T = TypeVar("T")


class ChangeSettings(Protocol):
    """Takes settings by the names of their fields."""

    def __call__(self, **values: object) -> None:
        """Use these values from now on."""


def check_as_typed(
    variable: tkinter.StringVar, note: FieldNote, read: Callable[[str], T], take: Callable[[T], None]
) -> None:
    """Hand on what is typed into a field, read by `read`, whose ValueError is shown beneath the field."""

    def typed() -> None:
        try:
            value = read(variable.get())
        except ValueError as error:
            note.show(str(error))
        else:
            note.show("")
            take(value)

    variable.trace_add("write", lambda *_: typed())
