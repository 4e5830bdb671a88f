"""The tokens as earlier versions kept them: in a JSON file. They allowed everything, everywhere, for ever."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pipeline.codec import from_json
from pipeline.errors import CodecError, SettingsError
from pipeline.timestamps import parse_timestamp

EARLIER_FILE = "tokens.json"
TAKEN_OVER = "tokens.json.taken-over"
_SCHEMA = 1


@dataclass(frozen=True, kw_only=True)
class _EarlierToken:
    sha256: str
    added: str


@dataclass(frozen=True, kw_only=True)
class _EarlierFile:
    tokens: Mapping[str, _EarlierToken]


def tokens_of_earlier(folder: Path) -> dict[str, tuple[str, int]]:
    """Return by its name each token's SHA-256 in hexadecimal digits and when it was made, in seconds since 1970.

    Empty where there is no such file. Raises SettingsError where it can't be understood.
    """
    file = folder / EARLIER_FILE
    try:
        stored = json.loads(file.read_bytes())
        if stored.pop("schema") != _SCHEMA:
            raise CodecError(f"{file} has a schema that no version wrote.")
        found = from_json(_EarlierFile, stored, str(file)).tokens
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise _unusable(file, error.strerror or "unreadable") from error
    except (ValueError, KeyError, AttributeError, TypeError, RecursionError, CodecError) as error:
        raise _unusable(file, "it is damaged") from error
    return {name: (token.sha256, _seconds(token.added)) for name, token in found.items()}


def take_over(folder: Path) -> None:
    """Set the file aside: its tokens are kept elsewhere now. Raises SettingsError."""
    file = folder / EARLIER_FILE
    try:
        file.replace(folder / TAKEN_OVER)
    except OSError as error:
        raise _unusable(file, error.strerror or "not renamed") from error


def _seconds(added: str) -> int:
    said = parse_timestamp(added)
    return 0 if said is None else int(said.timestamp())


def _unusable(file: Path, reason: str) -> SettingsError:
    return SettingsError(f"The tokens of an earlier version in {file} can't be read ({reason}): mend or remove it.")
