"""Finished pieces of work on disk, each with a mark of what it was made from: what survives a kill or a power cut.

Knows folders, marks and moves; nothing of what the pieces are.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pipeline.codec import from_json
from pipeline.errors import CodecError, OutputError
from pipeline.files import size_of, write_whole

MARK = "done.json"
MOVES = "moves.json"

T = TypeVar("T", "_Mark", "_Moves")


@dataclass(frozen=True, kw_only=True)
class Move:
    """A file on its way from a piece's folder to its place; both relative to folders that the caller names."""

    source: str
    target: str
    size_bytes: int


@dataclass(frozen=True, kw_only=True)
class _Mark:
    """What a finished piece was made from, the sizes of its files by their paths inside, and its facts."""

    key: str
    files: Mapping[str, int]
    facts: Mapping[str, object]


@dataclass(frozen=True, kw_only=True)
class _Moves:
    """Moves that were begun: for which work, the source, target and size of each, and the facts of the result."""

    key: str
    moves: tuple[tuple[str, str, int], ...]
    facts: Mapping[str, object]


def key_of(*parts: object) -> str:
    """Return a short text that is the same for the same parts only; parts are what JSON can hold."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


class Checkpoints:
    """The finished pieces in one folder. A piece has a name and the key of what it was made from."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @property
    def pieces(self) -> tuple[Path, ...]:
        """The folders of the finished pieces, whatever they were made from."""
        return tuple(sorted(mark.parent for mark in self.root.rglob(MARK)))

    @property
    def size_bytes(self) -> int:
        """How much the finished pieces take."""
        return sum(path.stat().st_size for piece in self.pieces for path in piece.rglob("*") if path.is_file())

    @property
    def moving(self) -> bool:
        """Whether moves have begun."""
        return (self.root / MOVES).exists()

    def find(self, name: str, key: str) -> Mapping[str, object] | None:
        """Return the facts of a finished piece, None if it is missing, incomplete, or made from something else."""
        mark = _read(_Mark, self.root / name / MARK)
        if mark is None or mark.key != key:
            return None
        for file, size_bytes in mark.files.items():
            if size_of(self.root / name / file) != size_bytes:
                return None
        return mark.facts

    def begin(self, name: str) -> Path:
        """Return an empty folder for an attempt at a piece; what was there is removed. Raises OutputError.

        The name is a new one: a program that a killed run has left behind may still write into an earlier attempt.
        """
        for left in (self.root / name, *self.root.glob(f"{name}.*")):
            shutil.rmtree(left, ignore_errors=True)
        folder = self.root / f"{name}.{secrets.token_hex(4)}"
        try:
            folder.mkdir(parents=True)
        except OSError as error:
            raise OutputError(f"{folder} can't be made ({error.strerror}): choose another output folder.") from error
        return folder

    def keep(self, name: str, attempt: Path) -> None:
        """Let an attempt that has all its files be the piece. It is not marked as finished yet. Raises OutputError."""
        try:
            attempt.replace(self.root / name)
        except OSError as error:
            raise OutputError(
                f"{attempt} can't be renamed ({error.strerror}): close programs that use it and start again."
            ) from error

    def finish(self, name: str, key: str, facts: Mapping[str, object]) -> None:
        """Mark a piece that was kept as finished; by then all its files are on the disk for good.

        Raises OutputError.
        """
        folder = self.root / name
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        try:
            for path in files:
                _sync(path)
        except OSError as error:
            raise OutputError(
                f"{folder} can't be written ({error.strerror}): free some space and start again."
            ) from error
        sizes = {path.relative_to(folder).as_posix(): path.stat().st_size for path in files}
        write_whole(folder / MARK, json.dumps({"key": key, "files": sizes, "facts": dict(facts)}))

    def keep_only(self, names: Iterable[str]) -> None:
        """Remove every piece but these, finished or not, and every attempt at another one."""
        kept = set(names)
        for path in self.root.iterdir() if self.root.exists() else ():
            if path.is_dir() and path.name.partition(".")[0] not in kept:
                shutil.rmtree(path, ignore_errors=True)

    def move(self, key: str, moves: Sequence[Move], target: Path, facts: Mapping[str, object]) -> Mapping[str, object]:
        """Move files from finished pieces to their places below `target`; if interrupted, `finish_moves` continues."""
        stored = {"key": key, "moves": [[m.source, m.target, m.size_bytes] for m in moves], "facts": dict(facts)}
        write_whole(self.root / MOVES, json.dumps(stored))
        finished = self.finish_moves(key, target)
        if finished is None:
            raise OutputError(f"{self.root} was changed by another program while the files were moved: start again.")
        return finished

    def finish_moves(self, key: str, target: Path) -> Mapping[str, object] | None:
        """Continue moves that have begun; return the facts given then, None if there are none or files are missing.

        Raises OutputError when a file can't be moved.
        """
        begun = _read(_Moves, self.root / MOVES)
        if begun is None or begun.key != key:
            return None
        for source, target_name, size_bytes in begun.moves:
            old, new = self.root / source, target / target_name
            try:
                if old.exists():
                    new.parent.mkdir(parents=True, exist_ok=True)
                    old.replace(new)
            except OSError as error:
                raise OutputError(
                    f"{new} can't be put in place ({error.strerror}): close programs that use it and start again."
                ) from error
            if size_of(new) != size_bytes:
                (self.root / MOVES).unlink()
                return None
        return begun.facts

    def clear(self) -> None:
        """Remove everything."""
        shutil.rmtree(self.root, ignore_errors=True)


def _read(kind: type[T], path: Path) -> T | None:
    """Return what a file holds, None if it is missing or can't be understood."""
    try:
        return from_json(kind, json.loads(path.read_bytes()), path.name)
    except (OSError, ValueError, RecursionError, CodecError):
        return None


def _sync(path: Path) -> None:
    with path.open("r+b") as file:
        os.fsync(file.fileno())
