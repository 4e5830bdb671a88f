"""The window of the history: a list that is searched as one types, and beneath it what the chosen job has made."""

from __future__ import annotations

import time
import tkinter
from collections import deque
from collections.abc import Callable
from pathlib import Path
from tkinter import filedialog
from tkinter.font import nametofont
from typing import TYPE_CHECKING

import ttkbootstrap as ttk

from ui.folder_actions import FolderActions
from ui.folder_jobs import FolderJobs
from ui.folder_messages import FolderMessage, FolderTold, HistoryRead, ResultsRead
from ui.history.rows import COLUMNS, columns, found
from ui.language import _, shown
from ui.rescaling import on_rescale
from ui.results.panel import ResultsPanel
from ui.screen_reader import tell_name
from ui.theme import keep_visible
from ui.tones import Tone
from ui.widgets.elided import clipped
from ui.widgets.fields import switch
from ui.widgets.scrollbars import show_when_needed
from ui.widgets.wrapping_label import WrappingLabel
from ui.window_size import give_size, on_screen

if TYPE_CHECKING:
    from pipeline.job_history import HistoryEntry

TITLE = "History"
SIZE = (980, 720)
MIN_SIZE = (640, 480)
GAP = "7.5p"
SEARCH_DELAY_MS = 150
"""How long nothing must be typed before the list is searched."""

TURN_S = 0.010
TURN_PAUSE_MS = 5
"""How long rows are written at a time, and the pause until the next ones: several hundred hold the windows up."""

SHARES = {"when": 0.15, "video": 0.2, "how": 0.12, "from": 0.28, "to": 0.25}
"""How much of the width each column takes."""

NEWS_TONES = {
    Tone.PLAIN: "secondary",
    Tone.BUSY: "info",
    Tone.GOOD: "success",
    Tone.WARNING: "warning",
    Tone.BAD: "danger",
}
NONE_CHOSEN = "Choose a job to see what it has made."
SUBTITLES = "*.srt *.vtt"


class HistoryWindow:
    """A window beside the main one. Nothing in it is modal but the choice of a file."""

    def __init__(self, master: ttk.App, actions: FolderActions, jobs: FolderJobs, closed: Callable[[], None]) -> None:
        self._jobs = jobs
        self._closed = closed
        self._entries: tuple[HistoryEntry, ...] = ()
        self._whole = False
        self._shown: dict[str, HistoryEntry] = {}
        self._unwritten: deque[HistoryEntry] = deque()
        self._writing: str | None = None
        self.clock = time.perf_counter
        self._chosen: HistoryEntry | None = None
        self._has_results = False
        self._running = False
        self._waiting: str | None = None
        self._then: Callable[[], None] | None = None
        self.window = ttk.Toplevel(_(TITLE), iconphoto=None, master=master)
        give_size(self.window, SIZE, MIN_SIZE)
        self.window.columnconfigure(0, weight=1)
        self.window.rowconfigure(1, weight=1, uniform="half")
        self.window.rowconfigure(2, weight=1, uniform="half")
        self._add_search()
        self._add_list()
        self.panel = ResultsPanel(self.window, actions)
        self.panel.frame.grid(row=2, column=0, sticky="nsew", padx=GAP, pady=(GAP, 0))
        self.upload = self._button("Upload again", self._upload)
        self.verify = self._button("Verify", self._verify)
        self.captions = self._button("Replace captions…", self._replace_captions)
        self._add_news()
        self.window.protocol("WM_DELETE_WINDOW", self.close)
        self.window.bind("<Escape>", lambda _: self.close())
        keep_visible(self.window, master.style)
        self.stop.grid_remove()
        self.panel.clear(NONE_CHOSEN)
        self._switch()
        self.search.focus_set()

    def receive(self, message: FolderMessage) -> None:
        """Show what was read, or how far something is."""
        match message:
            case HistoryRead():
                self._entries, self._whole = message.entries, message.whole
                self._fill(message.problem)
            case ResultsRead():
                if self._chosen is not None and message.folder == self._chosen.folder:
                    self._has_results = message.results is not None
                self.panel.receive(message)
                self._switch()
            case FolderTold():
                self._tell(message)

    def ask_before_closing(self, then: Callable[[], None]) -> None:
        """Ask, because the program is to be closed while something is being done; `then` closes it."""
        self._then = then
        self.window.deiconify()
        self.window.lift()
        self.stop.configure(text=_("Stop it and close"))
        self.stop.focus_set()

    def close(self) -> None:
        """Take the window away; what is being done goes on."""
        for timer in filter(None, (self._waiting, self._writing)):
            self.window.after_cancel(timer)
        self.window.destroy()
        self._closed()

    def _add_search(self) -> None:
        row = ttk.Frame(self.window)
        row.grid(row=0, column=0, sticky="ew", padx=GAP, pady=(GAP, 0))
        row.columnconfigure(1, weight=1)
        ttk.Label(row, text=_("Find")).grid(row=0, column=0, padx=(0, "6p"))
        self.typed = tkinter.StringVar(self.window)
        self.search = ttk.Entry(row, textvariable=self.typed)
        tell_name(self.search, _("Find"))
        self.search.grid(row=0, column=1, sticky="ew")
        self.count = ttk.Label(row, text=_("Reading…"), bootstyle="secondary")
        self.count.grid(row=0, column=2, padx=("9p", 0))
        self.typed.trace_add("write", lambda *_: self._search_soon())

    def _add_list(self) -> None:
        frame = ttk.Frame(self.window)
        frame.grid(row=1, column=0, sticky="nsew", padx=GAP, pady=(GAP, 0))
        frame.columnconfigure(0, weight=1)
        frame.rowconfigure(0, weight=1)
        self._font = nametofont("TkDefaultFont", root=frame)
        self.tree = ttk.Treeview(frame, columns=tuple(COLUMNS), show="headings", selectmode="browse", height=4)
        for name, title in COLUMNS.items():
            self.tree.heading(name, text=shown(title), anchor="w")
        tell_name(self.tree, _("History"))
        self.tree.grid(row=0, column=0, sticky="nsew")
        bar = ttk.Scrollbar(frame, command=self.tree.yview)
        bar.grid(row=0, column=1, sticky="ns")
        frame.columnconfigure(1, minsize=bar.winfo_reqwidth())
        show_when_needed(bar, self.tree)
        self.tree.bind("<Configure>", lambda event: self._resized(event.width), add="+")
        on_rescale(self.tree, lambda: self._resized(self.tree.winfo_width()))
        self.tree.bind("<<TreeviewSelect>>", lambda _: self._choose())

    def _add_news(self) -> None:
        row = ttk.Frame(self.window)
        row.grid(row=3, column=0, sticky="ew", padx=GAP, pady=GAP)
        row.columnconfigure(0, weight=1)
        self.news = WrappingLabel(row, bootstyle="secondary")
        self.news.grid(row=0, column=0, sticky="ew")
        self.stop = ttk.Button(row, text=_("Stop"), command=self._stop)
        self.stop.grid(row=0, column=1, sticky="e", padx=("9p", 0))

    def _button(self, text: str, command: Callable[[], None]) -> ttk.Button:
        button = ttk.Button(self.panel.row, text=shown(text), command=command)
        self.panel.row.add_right(button)
        return button

    def _resized(self, width: int) -> None:
        for name, share in SHARES.items():
            self.tree.column(name, width=round(width * share), stretch=False)
        self._write()

    def _values(self, entry: HistoryEntry) -> tuple[str, ...]:
        """Return the texts of a row, each as far as there is room for it."""
        around = on_screen(self.window, 10)
        rooms = (int(self.tree.column(name, "width")) - around for name in COLUMNS)
        when, video, how, origin, to = columns(entry)
        told = (shown(when), video, shown(how), origin, shown(to))
        return tuple(clipped(text, room, self._font.measure) for text, room in zip(told, rooms, strict=True))

    def _search_soon(self) -> None:
        if self._waiting is not None:
            self.window.after_cancel(self._waiting)
        self._waiting = self.window.after(SEARCH_DELAY_MS, self._search_now)

    def _search_now(self) -> None:
        self._waiting = None
        self._fill()

    def _fill(self, problem: str = "") -> None:
        entries, told = found(self._entries, self.typed.get(), whole=self._whole)
        self.count.configure(text=shown(problem or told))
        if [entry.id for entry in entries] == list(self._shown):
            return
        self.tree.delete(*self.tree.get_children())
        self._shown = {entry.id: entry for entry in entries}
        self._write()

    def _write(self) -> None:
        """Write all rows, those that are there already anew."""
        self._unwritten = deque(self._shown.values())
        if self._writing is None:
            self._write_some()

    def _write_some(self) -> None:
        """Write rows for a moment, and the others after the windows' own events."""
        self._writing = None
        until = self.clock() + TURN_S
        while self._unwritten:
            entry = self._unwritten.popleft()
            if self.tree.exists(entry.id):
                self.tree.item(entry.id, values=self._values(entry))
            else:
                self.tree.insert("", "end", iid=entry.id, values=self._values(entry))
                if self._chosen is not None and self._chosen.id == entry.id:
                    self.tree.selection_set(entry.id)
            if self.clock() >= until:
                break
        if self._unwritten:
            self._writing = self.window.after(TURN_PAUSE_MS, self._write_some)

    def _choose(self) -> None:
        chosen = next((self._shown[id_] for id_ in self.tree.selection()), None)
        if chosen is None or chosen == self._chosen:
            return
        self._chosen, self._has_results = chosen, False
        if not self._running:
            self._say(chosen.note, Tone.WARNING)
        self.panel.expect(chosen.folder)
        self._switch()

    def _say(self, text: str, tone: Tone) -> None:
        self.news.configure(text=text, bootstyle=NEWS_TONES[tone])

    def _tell(self, told: FolderTold) -> None:
        self._running = told.running
        self._say(told.text, told.tone)
        if told.running:
            self.stop.grid()
        else:
            self.stop.grid_remove()
            self.stop.configure(text=_("Stop"))
            if self._chosen is not None and told.folder == self._chosen.folder:
                self.panel.expect(told.folder)
        self._switch()
        if not told.running and self._then is not None:
            then, self._then = self._then, None
            self.window.after_idle(then)  # not while the messages are taken, which ask the window for more

    def _switch(self) -> None:
        free = self._has_results and not self._running
        switch([self.captions], free)
        switch([self.upload, self.verify], free and self._chosen is not None and bool(self._chosen.prefix))

    def _upload(self) -> None:
        if self._chosen is not None:
            self._jobs.upload(self._chosen.folder, self._chosen.prefix, self._chosen.backend_url)

    def _verify(self) -> None:
        if self._chosen is not None:
            self._jobs.verify(self._chosen.folder)

    def _replace_captions(self) -> None:
        chosen = self._chosen
        file = filedialog.askopenfilename(
            parent=self.window,
            title=_("Choose the captions, a .srt or .vtt file"),
            filetypes=[(_("Captions"), SUBTITLES), (_("All files"), "*")],
        )
        if file and chosen is not None:
            self._jobs.replace_captions(chosen.folder, Path(file), chosen.prefix, chosen.backend_url)

    def _stop(self) -> None:
        self._jobs.cancel()
