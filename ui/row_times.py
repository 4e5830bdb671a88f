"""How the time left of the videos in the list counts down. Pure."""

from __future__ import annotations

from dataclasses import replace

from ui.list_messages import RowState
from ui.time_left import begun, moved
from ui.video_rows import VideoRow, VideoRows

TURN_S = 1.0
"""The time left is told anew this often."""


def tick_rows(videos: VideoRows, now_s: float) -> VideoRows:
    """Return the list when it is `now_s`, by a clock that only goes forward: the time left counts down."""
    told = {row.id: _ticked(row, now_s) for row in videos.rows.values() if row.state is RowState.RUNNING}
    if all(videos.rows[id_] is row for id_, row in told.items()):
        return videos
    return replace(videos, rows={**videos.rows, **told})


def _ticked(row: VideoRow, now_s: float) -> VideoRow:
    fraction = row.bars.overall.fraction
    if row.stands_still:
        return row
    if row.left is None:
        return replace(row, left=begun(fraction, now_s)) if row.begun_here else row
    return row if now_s - row.left.now_s < TURN_S else replace(row, left=moved(row.left, fraction, now_s))
