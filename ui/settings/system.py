"""How the program gets on with the computer: Open with, and the notice of newer versions."""

from __future__ import annotations

import queue
import threading
import tkinter
from collections.abc import Callable

import ttkbootstrap as ttk

from config import Config
from diagnostics.crash_log import sentence_of
from pipeline.errors import PipelineError
from ui.language import _, shown
from ui.open_with.offered import SENTENCES, Offered
from ui.open_with.offering import Desktop, this_desktop
from ui.preferences import ProgramSettings
from ui.settings import checks
from ui.settings.checked import ChangeSettings, check_as_typed
from ui.settings.general import SET_IN_ENV
from ui.settings.section import section
from ui.theme import CARD
from ui.widgets.fields import Fields, switch

LOOK_MS = 50
OFFER, WITHDRAW = "Offer for videos", "Offer no more"
UPDATES_HINT = (
    "Empty: nothing is ever asked. Otherwise this address is asked once a day, when the window opens, which version "
    "is the newest."
)


class SystemSection:
    """A button and a field."""

    def __init__(
        self,
        master: tkinter.Misc,
        settings: ProgramSettings,
        config: Config,
        change: ChangeSettings,
        desktop: Desktop | None = None,
    ) -> None:
        self.frame = section(master)
        self._desktop = this_desktop() if desktop is None else desktop
        fields = Fields(self.frame)
        self.offer = ttk.Button(self.frame, bootstyle=CARD, command=self._press)
        self.offer_note = fields.add(_("Open with"), self.offer)
        self.offer.grid_configure(sticky="w")
        self._show(self._desktop.offered())
        address = tkinter.StringVar(master, config.update_url or settings.update_address)
        self.updates = ttk.Entry(self.frame, textvariable=address)
        self.updates_note = fields.add(_("New versions"), self.updates, hint=UPDATES_HINT)
        if config.update_url:
            switch([self.updates], enabled=False)
            self.updates_note.explain(SET_IN_ENV)
        check_as_typed(
            address, self.updates_note, checks.update_address, lambda address: change(update_address=address)
        )

    def _show(self, offered: Offered) -> None:
        self._offered = offered
        self.offer.configure(text=shown(WITHDRAW if offered is Offered.YES else OFFER))
        switch([self.offer], enabled=offered in (Offered.YES, Offered.NO))
        self.offer_note.explain(SENTENCES[offered])

    def _press(self) -> None:
        """Offer the program, or offer it no more, in a thread: desktops take a second for it."""
        do = self._desktop.withdraw if self._offered is Offered.YES else self._desktop.offer
        answers: queue.SimpleQueue[str] = queue.SimpleQueue()
        switch([self.offer], enabled=False)
        threading.Thread(target=_outermost, args=(do, answers), name="open-with", daemon=True).start()
        self._wait(answers)

    def _wait(self, answers: queue.SimpleQueue[str]) -> None:
        if not self.frame.winfo_exists():
            return
        try:
            problem = answers.get_nowait()
        except queue.Empty:
            self.frame.after(LOOK_MS, self._wait, answers)
            return
        self._show(self._desktop.offered())
        self.offer_note.show(problem)


def _outermost(do: Callable[[], None], answers: queue.SimpleQueue[str]) -> None:
    try:
        do()
    except PipelineError as error:
        answers.put(str(error))
    except Exception as error:  # noqa: BLE001  # the thread's outermost frame: the window must hear of it
        answers.put(sentence_of(error))
    else:
        answers.put("")
