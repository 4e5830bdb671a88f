"""Finds out before a job whether its Whisper model can be had, and fetches it.

The work is done in the child process.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from pipeline.cancel import CancelToken
from pipeline.errors import SpeechError
from pipeline.speech import child
from pipeline.speech.model_folder import checked_folder, is_folder_name

MODEL_NAMES = ("tiny", "base", "small", "medium", "large-v3", "turbo")
"""What an editor chooses from, quick to careful; any other name that faster-whisper knows works too."""

_log = logging.getLogger(__name__)


def check_model(
    model: str,
    cancel: CancelToken,
    *,
    language: str | None = None,
    on_download: Callable[[], None] | None = None,
    environment: Mapping[str, str] | None = None,
) -> None:
    """Make sure that a model loads on this computer and hears a language; a known name is downloaded where it must be.

    Args:
        model: A known name, or a folder with a CTranslate2 Whisper model.
        cancel: Ends the check or the download at once.
        language: A language code, or None for automatic.
        on_download: Called before a download begins.
        environment: The child process's whole environment, or None for this process's own without its secrets.

    Raises SpeechError, Cancelled.
    """
    with child.answers(request("check", model, language), cancel, environment) as answers:
        for answer in answers:
            if answer["kind"] == "downloading" and on_download is not None:
                on_download()
            elif answer["kind"] == "error":
                raise error_of(answer, model)


def models_on_disk() -> tuple[str, ...]:
    """Return the names of the models that are on this computer already.

    Takes half a second: Whisper is loaded to ask it.
    """
    from pipeline.speech.whisper import find_on_disk, known_names

    return tuple(name for name in known_names() if find_on_disk(name) is not None)


def request(
    task: str,
    model: str,
    language: str | None,
    source: str = "",
    track: int | None = None,
    *,
    from_s: float = 0.0,
    until_s: float | None = None,
) -> dict[str, Any]:
    """Return what to ask of the child process; of the sound, only what lies between two of its own times is heard.

    Raises SpeechError when the model is a folder that won't do.
    """
    if not model.strip():
        raise SpeechError("No Whisper model is chosen: give a name, such as 'base', or a model folder.")
    is_folder = is_folder_name(model)
    return {
        "task": task,
        "model": str(checked_folder(model)) if is_folder else model,
        "is_folder": is_folder,
        "language": language.strip().lower() if language else None,
        "source": source,
        "track": track,
        "from_s": from_s,
        "until_s": until_s,
    }


def error_of(answer: Mapping[str, Any], model: str) -> SpeechError:
    """Return the child's `error` as an exception with a sentence; what only developers can use goes to the log."""
    if "message" in answer:
        return SpeechError(str(answer["message"]))
    _log.info("Whisper's process failed: %s", answer["detail"])
    if answer["downloading"]:
        return SpeechError(
            f"The Whisper model '{model}' isn't on this computer and can't be downloaded ({answer['reason']}):"
            " connect to the internet once, or choose a model folder."
        )
    return SpeechError(
        f"Whisper failed with the model '{model}' ({answer['reason']}): start again or choose another model."
    )
