"""Opens the strip of frames for the video that is in the form, and hands on what is read for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import ttkbootstrap as ttk

from config import Config
from pipeline.inputs import Input
from ui.folder_services import FolderServices
from ui.form_variables import FormVariables
from ui.frames.messages import FrameMessage, PreviewTold
from ui.frames.reader import FrameReader
from ui.frames.services import FrameServices
from ui.job_form import form_problems, to_job
from ui.messages import Message
from ui.source_view import NO_SOURCE
from ui.tones import Tone
from ui.view_state import ViewState

if TYPE_CHECKING:
    from ui.frames.window import FramesWindow


class FramesOpener:
    """The strip's window, which is there once or not at all, and only for the video in the form."""

    def __init__(
        self,
        master: ttk.App,
        variables: FormVariables,
        services: tuple[FrameServices, FolderServices],
        config: Callable[[], Config],
        post: Callable[[Message], None],
    ) -> None:
        """`config` returns the settings with the login that stands in the form."""
        self.window: FramesWindow | None = None
        self._master = master
        self._variables = variables
        self._config = config
        self._post = post
        self._reader = FrameReader(*services, post)
        self._source = NO_SOURCE
        self._enabled = True

    def open(self) -> None:
        """Open the window for the video in the form, or bring it to the front."""
        media = self._source.media
        length_s = None if media is None else media.duration_s or media.readable_s
        if media is None or length_s is None or not self._source.has_frames:
            return
        if self.window is None:
            from ui.frames.window import FramesWindow  # when first wanted: the main window opens sooner

            self.window = FramesWindow(
                self._master,
                media,
                length_s,
                variables=self._variables,
                reader=self._reader,
                config=self._config(),
                preview=self._preview,
                closed=self._closed,
            )
            self.window.enable(enabled=self._enabled)
        self.window.window.deiconify()
        self.window.window.lift()

    def show(self, state: ViewState) -> None:
        """Follow the form: another video closes the window, a job on its way ends the preview."""
        if state.source.media is not self._source.media and self.window is not None:
            self.window.close()
        self._source = state.source
        if state.form_enabled is not self._enabled:
            self._enabled = state.form_enabled
            if not self._enabled:
                self._reader.stop_preview()
            if self.window is not None:
                self.window.enable(enabled=self._enabled)

    def receive(self, message: FrameMessage) -> None:
        """Show what was read."""
        if self.window is not None:
            self.window.receive(message)

    def _preview(self, time_s: float, length_s: float) -> None:
        values = self._variables.read()
        values = replace(values, output_dir=values.output_dir or str(Path()))  # a preview has a folder of its own
        problems = form_problems(values, has_video=True)
        if problems:
            self._post(PreviewTold(text=problems[0].text, tone=Tone.BAD))
            return
        video = Input(source=Path(values.source), slug=self._source.slug or "video", alone=True)
        self._reader.preview(to_job(values, video, self._source.media), time_s, length_s, self._config())

    def _closed(self) -> None:
        self.window = None
