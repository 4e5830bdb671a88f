"""What a store's answer to a PUT shows. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from pipeline.transfer.http.exchange import Response

HEX_MD5 = re.compile(r"[0-9A-Fa-f]{32}")


class Evidence(str, Enum):
    """What a store's answer to a PUT shows."""

    STORED = "it has the file"
    OWN_TAG = "it has the file, and its ETags are not MD5s"
    OTHER_TAG = "it has a file whose ETag is not the MD5 of what was sent"
    NOTHING = "nothing"


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """A store's answer to a PUT that it took.

    `etag` is empty where it says none, `origin` is the store's.
    """

    origin: str
    etag: str
    evidence: Evidence


def evidence_in(response: Response, md5: str) -> Evidence:
    """Return what a good answer to a PUT shows; `md5` (hex) is of what was sent."""
    if md5 and response.etag.lower() == md5:
        return Evidence.STORED
    # S3 and its like answer without a body and with an ETag; a login page, or a site that knows one page only, says 200
    # to everything, and many web frameworks put an ETag of their own on whatever they say
    if response.body or not response.etag:
        return Evidence.NOTHING
    if response.encryption.startswith(("aws:kms", "customer")):
        return Evidence.OWN_TAG
    return Evidence.OTHER_TAG if HEX_MD5.fullmatch(response.etag) else Evidence.STORED
