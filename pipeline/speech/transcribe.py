"""Transcribes a source's audio: asks the child process and puts its transcript on the video's clock."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from config import VERSION
from pipeline.cancel import CancelToken
from pipeline.codec import from_json
from pipeline.speech.child import WhisperProcess
from pipeline.speech.languages import ENGLISH
from pipeline.speech.model import OnDownload, error_of, progress_of, request
from pipeline.speech.model_folder import public_name
from pipeline.speech.recognition_log import RecognitionLog, Recognized
from pipeline.speech.transcript import Segment, Transcript, TranscriptOrigin, WhisperSettings

PROTOCOL = "Whisper's process"
"""What sent a message that can't be read."""


def transcribe(
    whisper: WhisperProcess,
    source: Path,
    cancel: CancelToken,
    *,
    model: str,
    language: str | None = None,
    track: int | None = None,
    channel: int | None = None,
    offset_s: float = 0.0,
    limit_s: float | None = None,
    fast: bool = False,
    multilingual: bool = False,
    translate: bool = False,
    report: Callable[[float], None] | None = None,
    on_download: OnDownload | None = None,
    log: RecognitionLog | None = None,
) -> Transcript:
    """Return what is said in a file's audio track; no speech gives a transcript without segments.

    Args:
        whisper: The process that listens.
        source: A file that PyAV reads.
        cancel: Ends the child process at once.
        model: A known name, or a folder with a CTranslate2 Whisper model.
        language: A language code, or None to detect it.
        track: The audio track, counted among all streams of the file; None is the first audio track.
        channel: Of the track, counted from 0; None is all of them, mixed together.
        offset_s: How much later than the video the audio starts; added to every time. What lies before the video's
            start is not transcribed.
        limit_s: Where the video ends, if before the audio does.
        fast: Transcribe several windows together, which may lose sentences.
        multilingual: Recognize each window in its own language, and keep that of each segment.
        translate: Write in English what is said in `language`; the transcript's language is English then.
        report: Called with the fraction done, by the audio's time.
        on_download: Called before a model is downloaded, and several times a second meanwhile.
        log: Keeps what is transcribed; what an earlier run has transcribed is not transcribed again.

    Raises SpeechError, OutputError, Cancelled.
    """
    from_s, until_s = max(0.0, -offset_s), None if limit_s is None else max(0.0, limit_s - offset_s)
    hearing = _Recognition(log)
    before = hearing.heard
    source_name, start_s = str(source.absolute()), from_s + before.seconds
    part = {"from_s": start_s, "until_s": until_s, "channel": channel}
    asked = request("transcribe", model, before.language or language, source_name, track) | part
    asked |= {"fast": fast, "multilingual": multilingual, "translate": translate}
    with closing(hearing), whisper.answers(asked, cancel) as answers:
        result = _listen(answers, hearing, model, report, on_download)
    spoken = hearing.heard.language or result["language"]
    sure = before.language_probability or float(result["language_probability"])
    return Transcript(
        language=ENGLISH if translate and spoken else spoken,
        language_probability=1.0 if translate and spoken else sure,
        duration_s=before.seconds + float(result["duration_s"]) + offset_s + from_s,
        segments=tuple(segment.shifted(offset_s + from_s) for segment in hearing.segments),
        origin=_origin(model, language, result),
    )


def _listen(
    answers: Iterable[Mapping[str, Any]],
    hearing: _Recognition,
    model: str,
    report: Callable[[float], None] | None,
    on_download: OnDownload | None,
) -> Mapping[str, Any]:
    """Pass on what the child process tells until it ends; return its result."""
    result: Mapping[str, Any] = {}
    for answer in answers:
        kind = answer["kind"]
        if kind == "downloading" and on_download is not None:
            on_download(progress_of(answer))
        elif kind == "error":
            raise error_of(answer, model)
        elif kind == "result":
            result = answer
        else:
            hearing.note(answer, report)
    return result


class _Recognition:
    """What has been transcribed so far, and the log that keeps it. Times count from where the transcription begins."""

    def __init__(self, log: RecognitionLog | None) -> None:
        self._log = log
        self.heard = log.read() if log is not None else Recognized()
        self.segments = list(self.heard.segments)
        self._before_s = self.heard.seconds
        self._window: list[Segment] = []
        if log is not None:
            log.begin(self.heard)

    def note(self, answer: Mapping[str, Any], report: Callable[[float], None] | None) -> None:
        """Keep a segment, or how far the audio has been transcribed; ignore any other answer."""
        if answer["kind"] == "segment":
            segment = from_json(Segment, answer["segment"], PROTOCOL)
            self._window.append(segment.shifted(self._before_s))
        elif answer["kind"] == "progress":
            self._reach(answer)
            if report is not None and answer["duration_s"] > 0:
                report(min(1.0, self.heard.seconds / (self._before_s + answer["duration_s"])))

    def _reach(self, progress: Mapping[str, Any]) -> None:
        self.heard = Recognized(
            seconds=self._before_s + float(progress["seconds"]),
            language=progress["language"],
            language_probability=self.heard.language_probability or float(progress["language_probability"]),
        )
        if self._log is not None:
            self._log.add(tuple(self._window), self.heard)
        self.segments += self._window
        self._window = []

    def close(self) -> None:
        if self._log is not None:
            self._log.close()


def _origin(model: str, language: str | None, result: Mapping[str, Any]) -> TranscriptOrigin:
    settings = replace(from_json(WhisperSettings, result["settings"], PROTOCOL), language=language)
    return TranscriptOrigin(program_version=VERSION, model=public_name(model), settings=settings)
