"""What the editor's window does with a video of 200,000 segments: opening, scrolling, going on to the next segment.

Milliseconds from what a person does until it is drawn: wall time, and time of the processor in the window's thread,
which other work on the machine changes less. Needs a screen.

xvfb-run python benchmarks/editor.py [--rows 200000]
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median, quantiles

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from documents import transcripts  # noqa: E402  # beside this file; the path above must be set first

from config import Config  # noqa: E402
from ui.transcripts.app import EditorApp, opener_for  # noqa: E402

STEPS = 300


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=200_000, help="how many segments (default: %(default)s)")
    rows = parser.parse_args().rows
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "course.json"
        content = transcripts(rows)
        media_id = content["media"][0]["id"]
        for row in content["segments"]:
            row["media_id"] = media_id
        path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
        del content
        measure(path)


def measure(path: Path) -> None:
    """Open a window on a dataset and do what a person does."""
    app = EditorApp(opener=opener_for(Config()), address=str(path))
    view = app.view
    began_s = time.perf_counter()
    while not len(view.controller.order):
        app.tk.dooneevent(0)
    app.update()
    say(f"{len(view.controller.order)} segments in view after {time.perf_counter() - began_s:.1f} s")
    table, chance = view.segments.table, random.Random(1)
    last = len(view.controller.order) - 1

    def scrolled(rows: int) -> None:
        table.scroll(rows)
        table.draw()
        app.update_idletasks()

    show("scrolled by the wheel", [timed(lambda: scrolled(3)) for _ in range(STEPS)])
    show("scrolled anywhere", [timed(lambda: scrolled(chance.randint(-last, last))) for _ in range(STEPS)])
    view.segments.select(last // 2)
    field = view.segments.field.widget

    def following() -> None:
        view.segments.move(1)
        app.update_idletasks()

    def edited() -> None:
        field.insert("end", " more")
        view.segments.move(1)
        app.update_idletasks()

    show("next segment", [timed(following) for _ in range(STEPS)])
    show("edited, next segment", [timed(edited) for _ in range(STEPS)])
    view.controller.saving.close_now()
    while not app.closed:
        app.tk.dooneevent(0)


def timed(action: Callable[[], object]) -> tuple[float, float]:
    """Return how many seconds something took, of wall time and of the processor."""
    wall_s, processor_s = time.perf_counter(), time.thread_time()
    action()
    return time.perf_counter() - wall_s, time.thread_time() - processor_s


def show(name: str, seconds: list[tuple[float, float]]) -> None:
    """Print the median and the 99th of a hundred."""
    said = []
    for kind, values in zip(("wall", "processor"), zip(*seconds, strict=True), strict=True):
        ninety_nine = quantiles(values, n=100)[98]
        said.append(f"{kind} median {median(values) * 1000:.1f} ms, 99 of 100 below {ninety_nine * 1000:.1f} ms")
    say(f"{name}: {'; '.join(said)}")


def say(text: str) -> None:
    """Print a line."""
    sys.stdout.write(f"{text}\n")


if __name__ == "__main__":
    main()
