"""Opens the editor's window, by itself or beside the main window."""

from __future__ import annotations

import tkinter
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

import ttkbootstrap as ttk

from config import Config
from diagnostics.crash_log import sentence_of
from transcripts.dataset import Dataset, open_dataset
from transcripts.schema import TRANSCRIPTS
from ui import screen_reader
from ui.appearance import TextSize, enlarge_fonts
from ui.collecting import Collector
from ui.density import follow_screens
from ui.icon import play_icon
from ui.job_form import FormValues, job_config
from ui.language import LanguageChoice, _, use, use_in
from ui.pump import INTERVAL_MS
from ui.rescaling import Rescaling
from ui.theme import keep_visible, on_new_theme, themed
from ui.transcripts.audio_output import OpenOutput, open_device
from ui.transcripts.controller import Opener
from ui.transcripts.publishing import Publish, publisher_for
from ui.transcripts.view import MIN_SIZE, SIZE, TITLE, EditorView
from ui.widgets.list_keys import ListKeys
from ui.window_size import give_size


def opener_for(config: Config, *, create: bool = False) -> Opener:
    """Return what opens a dataset with the program's settings, or begins one where there is none."""

    def opened(address: str) -> Dataset:
        return open_dataset(address, config=config, create=TRANSCRIPTS if create else None)

    return opened


class EditorApp(ttk.App):
    """The editor as the only window of the program."""

    def __init__(
        self,
        *,
        opener: Opener,
        publisher: Publish | None = None,
        open_output: OpenOutput = open_device,
        model: str = "",
        theme: str = "dark",
        text: TextSize = TextSize(),  # noqa: B008  # frozen
        language: LanguageChoice = LanguageChoice.SYSTEM,
        address: str = "",
    ) -> None:
        use(language)
        super().__init__(title=_(TITLE), theme=themed(theme), iconphoto=None, scaling=text.scaling)
        use_in(self)
        enlarge_fonts(self, text)
        give_size(self, SIZE, MIN_SIZE)
        self._icon_image = play_icon(self)
        self.iconphoto(True, self._icon_image)
        ListKeys(self)
        screen_reader.follow(self)
        self.rescaling = Rescaling(self, text.percent)
        follow_screens(self, self.rescaling)
        self.closed = False
        self._collector = Collector()
        self._timer = self.after(INTERVAL_MS, self._tick)
        self.view = EditorView(
            self, opener=opener, publisher=publisher, open_output=open_output, model=model, closed=self._close
        )
        on_new_theme(self, lambda: keep_visible(self, self.style))
        if address:
            self.view.open(address)

    def report_callback_exception(self, exc: type[BaseException], val: BaseException, tb: TracebackType | None) -> None:
        """Tell the editor of a mistake in the window itself, which stays usable; Control-C in a terminal closes it."""
        if isinstance(val, KeyboardInterrupt):
            self.view.close()
        else:
            self.view.failed(sentence_of(val.with_traceback(tb)))

    def _tick(self) -> None:
        self._timer = self.after(INTERVAL_MS, self._tick)
        self._collector.look()

    def _close(self) -> None:
        self.closed = True
        self.after_cancel(self._timer)
        self.destroy()


class EditorWindows:
    """The editors that are open beside the main window."""

    def __init__(
        self,
        master: tkinter.Misc,
        opener: Opener,
        beginner: Opener,
        *,
        config: Callable[[], Config],
        model: Callable[[], str],
    ) -> None:
        """Open windows beside `master`.

        `beginner` opens a dataset that is begun if need be; `config` and `model` return the settings and
        the Whisper model as they stand in the form.
        """
        self._master = master
        self._opener = opener
        self._beginner = beginner
        self._config = config
        self._model = model
        self._then: Callable[[], None] | None = None
        self.views: list[EditorView] = []

    def open(self, address: str = "", add: Path | None = None) -> EditorView:
        """Open one more; `add` is the folder of a finished job, whose video is put into the dataset."""
        window = ttk.Toplevel(_(TITLE), iconphoto=None, master=self._master)
        give_size(window, SIZE, MIN_SIZE)
        view = EditorView(
            window,
            add=add,
            opener=self._opener if add is None else self._beginner,
            publisher=publisher_for(self._config()),
            model=self._model(),
            closed=lambda: self._closed(view),
            kept=self._stay,
        )
        self.views.append(view)
        if address:
            view.open(address)
        return view

    def close(self, then: Callable[[], None]) -> None:
        """Ask each to close and go on when the last has; one in which something is unsaved asks, and may stay."""
        self._then = then
        for view in tuple(self.views):
            view.close()

    def _stay(self) -> None:
        self._then = None

    def _closed(self, view: EditorView) -> None:
        self.views.remove(view)
        view.window.destroy()
        if not self.views and self._then is not None:
            self._then()


def editors_beside(master: tkinter.Misc, config: Config, values: Callable[[], FormValues]) -> EditorWindows:
    """Return the editors beside the main window; `values` reads its form, which holds login and model."""
    return EditorWindows(
        master,
        opener_for(config),
        opener_for(config, create=True),
        config=lambda: job_config(values(), config),
        model=lambda: values().model,
    )
