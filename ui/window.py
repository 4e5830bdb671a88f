"""The main window: joins panels, state and threads. The only place where messages become widgets' contents."""

from __future__ import annotations

import time
import tkinter
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

import ttkbootstrap as ttk

from config import Config
from installation import FilePlace
from pipeline.errors import Problem, Setting
from pipeline.events import LogLevel
from pipeline.media.stream_layout import TRANSCRIPT_JSON
from ui.collecting import Collector
from ui.controller import Controller
from ui.form_variables import FormVariables
from ui.icon import play_icon
from ui.job_form import from_preferences, job_config
from ui.keychain import KeptLogin
from ui.log_text import log_lines
from ui.messages import LogEntry, LoginFound, Message, RowsChosen, SourceOptions, UnexpectedError
from ui.panels.actions import ActionBar
from ui.panels.advanced import AdvancedPanel
from ui.panels.banner import BannerPanel
from ui.panels.log import LogPanel
from ui.panels.output import OutputPanel
from ui.panels.progress import ProgressPanel
from ui.panels.source import SourcePanel
from ui.panels.token import TokenPanel
from ui.panels.transcription import TranscriptionPanel
from ui.panels.upload import UploadPanel
from ui.preferences import Preferences
from ui.pump import INTERVAL_MS, EventPump
from ui.services import Services
from ui.theme import keep_disabled_readable, themed
from ui.view_state import TokenView, ViewState
from ui.widgets.fields import FieldNote
from ui.widgets.scrolled_column import ScrolledColumn
from ui.window_size import give_size, on_screen
from ui.worker import unexpected

if TYPE_CHECKING:
    from ui.transcripts.app import EditorWindows

TITLE = "HLS Converter"
SIZE = (1100, 780)
MIN_SIZE = (900, 640)
SETTINGS_WIDTH = 440
SETTINGS_SHARE = 0.49
"""How much of the window's width the settings may take, where the screen is too small for the whole window."""
GAP = 12
CLOSE_DEADLINE_S = 10.0
"""How long the window waits, when it is closed, for a job to end cleanly."""


class MainWindow(ttk.App):
    """The window of the program."""

    def __init__(self, *, config: Config, preferences: FilePlace, services: Services) -> None:
        super().__init__(title=TITLE, theme=themed(config.window_theme), iconphoto=None)
        self._size = give_size(self, SIZE, MIN_SIZE)
        self._icon_image = play_icon(self)
        self.iconphoto(True, self._icon_image)
        self._pump: EventPump[Message] = EventPump(self._receive)
        self.controller = Controller(
            config=config, preferences_path=preferences.write, services=services, post=self._pump.put
        )
        self.variables = FormVariables(self, from_preferences(Preferences.load(preferences.read), config))
        self._config = config
        self._shown: ViewState | None = None
        self._problems_shown: tuple[Problem, ...] = ()
        self._close_by: float | None = None
        self._last_error = ""
        self.closed = False
        self._collector = Collector()
        self._editors: EditorWindows | None = None
        self._build()
        self._connect()
        keep_disabled_readable(self, self.style)
        self._notes: dict[Setting, FieldNote] = {
            **self.source_panel.notes,
            **self.output_panel.notes,
            **self.transcription_panel.notes,
            **self.upload_panel.notes,
            **self.advanced_panel.notes,
        }
        self._form_changed()
        self.source_panel.entry.focus_set()
        for problem in config.problems:
            self._pump.put(LogEntry(text=problem, level=LogLevel.WARNING))
        self.after(INTERVAL_MS, self._tick)
        # Asked when the window is up: the pipeline's libraries take a moment to load.
        self.after_idle(self.controller.look_for_models)
        self.after_idle(lambda: self.controller.look_for_login(self.variables.read()))

    def report_callback_exception(self, exc: type[BaseException], val: BaseException, tb: TracebackType | None) -> None:
        """Tell the editor of a mistake in the window itself; the window stays usable."""
        text = unexpected(val.with_traceback(tb))
        # A mistake in what is done 20 times a second is told once.
        if text != self._last_error:
            self._last_error = text
            self._pump.put(UnexpectedError(text=text))

    def _build(self) -> None:
        self.columnconfigure(1, weight=1)
        self.rowconfigure(0, weight=1)
        settings_width = min(on_screen(self, SETTINGS_WIDTH), round(self._size[0] * SETTINGS_SHARE))
        self.settings = ScrolledColumn(self, width=settings_width)
        self.settings.grid(row=0, column=0, sticky="nsew", padx=(GAP, 0), pady=(GAP, 0))
        self.source_panel = SourcePanel(self.settings, self.variables, self.controller.look_at_source)
        self.output_panel = OutputPanel(self.settings, self.variables)
        self.advanced_panel = AdvancedPanel(self.settings, self.variables)
        self.transcription_panel = TranscriptionPanel(self.settings, self.variables)
        self.upload_panel = UploadPanel(self.settings, self.variables, self._config, self.controller.limit_upload)
        for panel in self._settings_panels:
            panel.card.pack(fill="x", pady=(0, GAP))
        self.settings.follow_focus()
        right = ttk.Frame(self)
        right.grid(row=0, column=1, sticky="nsew", padx=GAP, pady=(GAP, 0))
        right.columnconfigure(0, weight=1)
        right.rowconfigure(1, weight=1)
        self.progress_panel = ProgressPanel(right)
        self.progress_panel.card.grid(row=0, column=0, sticky="ew", pady=(0, GAP))
        self.log_panel = LogPanel(right, self.style)
        self.log_panel.card.grid(row=1, column=0, sticky="nsew")
        self.banner_panel = BannerPanel(self, self.controller.answer)
        self.banner_panel.frame.grid(row=1, column=0, columnspan=2, sticky="nsew", padx=GAP, pady=(GAP, 0))
        self.token_panel = TokenPanel(self, self._go_on_with, self.controller.refuse_token)
        self.token_panel.frame.grid(row=1, column=0, columnspan=2, sticky="nsew", padx=GAP, pady=(GAP, 0))
        self.actions = ActionBar(self)
        self.actions.frame.grid(row=2, column=0, columnspan=2, sticky="ew", padx=GAP, pady=GAP)

    @property
    def _settings_panels(
        self,
    ) -> tuple[SourcePanel | OutputPanel | AdvancedPanel | TranscriptionPanel | UploadPanel, ...]:
        return (self.source_panel, self.output_panel, self.advanced_panel, self.transcription_panel, self.upload_panel)

    def _connect(self) -> None:
        controller, variables = self.controller, self.variables
        self.actions.start.configure(command=self.start)
        self.actions.cancel.configure(command=controller.cancel)
        self.actions.pause.configure(command=controller.pause)
        self.actions.resume.configure(command=controller.resume)
        self.actions.open_folder.configure(command=controller.open_folder)
        self.actions.transcripts.configure(command=lambda: self.editors.open(add=self._finished_transcript()))
        self.upload_panel.test.configure(command=lambda: controller.test_connection(variables.read()))
        self.upload_panel.cancel.configure(command=controller.cancel)
        if self.upload_panel.remember is not None:
            self.upload_panel.remember.configure(command=lambda: controller.remember_login(variables.read()))
        rows = (
            *variables.qualities.values(),
            variables.make_mp4,
            variables.transcribe,
            variables.speech.several_languages,
            variables.captions,
            variables.upload,
        )
        variables.on_change(self._form_changed, variables.output_dir, *rows, *variables.advanced.all)
        variables.on_change(controller.forget_connection, variables.backend_url, variables.token)
        self.protocol("WM_DELETE_WINDOW", self.close)
        self.bind("<Return>", self._return_pressed)
        self.bind("<KP_Enter>", self._return_pressed)
        # ttkbootstrap takes the space bar away from buttons; whoever works by keyboard expects it there.
        # The wheel scrolls the column; a list that passes beneath the pointer must not choose something else.
        for wheel in ("<MouseWheel>", "<Shift-MouseWheel>", "<Button-4>", "<Button-5>"):
            self.unbind_class("TCombobox", wheel)
        self.bind_class("TButton", "<Key-space>", lambda event: self.tk.call(str(event.widget), "invoke"))

    def destroy(self) -> None:
        """Take the window away; nothing is pumped any more, and what was to be done later is dropped."""
        self.closed = True
        for timer in self.tk.splitlist(self.tk.call("after", "info")):
            # Not after_cancel: the widget that set the timer up takes its command away itself.
            self.tk.call("after", "cancel", timer)
        super().destroy()

    @property
    def editors(self) -> EditorWindows:
        """The windows in which transcripts are corrected; what they need is loaded when the first is wanted."""
        if self._editors is None:
            from ui.transcripts.app import EditorWindows, opener_for

            self._editors = EditorWindows(
                self,
                opener_for(self._config),
                opener_for(self._config, create=True),
                config=lambda: job_config(self.variables.read(), self._config),
                model=lambda: self.variables.read().model,
            )
        return self._editors

    def _finished_transcript(self) -> Path | None:
        """Return the folder of the job that has just ended, if it has a transcript."""
        folder = self.controller.state.folder
        return folder if folder is not None and (folder / TRANSCRIPT_JSON).is_file() else None

    def start(self) -> None:
        """Begin the job that stands in the form."""
        self.upload_panel.suggest(self.controller.state.source)
        self.controller.start(self.variables.read())
        self._render()

    def close(self) -> None:
        """Close the window; a job on its way is cancelled first and has 10 s to end.

        Editors of transcripts close before it; where something is unsaved there, they ask, and may stay.
        """
        if self._close_by is not None:
            return
        if self._editors is not None and self._editors.views:
            self._editors.close(then=self.close)
            return
        self.controller.save_preferences(self.variables.read())
        self._close_by = time.monotonic() + CLOSE_DEADLINE_S
        self.controller.cancel()
        self._close_when_ended()

    def _close_when_ended(self) -> None:
        if self._close_by is not None and (not self.controller.busy or time.monotonic() >= self._close_by):
            self.destroy()

    def _tick(self) -> None:
        # Set up the next turn first: a mistake in this one must not stop the pump.
        self.after(INTERVAL_MS, self._tick)
        self._pump.drain()
        self._render()
        self._collector.look()
        self._close_when_ended()

    def _receive(self, messages: list[Message]) -> None:
        lines: list[LogEntry] = []
        for message in messages:
            self.controller.receive(message)
            if isinstance(message, LoginFound):
                self._fill_in(message.login)
            lines += log_lines(message)
        self.log_panel.append(lines)

    def _fill_in(self, login: KeptLogin) -> None:
        """Put a remembered login into the form, unless the editor was faster or `.env` has another address."""
        url, token = self.variables.backend_url, self.variables.token
        if not token.get() and url.get().strip() in ("", login.url):
            url.set(login.url)
            token.set(login.token)

    def _go_on_with(self, token: str) -> bool:
        """Let the upload go on with a new token; return whether it can be one.

        The next job of this window has it too.
        """
        accepted = self.controller.answer_token(token)
        if accepted and not self._config.backend.configured:
            self.variables.token.set(token)
            self.controller.keep_login(self.variables.read())
        self._render()
        return accepted

    def _render(self) -> None:
        state, before = self.controller.state, self._shown
        if state is before:
            return
        self._shown = state
        self.progress_panel.show(state.bars)
        self.banner_panel.show(state.banner)
        self._show_token(state.token)
        self.actions.show(state)
        for panel in self._settings_panels:
            panel.show(state)
        if state.problems is not self._problems_shown:
            self._show_problems(state)
        was_shown = before is not None and before.cancel_upload_shown
        if state.cancel_upload_shown and not was_shown:
            self.update_idletasks()  # its place is known only then
            self.settings.bring_into_view(self.upload_panel.cancel)
        elif was_shown and not state.cancel_upload_shown:
            self.settings.yview_moveto(0.0)  # the next video is chosen at the top

    def _show_token(self, token: TokenView | None) -> None:
        """Let the question for a token stand in the banner's place."""
        self.token_panel.show(token)
        if token is None:
            self.banner_panel.frame.grid()
        else:
            self.banner_panel.frame.grid_remove()

    def _show_problems(self, state: ViewState) -> None:
        self._problems_shown = state.problems
        texts = dict.fromkeys(self._notes, "")
        for problem in state.problems:
            if problem.setting in texts:
                texts[problem.setting] = f"{texts[problem.setting]} {problem.text}".strip()
        for field, text in texts.items():
            self._notes[field].show(text)
        shown = [problem.setting for problem in state.problems if problem.setting in texts]
        if any(setting in self.advanced_panel.notes for setting in shown):
            self.advanced_panel.card.unfold()
        if shown and shown[0] is not None:
            self.update_idletasks()  # its place is known only then
            self.settings.bring_into_view(self._notes[shown[0]].label)

    def _form_changed(self) -> None:
        values = self.variables.read()
        self.controller.receive(
            RowsChosen(
                qualities=values.qualities,
                mp4=values.make_mp4,
                transcript=values.transcribe or bool(values.captions),
                upload=values.upload,
            )
        )
        chosen = values.advanced
        self.controller.receive(
            SourceOptions(keep_hdr=chosen.hdr_kept, surround=chosen.surround, accept_damaged=chosen.accept_damaged)
        )
        self._shown = None
        self._render()

    def _return_pressed(self, event: tkinter.Event[tkinter.Misc]) -> None:
        """Let Enter mean Start, but where it means something of its own."""
        if not isinstance(event.widget, ttk.Button | ttk.Text | ttk.Combobox):
            self.start()
