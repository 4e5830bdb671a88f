"""What stands beside docs/deploy.md."""

import shutil
import subprocess
from pathlib import Path

import installed_backend
import pytest

ROOT = Path(__file__).parents[2]
UNIT = ROOT / "packaging" / "backend" / "hls-converter-backend.service"
EXPOSURE = 15
"""Of 100, by systemd's own table: 12 when this was written; most services have more than 90."""


def test_requirements_are_those_of_the_program():
    """The backend alone runs with the versions with which the whole program does."""
    assert set(installed_backend.requirements()) <= set(installed_backend.requirements(ROOT / "requirements.txt"))


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="without systemd")
def test_the_sandbox_is_tight(tmp_path):
    """systemd understands every line of the unit, and finds little that the service could do."""
    text = UNIT.read_text(encoding="utf-8").replace("/opt/hls-converter-python/bin/python", shutil.which("true"))
    (unit := tmp_path / UNIT.name).write_text(text, encoding="utf-8")
    understood = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, check=False)
    judged = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", f"--threshold={EXPOSURE}", str(unit)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (0, "") == (understood.returncode, understood.stderr)
    assert 0 == judged.returncode, judged.stdout
