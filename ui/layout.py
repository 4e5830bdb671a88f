"""The main window's panels: which there are, where they are placed, and how a state is shown in them."""

from __future__ import annotations

from collections.abc import Callable

import ttkbootstrap as ttk

from config import Config
from ui import language
from ui.appearance import enlarge_fonts, size_of_text
from ui.controller import Controller
from ui.density import follow_screens
from ui.form_variables import FormVariables
from ui.icon import play_icon
from ui.list_view import listed
from ui.open_with.desktop_entry import WINDOW_CLASS
from ui.panels.actions import ActionBar
from ui.panels.advanced import AdvancedPanel
from ui.panels.banner import BannerPanel
from ui.panels.log import LogPanel
from ui.panels.output import OutputPanel
from ui.panels.progress import ProgressPanel
from ui.panels.queue import QueuePanel
from ui.panels.source import SourcePanel
from ui.panels.token import TokenPanel
from ui.panels.transcription import TranscriptionPanel
from ui.panels.upload import UploadPanel
from ui.preferences import ProgramSettings, WindowPreferences
from ui.problem_notes import ProblemNotes
from ui.rescaling import Rescaling
from ui.theme import themed
from ui.view_state import TokenView, ViewState
from ui.ways_on import WaysOn
from ui.widgets.scrolled_column import ScrolledColumn
from ui.widgets.switched_cards import SwitchedCards
from ui.window_size import SMALLEST_WINDOW, give_size, on_screen

TITLE = "HLS Converter"
SIZE = (1100, 840)
SETTINGS_WIDTH = 440
"""The least width of the settings, in pixels of a screen of 96 dots an inch, as the sizes above are."""
SETTINGS_SHARE = 0.49
"""How much of the window's width the settings may take, where the screen is too small for the whole window."""
GAP = "7.5p"


class PanelWindow(ttk.App):
    """A window with the panels of the program."""

    def __init__(self, theme: str, program: ProgramSettings, kept: WindowPreferences) -> None:
        text = size_of_text(program)
        language.use(program.language)
        super().__init__(title=TITLE, className=WINDOW_CLASS, theme=themed(theme), iconphoto=None, scaling=text.scaling)
        language.use_in(self)
        enlarge_fonts(self, text)
        self.rescaling = Rescaling(self, text.percent)
        follow_screens(self, self.rescaling)
        self._size = give_size(self, SIZE, SMALLEST_WINDOW, kept)
        self._icon_image = play_icon(self)
        self.iconphoto(True, self._icon_image)

    def lay_out(
        self,
        variables: FormVariables,
        controller: Controller,
        config: Config,
        go_on_with: Callable[[str], bool],
        start: Callable[[], None],
        get_model: Callable[[], None],
    ) -> None:
        """Create the panels and place them; `go_on_with` takes a new token and returns whether it can be one, and
        `start` is what Start does, `get_model` shows where the model is downloaded.
        """
        settings_width = min(on_screen(self, SETTINGS_WIDTH), round(self._size[0] * SETTINGS_SHARE))
        self.columnconfigure(0, weight=1, uniform="share", minsize=settings_width)
        self.columnconfigure(1, weight=1, uniform="share")
        self.rowconfigure(0, weight=1)
        self.settings = ScrolledColumn(self, width=settings_width)
        self.settings.grid(row=0, column=0, sticky="nsew", padx=(GAP, 0), pady=(GAP, 0))
        self.source_panel = SourcePanel(self.settings, variables, controller.look_at_source)
        self.output_panel = OutputPanel(self.settings, variables, config)
        self.transcription_panel = TranscriptionPanel(self.settings, variables)
        self.upload_panel = UploadPanel(self.settings, variables, config, controller.limit_upload)
        self.advanced_panel = AdvancedPanel(self.settings, variables, config)
        for panel in self._settings_panels:
            panel.card.pack(fill="x", pady=(0, GAP))
        self.settings.follow_focus()
        right = ttk.Frame(self)
        right.grid(row=0, column=1, sticky="nsew", padx=GAP, pady=(GAP, 0))
        right.columnconfigure(0, weight=1)
        self.progress_panel = ProgressPanel(right)
        self.progress_panel.card.grid(row=0, column=0, sticky="ew", pady=(0, GAP))
        self.log_panel = LogPanel(right, self.style)
        self.queue_panel = QueuePanel(right, controller.videos.select)
        self.list_or_log = SwitchedCards({"Videos": self.queue_panel.card, "Log": self.log_panel.card}, first="Log")
        self.list_or_log.grid(row=1)
        self._list_empty = True
        ways_on = WaysOn(
            controller, variables, accept_damage=self.source_panel.accept_damage, get_model=get_model, start=start
        )
        self.banner_panel = BannerPanel(self, ways_on.answer)
        self.banner_panel.frame.grid(row=1, column=0, columnspan=2, sticky="nsew", padx=GAP, pady=(GAP, 0))
        self.token_panel = TokenPanel(
            self, go_on_with, controller.login.refuse_token, height=lambda: self.banner_panel.height
        )
        self.token_panel.frame.grid(row=1, column=0, columnspan=2, sticky="nsew", padx=GAP, pady=(GAP, 0))
        self.actions = ActionBar(self, variables)
        self.actions.frame.grid(row=2, column=0, columnspan=2, sticky="ew", padx=GAP, pady=GAP)
        self._notes = ProblemNotes(self.settings, panels=self._settings_panels)

    def destroy(self) -> None:
        """Take the window away; what was to be done later is dropped."""
        for timer in self.tk.splitlist(self.tk.call("after", "info")):
            # Not after_cancel: the widget that set the timer up takes its command away itself.
            self.tk.call("after", "cancel", timer)
        # Tk tells of a changed theme when it is idle, even if no window is there any more (ttk.tcl)
        self.tk.eval("proc ::ttk::ThemeChanged {} {}")
        super().destroy()

    @property
    def _settings_panels(
        self,
    ) -> tuple[SourcePanel | OutputPanel | TranscriptionPanel | UploadPanel | AdvancedPanel, ...]:
        return (self.source_panel, self.output_panel, self.transcription_panel, self.upload_panel, self.advanced_panel)

    def show(self, state: ViewState) -> None:
        """Show a state."""
        self.progress_panel.show(state.shown_bars)
        self.queue_panel.show(state)
        self._show_list(state)
        self.banner_panel.show(state.shown_banner)
        self._show_token(state.shown_token)
        self.actions.show(state)
        for panel in self._settings_panels:
            panel.show(state)
        self._notes.show(state.problems)

    def _show_list(self, state: ViewState) -> None:
        """Show the list in the log's place as soon as there is something in it, and the log where it is empty."""
        is_empty = not listed(state)
        if is_empty != self._list_empty:
            self._list_empty = is_empty
            self.list_or_log.show("Log" if is_empty else "Videos")

    def _show_token(self, token: TokenView | None) -> None:
        """Let the question for a token stand in the banner's place."""
        self.token_panel.show(token)
        if token is None:
            self.banner_panel.frame.grid()
        else:
            self.banner_panel.frame.grid_remove()
