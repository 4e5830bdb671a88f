"""`verify`: do the files here, the manifest and the server agree."""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict

from cli.json_lines import json_line
from cli.named_manifest import check_finished, check_manifest_backend, required, unknown
from cli.printing import counted, terminal_safe
from config import Config
from pipeline.transfer.http.validation import as_prefix
from pipeline.transfer.manifests.manifest_library import find
from pipeline.transfer.manifests.remote import connected
from pipeline.transfer.manifests.verify import Verification, verify

EXIT_AGREES = 0
EXIT_DIFFERS = 1


def run(options: argparse.Namespace, config: Config) -> int:
    """Print one line per disagreement and a last one with the count; what can't be compared at all is raised."""
    located = (
        find(options.manifest, config.data_dir, config.backend.url) if config.backend.url else required(options, config)
    )
    if config.backend.url:
        check_manifest_backend(config, located.manifest if located is not None else None)
    with connected(config.backend) as remote:
        manifest = located.manifest if located is not None else remote.manifest(as_prefix(options.manifest))
        if manifest is None:
            raise unknown(remote, options.manifest)
        check_finished(manifest)
        result = verify(manifest, located.folder if located is not None else None, remote, deep=options.deep)
    sys.stdout.write(_json(result) if options.json else _text(result))
    return EXIT_DIFFERS if result.findings else EXIT_AGREES


def _text(result: Verification) -> str:
    lines = [
        f"{terminal_safe(finding.file)} ({finding.side.value}): {terminal_safe(finding.text)}"
        for finding in result.findings
    ]
    lines += [f"Not checked: {terminal_safe(text)}" for text in result.unchecked]
    differences = f"{counted(len(result.findings), 'difference') if result.findings else 'No difference'} found"
    if result.unproven:
        differences += f", and {counted(result.unproven, 'file')} not proven to be on the server"
    compared = f"{result.local_files} on this computer and {result.server_files} on the server"
    return "\n".join([*lines, f"{differences}: of {counted(result.files, 'file')} {compared} were compared."]) + "\n"


def _json(result: Verification) -> str:
    """Return a line for each disagreement, a line for each thing not checked, and a last one with the counts."""
    lines = [
        json_line("finding", {**asdict(finding), "side": finding.side.name.lower()}) for finding in result.findings
    ]
    lines += [json_line("unchecked", {"text": text}) for text in result.unchecked]
    counts = {
        "files": result.files,
        "local_files": result.local_files,
        "server_files": result.server_files,
        "unproven": result.unproven,
    }
    return "".join([*lines, json_line("verification_finished", {"findings": len(result.findings), **counts})])
