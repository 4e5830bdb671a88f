"""`manifest`: what was uploaded where: shown and listed without network, restored, and cleared of what is left over."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from cli.main import EXIT_DONE, EXIT_FAILED, complain
from cli.manifest_prune import NO_ORPHANS, prune
from cli.named_manifest import check_finished, check_manifest_backend, required, unknown
from cli.printing import counted, size_text, terminal_safe, write_event, write_rows, write_table
from config import Config
from pipeline.transfer.http.validation import as_prefix
from pipeline.transfer.manifests.manifest import BEGUN, relocated
from pipeline.transfer.manifests.manifest_library import FoundManifest, find, library, write_beside
from pipeline.transfer.manifests.manifest_text import file_fields, head_fields, version_fields
from pipeline.transfer.manifests.orphans import orphans
from pipeline.transfer.manifests.remote import connected
from pipeline.transfer.manifests.restore import Restored, RestoreOutcome, named_entries, restore


def run(options: argparse.Namespace, config: Config) -> int:
    """Do what was asked; exit 1 when a file could not be restored or deleted, or a manifest not be read."""
    return {"show": _show, "list": _list, "restore": _restore, "prune": prune}[options.action](options, config)


def _show(options: argparse.Namespace, config: Config) -> int:
    located = required(options, config)
    manifest = located.manifest
    if options.json:
        for file in manifest.files:
            write_event("file", file_fields(file))
        write_event(
            "manifest", {**_summary(located), "versions": [version_fields(version) for version in manifest.versions]}
        )
        return EXIT_DONE
    write_rows(
        ("Title", manifest.title),
        ("Destination", manifest.prefix),
        ("Backend", manifest.backend_url or "not known"),
        ("Bucket", manifest.bucket or "not known"),
        ("First upload", manifest.created_at),
        ("Last upload", manifest.last_synced),
        ("Files", f"{manifest.total_files}, {size_text(manifest.total_size_bytes)}"),
        ("Manifest", str(located.path)),
    )
    if manifest.begun:
        sys.stdout.write(f"{terminal_safe(BEGUN.format(prefix=manifest.prefix))}\n")
        return EXIT_DONE
    write_table(
        ("File", "Size", "MD5", "Uploaded", "Key"),
        [
            (file.filename, size_text(file.size_bytes), file.md5_hash or "not known", file.uploaded_at, file.s3_key)
            for file in manifest.files
        ],
    )
    for version in manifest.versions:
        sys.stdout.write(
            f"Until {terminal_safe(version.replaced_at)}: {counted(version.total_files, 'file')}, "
            f"{size_text(version.total_size_bytes)}, "
            f"of which {len(version.replaced)} were replaced and {len(version.removed)} removed\n"
        )
    return EXIT_DONE


def _list(options: argparse.Namespace, config: Config) -> int:
    found, problems = library(config.data_dir)
    if options.orphans:
        _list_orphans(found, as_json=options.json)
    elif options.json:
        for located in found:
            write_event("manifest", _summary(located))
    elif found:
        write_table(
            ("Title", "Destination", "Files", "Size", "Last upload", "Backend"),
            [
                (
                    m.title,
                    m.prefix,
                    str(m.total_files),
                    size_text(m.total_size_bytes),
                    m.last_synced,
                    m.backend_url or "not known",
                )
                for m in (located.manifest for located in found)
            ],
        )
    elif not problems:
        sys.stdout.write("Nothing was uploaded from this computer yet.\n")
    complain(*problems)
    return EXIT_FAILED if problems else EXIT_DONE


def _list_orphans(known: Sequence[FoundManifest], *, as_json: bool) -> None:
    found = orphans(known)
    if as_json:
        for orphan in found:
            write_event("orphan", {**_summary(orphan.located), "reason": orphan.reason, "certain": orphan.certain})
    elif found:
        write_table(
            ("Title", "Destination", "Files", "Size", "What became of the video"),
            [
                (m.title, m.prefix, str(m.total_files), size_text(m.total_size_bytes), orphan.reason)
                for orphan, m in ((orphan, orphan.manifest) for orphan in found)
            ],
        )
    else:
        sys.stdout.write(NO_ORPHANS)


def _restore(options: argparse.Namespace, config: Config) -> int:
    if config.backend.url:
        located = find(options.manifest, config.data_dir, config.backend.url)
        check_manifest_backend(config, located.manifest if located is not None else None)
    else:  # the manifest has public addresses
        located = required(options, config)
    with connected(config.backend) as remote:
        manifest = located.manifest if located is not None else remote.manifest(as_prefix(options.manifest))
        if manifest is None:
            raise unknown(remote, options.manifest)
        check_finished(manifest)
        entries = named_entries(manifest, options.files)
        done = restore(
            remote,
            entries,
            options.output,
            placement=manifest.placement,
            on_file=_print_restored_json if options.json else _print_restored,
        )
    failed = [restored for restored in done if restored.outcome is RestoreOutcome.FAILED]
    if not failed and not options.files:
        write_beside(relocated(manifest, options.output.absolute()), options.output)
    unchecked = sum(not restored.checked for restored in done)
    counts = {outcome.name.lower(): sum(restored.outcome is outcome for restored in done) for outcome in RestoreOutcome}
    if options.json:
        write_event("restore_finished", {**counts, "without_md5": unchecked, "folder": str(options.output)})
    else:
        rest = f"{counts['kept']} already there, {counts['failed']} failed"
        sys.stdout.write(f"{counted(counts['restored'], 'file')} restored to {options.output}, {rest}.\n")
        if unchecked:
            sys.stdout.write(f"{counted(unchecked, 'file')} could be checked by size only: the manifest has no MD5.\n")
    return EXIT_FAILED if failed else EXIT_DONE


def _print_restored(restored: Restored) -> None:
    if restored.outcome is RestoreOutcome.FAILED:
        complain(f"{terminal_safe(restored.filename)}: {restored.text}")
    else:
        sys.stdout.write(f"{terminal_safe(restored.filename)}: {restored.outcome.value}\n")


def _print_restored_json(restored: Restored) -> None:
    fields = {**asdict(restored), "path": str(restored.path), "outcome": restored.outcome.name.lower()}
    write_event("file", fields)


def _summary(located: FoundManifest) -> dict[str, Any]:
    return {**head_fields(located.manifest), "manifest": str(located.path)}
