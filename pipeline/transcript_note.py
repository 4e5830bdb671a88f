"""What a transcription of an earlier run has made beside a video, of which source, with which settings.

It is kept in a hidden file beside the others, so that it goes where they go. Knows nothing of how they are made.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pipeline.codec import from_json, to_json
from pipeline.errors import CodecError
from pipeline.files import digest_of, size_of, write_whole
from pipeline.fingerprint import Fingerprint
from pipeline.output_settings import label

SCHEMA = 1

Settings = Mapping[str, object]
"""What a transcript depends on beside its source, by name; what is at its default is left out."""


@dataclass(frozen=True, kw_only=True)
class MadeFile:
    """A file that was made: the SHA-256 (hex) of its content, and the settings that it was made with.

    `digest` is None where there was nothing to make, as no translation of what is said in English.
    """

    digest: str | None
    settings: Settings


@dataclass(frozen=True, kw_only=True)
class TranscriptNote:
    """The files that were made of a source, by their names in the folder of the note."""

    source: Fingerprint
    files: Mapping[str, MadeFile]


def note_path(folder: Path, stem: str) -> Path:
    """Return where the note of a video's files lies."""
    return folder / f".{stem}.transcript.json"


def read_transcript_note(path: Path) -> TranscriptNote | None:
    """Return what was noted, None where nothing was that can be understood."""
    try:
        stored = json.loads(path.read_bytes())
        if stored.pop("schema") != SCHEMA:
            return None
        return from_json(TranscriptNote, stored, path.name)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, CodecError):
        return None


def write_note(path: Path, note: TranscriptNote) -> None:
    """Put it there in one step. Raises OutputError."""
    write_whole(path, json.dumps({"schema": SCHEMA, **to_json(note)}, indent=2) + "\n")


def is_corrected(path: Path, made: MadeFile) -> bool:
    """Whether somebody has changed a file since it was made. One that is gone or empty does not count."""
    return bool(size_of(path)) and digest_of(path) != made.digest


def is_lost(path: Path, made: MadeFile) -> bool:
    """Whether a file is gone, or empty and was not made so."""
    return not size_of(path) and digest_of(path) != made.digest


def differing(some: Settings, others: Settings) -> Iterator[str]:
    """Yield what the settings are called that differ."""
    for name in sorted(some.keys() | others.keys()):
        if some.get(name) != others.get(name):
            yield label(name)
