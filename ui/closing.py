"""How the main window closes: the editor says what becomes of a job on its way. Knows no Tk."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from ui.controller import Controller
from ui.job_form import FormValues
from ui.messages import BannerAnswer, CloseAnswered, CloseAsked
from ui.view_state import Leaving

if TYPE_CHECKING:
    from ui.history.opener import HistoryOpener
    from ui.transcripts.app import EditorWindows

CLOSE_DEADLINE_S = 10.0
"""How long the window waits, when it is closed, for a job to end cleanly."""

SHOWN_S = 30.0
"""How long the window shows that a job has ended in the background, before the program ends."""


class EditedVideos(Protocol):
    """What the list of videos does before it is left."""

    def finish_editing(self) -> bool:
        """Give the selected video what stands in the form."""

    def form(self) -> FormValues:
        """Return what is remembered of the form."""


class ClosedWindow(Protocol):
    """What is done with the window itself; it does not close by itself while something is done in the history."""

    history: HistoryOpener

    @property
    def videos(self) -> EditedVideos:
        """The list of videos."""

    def destroy(self) -> None:
        """Take it away for good."""

    def withdraw(self) -> None:
        """Take it off the screen."""

    def come_back(self) -> None:
        """Put it on the screen again."""


class Closing:
    """Closes the window. Every method is called in the Tk thread and returns at once."""

    def __init__(
        self,
        controller: Controller,
        window: ClosedWindow,
        *,
        editors: Callable[[], EditorWindows | None],
    ) -> None:
        """`editors` returns the transcript editors."""
        self._controller = controller
        self._window = window
        self._editors = editors
        self._followed = Leaving.STAYS
        self._waits = False
        self._shown_until = 0.0
        self._close_by: float | None = None

    def close(self) -> None:
        """Close the window, or ask what becomes of the job that is on its way."""
        if self._close_by is not None:
            return
        if self._controller.state.job_on_its_way:
            self._controller.receive(CloseAsked())
        else:
            self._end()

    def stay(self) -> None:
        """Keep the window that says that it closes soon: somebody works in it."""
        if self._controller.state.leaving is Leaving.DONE:
            self._controller.receive(CloseAnswered(answer=BannerAnswer.STAY))

    def follow(self) -> None:
        """Do what the editor has answered when it is time for it; called at every turn of the window's timer."""
        before, leaving = self._followed, self._controller.state.leaving
        if leaving is not before:
            self._followed = leaving
            self._begin(leaving, before)
        elif self._closes_now(leaving):
            self._waits = False
            self._controller.receive(CloseAnswered(answer=BannerAnswer.STAY))
            self._end()
        else:
            self._destroy_when_ended()

    def _closes_now(self, leaving: Leaving) -> bool:
        """Whether it is time to close without anybody having said so now."""
        if self._window.history.busy or self._controller.state.job_on_its_way:
            return False
        return self._waits or (leaving is Leaving.DONE and time.monotonic() >= self._shown_until)

    def _begin(self, leaving: Leaving, before: Leaving) -> None:
        if before is Leaving.IN_BACKGROUND:
            self._window.come_back()
        if leaving is Leaving.IN_BACKGROUND:
            self._window.withdraw()
        elif leaving is Leaving.DONE:
            self._shown_until = time.monotonic() + SHOWN_S
        elif leaving is Leaving.NOW and self._controller.state.job_on_its_way:
            self._end()
        elif leaving is Leaving.NOW:
            self._waits = True

    def _end(self) -> None:
        """Close the window; a job on its way is cancelled first and has 10 s to end.

        Editors of transcripts close before it; where something is unsaved there, they ask, and may stay.
        """
        if self._close_by is not None:
            return
        editors = self._editors()
        if editors is not None and editors.views:
            editors.close(then=self._end)
            return
        self._window.videos.finish_editing()
        self._controller.save_preferences(self._window.videos.form())
        self._close_by = time.monotonic() + CLOSE_DEADLINE_S
        self._controller.close()
        self._destroy_when_ended()

    def _destroy_when_ended(self) -> None:
        """Destroy the window if it is closing and the job has ended or the deadline has passed."""
        if self._close_by is not None and (not self._controller.busy or time.monotonic() >= self._close_by):
            self._window.destroy()
