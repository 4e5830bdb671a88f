"""Time and CPU of an upload to a real S3 server, ours against rclone's and that of boto3's transfer manager.

    python benchmarks/upload.py [--latencies 0,20,80] [--sizes full|files|tiny|small] [--connections 16] [--runs 1]
    python benchmarks/upload.py --endpoint http://127.0.0.1:7480 --bucket tests    # keys as for Amazon's programs

All three send the same files from the same disk, largest first, in parts of 16 MiB from 64 MiB on: 600 of 0.1 to 3 MB
and one of 500 MB (full), those 600 alone (files), or 1,000 of 1 kB (tiny). They go through a proxy that puts the server
as far away as each round trip says. Ours asks our own backend on loopback for every URL; the backend's own questions to
the server go through the proxy too. Each upload is a process of its own, and the seconds are those of the whole
process. Without --endpoint a Ceph server is started for every upload, so that none finds it full or warm from the one
before; nothing is installed, what is missing is left out and said. Linux only.
"""

from __future__ import annotations

import argparse
import importlib
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from upload_servers import (
    FOLDER,
    HERE,
    PREFIX,
    REGION,
    Backend,
    Server,
    an_s3_server,
    empty,
    given_up,
    keys,
    listed,
    our_backend,
    proxy,
    s3_client,
    s3_settings,
)
from upload_ways import CHUNK_BYTES, IN_PARTS_BYTES

SEED = 20260131
BUCKET = "benchmark"


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What an upload took; `backend_cpu_s` is 0 where there is no backend."""

    seconds: float
    cpu_s: float
    backend_cpu_s: float = 0.0


def main() -> None:
    """Measure and print."""
    options = read_options()
    ways = ["ours", *(["rclone"] if shutil.which("rclone") else []), "boto3"]
    if "rclone" not in ways:
        write("rclone is not here and is left out: it is in Debian's package of that name.")
    if not options.endpoint:
        missing = importlib.import_module("s3_server").missing_programs()
        if missing:
            sys.exit(
                f"There is no S3 server here ({', '.join(missing)} missing): "
                "install radosgw, ceph-mon and ceph-osd, or use --endpoint."
            )
    with tempfile.TemporaryDirectory(prefix="upload-") as name:
        files = Path(name) / "files"
        count, size_bytes = make_files(files, options.sizes)
        write(f"{count} files, {size_bytes / 1e6:.0f} MB, {options.connections} connections, {os.cpu_count()} cores")
        write(*(f"  {line}" for line in versions(ways)))
        write(
            "",
            (
                "round trip   way       seconds   / better of the others     CPU s   CPU s "
                "/ GB   backend CPU s   backend CPU s / GB"
            ),
        )
        for latency_ms in [float(text) for text in options.latencies.split(",")]:
            costs: dict[str, list[Cost]] = {way: [] for way in ways}
            for _ in range(options.runs):
                for way in ways:
                    costs[way].append(measured(way, files, options, latency_ms, expected=(count, size_bytes)))
            show(latency_ms, costs, size_bytes)


def read_options() -> argparse.Namespace:
    """Return the command line's options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--latencies", default="0,20,80", help="round trips in milliseconds (default: %(default)s)")
    parser.add_argument(
        "--sizes", choices=("full", "files", "tiny", "small"), default="full", help="small: a twentieth of full"
    )
    parser.add_argument(
        "--connections", type=int, default=16, help="how many connections each may have (default: %(default)s)"
    )
    parser.add_argument(
        "--runs", type=int, default=1, help="how often each is measured; the median counts (default: %(default)s)"
    )
    parser.add_argument("--endpoint", help="an S3 server that runs already (default: a Ceph server is started)")
    parser.add_argument(
        "--bucket",
        default=BUCKET,
        help="a bucket there; what lies under videos/lesson/ is removed (default: %(default)s)",
    )
    return parser.parse_args()


def make_files(folder: Path, sizes: str) -> tuple[int, int]:
    """Write what is uploaded; return how many files and how many bytes."""
    dice = random.Random(SEED)
    folder.mkdir()
    each = (
        [1000] * 1000
        if sizes == "tiny"
        else [dice.randint(100_000, 3_000_000) for _ in range(30 if sizes == "small" else 600)]
    )
    for number, size_bytes in enumerate(each):
        (folder / f"seg_{number:05}.ts").write_bytes(dice.randbytes(size_bytes))
    large_bytes, block_bytes = {"full": 500_000_000, "small": 100_000_000}.get(sizes, 0), 10_000_000
    if large_bytes:
        with (folder / "video.mp4").open("wb") as file:
            for _ in range(0, large_bytes, block_bytes):
                file.write(dice.randbytes(block_bytes))
    os.sync()  # whoever is measured first must not wait for the disk
    for path in folder.iterdir():
        path.read_bytes()
    return len(each) + bool(large_bytes), sum(each) + large_bytes


def versions(ways: Sequence[str]) -> Iterator[str]:
    """Say what is compared."""
    yield f"Python {sys.version.split()[0]}, boto3 {importlib.import_module('boto3').__version__}"
    if "rclone" in ways:
        yield said(["rclone", "version"]).splitlines()[0]
    if shutil.which("radosgw"):
        yield " ".join(said(["radosgw", "--version"]).split()[:3])


def said(command: Sequence[str]) -> str:
    """Return what a command prints."""
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def measured(
    way: str, files: Path, options: argparse.Namespace, latency_ms: float, *, expected: tuple[int, int]
) -> Cost:
    """Measure one upload. Ends the benchmark with one sentence where the server does not answer."""
    errors = importlib.import_module("botocore.exceptions")
    try:
        return measure(way, files, options, latency_ms, expected=expected)
    except (errors.BotoCoreError, errors.ClientError) as error:
        sys.exit(f"The S3 server does not answer as it should: {error}. Start the benchmark again, or use --endpoint.")


def measure(
    way: str, files: Path, options: argparse.Namespace, latency_ms: float, *, expected: tuple[int, int]
) -> Cost:
    """Upload once and see that everything is there."""
    with ExitStack() as opened:
        scratch = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="s3-", ignore_cleanup_errors=True)))
        server = opened.enter_context(an_s3_server(scratch, options))
        direct = s3_client(server)
        opened.callback(direct.close)
        if options.endpoint:
            empty(direct, server.bucket)
            opened.callback(empty, direct, server.bucket)
        far_away = opened.enter_context(proxy(server.endpoint_url, latency_ms))
        sent = scratch / "sent"
        shutil.copytree(files, sent, copy_function=os.link if same_disk(files, scratch) else shutil.copy2)
        if way == "ours":
            backend = opened.enter_context(our_backend(scratch / "backend", s3_settings(server, far_away)))
            cost = ours(backend, sent, options.connections, server.trouble)
        elif way == "boto3":
            where = {"ENDPOINT_URL": far_away, "BUCKET": server.bucket, **keys(server)}
            cost = timed(
                [
                    sys.executable,
                    str(HERE / "upload_ways.py"),
                    way,
                    str(sent),
                    f"{FOLDER}/{PREFIX}",
                    str(options.connections),
                ],
                where,
                server.trouble,
            )
        else:
            cost = timed(*rclone(server, far_away, sent, options.connections), server.trouble)
        found = [item["Size"] for item in listed(direct, server.bucket)]
        if (len(found), sum(found)) != expected:
            sys.exit(
                f"{way} is said to have ended well, but the server has {len(found)} objects with {sum(found)} bytes."
            )
        return cost


def ours(backend: Backend, folder: Path, connections: int, trouble: Callable[[], str]) -> Cost:
    """Upload with our engine."""
    before = cpu_of(backend.process_id)
    command = [sys.executable, str(HERE / "upload_ways.py"), "ours", str(folder), PREFIX, str(connections)]
    cost = timed(command, {"BACKEND_URL": backend.url, "AUTH_TOKEN": backend.token}, trouble)
    return Cost(seconds=cost.seconds, cpu_s=cost.cpu_s, backend_cpu_s=cpu_of(backend.process_id) - before)


def rclone(server: Server, endpoint_url: str, folder: Path, connections: int) -> tuple[list[str], dict[str, str]]:
    """Return rclone's command and environment.

    Its large file has as many parts under way as there may be connections.
    """
    command = [
        "rclone",
        "copy",
        str(folder),
        f":s3:{server.bucket}/{FOLDER}/{PREFIX}",
        "--transfers",
        str(connections),
        "--config",
        "",
    ]
    remote = ["--s3-provider", "Ceph", "--s3-endpoint", endpoint_url, "--s3-region", REGION, "--s3-no-check-bucket"]
    parts = ["--s3-chunk-size", str(CHUNK_BYTES) + "b", "--s3-upload-cutoff", str(IN_PARTS_BYTES) + "b"]
    order = ["--s3-upload-concurrency", str(connections), "--order-by", "size,desc", "--check-first"]
    secret = {"RCLONE_S3_ACCESS_KEY_ID": server.access_key_id, "RCLONE_S3_SECRET_ACCESS_KEY": server.secret_access_key}
    return [*command, *remote, *parts, *order], secret


def timed(command: Sequence[str], environ: Mapping[str, str], trouble: Callable[[], str]) -> Cost:
    """Run a command to its end; return the seconds of its whole process.

    Ends the benchmark where there is `trouble` with the command's server.
    """
    started = time.perf_counter()
    process = subprocess.Popen(command, env={**inherited(), **environ}, stdout=subprocess.DEVNULL)
    with given_up(process.pid, trouble) as reason:
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        why = reason()
    if why:
        sys.exit(f"{Path(command[0]).name} was ended: {why}. Start the benchmark again, or use --endpoint.")
    if process.returncode:
        sys.exit(f"{command[0]} {command[1]} has failed with {process.returncode}.")
    return Cost(seconds=seconds, cpu_s=used.ru_utime + used.ru_stime)


def inherited() -> dict[str, str]:
    """Return this process's environment for those that are measured."""
    # nothing speaks TLS here, and rclone 1.60 gives up where the first names a file; with the second Python would
    # compile each module in every run, which an installed program does once
    left_out = ("AWS_CA_BUNDLE", "PYTHONDONTWRITEBYTECODE")
    return {name: value for name, value in os.environ.items() if name not in left_out}


def show(latency_ms: float, costs: Mapping[str, Sequence[Cost]], size_bytes: int) -> None:
    """Print one latency's lines of the table."""
    seconds = {way: median(cost.seconds for cost in runs) for way, runs in costs.items()}
    better = min(value for way, value in seconds.items() if way != "ours")
    gigabytes = size_bytes / 1e9
    for way, runs in costs.items():
        cpu_s = median(cost.cpu_s for cost in runs)
        line = (
            f"{latency_ms:7.0f} ms   {way:<8}{seconds[way]:9.2f}   {seconds[way] / better:22.2f}{cpu_s:10.2f} "
            f"  {cpu_s / gigabytes:10.2f}"
        )
        behind_s = median(cost.backend_cpu_s for cost in runs)
        write(line + (f"   {behind_s:13.2f}   {behind_s / gigabytes:18.2f}" if way == "ours" else ""))


def cpu_of(process_id: int) -> float:
    """Return the CPU seconds of a running process (proc(5): fields 14 and 15 of stat)."""
    fields = Path(f"/proc/{process_id}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def same_disk(one: Path, other: Path) -> bool:
    """Whether a file of one folder can be linked into another."""
    return one.stat().st_dev == other.stat().st_dev


def write(*lines: str) -> None:
    """Print."""
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
