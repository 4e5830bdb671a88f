"""An editor's window with hands: does what a person does to it and waits for what a person would see."""

from __future__ import annotations

import time
import tkinter
from collections.abc import Callable
from dataclasses import dataclass

from ui.transcripts.app import EditorApp
from ui.transcripts.segment import DatasetSegment
from ui.transcripts.state import EditorState
from ui.transcripts.view import EditorView

DEADLINE_S = 60


@dataclass
class EditorDriver:
    """A window of the editor."""

    app: EditorApp

    @property
    def view(self) -> EditorView:
        """What is in it."""
        return self.app.view

    @property
    def state(self) -> EditorState:
        """What it shows but for the segments."""
        return self.view.controller.state

    def until(self, condition: Callable[[], object]) -> None:
        """Let the window work until something is so; its own timer keeps events coming."""
        deadline = time.monotonic() + DEADLINE_S
        while not condition():
            assert time.monotonic() < deadline, f"the window stayed as it was: {self.state.status.text}"
            self.app.tk.dooneevent(0)

    def ready(self) -> EditorDriver:
        """Wait until the segments of a video are there."""
        self.until(lambda: len(self.view.controller.order) and not self.state.loading)
        return self.settled()

    def settled(self) -> EditorDriver:
        """Let everything that is due be shown."""
        self.view.pump.drain()
        self.view.render()
        self.app.update()
        return self

    @property
    def field(self) -> tkinter.Text:
        """Where the text of the selected segment is typed."""
        return self.view.segments.field.widget

    def press(self, *keys: str) -> None:
        """Press keys in the field, such as `<Return>`."""
        for key in keys:
            self.field.focus_force()
            self.app.update()
            self.field.event_generate(key)
            self.settled()

    def type(self, text: str) -> None:
        """Replace what stands in the field."""
        self.field.replace("1.0", "end-1c", text)
        self.settled()

    def click(self, button: tkinter.Widget) -> None:
        """Press a button, which must be enabled and in the window."""
        assert button.winfo_viewable()
        assert not button.instate(["disabled"])
        button.invoke()
        self.settled()

    def choose(self, label: str) -> None:
        """Answer the question with a button."""
        self.settled()
        self.click(next(one for one in self.view.question.buttons if label == one.cget("text")))

    @property
    def asked(self) -> str:
        """The title of the question, empty if none is asked."""
        question = self.view.question
        return str(question.title.cget("text")) if question.frame.winfo_viewable() else ""

    @property
    def mark(self) -> tuple[str, str]:
        """The unsaved mark and what it counts."""
        banner = self.view.banner
        return str(banner.mark.cget("text")), str(banner.changes.cget("text"))

    @property
    def place(self) -> int | None:
        """The place of the selected segment."""
        return self.view.segments.table.selected

    @property
    def segments(self) -> list[DatasetSegment]:
        """The segments in their order."""
        controller = self.view.controller
        found = (controller.segment(number) for number in range(len(controller.order)))
        return [one for one in found if one is not None]

    @property
    def texts(self) -> list[str]:
        """What they say."""
        return [one.text for one in self.segments]

    @property
    def drawn(self) -> list[str]:
        """Every text on the canvas."""
        canvas = self.view.segments.table.canvas
        return [str(canvas.itemcget(one, "text")) for one in canvas.find_all() if canvas.type(one) == "text"]

    def close(self) -> None:
        """Close the window, whatever is asked."""
        self.view.close()
        if self.state.stage.value == "open":
            self.view.controller.saving.close_now()
        self.until(lambda: self.app.closed or self.state.question.value == "not written")
        if not self.app.closed:
            self.app.destroy()
