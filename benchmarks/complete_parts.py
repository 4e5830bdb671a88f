"""What a large upload in parts costs the backend's folder: sending the parts, completing it, and the room for both.

    python benchmarks/complete_parts.py [--megabytes 1024] [--part-megabytes 16] [--connections 4] [--program FILE]

The backend (STORAGE_TYPE=LOCAL, in the temporary folder) is a process of its own; `--program` is the hls_converter.py
of another version. Complete is the time until its response has come; the room is the most that was taken on the disk,
looked at every 50 ms. First byte is the time of a GET of one byte of a file of this size that was put into the folder
while the backend did not run. Linux only.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import requests
from upload import cpu_of, write
from upload_servers import PROGRAM

TOKEN = "a-token-for-this-measurement"
KEY = "videos/large.mp4"
LOOK_S = 0.05
WAIT_S = 600


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=int, default=1024, help="the size of the file (default: %(default)s)")
    parser.add_argument("--part-megabytes", type=int, default=16, help="the size of a part (default: %(default)s)")
    parser.add_argument("--connections", type=int, default=4, help="how many parts at a time (default: %(default)s)")
    parser.add_argument("--program", default=PROGRAM, help="the backend's hls_converter.py (default: this one)")
    options = parser.parse_args()
    numbers = range(1, options.megabytes // options.part_megabytes + 1)
    part = os.urandom(options.part_megabytes << 20)
    with tempfile.TemporaryDirectory(prefix="complete-parts-") as name:
        root = Path(name) / "root"
        with backend(options.program, root) as (url, process_id), watched(root) as room:
            ask = requests.Session()
            ask.headers["Authorization"] = f"Bearer {TOKEN}"
            begun = ask.post(
                f"{url}/api/s3/multipart",
                json={"key": KEY, "contentType": "video/mp4", "sizeBytes": len(part) * len(numbers)},
                timeout=WAIT_S,
            ).json()
            at_s, cpu_s = time.monotonic(), cpu_of(process_id)
            with ThreadPoolExecutor(options.connections) as senders:
                etags = list(senders.map(lambda number: send(url, begun["uploadId"], number, part), numbers))
            sent_s, sent_cpu_s = time.monotonic() - at_s, cpu_of(process_id) - cpu_s
            listed = [{"partNumber": number, "etag": etag} for number, etag in zip(numbers, etags, strict=True)]
            at_s = time.monotonic()
            done = ask.post(
                f"{url}/api/s3/multipart/complete",
                json={"key": KEY, "uploadId": begun["uploadId"], "parts": listed},
                timeout=WAIT_S,
            )
            completed_s = time.monotonic() - at_s
            assert done.status_code == 200, done.text
        with (root / "by-hand.mp4").open("wb") as file:
            file.writelines(part for _ in numbers)
        with backend(options.program, root) as (url, _):
            at_s = time.monotonic()
            byte = {"Range": "bytes=0-0"}
            requests.get(f"{url}/objects/by-hand.mp4", headers=byte, timeout=WAIT_S).raise_for_status()
            first_byte_s = time.monotonic() - at_s
    write(
        f"{len(part) * len(numbers) / 1e6:.0f} MB in {len(numbers)} parts",
        f"send       {sent_s:8.2f} s {sent_cpu_s:8.2f} CPU s",
        f"complete   {completed_s:8.2f} s",
        f"first byte {first_byte_s:8.2f} s",
        f"room       {max(room) / 1e6:8.0f} MB",
    )


def send(url: str, upload_id: str, number: int, part: bytes) -> str:
    """Send one part; return its ETag."""
    signed = requests.post(
        f"{url}/api/s3/multipart/part",
        json={"key": KEY, "uploadId": upload_id, "partNumber": number, "sizeBytes": len(part)},
        headers={"Authorization": f"Bearer {TOKEN}"},
        timeout=WAIT_S,
    ).json()["signedUrl"]
    answer = requests.put(signed, data=part, timeout=WAIT_S)
    answer.raise_for_status()
    return answer.headers["ETag"].strip('"')


@contextmanager
def backend(program: str, root: Path) -> Iterator[tuple[str, int]]:
    """Run a backend; yield its address and the number of its process."""
    command = [sys.executable, program, "backend", "--root", str(root)]
    subprocess.run([*command, "--init"], capture_output=True, check=False)  # earlier versions know nothing of it
    environ = {**os.environ, "AUTH_TOKEN": TOKEN, "STORAGE_TYPE": "LOCAL"}
    with subprocess.Popen(
        [*command, "--port", "0"], env=environ, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield (
                next(word for line in process.stdout for word in line.split() if word.startswith("http://")),
                process.pid,
            )
        finally:
            process.send_signal(signal.SIGTERM)


@contextmanager
def watched(folder: Path) -> Iterator[list[int]]:
    """Yield a list that is given, again and again, how many bytes of the disk the files of a folder take."""
    taken, ended = [0], threading.Event()

    def look() -> None:
        while not ended.wait(LOOK_S):
            total = 0
            for path, _, names in os.walk(folder):
                for name in names:
                    try:
                        total += os.lstat(os.path.join(path, name)).st_blocks * 512  # noqa: PTH118
                    except FileNotFoundError:
                        continue
            taken.append(total)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield taken
    finally:
        ended.set()
        thread.join()


if __name__ == "__main__":
    main()
