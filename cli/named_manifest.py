"""The manifest that a command names, on this computer or on the server, and whether it can be worked with."""

from __future__ import annotations

import argparse

from config import Config
from pipeline.errors import Problem, SettingsError
from pipeline.transfer.http.validation import backend_url_problems, token_problems
from pipeline.transfer.manifests.manifest import BEGUN, Manifest
from pipeline.transfer.manifests.manifest_library import FoundManifest, ManifestError, find
from pipeline.transfer.manifests.remote import Remote


def required(options: argparse.Namespace, config: Config) -> FoundManifest:
    """Return the manifest that was named, on this computer. Raises ManifestError."""
    located = find(options.manifest, config.data_dir, config.backend.url)
    if located is None:
        raise ManifestError(
            f"No manifest is known for {options.manifest}: "
            "name a folder that was uploaded, a manifest or a destination."
        )
    return located


def check_manifest_backend(config: Config, manifest: Manifest | None) -> None:
    """Check that the backend can be asked, and that it is the manifest's. Raises SettingsError with every problem."""
    backend = config.backend
    problems: list[str | Problem] = [
        *config.problems,
        *backend_url_problems(backend.url),
        *token_problems(backend.token),
    ]
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
    """Check that there is something to compare or restore. Raises ManifestError."""
    if manifest.begun:
        raise ManifestError(f"{BEGUN.format(prefix=manifest.prefix)} Its files are known when it is: try again then.")
