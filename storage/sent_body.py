"""A content that is being sent, and tells how much of it is on its way. Knows no server."""

from __future__ import annotations

import io
from collections.abc import Callable


class SentBody(io.BytesIO):
    """A content that tells `on_sent` how many of its bytes were read, once `sending` is set.

    A client reads the content before that as well, to sign it; a request that is repeated starts counting anew.
    """

    def __init__(self, data: bytes, on_sent: Callable[[int], None]) -> None:
        super().__init__(data)
        self.sending = False
        self._on_sent = on_sent

    def read(self, size: int | None = -1, /) -> bytes:
        """Return the next bytes."""
        block = super().read(size)
        if self.sending:
            self._on_sent(self.tell())
        return block
