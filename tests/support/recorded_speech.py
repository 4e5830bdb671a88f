"""A real Whisper model and recordings with their words, where ./run-tests has put them (packaging/speech_data.py)."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(sys.prefix) / "speech-data"
MODEL = FOLDER / "tiny.en"
RECORDINGS = FOLDER / "librivox"

LINE = re.compile(r"<s> (?P<words>.+) </s> \((?P<name>\S+)\)")


@dataclass(frozen=True, kw_only=True)
class Recording:
    """A sentence read aloud, 16 kHz mono, and its words in lower case without punctuation."""

    path: Path
    words: tuple[str, ...]


def missing() -> list[str]:
    """Return what the tests marked `speech` need and what is not there."""
    there = {"the Whisper model tiny.en": MODEL / "model.bin", "recorded speech": RECORDINGS / "transcription"}
    return [name for name, path in there.items() if not path.is_file()]


def recordings() -> tuple[Recording, ...]:
    """Return the recordings in the order of the book.

    The words are those that the package tells, but for one that nobody says.
    """
    text = (RECORDINGS / "transcription").read_text(encoding="utf-8")
    lines = text.replace("a more a amiable woman", "a more amiable woman").splitlines()
    found = [match for line in lines if (match := LINE.fullmatch(line.strip()))]
    return tuple(
        Recording(path=RECORDINGS / f"{match['name']}.wav", words=tuple(match["words"].split())) for match in found
    )
