"""Sends one file until the store has it: a URL asked for just before, the body streamed, tried again where that may help."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from pipeline.cancel import CancelToken
from pipeline.transfer.body import FileBody
from pipeline.transfer.client import BackendClient, StoreClient
from pipeline.transfer.content_types import content_type
from pipeline.transfer.journal import Confirmed
from pipeline.transfer.retry import after_upload, persist


class Sender:
    """Sends files one after the other; one for each thread. `delays` are the pauses between tries, in seconds."""

    def __init__(
        self,
        backend: BackendClient,
        store: StoreClient,
        *,
        delays: Sequence[float],
        cancel: CancelToken,
        note: Callable[[str], None],
    ) -> None:
        self._backend = backend
        self._store = store
        self._delays = delays
        self._cancel = cancel
        self._note = note

    def send(self, path: Path, key: str, *, on_begin: Callable[[], None], on_bytes: Callable[[int], None]) -> Confirmed:
        """Store a file and return what was stored.

        `on_begin` is called before every try, `on_bytes` with what each read handed over.
        Raises RefusedError after the last try, TransferError when the file can't be read or changes, Cancelled.
        """

        def attempt() -> Confirmed:
            on_begin()
            kind = content_type(path)
            with FileBody(path, cancel=self._cancel, on_bytes=on_bytes) as body:
                presigned = self._backend.presign(key, kind)
                self._store.put(presigned, kind, body)
                return Confirmed(size_bytes=len(body), mtime_ns=body.mtime_ns, key=presigned.key, url=presigned.download_url)

        return persist(
            attempt, decide=after_upload, delays=self._delays, cancel=self._cancel, note=lambda text: self._note(f"{key}: {text}")
        )
