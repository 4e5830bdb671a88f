"""`doctor`: what this computer has for the program to work with."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from platform import platform, python_version

from config import Config
from pipeline.errors import PipelineError
from pipeline.media.process import ffmpeg_encoders, ffmpeg_version, find_ffmpeg
from pipeline.wiring import check_connection

LABEL_WIDTH = 12
NEEDED = ("libx264", "aac")


def run(options: argparse.Namespace, config: Config) -> int:
    """Print a line a thing; exit 1 when something that every job needs is missing."""
    from pipeline.speech.model import models_on_disk
    from ui.app import why_no_window

    sound = True
    _line("System", f"{platform()}, Python {python_version()}")
    try:
        ffmpeg = find_ffmpeg(config.ffmpeg_path)
        _line("ffmpeg", f"{ffmpeg_version(ffmpeg)} ({ffmpeg})")
        encoders = ffmpeg_encoders(ffmpeg)
        missing = [name for name in NEEDED if name not in encoders]
        sound = not missing
        _line("Encoder", f"this ffmpeg lacks {', '.join(missing)}: use another one" if missing else "x264 on the processor")
    except PipelineError as error:
        sound = False
        _line("ffmpeg", str(error))
    _line("Window", why_no_window() or "can be opened")
    _line("Whisper", ", ".join(models_on_disk()) or "no model downloaded yet; the first transcription fetches one")
    _line(
        "Backend",
        _outcome(lambda: check_connection(config)) if config.backend.configured else "not configured (BACKEND_URL and AUTH_TOKEN)",
    )
    for problem in config.problems:
        sound = False
        _line("Settings", problem)
    return 0 if sound else 1


def _outcome(question: Callable[[], str]) -> str:
    try:
        return question()
    except PipelineError as error:
        return str(error)


def _line(label: str, text: str) -> None:
    sys.stdout.write(f"{label:<{LABEL_WIDTH}}{text}\n")
