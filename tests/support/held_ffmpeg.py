"""An ffmpeg whose encodes wait until the test lets them go, all or those of some videos, and one whose encodes stop
after a segment: however fast or slow the machine is, a job is in the middle of its work for as long as the test needs.
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
# without PATH, as packaged programs are started
HELD_BY_NAME = """#!/bin/sh
case " $* " in *" tee "*)
    for name in "{held}"/*; do
        case "$*" in *"${{name##*/}}"*)
            : > "{asked}/${{name##*/}}"
            while [ -e "$name" ]; do /bin/sleep 0.02; done ;;
        esac
    done ;;
esac
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


@dataclass(frozen=True, kw_only=True)
class FfmpegByName:
    """One that holds the encodes of some videos, by a part of their paths."""

    path: Path
    _held: Path
    _asked: Path

    def hold(self, name: str) -> None:
        """Let encodes of these videos wait from now on."""
        (self._held / name).touch()

    def holds(self, name: str) -> bool:
        """Whether an encode of them has come to it."""
        return (self._asked / name).exists()

    def release(self, name: str) -> None:
        """Let them go."""
        (self._held / name).unlink()


def ffmpeg_by_name(folder: Path, real: str | None = None) -> FfmpegByName:
    """Put one that holds by name into a new folder; `real` is the ffmpeg that it starts."""
    made = FfmpegByName(path=folder / "ffmpeg", _held=folder / "held", _asked=folder / "asked")
    for each in (folder, made._held, made._asked):
        each.mkdir()
    real = real or imageio_ffmpeg.get_ffmpeg_exe()
    _write(made.path, HELD_BY_NAME.format(held=made._held, asked=made._asked, real=real))
    return made


def crawling_ffmpeg(folder: Path) -> Path:
    """Put one whose encodes never end into a new folder; of ten seconds it has written the first segment soon."""
    folder.mkdir()
    _write(folder / "ffmpeg", CRAWLING.format(real=imageio_ffmpeg.get_ffmpeg_exe()))
    return folder / "ffmpeg"


def _write(program: Path, text: str) -> None:
    program.write_text(text)
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
