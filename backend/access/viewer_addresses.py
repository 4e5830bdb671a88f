"""Addresses for viewers of what is not public: the signature stands in the path, so that the addresses in playlists,
which are relative, lead on below it.

`/s/<address>/<key>` is an object, `/s/<address>/<prefix>/` the page that plays a stream. Knows nothing of requests.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from urllib.parse import quote

from backend.access.stream_rules import StreamRule, StreamRules, Visibility
from backend.routes.addresses import object_path
from storage import StoragePathBuilder

VIEWER_PATH = "/s"
VIEWER_TTL_S = 8 * 3600
"""How long the address of a private stream is good for if nobody says, in seconds: a day of lessons."""

_ADDRESS = re.compile(r"([0-9]{1,4})\.([0-9]{0,12})\.([A-Za-z0-9_-]{43})")


class AddressCheck(Enum):
    """What an address is worth for one key."""

    GOOD = "good"
    WRONG = "wrong"
    EXPIRED = "expired"


@dataclass(frozen=True, kw_only=True)
class StreamPaths:
    """Where viewers find one stream: the paths of its page and of its master playlist (an address where a CDN has it),
    and until when (seconds since 1970, None: for good).
    """

    visibility: Visibility
    page: str
    playlist: str
    expires_s: int | None


class ViewerAddresses:
    """Makes and checks addresses. An address is for one object, or for all below a folder.

    It says how many segments of the key the folder has (as many as the key: the object alone), and when it expires.
    Signed are the folder or object, the time, and the rule that counts for the key: another visibility of a folder
    within that one, or a new series, ends the address there.
    """

    def __init__(
        self,
        secret: str,
        rules: StreamRules,
        clock: Callable[[], float],
        public_object: Callable[[str], str] = object_path,
    ) -> None:
        # a key of its own: what is signed here must never pass for a signed URL
        self._secret = hmac.new(secret.encode(), b"viewer addresses", hashlib.sha256).digest()
        self._rules = rules
        self._clock = clock
        self._public_object = public_object

    def path(self, key: str, *, folder: str | None = None, expires_s: int | None = None) -> str:
        """Return the path at which a viewer finds an object, or the page of a prefix, whatever its visibility is.

        Args:
            key: the object's key, or a stream's prefix with its slash.
            folder: for what the address is good: a prefix of the key with its slash, empty for everything, None for
                the object alone.
            expires_s: when it ends, in seconds since 1970; None for never, which no private object allows.
        """
        scope = key if folder is None else folder
        segments = scope.rstrip("/").count("/") + 1 if scope else 0
        expires = "" if expires_s is None else str(expires_s)
        signature = self._signature(segments, scope, expires, self._rules.rule_for(key))
        return f"{VIEWER_PATH}/{segments}.{expires}.{signature}/{quote(key)}"

    def stream(self, prefix: str, *, expires_s: int | None = None) -> StreamPaths:
        """Return where viewers find the stream at a prefix, which ends with a slash or is empty.

        `expires_s` is when its addresses end; None is for good where the stream is unlisted, VIEWER_TTL_S from now
        where it is private. Those of a public stream don't end.
        """
        master = StoragePathBuilder(prefix).master
        visibility = self._rules.rule_for(master).visibility
        if visibility is Visibility.PUBLIC:
            page = f"/watch/{quote(prefix)}"
            return StreamPaths(visibility=visibility, page=page, playlist=self._public_object(master), expires_s=None)
        if visibility is Visibility.PRIVATE and expires_s is None:
            expires_s = int(self._clock()) + VIEWER_TTL_S
        return StreamPaths(
            visibility=visibility,
            page=self.path(prefix, folder=prefix, expires_s=expires_s),
            playlist=self.path(master, folder=prefix, expires_s=expires_s),
            expires_s=expires_s,
        )

    def download_path(self, key: str) -> str:
        """Return the path at which an object is found by those who may watch it, and what a playlist refers to."""
        visibility = self._rules.rule_for(key).visibility
        if visibility is Visibility.PUBLIC:
            return self._public_object(key)
        folder = key[: key.rfind("/") + 1] or None
        expires_s = int(self._clock()) + VIEWER_TTL_S if visibility is Visibility.PRIVATE else None
        return self.path(key, folder=folder, expires_s=expires_s)

    def judge(self, address: str, key: str) -> AddressCheck:
        """Say whether an address is good for a key, or for a prefix that ends with a slash."""
        found = _ADDRESS.fullmatch(address)
        if found is None:
            return AddressCheck.WRONG
        count, expires, signature = int(found[1]), found[2], found[3]
        segments = key.split("/")
        if count > len(segments):
            return AddressCheck.WRONG
        scope = key if count == len(segments) else "".join(f"{segment}/" for segment in segments[:count])
        rule = self._rules.rule_for(key)
        if not hmac.compare_digest(self._signature(count, scope, expires, rule), signature):
            return AddressCheck.WRONG
        if not expires:
            return AddressCheck.WRONG if rule.visibility is Visibility.PRIVATE else AddressCheck.GOOD
        return AddressCheck.GOOD if self._clock() < int(expires) else AddressCheck.EXPIRED

    def ends_in_s(self, address: str) -> int | None:
        """Return for how many seconds an address is good, None for good."""
        found = _ADDRESS.fullmatch(address)
        return int(found[2]) - int(self._clock()) if found is not None and found[2] else None

    def _signature(self, segments: int, scope: str, expires: str, rule: StreamRule) -> str:
        # JSON, so that no part can run over into the next one
        text = json.dumps([segments, scope, expires, rule.prefix, rule.series])
        digest = hmac.new(self._secret, text.encode(), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")
