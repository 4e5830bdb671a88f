"""How players get what is stored: through the backend, straight from the bucket, or from a CDN."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from urllib.parse import quote

from backend.routes.addresses import OBJECTS
from pipeline.transfer.http.content_types import content_type
from storage import Access, StorageBackend

SENT_ON = (".ts", ".m4s", ".mp4", ".jpg")
"""What redirects lead to the bucket for. Playlists refer to what lies beside them, and what a player reads beside the
video is small: all of that comes through the backend.
"""

SIGNED_S = 900
"""How long the URL of a redirect is good for, in seconds."""

KEPT_S = 300
"""How long caches may keep a redirect to a public object: much less than its URL is good for."""

REUSED_S = 60
"""For how long a URL that was signed for a public object is given to others who ask for it, in seconds."""

REUSED = 5000
"""How many such URLs are kept: some 5 MB."""


class Playback(str, Enum):
    """What PLAYBACK says."""

    PROXY = "proxy"
    REDIRECT = "redirect"
    CDN = "cdn"


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """How objects are given. `cdn_base_url` is where a CDN has them, below it by their keys; empty: nowhere."""

    playback: Playback = Playback.PROXY
    cdn_base_url: str = ""

    @property
    def public_place(self) -> str:
        """The address below which players find public objects, a path of this backend where no CDN has them."""
        return f"{self.cdn_base_url}/" if self.playback is Playback.CDN else OBJECTS

    def public_object(self, key: str) -> str:
        """Return the address of a public object, or its path."""
        return self.public_place + quote(key)

    def sends_on(self, key: str) -> bool:
        """Whether the bucket itself gives an object."""
        return self.playback is Playback.REDIRECT and key.lower().endswith(SENT_ON)


class Redirects:
    """Leads players to the bucket.

    To sign a URL takes a millisecond of CPU, and a class asks for the same segments: that of a public object is given
    to all who ask for a while.
    """

    def __init__(self, storage: StorageBackend, clock: Callable[[], float]) -> None:
        self._storage = storage
        self._clock = clock
        self._signed: dict[str, tuple[float, str]] = {}
        """When public objects' URLs were signed, in that order, and the URLs."""

    async def headers(self, key: str, *, shared: bool, for_s: int | None = None) -> dict[str, str]:
        """Return the headers that lead a player to the bucket. Raises StorageError.

        `shared` says whether a cache may give the answer to others, `for_s` for how many seconds the player may read
        the object, None for good.
        """
        if not shared or for_s is not None:
            expires_s = SIGNED_S if for_s is None else max(1, min(SIGNED_S, for_s))
            location = await self._sign(key, expires_s)
        else:
            location = await self._signed_for_all(key)
        return {"Location": location, "Cache-Control": f"public, max-age={KEPT_S}" if shared else "private, no-store"}

    async def _signed_for_all(self, key: str) -> str:
        now_s = self._clock()
        signed_s, url = self._signed.get(key, (-REUSED_S, ""))
        if not 0 <= now_s - signed_s < REUSED_S:
            url = await self._sign(key, SIGNED_S)
            self._signed.pop(key, None)
            self._signed[key] = now_s, url
            if len(self._signed) > REUSED:
                del self._signed[next(iter(self._signed))]
        return url

    async def _sign(self, key: str, expires_s: int) -> str:
        # the type by the name, whatever the uploader has stored it with: the bucket must show nobody a page
        return await self._storage.get_presigned_url(
            key, Access.READ, expires_s=expires_s, content_type=content_type(key)
        )
