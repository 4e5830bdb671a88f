"""What a confirmation costs when there are many: the last thousand of 30,000 over the first thousand,
and the time to load them.

python benchmarks/journal.py [--files 30000]
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

from pipeline.transfer.upload.journal import Confirmed, UploadDestination, UploadJournal, read_journal  # noqa: E402
from pipeline.transfer.upload.publish_order import OutgoingFile  # noqa: E402
from pipeline.transfer.upload.tally import Tally  # noqa: E402

BATCH = 1000
HERE = UploadDestination(backend_url="https://api.example.com", prefix="videos/course/lesson/")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=30_000, help="how many files are confirmed (default: %(default)s)")
    count = parser.parse_args().files
    with tempfile.TemporaryDirectory() as name:
        seconds = confirm(Path(name), count)
        started = time.perf_counter()
        loaded = len(read_journal(Path(name), HERE).confirmed)
        load_s = time.perf_counter() - started
    first, last = sum(seconds[:BATCH]), sum(seconds[-BATCH:])
    usual = median(seconds[-BATCH:]) / median(seconds[:BATCH])
    sys.stdout.write(f"{count} confirmations: first {BATCH} {first * 1000:.1f} ms, last {BATCH} {last * 1000:.1f} ms\n")
    sys.stdout.write(
        f"last / first = {last / first:.2f} (of the medians: {usual:.2f})   loading {loaded}: {load_s:.2f} s\n"
    )


def confirm(folder: Path, count: int) -> list[float]:
    """Confirm so many files as an upload does, in journal and tally; return the seconds that each took."""
    files = [
        OutgoingFile(
            folder=folder, name=f"720p/seg_{n:05}.ts", key=f"{HERE.prefix}720p/seg_{n:05}.ts", size_bytes=n, mtime_ns=n
        )
        for n in range(count)
    ]
    tally = Tally(files, {})
    seconds = []
    with UploadJournal(folder, HERE, resume=True, now="2026-02-02T10:30:00Z") as journal:
        for file in files:
            which = Confirmed(
                size_bytes=file.size_bytes,
                mtime_ns=file.mtime_ns,
                key=file.key,
                url=f"https://cdn.example.com/{file.key}",
                md5="0" * 32,
                etag="0" * 32,
                at="2026-02-02T10:30:00Z",
            )
            started = time.perf_counter()
            journal.confirm(file.name, which)
            tally.confirmed(file.name, which)
            seconds.append(time.perf_counter() - started)
    return seconds


if __name__ == "__main__":
    main()
