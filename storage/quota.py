"""How much a storage may hold, in all and below folders of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from storage.errors import StorageQuotaExceededError


@dataclass(frozen=True, kw_only=True)
class Quotas:
    """The bytes that may be stored: in all (None: no limit), and by what paths begin with, such as `courses/math/`.

    Prefixes may lie in each other: each quota holds for itself.
    """

    total_bytes: int | None = None
    by_prefix: Mapping[str, int] = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Whether anything is limited."""
        return bool(self.limits)

    @property
    def limits(self) -> dict[str, int]:
        """The bytes by prefix, those in all under the empty one."""
        total = {} if self.total_bytes is None else {"": self.total_bytes}
        return {**total, **self.by_prefix}

    def check(self, used: Mapping[str, int], wanted_bytes: int, *, replaced_bytes: int) -> None:
        """See that an object fits.

        Args:
            used: the bytes in use by the prefixes of the object's path.
            wanted_bytes: the object's size.
            replaced_bytes: how many of the bytes in use it takes the place of.

        Raises:
            StorageQuotaExceededError: names the quota of which the least is left.
        """
        limits = self.limits
        full = [
            prefix
            for prefix, used_bytes in used.items()
            if prefix in limits and used_bytes - replaced_bytes + wanted_bytes > limits[prefix]
        ]
        if full:
            prefix = min(full, key=lambda prefix: (limits[prefix] - used[prefix], -len(prefix)))
            raise StorageQuotaExceededError(
                max_size_bytes=limits[prefix], used_bytes=used[prefix], wanted_bytes=wanted_bytes, prefix=prefix
            )
