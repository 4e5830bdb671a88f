"""How much memory an upload takes, whatever it uploads: one very large file in parts and in one PUT,
and a folder of many files.

    python benchmarks/upload_memory.py [--gigabytes 4.9] [--files 30000] [--connections 4]

The file is sparse, so that only what our backend stores takes room: as many gigabytes in the temporary folder, removed
again before the next. Uploader and backend (STORAGE_TYPE=LOCAL) are processes of their own; what counts is the
uploader's. Linux only.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from upload import write
from upload_servers import HERE, PREFIX, our_backend

LEFT_BYTES = 1 << 30
"""What has to stay free on the disk."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gigabytes", type=float, default=4.9, help="how large the file is (default: %(default)s)")
    parser.add_argument(
        "--files", type=int, default=30_000, help="how many files the folder has, of 1 kB each (default: %(default)s)"
    )
    parser.add_argument(
        "--connections", type=int, default=4, help="how many files or parts at a time (default: %(default)s)"
    )
    options = parser.parse_args()
    size_bytes = int(options.gigabytes * 1e9)
    with tempfile.TemporaryDirectory(prefix="upload-memory-") as name:
        folder = Path(name)
        if shutil.disk_usage(folder).free < size_bytes + LEFT_BYTES:
            sys.exit(
                f"There is no room for {options.gigabytes} GB in {folder.parent}: choose --gigabytes or set TMPDIR."
            )
        large, many = folder / "large", folder / "many"
        make_large(large, size_bytes)
        make_many(many, options.files)
        for what, way, source in (
            (f"{options.gigabytes} GB in parts", "ours", large),
            (f"{options.gigabytes} GB in one PUT", "ours-whole", large),
            (f"{options.files} files of 1 kB", "ours-manifest", many),
        ):
            peak_bytes, seconds = upload(way, source, folder / "backend", options.connections)
            write(f"{what:<24} {peak_bytes / 1e6:6.0f} MB at most   {seconds:6.1f} s")


def make_large(folder: Path, size_bytes: int) -> None:
    """Make a folder with one file that takes no room."""
    folder.mkdir()
    with (folder / "video.mp4").open("wb") as file:
        file.truncate(size_bytes)


def make_many(folder: Path, count: int) -> None:
    """Make a folder with many files."""
    (folder / "720p").mkdir(parents=True)
    for number in range(count):
        (folder / "720p" / f"seg_{number:05}.ts").write_bytes(bytes(1000))


def upload(way: str, source: Path, root: Path, connections: int) -> tuple[int, float]:
    """Upload once; return the most memory that the uploader had and the seconds it took."""
    with our_backend(root, {"STORAGE_TYPE": "LOCAL"}) as backend:
        command = [sys.executable, str(HERE / "upload_ways.py"), way, str(source), PREFIX, str(connections)]
        environ = {**os.environ, "BACKEND_URL": backend.url, "AUTH_TOKEN": backend.token}
        started = time.perf_counter()
        done = subprocess.run(command, env=environ, check=True, capture_output=True, text=True)
        seconds = time.perf_counter() - started
    stored = [path.stat().st_size for path in root.rglob("*") if path.is_file() and path.suffix in (".ts", ".mp4")]
    sent = [path.stat().st_size for path in source.rglob("*") if path.suffix in (".ts", ".mp4")]
    if sorted(stored) != sorted(sent):
        sys.exit(
            f"The backend has {len(stored)} files with {sum(stored)} bytes, but {len(sent)} with {sum(sent)} were sent."
        )
    shutil.rmtree(root)
    return int(done.stdout), seconds


if __name__ == "__main__":
    main()
