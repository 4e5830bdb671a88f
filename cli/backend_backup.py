"""`backend backup`: copies what a backend has into a folder, while it serves or not."""

from __future__ import annotations

import argparse
import sys

from backend.maintenance.backup import BackupMade, back_up, remove_backups
from cli.copy_progress import copy_progress
from cli.main import EXIT_DONE
from cli.printing import counted, size_text
from config import Config
from pipeline.errors import SettingsError
from storage import S3Settings, StorageError, settings_from


def run(options: argparse.Namespace, config: Config) -> int:
    """Make a backup, and say where it is and what is not in it. Raises SettingsError, OutputError."""
    root = (options.root or config.server.local_path).expanduser().absolute()
    place = options.folder.expanduser().absolute()
    if options.keep is not None and options.keep < 1:
        raise SettingsError("--keep must be at least 1: the backup that is made stays.")
    try:
        settings = settings_from(config.server)
    except StorageError as error:
        raise SettingsError(str(error)) from error
    bucket = f"s3://{settings.bucket}/{settings.prefix}" if isinstance(settings, S3Settings) else ""
    with copy_progress("Saving") as show:
        made = back_up(
            root,
            place,
            storage=bucket or "LOCAL",
            with_objects=not bucket and not options.without_objects,
            on_progress=lambda done, total: show(done, total, f"{size_text(done)} of {size_text(total)}"),
        )
    _write(made, bucket)
    if options.keep is not None and (removed := remove_backups(place, keep=options.keep)):
        sys.stdout.write(f"{counted(removed, 'older backup')} removed.\n")
    return EXIT_DONE


def _write(made: BackupMade, bucket: str) -> None:
    before = f", {size_text(made.size_bytes - made.copied_bytes)} of it as in the backup before"
    size = f"{size_text(made.size_bytes)}{before if made.copied < made.files else ''}"
    lines = [f"Backup:  {made.folder}", f"Saved:   {counted(made.files, 'file')}, {size}"]
    if not made.linked:
        lines.append("Files that have not changed were copied, too: this disk has no more hard links.")
    if bucket:
        lines.append(
            f"The objects in {bucket} are not in it: turn on the bucket's versioning, or copy them elsewhere, too."
        )
    lines.append("It has the secret that signs addresses: keep it where nobody else can read it.")
    sys.stdout.write("".join(f"{line}\n" for line in lines))
