"""What the window does with 500 videos in its list and 1,000 events a second: opening, stalls, memory.

Some videos are under way all the time; one in ten events is a line of the log. A stall is how much later than planned
Tk's loop takes its next turn. The time of the processor in the window's thread between two turns is given beside it,
which other work on the machine changes less. Then the events of an hour are taken as fast as the window can, and
memory is looked at in between. Needs a screen.

xvfb-run python benchmarks/window.py [--rows 500] [--seconds 20] [--minutes 60] [--profile]
"""

from __future__ import annotations

import argparse
import cProfile
import itertools
import os
import pstats
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from statistics import quantiles

ROOT = Path(__file__).resolve().parents[1]
# What follows is imported from there.
sys.path.insert(0, str(ROOT))

from config import Config  # noqa: E402
from installation import FilePlace  # noqa: E402
from pipeline.cancel import CancelToken  # noqa: E402
from pipeline.events import JobFinished, LogLine, PhaseProgress, PhaseStarted  # noqa: E402
from pipeline.inputs import Input  # noqa: E402
from pipeline.job import Job  # noqa: E402
from pipeline.job_store import JobStore  # noqa: E402
from pipeline.media_info import MediaInfo  # noqa: E402
from pipeline.model import JobReport, Outcome, PhaseName, Plan  # noqa: E402
from pipeline.plan import make_plan  # noqa: E402
from ui.app import why_no_window  # noqa: E402
from ui.collecting import collected_here  # noqa: E402
from ui.list_messages import ListRuns, VideoBegun, VideoTold  # noqa: E402
from ui.messages import Message  # noqa: E402
from ui.row_services import RealRows, RowServices  # noqa: E402
from ui.services import PipelineServices  # noqa: E402
from ui.window import MainWindow  # noqa: E402

CLIP = ROOT / "samples" / "welcome.mp4"
EVENTS_A_SECOND = 1000
UNDER_WAY = 4
"""How many videos are converted at the same time."""

STEPS = 500
"""How many events each of them has."""

PAUSE_MS = 5
"""When the next turn of Tk's loop is planned."""

RESIZES = 10
SENT_TOGETHER = 1000
PARTS = 5
"""How many events wait at most where they are taken as fast as the window can, and how often memory is looked at."""

STALL_MS = 50
OPEN_S = 1.0
"""The goals."""

OPENING = """
import os, sys, time
from pathlib import Path
from config import Config
from installation import FilePlace
from ui.collecting import collected_here
from ui.services import PipelineServices
from ui.window import MainWindow

folder, began_s, goal_s = Path(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3])
settings = folder / "s3_config.json"
with collected_here():
    window = MainWindow(
        config=Config(data_dir=folder / "data", cache_dir=folder / "cache"),
        preferences=FilePlace(read=settings, write=settings),
        services=PipelineServices(),
    )
    window.wait_visibility()
    window.update_idletasks()
    answers = []
    window.after(0, lambda: answers.append(True))
    while not answers:
        window.tk.dooneevent(0)
    opened_s, processor_s = time.monotonic() - began_s, time.process_time()
    while not window.controller.state.videos.rows:
        window.tk.dooneevent(0)
    window.update_idletasks()
    listed_s = time.monotonic() - began_s
print(f"open after {opened_s:.2f} s, {processor_s:.2f} s of the processor (goal {goal_s:.0f} s);", end=" ")
print(f"the list after {listed_s:.2f} s", flush=True)
os._exit(0)
"""
"""Opens the window over a list and says when it was drawn and took its next turn, and when the list was in it."""


class KnownPicture(RealRows):
    """One picture for all videos: making 500 is not what is measured."""

    def __init__(self) -> None:
        self._content = b""

    def picture(self, media: MediaInfo, size: tuple[int, int], config: Config, cancel: CancelToken) -> bytes:
        """Return it."""
        if not self._content:
            self._content = super().picture(replace(media, path=CLIP), size, config, cancel)
        return bytes(bytearray(self._content))  # a copy: each video has its own


class KnownSources(PipelineServices):
    """What each video is is known."""

    rows: RowServices = KnownPicture()

    def __init__(self, media: MediaInfo) -> None:
        super().__init__()
        self._media = media

    def describe_source(self, video: Input, config: Config) -> MediaInfo:
        """Return it for the file that is asked about."""
        return replace(self._media, path=video.source)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=500, help="how many videos (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=20, help="how long events come (default: %(default)s)")
    parser.add_argument("--minutes", type=float, default=60, help="of events for the memory (default: %(default)s)")
    parser.add_argument("--profile", action="store_true", help="also print where the time goes; makes all slower")
    options = parser.parse_args()
    reason = why_no_window()
    if reason is not None:
        parser.error(reason)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        fill_list(folder, options.rows)
        say(f"load {os.getloadavg()[0]:.1f}; {options.rows} videos in the list")
        for _ in range(3):
            argv = [sys.executable, "-c", OPENING, str(folder), str(time.monotonic()), str(OPEN_S)]
            subprocess.run(argv, cwd=ROOT, check=True)
        media = PipelineServices().describe_source(Input(source=CLIP, slug=CLIP.stem), Config())
        with collected_here():
            settings = folder / "s3_config.json"
            window = MainWindow(
                config=Config(data_dir=folder / "data", cache_dir=folder / "cache"),
                preferences=FilePlace(read=settings, write=settings),
                services=KnownSources(media),
            )
            measure(window, media, options)
            window.controller.videos.close()
            window.destroy()


def fill_list(folder: Path, count: int) -> None:
    """Put so many videos into the list of the window that is opened on this folder."""
    with JobStore(folder / "data" / "queue.sqlite3") as store:
        videos = [
            folder / f"lesson {number:03} of the course on the history of captions.mp4" for number in range(count)
        ]
        jobs = [Job(source=video, output_dir=folder / "out", slug=f"lesson-{n}") for n, video in enumerate(videos)]
        store.listed.add(jobs, held=True, label="Course")


class Turns:
    """The turns of Tk's loop: how late each was, and what the window's thread computed before it, in ms."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self.reset()
        self._turn()

    def reset(self) -> None:
        """Forget the turns so far."""
        self._late_ms: list[float] = []
        self._computed_ms: list[float] = []
        self._last = (time.perf_counter(), time.thread_time())

    def _turn(self) -> None:
        wall_s, computed_s = time.perf_counter(), time.thread_time()
        self._late_ms.append(max(0.0, (wall_s - self._last[0]) * 1000 - PAUSE_MS))
        self._computed_ms.append((computed_s - self._last[1]) * 1000)
        self._last = wall_s, computed_s
        self._window.after(PAUSE_MS, self._turn)

    def show(self, name: str) -> None:
        """Print the longest stalls."""
        said = []
        for kind, values in (("stall", self._late_ms), ("processor", self._computed_ms)):
            said.append(f"{kind} longest {max(values):.0f} ms, 99 of 100 below {quantiles(values, n=100)[98]:.0f} ms")
        say(f"{name}: {'; '.join(said)} (goal {STALL_MS} ms); {sum(self._computed_ms) / 1000:.1f} s of the processor")


def measure(window: MainWindow, media: MediaInfo, options: argparse.Namespace) -> None:
    """Feed a window with events and print how it bears them."""
    window.wait_visibility()
    window.update_idletasks()
    turns = Turns(window)
    rows = window.controller.state.videos.rows
    while len(rows) < options.rows or any(row.length_s is None for row in rows.values()):
        window.tk.dooneevent(0)
        rows = window.controller.state.videos.rows
    run_for(window, 1.0)
    turns.show("the list is opened and each video looked into")
    turns.reset()
    for number in range(RESIZES):
        window.geometry(f"{1000 + 10 * number}x800")
        run_for(window, 0.3)
    turns.show("the window is resized")
    events = endless({id_: make_plan(row.job, replace(media, path=row.job.source)) for id_, row in rows.items()})
    with profiled(options.profile):
        turns.reset()
        waited_s = fed(window, events, options.seconds)
        turns.show(f"{EVENTS_A_SECOND} events a second for {options.seconds:.0f} s")
    say(f"the last event was shown {waited_s:.2f} s after it was sent")
    take_an_hour(window, events, round(options.minutes * 60 * EVENTS_A_SECOND))


def endless(plans: dict[str, Plan]) -> Iterator[Message]:
    """Return the events of videos that begin, go on and end in turn, some at the same time, without end."""
    yield ListRuns()
    one_after_another = itertools.cycle(plans.items())
    under_way = [video_events(*next(one_after_another), STEPS * (place + 1) // UNDER_WAY) for place in range(UNDER_WAY)]
    while True:
        for place, events in enumerate(under_way):
            event = next(events, None)
            if event is None:
                under_way[place] = video_events(*next(one_after_another), STEPS)
            else:
                yield event


def video_events(id_: str, plan: Plan, steps: int) -> Iterator[Message]:
    """Return the events of one video; one in ten is a line of the log."""
    job, title = plan.job.slug, plan.job.source.name
    yield VideoBegun(id=id_, plan=plan)
    yield VideoTold(id=id_, title=title, event=PhaseStarted(job=job, phase=PhaseName.HLS, overall=0.0))
    for step in range(steps):
        done = step / steps
        if step % 10 == 0:
            line = LogLine(job=job, text=f"Segment {step} of {steps} was checked and is in {plan.job.folder}")
            yield VideoTold(id=id_, title=title, event=line)
        else:
            made = {one.name: done for one in plan.renditions}
            progress = PhaseProgress(job=job, phase=PhaseName.HLS, fraction=done, overall=done, rows=made)
            yield VideoTold(id=id_, title=title, event=progress)
    report = JobReport(slug=job, source=plan.job.source, folder=plan.job.folder, outcome=Outcome.DONE)
    yield VideoTold(id=id_, title=title, event=JobFinished(report=report))


def fed(window: MainWindow, events: Iterator[Message], seconds: float) -> float:
    """Send events from a thread for so long; return how long after it was sent the last one was taken."""
    sent_s: list[float] = []

    def send() -> None:
        began, count = time.perf_counter(), 0
        while (passed := time.perf_counter() - began) < seconds:
            while count < passed * EVENTS_A_SECOND:
                window.pump.put(next(events))
                count += 1
            time.sleep(0.001)
        sent_s.append(time.perf_counter())

    thread = threading.Thread(target=send)
    thread.start()
    while not sent_s or window.pump.waiting:
        window.tk.dooneevent(0)
    thread.join()
    return time.perf_counter() - sent_s[0]


def take_an_hour(window: MainWindow, events: Iterator[Message], count: int) -> None:
    """Take so many events as fast as the window can, and print how large the process is at times."""
    said, began = [f"{resident_mb():.0f}"], time.thread_time()
    for _ in range(PARTS):
        for _ in range(count // PARTS // SENT_TOGETHER):
            for event in itertools.islice(events, SENT_TOGETHER):
                window.pump.put(event)
            while window.pump.waiting:
                window.tk.dooneevent(0)
        said.append(f"{resident_mb():.0f}")
    took_s = time.thread_time() - began
    say(f"{count} events in {took_s:.0f} s of the processor; memory at each fifth of them in MB: {', '.join(said)}")


def run_for(window: MainWindow, seconds: float) -> None:
    """Let the window live for so long."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        window.tk.dooneevent(0)


@contextmanager
def profiled(wanted: bool) -> Iterator[None]:
    """Print where the time of this thread goes inside the block, if that is wanted."""
    profile = cProfile.Profile()
    if wanted:
        profile.enable()
    yield
    profile.disable()
    if wanted:
        pstats.Stats(profile).sort_stats("cumulative").print_stats(60)


def resident_mb() -> float:
    """Return how much memory this process has now (Linux)."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def say(text: str) -> None:
    """Print a line."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
