"""Transcribes a source's sound: asks the child process and puts what it hears on the video's clock."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from config import VERSION
from pipeline.cancel import CancelToken
from pipeline.codec import from_json
from pipeline.speech import child
from pipeline.speech.model import OnDownload, error_of, progress_of, request
from pipeline.speech.model_folder import public_name
from pipeline.speech.transcript import Segment, Transcript, TranscriptOrigin, WhisperSettings

PROTOCOL = "Whisper's process"
"""What sent a message that can't be read."""


def transcribe(
    source: Path,
    cancel: CancelToken,
    *,
    model: str,
    language: str | None = None,
    track: int | None = None,
    offset_s: float = 0.0,
    limit_s: float | None = None,
    report: Callable[[float], None] | None = None,
    on_download: OnDownload | None = None,
    environment: Mapping[str, str] | None = None,
) -> Transcript:
    """Return what is said in a file's sound track; no speech gives a transcript without segments.

    Args:
        source: A file that PyAV reads.
        cancel: Ends the child process at once.
        model: A known name, or a folder with a CTranslate2 Whisper model.
        language: A language code, or None to hear which it is.
        track: The sound track, counted among all streams of the file; None is the first sound.
        offset_s: How much later than the video the sound starts; added to every time. What lies before the video's
            start is not heard.
        limit_s: Where the video ends, if before the sound does.
        report: Called with the fraction done, by the sound's time.
        on_download: Called before a model is downloaded, and several times a second meanwhile.
        environment: The child process's whole environment, or None for this process's own without its secrets.

    Raises SpeechError, Cancelled.
    """
    segments: list[Segment] = []
    result: Mapping[str, Any] = {}
    from_s, until_s = max(0.0, -offset_s), None if limit_s is None else max(0.0, limit_s - offset_s)
    offset_s += from_s
    asked = request("transcribe", model, language, str(source.absolute()), track, from_s=from_s, until_s=until_s)
    with child.answers(asked, cancel, environment) as answers:
        for answer in answers:
            kind = answer["kind"]
            if kind == "segment":
                segments.append(from_json(Segment, answer["segment"], PROTOCOL).shifted(offset_s))
            elif kind == "progress" and report is not None and answer["duration_s"] > 0:
                report(min(1.0, answer["seconds"] / answer["duration_s"]))
            elif kind == "downloading" and on_download is not None:
                on_download(progress_of(answer))
            elif kind == "error":
                raise error_of(answer, model)
            elif kind == "result":
                result = answer
    return Transcript(
        language=result["language"],
        language_probability=float(result["language_probability"]),
        duration_s=float(result["duration_s"]) + offset_s,
        segments=tuple(segments),
        origin=_origin(model, result),
    )


def _origin(model: str, result: Mapping[str, Any]) -> TranscriptOrigin:
    settings = from_json(WhisperSettings, result["settings"], PROTOCOL)
    return TranscriptOrigin(program_version=VERSION, model=public_name(model), settings=settings)
