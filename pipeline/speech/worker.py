"""Whisper's child process: requests as JSON lines on standard input, answers as JSON lines on standard output.

Request: `{"task": "find"|"fetch"|"load"|"transcribe"|"align", "model", "is_folder", "language", "translate", "source",
"track", "channel", "from_s", "until_s", "patience_s"}`, to align also `windows`; or `{"task": "choose", "source",
"tracks", "from_s", "until_s"}`. All that name a model name the same one: it is loaded once.
Answers: `accepted` at first, then `downloading`, `loaded` where the model was not loaded before, `segment`, `aligned`,
`progress`, and at last `result` or `error`, told apart by their `kind`. An error ends this process.
Standard input stays open while the parent lives; its end ends this process, whatever it does.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
import traceback
from pathlib import Path
from queue import SimpleQueue
from typing import IO, TYPE_CHECKING, Any

from pipeline.codec import to_json
from pipeline.errors import SpeechError
from pipeline.speech.model_folder import MODEL_FILE
from pipeline.speech.transcript import Segment

if TYPE_CHECKING:
    from faster_whisper import WhisperModel

    from pipeline.speech.audio import SourceAudio
    from pipeline.speech.model_access import NamedModel
    from pipeline.speech.window_model import WindowModel


class SpeechWorker:
    """Serves requests, one after another. `named` is the model of the latest, where it has a name and not a folder."""

    def __init__(self, answers: IO[str]) -> None:
        self._answers = answers
        self._lock = threading.Lock()
        self._model: WindowModel | None = None
        self.named: NamedModel | None = None

    def tell(self, kind: str, **facts: object) -> None:
        """Write one answer; may be called in any thread."""
        with self._lock:
            self._answers.write(json.dumps({"kind": kind, **facts}) + "\n")
            self._answers.flush()

    def serve(self, request: dict[str, Any]) -> None:
        """Do what the request asks; the last answer is `result`. Raises SpeechError, and what third parties raise."""
        task, self.named = request["task"], None
        if task == "fetch":
            self.tell("result", folder=str(self._named(request).fetch()))
        elif task == "choose":
            self._choose(request)
        elif task == "find":
            self._find(request)
        else:
            model = self._loaded(request)
            if task == "load":
                self.tell("result")
            else:
                self._transcribe(model, request)

    def _find(self, request: dict[str, Any]) -> None:
        from pipeline.speech import whisper  # takes half a second, so it is under the watch for the parent's end

        whisper.check_language(request["language"])
        folder = Path(request["model"]) if request["is_folder"] else self._named(request).whole_folder()
        self.tell("result", size_bytes=(folder / MODEL_FILE).stat().st_size)

    def _loaded(self, request: dict[str, Any]) -> WindowModel:
        """Return the model, which knows the language."""
        from pipeline.speech import whisper

        language, label = request["language"], request["model"]
        whisper.check_language(language)
        if self._model is None:
            began_s = time.monotonic()
            if request["is_folder"]:
                self._model = whisper.load_whisper(Path(label), label)
            else:
                self._model = self._named(request).load(lambda folder: whisper.load_whisper(folder, label))
            self.tell("loaded", seconds=round(time.monotonic() - began_s, 3))
        whisper.check_model(self._model, label, language, translate=request["translate"])
        return self._model

    def _transcribe(self, model: WindowModel, request: dict[str, Any]) -> None:
        from pipeline.speech.audio import read_audio
        from pipeline.speech.language_vote import language_of
        from pipeline.speech.recognizer import SpeechRecognizer

        part = {name: request[name] for name in ("from_s", "until_s", "channel")}
        audio = read_audio(Path(request["source"]), request["track"], **part)
        if request["task"] == "align":
            self._align(model, audio, request)
            return
        language, several = request["language"], bool(request["multilingual"])
        translate = request["translate"]
        recognizer = SpeechRecognizer(model, language, fast=request["fast"], multilingual=several, translate=translate)
        if language is None and not several:
            voted = language_of(model, Path(request["source"]), request["track"], **part, duration_s=audio.duration_s)
            recognizer.language, recognizer.language_probability = voted or (None, 0.0)
        for found in recognizer.recognize(audio):
            if isinstance(found, Segment):
                self.tell("segment", segment=to_json(found))
            else:
                self.tell(
                    "progress",
                    seconds=found,
                    duration_s=audio.duration_s,
                    language=recognizer.language,
                    language_probability=recognizer.language_probability,
                )
        self.tell(
            "result",
            language=recognizer.language,
            language_probability=recognizer.language_probability,
            duration_s=recognizer.recognized_s,
            settings=to_json(recognizer.settings),
        )

    def _choose(self, request: dict[str, Any]) -> None:
        from pipeline.speech.audio_choice import choose_track

        part = {name: request[name] for name in ("from_s", "until_s")}
        track, channel = choose_track(Path(request["source"]), request["tracks"], **part)
        self.tell("result", track=track, channel=channel)

    def _align(self, model: WhisperModel, audio: SourceAudio, request: dict[str, Any]) -> None:
        from pipeline.speech.align import align_windows

        for number, words in enumerate(align_windows(model, request["language"] or "en", audio, request["windows"])):
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


def read_requests(requests: SimpleQueue[dict[str, Any]]) -> None:
    """Pass the requests on; end this process when the parent has closed standard input or died. Never returns."""
    try:
        for line in sys.stdin.buffer:
            requests.put(json.loads(line))
    finally:  # also where the parent died while it wrote a request
        os._exit(1)


def main() -> None:
    """Serve requests until one fails, then end at once: tearing a loaded model down can hang."""
    # Libraries print to standard output; what they print goes to standard error, the answers have it for themselves.
    answers = os.fdopen(os.dup(1), "w", encoding="ascii", newline="\n")
    os.dup2(2, 1)
    requests: SimpleQueue[dict[str, Any]] = SimpleQueue()
    threading.Thread(target=read_requests, args=(requests,), daemon=True).start()
    worker = SpeechWorker(answers)
    try:
        while True:
            request = requests.get()
            worker.tell("accepted")
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
