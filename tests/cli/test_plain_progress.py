"""Progress in lines, for screen readers."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator

import pytest

from cli.main import run_command
from cli.printing import draws_bars, in_lines
from cli.render import PlainLines, TerminalBars, renderer
from cli.render_several import BarsByJob, LinesByJob, renderer_of_several
from config import Config


class Terminal(io.StringIO):
    """A standard output with somebody before it."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch) -> Iterator[Callable[[], Terminal]]:
    """Return what makes standard output a terminal: in the test, as pytest has its own before that."""

    def replace() -> Terminal:
        out = Terminal()
        monkeypatch.setattr("sys.stdout", out)
        return out

    monkeypatch.setenv("TERM", "xterm-256color")
    yield replace
    in_lines.set(False)


@pytest.mark.parametrize("before", [[], ["--plain"]], ids=["bars", "plain"])
def test_plain_stands_before_any_command(terminal, before):
    """The command runs as without it, and what it shows from then on are lines."""
    out = terminal()
    assert 0 == run_command([*before, "presets", "list"], Config())
    assert "Course" in out.getvalue()
    assert (not before) is draws_bars()


@pytest.mark.parametrize(
    ("lines", "kinds"), [(False, (TerminalBars, BarsByJob)), (True, (PlainLines, LinesByJob))], ids=["bars", "plain"]
)
def test_what_shows_a_job(terminal, lines, kinds):
    """Bars on a terminal, unless lines are wanted."""
    in_lines.set(lines)
    terminal()
    assert kinds == (type(renderer(as_json=False)), type(renderer_of_several(as_json=False)))
