"""Every text that a window shows, and a language in which each translated text can be told from one that is not."""

from __future__ import annotations

import re
import tkinter
from collections.abc import Iterator
from pathlib import Path
from string import Formatter
from tkinter import ttk

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parents[2]
LANGUAGE = "xx"
BEGIN, END = "⟦", "⟧"
TRANSLATED = re.compile(f"{BEGIN}[^{BEGIN}{END}]*{END}")
WORD = re.compile(r"[^\W\d_]{2,}")
NAMED = re.compile(r"\b\w+://[^\s()]*|(?:/|\b\w+/)[\w./-]*|\b\w+\.(?:mp4|json)\b|\([a-z]{2,3}\)|\b\d+p\b")
"""Addresses, paths, files, codes of languages, qualities."""

NAMES = {
    *("HLS", "Converter", "AMD", "NVIDIA", "AAC", "HEVC", "BBC", "Netflix", "Deutsch", "English"),
    *("LUFS", "VMAF", "CRF", "MP", "kb", "Mb", "MB", "GB", "fps", "env", "base", "tiny", "small", "Stereo"),
    *("ffmpeg", "ar", "de", "en", "es", "fr", "hi"),
}
"""Words that are the same in every language."""


def write_catalogue(folder: Path) -> None:
    """Write a catalogue in which every text stands between brackets, but for what is in its fields."""
    with (ROOT / "ui/locale/hls_converter.pot").open("rb") as file:
        template = read_po(file)
    made = Catalog(locale="de", header_comment="")
    for message in template:
        if message.id:
            ids = message.id if isinstance(message.id, tuple) else (message.id,)
            strings = tuple(map(_marked, ids))
            made.add(message.id, strings if isinstance(message.id, tuple) else strings[0])
    place = folder / LANGUAGE / "LC_MESSAGES"
    place.mkdir(parents=True)
    with (place / "hls_converter.mo").open("wb") as file:
        write_mo(file, made)


def _marked(text: str) -> str:
    parts = []
    for literal, field, spec, _ in Formatter().parse(text):
        literal = literal.replace("{", "{{").replace("}", "}}")
        parts.append(f"{BEGIN}{literal}{END}" if literal.strip() else literal)
        if field is not None:
            parts.append(f"{{{field}:{spec}}}" if spec else f"{{{field}}}")
    return "".join(parts)


def untranslated(window: tkinter.Misc, *names: str) -> list[str]:
    """Return the texts of a window in which a word is not translated that is none of these names."""
    known = NAMES | set(names)
    return sorted({text for text in texts_in(window) if words_left(text) - known})


def words_left(text: str) -> set[str]:
    """Return the words of a shown text that were not translated, without those of addresses and codes."""
    return set(WORD.findall(NAMED.sub(" ", TRANSLATED.sub(" ", text))))


def texts_in(widget: tkinter.Misc) -> Iterator[str]:
    """Yield every text of a widget and of all that is in it, shown now or not."""
    yield from _texts_of(widget)
    for child in widget.winfo_children():
        yield from texts_in(child)


def _texts_of(widget: tkinter.Misc) -> Iterator[str]:
    if isinstance(widget, tkinter.Tk | tkinter.Toplevel):
        yield str(widget.title())
    if isinstance(widget, tkinter.Menu):
        last = widget.index("end")
        for index in range(0 if last is None else last + 1):
            if widget.type(index) not in ("separator", "tearoff"):
                yield str(widget.entrycget(index, "label"))
                yield str(widget.entrycget(index, "accelerator"))
    elif isinstance(widget, ttk.Treeview):
        yield from _texts_of_tree(widget)
    elif isinstance(widget, ttk.Notebook):
        yield from (str(widget.tab(tab, "text")) for tab in widget.tabs())
    elif isinstance(widget, ttk.Combobox):
        yield from map(str, widget.tk.splitlist(widget.cget("values")))
        if widget.instate(["readonly"]):
            yield widget.get()
    elif isinstance(widget, tkinter.Canvas):
        yield from (widget.itemcget(item, "text") for item in widget.find_all() if widget.type(item) == "text")
    elif isinstance(widget, tkinter.Text):
        yield from widget.get("1.0", "end").splitlines()
    elif not isinstance(widget, ttk.Entry) and "text" in widget.configure():
        yield str(widget.cget("text"))


def _texts_of_tree(tree: ttk.Treeview) -> Iterator[str]:
    show = {str(part) for part in tree.tk.splitlist(tree.cget("show"))}
    if "headings" in show:
        yield from (str(tree.heading(column, "text")) for column in tree.tk.splitlist(tree.cget("columns")))
        yield str(tree.heading("#0", "text"))
    for item in tree.get_children():
        yield str(tree.item(item, "text"))
        yield from map(str, tree.item(item, "values"))
