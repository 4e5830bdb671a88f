"""`doctor`: what this computer has for the program to work with."""

from __future__ import annotations

import argparse
import io
import shutil
import sys
import textwrap
from collections.abc import Sequence
from contextlib import redirect_stdout
from platform import platform, python_version
from typing import TextIO

from cli.printing import size_text
from config import ENV_FILE, Config
from installation import ROOT, config_folder, home_folder, log_folder, settings_file
from pipeline.errors import PipelineError
from pipeline.job import Codec, EncoderFamily
from pipeline.machine_report import (
    FfmpegFinding,
    look_at_backend,
    look_at_ffmpeg,
    look_at_models,
    makes_h264,
    try_encoders,
)
from pipeline.media.encode.encoder_check import (
    CODEC_NAMES,
    FAMILY_NAMES,
    EncoderResult,
    EncoderStatus,
    preferred,
)
from ui.preferences import PREFERENCES_FILE, Preferences
from ui.updates import update_address

LABEL_WIDTH = 12
CODEC_WIDTH = 7
FAMILY_WIDTH = 21
NARROWEST, WIDEST = 60, 100
"""The widths between which a row is broken, in characters."""

ON_PROCESSOR = {Codec.H264: "x264", Codec.HEVC: "x265", Codec.AV1: "SVT-AV1"}
"""The encoders on the processor, as their projects spell them."""


def run(options: argparse.Namespace, config: Config) -> int:
    """Print a line for each item; exit 1 when something that every job needs is missing.

    Raises OutputError if the findings can't be saved.
    """
    if options.save is None:
        return _show(config)
    from diagnostics.bundle import refuse_existing, save_diagnostics  # with the queue

    refuse_existing(options.save)
    printed = _Copied(sys.stdout)
    with redirect_stdout(printed):
        status = _show(config)
    save_diagnostics(
        options.save,
        findings=printed.copy.getvalue(),
        config=config,
        preferences=settings_file(PREFERENCES_FILE).read,
        logs=log_folder(),
        home=home_folder(),
    )
    text = f"Saved to {options.save}, without tokens and keys. It names files and servers: look into it first."
    sys.stdout.write(f"{text}\n")
    return status


class _Copied(io.TextIOBase):
    """Standard output, and a copy of what is written to it."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.copy = io.StringIO()

    def write(self, text: str) -> int:
        self.copy.write(text)
        return self._stream.write(text)


def _show(config: Config) -> int:
    from pipeline.speech.model_cache import state_text
    from ui.app import why_no_window

    working = True
    _line("System", f"{platform()}, Python {python_version()}")
    try:
        working = _ffmpeg(look_at_ffmpeg(config), config)
    except PipelineError as error:
        working = False
        _line("ffmpeg", str(error))
    _line("Window", why_no_window() or "can be opened")
    models = [f"{model.name} ({state_text(model)}, {size_text(model.size_bytes)})" for model in look_at_models()]
    _line("Whisper", ", ".join(models) or "no model downloaded yet; the first transcription fetches one")
    backend = look_at_backend(config)
    _line("Backend", backend.text if backend.reached is not None else "not configured (BACKEND_URL and AUTH_TOKEN)")
    _line("Settings", _settings())
    _update(config)
    _say_what_is_wrong(config)
    return 0 if working and not config.problems else 1


def _say_what_is_wrong(config: Config) -> None:
    """Print what can't be read of the settings, and what is odd about them."""
    for sentence in (*config.problems, *config.warnings):
        _line("Settings", sentence)


def _update(config: Config) -> None:
    """Print whether a newer version is there, where an address says so."""
    address = update_address(config, Preferences.load(settings_file(PREFERENCES_FILE).read).program)
    if not address:
        return
    from pipeline.update_notice import read_notice

    try:
        found = read_notice(address)
    except PipelineError as error:
        _line("Update", str(error))
        return
    _line("Update", f"version {found.version} is there: {found.notes}" if found.is_newer else "this is the newest")


def _settings() -> str:
    """Return which `.env` counts, or where one is looked for."""
    file = settings_file(ENV_FILE).read
    if file.exists():
        return str(file)
    folders = [str(folder) for folder in (ROOT, config_folder()) if folder is not None]
    return f"no {ENV_FILE} yet; it is looked for in {' and '.join(folders)}"


def _ffmpeg(found: FfmpegFinding, config: Config) -> bool:
    """Print what there is of ffmpeg and the table of encoders; return whether every job can be done."""
    if found.path is None:
        _line("ffmpeg", found.problem)
        return False
    _line("ffmpeg", f"{found.version} ({found.path})")
    if found.missing:
        _line("Needed", f"this ffmpeg lacks {', '.join(found.missing)}: use another one")
    label = "Encoders"
    works = False
    for codec in Codec:
        results = try_encoders(found.path, codec, cache_dir=config.cache_dir)
        for row in encoder_rows(results, _width() - LABEL_WIDTH):
            _line(label, row)
            label = ""
        works = works or makes_h264(results)
    return works and not found.missing


def encoder_rows(results: Sequence[EncoderResult], width: int) -> list[str]:
    """Return the rows of one codec's table, each at most `width` characters: codec, encoder, what came of trying it."""
    taken = preferred(results)
    rows = []
    for number, result in enumerate(results):
        codec = CODEC_NAMES[result.codec] if number == 0 else ""
        family = FAMILY_NAMES[result.family]
        if result.family is EncoderFamily.CPU:
            family += f" ({ON_PROCESSOR[result.codec]})"
        status = result.reason
        if result.status is EncoderStatus.WORKS:
            status = "works; auto takes this one" if result is taken else "works"
        head = f"{codec:<{CODEC_WIDTH}}{family:<{FAMILY_WIDTH}}"
        rows += textwrap.wrap(status, width, initial_indent=head, subsequent_indent=" " * len(head))
    return rows


def _width() -> int:
    return min(max(shutil.get_terminal_size().columns, NARROWEST), WIDEST)


def _line(label: str, text: str) -> None:
    """Print a label and its text, which goes on below itself; a path stays in one piece, to be copied."""
    head = f"{label:<{LABEL_WIDTH}}"
    rows = textwrap.wrap(
        text,
        _width(),
        initial_indent=head,
        subsequent_indent=" " * LABEL_WIDTH,
        break_long_words=False,
        break_on_hyphens=False,
    )
    sys.stdout.write("\n".join(rows) + "\n")
