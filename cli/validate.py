"""`validate`: is this folder a stream that players play, and what of it is not as Apple's rules have it."""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict
from pathlib import Path

from cli.json_lines import json_line
from config import Config
from pipeline.errors import OutputError, SettingsError
from pipeline.files import read_file
from pipeline.media.validate import Validation, validate

EXIT_CLEAN = 0
EXIT_FOUND = 1


def run(options: argparse.Namespace, config: Config) -> int:
    """Print one line per finding and a last one with their count; what can't be checked at all is raised.

    The exit status depends only on what breaks playback, which is also what stops a job.
    """
    key = _key(options.key) if options.key is not None else None
    try:
        validation = validate(options.folder, key=key)
    except OutputError as error:
        raise SettingsError(str(error)) from error  # naming no stream is wrong usage: exit status 2
    sys.stdout.write(_json(validation) if options.json else _text(validation))
    return EXIT_FOUND if validation.breaking else EXIT_CLEAN


def _key(path: Path) -> bytes:
    try:
        return read_file(path)
    except OSError as error:
        raise SettingsError(
            f"The key {path} can't be read ({error.strerror}): check the name and its permissions."
        ) from error


def _text(validation: Validation) -> str:
    lines = [f"{finding.file}: {finding.text} ({finding.rule})" for finding in validation.breaking]
    lines += [f"Not ideal: {finding.file}: {finding.text} ({finding.rule})" for finding in validation.not_ideal]
    lines += [f"Not checked: {text}" for text in validation.unchecked]
    looked_at = f"{_count(validation.playlists, 'playlist')} and {_count(validation.segments, 'segment')}"
    found = _count(len(validation.breaking), "problem") if validation.breaking else "No problem"
    beside = f" and {_count(len(validation.not_ideal), 'thing')} not ideal" if validation.not_ideal else ""
    return "\n".join([*lines, f"{found}{beside} found in {looked_at}."]) + "\n"


def _json(validation: Validation) -> str:
    """Return a line for each finding, a line for each thing not checked, and a last one with the count."""
    lines = [json_line("finding", asdict(finding)) for finding in validation.findings]
    lines += [json_line("unchecked", {"text": text}) for text in validation.unchecked]
    counts = {"playlists": validation.playlists, "segments": validation.segments}
    found = {"findings": len(validation.findings), "breaking": len(validation.breaking)}
    return "".join([*lines, json_line("validation_finished", {**found, **counts})])


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"
