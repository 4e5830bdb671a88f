"""Under which key the backend stores each file of an upload: never two under one, and not unnoticed under another than
was asked for.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

from pipeline.transfer.http.refusal import Refusal, Server, refused
from pipeline.transfer.http.refusal_texts import InvalidResponse


class GivenKeys:
    """The keys that a backend gave in one upload, which all its threads share. `origin` is the backend's.

    `announce` takes a line for the editor.
    """

    def __init__(self, origin: str, announce: Callable[[str], None]) -> None:
        self._origin = origin
        self._announce = announce
        self._lock = threading.Lock()
        self._asked_for: dict[str, str] = {}
        self._has_told = False

    def known(self, before: Mapping[str, str]) -> None:
        """Take in what was stored before: keys, and for which they were asked."""
        self._asked_for.update(before)

    def check(self, given: str, wanted: str) -> None:
        """See that a key is no other file's; the first that is not below what was asked for is told.

        Raises RefusedError.
        """
        with self._lock:
            other = self._asked_for.setdefault(given, wanted)
            tells = not self._has_told and given != wanted and not given.endswith(f"/{wanted}")
            self._has_told = self._has_told or tells
        if other != wanted:
            raise refused(Refusal(server=Server.BACKEND, origin=self._origin, invalid=InvalidResponse.SAME_KEY))
        if tells:
            self._announce(
                f"The backend stores files elsewhere than it was asked to, such as {given} for {wanted}:"
                " players may not find them, and what is there already is replaced. Ask its administrator."
            )
