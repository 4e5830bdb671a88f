"""The backends that can be chosen by a name: their addresses, and the tokens that the keychain keeps for them."""

from __future__ import annotations

import tkinter
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace

import ttkbootstrap as ttk

from config import Config
from ui.banners import Tone
from ui.language import _
from ui.panels.login import REMEMBERED, shown_address
from ui.preferences import NamedBackend, ProgramSettings
from ui.screen_reader import tell_name
from ui.settings import checks
from ui.settings.checked import ChangeSettings, check_as_typed
from ui.settings.section import section
from ui.theme import CARD, HIDDEN, HINT, TEXT_TONES
from ui.widgets.fields import Fields, switch
from ui.widgets.scrollbars import show_when_needed
from ui.widgets.wrapping_label import WrappingLabel

ROWS = 5
ENV_ROW = ".env"
"""The row of the backend that `.env` names: no id of another has a dot."""
UNNAMED = "(new)"
SET_IN_ENV = "Set in .env."
TOKEN_HINT = "Empty: the one that is kept."


@dataclass(frozen=True, kw_only=True)
class BackendActions:
    """What is done with tokens: `keep` one for a backend, or `forget` the one of an id."""

    keep: Callable[[NamedBackend, str], None]
    forget: Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class BackendDraft:
    """A backend as it stands in the fields, whether it can be used or not."""

    id: str
    name: str = ""
    address: str = ""


class BackendsSection:
    """A list, and the fields of the backend that is selected in it."""

    def __init__(
        self,
        master: tkinter.Misc,
        settings: ProgramSettings,
        config: Config,
        actions: BackendActions,
        change: ChangeSettings,
    ) -> None:
        self.frame = section(master)
        self._config = config
        self._actions = actions
        self._change = change
        self._backends = {backend.id: backend for backend in settings.backends}
        self._drafts = {
            id_: BackendDraft(id=id_, name=backend.name, address=backend.address)
            for id_, backend in self._backends.items()
        }
        self._selected = ""
        self._add_list()
        self._add_buttons()
        self._add_fields()
        if config.backend.url:
            self.tree.insert("", "end", iid=ENV_ROW, text=ENV_ROW, values=[shown_address(config.backend.url)])
        for draft in self._drafts.values():
            self._show_row(draft)
        rows = self.tree.get_children()
        if rows:
            self.tree.selection_set(rows[0])
        self._select()

    def tell_keychain(self, trouble: str) -> None:
        """Show what is wrong with the keychain, if anything is."""
        text = trouble or REMEMBERED
        if self.keychain.cget("text") != text:
            self.keychain.configure(text=text, bootstyle=TEXT_TONES[Tone.WARNING] if trouble else HINT)

    def begin(self) -> None:
        """Begin a backend where there is none yet."""
        if not self._drafts:
            self._add()

    def keep_token(self) -> None:
        """Keep the token that was typed, if it can be one and there is a backend that it belongs to."""
        try:
            token = checks.backend_token(self._token.get())
        except ValueError:
            return
        backend = self._backends.get(self._selected)
        if token and backend is not None:
            self._actions.keep(backend, token)

    def _add_list(self) -> None:
        frame = ttk.Frame(self.frame, bootstyle="bordered @card", padding=1)
        frame.grid(row=0, column=0, columnspan=3, sticky="nsew")
        self.frame.rowconfigure(0, weight=1)
        frame.columnconfigure(0, weight=1)
        frame.rowconfigure(0, weight=1)
        self.tree = ttk.Treeview(frame, columns=("address",), height=ROWS, selectmode="browse")
        self.tree.heading("#0", text=_("Name"), anchor="w")
        self.tree.heading("address", text=_("Address"), anchor="w")
        tell_name(self.tree, _("Backends"))
        self.tree.grid(row=0, column=0, sticky="nsew")
        bar = ttk.Scrollbar(frame, command=self.tree.yview)
        bar.grid(row=0, column=1, sticky="ns")
        show_when_needed(bar, self.tree)
        self.tree.bind("<<TreeviewSelect>>", lambda _: self._select())
        self.tree.bind("<Delete>", lambda _: self._remove())

    def _add_buttons(self) -> None:
        row = ttk.Frame(self.frame, bootstyle=CARD)
        row.grid(row=1, column=0, columnspan=3, sticky="w", pady=("4.5p", "6p"))
        self.add = ttk.Button(row, text=_("Add"), bootstyle=CARD, command=self._add)
        self.remove = ttk.Button(row, text=_("Remove"), bootstyle=CARD, command=self._remove)
        self.add.grid(row=0, column=0, padx=(0, "4.5p"))
        self.remove.grid(row=0, column=1)

    def _add_fields(self) -> None:
        body = ttk.Frame(self.frame, bootstyle=CARD)
        body.grid(row=2, column=0, columnspan=3, sticky="ew")
        fields = Fields(body)
        self._name, self._address, self._token = (tkinter.StringVar(body) for _ in range(3))
        self.name = ttk.Entry(body, textvariable=self._name)
        self.name_note = fields.add("Name", self.name)
        self.address = ttk.Entry(body, textvariable=self._address)
        self.address_note = fields.add("Address", self.address)
        self.token = ttk.Entry(body, textvariable=self._token, show=HIDDEN)
        self.token_note = fields.add("Token", self.token, hint=TOKEN_HINT)
        self.keychain = WrappingLabel(body, bootstyle=HINT, text=REMEMBERED)
        fields.beneath(self.keychain)
        self._name.trace_add("write", lambda *_: self._typed())
        self._address.trace_add("write", lambda *_: self._typed())
        check_as_typed(self._token, self.token_note, checks.backend_token, lambda _: None)
        self.token.bind("<FocusOut>", lambda _: self.keep_token(), add="+")

    def _select(self) -> None:
        """Show the backend that is selected in the fields."""
        chosen = (*self.tree.selection(), "")[0]
        if self._selected and chosen != self._selected:
            self.keep_token()
        self._selected = ""  # what is put into the fields is not typed
        draft = self._drafts.get(chosen, BackendDraft(id=""))
        if chosen == ENV_ROW:
            draft = BackendDraft(id="", name=ENV_ROW, address=shown_address(self._config.backend.url))
        for variable, value in ((self._name, draft.name), (self._address, draft.address), (self._token, "")):
            variable.set(value)
        switch([self.name, self.address, self.token, self.remove], chosen in self._drafts)
        self._selected = chosen if chosen in self._drafts else ""
        self._check()
        if chosen == ENV_ROW:
            self.address_note.explain(SET_IN_ENV)

    def _typed(self) -> None:
        if not self._selected:
            return
        before = self._drafts[self._selected]
        draft = self._drafts[self._selected] = replace(before, name=self._name.get(), address=self._address.get())
        self._show_row(draft)
        if self._check():
            self._backends[draft.id] = NamedBackend(
                id=draft.id, name=draft.name.strip(), address=checks.backend_address(draft.address)
            )
            self._hand_on()

    def _check(self) -> bool:
        """Show what is wrong with the name and the address that stand there; return whether nothing is."""
        if not self._selected:
            for note in (self.name_note, self.address_note):
                note.show("")
                note.explain("")
            return False
        others = [backend.name for backend in self._backends.values() if backend.id != self._selected]
        fields = (
            (self._name, self.name_note, lambda: checks.backend_name(self._name.get(), others)),
            (self._address, self.address_note, lambda: checks.backend_address(self._address.get())),
        )
        problems = [_problem(check) for _, _, check in fields]
        for (variable, note, _check), problem in zip(fields, problems, strict=True):
            typed = variable.get().strip()  # what nobody has typed yet is asked for, not wrong
            note.show(problem if typed else "")
            note.explain("" if typed else problem)
        return not any(problems)

    def _add(self) -> None:
        draft = BackendDraft(id=uuid.uuid4().hex)
        self._drafts[draft.id] = draft
        self._show_row(draft)
        self.tree.selection_set(draft.id)
        self._select()
        self.name.focus_set()

    def _remove(self) -> None:
        id_, self._selected = self._selected, ""
        if not id_:
            return
        after = self.tree.next(id_) or self.tree.prev(id_)
        self.tree.delete(id_)
        del self._drafts[id_]
        if self._backends.pop(id_, None) is not None:
            self._hand_on()
            self._actions.forget(id_)
        if after:
            self.tree.selection_set(after)
        self._select()

    def _hand_on(self) -> None:
        self._change(backends=tuple(self._backends[id_] for id_ in self._drafts if id_ in self._backends))

    def _show_row(self, draft: BackendDraft) -> None:
        name = draft.name.strip() or UNNAMED
        if self.tree.exists(draft.id):
            self.tree.item(draft.id, text=name, values=[draft.address.strip()])
        else:
            self.tree.insert("", "end", iid=draft.id, text=name, values=[draft.address.strip()])


def _problem(check: Callable[[], object]) -> str:
    try:
        check()
    except ValueError as error:
        return str(error)
    return ""
