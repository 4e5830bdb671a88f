"""What has been transcribed of the audio, on disk meanwhile: after a kill, the next run goes on from there.

A file of JSON lines that only grows: the key of the work first, then segments, and after each window how far it is.
What follows the last such mark, as a line that a power cut has broken, is not read. Times are those of the audio, from
where the transcription begins.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

from pipeline.codec import from_json, to_json
from pipeline.errors import CodecError, OutputError
from pipeline.files import write_whole
from pipeline.speech.transcript import Segment

SCHEMA = 1
LINES_AT_FIRST = 2
"""The key, and the mark that nothing was transcribed yet."""


@dataclass(frozen=True, kw_only=True)
class Recognized:
    """How far an audio track has been transcribed.

    Attributes:
        seconds: of it.
        language: its code, None while nobody has spoken.
        language_probability: of that.
        segments: what was transcribed, in order.
    """

    seconds: float = 0.0
    language: str | None = None
    language_probability: float = 0.0
    segments: tuple[Segment, ...] = ()


class RecognitionLog:
    """The file of one piece of work. `key` says of which: of another, nothing is read."""

    def __init__(self, path: Path, key: str) -> None:
        self._path = path
        self._head: dict[str, Any] = {"schema": SCHEMA, "key": key}
        self._file: IO[str] | None = None

    def read(self) -> Recognized:
        """Return what an earlier run has transcribed of the same work, an empty value if there is none."""
        try:
            lines = [json.loads(line) for line in _whole_lines(self._path)]
            if not lines or lines[0] != self._head:
                return Recognized()
            return _recognized(lines[1:])
        except (OSError, ValueError, RecursionError, CodecError, KeyError, TypeError):
            return Recognized()

    def begin(self, heard: Recognized) -> None:
        """Begin the file anew with what was read from it. Raises OutputError."""
        lines = [self._head, *(_segment_line(segment) for segment in heard.segments), _mark(heard)]
        write_whole(self._path, "".join(json.dumps(line) + "\n" for line in lines))
        try:
            self._file = self._path.open("a", encoding="utf-8", newline="\n")
        except OSError as error:
            raise _unwritable(self._path, error) from error

    def add(self, segments: tuple[Segment, ...], heard: Recognized) -> None:
        """Note a window's segments and how far it goes; `heard` needs no segments. Raises OutputError."""
        if self._file is None:
            return
        lines = [*(_segment_line(segment) for segment in segments), _mark(heard)]
        try:
            self._file.write("".join(json.dumps(line) + "\n" for line in lines))
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise _unwritable(self._path, error) from error

    def close(self) -> None:
        """Close the file; it stays for the next run."""
        if self._file is not None:
            self._file.close()
            self._file = None


def aligned_log(log: Path) -> Path:
    """Return the file beside a log that keeps which words of a script were aligned."""
    return log.with_name(f"{log.stem}.aligned{log.suffix}")


def has_progress(path: Path) -> bool:
    """Whether a log holds any progress."""
    try:
        return len(_whole_lines(path)) > LINES_AT_FIRST
    except OSError:
        return False


def _whole_lines(path: Path) -> list[str]:
    """Return the lines up to the last mark."""
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    marks = [number for number, line in enumerate(lines) if line.startswith('{"seconds"') and line.endswith("}")]
    return lines[: marks[-1] + 1] if marks else []


def _recognized(lines: list[Any]) -> Recognized:
    segments = tuple(from_json(Segment, line["segment"], "What was recognized") for line in lines if "segment" in line)
    mark = from_json(Recognized, {**lines[-1], "segments": []}, "What was recognized")
    return replace(mark, segments=segments)


def _segment_line(segment: Segment) -> dict[str, Any]:
    return {"segment": to_json(segment)}


def _mark(heard: Recognized) -> dict[str, Any]:
    return {
        "seconds": heard.seconds,
        "language": heard.language,
        "language_probability": heard.language_probability,
    }


def _unwritable(path: Path, error: OSError) -> OutputError:
    return OutputError(f"{path} can't be written ({error.strerror}): free some space and start again.")
