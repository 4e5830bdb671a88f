"""What can be done with the list of videos: one table for its menus, the menu bar and the keys."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol

from ui.list_messages import CANCELLABLE, OPEN, PAUSABLE, RETRIED, STILL, RowState, WhenDone
from ui.menu import SEPARATOR, MenuCommand, Separator
from ui.view_state import ViewState, WindowStage

WHEN_DONE = {
    WhenDone.NOTHING: "When all is done: do nothing",
    WhenDone.QUIT: "When all is done: quit",
    WhenDone.SLEEP: "When all is done: let the computer sleep",
}


class ListActions(Protocol):
    """What the entries do; each returns at once."""

    def add_files(self) -> None:
        """Ask for files, and add them."""

    def add_folder(self) -> None:
        """Ask for a folder, and add the videos in it."""

    def paste(self) -> None:
        """Add what the clipboard names."""

    def add_form(self) -> None:
        """Add the video that stands in the form."""

    def start_all(self) -> None:
        """Start every video that can begin."""

    def start_selected(self) -> None:
        """Start those that are selected."""

    def retry_failed(self) -> None:
        """Start every video that has failed again."""

    def remove_done(self) -> None:
        """Take every video that is done out of the list; what is made of it stays."""

    def pause(self) -> None:
        """Stop those that are selected, and keep what is made of them."""

    def cancel_selected(self) -> None:
        """Cancel those that are selected."""

    def remove(self) -> None:
        """Take those that are selected out of the list."""

    def duplicate(self) -> None:
        """Add those that are selected once more, with folders of their own."""

    def move_up(self) -> None:
        """Move those that are selected one up."""

    def move_down(self) -> None:
        """Move those that are selected one down."""

    def move(self, id_: str, before: str) -> None:
        """Move a video before another one, to the end where that is empty."""

    def finish_this(self) -> None:
        """Let no further video begin."""

    def stop(self) -> None:
        """Stop all of the list, and keep what is made of it."""

    def choose_when_done(self, what: WhenDone) -> None:
        """Set what happens when all have ended."""

    def export(self) -> None:
        """Write the list into a file."""

    def import_list(self) -> None:
        """Add the videos of a file that was exported."""


def selected(*states: RowState) -> Callable[[ViewState], bool]:
    """Return whether a video is selected that stands so."""
    return lambda state: bool(state.videos.of(state.videos.selected, *states))


def any_of(*states: RowState) -> Callable[[ViewState], bool]:
    """Return whether there is a video in the list that stands so."""
    return lambda state: any(row.state in states for row in state.videos.rows.values())


def add_entries(actions: ListActions) -> tuple[MenuCommand | Separator, ...]:
    """Return what adds videos."""
    return (
        MenuCommand(label="Add files…", key="Shift-A", do=actions.add_files),
        MenuCommand(label="Add folder…", key="Shift-D", do=actions.add_folder),
        MenuCommand(label="Paste paths", do=actions.paste),
        MenuCommand(label="Add the video in the form", key="Shift-N", do=actions.add_form, enabled=_has_form),
    )


def row_entries(actions: ListActions) -> tuple[MenuCommand | Separator, ...]:
    """Return what is done with the videos that are selected; the keys are those of the list alone."""
    return (
        MenuCommand(label="Start selected", do=actions.start_selected, enabled=can_start_selected),
        MenuCommand(label="Pause selected", do=actions.pause, enabled=_can_pause),
        MenuCommand(label="Cancel selected", do=actions.cancel_selected, enabled=selected(*CANCELLABLE)),
        MenuCommand(label="Try again", do=actions.start_selected, enabled=selected(*RETRIED)),
        MenuCommand(label="Duplicate", key="d", do=actions.duplicate, enabled=selected(*RowState), bound=False),
        MenuCommand(label="Move up", key="Alt-Up", do=actions.move_up, enabled=selected(*RowState), bound=False),
        MenuCommand(label="Move down", key="Alt-Down", do=actions.move_down, enabled=selected(*RowState), bound=False),
        MenuCommand(
            label="Remove from the list", key="BackSpace", do=actions.remove, enabled=selected(*STILL), bound=False
        ),
    )


def list_entries(actions: ListActions) -> tuple[MenuCommand | Separator, ...]:
    """Return what is done with the whole list."""
    return (
        MenuCommand(label="Start all", key="Shift-Return", do=actions.start_all, enabled=can_start_all),
        MenuCommand(label="Finish this one, then stop", do=actions.finish_this, enabled=_runs),
        MenuCommand(label="Stop the list", do=actions.stop, enabled=_runs),
        MenuCommand(label="Try the failed ones again", do=actions.retry_failed, enabled=any_of(RowState.FAILED)),
        MenuCommand(label="Remove the finished ones", do=actions.remove_done, enabled=any_of(RowState.DONE)),
        SEPARATOR,
        *(
            MenuCommand(
                label=label,
                do=partial(actions.choose_when_done, what),
                enabled=partial(_is_not_chosen, what),
            )
            for what, label in WHEN_DONE.items()
        ),
        SEPARATOR,
        MenuCommand(label="Export the list…", do=actions.export, enabled=any_of(*OPEN)),
        MenuCommand(label="Import a list…", do=actions.import_list),
    )


def can_start_all(state: ViewState) -> bool:
    """Whether there is a video that can begin."""
    return state.stage is not WindowStage.ASKING and bool(state.videos.unstarted)


def can_start_selected(state: ViewState) -> bool:
    """Whether a video is selected that can begin."""
    return bool(state.videos.can_start(state.videos.selected))


def _can_pause(state: ViewState) -> bool:
    chosen = state.videos.selected
    return len(state.videos.of(chosen, *PAUSABLE)) > len(state.videos.still(chosen))


def _runs(state: ViewState) -> bool:
    return state.videos.runs


def _is_not_chosen(what: WhenDone, state: ViewState) -> bool:
    return state.videos.when_done is not what


def _has_form(state: ViewState) -> bool:
    return bool(state.source.path_text) and state.videos.chosen is None


def joined(*groups: Sequence[MenuCommand | Separator]) -> tuple[MenuCommand | Separator, ...]:
    """Return several groups of entries with a line between each two."""
    entries: list[MenuCommand | Separator] = []
    for group in groups:
        entries += [*([SEPARATOR] if entries else []), *group]
    return tuple(entries)
