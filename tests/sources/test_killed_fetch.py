"""A process that is killed while it fetches."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from program import ROOT
from source_server import Fault, Video, noise

from pipeline.cancel import CancelToken
from pipeline.sources.fetching import FetchListener, cache_of, fetch_source
from pipeline.transfer.http.control import TransferControl

CONTENT = noise(6_000_000)
HERE = 4_000_000

FETCHING = """
import sys
from dataclasses import replace
from pathlib import Path
from config import Config
from pipeline.cancel import CancelToken
from pipeline.job import Job
from pipeline.source_address import parse_address
from pipeline.sources import fetching
from pipeline.transfer.http.control import TransferControl

fetching.KEEP_S = 0.0  # what is there is written down with every block
address = parse_address(sys.argv[1])
job = Job(source=Path("a.mp4"), output_dir=Path("out"), slug="a", address=address)
config = replace(Config(), cache_dir=Path(sys.argv[2]))
fetching.fetch_source(job, config, CancelToken(), TransferControl(), fetching.FetchListener())
"""


def test_the_next_process_asks_for_the_rest_alone(server, config, job_of, tmp_path):
    """What was written down before the kill is there, byte for byte; no lock is left."""
    server.videos["/a.mp4"] = Video(CONTENT)
    server.faults += [Fault(after_bytes=1 << 20), Fault(after_bytes=HERE - (1 << 20), waits=True)]
    server.waiting.clear()
    job = job_of(f"{server.url}/a.mp4?secret")
    command = [sys.executable, "-c", FETCHING, f"{server.url}/a.mp4?secret", str(config.cache_dir)]
    with subprocess.Popen(command, cwd=ROOT) as child:
        assert server.holds.wait(300)
        note = cache_of(config).path_of(job.address).parent / "fetch.json"
        while _done(note) < HERE // 2:  # the program has still to write down what the server has sent
            assert child.poll() is None
            os.sched_yield()
        child.kill()
    server.waiting.set()
    server.asked.clear()
    came = fetch_source(job, config, CancelToken(), TransferControl(), FetchListener())
    assert CONTENT == cache_of(config).path_of(job.address).read_bytes()
    assert 0 < came < len(CONTENT) - HERE // 2
    assert server.sent_bytes() == came + (1 << 20)


def _done(note: Path) -> int:
    return max(stop for _, stop in json.loads(note.read_text())["done"]) if note.exists() else 0
