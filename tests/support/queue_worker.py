"""A process that works on a queue, and does nothing of its jobs but note that it did. Started by a test.

Arguments: the queue's file, a folder of notes, how many jobs its list has. It begins when `go` is in that folder, and
is at work on a job for as long as `hold` is there. When `suspend` is there it suspends itself as Ctrl-Z does, though
not in the middle of a change of the queue, which others wait for. It writes a line for whatever it does to `log`.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from pipeline.job import Job  # the path above must be set first
from pipeline.job_owner import JobOwner
from pipeline.job_store import JobStore
from pipeline.model import JobReport, Outcome
from pipeline.queued_job import QueuedJob

LOOK_S = 0.01


def main() -> None:
    """Work until all of the list has ended."""
    notes, owner = Path(sys.argv[2]), JobOwner.current()
    jobs = [Job(source=notes / f"{n}.mp4", output_dir=notes, slug=f"lesson{n}") for n in range(int(sys.argv[3]))]
    with JobStore(Path(sys.argv[1])) as store:
        ids = store.add(jobs, wanted_by=owner)
        _note(notes, "ready")
        while not (notes / "go").exists():
            time.sleep(LOOK_S)
        while not all(one.state.ended for one in store.of(ids)):
            claimed = store.claim(ids, owner)
            if claimed is None:
                time.sleep(LOOK_S)
            else:
                _work(store, owner, claimed, notes)
    _note(notes, "over")


def _work(store: JobStore, owner: JobOwner, claimed: QueuedJob, notes: Path) -> None:
    _note(notes, f"begun {claimed.slug}")
    while store.heartbeat(claimed.id, owner) and (notes / "hold").exists():
        if (notes / "suspend").exists():
            os.kill(os.getpid(), signal.SIGSTOP)
        time.sleep(LOOK_S)
    report = JobReport(slug=claimed.slug, source=notes, folder=notes, outcome=Outcome.DONE)
    _note(notes, f"{'done' if store.finish(claimed.id, owner, report) else 'lost'} {claimed.slug}")


def _note(notes: Path, text: str) -> None:
    with (notes / "log").open("a") as file:  # a short line is written as one, whoever else writes
        file.write(f"{os.getpid()} {text}\n")


if __name__ == "__main__":
    main()
