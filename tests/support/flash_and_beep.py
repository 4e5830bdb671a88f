"""Clips with a white flash and a beep at the same moments, and how far apart the two are in what was made of them.

A flash begins with the first frame that is bright after a dark one, a beep where the loudness of the audio passes half
of its own loudest. The coding of the audio blurs that by a few milliseconds.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from pipeline.media.ffmpeg.process import find_ffmpeg

LENGTH_S = 12
FLASHES = (1, 6, 11)
"""At which seconds of a clip, where no others are asked for: begin, middle and end."""

LASTS_S = 0.2
TONE_HZ = 1000
BRIGHT = 128
RATE_HZ = 48_000
LOUDNESS_SAMPLES = 96
"""Over so many samples the loudness is taken: 2 ms, two whole periods of the tone."""

CODECS = ("-c:v", "libx264", "-preset", "ultrafast", "-g", "50", "-pix_fmt", "yuv420p", "-c:a", "aac", "-b:a", "128k")


def inputs(
    rate: str = "25", length_s: float = LENGTH_S, flashes: Sequence[float] = FLASHES
) -> tuple[list[str], list[str]]:
    """Return ffmpeg's arguments for a video with flashes and an audio track with beeps, each an input of its own.

    Each flash is moved to the frame that begins at its time or after it, and the beep with it.
    """
    frame_s = 1 / Fraction(rate)
    times = [float(-(-Fraction(time) // frame_s) * frame_s) for time in flashes]
    shown = (
        "+".join(
            f"between(t,{time - float(frame_s) / 4:.6f},{time + LASTS_S - float(frame_s) / 4:.6f})" for time in times
        )
        or "0"
    )
    heard = "+".join(f"between(t,{time:.6f},{time + LASTS_S:.6f})" for time in times) or "0"
    video = f"color=black:size=320x180:rate={rate}:duration={length_s},drawbox=color=white:t=fill:enable='{shown}'"
    audio = f"aevalsrc='0.5*sin(2*PI*{TONE_HZ}*t)*({heard})':s={RATE_HZ}:d={length_s}"
    return ["-f", "lavfi", "-i", video], ["-f", "lavfi", "-i", audio]


def make(
    target: Path, *options: str, rate: str = "25", length_s: float = LENGTH_S, flashes: Sequence[float] = FLASHES
) -> Path:
    """Make a clip of the usual inputs and return it; `options` come after the usual codecs."""
    video, audio = inputs(rate, length_s, flashes)
    return run(target, *video, *audio, *CODECS, *options)


def run(target: Path, *arguments: str) -> Path:
    """Make a file with ffmpeg and return it."""
    subprocess.run([str(find_ffmpeg("")), "-v", "error", "-nostdin", "-y", *arguments, f"file:{target}"], check=True)
    return target


def apart_ms(video: Path, audio: Path | None = None) -> list[float]:
    """Return by how much each beep comes after its flash, in milliseconds; less than 0 where it comes before.

    Both are files or media playlists; without `audio` it lies in the same one as the video.
    """
    flashes, beeps = flash_times_s(video), beep_times_s(audio or video)
    assert len(flashes) == len(beeps), (flashes, beeps)
    return [round((beep - flash) * 1000, 1) for flash, beep in zip(flashes, beeps, strict=True)]


def flash_times_s(path: Path) -> list[float]:
    """Return when each flash begins, on the file's own clock."""
    found, bright = [], False
    with av.open(str(path)) as container:
        for frame in container.decode(container.streams.video[0]):
            was, bright = bright, float(frame.to_ndarray(format="gray").mean()) > BRIGHT
            if bright and not was:
                found.append(float(frame.pts * frame.time_base))
    return found


def beep_times_s(path: Path) -> list[float]:
    """Return when each beep begins, on the file's own clock;
    samples are placed by the times of the packets that they come from.
    """
    start_s, samples = _mono(path)
    power = np.convolve(samples**2, np.ones(LOUDNESS_SAMPLES) / LOUDNESS_SAMPLES, mode="same")
    loud = power > power.max() / 4
    begins = np.flatnonzero(loud[1:] & ~loud[:-1]) + 1
    apart = [begin for i, begin in enumerate(begins) if i == 0 or begin - begins[i - 1] > LASTS_S * RATE_HZ]
    return [start_s + float(begin) / RATE_HZ for begin in apart]


def _mono(path: Path) -> tuple[float, np.ndarray]:
    """Return when the first sample is heard, and the samples as float32 (n,) at 48 kHz,
    holes between packets as silence.
    """
    parts: list[tuple[float, np.ndarray]] = []
    with av.open(str(path)) as container:
        for frame in container.decode(container.streams.audio[0]):
            to_mono = av.AudioResampler(format="flt", layout="mono", rate=RATE_HZ)
            samples = [part.to_ndarray()[0] for part in (*to_mono.resample(frame), *to_mono.resample(None))]
            parts.append((float(frame.pts * frame.time_base), np.concatenate(samples)))
    start_s = parts[0][0]
    whole = np.zeros(round((parts[-1][0] - start_s) * RATE_HZ) + len(parts[-1][1]), dtype=np.float32)
    for time_s, samples in parts:
        at = round((time_s - start_s) * RATE_HZ)
        whole[at : at + len(samples)] = samples[: len(whole) - at]
    return start_s, whole
