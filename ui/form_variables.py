"""The Tk variables behind the form, and their values as data."""

from __future__ import annotations

import tkinter
from collections.abc import Callable

from ui.job_form import QUALITY_NAMES, FormValues, typed_path


class FormVariables:
    """One variable for every value of the form."""

    def __init__(self, master: tkinter.Misc, values: FormValues) -> None:
        self.source = tkinter.StringVar(master, values.source)
        self.output_dir = tkinter.StringVar(master, values.output_dir)
        self.qualities = {name: tkinter.BooleanVar(master, name in values.qualities) for name in QUALITY_NAMES}
        self.speed = tkinter.StringVar(master, values.speed)
        self.transcribe = tkinter.BooleanVar(master, values.transcribe)
        self.model = tkinter.StringVar(master, values.model)
        self.spoken_language = tkinter.StringVar(master, values.spoken_language)
        self.upload = tkinter.BooleanVar(master, values.upload)
        self.backend_url = tkinter.StringVar(master, values.backend_url)
        self.token = tkinter.StringVar(master, values.token)
        self.language = tkinter.StringVar(master, values.language)
        self.destination = tkinter.StringVar(master, values.destination)
        self.session_id = tkinter.StringVar(master, values.session_id)
        self.make_mp4 = tkinter.BooleanVar(master, values.make_mp4)
        self.delete_local = tkinter.BooleanVar(master, values.delete_local)

    def read(self) -> FormValues:
        """Return what stands in the form now, texts stripped."""
        return FormValues(
            source=typed_path(self.source.get()),
            output_dir=typed_path(self.output_dir.get()),
            qualities=tuple(name for name, ticked in self.qualities.items() if ticked.get()),
            speed=self.speed.get(),
            transcribe=self.transcribe.get(),
            model=typed_path(self.model.get()),
            spoken_language=self.spoken_language.get().strip(),
            upload=self.upload.get(),
            backend_url=self.backend_url.get().strip(),
            token=self.token.get().strip(),
            language=self.language.get(),
            destination=self.destination.get().strip(),
            session_id=self.session_id.get().strip(),
            make_mp4=self.make_mp4.get(),
            delete_local=self.delete_local.get(),
        )

    def on_change(self, listener: Callable[[], None], *variables: tkinter.Variable) -> None:
        """Call `listener` whenever one of these variables is written."""
        for variable in variables:
            variable.trace_add("write", lambda *_: listener())
