"""Each program in benchmarks/ still runs, with as little to measure as it takes; where that is too much, its help."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
BENCHMARKS = ROOT / "benchmarks"

LEAST: dict[str, tuple[tuple[str, ...], str]] = {
    "batch.py": (("--help",), "--videos"),  # a real model
    "cancel.py": (("--help",), "--preset"),  # it needs a PostgreSQL
    "cluster.py": (("--help",), "--rounds"),  # it needs a PostgreSQL
    "complete_parts.py": (("--megabytes", "11", "--part-megabytes", "5"), "complete"),
    "copy_top.py": (("--source", str(ROOT / "samples" / "welcome.mp4"), "--presets", "ultrafast"), "ultrafast"),
    "costing.py": (("--encode", "2000", "--speech", "500", "--rest", "100", "--lectures", "5"), "| 50 | 25 "),
    "documents.py": (("--rows", "2000", "--repeat", "1"), "2000 edits"),
    "editor.py": (("--help",), "--rows"),  # it opens a window
    "encode.py": (("--help",), "--startup"),  # it encodes nothing below 1080p
    "job_queue.py": (("--jobs", "200"), "last / first"),
    "journal.py": (("--files", "2000"), "2000"),
    "ladder.py": (("--help",), "--target-vmaf"),  # it encodes slides in every quality
    "latency_proxy.py": (("--help",), "--round-trip-ms"),
    "many_files.py": (("--files", "20"), "manifest show"),
    "quality.py": (("--help",), "--preset"),  # test_quality_benchmark.py runs it
    "request_log.py": (("--help",), "--rounds"),  # it starts seven backends
    "scan.py": (("--hours", "0.02", "--containers", "mkv"), "mkv"),
    "several_videos.py": (("--help",), "--beside"),  # a real model
    "slow_clients.py": (("--readers", "2", "--heads", "20", "--seconds", "1"), "20 half-sent requests"),
    "transcribe.py": (("--help",), "--prompts"),  # a real model hears minutes of speech
    "upload.py": (("--help",), "--latencies"),  # it starts a server for every upload
    "upload_memory.py": (("--gigabytes", "0.07", "--files", "10"), "10 files"),
    "upload_ways.py": (("ours",), ""),  # upload_memory.py starts it
    "viewers.py": (
        ("--mode", "local", "--viewers", "12", "--seconds", "1", "--ramp", "1", "--segment-kb", "50"),
        "CPU ms a request: backend",
    ),
    "window.py": (("--help",), "--minutes"),  # it opens a window
}
"""The options of the smallest run of each, and what it then prints."""


def test_every_program_is_run():
    """One that is added to the folder is added here."""
    programs = [path.name for path in BENCHMARKS.glob("*.py") if '__name__ == "__main__"' in path.read_text("utf-8")]
    assert sorted(LEAST) == sorted(programs)


@pytest.mark.parametrize("program", [name for name in LEAST if name != "upload_ways.py"])
def test_a_benchmark_runs(program, tmp_path, monkeypatch):
    """A module of the program that was renamed would end it, or one of the processes that it starts."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    options, printed = LEAST[program]
    command = [sys.executable, str(BENCHMARKS / program), *options]
    run = subprocess.run(command, capture_output=True, text=True, timeout=1200, check=False)
    assert (0, True) == (run.returncode, printed in run.stdout), run.stderr
