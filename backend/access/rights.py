"""What a token may do, and with which keys. Pure: knows neither requests nor where tokens are kept."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

OWNER = "AUTH_TOKEN"
"""The name of the backend's own token, which no client's token may have."""


class Right(str, Enum):
    """What a token may allow."""

    UPLOAD = "upload"
    READ = "read"
    DELETE = "delete"


ALL_RIGHTS = frozenset(Right)


@dataclass(frozen=True, kw_only=True)
class Grant:
    """What the holder of a token may do. `prefixes` end with a slash; without one every key is meant."""

    name: str
    rights: frozenset[Right] = ALL_RIGHTS
    prefixes: tuple[str, ...] = ()

    def covers(self, key: str) -> bool:
        """Whether a key, or a prefix, is among those that the token is for."""
        return not self.prefixes or key.startswith(self.prefixes)

    def listed(self, prefix: str) -> list[str]:
        """Return the prefixes below which all is to be listed for one who asks for `prefix`, in the keys' own order.

        No two of them have a key in common. Empty where the token is for nothing that begins so.
        """
        if self.covers(prefix):
            return [prefix]
        inside = sorted((own for own in self.prefixes if own.startswith(prefix)), key=str.encode)
        return [own for own in inside if not any(own != other and own.startswith(other) for other in inside)]

    def missing_right(self, right: Right) -> str:
        """Return the sentence for one who lacks a right, empty where the token has it."""
        if right in self.rights:
            return ""
        has = " and ".join(known.value for known in Right if known in self.rights)
        return f"The token {self.name} may {has}, not {right.value}: ask whoever runs this backend for one that may."

    def missing_prefix(self, key: str) -> str:
        """Return the sentence for one who asks for another's key or prefix, empty where the token is for it."""
        if self.covers(key):
            return ""
        return f"The token {self.name} is for {self.places}, not for {key or 'all objects'}: use a folder there."

    @property
    def places(self) -> str:
        """The prefixes as a sentence has them."""
        return " and ".join(self.prefixes) or "all objects"

    @property
    def is_unlimited(self) -> bool:
        """Whether the token may do everything, everywhere."""
        return self.rights == ALL_RIGHTS and not self.prefixes
