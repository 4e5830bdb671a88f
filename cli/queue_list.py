"""`queue hold`, `start`, `move`, `remove`, `export`, `import`: changes to the list of what is to be done."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from cli.main import EXIT_DONE, EXIT_WRONG_USAGE, complain
from cli.printing import counted, terminal_safe
from pipeline.errors import OutputError, SettingsError
from pipeline.files import read_file, write_whole
from pipeline.job_list import ListChange
from pipeline.job_store import JobStore
from pipeline.list_file import LARGEST_BYTES, rows_from_bytes, rows_to_text

STANDARD = Path("-")
"""Standard output, or standard input."""

Ids = Callable[[Sequence[str], JobStore], list[str]]
"""Returns the full ids of what was typed. Raises SettingsError."""


def change(options: argparse.Namespace, store: JobStore, ids: Ids) -> int:
    """Hold, start, move or remove rows."""
    named = ids(options.ids, store)
    if options.action == "hold":
        done, text = store.listed.hold(named), "held until `queue start`."
    elif options.action == "start":
        done, text = store.listed.start(named), "started: `queue run` does what no program does already."
    elif options.action == "remove":
        done, text = store.listed.remove(named), "removed. What is finished stays in their folders."
    else:
        done, text = _move(options, store, named, ids), "moved."
    return _say(done, text)


def export(options: argparse.Namespace, store: JobStore) -> int:
    """Write the rows that have not ended. Raises SettingsError."""
    path: Path = options.file
    rows = [row for row in store.listed.rows() if not row.state.ended]
    text = rows_to_text(rows)
    if not rows:
        complain("There is nothing to export: no job waits, runs or is held.")
        return EXIT_DONE
    if path == STANDARD:
        sys.stdout.write(text)
        return EXIT_DONE
    _check_target(path)
    try:
        write_whole(path, text)
    except OutputError as error:
        why = f" ({error.__cause__.strerror})" if isinstance(error.__cause__, OSError) else ""
        raise SettingsError(f"{path} can't be written{why}: name a file in a folder that is there.") from error
    sys.stdout.write(f"{counted(len(rows), 'job')} written to {terminal_safe(str(path))}.\n")
    return EXIT_DONE


def import_rows(options: argparse.Namespace, store: JobStore) -> int:
    """Add the rows of a file, all or none. Raises SettingsError."""
    path: Path = options.file
    rows = rows_from_bytes(_bytes_of(path), "The list" if path == STANDARD else path.name)
    before = {row.id for row in store.listed.rows()}
    ids = store.listed.add_rows(rows, here=Path.cwd() if path == STANDARD else path.absolute().parent)
    added = len(set(ids) - before)
    there = len(ids) - added
    text = f"{counted(added, 'job')} added."
    sys.stdout.write(f"{text} {there} of {len(ids)} were in the queue already.\n" if there else f"{text}\n")
    return EXIT_DONE


def _move(options: argparse.Namespace, store: JobStore, named: Sequence[str], ids: Ids) -> ListChange:
    if options.first:
        rows = [row.id for row in store.listed.rows() if not row.state.ended and row.id not in named]
        return store.listed.move(named, before=rows[0] if rows else None)
    before = None if options.before is None else ids([options.before], store)[0]
    return store.listed.move(named, before=before)


def _say(change: ListChange, text: str) -> int:
    if change.ids:
        sys.stdout.write(f"{counted(len(change.ids), 'job')} {text}\n")
    complain(*change.refused)
    return EXIT_WRONG_USAGE if change.refused else EXIT_DONE


def _bytes_of(path: Path) -> bytes:
    try:
        return sys.stdin.buffer.read(LARGEST_BYTES + 1) if path == STANDARD else read_file(path, LARGEST_BYTES + 1)
    except OSError as error:
        text = f"The list {path} can't be read ({error.strerror}): check its name and its permissions."
        raise SettingsError(text) from error


def _check_target(path: Path) -> None:
    """See that nothing else is replaced. Raises SettingsError."""
    try:
        if path.is_dir():
            raise SettingsError(f"{path} is a folder: name a file in it.")
        earlier = read_file(path, LARGEST_BYTES + 1) if path.exists() else b""
    except OSError as error:
        raise SettingsError(f"{path} can't be read ({error.strerror}): name another file.") from error
    try:
        if earlier:
            rows_from_bytes(earlier, path.name)
    except SettingsError as error:
        raise SettingsError(f"{path} is there already and is no exported queue: name another file.") from error
