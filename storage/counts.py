"""Where it is noted that files appear and disappear."""

from __future__ import annotations

from typing import Protocol


class Counts(Protocol):
    """What is told of files, while nothing else changes them."""

    def check(self, path: str, wanted_bytes: int, *, replaced_bytes: int) -> None:
        """See that an object fits in the place of so many bytes. Raises StorageQuotaExceededError."""

    def release(self, name: str) -> None:
        """Give a reservation back."""

    def count_object(self, path: str, before_bytes: int, after_bytes: int) -> None:
        """Note that an object came, went (0 bytes after) or was replaced."""

    def count_part(self, path: str, upload_id: str, number: int, size_bytes: int) -> None:
        """Note that a part came, or was replaced."""

    def count_no_parts(self, path: str, upload_id: str) -> None:
        """Note that an upload in parts is gone, with all its parts."""


class Uncounted:
    """Where nothing is limited, nothing is noted."""

    def check(self, path: str, wanted_bytes: int, *, replaced_bytes: int) -> None:
        """Everything fits."""

    def release(self, name: str) -> None:
        """Nothing was reserved."""

    def count_object(self, path: str, before_bytes: int, after_bytes: int) -> None:
        """See Counts."""

    def count_part(self, path: str, upload_id: str, number: int, size_bytes: int) -> None:
        """See Counts."""

    def count_no_parts(self, path: str, upload_id: str) -> None:
        """See Counts."""
