"""How commands write to standard output: tables, sizes, events, and text from elsewhere that is safe to show."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextvars import ContextVar
from typing import Any

from cli.json_lines import json_line
from pipeline.printable import printable

PLAIN = "--plain"
"""Stands before the command, whatever that is."""

in_lines: ContextVar[bool] = ContextVar("in_lines", default=False)
"""Whether progress is told in lines alone, whatever standard output is: set once, before a command runs."""

NUMBERS = ("Size", "Files")
"""Columns of a table that are aligned to the right."""


def draws_bars() -> bool:
    """Return whether progress is drawn as bars, over and over in its place: on a terminal, unless lines are wanted,
    which a screen reader reads once each.
    """
    return sys.stdout.isatty() and not in_lines.get()


def without_plain(arguments: Sequence[str]) -> Sequence[str]:
    """Take in whether lines are wanted, and return the arguments from the command on."""
    in_lines.set(PLAIN in arguments[:1])
    return arguments[1:] if in_lines.get() else arguments


def terminal_safe(text: str) -> str:
    """Return a text from elsewhere that is safe for a terminal: control characters are escaped."""
    return printable(text)


def size_text(size_bytes: int) -> str:
    """Return a size as people read it."""
    size, unit = float(size_bytes), "bytes"
    for larger in ("KB", "MB", "GB", "TB"):
        if size < 1024:
            break
        size, unit = size / 1024, larger
    return f"{size_bytes} bytes" if unit == "bytes" else f"{size:.1f} {unit}"


def counted(number: int, thing: str) -> str:
    """Return a count with its noun, in the plural where needed."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def write_event(name: str, fields: dict[str, Any]) -> None:
    """Write one event as a line of JSON."""
    sys.stdout.write(json_line(name, fields))


def write_rows(*rows: tuple[str, str]) -> None:
    """Write labels and texts in two columns."""
    width = max(len(label) for label, _ in rows) + 2
    for label, text in rows:
        sys.stdout.write(f"{label:<{width}}{terminal_safe(text)}\n")


def write_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Write rows below their heads in columns; a terminal breaks what is longer than it is wide.

    Rich's own table takes 25 s for 30,000 rows.
    """
    cells = [head, *([terminal_safe(cell) for cell in row] for row in rows)]
    widths = [max(map(_cells_wide, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        padded = []
        for name, width, text in zip(head, widths, row, strict=True):
            blank = " " * (width - _cells_wide(text))
            padded.append(blank + text if name in NUMBERS else text + blank)
        sys.stdout.write("  ".join(padded).rstrip() + "\n")


def _cells_wide(text: str) -> int:
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)
