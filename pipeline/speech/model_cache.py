"""Which Whisper models have names, and what of them is on this computer.

They lie in the cache that Hugging Face's programs share, so that one which another program fetched is found. Importing
takes half a second, for faster-whisper, which knows the names.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from faster_whisper import available_models, download_model
from faster_whisper.utils import _MODELS as REPOSITORIES  # the package has no public name for them
from huggingface_hub import constants as hub
from huggingface_hub import scan_cache_dir
from huggingface_hub.errors import CacheNotFound
from huggingface_hub.file_download import repo_folder_name

from pipeline.errors import SpeechError
from pipeline.speech.model_folder import damage, damaged_file, missing_file

SNAPSHOTS, BLOBS, REFS, LOCKS = "snapshots", "blobs", "refs", ".locks"
"""Where the cache has its files, by https://huggingface.co/docs/huggingface_hub/guides/manage-cache."""


class ModelState(Enum):
    """What is there of a model."""

    WHOLE = "whole"
    PARTIAL = "partial"
    DAMAGED = "damaged"


@dataclass(frozen=True, kw_only=True)
class StoredModel:
    """A model on this computer, or what there is of it; `damaged_file` is one that can't be used."""

    name: str
    folder: Path
    size_bytes: int
    state: ModelState
    damaged_file: str | None = None


def state_text(stored: StoredModel) -> str:
    """Return what is there of a model, in words."""
    if stored.damaged_file is not None:
        return f"{damage(stored.damaged_file)} ({stored.damaged_file})"
    return {
        ModelState.WHOLE: "whole",
        ModelState.PARTIAL: "partly downloaded",
        ModelState.DAMAGED: "damaged",
    }[stored.state]


def known_names() -> list[str]:
    """Return the names by which models can be fetched."""
    return list(available_models())


def check_name(name: str) -> None:
    """Refuse a name that no model has. Raises SpeechError."""
    if name not in known_names():
        raise SpeechError(
            f"There is no Whisper model '{name}': choose one of {', '.join(known_names())}, "
            "or a folder that holds a model."
        )


def repository_of(name: str) -> str:
    """Return which of the hub's repositories has a model, such as `Systran/faster-whisper-base`."""
    return str(REPOSITORIES[name])


def model_cache_folder(name: str) -> Path:
    """Return the folder that has everything of a model, whether it is there or not."""
    return Path(hub.HF_HUB_CACHE) / repo_folder_name(repo_id=repository_of(name), repo_type="model")


def find_on_disk(name: str) -> Path | None:
    """Return the folder of a model fetched before, None if there is none or its download was interrupted."""
    try:
        folder = Path(download_model(name, local_files_only=True))
    except OSError:
        return None
    return None if missing_file(folder) else folder


def stored_models() -> list[StoredModel]:
    """Return what is on this computer of every model that has a name; one with two names counts once."""
    found = (_stored(name) for name in _one_name_each())
    return [model for model in found if model is not None]


def delete_model(name: str) -> int:
    """Remove everything of a model, and return how many bytes that were. Raises SpeechError."""
    check_name(name)
    stored, folder = _stored(name), model_cache_folder(name)
    if stored is None:
        raise SpeechError(f"The Whisper model '{name}' isn't on this computer: there is nothing to delete.")
    try:
        _delete_revisions(folder)
        for rest in (folder, Path(hub.HF_HUB_CACHE) / LOCKS / folder.name):
            if rest.exists():
                shutil.rmtree(rest)
    except OSError as error:
        raise SpeechError(
            f"The Whisper model '{name}' can't be deleted ({error.strerror}: {error.filename}): "
            "end the programs that use it, and try again."
        ) from error
    return stored.size_bytes


def _delete_revisions(folder: Path) -> None:
    """Let the hub's own client delete what it knows of: it may share files between models."""
    try:
        cache = scan_cache_dir()
    except CacheNotFound:
        return
    revisions = [
        revision.commit_hash for repo in cache.repos if repo.repo_path == folder for revision in repo.revisions
    ]
    if revisions:
        cache.delete_revisions(*revisions).execute()


def _one_name_each() -> Sequence[str]:
    """Return one name for each repository: the shorter one, or the one with the version where it is a version's."""
    names: dict[str, str] = {}
    for name in known_names():
        names[repository_of(name)] = name if name != "large" else names.get(repository_of(name), name)
    return list(names.values())


def _stored(name: str) -> StoredModel | None:
    folder = model_cache_folder(name)
    size_bytes = sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    if not size_bytes:
        return None
    whole = find_on_disk(name)
    damaged = damaged_file(whole) if whole is not None else None
    state = ModelState.PARTIAL if whole is None else ModelState.DAMAGED if damaged else ModelState.WHOLE
    return StoredModel(name=name, folder=whole or folder, size_bytes=size_bytes, state=state, damaged_file=damaged)
