"""Checksums of whole files, as servers give them with an answer. Pure but for the reading of a file."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

BLOCK_BYTES = 1 << 20
_MD5_ETAG = re.compile(r'"[0-9a-fA-F]{32}"')
_GOOGLE = re.compile(r"(?:^|[,\s])md5=([0-9A-Za-z+/]{22}==)")
_REPRESENTATION = re.compile(r"(?:^|[,\s])sha-256=:([0-9A-Za-z+/]{43}=):")
_KINDS = {"md5": 16, "sha256": 32, "crc32": 4}


@dataclass(frozen=True, kw_only=True)
class Checksum:
    """What the content of a whole file adds up to; `kind` is md5, sha256 or crc32, `digest` in hex."""

    kind: str
    digest: str

    def fits(self, path: Path, check: Callable[[], None]) -> bool:
        """Whether a file has this checksum; `check` may end the reading by raising. Raises OSError."""
        digest = hashlib.sha256() if self.kind == "sha256" else hashlib.md5(usedforsecurity=False)
        crc = 0
        with path.open("rb") as file:
            while block := file.read(BLOCK_BYTES):
                check()
                if self.kind == "crc32":
                    crc = zlib.crc32(block, crc)
                else:
                    digest.update(block)
        found = f"{crc:08x}" if self.kind == "crc32" else digest.hexdigest()
        return found == self.digest.lower()


def checksum_in(headers: Mapping[str, str], *, whole: bool) -> Checksum | None:
    """Return the best checksum that an answer tells of the whole file, None where it tells none.

    `whole` says that its body is all of the file: some headers are of the body. An ETag is an MD5 at S3 alone, and
    there not of what came in parts (it has a hyphen), nor of what was encrypted with the customer's or KMS's keys
    (Amazon S3, "Checking object integrity").
    """
    representation = _REPRESENTATION.search(headers.get("repr-digest", ""))
    if representation is not None:
        return _decoded("sha256", representation[1])
    for kind in ("sha256", "crc32"):  # with a hyphen, or COMPOSITE, it is of the parts
        text = headers.get(f"x-amz-checksum-{kind}", "")
        if whole and text and "-" not in text and headers.get("x-amz-checksum-type", "") != "COMPOSITE":
            return _decoded(kind, text)
    google = _GOOGLE.search(headers.get("x-goog-hash", ""))
    if google is not None:
        return _decoded("md5", google[1])
    if whole and headers.get("content-md5"):
        return _decoded("md5", headers["content-md5"])
    etag = headers.get("etag", "")
    encrypted = any(name.startswith("x-amz-server-side-encryption-customer") for name in headers)
    keys = headers.get("x-amz-server-side-encryption", "AES256") != "AES256"
    if "x-amz-request-id" in headers and _MD5_ETAG.fullmatch(etag) and not (encrypted or keys):
        return Checksum(kind="md5", digest=etag.strip('"').lower())
    return None


def _decoded(kind: str, text: str) -> Checksum | None:
    try:
        digest = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return Checksum(kind=kind, digest=digest.hex()) if len(digest) == _KINDS[kind] else None
