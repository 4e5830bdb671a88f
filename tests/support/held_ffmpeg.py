"""An ffmpeg whose encodes wait until the test lets them go: however fast or slow the machine is, a job is in the middle
of its work for as long as the test needs.
"""

from __future__ import annotations

import stat
from dataclasses import dataclass
from pathlib import Path

import imageio_ffmpeg

# `tee` is how a stream is written; what ffmpeg is asked about itself is answered at once
PROGRAM = """#!/bin/sh
case " $* " in *" tee "*) while [ ! -e "{gate}" ]; do sleep 0.02; done ;; esac
exec "{real}" "$@"
"""


@dataclass(frozen=True, kw_only=True)
class HeldFfmpeg:
    """The program, and the file that it waits for."""

    path: Path
    gate: Path

    def environment(self, environment: dict[str, str]) -> dict[str, str]:
        """Return an environment in which this is the ffmpeg."""
        return {**environment, "FFMPEG_PATH": str(self.path)}

    def release(self) -> None:
        """Let all encodes go, those that begin later too."""
        self.gate.touch()


def held_ffmpeg(folder: Path) -> HeldFfmpeg:
    """Put the program into a new folder."""
    folder.mkdir()
    held = HeldFfmpeg(path=folder / "ffmpeg", gate=folder / "go")
    held.path.write_text(PROGRAM.format(gate=held.gate, real=imageio_ffmpeg.get_ffmpeg_exe()))
    held.path.chmod(held.path.stat().st_mode | stat.S_IXUSR)
    return held
