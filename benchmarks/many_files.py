"""What a folder of many small files costs: uploading it, uploading it again unchanged, showing its manifest,
verifying it.

    python benchmarks/many_files.py [--files 30000] [--connections 4] [--quota]

Each line is a command of the program in a process of its own, its seconds, CPU seconds and memory those of that
process; the backend (STORAGE_TYPE=LOCAL, in the temporary folder) is another one and counts apart. Linux only.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from upload import cpu_of, inherited, write
from upload_servers import PREFIX, PROGRAM, our_backend

SEGMENT_S = 2


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--files", type=int, default=30_000, help="how many segments of 1 kB the folder has (default: %(default)s)"
    )
    parser.add_argument("--connections", type=int, default=4, help="how many files at a time (default: %(default)s)")
    parser.add_argument("--quota", action="store_true", help="limit the backend's storage, so that it counts")
    options = parser.parse_args()
    limited = {"STORAGE_LOCAL_MAX_SIZE_GB": "1000"} if options.quota else {}
    with tempfile.TemporaryDirectory(prefix="many-files-") as name:
        folder, data = Path(name) / "lesson", Path(name) / "data"
        make_stream(folder, options.files)
        with our_backend(Path(name) / "backend", {"STORAGE_TYPE": "LOCAL", **limited}) as backend:
            environ = {
                **inherited(),
                "BACKEND_URL": backend.url,
                "AUTH_TOKEN": backend.token,
                "XDG_DATA_HOME": str(data),
            }
            upload = ["upload", str(folder), PREFIX, "--parallel", str(options.connections)]
            write(
                f"{options.files} files of 1 kB", "", "command            seconds     CPU s        MB   backend CPU s"
            )
            for what, command in (
                ("upload", upload),
                ("upload again", upload),
                ("manifest show", ["manifest", "show", str(folder)]),
                ("verify", ["verify", str(folder)]),
            ):
                before = cpu_of(backend.process_id)
                seconds, cpu_s, peak_bytes = run(command, environ)
                behind = cpu_of(backend.process_id) - before
                write(f"{what:<15}{seconds:11.2f}{cpu_s:10.2f}{peak_bytes / 1e6:10.0f}{behind:16.2f}")


def make_stream(folder: Path, count: int) -> None:
    """Make what looks like a stream of one quality to whoever uploads it; no two segments are alike."""
    quality = folder / "720p"
    quality.mkdir(parents=True)
    lines = ["#EXTM3U", f"#EXT-X-TARGETDURATION:{SEGMENT_S}"]
    for number in range(count):
        name = f"seg_{number:05}.ts"
        (quality / name).write_bytes(number.to_bytes(4, "big") + bytes(996))
        lines += [f"#EXTINF:{SEGMENT_S},", name]
    (quality / "index.m3u8").write_text("\n".join([*lines, "#EXT-X-ENDLIST", ""]), encoding="utf-8")
    (folder / "master.m3u8").write_text(
        "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=4000\n720p/index.m3u8\n", encoding="utf-8"
    )


def run(command: list[str], environ: dict[str, str]) -> tuple[float, float, int]:
    """Run a command of the program; return its seconds, its CPU seconds and the most memory that it had, in bytes."""
    started = time.perf_counter()
    process = subprocess.Popen([sys.executable, PROGRAM, *command], env=environ, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{command[0]} has failed with {process.returncode}.")
    return seconds, used.ru_utime + used.ru_stime, used.ru_maxrss << 10


if __name__ == "__main__":
    main()
