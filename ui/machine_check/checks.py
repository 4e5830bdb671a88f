"""Asks this computer in threads, and holds what is said of each thing. Knows no Tk."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from enum import Enum
from typing import TYPE_CHECKING, TypeVar

from config import Config
from diagnostics.crash_log import sentence_of
from pipeline.cancel import CancelToken
from pipeline.errors import Cancelled, PipelineError
from pipeline.machine_report import BackendFinding, FfmpegFinding
from pipeline.media.encode.encoder_check import EncoderResult
from pipeline.speech.model import DownloadProgress
from pipeline.speech.model_folder import is_folder_name
from ui.job_form import FormValues, job_config
from ui.machine_check.lines import (
    LOOKING,
    CheckLine,
    CheckState,
    Mending,
    backend_line,
    downloading_line,
    encoders_line,
    ffmpeg_line,
    model_line,
)
from ui.machine_check.machine import Machine

if TYPE_CHECKING:
    from pipeline.speech.model_cache import StoredModel  # with faster-whisper, which takes half a second

T = TypeVar("T")


class Needed(Enum):
    """What the program needs; the value is what it is called."""

    FFMPEG = "ffmpeg"
    ENCODERS = "Encoders"
    MODEL = "Captions"
    BACKEND = "Backend"


class MachineChecks:
    """The lines, and the threads that fill them in. Every method is called in the Tk thread and returns at once."""

    def __init__(
        self,
        machine: Machine,
        *,
        config: Callable[[], Config],
        values: Callable[[], FormValues],
        post: Callable[[Callable[[], None]], None],
    ) -> None:
        """`config` and `values` return the configuration and the form as they are now; what `post` is given is called
        in the Tk thread.
        """
        self.lines = dict.fromkeys(Needed, LOOKING)
        self._machine = machine
        self._config = config
        self._values = values
        self._post = post
        self._cancel = CancelToken()
        self._download: CancelToken | None = None

    def look(self) -> None:
        """Look at everything."""
        self.look_at_ffmpeg()
        self.look_at_model()
        self.look_at_backend()

    def look_at_ffmpeg(self) -> None:
        """Start ffmpeg, and try its encoders."""
        config = self._config()
        self.lines |= {Needed.FFMPEG: LOOKING, Needed.ENCODERS: LOOKING}
        self._ask(Needed.FFMPEG, lambda: self._machine.ffmpeg(config), self._ffmpeg_found)

    def look_at_model(self) -> None:
        """See whether the model of the form is here."""
        if self._download is None:
            self._ask(Needed.MODEL, self._machine.models, self._models_found)

    def look_at_backend(self) -> None:
        """Ask the backend."""
        self.lines[Needed.BACKEND] = LOOKING
        config = job_config(self._values(), self._config())
        self._ask(Needed.BACKEND, lambda: self._machine.backend(config), self._backend_found)

    def download(self) -> None:
        """Fetch the model of the form."""
        name, cancel = self._values().model, CancelToken()
        self._download = cancel
        self.lines[Needed.MODEL] = downloading_line(name, DownloadProgress())

        def told(progress: DownloadProgress) -> None:
            self._post(lambda: self._downloading(name, progress, cancel))

        def fetched() -> str:
            try:
                self._machine.download(name, cancel, told)
            except Cancelled:
                return ""
            except PipelineError as error:
                return str(error)
            return ""

        self._ask(Needed.MODEL, fetched, self._downloaded)

    def cancel_download(self) -> None:
        """End the download; what has come stays, and the next one goes on from there."""
        if self._download is not None:
            self._download.cancel()

    def close(self) -> None:
        """End everything."""
        self._cancel.cancel()
        self.cancel_download()

    def _ffmpeg_found(self, found: FfmpegFinding) -> None:
        program, config = self._values().program, self._config()
        chosen = bool(program.ffmpeg_path) and config.ffmpeg_path == program.ffmpeg_path
        in_env = bool(config.ffmpeg_path) and not chosen
        self.lines[Needed.FFMPEG] = ffmpeg_line(found, in_env=in_env, chosen=chosen)
        path = found.path
        if path is None:
            self.lines[Needed.ENCODERS] = CheckLine(
                state=CheckState.BAD, text="They need ffmpeg.", mending=Mending.TRY_AGAIN
            )
            return
        self._ask(Needed.ENCODERS, lambda: self._machine.encoders(path, config, self._cancel), self._encoders_tried)

    def _encoders_tried(self, results: tuple[EncoderResult, ...]) -> None:
        self.lines[Needed.ENCODERS] = encoders_line(results)

    def _models_found(self, models: tuple[StoredModel, ...]) -> None:
        name = self._values().model
        self.lines[Needed.MODEL] = model_line(name, models, is_folder=is_folder_name(name))

    def _downloading(self, name: str, progress: DownloadProgress, cancel: CancelToken) -> None:
        if self._download is cancel:
            self.lines[Needed.MODEL] = downloading_line(name, progress)

    def _downloaded(self, problem: str) -> None:
        self._download = None
        if problem:
            self.lines[Needed.MODEL] = CheckLine(state=CheckState.BAD, text=problem, mending=Mending.DOWNLOAD)
        else:
            self.look_at_model()

    def _backend_found(self, found: BackendFinding) -> None:
        self.lines[Needed.BACKEND] = backend_line(found)

    def _failed(self, needed: Needed, sentence: str) -> None:
        self.lines[needed] = replace(LOOKING, state=CheckState.BAD, text=sentence, mending=AGAIN[needed])

    def _ask(self, needed: Needed, question: Callable[[], T], then: Callable[[T], None]) -> None:
        def outermost() -> None:
            try:
                found = question()
            except Cancelled:
                return
            except Exception as error:  # noqa: BLE001  # the thread's outermost frame: the window must hear of it
                sentence = str(error) if isinstance(error, PipelineError) else sentence_of(error)
                self._post(lambda: self._failed(needed, sentence))
            else:
                self._post(lambda: then(found))

        threading.Thread(target=outermost, name=f"check {needed.value}", daemon=True).start()


AGAIN = {
    Needed.FFMPEG: Mending.TRY_AGAIN,
    Needed.ENCODERS: Mending.TRY_AGAIN,
    Needed.MODEL: Mending.DOWNLOAD,
    Needed.BACKEND: Mending.TEST,
}
"""What the button does where looking itself failed."""
