"""What a claim from the queue costs when there are many jobs: the last hundreds of 10,000 over the first hundreds, for
a run that works through its list, and how much longer than in a queue of a hundred.

python benchmarks/job_queue.py [--jobs 10000]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[1]
# What follows is imported from there.
sys.path.insert(0, str(ROOT))

from pipeline.job import Job  # noqa: E402
from pipeline.job_owner import JobOwner  # noqa: E402
from pipeline.job_store import JobStore  # noqa: E402
from pipeline.model import JobReport, Outcome  # noqa: E402

FEW = 100
"""How many jobs a small queue has, and how many claims of a large one are looked at on either end."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=10_000, help="how many jobs are queued (default: %(default)s)")
    count = parser.parse_args().jobs
    few_ms, _ = work_through(FEW)
    many_ms, adding_s = work_through(count)
    first, last, few = median(many_ms[:FEW]), median(many_ms[-FEW:]), median(few_ms)
    sys.stdout.write(f"{count} jobs added in {adding_s:.2f} s of the processor\n")
    sys.stdout.write(
        f"a job claimed, kept and finished, in ms of the processor: of {FEW} {few:.2f}, of {count} the first {FEW} "
        f"{first:.2f}, the last {FEW} {last:.2f}\n"
    )
    sys.stdout.write(f"last / first = {last / first:.2f}   of {count} / of {FEW} = {median(many_ms) / few:.2f}\n")


def work_through(count: int) -> tuple[list[float], float]:
    """Queue so many jobs and do them all; return what each took in ms, and the adding in s, of the processor."""
    owner = JobOwner.current()
    with tempfile.TemporaryDirectory() as name, JobStore(Path(name) / "queue.sqlite3") as store:
        folder = Path(name)
        jobs = [Job(source=folder / f"{n}.mp4", output_dir=folder / "out", slug=f"lesson{n}") for n in range(count)]
        started = time.process_time()
        left = store.add(jobs, wanted_by=owner)
        adding_s = time.process_time() - started
        report = JobReport(slug="lesson", source=folder, folder=folder, outcome=Outcome.DONE)
        took_ms = []
        while left:
            started = time.process_time()
            claimed = store.claim(left, owner)
            assert claimed is not None
            store.heartbeat(claimed.id, owner)
            store.finish(claimed.id, owner, report)
            took_ms.append((time.process_time() - started) * 1000)
            left.remove(claimed.id)
        return took_ms, adding_s


if __name__ == "__main__":
    main()
