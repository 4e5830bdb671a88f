"""The program as PyInstaller freezes it, to all that its own code can tell: one executable, which is `sys.executable`.

`make` puts it into a folder; `starts` tells with which arguments it was started so far.
"""

from __future__ import annotations

import shlex
import stat
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

CODE = """
import sys
with open({log!r}, "a") as log:
    log.write(repr(sys.argv[1:]) + "\\n")
sys.path.insert(0, {root!r})
sys.frozen, sys.executable = True, {program!r}
from hls_converter import main
sys.exit(main(sys.argv[1:]))
"""


def make(folder: Path) -> Path:
    """Put the executable into a folder and return its path."""
    program = folder / "hls-converter-frozen"
    code = CODE.format(log=str(_log(program)), root=str(ROOT), program=str(program))
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -I -c {shlex.quote(code)} "$@"\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return program


def starts(program: Path) -> list[str]:
    """Return the arguments of each start so far, in order."""
    return _log(program).read_text().splitlines()


def _log(program: Path) -> Path:
    return program.with_suffix(".log")
