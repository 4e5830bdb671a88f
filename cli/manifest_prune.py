"""`manifest prune`: what is left over at destinations, shown, and deleted when that is wanted."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from cli.main import EXIT_DONE, EXIT_FAILED, complain
from cli.named_manifest import check_manifest_backend, unknown
from cli.printing import counted, size_text, terminal_safe, write_event, write_table
from cli.questions import can_ask, confirm
from config import Config
from pipeline.errors import SettingsError
from pipeline.transfer.http.validation import as_prefix
from pipeline.transfer.manifests.inventory import RemoteObject
from pipeline.transfer.manifests.manifest_library import FoundManifest, ManifestError, find, library
from pipeline.transfer.manifests.orphans import orphans
from pipeline.transfer.manifests.prune import (
    Deleted,
    Leftovers,
    delete_leftovers,
    delete_stream,
    leftovers,
    whole_stream,
)
from pipeline.transfer.manifests.remote import Remote, connected

NO_ORPHANS = "Every stream's video is where it was, as far as that is known.\n"


def prune(options: argparse.Namespace, config: Config) -> int:
    """List what is left over and delete it where that is wanted; exit 1 when a file could not be deleted."""
    if options.orphans:
        return _prune_orphans(options, config)
    if not options.manifest:
        raise SettingsError("Name a destination or a folder that was uploaded, or add --orphans.")
    located = find(options.manifest, config.data_dir, config.backend.url)
    check_manifest_backend(config, located.manifest if located is not None else None)
    with connected(config.backend) as remote:
        prefix = located.manifest.prefix if located is not None else as_prefix(options.manifest)
        theirs = remote.manifest(prefix)
        manifests = [
            manifest for manifest in (located.manifest if located is not None else None, theirs) if manifest is not None
        ]
        if not manifests:
            raise unknown(remote, options.manifest)
        found = leftovers(remote, manifests, _destinations(library(config.data_dir)[0], remote))
        _say_leftovers(found, as_json=options.json)
        deleted: list[Deleted] = []
        if found.objects and _wanted(options, found):
            deleted = delete_leftovers(remote, found)
    return _say_deleted(options, found.objects, deleted)


def _prune_orphans(options: argparse.Namespace, config: Config) -> int:
    """Delete the streams whose videos are gone, all of them or the one at a destination."""
    check_manifest_backend(config, None)
    known, problems = library(config.data_dir)
    complain(*problems)
    objects: list[RemoteObject] = []
    deleted: list[Deleted] = []
    with connected(config.backend) as remote:
        found = [orphan for orphan in orphans(known) if orphan.manifest.backend_url == remote.backend_url]
        if options.manifest:
            found = [orphan for orphan in found if orphan.manifest.prefix == as_prefix(options.manifest)]
            if not found:
                reason = f"The video of {options.manifest} is not known to be gone"
                raise ManifestError(f"{reason}: `manifest list --orphans` shows those that are.")
        for orphan in found:
            if not orphan.certain:
                _say_kept([f"{orphan.reason} {orphan.manifest.prefix} stays."], as_json=options.json)
                continue
            stream = whole_stream(remote, orphan.manifest, _destinations(known, remote))
            _say_leftovers(stream, as_json=options.json)
            objects += stream.objects
            if stream.objects and _wanted(options, stream):
                done = delete_stream(remote, stream)
                deleted += done
                if not any(one.error for one in done):
                    orphan.located.path.unlink(missing_ok=True)
    if not found and not options.json:
        sys.stdout.write(NO_ORPHANS)
    return _say_deleted(options, objects, deleted)


def _destinations(known: Sequence[FoundManifest], remote: Remote) -> list[str]:
    return [one.manifest.prefix for one in known if one.manifest.backend_url == remote.backend_url]


def _say_deleted(options: argparse.Namespace, found: Sequence[RemoteObject], deleted: Sequence[Deleted]) -> int:
    """Say what was deleted of what was found, and return the exit status."""
    errors = [one for one in deleted if one.error]
    for one in errors:
        complain(f"{one.stored.key} could not be deleted: {one.error}")
    gone = len(deleted) - len(errors)
    if options.json:
        size_bytes = sum(stored.size_bytes for stored in found)
        write_event(
            "prune_finished", {"found": len(found), "size_bytes": size_bytes, "deleted": gone, "failed": len(errors)}
        )
    elif deleted:
        sys.stdout.write(f"{counted(gone, 'file')} deleted.\n")
    elif found:
        sys.stdout.write("Nothing was deleted. Add --yes to delete them.\n")
    return EXIT_FAILED if errors else EXIT_DONE


def _wanted(options: argparse.Namespace, found: Leftovers) -> bool:
    """Say whether to delete: `--yes`, or a yes at a terminal."""
    if options.yes:
        return True
    if options.json or not can_ask():
        return False
    return confirm(f"Delete {counted(len(found.objects), 'file')} from the server for good?", otherwise=False)


def _say_leftovers(found: Leftovers, *, as_json: bool) -> None:
    if as_json:
        for stored in found.objects:
            write_event("leftover", {"s3_key": stored.key, "size_bytes": stored.size_bytes})
        _say_kept(found.kept, as_json=True)
        return
    if found.objects:
        write_table(
            ("Left over on the server", "Size"),
            [(stored.key, size_text(stored.size_bytes)) for stored in found.objects],
        )
    _say_kept(found.kept, as_json=False)
    if found.objects:
        verb = "is" if len(found.objects) == 1 else "are"
        count = counted(len(found.objects), "file")
        sys.stdout.write(f"{count} at {found.prefix} {verb} left over ({size_text(found.size_bytes)}).\n")
    else:
        sys.stdout.write(f"Nothing is left over at {found.prefix}.\n")


def _say_kept(texts: Sequence[str], *, as_json: bool) -> None:
    for text in texts:
        if as_json:
            write_event("kept", {"text": text})
        else:
            sys.stdout.write(f"{terminal_safe(text)}\n")
