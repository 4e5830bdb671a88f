"""Uploads in parts as folders: one per upload, in which parts are joined as they come. They survive a restart.

A part that comes before its turn has a file of its own until then, named by its number and its MD5, so nothing is read
twice. Knows nothing of quotas or of objects.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from storage.backend import StoredPart, UnfinishedUpload
from storage.errors import InvalidPartError, UploadNotFoundError
from storage.file_lock import locked
from storage.files import translated, translated_for_saving
from storage.joined_parts import PlacedPart, append, joined_anew, joined_in, moved_away
from storage.parts import check_part_number, chosen_parts, upload_not_found

ABANDONED_AFTER_S = 7 * 24 * 3600
"""An upload to which nothing came for so long will not be completed any more."""

_UPLOAD_ID = re.compile(r"[0-9a-f]{32}")
_PART = re.compile(r"([0-9]{5})\.([0-9a-f]{32})")
_ABOUT = "upload.json"


_LOCK = "lock"


class PartsBusyError(Exception):
    """Somebody else is joining parts of the upload just now: wait for that with `PartsFolder.join`."""


class PartsFolder:
    """The uploads in parts of one storage."""

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
        place = self._folder / upload_id
        stored = {piece.part.number: piece.part for piece in joined_in(place).pieces}
        stored |= {number: piece.part for number, piece in _own(place).items()}
        return stored[number].size_bytes if number in stored else 0

    def put_in_place(self, path: str, upload_id: str, number: int, file: Path, md5: str) -> None:
        """Move a whole part to where it belongs, in place of an older one. Raises UploadNotFoundError, StorageError."""
        place = self._place(path, upload_id)
        with translated_for_saving(path):
            target = place / f"{number:05d}.{md5}"
            file.replace(target)  # before the older one goes: who lists the parts meanwhile finds one
            for older in place.glob(f"{number:05d}.*"):
                if older != target:
                    older.unlink(missing_ok=True)

    def join_waiting(self, upload_id: str) -> None:
        """Join the parts whose turn it is, after one was put in place.

        One that joins already does it for all, so nobody waits; what can't be joined now is when the next part comes,
        or at the end.
        """
        with suppress(OSError):
            while self._join_next(self._folder / upload_id):
                pass

    def parts(self, path: str, upload_id: str) -> dict[int, PlacedPart]:
        """Return the parts that are stored by their numbers. Raises UploadNotFoundError."""
        place = self._place(path, upload_id)
        with translated(path):
            own = _own(place)  # first: a file that goes meanwhile is joined by then
            joined = {piece.part.number: piece for piece in joined_in(place).pieces}
        self._place(path, upload_id)  # what is left of one that is being removed is not a list
        return dict(sorted({**joined, **own}.items()))

    def join(self, path: str, upload_id: str, listed: Sequence[StoredPart]) -> list[StoredPart]:
        """Join the parts that somebody lists as the whole object, and return them. This may take a while.

        Raises UploadNotFoundError, InvalidPartError, StorageError.
        """
        with self._locked(path, upload_id) as place:
            stored = self.parts(path, upload_id)
            chosen = [stored[part.number] for part in self._chosen(path, stored, listed)]
            joined = joined_in(place)
            try:
                if joined.parts == [piece.part for piece in chosen[: len(joined.pieces)]]:
                    for piece in chosen[len(joined.pieces) :]:
                        joined = append(place, joined, piece)
                else:
                    joined = joined_anew(place, chosen)
            except FileNotFoundError as error:
                raise _sent_again(path) from error
        return joined.parts

    @contextmanager
    def completed(self, path: str, upload_id: str, joined: Sequence[StoredPart]) -> Iterator[Path]:
        """Give the file of the parts that `join` has returned, to be moved away in the block, and remove the upload.

        If the block does not end well, or the program ends before, all can be repeated. Waits for nobody.
        Raises PartsBusyError, UploadNotFoundError, InvalidPartError, StorageError.
        """
        with self._locked(path, upload_id, wait=False) as place:
            content = joined_in(place).content
            if content is None or joined_in(place).parts != list(joined):
                raise _sent_again(path)
            os.truncate(content, sum(part.size_bytes for part in joined))  # a crash may have left more
            yield content
            _remove(place)

    @contextmanager
    def _locked(self, path: str, upload_id: str, *, wait: bool = True) -> Iterator[Path]:
        place = self._place(path, upload_id)
        with translated_for_saving(path), ExitStack() as stack:
            try:
                if not stack.enter_context(locked(place / _LOCK, wait=wait)):
                    raise PartsBusyError
            except FileNotFoundError as error:
                raise upload_not_found(path) from error
            self._place(path, upload_id)  # another may have completed it meanwhile
            yield place

    def _chosen(self, path: str, stored: Mapping[int, PlacedPart], listed: Sequence[StoredPart]) -> list[StoredPart]:
        return chosen_parts(path, {number: piece.part for number, piece in stored.items()}, listed)

    def _join_next(self, place: Path) -> bool:
        """Join the parts whose turn it is; return whether others have come that somebody must look after."""
        with locked(place / _LOCK, wait=False) as has_it:
            joined = joined_in(place)
            following = len(joined.pieces) + 1
            if not has_it or (following > 1 and joined.parts[-1].number != following - 1):
                return False  # only the end can tell what belongs behind a part that is left out
            while piece := _own(place).get(following):
                joined, following = append(place, joined, piece), following + 1
        return following in _own(place)

    def remove(self, path: str, upload_id: str) -> None:
        """Remove an upload, or what a process that was killed has left of one, if it is there."""
        place = self._folder / upload_id
        if _UPLOAD_ID.fullmatch(upload_id) and _path(place) == path:
            _remove(place)

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
                        for piece in self.parts(path, place.name).values():
                            yield path, place.name, piece.part

    def unfinished(self) -> list[UnfinishedUpload]:
        """Return the uploads that are not complete, sorted by their paths."""
        found = list[UnfinishedUpload]()
        with suppress(FileNotFoundError):
            for place in self._folder.iterdir():
                path = _path(place)
                with suppress(FileNotFoundError):  # it is being removed
                    if path is not None:
                        # a folder's time is that of its youngest file's coming
                        modified_s, size_bytes = place.stat().st_mtime, _parts_bytes(place)
                        found.append(
                            UnfinishedUpload(
                                path=path, upload_id=place.name, size_bytes=size_bytes, modified_s=modified_s
                            )
                        )
        return sorted(found, key=lambda upload: (upload.path, upload.upload_id))

    def _place(self, path: str, upload_id: str) -> Path:
        """Return an upload's folder. Raises UploadNotFoundError."""
        place = self._folder / upload_id
        if _UPLOAD_ID.fullmatch(upload_id) and _path(place) == path and not moved_away(place):
            return place
        raise upload_not_found(path)


def _path(place: Path) -> str | None:
    """Return where an upload goes, None where it is none or is being removed."""
    with suppress(OSError, ValueError):
        about = json.loads((place / _ABOUT).read_text(encoding="utf-8"))
        if isinstance(about, dict) and isinstance(about.get("path"), str):
            return str(about["path"])
    return None


def _sent_again(path: str) -> InvalidPartError:
    return InvalidPartError(f"{path}: a part was sent again while the parts were joined: complete it again.")


def _own(place: Path) -> dict[int, PlacedPart]:
    """Return the parts that have files of their own, by their numbers."""
    files, found = list[Path](), dict[int, PlacedPart]()
    with suppress(FileNotFoundError):  # the upload is being removed
        files = sorted(place.iterdir())
    for file in files:
        if match := _PART.fullmatch(file.name):
            with suppress(FileNotFoundError):  # or another part came in its place
                part = StoredPart(number=int(match[1]), size_bytes=file.stat().st_size, etag=match[2])
                found[part.number] = PlacedPart(part=part, file=file)
    return found


def _remove(place: Path) -> None:
    with suppress(OSError):  # first: from here on there is no such upload, rather than one with fewer and fewer parts
        (place / _ABOUT).unlink()
    shutil.rmtree(place, ignore_errors=True)


def _parts_bytes(place: Path) -> int:
    joined = joined_in(place)
    there = joined.pieces if joined.content is not None and joined.content.is_file() else ()
    stored = {piece.part.number: piece.part for piece in there}
    stored |= {number: piece.part for number, piece in _own(place).items()}
    return sum(part.size_bytes for part in stored.values())
