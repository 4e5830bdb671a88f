"""What the list shows of each video: those of this computer, and those in a queue of several computers. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

from ui.list_messages import RowState, WhenDone
from ui.queue_view import VideoInQueue
from ui.video_rows import VideoRow, VideoRows
from ui.view_state import ViewState
from ui.widgets.elided import clipped, clipped_middle

MOST_WRITTEN = 40
"""How many rows are written before the window's own events get their turn."""

NAME_SHARE = 0.75

Listed = VideoRow | VideoInQueue


@dataclass(frozen=True, kw_only=True)
class ShownRow:
    """The texts of a row; `tag` says how they stand out, empty for not at all."""

    title: str
    preset: str = ""
    length: str = ""
    status: str = ""
    tag: str = ""


def listed(state: ViewState) -> dict[str, Listed]:
    """Return every video in the list by its id, in their order: this computer's before those in a queue."""
    return {**state.videos.rows, **{one.video.id: one for one in state.queue.videos}}


def selected(state: ViewState) -> tuple[str, ...]:
    """Return the ids of those that are selected."""
    return state.videos.selected or ((state.queue.chosen_id,) if state.queue.chosen_id else ())


def shown_row(one: Listed, videos: VideoRows) -> ShownRow:
    """Return what a row says, `videos` being the list that it is in."""
    if isinstance(one, VideoInQueue):
        return ShownRow(title=one.video.title, status=" ".join(one.status.split()))
    told = " ".join(videos.status(one).split())
    return ShownRow(title=one.title, preset=one.listed.label, length=one.length, status=told, tag=_tag(one))


def title_in(room: int, row: ShownRow, measure: Callable[[str], int]) -> str:
    """Return a row's title and its preset, as much of them as there is room for.

    The name has up to `NAME_SHARE` of the room, the preset what is left.
    """
    preset = f" · {row.preset}" if row.preset else ""
    name = row.title
    if measure(name + preset) > room:
        name = clipped_middle(name, max(room - measure(preset), round(room * NAME_SHARE)), measure)
    return clipped(name + preset, room, measure)


def written_next(changed: Collection[str], order: Sequence[str], view: tuple[float, float]) -> list[str]:
    """Return the ids of the rows that are written now: of those that changed as many as there is time for.

    Those in view come first. `order` has the ids of all rows; `view` is the part of the list that can be seen, from 0
    to 1 each (ttk_treeview, yview).
    """
    top, bottom = (round(part * len(order)) for part in view)
    seen, others = order[max(0, top - 1) : bottom + 1], (*order[: max(0, top - 1)], *order[bottom + 1 :])
    return [id_ for id_ in (*seen, *others) if id_ in changed][:MOST_WRITTEN]


def counted(state: ViewState) -> str:
    """Return how many there are how many of them are done, and what happens then, in a few words; empty for none."""
    every = listed(state)
    if not every:
        return ""
    done = sum(1 for _ in _done(every))
    then = {WhenDone.NOTHING: "", WhenDone.QUIT: ", then quits", WhenDone.SLEEP: ", then sleeps"}
    return (f"{len(every)}, {done} done" if done else f"{len(every)}") + then[state.videos.when_done]


def _done(every: dict[str, Listed]) -> Iterator[Listed]:
    for one in every.values():
        if isinstance(one, VideoRow) and one.state is RowState.DONE:
            yield one


def _tag(row: VideoRow) -> str:
    if row.state is RowState.FAILED or row.unreadable:
        return "bad"
    return "asks" if row.state is RowState.ASKING or (row.damaged and row.state is RowState.HELD) else ""
