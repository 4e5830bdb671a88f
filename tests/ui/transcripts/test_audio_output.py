"""The real PortAudio, in a process of its own whose home says what its devices are."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[3]
PLAY = """
import sys
import numpy as np
from ui.transcripts.audio_output import RATE_HZ, NoAudioDeviceError, open_device
try:
    output = open_device()
except NoAudioDeviceError as error:
    sys.exit(str(error))
ramp = np.linspace(-1, 1, RATE_HZ, dtype=np.float32)
for block in np.array_split(ramp, 25):
    output.write(block)
    assert 0 <= output.waiting <= RATE_HZ
output.finish()
output.close()
"""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only ALSA has devices that are files")


def play(home, before=""):
    """Play a second in a process with a home folder; return its status and what it complained of."""
    environment = {**os.environ, "HOME": str(home), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", before + PLAY], env=environment, capture_output=True, text=True, timeout=180
    )
    return done.returncode, done.stderr.strip().splitlines()[-1:]


def test_what_is_written_is_played(tmp_path):
    """Every sample reaches the device, on both of its sides."""
    played = tmp_path / "played.raw"
    setting = f'pcm.!default {{ type file slave.pcm {{ type null }} file "{played}" format raw }}\n'
    (tmp_path / ".asoundrc").write_text(setting, encoding="utf-8")
    assert (0, []) == play(tmp_path)
    raw = played.read_bytes()
    samples = np.frombuffer(raw, dtype="<f4").reshape(-1, 2)
    ramp = np.linspace(-1, 1, 48_000, dtype=np.float32)
    first = int(np.flatnonzero(np.abs(samples[:, 0]) > 0.5)[0])
    assert [ramp.tolist()] * 2 == [samples[first : first + len(ramp), side].tolist() for side in range(2)]


def test_no_device(tmp_path):
    """A computer without one says so."""
    none = "import sounddevice\nsounddevice.default.device = 999\n"
    assert (1, ["This computer has no device that plays audio."]) == play(tmp_path, none)


def test_no_library(tmp_path):
    """A computer without PortAudio says that."""
    missing = "import sys\nsys.modules['sounddevice'] = None\n"
    assert (1, ["This computer lacks PortAudio, which plays audio."]) == play(tmp_path, missing)
