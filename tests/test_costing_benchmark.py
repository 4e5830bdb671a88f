"""The table of what a course costs is made from the figures that were measured."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"


@pytest.fixture
def costing(tmp_path, monkeypatch):
    """Return a function that runs the benchmark on what was measured, with changes to it."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    from cluster_figures import ClusterFigures, write_figures

    measured = ClusterFigures(encode_s=3000, speech_s=440, rest_s=100, overhead_s=60, one_worker=0.9, two_workers=1.7)

    def run(*options: str, **changes: float) -> subprocess.CompletedProcess[str]:
        write_figures(replace(measured, **changes), tmp_path / "figures.json")
        command = [sys.executable, str(BENCHMARKS / "costing.py"), "--figures", str(tmp_path / "figures.json")]
        return subprocess.run([*command, "--lectures", "2", *options], capture_output=True, text=True)

    return run


def test_the_table_follows_from_the_figures(costing):
    """A lecture takes an hour, of which a minute is no work: one machine has two done after two hours."""
    lines = costing().stdout.splitlines()
    assert "Measured: 0.90 lectures an hour by one worker, 1.70 by two." in lines
    assert "| 1 | all with one core, around the clock | 2 | 2 | 2 | 1.00 |" in lines
    assert "| 2 | all with one core, around the clock | 1 | 2 | 2 | 2.00 |" in lines
    assert any("without Whisper" in line for line in lines)


def test_without_captions_no_machine_is_without_whisper(costing):
    """What is measured without them says nothing of it: the rows are left out, and that is said."""
    lines = costing(speech_s=0).stdout.splitlines()
    assert ["Nothing is transcribed, so there are no rows for machines without Whisper."] == [
        line for line in lines if "Whisper" in line
    ]
    assert any("with two cores" in line for line in lines)


def test_an_overhead_beside_a_measured_one_is_refused(costing):
    """It would be ignored."""
    ran = costing("--overhead", "0")
    assert (2, "") == (ran.returncode, ran.stdout)
    assert "--overhead is in the file of --figures: leave it out" in ran.stderr
