"""Headers that every object of a bucket is stored with: encryption, caching, access, tags. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from storage.errors import StorageSettingsError

_PARAMETERS = {
    "cache-control": "CacheControl",
    "x-amz-acl": "ACL",
    "x-amz-server-side-encryption": "ServerSideEncryption",
    "x-amz-server-side-encryption-aws-kms-key-id": "SSEKMSKeyId",
    "x-amz-storage-class": "StorageClass",
    "x-amz-tagging": "Tagging",
}
"""What boto3 calls them (Amazon S3, PutObject and CreateMultipartUpload)."""

_OUR_PARAMETERS = {**_PARAMETERS, "content-disposition": "ContentDisposition"}

CACHE_CONTROL = "Cache-Control"
ATTACHMENT = {"Content-Disposition": "attachment"}
"""Lets browsers save what is opened by its address, in place of showing it (RFC 6266, 4.2)."""

_SCRIPTABLE = ("text/html", "text/xml", "application/xml", "application/unknown", "unknown/unknown")
_EXAMPLE = "x-amz-server-side-encryption: aws:kms; Cache-Control: max-age=60"


def parse_put_headers(text: str) -> dict[str, str]:
    """Read names and values, `Name: value; Name: value`. Raises StorageSettingsError."""
    found = {}
    for part in filter(None, (part.strip() for part in text.split(";"))):
        name, colon, value = (piece.strip() for piece in part.partition(":"))
        if not colon or not value or not part.isascii() or not part.isprintable():
            raise StorageSettingsError(f"STORAGE_S3_PUT_HEADERS must be written like {_EXAMPLE!r}.")
        if name.lower() not in _PARAMETERS:
            known = ", ".join(_PARAMETERS)
            raise StorageSettingsError(f"STORAGE_S3_PUT_HEADERS can't have {name}: it knows {known}.")
        found[name] = value
    return found


def is_scriptable(content_type: str) -> bool:
    """Whether a browser may take an object of this type for a page with scripts of its own.

    Source: WHATWG, MIME Sniffing, 4.6 (XML and HTML MIME types) and 7 (types that are looked into for HTML).
    """
    essence = content_type.partition(";")[0].strip().lower()
    return essence in _SCRIPTABLE or essence.endswith("+xml")


def parameters(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers as boto3 wants to be told them."""
    return {_OUR_PARAMETERS[name.lower()]: value for name, value in headers.items()}
