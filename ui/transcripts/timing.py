"""When the segments of the editor's window begin and end. Knows no Tk."""

from __future__ import annotations

from math import isfinite

from transcripts import segment_edits
from ui.transcripts.messages import Failed
from ui.transcripts.segment import seconds_of
from ui.transcripts.session import Session
from ui.transcripts.state import advance
from ui.transcripts.worker import in_thread

WRONG_TIME = "A time has to be written like 1:02.5 or 0:01:02.500."
WRONG_SHIFT = "How far to shift has to be a number of seconds, such as 0.5 or -1.25."


class Timing:
    """Moves a controller's segments in time. Every method is called in the Tk thread and returns at once."""

    def __init__(self, controller: Session) -> None:
        self._controller = controller

    def shift(self, place: int, by_s: float, *, rest: bool) -> None:
        """Move the segment at a place in time, or with it all after it."""
        controller = self._controller
        document = controller.document
        if document is None or not controller.state.editable:
            return
        if not isfinite(by_s):
            controller.state = advance(controller.state, Failed(reason=WRONG_SHIFT))
            return
        ids = [controller.order.at(number) for number in range(place, len(controller.order) if rest else place + 1)]
        if len(ids) == 1:
            controller.edit(lambda found: segment_edits.shift(found, ids, by_s))
        else:  # thousands of rows take a moment
            in_thread(
                "shift",
                lambda: segment_edits.shift(document, ids, by_s),
                lambda _, text: Failed(reason=text),
                controller.post,
            )

    def move(self, place: int, *, start_by_s: float = 0.0, end_by_s: float = 0.0) -> None:
        """Move the beginning or the end of the segment at a place."""
        segment = self._controller.segment(place)
        if segment is not None:
            start_s, end_s = segment.start_s + start_by_s, segment.end_s + end_by_s
            self._controller.edit(lambda found: segment_edits.set_times(found, segment.id, start_s, end_s))

    def set_times(self, place: int, start: str, end: str) -> None:
        """Let the segment at a place begin and end at times that were typed."""
        controller = self._controller
        segment, start_s, end_s = controller.segment(place), seconds_of(start), seconds_of(end)
        if segment is None:
            return
        if start_s is None or end_s is None:
            controller.state = advance(controller.state, Failed(reason=WRONG_TIME))
            return
        controller.edit(lambda found: segment_edits.set_times(found, segment.id, start_s, end_s))
