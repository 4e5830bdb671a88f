"""`manifest`: what was uploaded where: shown and listed without network, restored, and cleared of what is left over."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from cli.main import EXIT_DONE, EXIT_FAILED, complain
from config import Config
from pipeline.errors import SettingsError
from pipeline.transfer.http.validation import backend_url_problems, token_problems
from pipeline.transfer.manifests.inventory import Remote, StoredObject, connected
from pipeline.transfer.manifests.manifest import BEGUN, Manifest, file_fields, relocated, version_fields
from pipeline.transfer.manifests.manifest_library import Located, ManifestError, as_prefix, find, library, write_beside
from pipeline.transfer.manifests.orphans import orphans
from pipeline.transfer.manifests.prune import Deleted, Leftovers, delete, delete_stream, leftovers, whole_stream
from pipeline.transfer.manifests.restore import Restored, RestoreOutcome, chosen, restore

NO_ORPHANS = "Every stream's video is where it was, as far as that is known.\n"
NUMBERS = ("Size", "Files")
"""Columns of a table that stand at the right."""


def run(options: argparse.Namespace, config: Config) -> int:
    """Do what was asked; exit 1 when a file could not be restored or deleted, or a manifest not be read."""
    return {"show": _show, "list": _list, "restore": _restore, "prune": _prune}[options.action](options, config)


def required(options: argparse.Namespace, config: Config) -> Located:
    """Return the manifest that was named, on this computer. Raises ManifestError."""
    located = find(options.manifest, config.data_dir, config.backend.url)
    if located is None:
        raise ManifestError(
            f"No manifest is known for {options.manifest}: "
            "name a folder that was uploaded, a manifest or a destination."
        )
    return located


def check_backend(config: Config, manifest: Manifest | None) -> None:
    """See that the backend can be asked, and that it is the manifest's. Raises SettingsError with every problem."""
    backend = config.backend
    problems = [*config.problems, *backend_url_problems(backend.url), *token_problems(backend.token, typed=False)]
    if not problems and manifest is not None and manifest.backend_url not in (None, backend.url.rstrip("/")):
        problems = [
            f"The manifest is of the backend {manifest.backend_url}, but BACKEND_URL is {backend.url}: "
            "set it to the manifest's."
        ]
    if problems:
        raise SettingsError(problems)


def unknown(remote: Remote, named: str) -> ManifestError:
    """Return the error of a destination that neither this computer nor the server knows."""
    reason = "the server has none" if remote.offer.manifest else "the backend does not give manifests"
    return ManifestError(
        f"No manifest is known for {named} on this computer, and {reason}: name a folder that was uploaded."
    )


def check_finished(manifest: Manifest) -> None:
    """See that there is something to compare or to bring back. Raises ManifestError."""
    if manifest.begun:
        raise ManifestError(f"{BEGUN.format(prefix=manifest.prefix)} Its files are known when it is: try again then.")


def shown(text: str) -> str:
    """Return a text from a manifest as a terminal may have it: what could steer it is escaped."""
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode("ascii") for sign in text)


def size_text(size_bytes: int) -> str:
    """Return a size as people read it."""
    size, unit = float(size_bytes), "bytes"
    for larger in ("KB", "MB", "GB", "TB"):
        if size < 1024:
            break
        size, unit = size / 1024, larger
    return f"{size_bytes} bytes" if unit == "bytes" else f"{size:.1f} {unit}"


def counted(number: int, thing: str) -> str:
    """Return a number of things."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def _show(options: argparse.Namespace, config: Config) -> int:
    located = required(options, config)
    manifest = located.manifest
    if options.json:
        for file in manifest.files:
            _event("file", file_fields(file))
        _event(
            "manifest", {**_summary(located), "versions": [version_fields(version) for version in manifest.versions]}
        )
        return EXIT_DONE
    _rows(
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
        sys.stdout.write(f"{shown(BEGUN.format(prefix=manifest.prefix))}\n")
        return EXIT_DONE
    _table(
        ("File", "Size", "MD5", "Uploaded", "Key"),
        [
            (file.filename, size_text(file.size_bytes), file.md5_hash or "not known", file.uploaded_at, file.s3_key)
            for file in manifest.files
        ],
    )
    for version in manifest.versions:
        sys.stdout.write(
            f"Until {shown(version.replaced_at)}: {counted(version.total_files, 'file')}, "
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
            _event("manifest", _summary(located))
    elif found:
        _table(
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


def _list_orphans(known: Sequence[Located], *, as_json: bool) -> None:
    found = orphans(known)
    if as_json:
        for orphan in found:
            _event("orphan", {**_summary(orphan.located), "reason": orphan.reason, "certain": orphan.certain})
    elif found:
        _table(
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
        check_backend(config, located.manifest if located is not None else None)
    else:  # the manifest has public addresses
        located = required(options, config)
    with connected(config.backend) as remote:
        manifest = located.manifest if located is not None else remote.manifest(as_prefix(options.manifest))
        if manifest is None:
            raise unknown(remote, options.manifest)
        check_finished(manifest)
        entries = chosen(manifest, options.files)
        done = restore(
            remote, entries, options.output, placement=manifest.placement, on_file=_say_json if options.json else _say
        )
    failed = [restored for restored in done if restored.outcome is RestoreOutcome.FAILED]
    if not failed and not options.files:
        write_beside(relocated(manifest, options.output.absolute()), options.output)
    unchecked = sum(not restored.checked for restored in done)
    counts = {outcome.name.lower(): sum(restored.outcome is outcome for restored in done) for outcome in RestoreOutcome}
    if options.json:
        _event("restore_finished", {**counts, "without_md5": unchecked, "folder": str(options.output)})
    else:
        rest = f"{counts['kept']} already there, {counts['failed']} failed"
        sys.stdout.write(f"{counted(counts['restored'], 'file')} restored to {options.output}, {rest}.\n")
        if unchecked:
            sys.stdout.write(f"{counted(unchecked, 'file')} could be checked by size only: the manifest has no MD5.\n")
    return EXIT_FAILED if failed else EXIT_DONE


def _prune(options: argparse.Namespace, config: Config) -> int:
    if options.orphans:
        return _prune_orphans(options, config)
    if not options.manifest:
        raise SettingsError("Name a destination or a folder that was uploaded, or add --orphans.")
    located = find(options.manifest, config.data_dir, config.backend.url)
    check_backend(config, located.manifest if located is not None else None)
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
            deleted = delete(remote, found)
    return _say_deleted(options, found.objects, deleted)


def _prune_orphans(options: argparse.Namespace, config: Config) -> int:
    """Delete the streams whose videos are gone, all of them or the one at a destination."""
    check_backend(config, None)
    known, problems = library(config.data_dir)
    complain(*problems)
    objects: list[StoredObject] = []
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


def _destinations(known: Sequence[Located], remote: Remote) -> list[str]:
    return [one.manifest.prefix for one in known if one.manifest.backend_url == remote.backend_url]


def _say_deleted(options: argparse.Namespace, found: Sequence[StoredObject], deleted: Sequence[Deleted]) -> int:
    """Say what was deleted of what was found, and return the exit status."""
    errors = [one for one in deleted if one.error]
    for one in errors:
        complain(f"{one.stored.key} could not be deleted: {one.error}")
    gone = len(deleted) - len(errors)
    if options.json:
        size_bytes = sum(stored.size_bytes for stored in found)
        _event(
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
    if options.json or not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    sys.stderr.write(f"Delete {counted(len(found.objects), 'file')} from the server for good? [y/N] ")
    sys.stderr.flush()
    answer = sys.stdin.readline()
    if not answer:  # Ctrl-D answers nothing
        raise KeyboardInterrupt
    return answer.strip().lower() in ("y", "yes")


def _say_leftovers(found: Leftovers, *, as_json: bool) -> None:
    if as_json:
        for stored in found.objects:
            _event("leftover", {"s3_key": stored.key, "size_bytes": stored.size_bytes})
        _say_kept(found.kept, as_json=True)
        return
    if found.objects:
        _table(
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
            _event("kept", {"text": text})
        else:
            sys.stdout.write(f"{shown(text)}\n")


def _say(restored: Restored) -> None:
    if restored.outcome is RestoreOutcome.FAILED:
        complain(f"{shown(restored.filename)}: {restored.text}")
    else:
        sys.stdout.write(f"{shown(restored.filename)}: {restored.outcome.value}\n")


def _say_json(restored: Restored) -> None:
    fields = {**asdict(restored), "path": str(restored.path), "outcome": restored.outcome.name.lower()}
    _event("file", fields)


def _summary(located: Located) -> dict[str, Any]:
    manifest = located.manifest
    return {
        "title": manifest.title,
        "backend_url": manifest.backend_url,
        "bucket": manifest.bucket,
        "prefix": manifest.prefix,
        "created_at": manifest.created_at,
        "last_synced": manifest.last_synced,
        "total_files": manifest.total_files,
        "total_size_bytes": manifest.total_size_bytes,
        "manifest": str(located.path),
    }


def _event(name: str, fields: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps({"event": name, **fields}) + "\n")


def _rows(*rows: tuple[str, str]) -> None:
    width = max(len(label) for label, _ in rows) + 2
    for label, text in rows:
        sys.stdout.write(f"{label:<{width}}{shown(text)}\n")


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Write rows below their heads in columns; a terminal breaks what is longer than it is wide.

    Rich's own table takes 25 s for 30,000 rows.
    """
    cells = [head, *([shown(cell) for cell in row] for row in rows)]
    widths = [max(map(_cells_wide, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        padded = []
        for name, width, text in zip(head, widths, row, strict=True):
            blank = " " * (width - _cells_wide(text))
            padded.append(blank + text if name in NUMBERS else text + blank)
        sys.stdout.write("  ".join(padded).rstrip() + "\n")


def _cells_wide(text: str) -> int:
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)
