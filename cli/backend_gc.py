"""`backend gc`: lists or deletes what no manifest names in the backend's storage."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterable, Sequence

from backend.maintenance.garbage import Garbage
from backend.maintenance.garbage_collection import Collected, delete_garbage, delete_uploads, find_garbage, find_uploads
from backend.settings import BackendSettings
from cli.asyncio_command import run_to_its_end
from cli.main import EXIT_DONE, EXIT_FAILED, complain
from cli.moments import duration_s
from cli.printing import counted, size_text, terminal_safe, write_table
from config import Config
from pipeline.errors import SettingsError, TransferError
from storage import (
    AccessDeniedError,
    StorageBackend,
    StorageError,
    StorageSettings,
    StorageSettingsError,
    StoredObject,
    UnfinishedUpload,
    create,
)

_DAY_S, _LEAST_S = 86_400, 3600


def run(options: argparse.Namespace, config: Config) -> int:
    """List what can go, and delete it when told to; exit 1 where something could not be deleted.

    Raises SettingsError, TransferError.
    """
    older_s = duration_s(options.older_than, "--older-than")
    if older_s < _LEAST_S:
        raise SettingsError("--older-than must be at least 1h: what is newer may be of an upload that is under way.")
    settings = BackendSettings.from_config(config, root=options.root, may_begin=False)
    try:
        return run_to_its_end(_collect(settings.storage, options, time.time() - older_s))
    except StorageSettingsError as error:
        raise SettingsError(str(error)) from error
    except StorageError as error:
        raise TransferError(f"{error} What was deleted by then is gone: run the same command again.") from error


async def _collect(settings: StorageSettings, options: argparse.Namespace, before_s: float) -> int:
    storage = create(settings)
    try:
        await storage.start()
        found = await find_garbage(storage, before_s=before_s, with_unmanaged=options.unmanaged)
        uploads = await _uploads(storage, before_s)
        _list(found, uploads)
        if not options.delete or not (found.objects or uploads):
            return EXIT_DONE
        done = await delete_garbage(storage, found, before_s=before_s)
        return _tell(done, await delete_uploads(storage, uploads, before_s=before_s))
    finally:
        await storage.close()


async def _uploads(storage: StorageBackend, before_s: float) -> list[UnfinishedUpload]:
    try:
        return await find_uploads(storage, before_s=before_s)
    except AccessDeniedError:
        complain(
            "The uploads in parts that were never completed can't be listed: the access key lacks the permission "
            "ListBucketMultipartUploads."
        )
        return []


def _list(found: Garbage, uploads: Sequence[UnfinishedUpload]) -> None:
    for sentence in found.kept:
        sys.stdout.write(f"{terminal_safe(sentence)}\n")
    if found.unmanaged:
        others = [stored for group in found.unmanaged for stored in group.objects]
        places = counted(len(found.unmanaged), "place")
        sys.stdout.write(
            f"No manifest of a finished upload: {counted(len(others), 'file')} ({_size(others)}) at {places}. "
            "--unmanaged lists them, too.\n"
        )
    if not found.objects and not uploads:
        sys.stdout.write("There is nothing to delete.\n")
        return
    now_s = time.time()
    rows = [(size_text(one.size_bytes), _age(now_s - one.modified_s), one.path) for one in found.objects]
    rows += [
        (size_text(one.size_bytes), _age(now_s - one.modified_s), f"{one.path} (parts, never completed)")
        for one in uploads
    ]
    write_table(("Size", "Age", "Key"), rows)
    sys.stdout.write(f"{counted(len(rows), 'file')}, {_size([*found.objects, *uploads])}, can be deleted.\n")


def _tell(done: Collected, uploads: Sequence[UnfinishedUpload]) -> int:
    for failure in done.failures:
        complain(terminal_safe(failure))
    gone: list[StoredObject | UnfinishedUpload] = [*done.deleted, *uploads]
    sys.stdout.write(f"{counted(len(gone), 'file')} deleted, {_size(gone)}.\n")
    if done.changed:
        sys.stdout.write(f"{counted(done.changed, 'file')} stayed: something has changed there meanwhile.\n")
    return EXIT_FAILED if done.failures else EXIT_DONE


def _size(found: Iterable[StoredObject | UnfinishedUpload]) -> str:
    return size_text(sum(stored.size_bytes for stored in found))


def _age(age_s: float) -> str:
    return f"{int(age_s // _DAY_S)} d" if age_s >= _DAY_S else f"{max(0, int(age_s // 3600))} h"
