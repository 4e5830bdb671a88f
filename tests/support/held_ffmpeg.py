"""An ffmpeg whose encodes wait until the test lets them go, and one whose encodes stop after a segment: however fast or
slow the machine is, a job is in the middle of its work for as long as the test needs.
"""

from __future__ import annotations

import stat
from dataclasses import dataclass
from pathlib import Path

import imageio_ffmpeg

# `tee` is how a stream is written; what ffmpeg is asked about itself is answered at once
HELD = """#!/bin/sh
case " $* " in *" tee "*) touch "{gate}.asked"; while [ ! -e "{gate}" ]; do sleep 0.02; done ;; esac
exec "{real}" "$@"
"""
# the first seconds are read as fast as can be, what follows hardly at all
CRAWLING = """#!/bin/sh
case " $* " in *" tee "*) first=1 ;; *) first= ;; esac
for word; do
    shift
    [ "$word" = -i ] && [ $first ] && first= && set -- "$@" -readrate 0.01 -readrate_initial_burst 9
    set -- "$@" "$word"
done
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

    def holds(self) -> bool:
        """Whether an encode has come to it."""
        return self.gate.with_name("go.asked").exists()

    def release(self) -> None:
        """Let all encodes go, those that begin later too."""
        self.gate.touch()


def held_ffmpeg(folder: Path) -> HeldFfmpeg:
    """Put the program into a new folder."""
    folder.mkdir()
    held = HeldFfmpeg(path=folder / "ffmpeg", gate=folder / "go")
    _write(held.path, HELD.format(gate=held.gate, real=imageio_ffmpeg.get_ffmpeg_exe()))
    return held


def crawling_ffmpeg(folder: Path) -> Path:
    """Put one whose encodes never end into a new folder; of ten seconds it has written the first segment soon."""
    folder.mkdir()
    _write(folder / "ffmpeg", CRAWLING.format(real=imageio_ffmpeg.get_ffmpeg_exe()))
    return folder / "ffmpeg"


def _write(program: Path, text: str) -> None:
    program.write_text(text)
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
