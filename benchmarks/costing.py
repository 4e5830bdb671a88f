"""How long a course of lectures takes on 1 to 50 machines, simulated from what `cluster.py` has measured.

    python benchmarks/costing.py --figures FILE [--lectures 500]
    python benchmarks/costing.py --encode S --speech S --rest S [--overhead S] [--lectures 500]

All lectures last an hour, and are in the queue when the first night begins. `--encode`, `--speech` and `--rest` are the
CPU seconds of one of them on such a core as all machines have, `--overhead` is how long a job takes beyond that, by the
clock. `queue_simulation.py` says which rules are followed and what is left out. Prints a table in Markdown: machines,
hours until all is done, hours in which machines had work, CPU hours, and lectures an hour.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from cluster_figures import read_figures
from queue_simulation import FleetMachine, LectureCost, simulate

SIZES = (1, 2, 5, 10, 20, 50)
HOUR_S = 3600.0
HEADS = ("machines", "of these", "hours until all is done", "machine hours", "CPU hours", "lectures an hour")

ONE_CORE = FleetMachine()
AT_NIGHT = FleetMachine(at_night=True)
TWO_CORES = FleetMachine(cores=2)
WITHOUT_WHISPER = FleetMachine(jobs=2, transcribes=False)

Part = Callable[[int], int]
"""Returns how many of so many machines are of the second kind."""

FLEETS: Sequence[tuple[str, FleetMachine, FleetMachine, Part]] = (
    ("all with one core, around the clock", ONE_CORE, ONE_CORE, lambda size: size),
    ("{} at night only, 12 hours", ONE_CORE, AT_NIGHT, lambda size: size // 2),
    ("{} with two cores", ONE_CORE, TWO_CORES, lambda size: size // 2),
    ("{} without Whisper, `--jobs 2`", ONE_CORE, WITHOUT_WHISPER, lambda size: size - max(1, size // 5)),
)
"""The machines of a row: in words, with how many are of the second kind, and the two kinds."""


def main() -> None:
    """Simulate and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--figures", type=Path, metavar="FILE", help="what cluster.py --figures has written")
    parser.add_argument("--encode", type=float, metavar="S", help="CPU seconds of the encode of an hour of video")
    parser.add_argument("--speech", type=float, metavar="S", help="those of its transcription; 0: no captions")
    parser.add_argument("--rest", type=float, metavar="S", help="those of packaging, upload and what else there is")
    parser.add_argument("--overhead", type=float, metavar="S", help="seconds that a job takes beyond them (default: 0)")
    parser.add_argument("--lectures", type=int, default=500, help="how many (default: %(default)s)")
    options = parser.parse_args()
    given = [name for name in ("encode", "speech", "rest") if getattr(options, name) is not None]
    if len(given) != (0 if options.figures else 3):
        parser.error("name a file with --figures, or give all of --encode, --speech and --rest")
    if options.figures and options.overhead is not None:
        parser.error("--overhead is in the file of --figures: leave it out")
    if options.lectures < 1:
        parser.error("--lectures takes a number from 1 on")
    cost = cost_of(options)
    if not cost.speech_s:
        line("Nothing is transcribed, so there are no rows for machines without Whisper.\n")
    line(row(HEADS))
    line(row(["---"] * len(HEADS)))
    for cells in table(cost, options.lectures):
        line(row(cells))


def cost_of(options: argparse.Namespace) -> LectureCost:
    """Return what a lecture takes, as it was given or measured; say what else was measured."""
    if options.figures is None:
        return LectureCost(
            encode_s=options.encode, speech_s=options.speech, rest_s=options.rest, overhead_s=options.overhead or 0.0
        )
    figures = read_figures(options.figures)
    line(f"An hour of lecture takes {figures.cpu_s / HOUR_S:.2f} CPU hours.")
    line(f"Measured: {figures.one_worker:.2f} lectures an hour by one worker, {figures.two_workers:.2f} by two.\n")
    return LectureCost(
        encode_s=figures.encode_s, speech_s=figures.speech_s, rest_s=figures.rest_s, overhead_s=figures.overhead_s
    )


def table(cost: LectureCost, lectures: int) -> Iterator[list[str]]:
    """Yield the cells of each row; where nothing is transcribed, it makes no difference which machines have Whisper."""
    for words, first, second, part in FLEETS:
        if not (cost.speech_s or second.transcribes):
            continue
        for size in SIZES:
            others = part(size)
            if others == 0:
                continue
            result = simulate(cost, lectures, [first] * (size - others) + [second] * others)
            hours = result.wall_s / HOUR_S
            yield [
                str(size),
                words.format(others),
                f"{hours:.0f}",
                f"{result.machine_s / HOUR_S:.0f}",
                f"{result.cpu_s / HOUR_S:.0f}",
                f"{lectures / hours:.2f}",
            ]


def row(cells: Sequence[str]) -> str:
    """Return a row of a table in Markdown."""
    return f"| {' | '.join(cells)} |"


def line(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
