"""How many viewers the reference backend serves, and what each of their requests costs.

    python benchmarks/viewers.py [--viewers 3000] [--seconds 30] [--mode local,local-2,s3,redirect,nginx,nginx-tls]

A viewer asks for the master playlist, a media playlist and then for one segment each six seconds, over a connection
that it keeps. The backend runs as an operator runs it; its log goes into a file. In each mode the viewers come one
after the other, and what follows is measured: requests a second, CPU of each part for each request, the share of
segments that came later than six seconds after they were due, memory; and how many viewers one core would do for.

    local      STORAGE_TYPE=LOCAL; local-2: with two workers
    s3         STORAGE_TYPE=S3 on a Ceph server, PLAYBACK=proxy; s3-2: with two workers
    redirect   the same, PLAYBACK=redirect: the players fetch the segments from the store
    nginx      packaging/backend/nginx.conf in front, whose cache has it all, without TLS; nginx-tls: as it is

Without --mode all for which there are the programs. Linux only: each viewer has an address of its own on loopback.
"""

from __future__ import annotations

import argparse
import importlib
import os
import random
import resource
import ssl
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

import psutil
from upload import write
from upload_servers import FOLDER, Server, an_s3_server, our_backend, s3_client, s3_settings
from viewer_load import SEGMENT_S, Audience, Stream, Tally

PREFIX = "lesson/480p/"
PLAYLISTS = ("master.m3u8", "video.m3u8")
SEGMENTS = 60
PARTS = ("backend", "nginx", "store", "viewers")
STORE = ("radosgw", "ceph-mon", "ceph-osd")


@dataclass(frozen=True, kw_only=True)
class Mode:
    """A way to serve. `nginx` is the scheme of the proxy in front, empty without one."""

    workers: int = 1
    s3: bool = False
    playback: str = "proxy"
    nginx: str = ""


MODES = {
    "local": Mode(),
    "local-2": Mode(workers=2),
    "s3": Mode(s3=True),
    "s3-2": Mode(s3=True, workers=2),
    "redirect": Mode(s3=True, playback="redirect"),
    "nginx": Mode(nginx="http"),
    "nginx-tls": Mode(nginx="https"),
}


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What was measured in one mode; CPU in seconds and memory in bytes, each by part."""

    seconds: float
    tally: Tally
    cpu_s: dict[str, float]
    memory_bytes: dict[str, int]


def main() -> None:
    """Measure and print."""
    options = read_options()
    modes = [name for name in options.mode.split(",") if name] or possible_modes()
    raise_limit(options.viewers * 2 + 500)
    rate = options.viewers / SEGMENT_S
    write(
        f"{options.viewers} viewers, {rate:.0f} segments of {options.segment_kb} kB a second wanted, "
        f"{os.cpu_count()} cores"
    )
    with tempfile.TemporaryDirectory(prefix="v-", dir="/tmp") as name, ExitStack() as opened:
        scratch, server = Path(name), None
        if any(MODES[mode].s3 for mode in modes):
            server = opened.enter_context(an_s3_server(scratch, options))
        contents = make_contents(options.segment_kb * 1000)
        first: float | None = None
        for number, mode in enumerate(modes):
            with served(scratch / str(number), MODES[mode], server, contents) as (stream, processes):
                figures = measured(stream, processes, options)
            own = cpu_ms(figures, "backend") + cpu_ms(figures, "nginx")
            first = own if first is None else first
            show(mode, figures, own / first if first else 1.0)


def read_options() -> argparse.Namespace:
    """Return the command line's options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("viewers", 3000), ("seconds", 30), ("ramp", 18), ("segment-kb", 750)):
        parser.add_argument(f"--{name}", type=int, default=default, help="(default: %(default)s)")
    parser.add_argument("--mode", default="", help=f"of {', '.join(MODES)}; several with commas between")
    parser.add_argument("--endpoint", help="an S3 server that runs already (default: a Ceph server is started)")
    parser.add_argument("--bucket", default="viewers", help="the bucket there (default: %(default)s)")
    options = parser.parse_args()
    unknown = [name for name in options.mode.split(",") if name and name not in MODES]
    if unknown:
        parser.error(f"no mode is called {unknown[0]}: there are {', '.join(MODES)}")
    return options


def possible_modes() -> list[str]:
    """Return the modes for which there are the programs here; say which are left out."""
    store = not importlib.import_module("s3_server").missing_programs()
    nginx = importlib.import_module("nginx_proxy").nginx() is not None
    possible = [name for name, mode in MODES.items() if (store or not mode.s3) and (nginx or not mode.nginx)]
    if left_out := [name for name in MODES if name not in possible]:
        write(f"Left out, their programs are not here: {', '.join(left_out)}")
    return possible


def raise_limit(files: int) -> None:
    """Let this process, and all that it starts, have so many files open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard not in (resource.RLIM_INFINITY,) and hard < files:
        sys.exit(
            f"This takes {files} open files, and the system allows {hard}: raise it (ulimit -n), or --viewers less."
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, files), hard))


def make_contents(size_bytes: int) -> dict[str, bytes]:
    """Return the files of a stream by their names."""
    names = [f"segment_{number:03}.ts" for number in range(SEGMENTS)]
    rows = "".join(f"#EXTINF:{SEGMENT_S:.3f},\n{name}\n" for name in names)
    playlist = f"#EXTM3U\n#EXT-X-TARGETDURATION:6\n#EXT-X-PLAYLIST-TYPE:VOD\n{rows}#EXT-X-ENDLIST\n"
    master = f"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH={size_bytes * 8 // 6}\n{PLAYLISTS[1]}\n"
    chance = random.Random(1)
    files = dict(zip(PLAYLISTS, (master.encode(), playlist.encode()), strict=True))
    return {**files, **{name: chance.randbytes(size_bytes) for name in names}}


@contextmanager
def served(
    scratch: Path, mode: Mode, server: Server | None, contents: dict[str, bytes]
) -> Iterator[tuple[Stream, dict[str, list[psutil.Process]]]]:
    """Serve the stream while the block runs; yield it, and the processes of each part."""
    scratch.mkdir()
    root, settings = scratch / "root", {"BACKEND_WORKERS": str(mode.workers), "PLAYBACK": mode.playback}
    if mode.s3 and server is not None:
        settings.update(s3_settings(server, server.endpoint_url))
        client = s3_client(server)
        for name, content in contents.items():
            client.put_object(Bucket=server.bucket, Key=f"{FOLDER}/{PREFIX}{name}", Body=content)
        client.close()
    else:
        settings["STORAGE_TYPE"] = "LOCAL"
        (root / PREFIX).mkdir(parents=True)
        for name, content in contents.items():
            (root / PREFIX / name).write_bytes(content)
    with ExitStack() as opened:
        log = opened.enter_context((scratch / "log").open("wb"))
        path, context = "", None
        if mode.nginx:
            settings["PUBLIC_BASE_URL"], path = "https://127.0.0.1/video", "/video"
        backend = opened.enter_context(our_backend(root, settings, log=log))
        url = backend.url
        if mode.nginx:
            url, context = opened.enter_context(nginx_in_front(url, mode))
        running = [psutil.Process(backend.process_id), *psutil.Process(backend.process_id).children(recursive=True)]
        others = [one for one in psutil.Process().children(recursive=True) if one not in running]
        processes = {
            "backend": running,
            "nginx": [one for one in others if one.name() == "nginx"],
            "store": [one for one in others if one.name() in STORE],
            "viewers": [psutil.Process()],
        }
        segments = [name for name in contents if name not in PLAYLISTS]
        yield (
            Stream(url=f"{url}{path}/objects/{PREFIX}", playlists=PLAYLISTS, segments=segments, context=context),
            {part: found for part, found in processes.items() if found},
        )


@contextmanager
def nginx_in_front(url: str, mode: Mode) -> Iterator[tuple[str, ssl.SSLContext | None]]:
    """Run nginx in front of a backend; yield its address, and what TLS to it needs."""
    nginx_proxy = importlib.import_module("nginx_proxy")
    port = int(url.rpartition(":")[2])
    tls = mode.nginx == "https"
    with nginx_proxy.running(backend_port=port, tls=tls, workers=os.cpu_count() or 1, connections=10_000) as proxy:
        context = ssl.create_default_context(cafile=proxy.authority) if tls else None
        yield proxy.url.removesuffix("/video"), context


def measured(stream: Stream, processes: dict[str, list[psutil.Process]], options: argparse.Namespace) -> Figures:
    """Let the viewers come, and measure what follows."""
    for name in (*stream.playlists, *stream.segments):  # caches are warm then
        with urlopen(f"{stream.url}{name}", context=stream.context) as response:
            response.read()
    audience = Audience(stream, options.viewers, options.ramp)
    try:
        audience.run(options.ramp + SEGMENT_S)
        before, began = cpu_of(processes), time.monotonic()
        tally = audience.run(options.seconds)
        after, seconds = cpu_of(processes), time.monotonic() - began
        memory = {part: sum(one.memory_info().rss for one in found) for part, found in processes.items()}
    finally:
        audience.close()
    return Figures(
        seconds=seconds,
        tally=tally,
        cpu_s={part: after[part] - before[part] for part in processes},
        memory_bytes=memory,
    )


def cpu_of(processes: dict[str, list[psutil.Process]]) -> dict[str, float]:
    """Return the CPU time that each part has used so far, in seconds."""
    return {part: sum(sum(one.cpu_times()[:2]) for one in found) for part, found in processes.items()}


def cpu_ms(figures: Figures, part: str) -> float:
    """Return the CPU time of a part for one request, in milliseconds."""
    return figures.cpu_s.get(part, 0.0) / max(1, figures.tally.requests) * 1000


def show(mode: str, figures: Figures, ratio: float) -> None:
    """Print the figures of one mode."""
    tally = figures.tally
    costs = ", ".join(f"{part} {cpu_ms(figures, part):.2f}" for part in PARTS if part in figures.cpu_s)
    memory = ", ".join(f"{part} {figures.memory_bytes[part] / 1e6:.0f}" for part in PARTS[:3] if part in figures.cpu_s)
    own_ms = cpu_ms(figures, "backend") + cpu_ms(figures, "nginx")
    write(
        f"{mode}: {tally.requests / figures.seconds:.0f} requests and {tally.segments / figures.seconds:.0f} segments "
        f"a second, {tally.size_bytes / figures.seconds / 1e6:.0f} MB/s, "
        f"{100 * tally.late / max(1, tally.segments + tally.late):.1f} % late, {tally.failed} failed",
        f"  CPU ms a request: {costs}; backend and nginx {own_ms:.2f}, {ratio:.2f} of the first mode",
        f"  one core would do for {SEGMENT_S * 1000 / own_ms if own_ms else 0:.0f} viewers; MB of memory: {memory}; "
        f"load {os.getloadavg()[0]:.0f}",
        *(f"  failed: {why}" for why in sorted(tally.failures)),
    )


if __name__ == "__main__":
    main()
