"""Loads a model by its name, and fetches first what of it is missing or damaged. Runs in the child process."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeVar

from pipeline.speech.model_cache import check_name, find_on_disk
from pipeline.speech.model_download import fetch_model, hub_host
from pipeline.speech.model_folder import ModelLoadError, damaged_file
from pipeline.speech.silence_watch import SilenceWatch

Model = TypeVar("Model")

REPORT_S = 0.2
"""How often it is told how far a download is."""


class Answers(Protocol):
    """Takes answers for the parent, from any thread."""

    def __call__(self, kind: str, **facts: object) -> None:
        """Pass one on."""
        ...


class NamedModel:
    """A model that the hub has. `downloading` and `again` tell where a failure that nobody foresaw has come
    from, `fetched` whether all of it was compared with the hub's checksums.
    """

    def __init__(self, name: str, tell: Answers, patience_s: float) -> None:
        self._name = name
        self._tell = tell
        self._patience_s = patience_s
        self._told_s = 0.0
        self.downloading = False
        self.fetched = False
        self.again = False

    def load(self, load: Callable[[Path], Model]) -> Model:
        """Return what `load` makes of the model's folder. Raises SpeechError, and what the hub's client raises.

        A model that can't be loaded is compared with the hub's checksums, and what differs is fetched again.
        """
        folder = self.whole_folder()
        if not self.fetched:
            with contextlib.suppress(ModelLoadError):
                return load(folder)
            self.again = True
            folder = self.fetch()
        return load(folder)

    def whole_folder(self) -> Path:
        """Return the model's folder; what is missing of it, or plainly damaged, is fetched first. Raises as `load`."""
        check_name(self._name)
        folder = find_on_disk(self._name)
        if folder is not None and damaged_file(folder) is None:
            return folder
        self.again = folder is not None
        return self.fetch()

    def fetch(self) -> Path:
        """Return the model's folder when every file of it is here with the hub's checksum. Raises as `load`."""
        check_name(self._name)
        self._report(0, 0)
        self.downloading = True
        folder = fetch_model(self._name, self._report, SilenceWatch(self._patience_s, self._give_up))
        self.downloading, self.fetched = False, True
        return folder

    def _report(self, done_bytes: int, total_bytes: int) -> None:
        now_s = time.monotonic()
        if now_s - self._told_s >= REPORT_S or done_bytes == total_bytes:
            self._told_s = now_s
            self._tell("downloading", done_bytes=done_bytes, total_bytes=total_bytes, again=self.again)

    def _give_up(self) -> None:
        """End the process: the client that waits can't be interrupted."""
        self._tell(
            "error",
            message=(
                f"The Whisper model '{self._name}' can't be downloaded: nothing came from {hub_host()} for "
                f"{self._patience_s:g} seconds. Check the internet connection and start again; what has come so far "
                "is kept."
            ),
        )
        os._exit(0)
