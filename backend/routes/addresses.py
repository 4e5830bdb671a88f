"""Where objects are found from outside: by uploaders at the address they asked, by players where the settings say."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote, urlsplit

from fastapi import Request

from backend.access.signing import HmacUrlSigner
from storage import Access

OBJECTS = "/objects/"


def object_path(key: str) -> str:
    """Return the path at which this backend has an object."""
    return OBJECTS + quote(key)


class Addresses:
    """Makes addresses.

    `public_base_url` is where players reach this backend; empty: where it was asked. `path_of` is the path at which an
    object is found by those who may read it.
    """

    def __init__(self, public_base_url: str, path_of: Callable[[str], str] = object_path) -> None:
        self._public = public_base_url
        self._path_of = path_of
        self._public_host = _host(public_base_url)

    def download(self, request: Request, key: str) -> str:
        """Return where players find an object."""
        return self.public(request, self._path_of(key))

    def public(self, request: Request, path: str) -> str:
        """Return where players find what is at a path of this backend; another address stays as it is."""
        return (self._public or _asked(request)) + path if path.startswith("/") else path

    def reachable(self, request: Request, url: str) -> str:
        """Return a storage's URL as one that the asking client can use: a path of this backend leads to where it asked.

        Who asked the host that players ask is led below the public address, whatever the proxy tells of its path and
        of TLS. Who asked another one, such as an uploader beside the backend, or the server behind a CDN, is not.
        """
        if not url.startswith("/"):
            return url
        asked = _asked(request)
        return (self._public if self._public and _host(asked) == self._public_host else asked) + url


def _asked(request: Request) -> str:
    return str(request.base_url).rstrip("/")


def _host(url: str) -> str:
    """Return the host with its port, unless that is the usual one."""
    return urlsplit(url).netloc.lower().removesuffix(":443").removesuffix(":80")


class SignedPaths:
    """Signs for a storage that can't answer URLs itself: they are paths of this backend, whatever its address is."""

    def __init__(self, signer: HmacUrlSigner, clock: Callable[[], float]) -> None:
        self._signer = signer
        self._clock = clock

    def object_url(
        self, path: str, access: Access, *, expires_s: int, content_type: str | None, size_bytes: int | None
    ) -> str:
        """Return a URL for one object."""
        query = self._signer.query(
            method=access.value,
            key=path,
            expires=self._expiry(expires_s),
            content_type=content_type or "",
            size_bytes=size_bytes,
        )
        return f"{object_path(path)}?{query}"

    def part_url(self, path: str, upload_id: str, number: int, *, expires_s: int, size_bytes: int | None) -> str:
        """Return a URL for one part of an upload."""
        query = self._signer.query(
            method=Access.WRITE.value,
            key=path,
            expires=self._expiry(expires_s),
            size_bytes=size_bytes,
            upload_id=upload_id,
            part_number=number,
        )
        return f"{object_path(path)}?{query}"

    def _expiry(self, expires_s: int) -> int:
        return int(self._clock()) + expires_s
