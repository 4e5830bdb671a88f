"""What a backup of the backend looks like on disk, and how one is read and checked.

DIR/<time>/backup.json      what it is; written last, so that a folder without it is no backup
DIR/<time>/files.jsonl      a line for each file: path, size, time, MD5
DIR/<time>/state/           what is the backend's own
DIR/<time>/objects/         what is stored, under its keys
DIR/.partial/               the one under way, or what is left of one that broke off
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pipeline.codec import from_json, to_json
from pipeline.errors import CodecError, OutputError
from pipeline.files import read_file, write_whole

SCHEMA = 1
HEAD_FILE, LIST_FILE, PARTIAL = "backup.json", "files.jsonl", ".partial"
STATE, OBJECTS = "state/", "objects/"

_NAME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{6}Z(-[0-9]+)?")
_MOST_HEAD_BYTES = 1 << 20


@dataclass(frozen=True, kw_only=True)
class BackedUpFile:
    """A file of a backup: its path in there with slashes, its content, and the original's time in ns since 1970.

    `etag` is the entity tag that the storage gives an object, empty where it is the MD5.
    """

    path: str
    size_bytes: int
    modified_ns: int
    md5: str
    etag: str = ""


@dataclass(frozen=True, kw_only=True)
class BackupHead:
    """What a backup is: when it was begun (UTC), of which storage, and its list of files by size and MD5.

    `has_objects` is False where the objects are kept elsewhere, as `storage` says, or were left out.
    """

    made: str
    program: str
    storage: str
    has_objects: bool
    files: int
    size_bytes: int
    list_md5: str


@dataclass(frozen=True, kw_only=True)
class SavedBackend:
    """A whole backup in its folder."""

    folder: Path
    head: BackupHead
    files: tuple[BackedUpFile, ...]


def find_backup(place: Path) -> SavedBackend:
    """Return the backup that is this folder, or the newest whole one in it; its files are not looked at.

    Raises OutputError.
    """
    if (place / HEAD_FILE).is_file():
        return read_backup(place)
    found = backups_in(place)
    if not found:
        raise OutputError(
            f"There is no whole backup in {place}: name the folder that was given to `backup`, or one of those in it."
        )
    return read_backup(found[-1])


def backups_in(place: Path) -> list[Path]:
    """Return the folders of whole backups, the oldest first. Raises OutputError."""
    try:
        return sorted(
            (folder for folder in place.iterdir() if _NAME.fullmatch(folder.name) and (folder / HEAD_FILE).is_file()),
            key=lambda folder: (folder.name[:18], len(folder.name), folder.name),
        )
    except FileNotFoundError:
        return []
    except OSError as error:
        raise OutputError(f"The folder {place} can't be read ({error.strerror}).") from error


def unfinished_removals(place: Path) -> list[Path]:
    """Return the folders that were backups and are none any more. Raises OSError."""
    return [folder for folder in place.iterdir() if _NAME.fullmatch(folder.name) and not (folder / HEAD_FILE).is_file()]


def read_backup(folder: Path) -> SavedBackend:
    """Read what a whole backup says of itself. Raises OutputError where it is damaged or of a newer version."""
    file = folder / HEAD_FILE
    try:
        stored = json.loads(read_file(file, _MOST_HEAD_BYTES))
        schema = stored.pop("schema")
        if type(schema) is int and schema > SCHEMA:
            raise OutputError(f"The backup {folder} was made by a newer version of this program: update it.")
        head = from_json(BackupHead, stored, str(file))
        listed = read_file(folder / LIST_FILE)
        if hashlib.md5(listed, usedforsecurity=False).hexdigest() != head.list_md5:
            raise CodecError(f"{LIST_FILE} is not the one that {HEAD_FILE} names.")
        files = tuple(
            from_json(BackedUpFile, json.loads(line), str(folder / LIST_FILE)) for line in listed.splitlines()
        )
        if any(_leads_out(one.path) for one in files):
            raise CodecError(f"{LIST_FILE} names a file outside the backup.")
    except OSError as error:
        raise OutputError(f"The backup {folder} can't be read ({error.strerror or error}).") from error
    except (ValueError, KeyError, AttributeError, TypeError, RecursionError, CodecError) as error:
        raise OutputError(f"The backup {folder} is damaged ({error}): use another one.") from error
    return SavedBackend(folder=folder, head=head, files=files)


def write_list(folder: Path, files: Iterable[BackedUpFile]) -> str:
    """Write the list of a backup's files; return its MD5. Raises OutputError."""
    digest = hashlib.md5(usedforsecurity=False)

    def lines() -> Iterator[bytes]:
        for one in files:
            line = line_of(one)
            digest.update(line)
            yield line

    write_whole(folder / LIST_FILE, lines())
    return digest.hexdigest()


def write_head(folder: Path, head: BackupHead) -> None:
    """Make a folder a whole backup. Raises OutputError."""
    write_whole(folder / HEAD_FILE, json.dumps({"schema": SCHEMA, **to_json(head)}, indent=2) + "\n")


def line_of(one: BackedUpFile) -> bytes:
    """Return the line of a file in a list."""
    return json.dumps(to_json(one)).encode() + b"\n"


def read_journal(file: Path) -> dict[str, BackedUpFile]:
    """Return the files that a backup noted before it broke off, by their paths; half a line is left out."""
    found = {}
    try:
        lines = read_file(file).splitlines()
    except OSError:
        return {}
    for line in lines:
        try:
            one = from_json(BackedUpFile, json.loads(line), str(file))
        except (ValueError, TypeError, CodecError):
            continue
        if not _leads_out(one.path):
            found[one.path] = one
    return found


def _leads_out(path: str) -> bool:
    parts = PurePosixPath(path).parts
    return not path.startswith((STATE, OBJECTS)) or ".." in parts or len(parts) < 2 or "\\" in path
