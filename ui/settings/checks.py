"""What is typed into the settings, as values, or what is wrong with it. Pure."""

from __future__ import annotations

from pathlib import PurePath

from ui.job_form import typed_path

TEXT_PERCENT = (100, 200)
TEXT_SIZES = (100, 110, 125, 150, 175, 200)
"""The sizes to choose from; any other between the first and the last may be typed."""


def text_percent(typed: str, room: int) -> int:
    """Return a typed text size; the screen has room for `room` percent. Raises ValueError with a sentence."""
    least, most = TEXT_PERCENT
    number = typed.strip().removesuffix("%").strip()
    if not (number.isascii() and number.isdigit() and len(number) <= len(str(most)) and least <= int(number) <= most):
        raise ValueError(f"The text size must be a number from {least} to {most}.")
    if int(number) > room:
        raise ValueError(f"This screen has room for at most {room} %.")
    return int(number)


def output_folder(typed: str) -> str:
    """Return a typed folder, which may be empty. Raises ValueError with a sentence."""
    path = typed_path(typed)
    if path and not PurePath(path).is_absolute():
        raise ValueError("Type the whole path of the folder, or press Browse.")
    return path
