"""The main window: joins panels, state and threads."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from config import Config
from diagnostics.crash_log import sentence_of
from installation import FilePlace
from pipeline.events import LogLevel
from pipeline.media.stream_layout import TRANSCRIPT_JSON
from pipeline.presets.library import read_library
from ui.appearance import theme_at_start
from ui.beside import windows_beside
from ui.chosen_ffmpeg import with_chosen_ffmpeg
from ui.chosen_rows import rows_chosen, source_options
from ui.closing import Closing
from ui.collecting import Collector
from ui.controller import Controller
from ui.folder_messages import FolderMessage
from ui.form_variables import FormVariables
from ui.frames.messages import FrameMessage
from ui.given_files import take_files
from ui.latest import without_superseded
from ui.layout import PanelWindow
from ui.list_messages import FormAdded
from ui.list_window import ListWindow
from ui.log_text import log_lines
from ui.machine_check.opener import MachineCheckOpener
from ui.menu import MenuBar
from ui.menu_bar import menus
from ui.messages import (
    ClockTicked,
    FilesGiven,
    LogEntry,
    LoginFound,
    Message,
    PasteRefused,
    UnexpectedError,
    UnfinishedTaken,
)
from ui.notification import tell_desktop
from ui.pasting import refuse_long_pastes
from ui.preferences import Preferences, WindowPreferences
from ui.preset_form import based_on
from ui.pump import INTERVAL_MS, EventPump
from ui.remembered_form import form_from_preferences, usual_form
from ui.services import Services
from ui.settings.opener import SettingsOpener
from ui.speed_limit import timetable
from ui.taskbar.entry import TaskbarEntry
from ui.theme import keep_visible, on_new_theme
from ui.view_state import ViewState
from ui.widgets.text_menu import TextMenu
from ui.window_keys import bind_keys
from ui.window_size import follow_place

if TYPE_CHECKING:
    from ui.transcripts.app import EditorWindows


class MainWindow(PanelWindow):
    """The window of the program."""

    def __init__(self, *, config: Config, preferences: FilePlace, services: Services) -> None:
        remembered = Preferences.load(preferences.read)
        program = remembered.program
        super().__init__(theme_at_start(config, program), program, remembered.window)
        env, config = config, with_chosen_ffmpeg(config, program)
        self.pump: EventPump[Message] = EventPump(self._receive)
        self.controller = Controller(
            config=config, preferences_path=preferences.write, services=services, post=self.pump.put
        )
        library = read_library(config.data_dir)
        self.variables = FormVariables(self, based_on(form_from_preferences(remembered, config), library))
        self._config = config
        self._shown: ViewState | None = None
        self._last_error = ""
        self.closed = False
        self.clock = time.monotonic
        self._collector = Collector()
        self._editors: EditorWindows | None = None
        self.taskbar = TaskbarEntry(self, self._has_keyboard)
        self._closing = Closing(self.controller, self, editors=lambda: self._editors)
        self.lay_out(self.variables, self.controller, config, self._go_on_with, self.start, self._check_machine)
        self.settings_window = SettingsOpener(
            self,
            env,
            self.variables,
            self.controller.login,
            used=self._use_settings,
            save=self.save_settings,
        )
        self.machine_check = MachineCheckOpener(
            self,
            self.variables,
            self.settings_window,
            config=lambda: self.controller.login.config,
            seen=self.save_settings,
        )
        self.frames, self.results, self.history, self.about = windows_beside(
            self, services, self.controller, self.variables, self.pump.put
        )
        self.videos = ListWindow(
            self, self.controller.videos, self.variables, lambda: self.controller.state, self.save_settings
        )
        self._connect()
        self.menu_bar = MenuBar(self, menus(self, TextMenu(self)))
        keep_visible(self, self.style)
        on_new_theme(self, lambda: keep_visible(self, self.style))
        self._form_changed()
        self.source_panel.entry.focus_set()
        for problem in (*config.problems, *library.problems):
            self.pump.put(LogEntry(text=problem, level=LogLevel.WARNING))
        self.after(INTERVAL_MS, self._tick)
        # Asked when the window is up: the pipeline's libraries take a moment to load.
        self.after_idle(self.controller.look_for_models)
        self.after_idle(lambda: self.controller.opened(self.variables.read()))

    def report_callback_exception(self, exc: type[BaseException], val: BaseException, tb: TracebackType | None) -> None:
        """Tell the editor of a mistake in the window itself; the window stays usable."""
        self.tell_of_mistake(sentence_of(val.with_traceback(tb)))

    def tell_of_mistake(self, text: str) -> None:
        """Show a sentence about a mistake in the window itself; safe in every thread."""
        # A mistake in what is done 20 times a second is told once.
        if text != self._last_error:
            self._last_error = text
            self.pump.put(UnexpectedError(text=text))

    def give(self, paths: tuple[Path, ...]) -> None:
        """Hand over files that the program was started with, perhaps none; safe in every thread."""
        self.pump.put(FilesGiven(paths=paths))

    def _connect(self) -> None:
        controller, variables = self.controller, self.variables
        self.actions.start.configure(command=self.start)
        self.actions.reset.configure(command=self.reset)
        self.actions.cancel.configure(command=controller.cancel_shown)
        self.actions.pause.configure(command=controller.pause)
        self.actions.resume.configure(command=controller.resume)
        self.actions.open_folder.configure(command=controller.open_folder)
        self.source_panel.frames.configure(command=self.frames.open)
        self.actions.watch.configure(command=controller.watch)
        self.actions.results.configure(command=self.show_results)
        self.actions.transcripts.configure(command=self.open_transcripts)
        self.upload_panel.test.configure(command=lambda: controller.connection.test(variables.read()))
        self.upload_panel.cancel.configure(command=controller.cancel)
        self.upload_panel.login.remember.configure(command=lambda: controller.remember_login(self.videos.form()))
        languages = variables.speech.several_languages
        videos = (*variables.qualities.values(), variables.audio_only, variables.make_mp4)
        rows = (*videos, variables.transcribe, languages, variables.captions)
        engine, login = variables.engine.choices, (variables.backend_url, variables.token)
        variables.on_change(
            self._form_changed, variables.output_dir, variables.upload, *login, *rows, *variables.advanced.all, *engine
        )
        variables.on_change(lambda: controller.work_along(variables.read()), *engine)
        variables.on_change(lambda: controller.login.look(variables.read()), variables.backend.chosen)
        variables.on_change(controller.connection.forget, *login)
        self.protocol("WM_DELETE_WINDOW", self.close)
        follow_place(self, self.variables.window, self._moved)
        refuse_long_pastes(self, lambda characters: self.pump.put(PasteRefused(characters=characters)))
        bind_keys(self, close=self.close, used=self._closing.stay)

    def destroy(self) -> None:
        """Take the window away; nothing is pumped any more."""
        self.closed = True
        self.taskbar.close()
        super().destroy()

    @property
    def editors(self) -> EditorWindows:
        """The windows in which transcripts are corrected; what they need is loaded when the first is wanted."""
        if self._editors is None:
            from ui.transcripts.app import editors_beside

            self._editors = editors_beside(self, self._config, self.variables.read)
        return self._editors

    def _use_settings(self) -> None:
        self.upload_panel.refresh()
        self.rescaling.use_percent_soon(self.variables.program.text_percent)
        self.controller.follow_hours(timetable(self.variables.program.upload_limits))

    def save_settings(self) -> None:
        """Remember what the settings window has just changed."""
        self.controller.save_preferences(self.videos.form())

    def _moved(self, place: WindowPreferences) -> None:
        self.variables.window = place

    def _finished_transcript(self) -> Path | None:
        """Return the folder of the job that has just ended, if it has a transcript."""
        folder = self.controller.state.folder
        return folder if folder is not None and (folder / TRANSCRIPT_JSON).is_file() else None

    def start(self) -> None:
        """Begin the job that stands in the form."""
        if not self.videos.start():
            self.source_panel.look_at_once()
            self.upload_panel.suggest(self.controller.state.source)
            self.controller.start(self.variables.read())
        self._render()

    def reset(self) -> None:
        """Put the usual settings into the form; video, files, folders, login and queue stay."""
        self.variables.fill(usual_form(self.variables.read(), self._config))

    def open_transcripts(self) -> None:
        """Open an editor of transcripts, with the video of the job that has just ended."""
        self.editors.open(add=self._finished_transcript())

    def show_results(self) -> None:
        """Show what the job that has ended has made."""
        if self.controller.state.folder is not None:
            self.results.open(self.controller.state.folder)

    def close(self) -> None:
        """Close the window; transcript editors close first, and while a job is on its way the banner asks."""
        if self.history.busy:
            self.history.ask_before_closing(self._closing.close)
        else:
            self._closing.close()
        self._render()

    def come_back(self) -> None:
        """Be on the screen again, above other windows."""
        self.deiconify()
        self.lift()

    def _tick(self) -> None:
        # Set up the next turn first: a mistake in this one must not stop the pump.
        self.after(self.pump.pause_ms, self._tick)
        self.pump.drain()
        self.controller.receive(ClockTicked(now_s=self.clock()))
        self._render()
        self._collector.look()
        self._closing.follow()
        self.videos.follow()

    def _receive(self, messages: list[Message]) -> None:
        lines: list[LogEntry] = []
        for message in without_superseded(messages):
            self.controller.receive(message)
            if isinstance(message, FolderMessage):
                self.results.receive(message)
                self.history.receive(message)
            elif isinstance(message, FrameMessage):
                self.frames.receive(message)
            elif isinstance(message, FormAdded):
                self.videos.added(message.source)
            elif isinstance(message, LoginFound):
                self.videos.fill_in(partial(self._fill_in, message))
            elif isinstance(message, FilesGiven):
                take_files(message.paths, self, self.videos.take)
            elif isinstance(message, UnfinishedTaken):
                self.controller.taken(self.videos.fill_with(message.job))
            lines += log_lines(message)
            tell_desktop(message, unless=self._has_keyboard)
        self.log_panel.append(lines)

    def _fill_in(self, found: LoginFound) -> None:
        """Put a remembered login into the form, unless the editor was faster or has chosen another backend."""
        login, url, token = found.login, self.variables.backend_url, self.variables.token
        is_chosen = found.backend == self.variables.backend.chosen.get()
        if is_chosen and not token.get() and url.get().strip() in ("", login.url):
            url.set(login.url)
            token.set(login.token)
            self.controller.work_along(self.variables.read())

    def _go_on_with(self, token: str) -> bool:
        """Let the upload, and the next jobs of this window, go on with a new token; return whether it can be one."""
        values = self.variables.read()
        accepted = self.controller.login.answer_token(token, values)
        if accepted and (values.backend or not self._config.backend.configured):
            self.variables.token.set(token)
            self.controller.login.keep(self.variables.read())
        self._render()
        return accepted

    def _check_machine(self) -> None:
        self.machine_check.open()

    def _has_keyboard(self) -> bool:
        # not focus_displayof(): it fails for what Tk made itself (https://github.com/python/cpython/issues/88758)
        return bool(str(self.tk.call("focus", "-displayof", self)))

    def _render(self) -> None:
        state = self.controller.state
        if state is self._shown or self.closed:
            return
        self._shown = state
        self.show(state)
        self.taskbar.show(state)
        self.settings_window.show(state.keychain, state.models)
        self.menu_bar.show(state)
        self.videos.show(state)
        self.frames.show(state)

    def _form_changed(self) -> None:
        values = self.variables.read()
        self.controller.receive(rows_chosen(values, self.controller.login.config))
        self.controller.receive(source_options(values.advanced))
        self._shown = None
        self._render()
