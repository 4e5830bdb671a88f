"""What is said of single objects, what is stored, and on which condition. Data alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class ObjectHead:
    """What a server says of an object. `etag` has its quotes; times are seconds since 1970.

    `metadata` are the `x-amz-meta-` headers by their names without that, `stored_with` the parameters of PutObject that
    a later version needs in order to be stored like this one.
    """

    etag: str
    size_bytes: int
    modified_s: float
    metadata: Mapping[str, str]
    stored_with: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Condition:
    """When an object may be stored: in place of the one with this entity tag, or (None) where there is none.

    Amazon wants the tag as HTTP writes it, in quotes; Ceph (16) compares it as it is, so that one in quotes never fits.
    """

    etag: str | None
    quoted: bool = True

    def parameters(self) -> dict[str, str]:
        """Return it as boto3 wants to be told."""
        if self.etag is None:
            return {"IfNoneMatch": "*"}
        return {"IfMatch": self.etag if self.quoted else self.etag.strip('"')}


@dataclass(frozen=True, kw_only=True)
class NewContent:
    """What is to be stored; `on_sent` is told how many of its bytes are on their way."""

    data: bytes
    metadata: Mapping[str, str] = field(default_factory=dict)
    stored_with: Mapping[str, str] = field(default_factory=dict)
    on_sent: Callable[[int], None] | None = None
