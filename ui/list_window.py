"""Joins the list of videos with the window: dialogs, the clipboard, drops, and the form that shows a video's settings.

What is asked of the list itself goes to `ListControl`.
"""

from __future__ import annotations

import time
import tkinter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tkinter import filedialog

from pipeline.files import is_folder
from pipeline.job import Job
from pipeline.source_address import is_address
from ui.closing import SHOWN_S
from ui.dropping import accept_drops
from ui.form_of_job import form_of
from ui.form_variables import FormVariables
from ui.gathering import pasted_paths
from ui.job_form import FormValues, form_problems
from ui.language import _, shown
from ui.layout import PanelWindow
from ui.list_control import ListControl
from ui.list_messages import NOT_ADDED, NOT_STARTED, RowState, WhenDone
from ui.panels.source import VIDEO_FILES
from ui.rescaling import on_rescale
from ui.row_editing import RowEditing
from ui.view_state import ViewState

LIST_FILES = [("Lists of videos", "*.jsonl"), ("All files", "*")]
EDITED_MS = 300
"""How long nothing must be changed in the form before the video has what stands there."""


class ListWindow:
    """Does what buttons, menus, keys and drops ask of the list. `ListActions` says what each is for."""

    def __init__(
        self,
        window: PanelWindow,
        control: ListControl,
        variables: FormVariables,
        state: Callable[[], ViewState],
        remember: Callable[[], None],
    ) -> None:
        """`remember` keeps what stands in the form for the next start of the program, should this one be killed."""
        self._root = window
        self._panel = window.queue_panel
        self._source = window.source_panel
        self._control = control
        self._variables = variables
        self._state = state
        self._remember = remember
        self._editing = RowEditing(variables, control)
        self._waiting: str | None = None
        self._sleep_at: float | None = None
        self.clock = time.monotonic
        control.finish_editing = lambda: self.finish_editing(NOT_STARTED)
        self._panel.connect(self)
        self._source.take_several = self.take
        self._size_pictures()
        on_rescale(self._panel.tree, self._size_pictures)
        accept_drops(window, self.take)
        variables.on_change(self._edited_soon, *variables.all)

    def _size_pictures(self) -> None:
        self._control.looks.size = self._panel.picture_size

    def show(self, state: ViewState) -> None:
        """Show the settings of the video that is selected in the form."""
        chosen = state.videos.chosen
        if not self._editing.shows(chosen):
            self.finish_editing()
            self._control.refuse((), "")
        self._editing.show(chosen)

    def form(self) -> FormValues:
        """Return what stands in the form when no video of the list is selected: what is remembered."""
        return self._editing.own_values()

    def fill_in(self, change: Callable[[], None]) -> None:
        """Let the program change the form, not the editor: the selected video keeps what it has."""
        self.finish_editing()
        self._editing.fill_in(change)

    def fill_with(self, job: Job) -> FormValues:
        """Put a job into the form, which is no video's of the list from then on; return what stands there then."""
        self._control.select(())
        self.show(self._state())
        self._variables.fill(form_of(job, self._variables.read()))
        return self._variables.read()

    def follow(self) -> None:
        """Let the computer sleep when it is time for it; called at every turn of the window's timer."""
        if not self._state().videos.falls_asleep:
            self._sleep_at = None
        elif self._sleep_at is None:
            self._sleep_at = self.clock() + SHOWN_S
        elif self.clock() >= self._sleep_at:
            self._control.let_sleep()

    def take(self, named: tuple[str, ...]) -> None:
        """Take what was dropped: one video goes into the form where the list is empty, else all go into the list."""
        state = self._state()
        alone = len(named) == 1 and not is_address(named[0]) and not is_folder(Path(named[0]))
        if alone and state.form_enabled and not state.videos.rows:
            self._source.choose(Path(named[0]))
        elif named:
            self._control.add(named, self._editing.own_values())

    def add_files(self) -> None:
        """See `ListActions`."""
        chosen = filedialog.askopenfilenames(
            parent=self._panel.card,
            title=_("Add videos"),
            filetypes=[(_("Videos"), VIDEO_FILES), (_("Videos"), VIDEO_FILES.upper()), (_("All files"), "*")],
        )
        if chosen:
            self._control.add([str(path) for path in chosen], self._editing.own_values())

    def add_folder(self) -> None:
        """See `ListActions`."""
        chosen = filedialog.askdirectory(parent=self._panel.card, title=_("Add the videos in a folder"), mustexist=True)
        if chosen:
            self._control.add([str(chosen)], self._editing.own_values())

    def paste(self) -> None:
        """See `ListActions`."""
        try:
            text = str(self._root.clipboard_get())
        except tkinter.TclError:  # it is empty, or holds no text
            return
        self._control.add(pasted_paths(text), self._editing.own_values())

    def add_form(self) -> None:
        """See `ListActions`."""
        self._source.look_at_once()  # later it would take away what is said of it here
        values = self._variables.read()
        if not values.source or self._state().videos.chosen is not None:
            return
        problems = form_problems(replace(values, output_dir=values.output_dir or "-"))  # empty: beside the video
        self._control.refuse(problems, NOT_ADDED)
        if not problems:
            self._control.add([values.source], values, own=True)

    def added(self, source: str) -> None:
        """Make room in the form for another video: this one is in the list."""
        self._editing.added(source)

    def start(self) -> bool:
        """Start what is selected, or add the form's video to those that are converted; return whether that was it.

        With nothing in the form all are started.
        """
        if not self.finish_editing(NOT_STARTED):
            return True
        state, values = self._state(), self._variables.read()
        if state.videos.chosen is not None:
            self.start_selected()
        elif not values.source and state.videos.rows:
            self.start_all()
        elif state.videos.runs and values.source and not values.engine.in_queue:
            self.add_form()
        else:
            return False
        return True

    def start_all(self) -> None:
        """See `ListActions`."""
        if self.finish_editing(NOT_STARTED):
            self._remember()
            self._control.start_all(self._variables.read())

    def start_selected(self) -> None:
        """See `ListActions`."""
        if self.finish_editing(NOT_STARTED):
            self._remember()
            self._control.start(self._selected, self._variables.read())

    def retry_failed(self) -> None:
        """See `ListActions`."""
        if self.finish_editing(NOT_STARTED):
            self._control.start(self._in_state(RowState.FAILED), self._variables.read())

    def remove_done(self) -> None:
        """See `ListActions`."""
        self._control.remove(self._in_state(RowState.DONE))

    def pause(self) -> None:
        """See `ListActions`."""
        self._control.pause(self._selected)

    def cancel_selected(self) -> None:
        """See `ListActions`."""
        self._control.cancel(self._selected)

    def remove(self) -> None:
        """See `ListActions`."""
        self._control.remove(self._selected)

    def duplicate(self) -> None:
        """See `ListActions`."""
        self.finish_editing()
        self._control.duplicate(self._selected)

    def move_up(self) -> None:
        """See `ListActions`."""
        self._control.step(self._selected, -1)

    def move_down(self) -> None:
        """See `ListActions`."""
        self._control.step(self._selected, 1)

    def move(self, id_: str, before: str) -> None:
        """See `ListActions`."""
        self._control.move([id_], before)

    def finish_this(self) -> None:
        """See `ListActions`."""
        self._control.finish_this()

    def stop(self) -> None:
        """See `ListActions`."""
        self._control.stop()

    def choose_when_done(self, what: WhenDone) -> None:
        """See `ListActions`."""
        self._control.choose_when_done(what)

    def export(self) -> None:
        """See `ListActions`."""
        self.finish_editing()
        chosen = filedialog.asksaveasfilename(
            parent=self._panel.card,
            title=_("Export the list"),
            initialfile=f"{_('Videos')}.jsonl",
            defaultextension=".jsonl",
            filetypes=[(shown(kind), suffix) for kind, suffix in LIST_FILES],
        )
        if chosen:
            self._control.list.export(Path(chosen))

    def import_list(self) -> None:
        """See `ListActions`."""
        chosen = filedialog.askopenfilename(
            parent=self._panel.card,
            title=_("Import a list"),
            filetypes=[(shown(kind), suffix) for kind, suffix in LIST_FILES],
        )
        if chosen:
            self._control.list.import_from(Path(chosen))

    def finish_editing(self, not_done: str = "") -> bool:
        """Give the selected video at once what stands in the form, and return whether it has that; the banner says
        otherwise what is `not_done`, or that the video stays as it was, and why.
        """
        if self._waiting is not None:
            self._root.after_cancel(self._waiting)
        return self._edited(not_done or f"{self._editing.name} keeps the settings that it had.")

    def _in_state(self, state: RowState) -> tuple[str, ...]:
        videos = self._state().videos
        return videos.of(tuple(videos.rows), state)

    @property
    def _selected(self) -> tuple[str, ...]:
        return self._state().videos.selected

    def _edited_soon(self) -> None:
        """Give the video what was changed when nothing was for a moment."""
        if not self._editing.follows:
            return
        if self._waiting is not None:
            self._root.after_cancel(self._waiting)
        self._waiting = self._root.after(EDITED_MS, self._edited)

    def _edited(self, not_done: str = "") -> bool:
        """Give the video what was changed, or show what is wrong with that."""
        self._waiting = None
        problems = self._editing.edited()
        if self._editing.follows:
            self._control.refuse(problems, not_done)
        return not problems
