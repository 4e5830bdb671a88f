"""A program that answers like an ffmpeg on a machine with hardware encoders, and encodes on the processor instead.

`make` puts it into a folder; its path serves as FFMPEG_PATH. What it does is said by the `Orders` given to `make`:
an encoder that works is really x264, x265 or SVT-AV1 with the other's options taken out; one that fails says what
ffmpeg says without a driver; one that hangs is deaf to everything but a kill; all else is the real ffmpeg's affair.
VA-API can only fail or hang: its frames would have to be brought to a card. `encodes` tells which encoders were asked
for.
"""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

PROCESSOR = {"h264": "libx264", "hevc": "libx265", "av1": "libsvtav1"}
PROCESSOR_OPTIONS = {
    "libx264": ["-preset:v", "ultrafast", "-sc_threshold:v", "0"],
    "libx265": ["-preset:v", "ultrafast", "-x265-params", "scenecut=0:open-gop=0:info=0:log-level=error"],
    "libsvtav1": ["-preset:v", "9", "-svtav1-params", "scd=0"],
}
MAKERS = ("nvenc", "qsv", "amf", "videotoolbox", "vaapi")
FAILURES = {
    "nvenc": "Cannot load libcuda.so.1",
    "qsv": "Error creating a MFX session: -9.",
    "amf": "DLL libamfrt64.so.1 failed to open",
    "videotoolbox": "Error: cannot create compression session: -12908",
    "vaapi": "No VA display found for device /dev/dri/renderD128.",
}
BREAKDOWN = "EncodePicture failed!: device removed (20): the graphics card has gone"
DROPPED = {
    *("tune", "rc", "no-scenecut", "forced_idr", "forced-idr", "adaptive_i", "usage", "quality", "realtime", "preset"),
    *("compression_level", "rc_mode", "init_hw_device", "filter_hw_device"),
}


@dataclass(frozen=True, kw_only=True)
class Orders:
    """What the stand-in does.

    Encoders by ffmpeg's names: in `works` they encode, in `hangs` they never end, in `lacks` they are not in this
    ffmpeg, all others in hardware fail for want of a driver. `breaks_after` is the number of segments, of all
    renditions and all runs of a job together, that are finished before the card is gone for good; None lets all end
    well.
    """

    works: tuple[str, ...] = ()
    hangs: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    breaks_after: int | None = None


def make(folder: Path, real: Path, orders: Orders) -> Path:
    """Put the program into a folder and return its path; `real` is the ffmpeg behind it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "orders.json").write_text(json.dumps(asdict(orders) | {"real": str(real)}))
    program = folder / "ffmpeg"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{Path(__file__).resolve()}" "{folder}" "$@"\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return program


def encodes(program: Path) -> list[str]:
    """Return the encoders that were asked for so far, in order."""
    log = program.with_name("encodes.log")
    return log.read_text().splitlines() if log.exists() else []


def _main(folder: Path, arguments: list[str]) -> None:
    orders = json.loads((folder / "orders.json").read_text())
    real = orders["real"]
    if "-encoders" in arguments:
        _list_encoders(real, arguments, orders)
    encoder = arguments[arguments.index("-c:v") + 1] if "-c:v" in arguments else ""
    if encoder:
        with (folder / "encodes.log").open("a") as log:
            log.write(encoder + "\n")
    if encoder in orders["hangs"]:
        for deafened in (signal.SIGTERM, signal.SIGINT):
            signal.signal(deafened, signal.SIG_IGN)
        while True:
            signal.pause()
    codec, _, maker = encoder.partition("_")
    if maker not in MAKERS:
        os.execv(real, [real, *arguments])
    if encoder not in orders["works"]:
        _fail(encoder, FAILURES[maker])
    translated = [real, *_translated(arguments, encoder, PROCESSOR[codec])]
    if orders["breaks_after"] is None or "tee" not in arguments:
        os.execv(real, translated)
    _break_down(folder, translated, encoder, orders["breaks_after"])


def _list_encoders(real: str, arguments: list[str], orders: dict[str, list[str]]) -> None:
    rows = subprocess.run([real, *arguments], capture_output=True, text=True, check=True).stdout.splitlines()
    names = {row.split()[1] for row in rows if len(row.split()) > 2}
    rows = [row for row in rows if not set(row.split()[1:2]) & set(orders["lacks"])]
    rows += [f" V....D {name} stand-in" for name in orders["works"] + orders["hangs"] if name not in names]
    sys.stdout.write("\n".join(rows) + "\n")
    sys.exit()


def _translated(arguments: list[str], encoder: str, processor: str) -> list[str]:
    kept: list[str] = []
    words = iter(arguments)
    for word in words:
        name = word.removeprefix("-").removesuffix(":v")
        if word.startswith("-") and name in DROPPED:
            next(words)
        elif word == encoder:
            kept += [processor, *PROCESSOR_OPTIONS[processor]]
        elif processor == "libsvtav1" and word.startswith(("-maxrate", "-bufsize")):
            next(words)  # it takes no ceiling beside a rate
        else:
            kept.append(word)
    return kept


def _break_down(folder: Path, command: list[str], encoder: str, segments: int) -> None:
    """Encode until so many segments are whole in this run and those before it, then end as if the card had gone."""
    tally = folder / "segments.txt"
    before = int(tally.read_text()) if tally.exists() else 0
    if before < segments:
        with subprocess.Popen(command) as process:
            signal.signal(signal.SIGTERM, lambda *_: process.terminate())
            while process.poll() is None and before + _segments() < segments:
                time.sleep(0.01)
            process.kill()
        tally.write_text(str(before + _segments()))
        if before + _segments() < segments:
            sys.exit(process.returncode)
    _fail(encoder, BREAKDOWN)


def _segments() -> int:
    return sum(1 for path in Path.cwd().rglob("seg_*") if path.suffix in (".ts", ".m4s"))


def _fail(encoder: str, words: str) -> None:
    sys.stderr.write(
        f"[{encoder} @ 0x5581] [error] {words}\n[out#0/tee @ 0x5582] [error] Nothing was written into output file.\n"
    )
    sys.exit(255)


if __name__ == "__main__":
    _main(Path(sys.argv[1]), sys.argv[2:])
