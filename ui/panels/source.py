"""Which video: its path, what was found out about it, and which part of it is wanted."""

from __future__ import annotations

import tkinter
from collections.abc import Callable
from pathlib import Path
from tkinter import filedialog

import ttkbootstrap as ttk

from pipeline.errors import Setting
from pipeline.files import VIDEO_SUFFIXES, is_folder, is_there
from pipeline.source_address import is_address
from ui.banners import Tone
from ui.form_variables import FormVariables
from ui.job_form import FormValues, typed_path
from ui.language import _
from ui.screen_reader import tell_name
from ui.theme import CARD, HINT, TEXT_TONES
from ui.view_state import ViewState
from ui.widgets.card import NARROW, Card
from ui.widgets.fields import Fields, clear_when_edited, show_end, switch
from ui.widgets.wrapping_label import WrappingLabel

VIDEO_FILES = " ".join(f"*{suffix}" for suffix in VIDEO_SUFFIXES)
TIME_WIDTH = 8
REMARKS_LINES = 3
"""For which room is kept beneath the field: what the video is, or why it can't be used, and what is unusual about it.
"""

LOOK_DELAY_MS = 400
"""How long nothing must be typed before the file is looked at."""

ASK_DELAY_MS = 1200
"""The same of an address, of which half would be another server's."""

PART_HINT = "Such as 0:45 to 1:02:30. Empty: the whole."
ADDRESS_HINT = "A file, or an address: https://…, s3://…, root:NAME/…"


class SourcePanel:
    """The source's path with Browse, its details, and which part of it is wanted."""

    def __init__(self, master: tkinter.Misc, variables: FormVariables, look: Callable[[str, FormValues], None]) -> None:
        self.card = Card(master, "SOURCE")
        self._variables = variables
        self._look = look
        self.take_several: Callable[[tuple[str, ...]], None] = lambda paths: self.choose(Path(paths[0]))
        self._waiting: str | None = None
        body = self.card.body
        self.entry = ttk.Entry(body, textvariable=variables.source)
        self.browse = ttk.Button(body, text=_("Browse…"), bootstyle=CARD, command=self._browse)
        show_end(self.entry, variables.source)
        fields = Fields(body)
        note = fields.add("Video", self.entry, beside=self.browse, hint=ADDRESS_HINT)
        self.details = note.label
        remarks = ttk.Frame(body, bootstyle=CARD)
        remarks.columnconfigure(0, weight=1)
        self.damage = WrappingLabel(remarks, bootstyle=TEXT_TONES[Tone.WARNING])
        self.damage.grid(row=0, column=0, sticky="new")
        self.searching = WrappingLabel(remarks, bootstyle=HINT)  # where damage is told when it has been found
        self.searching.grid(row=0, column=0, sticky="new", padx=("78p", 0))
        self.treatment = WrappingLabel(remarks, bootstyle=HINT)
        self.treatment.grid(row=1, column=0, sticky="new", padx=("78p", 0))
        self._add_accept()
        fields.wide(remarks, above="0")
        fields.keep(REMARKS_LINES, rows=2)
        part = ttk.Frame(body, bootstyle=CARD)
        self.part_from, self.part_to = (
            ttk.Entry(part, textvariable=variable, width=TIME_WIDTH)
            for variable in (variables.part_from, variables.part_to)
        )
        self.part_from.grid(row=0, column=0)
        ttk.Label(part, text=_("to"), bootstyle=CARD).grid(row=0, column=1, padx="6p")
        self.part_to.grid(row=0, column=2)
        self.frames = ttk.Button(part, text=_("Frames…"), bootstyle=CARD)
        self.frames.grid(row=0, column=3, padx=("9p", 0))
        part_note = fields.add("Only from", part, hint=PART_HINT)
        tell_name(self.part_to, _("Only to"))
        self.notes = {Setting.SOURCE: note, Setting.TRIM: part_note, Setting.POSTER: part_note}
        variables.on_change(self._tell_poster, variables.poster)
        variables.on_change(clear_when_edited(part_note), variables.part_from, variables.part_to)
        variables.on_change(self._whole_again, variables.source)
        variables.on_change(clear_when_edited(note), variables.source)
        variables.on_change(self._look_soon, variables.source)

    def _add_accept(self) -> None:
        """Put the button beside the card's title, where it takes no room from the sentence about the damage."""
        self._accepted_here = False
        text = _("Convert what can be read")
        self.accept = ttk.Button(
            self.card.corner, text=text, bootstyle=CARD, padding=NARROW, command=self.accept_damage
        )
        self.accept.grid(row=0, column=0)
        self.card.rowconfigure(0, minsize=self.accept.winfo_reqheight() + self.card.winfo_pixels("3p"))

    def show(self, state: ViewState) -> None:
        """Show the source's details and whether it can be changed."""
        self.notes[Setting.SOURCE].explain(state.source.details or ADDRESS_HINT)
        _show_line(self.searching, state.source.going_on)
        _show_line(self.damage, state.source.damage)
        if state.source.refused:
            self.accept.grid()
        else:
            self.accept.grid_remove()
        _show_line(self.treatment, state.source.treatment)
        if state.source.problem:
            self.notes[Setting.SOURCE].show(state.source.problem)
        switch([self.entry, self.browse, self.accept, self.part_from, self.part_to], state.form_enabled)
        switch([self.frames], state.form_enabled and state.source.has_frames)

    def _whole_again(self) -> None:
        """A part is one of this video, and so is its damage: of another the whole is wanted."""
        self._variables.part_from.set("")
        self._variables.part_to.set("")
        self._variables.poster.set("")
        if self._accepted_here:
            self._accepted_here = False
            self._variables.advanced.accept_damaged.set(False)

    def _tell_poster(self) -> None:
        poster = self._variables.poster.get().strip()
        self.notes[Setting.TRIM].explain(f"{PART_HINT} Poster: at {poster}." if poster else PART_HINT)

    def accept_damage(self) -> None:
        """Accept the damage of this video, and of no other."""
        self._accepted_here = True
        self._variables.advanced.accept_damaged.set(True)

    def look_at_once(self) -> None:
        """Look at what was typed a moment ago: nobody types on, as the job is started."""
        if self._waiting is not None:
            self.card.after_cancel(self._waiting)
            self._look_now()

    def _look_soon(self) -> None:
        if self._waiting is not None:
            self.card.after_cancel(self._waiting)
        delay_ms = ASK_DELAY_MS if is_address(self._variables.source.get()) else LOOK_DELAY_MS
        self._waiting = self.card.after(delay_ms, self._look_now)

    def _look_now(self) -> None:
        self._waiting = None
        text = typed_path(self._variables.source.get())
        if text and not self._variables.output_dir.get().strip() and is_there(Path(text)) and not is_folder(Path(text)):
            self._variables.output_dir.set(str(Path(text).absolute().parent))
        self._look(text, self._variables.read())

    def _browse(self) -> None:
        typed = self._variables.source.get()
        start = Path() if is_address(typed) else Path(typed).parent
        chosen = filedialog.askopenfilenames(
            parent=self.card,
            title=_("Choose a video, or several"),
            initialdir=str(start),
            filetypes=[(_("Videos"), VIDEO_FILES), (_("Videos"), VIDEO_FILES.upper()), (_("All files"), "*")],
        )
        if len(chosen) > 1:
            self.take_several(tuple(map(str, chosen)))
        elif chosen:
            self.choose(Path(chosen[0]))

    def choose(self, video: Path) -> None:
        """Take a video; its own folder is proposed for the output where none was chosen yet,
        as it is for a typed one.
        """
        self._variables.source.set(str(video))
        self.entry.xview_moveto(1.0)
        if not self._variables.output_dir.get().strip():
            self._variables.output_dir.set(str(video.parent))


def _show_line(label: WrappingLabel, text: str) -> None:
    """Show a line, or take its room away where there is nothing to say."""
    label.configure(text=text)
    if text:
        label.grid()
    else:
        label.grid_remove()
