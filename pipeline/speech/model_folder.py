"""What a folder with a Whisper model must hold. Reads small files and headers only: it costs little before a job."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from pipeline.errors import SpeechError
from pipeline.files import is_folder, is_there
from pipeline.speech.model_weights import is_incomplete

MODEL_FILE = "model.bin"
"""All weights, and so nearly all of its bytes."""
REQUIRED = ((MODEL_FILE,), ("config.json",), ("tokenizer.json",), ("vocabulary.json", "vocabulary.txt"))
"""Each is one file, under one of its names. Without the tokenizer faster-whisper would ask the network for one."""
OTHER_FORMATS = (".pt", ".safetensors", ".gguf", ".ggml", ".onnx")
OTHER_FILES = ("pytorch_model.bin",)


class ModelLoadError(SpeechError):
    """The files of a model are all there, but it can't be loaded: one may be damaged."""


def is_folder_name(model: str) -> bool:
    """Whether a model's text means a folder rather than a name such as 'base'."""
    return any(mark in model for mark in "/\\~") or model in (".", "..") or is_there(Path(model))


def public_name(model: str) -> str:
    """Return the name of a model that may leave this computer: of a folder its own, without where it lies."""
    return Path(os.path.abspath(Path(model).expanduser())).name if is_folder_name(model) else model  # noqa: PTH100


def may_translate(model: str) -> bool:
    """Whether a model can translate, as far as its name or its folder's tells; the rest is known when it is loaded.

    Those for English hear no other language, and `turbo` and the distilled ones were not taught to translate (OpenAI's
    README of Whisper, "Available models"; Distil-Whisper's README).
    """
    name = model.strip().lower().rstrip("/").rpartition("/")[2]
    return not (name.endswith((".en", "turbo")) or name.startswith("distil"))


def missing_file(folder: Path) -> str | None:
    """Return the name of a file that a model folder lacks, or None when it is whole."""
    for names in REQUIRED:
        if not any((folder / name).is_file() for name in names):
            return names[0]
    return None


def damaged_file(folder: Path) -> str | None:
    """Return the name of a file of a whole model folder that can't be used, or None when all seem to be good.

    CTranslate2 loads a model with the configuration `{}`, and fails when it is to listen. A folder is read again when
    one of its files has changed.
    """
    stamps = []
    for name in (*_USABLE, MODEL_FILE):
        with contextlib.suppress(OSError):
            status = (folder / name).stat()
            stamps.append((name, status.st_size, status.st_mtime_ns, status.st_ino))
    return _damaged_file(folder, tuple(stamps))


@lru_cache(maxsize=8)
def _damaged_file(folder: Path, stamps: tuple[tuple[str, int, int, int], ...]) -> str | None:
    for name, usable in _USABLE.items():
        path = folder / name
        try:
            if path.exists() and not usable(json.loads(path.read_text(encoding="utf-8"))):
                return name
        except (OSError, ValueError):  # also what is no UTF-8
            return name
    try:
        return MODEL_FILE if is_incomplete(folder / MODEL_FILE) else None
    except OSError:
        return MODEL_FILE


def damage(name: str) -> str:
    """Return in a word what is wrong with such a file."""
    return "incomplete" if name == MODEL_FILE else "damaged"


def _is_configuration(content: object) -> bool:
    return isinstance(content, dict) and isinstance(content.get("suppress_ids"), list)


def _is_tokenizer(content: object) -> bool:
    return isinstance(content, dict) and isinstance(content.get("model"), dict)


_USABLE: dict[str, Callable[[object], bool]] = {
    "config.json": _is_configuration,
    "tokenizer.json": _is_tokenizer,
    "vocabulary.json": lambda content: isinstance(content, list) and bool(content),
    "preprocessor_config.json": lambda content: isinstance(content, dict),
}
"""What the content of each file of a model in JSON must be."""


def checked_folder(model: str) -> Path:
    """Return a model's folder as an absolute path. Raises SpeechError naming what is wrong with it."""
    folder = Path(model).expanduser().absolute()
    if is_there(folder) and not is_folder(folder):
        raise SpeechError(
            f"{folder} is a file, not a model folder: choose a folder with a CTranslate2 Whisper model "
            "(model.bin and more)."
        )
    try:
        names = [path.name for path in folder.iterdir()] if is_there(folder) else None
    except OSError as error:
        raise SpeechError(
            f"The model folder {folder} can't be read ({error.strerror}): check its permissions."
        ) from error
    if names is None:
        raise SpeechError(
            f"The model folder {folder} isn't there: choose another folder or a model's name, such as 'base'."
        )
    missing = missing_file(folder)
    if missing is None:
        if damaged := damaged_file(folder):
            raise SpeechError(
                f"In the model folder {folder} {damaged} is {damage(damaged)}: "
                "get the model again or choose another folder."
            )
        return folder
    other = next((name for name in sorted(names) if name.endswith(OTHER_FORMATS) or name in OTHER_FILES), None)
    if other and missing == "model.bin":
        raise SpeechError(
            f"{folder} holds a Whisper model in another form ({other}): "
            "choose a folder with a CTranslate2 model (model.bin)."
        )
    raise SpeechError(f"The model folder {folder} lacks {missing}: get the model again or choose another folder.")
