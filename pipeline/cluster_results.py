"""Results of tasks on their way through the backend's store, from the machine that made one to the one that needs it.

Each machine asks the backend with its own token, so the queue has neither the result nor a secret. A result has a key
made of its content: whoever comes too late with another one replaces nothing.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config import BackendApi
from pipeline.cancel import CancelToken
from pipeline.engines.procrastinate.database import Database, QueueUnreachableError, until_reached
from pipeline.engines.procrastinate.stored_files import StoredFiles
from pipeline.engines.procrastinate.stored_result import StoredResult, stored_to_json
from pipeline.errors import AuthenticationError, TransferError
from pipeline.transfer.http.control import TransferControl
from pipeline.transfer.upload.sender import ignore
from pipeline.transfer.upload.uploader import Uploader

PREFIX = "jobs"
"""Where in the store the results of the queue's jobs lie, below the id of each."""

DIGITS = 16
"""How much of the SHA-256 is part of a key."""


@dataclass(frozen=True, kw_only=True)
class ResultSender:
    """Sends the results of one job to the store behind a backend.

    `connect` opens a connection to the queue, in `folder` lies what is sent, `control` slows it and holds it up.
    """

    backend: BackendApi
    connect: Callable[[], Database]
    job: uuid.UUID
    folder: Path
    control: TransferControl

    def check(self, cancel: CancelToken) -> None:
        """See that the backend takes this machine's token, and that the queue lets it note what is sent.

        Either may be away, and back when the result is there. Raises AuthenticationError, NotPermittedError, Cancelled.
        """
        uploader = self._uploader()
        try:
            uploader.test_connection(cancel)
            goes_to_store = uploader.capabilities(cancel).read
        except AuthenticationError:
            raise
        except TransferError:
            return
        if goes_to_store:
            with closing(self.connect()) as database, suppress(QueueUnreachableError):
                StoredFiles(database).check()

    def put(self, result: Mapping[str, Any], name: str, cancel: CancelToken) -> Mapping[str, Any]:
        """Send a result; return what the queue is to hold of it: all of it, where nobody could read it in the store.

        Raises TransferError, QueueError, OSError, Cancelled.
        """
        uploader = self._uploader()
        if not uploader.capabilities(cancel).read:
            return result
        content = json.dumps(result).encode()
        sha256 = hashlib.sha256(content).hexdigest()
        path = self.folder / f"{name}-{sha256[:DIGITS]}.json"
        path.write_bytes(content)
        key = f"{PREFIX}/{self.job}/{path.name}"
        self._hold(key, cancel)
        sent = uploader.upload_file(path, key, cancel=cancel)
        if sent.key != key:
            self._hold(sent.key, cancel)
        return stored_to_json(StoredResult(key=sent.key, size_bytes=len(content), sha256=sha256))

    def _hold(self, key: str, cancel: CancelToken) -> None:
        with closing(self.connect()) as database:
            until_reached(lambda: StoredFiles(database).hold_for_parent(key, self.job), cancel)

    def _uploader(self) -> Uploader:
        return Uploader(self.backend, session_id=None, control=self.control, patience_s=self.backend.patience_s)


def fetch_result(backend: BackendApi, stored: StoredResult, cancel: CancelToken) -> bytes:
    """Return the bytes of a result, as they were sent; a server that is gone is waited for as long as for an upload.

    Raises TransferError, Cancelled.
    """
    what = f"What another machine has made ({stored.key}) is not in the backend's store"
    again = "put the video in again."
    control = TransferControl(away_s=backend.patience_s)
    uploader = Uploader(backend, session_id=None, patience_s=backend.patience_s, control=control)
    content = bytearray(stored.size_bytes)
    with uploader.at_server(cancel, ignore, ignore) as (inventory, _):
        found = inventory.look_up(stored.key)
        if found is None:
            raise TransferError(f"{what} any more: {again}")
        if found.size_bytes == stored.size_bytes:
            for start, block in inventory.blocks(lambda: found.url, key=stored.key, size_bytes=stored.size_bytes):
                content[start : start + len(block)] = block
    if found.size_bytes != stored.size_bytes or hashlib.sha256(content).hexdigest() != stored.sha256:
        raise TransferError(f"{what} as it was sent: {again}")
    return bytes(content)
