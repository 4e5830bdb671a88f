"""Uploads in parts as folders: one per upload, with one file per part. They survive a restart.

Knows nothing of quotas or of objects.
"""

from __future__ import annotations

import json
import re
import shutil
import uuid
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from storage.backend import StoredPart
from storage.errors import UploadNotFoundError
from storage.files import translated_for_saving
from storage.parts import check_part_number, chosen_parts, upload_not_found

ABANDONED_AFTER_S = 7 * 24 * 3600
"""An upload to which nothing came for so long will not be completed any more."""

_UPLOAD_ID = re.compile(r"[0-9a-f]{32}")
_PART = re.compile(r"([0-9]{5})\.([0-9a-f]{32})")
_ABOUT = "upload.json"


class PartsFolder:
    """The uploads in parts of one storage.

    A part's file is named by its number and its MD5, so nothing is read twice.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def begin(self, path: str) -> str:
        """Begin an upload to a path; return its ID. Raises StorageError."""
        upload_id = uuid.uuid4().hex
        with translated_for_saving(path):
            place = self._folder / upload_id
            place.mkdir(parents=True)
            (place / _ABOUT).write_text(json.dumps({"path": path}), encoding="utf-8")
        return upload_id

    def check(self, path: str, upload_id: str, number: int) -> None:
        """See that a part may come. Raises UploadNotFoundError, InvalidPartError."""
        self._place(path, upload_id)
        check_part_number(number)

    def size_of(self, upload_id: str, number: int) -> int:
        """Return the bytes stored under a part's number."""
        return sum(file.stat().st_size for file in (self._folder / upload_id).glob(f"{number:05d}.*"))

    def put_in_place(self, path: str, upload_id: str, number: int, file: Path, md5: str) -> None:
        """Move a whole part to where it belongs, in place of an older one. Raises UploadNotFoundError, StorageError."""
        place = self._place(path, upload_id)
        with translated_for_saving(path):
            target = place / f"{number:05d}.{md5}"
            file.replace(target)  # before the older one goes: who lists the parts meanwhile finds one
            for older in place.glob(f"{number:05d}.*"):
                if older != target:
                    older.unlink()

    def parts(self, path: str, upload_id: str) -> dict[int, tuple[StoredPart, Path]]:
        """Return the parts that are stored by their numbers, with their files. Raises UploadNotFoundError."""
        place = self._place(path, upload_id)
        files, found = list[Path](), {}
        with suppress(FileNotFoundError):  # the upload is being removed
            files = sorted(place.iterdir())
        for file in files:
            if match := _PART.fullmatch(file.name):
                number = int(match[1])
                with suppress(FileNotFoundError):  # or another part came in its place
                    found[number] = StoredPart(number=number, size_bytes=file.stat().st_size, etag=match[2]), file
        self._place(path, upload_id)  # what is left of one that is being removed is not a list
        return found

    def chosen(self, path: str, upload_id: str, parts: Sequence[StoredPart]) -> list[tuple[StoredPart, Path]]:
        """Return the stored parts that somebody lists as the whole object.

        Raises UploadNotFoundError, InvalidPartError.
        """
        stored = self.parts(path, upload_id)
        chosen = chosen_parts(path, {number: part for number, (part, _) in stored.items()}, parts)
        return [stored[part.number] for part in chosen]

    def remove(self, path: str, upload_id: str) -> int:
        """Remove an upload, if it is there; return the bytes that its parts had."""
        try:
            place = self._place(path, upload_id)
        except UploadNotFoundError:
            return 0
        return _remove(place)

    def abandoned(self, now_s: float) -> list[tuple[str, str]]:
        """Return path and ID of the uploads to which nothing came for long; remove what is left of others."""
        found = []
        with suppress(FileNotFoundError):
            for place in self._folder.iterdir():
                with suppress(FileNotFoundError):
                    # a folder's time is that of its youngest file's coming
                    if now_s - place.stat().st_mtime > ABANDONED_AFTER_S:
                        path = _path(place)
                        if path is None:
                            _remove(place)
                        else:
                            found.append((path, place.name))
        return found

    def everything(self) -> Iterator[tuple[str, str, StoredPart]]:
        """Yield all parts, with the path and the ID of their uploads."""
        with suppress(FileNotFoundError):
            for place in sorted(self._folder.iterdir()):
                path = _path(place)
                if path is not None:
                    with suppress(UploadNotFoundError):  # it is being removed
                        for part, _ in self.parts(path, place.name).values():
                            yield path, place.name, part

    def _place(self, path: str, upload_id: str) -> Path:
        """Return an upload's folder. Raises UploadNotFoundError."""
        place = self._folder / upload_id
        if _UPLOAD_ID.fullmatch(upload_id) and _path(place) == path:
            return place
        raise upload_not_found(path)


def _path(place: Path) -> str | None:
    """Return where an upload goes, None where it is none or is being removed."""
    with suppress(OSError, ValueError):
        about = json.loads((place / _ABOUT).read_text(encoding="utf-8"))
        if isinstance(about, dict) and isinstance(about.get("path"), str):
            return str(about["path"])
    return None


def _remove(place: Path) -> int:
    freed = _parts_bytes(place)
    with suppress(OSError):  # first: from here on there is no such upload, rather than one with fewer and fewer parts
        (place / _ABOUT).unlink()
    shutil.rmtree(place, ignore_errors=True)
    return freed - _parts_bytes(place)


def _parts_bytes(place: Path) -> int:
    return sum(file.stat().st_size for file in place.glob("*") if _PART.fullmatch(file.name))
