"""The content of one upload in parts, as it grows: parts are joined behind each other as they come.

So the object is there when the last part is: completing it moves one file, and never needs room for all parts twice. A
journal says which file that is and which parts are joined in it. A line is written when its part is on the disk, and
what lies behind the last one's end is worth nothing: a crash at any point loses no part, since a part's own file is
removed last. Whoever joins holds the upload's lock.
"""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from storage.backend import StoredPart
from storage.files import copy_bytes

JOURNAL = "joined-1.txt"
"""The content's name, then a line a part: number, size, MD5. The journal's own name has the format's version."""

_CONTENT = re.compile(r"content-[0-9a-f]{32}")
_LINE = re.compile(r"([0-9]{1,5}) ([0-9]+) ([0-9a-f]{32})")


@dataclass(frozen=True, kw_only=True)
class PlacedPart:
    """Where a stored part's bytes are: in `file`, from `start_bytes` on."""

    part: StoredPart
    file: Path
    start_bytes: int = 0


@dataclass(frozen=True, kw_only=True)
class JoinedContent:
    """What is joined: the parts in the order in which they lie in `content`, None where nothing is; how many bytes they
    have, and those of the journal that say so.
    """

    content: Path | None = None
    pieces: tuple[PlacedPart, ...] = ()
    size_bytes: int = 0
    journal_bytes: int = 0

    @property
    def parts(self) -> list[StoredPart]:
        """The parts alone."""
        return [piece.part for piece in self.pieces]


def joined_in(place: Path) -> JoinedContent:
    """Return what is joined in an upload's folder. Raises OSError."""
    try:
        name, *lines = (place / JOURNAL).read_text(encoding="ascii", errors="replace").split("\n")
    except FileNotFoundError:
        return JoinedContent()
    content, pieces, start_bytes, journal_bytes = place / name, list[PlacedPart](), 0, len(name) + 1
    for line in lines[:-1]:  # what has no end was broken off by a crash, and its part has its own file still
        if not (match := _LINE.fullmatch(line)):
            break
        part = StoredPart(number=int(match[1]), size_bytes=int(match[2]), etag=match[3])
        pieces.append(PlacedPart(part=part, file=content, start_bytes=start_bytes))
        start_bytes += part.size_bytes
        journal_bytes += len(line) + 1
    if not _CONTENT.fullmatch(name):
        return JoinedContent()
    return JoinedContent(content=content, pieces=tuple(pieces), size_bytes=start_bytes, journal_bytes=journal_bytes)


def moved_away(place: Path) -> bool:
    """Whether the content has become an object: the upload was completed, and a crash left the rest. Raises OSError."""
    try:
        with (place / JOURNAL).open(encoding="ascii", errors="replace") as journal:
            name = journal.readline().removesuffix("\n")
    except FileNotFoundError:
        return False
    return _CONTENT.fullmatch(name) is not None and not (place / name).is_file()


def append(place: Path, joined: JoinedContent, piece: PlacedPart) -> JoinedContent:
    """Join one more part, which has a file of its own, and remove that. Raises OSError."""
    content, part = joined.content, piece.part
    if content is None:
        content = place / _new_name()
        content.touch(exist_ok=False)  # first: a journal whose content is missing says that it has become an object
        joined = _written(place, content, ())
    with content.open("r+b", buffering=0) as file:
        file.truncate(joined.size_bytes)
        copy_bytes(piece.file, file, size_bytes=part.size_bytes, to_byte=joined.size_bytes)
        os.fsync(file.fileno())
    line = _line(part)
    with (place / JOURNAL).open("r+b") as journal:
        journal.seek(joined.journal_bytes)
        journal.truncate()
        journal.write(line)
        journal.flush()
        os.fsync(journal.fileno())
    with suppress(FileNotFoundError):
        piece.file.unlink()
    return JoinedContent(
        content=content,
        pieces=(*joined.pieces, PlacedPart(part=part, file=content, start_bytes=joined.size_bytes)),
        size_bytes=joined.size_bytes + part.size_bytes,
        journal_bytes=joined.journal_bytes + len(line),
    )


def joined_anew(place: Path, pieces: Iterable[PlacedPart]) -> JoinedContent:
    """Join parts of which one was sent again, or is left out, in a new file in place of the old one. Raises OSError."""
    old, content = joined_in(place).content, place / _new_name()
    made, start_bytes = list[PlacedPart](), 0
    with content.open("xb", buffering=0) as file:
        for piece in pieces:
            size_bytes = piece.part.size_bytes
            copy_bytes(piece.file, file, size_bytes=size_bytes, from_byte=piece.start_bytes, to_byte=start_bytes)
            made.append(PlacedPart(part=piece.part, file=content, start_bytes=start_bytes))
            start_bytes += size_bytes
        os.fsync(file.fileno())
    joined = _written(place, content, made)
    if old is not None:
        old.unlink(missing_ok=True)
    return joined


def _written(place: Path, content: Path, pieces: Sequence[PlacedPart]) -> JoinedContent:
    """Write a new journal, and return what it says."""
    text = b"".join([f"{content.name}\n".encode("ascii"), *(_line(piece.part) for piece in pieces)])
    new = place / f"{JOURNAL}.new"
    with new.open("wb") as journal:
        journal.write(text)
        journal.flush()
        os.fsync(journal.fileno())
    new.replace(place / JOURNAL)
    size_bytes = sum(piece.part.size_bytes for piece in pieces)
    return JoinedContent(content=content, pieces=tuple(pieces), size_bytes=size_bytes, journal_bytes=len(text))


def _line(part: StoredPart) -> bytes:
    return f"{part.number} {part.size_bytes} {part.etag}\n".encode("ascii")


def _new_name() -> str:
    return f"content-{uuid.uuid4().hex}"
