"""Which of the named backends is chosen in the form. Address and token of the form are always those of the choice."""

from __future__ import annotations

import tkinter

from ui.preferences import ProgramSettings

TYPED = ""
"""The choice of no named backend: that of `.env`, or the address that is typed."""


class BackendVariables:
    """The choice, and the logins of this session that belong to other choices."""

    def __init__(
        self, master: tkinter.Misc, *, chosen: str, typed_url: str, url: tkinter.StringVar, token: tkinter.StringVar
    ) -> None:
        """`typed_url` is the address that was typed, where `url` has the one of a named backend."""
        self.chosen = tkinter.StringVar(master, chosen)
        self._url = url
        self._token = token
        self._typed_url = typed_url
        self._tokens: dict[str, str] = {}

    @property
    def typed_url(self) -> str:
        """The address that was typed, whatever is chosen."""
        return self._typed_url if self.chosen.get() else self._url.get().strip()

    def choose(self, id_: str, program: ProgramSettings) -> None:
        """Put the login of a backend into the form, as far as this session knows it."""
        self._typed_url = self.typed_url
        self._tokens[self.chosen.get()] = self._token.get()
        backend = program.backend(id_)
        self._url.set(backend.address if backend else self._typed_url)
        self._token.set(self._tokens.get(id_, ""))
        self.chosen.set(backend.id if backend else TYPED)

    def follow(self, before: ProgramSettings, now: ProgramSettings) -> None:
        """Go on with what the settings have now: a token is never sent to another address than its own."""
        for old in before.backends:
            new = now.backend(old.id)
            if new is not None and new.address == old.address:
                continue
            self._tokens.pop(old.id, None)
            if old.id == self.chosen.get():
                self._token.set("")
                if new is not None:
                    self._url.set(new.address)
                else:
                    self.choose(TYPED, now)

    def know(self, id_: str, token: str) -> None:
        """Use a token for a backend from now on, empty for none."""
        self._tokens[id_] = token
        if self.chosen.get() == id_:
            self._token.set(token)
