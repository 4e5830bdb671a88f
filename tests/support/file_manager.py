"""A file manager of the tests' own: a window with one icon for several files, which are dragged to other windows.

A program of its own, started with a place such as `+1150+60` and the files. What becomes of the dragging stands on the
icon, as a real one's pointer shows it.
"""

from __future__ import annotations

import sys
import tkinter
from pathlib import Path

from tkinterdnd2 import COPY, DND_FILES, TkinterDnD

NAME = "file-manager"
URI_LIST = "text/uri-list"
IDLE, HELD, ACCEPTED, TAKEN = "Drag from here", "Nobody takes it here", "Let go to drop", "Dropped"


class FileManager:
    """The window."""

    def __init__(self, place: str, files: list[str]) -> None:
        self.window = TkinterDnD.Tk(className=NAME.capitalize())
        self.window.title("Files")
        self.window.geometry(place)
        self.icon = tkinter.Label(self.window, text=IDLE, width=22, height=4, relief="raised")
        self.icon.pack()
        for file in files:
            tkinter.Label(self.window, text=file.rpartition("/")[2]).pack()
        self.icon.drag_source_register(1, DND_FILES)
        addresses = tuple(Path(file).as_uri() for file in files)  # tkdnd would leave spaces as they are
        self.icon.dnd_bind("<<DragInitCmd>>", lambda _: self._tell(HELD, (COPY, DND_FILES, addresses)))
        # tkdnd puts the source and two names of pointers behind it
        self.window.tk.call("bind", str(self.icon), "<<DragCursorFeedback>>", self.window.register(self._over))
        self.icon.dnd_bind("<<DragEndCmd>>", self._ended)

    def _tell(self, text: str, answer: object = None) -> object:
        self.icon.configure(text=text)
        return answer

    def _over(self, _: str, pointer: str, __: str) -> str:
        # as text: tkdnd has Tk send addresses of files as numbers, and nothing arrives
        send = ("::tkdnd::xdnd::_SendData", URI_LIST)
        how = ("-selection", "XdndSelection", "-type", URI_LIST, "-format", "UTF8_STRING")
        self.window.tk.call("selection", "handle", *how, str(self.icon), send)
        self._tell(HELD if pointer == "refuse_drop" else ACCEPTED)
        return ""

    def _ended(self, event: TkinterDnD.DnDEvent) -> None:
        self._tell(TAKEN if event.action == COPY else IDLE)


if __name__ == "__main__":
    FileManager(sys.argv[1], sys.argv[2:]).window.mainloop()
