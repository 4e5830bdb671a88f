"""Real processes that convert videos and put their transcripts into one dataset, all at once."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from program import command, make_clip, start

DEADLINE_S = 120


def captioned_clips(folder: Path) -> list[Path]:
    """Make two videos, each with captions beside it, which need no Whisper."""
    made = []
    for name, tone_hz in (("one", 440), ("two", 880)):
        (folder / f"{name}.srt").write_text(f"1\n00:00:00,200 --> 00:00:01,000\nThis is {name}.\n", encoding="utf-8")
        audio = f"sine=frequency={tone_hz}:sample_rate=48000"
        made.append(make_clip(folder / f"{name}.mp4", seconds=1.2, size="320x180", audio=audio))
    return made


def converted(
    clips: Sequence[Path],
    dataset: object,
    environments: Sequence[Mapping[str, str]],
    act: Callable[[list[subprocess.Popen[str]]], None] = lambda processes: None,
) -> tuple[list[int], list[str]]:
    """Convert each video in a process of its own, all at once; return exit statuses and what they complained of."""
    processes = []
    for clip, environment in zip(clips, environments, strict=True):
        arguments = ["--captions", f"{clip.with_suffix('.srt')}:en", "--no-mp4", "--preset", "ultrafast"]
        line = command("convert", clip, "-o", clip.parent / "out", *arguments, "--dataset", str(dataset))
        processes.append(start(line, {**os.environ, **environment}))
    try:
        act(processes)
        said = [process.communicate(timeout=DEADLINE_S)[1] for process in processes]
    finally:
        for process in processes:
            process.kill()
    return [process.returncode for process in processes], said
