"""How a dataset that was opened compares with what is stored where it is from. Data alone."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class FreshnessState(Enum):
    """How what was opened compares with what is stored."""

    LOCAL = "local"
    """The file itself was opened, and there is no other."""
    FETCHED = "fetched"
    """It was fetched just now."""
    UNCHANGED = "unchanged"
    """The copy on this computer is of what the store has."""
    NOT_CHECKED = "not checked"
    """The store could not be asked: the copy may be out of date."""
    CHANGED_ELSEWHERE = "changed elsewhere"
    """The copy has edits that are not on S3, and somebody else has saved meanwhile; saving merges both."""
    IN_USE = "in use"
    """Another window or job on this computer edits the copy."""
    NOT_CACHED = "not cached"
    """It was fetched just now and no copy can be kept on this computer, so it can only be read."""
    NEW = "new"
    """It is not on S3 yet."""


@dataclass(frozen=True, kw_only=True)
class Freshness:
    """How what was opened compares with what is stored; `text` says it to the editor."""

    state: FreshnessState
    text: str
