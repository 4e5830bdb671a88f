"""Shows how far a copy is: a bar on a terminal, a line at every tenth elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from cli.printing import draws_bars

STEPS = 10
"""Where the output is not a terminal, a line is printed at every tenth."""

ShowCopied = Callable[[int, int, str], None]
"""Told what is done and what there is, in the same units, and both in words."""


@contextmanager
def copy_progress(title: str) -> Iterator[ShowCopied]:
    """Yield what shows how far a copy is; `title` is what is being done, such as "Copying"."""
    if not draws_bars():
        yield _Lines(title).show
        return
    from rich.progress import BarColumn, Progress, TextColumn

    text = TextColumn("{task.fields[text]}", markup=False)
    with Progress(TextColumn(title), BarColumn(), TextColumn("{task.percentage:>3.0f}%"), text) as progress:
        task = progress.add_task("", total=None, text="Listing...")
        yield lambda done, total, words: progress.update(task, total=total, completed=done, text=words)


class _Lines:
    """Writes a line at every tenth."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._next = 1

    def show(self, done: int, total: int, words: str) -> None:
        """Write a line where there is something new to say."""
        reached = STEPS * done // (total or 1)
        if reached >= self._next:
            self._next = reached + 1
            sys.stdout.write(f"{self._title} {100 * reached // STEPS}%  {words}\n")
            sys.stdout.flush()
