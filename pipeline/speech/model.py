"""Finds a job's Whisper model, fetches it where it is not there, and has it loaded.

The work is done in the child process.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.cancel import CancelToken
from pipeline.errors import SpeechError
from pipeline.speech.child import WhisperProcess
from pipeline.speech.model_folder import checked_folder, is_folder_name

MODEL_NAMES = ("tiny", "base", "small", "medium", "large-v3", "turbo")
"""What an editor chooses from, quick to careful; any other name that faster-whisper knows works too."""

PATIENCE_S = 30.0
"""For how long the hub may send nothing."""
MEGABYTE = 1 << 20

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class DownloadProgress:
    """How far the download of a model is; the total is 0 until the hub has said it.

    `again` is whether the model was here, but damaged.
    """

    done_bytes: int = 0
    total_bytes: int = 0
    again: bool = False


OnDownload = Callable[[DownloadProgress], None]


def download_note(model: str, progress: DownloadProgress) -> str:
    """Return what to say when a download begins."""
    if progress.again:
        return f"The Whisper model '{model}' on this computer is damaged: the damaged files are downloaded again."
    return f"Downloading the Whisper model '{model}': needed once, then it stays on this computer."


def download_text(model: str, progress: DownloadProgress) -> str:
    """Return what to show beside a bar while a model is downloaded."""
    text = f"Downloading the Whisper model '{model}'"
    if not progress.total_bytes:
        return f"{text}..."
    return f"{text}: {progress.done_bytes // MEGABYTE} of {-(-progress.total_bytes // MEGABYTE)} MB"


def load_model(
    whisper: WhisperProcess,
    model: str,
    cancel: CancelToken,
    *,
    language: str | None = None,
    translate: bool = False,
    on_download: OnDownload | None = None,
    patience_s: float = PATIENCE_S,
) -> None:
    """Load a model, which stays loaded, and check that it knows a language; download it by its name if necessary.

    Args:
        whisper: The process that loads it.
        model: A known name, or a folder with a CTranslate2 Whisper model.
        cancel: Ends it at once, a download too.
        language: A language code, or None for automatic.
        translate: Make sure that it knows other languages than English, too.
        on_download: Called before a download begins, and several times a second while it runs.
        patience_s: For how long the hub may send nothing.

    Raises SpeechError, Cancelled.
    """
    asked = {**request("load", model, language), "translate": translate, "patience_s": patience_s}
    _ask(whisper, asked, cancel, on_download)
    whisper.note_language(asked["model"], language, translate=translate)


def find_model(
    whisper: WhisperProcess,
    model: str,
    cancel: CancelToken,
    *,
    language: str | None = None,
    on_download: OnDownload | None = None,
) -> int:
    """Make sure that a model's files are on this computer, as far as can be told without loading it.

    Return how large it is, in bytes. Arguments and errors are those of `load_model`.
    """
    return int(_ask(whisper, request("find", model, language), cancel, on_download)["size_bytes"])


def get_model(
    whisper: WhisperProcess,
    name: str,
    cancel: CancelToken,
    *,
    on_download: OnDownload | None = None,
    patience_s: float = PATIENCE_S,
) -> Path:
    """Make sure that every file of a known model is on this computer with the hub's checksum; return their folder.

    Arguments and errors are those of `load_model`.
    """
    if is_folder_name(name):
        raise SpeechError(f"{name} is a folder, not the name of a Whisper model: give a name, such as 'base'.")
    asked = {**request("fetch", name, None), "patience_s": patience_s}
    return Path(_ask(whisper, asked, cancel, on_download)["folder"])


def model_of(model: str) -> tuple[str, bool]:
    """Return a model as requests name it, and whether it is a folder. Raises SpeechError when that won't do."""
    if not model.strip():
        raise SpeechError("No Whisper model is chosen: give a name, such as 'base', or a model folder.")
    is_folder = is_folder_name(model)
    return str(checked_folder(model)) if is_folder else model, is_folder


def _ask(
    whisper: WhisperProcess, asked: Mapping[str, Any], cancel: CancelToken, on_download: OnDownload | None
) -> Mapping[str, Any]:
    """Return the child's result. Raises SpeechError, Cancelled."""
    result: Mapping[str, Any] = {}
    with whisper.answers(asked, cancel) as answers:
        for answer in answers:
            if answer["kind"] == "downloading" and on_download is not None:
                on_download(progress_of(answer))
            elif answer["kind"] == "error":
                raise error_of(answer, asked["model"])
            elif answer["kind"] == "result":
                result = answer
    return result


def progress_of(answer: Mapping[str, Any]) -> DownloadProgress:
    """Return what the child's `downloading` says."""
    return DownloadProgress(done_bytes=answer["done_bytes"], total_bytes=answer["total_bytes"], again=answer["again"])


def request(
    task: str,
    model: str,
    language: str | None,
    source: str = "",
    track: int | None = None,
    *,
    from_s: float = 0.0,
    until_s: float | None = None,
    channel: int | None = None,
) -> dict[str, Any]:
    """Return what to ask of the child process; of the audio, only what lies between two times is transcribed.

    Raises SpeechError when the model is a folder that won't do.
    """
    name, is_folder = model_of(model)
    return {
        "task": task,
        "model": name,
        "is_folder": is_folder,
        "language": language.strip().lower() if language else None,
        "translate": False,
        "source": source,
        "track": track,
        "channel": channel,
        "from_s": from_s,
        "until_s": until_s,
        "patience_s": PATIENCE_S,
    }


def error_of(answer: Mapping[str, Any], model: str) -> SpeechError:
    """Return the child's `error` as an exception with a sentence; what only developers can use goes to the log."""
    if "message" in answer:
        return SpeechError(str(answer["message"]))
    _log.info("Whisper's process failed: %s", answer["detail"])
    if answer["again"]:
        return SpeechError(
            f"The Whisper model '{model}' on this computer is damaged and can't be downloaded again"
            f" ({answer['reason']}): connect to the internet once, or choose a model folder."
        )
    if answer["downloading"]:
        return SpeechError(
            f"The Whisper model '{model}' isn't on this computer and can't be downloaded ({answer['reason']}):"
            " connect to the internet once, or choose a model folder."
        )
    return SpeechError(
        f"Whisper failed with the model '{model}' ({answer['reason']}): start again or choose another model."
    )
