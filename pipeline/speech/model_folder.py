"""What a folder with a Whisper model must hold. Reads names only, so that it costs nothing before a job."""

from __future__ import annotations

import os
from pathlib import Path

from pipeline.errors import SpeechError

REQUIRED = (("model.bin",), ("config.json",), ("tokenizer.json",), ("vocabulary.json", "vocabulary.txt"))
"""Each is one file, under one of its names. Without the tokenizer faster-whisper would ask the network for one."""
OTHER_FORMATS = (".pt", ".safetensors", ".gguf", ".ggml", ".onnx")
OTHER_FILES = ("pytorch_model.bin",)


def is_folder_name(model: str) -> bool:
    """Whether a model's text means a folder rather than a name such as 'base'."""
    return any(mark in model for mark in "/\\~") or model in (".", "..") or Path(model).exists()


def public_name(model: str) -> str:
    """Return the name of a model that may leave this computer: of a folder its own, without where it lies."""
    return Path(os.path.abspath(Path(model).expanduser())).name if is_folder_name(model) else model  # noqa: PTH100


def missing_file(folder: Path) -> str | None:
    """Return the name of a file that a model folder lacks, or None when it is whole."""
    for names in REQUIRED:
        if not any((folder / name).is_file() for name in names):
            return names[0]
    return None


def checked_folder(model: str) -> Path:
    """Return a model's folder as an absolute path. Raises SpeechError naming what is wrong with it."""
    folder = Path(model).expanduser().absolute()
    if folder.is_file():
        raise SpeechError(
            f"{folder} is a file, not a model folder: choose a folder with a CTranslate2 Whisper model "
            "(model.bin and more)."
        )
    try:
        names = [path.name for path in folder.iterdir()] if folder.exists() else None
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
        return folder
    other = next((name for name in sorted(names) if name.endswith(OTHER_FORMATS) or name in OTHER_FILES), None)
    if other and missing == "model.bin":
        raise SpeechError(
            f"{folder} holds a Whisper model in another form ({other}): "
            "choose a folder with a CTranslate2 model (model.bin)."
        )
    raise SpeechError(f"The model folder {folder} lacks {missing}: get the model again or choose another folder.")
