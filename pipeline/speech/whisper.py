"""Whisper itself: loads a model. Runs in the child process only; importing it takes half a second."""

from __future__ import annotations

import os
from pathlib import Path

import ctranslate2  # type: ignore[import-untyped]
import numpy as np
from faster_whisper.tokenizer import _LANGUAGE_CODES as LANGUAGE_CODES  # the package has no public name for them

from pipeline.errors import SpeechError
from pipeline.speech.audio import RATE_HZ
from pipeline.speech.model_folder import ModelLoadError
from pipeline.speech.window_model import WindowModel

MOST_THREADS = 8
"""More threads than this make the decoder slower, not faster."""


def check_language(language: str | None) -> None:
    """Refuse a code that no Whisper model has. Raises SpeechError."""
    if language is not None and language not in LANGUAGE_CODES:
        codes = ", ".join(sorted(LANGUAGE_CODES))
        raise SpeechError(f"Whisper doesn't know the language code '{language}': use 'auto' or one of {codes}.")


def load_whisper(folder: Path, label: str) -> WindowModel:
    """Load a model on the graphics card, or on the processor where there is none that works. Raises SpeechError."""
    return _on_graphics_card(folder) or _on_processor(folder, label)


def check_model(model: WindowModel, label: str, language: str | None, *, translate: bool) -> None:
    """Check that a model knows a language and can translate if asked. Raises SpeechError."""
    if translate and not model.model.is_multilingual:
        raise SpeechError(
            f"The Whisper model '{label}' understands English only and can't translate: "
            "choose a model for all languages, such as 'base', or leave the translation out."
        )
    if language is not None and language not in model.supported_languages:
        raise SpeechError(
            f"The Whisper model '{label}' understands English only: "
            "choose English or a model for all languages, such as 'base'."
        )


def _on_graphics_card(folder: Path) -> WindowModel | None:
    try:
        if not ctranslate2.get_cuda_device_count():
            return None
        model = WindowModel(str(folder), device="cuda")
        # CUDA's libraries are looked for at the first use, not while loading.
        model.detect_language(np.zeros(RATE_HZ, dtype=np.float32))
    except (RuntimeError, ValueError, OSError):
        return None
    return model


def _on_processor(folder: Path, label: str) -> WindowModel:
    threads = min(MOST_THREADS, os.cpu_count() or 1)
    try:
        return WindowModel(str(folder), device="cpu", compute_type="int8", cpu_threads=threads)
    except (RuntimeError, ValueError, OSError) as error:
        reason = str(error).partition("\n")[0].rstrip(".")
        raise ModelLoadError(
            f"The Whisper model '{label}' can't be loaded ({reason}): get it again or choose another one."
        ) from error
