"""Deletes from the backend's store what no job of the queue needs any more, in a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import closing

from config import BackendApi
from pipeline.cancel import CancelToken
from pipeline.engines.procrastinate.database import Database, QueueError, QueueUnreachableError
from pipeline.engines.procrastinate.running_job import clock_s
from pipeline.engines.procrastinate.stored_files import StoredFiles
from pipeline.errors import Cancelled, TransferError
from pipeline.transfer.http.control import TransferControl
from pipeline.transfer.upload.sender import ignore
from pipeline.transfer.upload.uploader import Uploader

IN_TIME_S = 30.0
"""So long after they were marked the deletion of files may begin, in seconds: a machine that has slept leaves them as
they are, and a request that has begun ends before `DELETING_S`.
"""

NO_DELETING = (
    "The backend can't delete: files that were sent for the queue stay in its store until somebody removes them."
)


class StoreSweep:
    """Looks every `pause_s` seconds while the block runs. `say` is told what can't be deleted, each reason once."""

    def __init__(
        self, backend: BackendApi, connect: Callable[[], Database], say: Callable[[str], None], *, pause_s: float
    ) -> None:
        self._backend = backend
        self._connect = connect
        self._say = say
        self._pause_s = pause_s
        self._stop = CancelToken()
        self._said = ""
        self._thread = threading.Thread(target=self._run, name="store-sweep")

    def __enter__(self) -> StoreSweep:
        if self._backend.configured:
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.cancel()
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        with closing(self._connect()) as database:
            stored = StoredFiles(database)
            try:
                while True:
                    self._stop.wait(self._pause_s)
                    self._sweep(stored)
            except Cancelled:
                return

    def _sweep(self, stored: StoredFiles) -> None:
        """Delete what is over. Raises Cancelled."""
        try:
            marked_s = clock_s()
            keys = stored.over()
            if keys:
                stored.keep(self._delete(keys, stored, marked_s))
        except QueueUnreachableError:
            return  # the worker itself says that
        except QueueError as error:
            self._tell(str(error))

    def _delete(self, keys: Sequence[str], stored: StoredFiles, marked_s: float) -> Sequence[str]:
        """Delete files; return those whose deletion was not asked for. Raises QueueError, Cancelled."""
        control = TransferControl(away_s=0.0)  # a deletion that waits would come when the file is another's
        uploader, key = Uploader(self._backend, session_id=None, delays=(), control=control), keys[0]
        try:
            try:
                deletes = uploader.capabilities(self._stop).delete
            except Cancelled:
                return keys  # the next look ends; whoever needs a file again need not wait
            if not deletes:
                self._tell(NO_DELETING)
                return keys
            with uploader.at_server(self._stop, ignore, ignore, patient=False) as (inventory, _):
                for key in keys:
                    if clock_s() - marked_s > IN_TIME_S:
                        break  # they may be another's by now
                    inventory.delete(key)
                    stored.forget(key)
        except TransferError as error:
            self._tell(str(error), f"{key} could not be deleted from the backend's store, and is tried again: {error}")
        return ()

    def _tell(self, reason: str, text: str = "") -> None:
        if reason != self._said:
            self._say(text or reason)
        self._said = reason
