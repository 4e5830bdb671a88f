"""`backend restore`: makes a backend's folder of a backup."""

from __future__ import annotations

import argparse
import sys

from backend.maintenance.backup_format import find_backup
from backend.maintenance.restore import restore
from cli.copy_progress import copy_progress
from cli.main import EXIT_DONE, EXIT_FAILED, complain
from cli.printing import counted, size_text, terminal_safe
from config import Config

_MOST_NAMED = 20
"""How many damaged files are named."""


def run(options: argparse.Namespace, config: Config) -> int:
    """Restore a backup; exit 1 where a file of it is damaged. Raises SettingsError, OutputError."""
    root = (options.root or config.server.local_path).expanduser().absolute()
    backup = find_backup(options.folder.expanduser().absolute())
    head = backup.head
    sys.stdout.write(f"Backup:    {backup.folder}, made {head.made}\n")
    with copy_progress("Restoring") as show:
        done = restore(
            backup, root, on_progress=lambda done, total: show(done, total, f"{size_text(done)} of {size_text(total)}")
        )
    there = f", of which {done.already} were there already" if done.already else ""
    sys.stdout.write(
        f"Restored:  the backend's own files and {counted(done.files, 'object')} "
        f"({size_text(done.size_bytes)}){there}, in {root}\n"
    )
    if head.has_objects and config.server.storage_type != "LOCAL":
        sys.stdout.write(
            "STORAGE_TYPE is S3, and the objects of the backup are in a folder: bring them to the bucket with "
            "`storage copy --from LOCAL --to S3`.\n"
        )
    elif not head.has_objects:
        where = "left out of the backup" if head.storage == "LOCAL" else f"in {head.storage}"
        sys.stdout.write(f"The objects are not part of it: they are {where}.\n")
    for path in done.damaged[:_MOST_NAMED]:
        complain(f"{terminal_safe(path)} is damaged in the backup, and was left out.")
    if len(done.damaged) > _MOST_NAMED:
        complain(f"So are {len(done.damaged) - _MOST_NAMED} more.")
    return EXIT_FAILED if done.damaged else EXIT_DONE
