"""`storage`: what an administrator does with the storages that `.env` names: copying one to the other."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

from cli.asyncio_command import run_to_its_end
from cli.copy_progress import ShowCopied, copy_progress
from cli.interrupts import EXIT_CANCELLED
from cli.main import EXIT_DONE, EXIT_FAILED, complain
from cli.printing import counted, size_text, terminal_safe
from config import Config
from pipeline.errors import SettingsError, TransferError
from pipeline.files import is_folder
from pipeline.transfer.http.cache_control import cache_control
from pipeline.transfer.http.content_types import content_type
from storage import (
    LocalSettings,
    StorageError,
    StorageSettings,
    StorageSettingsError,
    StorageType,
    create,
    settings_from,
)
from storage.copying import CopyProgress, CopyResult, copy
from storage.paths import check_prefix

Show = Callable[[CopyProgress], None]


def run(options: argparse.Namespace, config: Config) -> int:
    """Copy objects; those that are there already are skipped. Ctrl-C leaves what was copied."""
    source, target = _settings(options, config)
    try:
        with copy_progress("Copying") as show:
            result = run_to_its_end(_copy(source, target, options.prefix, lambda copied: _show(copied, show)))
    except StorageSettingsError as error:
        raise SettingsError(str(error)) from error
    except StorageError as error:
        raise TransferError(f"{error} What was copied so far is not copied again.") from error
    except KeyboardInterrupt:
        complain("Cancelled. What was copied so far is not copied again.")
        return EXIT_CANCELLED
    _print_result(result, options)
    return EXIT_FAILED if result.failures else EXIT_DONE


async def _copy(source: StorageSettings, target: StorageSettings, prefix: str, show: Show) -> CopyResult:
    from_storage, to_storage = create(source), create(target)
    try:
        await from_storage.start()
        await to_storage.start()
        return await copy(from_storage, to_storage, prefix, content_type=content_type, on_progress=show)
    finally:
        await from_storage.close()
        await to_storage.close()


def _settings(options: argparse.Namespace, config: Config) -> tuple[StorageSettings, StorageSettings]:
    """Return what the two storages are told. Raises SettingsError with every problem."""
    problems = list(config.problems)
    if options.source == options.target:
        problems.append(f"--from and --to both name {options.source}: name LOCAL and S3, one of them as the source.")
    found: list[StorageSettings] = []
    for name in dict.fromkeys((options.source, options.target)):
        try:
            found.append(settings_from(config.server, StorageType(name), cache_control=cache_control))
        except StorageSettingsError as error:
            problems.append(str(error))
    if not problems and isinstance(found[0], LocalSettings) and not is_folder(found[0].root):
        problems.append(f"The storage folder {found[0].root} does not exist: check STORAGE_LOCAL_PATH.")
    try:
        check_prefix(options.prefix)
    except StorageError as error:
        problems.append(str(error))
    if problems:
        raise SettingsError(problems)
    return found[0], found[1]


def _show(copied: CopyProgress, show: ShowCopied) -> None:
    show(_done_units(copied), _total_units(copied), _text(copied))


def _total_units(progress: CopyProgress) -> int:
    """Return what 100 % are. An object counts beside its bytes: thousands of small ones take their time too."""
    return progress.bytes_total + progress.objects_total or 1


def _done_units(progress: CopyProgress) -> int:
    return progress.bytes_done + progress.objects_done


def _text(progress: CopyProgress) -> str:
    sizes = f"{size_text(progress.bytes_done)} of {size_text(progress.bytes_total)}"
    return f"{progress.objects_done} of {counted(progress.objects_total, 'file')}, {sizes}"


def _print_result(result: CopyResult, options: argparse.Namespace) -> None:
    for failure in result.failures:
        complain(terminal_safe(failure))
    under = f" under {options.prefix}" if options.prefix else ""
    if not result.copied and not result.passed_over and not result.failures:
        sys.stdout.write(f"Nothing is stored in {options.source}{under}: there is nothing to copy.\n")
        return
    there = f", {counted(result.passed_over, 'file')} there before" if result.passed_over else ""
    size = size_text(result.copied_bytes)
    sys.stdout.write(
        f"{counted(result.copied, 'file')} ({size}) copied from {options.source} to {options.target}{there}.\n"
    )
    if result.unproven:
        sys.stdout.write(
            f"Only the size of {counted(result.unproven, 'file')} could be compared: no MD5 of them is known.\n"
        )
    if result.failures:
        complain(f"{counted(len(result.failures), 'file')} could not be copied: run the same command again.")
