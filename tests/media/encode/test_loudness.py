"""Loudness after EBU R128, in parts, and the limiter that keeps true peaks down."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import numpy as np
import pytest

from pipeline.media.encode.limiter import MARGIN, limited
from pipeline.media.encode.loudness import SILENCE_LUFS, LoudnessMeter, loudness
from pipeline.media.ffmpeg.process import find_ffmpeg

RATE_HZ = 48_000


def _tone(level_db: float, length_s: float = 20, hz: float = 997.0) -> np.ndarray:
    return (10 ** (level_db / 20) * np.sin(2 * np.pi * hz * np.arange(round(length_s * RATE_HZ)) / RATE_HZ)).astype(
        np.float32
    )


def _measured(samples: np.ndarray, block: int = 24_000) -> list[float]:
    meter = LoudnessMeter(len(samples))
    return [power for at in range(0, samples.shape[1], block) for power in meter.put(samples[:, at : at + block])]


def test_a_tone_on_two_channels_is_as_loud_as_the_standard_says():
    """EBU Tech 3341, case 1: 1 kHz at -23 dBFS is -23 LUFS."""
    assert pytest.approx(-23.0, abs=0.1) == loudness(_measured(np.stack([_tone(-23.0)] * 2))).integrated_lufs


def test_one_channel_is_heard_from_two_loudspeakers():
    """A mono track measures like the same audio on two channels."""
    assert pytest.approx(-23.0, abs=0.1) == loudness(_measured(_tone(-23.0)[None])).integrated_lufs


def test_quiet_parts_are_gated():
    """EBU Tech 3341, case 3: 10 s at -36, 60 s at -23 and 10 s at -36 dBFS are -23 LUFS."""
    whole = np.concatenate([_tone(-36.0, 10), _tone(-23.0, 60), _tone(-36.0, 10)])
    assert pytest.approx(-23.0, abs=0.1) == loudness(_measured(np.stack([whole] * 2))).integrated_lufs


def test_the_range_is_the_distance_of_loud_and_quiet():
    """EBU Tech 3342, case 1: 20 s at -20 and 20 s at -30 dBFS are 10 LU."""
    whole = np.concatenate([_tone(-20.0), _tone(-30.0)])
    assert pytest.approx(10.0, abs=1.0) == loudness(_measured(np.stack([whole] * 2))).range_lu


def test_silence_has_no_loudness():
    """And too little to measure has none either."""
    assert (
        SILENCE_LUFS
        == loudness(_measured(np.zeros((2, 5 * RATE_HZ), dtype=np.float32))).integrated_lufs
        == loudness([]).integrated_lufs
    )


def test_six_channels_are_weighed_as_ffmpeg_does(tmp_path):
    """Noise at another level in each."""
    chance = np.random.default_rng(1)
    samples = (chance.normal(0, 0.05, (6, 10 * RATE_HZ)) * np.arange(1, 7)[:, None] / 3).astype(np.float32)
    assert pytest.approx(_ffmpeg_lufs(samples, tmp_path), abs=0.1) == loudness(_measured(samples)).integrated_lufs


def _ffmpeg_lufs(samples: np.ndarray, folder: Path) -> float:
    raw = folder / "raw"
    raw.write_bytes(np.ascontiguousarray(samples.T).tobytes())
    arguments = [
        "-f",
        "f32le",
        "-ar",
        "48000",
        "-channel_layout",
        "5.1",
        "-i",
        str(raw),
        "-af",
        "ebur128",
        "-f",
        "null",
        "-",
    ]
    done = subprocess.run(
        [str(find_ffmpeg("")), "-hide_banner", *arguments], capture_output=True, text=True, check=True
    )
    return float(re.findall(r"I:\s+(-[\d.]+) LUFS", done.stderr)[-1])


def _padded(samples: np.ndarray) -> np.ndarray:
    return np.pad(samples, ((0, 0), (MARGIN, MARGIN)))


def test_peaks_are_turned_down_and_the_rest_stays():
    """Also a peak that lies between two samples."""
    quiet = _tone(-20.0, 2)
    loud = quiet.copy()
    loud[RATE_HZ : RATE_HZ + 48] *= 20
    made = limited(_padded(loud[None]), 0.8)
    assert 0.8 >= float(np.abs(made).max()) - 1e-6
    assert np.array_equal(quiet[: RATE_HZ // 2], made[0][: RATE_HZ // 2])


def test_a_peak_between_samples_counts():
    """A quarter of the rate, in between: the samples reach 0.71 of the wave's height."""
    wave = (0.99 * np.sin(np.pi / 2 * np.arange(RATE_HZ) + np.pi / 4)).astype(np.float32)
    made = limited(_padded(wave[None]), 0.8)
    assert (pytest.approx(0.70, abs=0.01), pytest.approx(0.566, abs=0.02)) == (
        float(np.abs(wave).max()),
        float(np.abs(made).max()),
    )


def test_parts_come_out_like_the_whole():
    """What comes of a moment depends on what is near it only."""
    noise = np.random.default_rng(2).normal(0, 0.5, (2, 6 * RATE_HZ)).astype(np.float32)
    padded = _padded(noise)
    parts = [limited(padded[:, at : at + RATE_HZ + 2 * MARGIN], 0.8) for at in range(0, 6 * RATE_HZ, RATE_HZ)]
    assert np.allclose(limited(padded, 0.8), np.concatenate(parts, axis=1), atol=1e-6)
