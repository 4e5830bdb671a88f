"""Whisper's child process: one request as a JSON line on standard input, answers as JSON lines on standard output.

Request: `{"task": "check"|"fetch"|"transcribe"|"align", "model", "is_folder", "language", "source", "track", "channel",
"from_s", "until_s", "patience_s"}`, to align also `windows`; or `{"task": "choose", "source", "tracks", "from_s",
"until_s"}`.
Answers: `downloading`, `loaded`, `segment`, `aligned`, `progress`, and at last `result` or `error`, told apart by their
`kind`.
Standard input stays open while the parent lives; its end ends this process, whatever it does.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import traceback
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from pipeline.codec import to_json
from pipeline.errors import SpeechError
from pipeline.speech.transcript import Segment

if TYPE_CHECKING:
    from faster_whisper import WhisperModel

    from pipeline.speech.audio import SourceAudio
    from pipeline.speech.model_access import NamedModel
    from pipeline.speech.window_model import WindowModel


class Worker:
    """Serves one request. `named` is the model, where it has a name and not a folder."""

    def __init__(self, answers: IO[str]) -> None:
        self._answers = answers
        self._lock = threading.Lock()
        self.named: NamedModel | None = None

    def tell(self, kind: str, **facts: object) -> None:
        """Write one answer; may be called in any thread."""
        with self._lock:
            self._answers.write(json.dumps({"kind": kind, **facts}) + "\n")
            self._answers.flush()

    def serve(self, request: dict[str, Any]) -> None:
        """Do what the request asks; the last answer is `result`. Raises SpeechError, and what third parties raise."""
        if request["task"] == "fetch":
            self.tell("result", folder=str(self._named(request).fetch()))
            return
        if request["task"] == "choose":
            self._choose(request)
            return
        from pipeline.speech import whisper  # takes half a second, so it is under the watch for the parent's end

        language = request["language"]
        whisper.check_language(language)
        if request["is_folder"]:
            model = whisper.load(Path(request["model"]), request["model"], language)
        else:
            model = self._named(request).load(lambda folder: whisper.load(folder, request["model"], language))
        self.tell("loaded")
        if request["task"] == "check":
            self.tell("result")
            return
        from pipeline.speech.audio import read_audio
        from pipeline.speech.listener import Listener

        part = {name: request[name] for name in ("from_s", "until_s", "channel")}
        audio = read_audio(Path(request["source"]), request["track"], **part)
        if request["task"] == "align":
            self._align(model, audio, request)
            return
        several = bool(request["multilingual"])
        listener = Listener(model, language, fast=request["fast"], multilingual=several)
        if language is None and not several and (voted := self._vote(model, request)) is not None:
            listener.language, listener.language_probability = voted
        for heard in listener.listen(audio):
            if isinstance(heard, Segment):
                self.tell("segment", segment=to_json(heard))
            else:
                self.tell(
                    "progress",
                    seconds=heard,
                    duration_s=audio.duration_s,
                    language=listener.language,
                    language_probability=listener.language_probability,
                )
        self.tell(
            "result",
            language=listener.language,
            language_probability=listener.language_probability,
            duration_s=listener.heard_s,
            settings=to_json(listener.settings),
        )

    def _vote(self, model: WindowModel, request: dict[str, Any]) -> tuple[str, float] | None:
        from pipeline.speech.language_vote import voted_language
        from pipeline.speech.sound_samples import SAMPLES, samples_of

        part = {name: request[name] for name in ("from_s", "until_s")}
        samples = list(samples_of(Path(request["source"]), request["track"], **part))
        if len(samples) < SAMPLES or not model.model.is_multilingual:
            return None  # the first window that is heard tells as much
        return voted_language(model, (sample.heard(request["channel"]) for sample in samples))

    def _choose(self, request: dict[str, Any]) -> None:
        from pipeline.speech.sound_choice import choose_sound

        part = {name: request[name] for name in ("from_s", "until_s")}
        track, channel = choose_sound(Path(request["source"]), request["tracks"], **part)
        self.tell("result", track=track, channel=channel)

    def _align(self, model: WhisperModel, audio: SourceAudio, request: dict[str, Any]) -> None:
        from pipeline.speech.align import align_windows

        for number, words in enumerate(align_windows(model, request["language"] or "en", audio, request["windows"])):
            if words is not None:
                self.tell("aligned", window=number, words=words)
        self.tell("result")

    def _named(self, request: dict[str, Any]) -> NamedModel:
        from pipeline.speech.model_access import NamedModel

        self.named = NamedModel(request["model"], self.tell, request["patience_s"])
        return self.named


def short_reason(error: BaseException) -> str:
    """Return the innermost cause of an error in a few words."""
    while (cause := error.__cause__ or error.__context__) is not None:
        error = cause
    text = str(getattr(error, "strerror", None) or error or type(error).__name__).partition("\n")[0]
    return text.partition("] ")[2] or text if text.startswith("[Errno") else text


def watch_parent() -> None:
    """End this process when the parent has closed standard input or died. Never returns otherwise."""
    while os.read(0, 1):
        continue
    os._exit(1)


def main() -> None:
    """Read the request, serve it, end at once: tearing a loaded model down can hang."""
    # Libraries print to standard output; what they print goes to standard error, the answers have it for themselves.
    answers = os.fdopen(os.dup(1), "w", encoding="ascii", newline="\n")
    os.dup2(2, 1)
    request = json.loads(sys.stdin.buffer.readline())
    threading.Thread(target=watch_parent, daemon=True).start()
    worker = Worker(answers)
    try:
        worker.serve(request)
    except SpeechError as error:
        worker.tell("error", message=str(error))
    except Exception as error:  # noqa: BLE001 - the process's outermost frame: the parent makes a sentence of it
        named = worker.named
        worker.tell(
            "error",
            reason=short_reason(error),
            downloading=named is not None and named.downloading,
            again=named is not None and named.downloading and named.again,
            detail=traceback.format_exc(),
        )
    os._exit(0)
