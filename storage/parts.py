"""What makes parts good ones, whichever storage they lie in. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from storage.backend import MAX_PARTS, MIN_PART_BYTES, StoredPart
from storage.digests import etag_of_parts, md5_in
from storage.errors import InvalidPartError, UploadNotFoundError


def check_part_number(number: int) -> None:
    """Refuse a number that no part can have. Raises InvalidPartError."""
    if not 1 <= number <= MAX_PARTS:
        raise InvalidPartError(f"A part's number must be 1 to {MAX_PARTS}, but is {number}.")


def chosen_parts(path: str, stored: Mapping[int, StoredPart], listed: Sequence[StoredPart]) -> list[StoredPart]:
    """Return the stored parts that somebody lists as the whole object. Raises InvalidPartError."""
    if not listed or any(earlier.number >= later.number for earlier, later in pairwise(listed)):
        raise InvalidPartError(f"{path}: the parts must be listed by their numbers, each once.")
    for part in listed:
        if part.number not in stored or stored[part.number].etag != part.etag:
            raise InvalidPartError(f"{path}: part {part.number} is not the one that is stored: send it again.")
    chosen = [stored[part.number] for part in listed]
    for part in chosen[:-1]:
        if part.size_bytes < MIN_PART_BYTES:
            raise InvalidPartError(
                f"{path}: part {part.number} has less than {MIN_PART_BYTES} bytes, which only the last may have."
            )
    return chosen


def made_of(etag: str, parts: Sequence[StoredPart]) -> bool:
    """Whether an object with this entity tag was made of these parts."""
    return (
        bool(parts)
        and all(md5_in(part.etag) for part in parts)
        and etag == etag_of_parts([part.etag for part in parts])
    )


def upload_not_found(path: str) -> UploadNotFoundError:
    """Return the error for an upload that is not there."""
    return UploadNotFoundError(f"There is no such upload in parts for {path}: begin a new one.")
