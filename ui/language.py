"""Which language the windows speak, and the catalogue of their texts. Knows no window.

A text of a window is marked where it is shown: `_("Close")`. What comes from below, which makes its sentences in
English for the log, the files and the command line, is handed to `shown` by what shows it.
"""

from __future__ import annotations

import gettext
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from ui.sentences import Sentences

if TYPE_CHECKING:
    import tkinter

DOMAIN = "hls_converter"
LOCALES = Path(__file__).with_name("locale")
ENGLISH = "en"


class LanguageChoice(Enum):
    """Which language the windows have: this computer's, or always the same."""

    SYSTEM = "system"
    ENGLISH = "en"
    GERMAN = "de"


@dataclass
class _InUse:
    code: str = ENGLISH
    texts: gettext.NullTranslations = field(default_factory=gettext.NullTranslations)
    sentences: Sentences | None = None


_in_use = _InUse()


def use(choice: LanguageChoice) -> str:
    """Let everything that is shown from now on be in this language, and return its code, such as `de`.

    What is shown already stays as it is. A system whose language there is no catalogue of has English.
    """
    texts = _texts_of_system() if choice is LanguageChoice.SYSTEM else _texts([choice.value])
    code = str(texts.info().get("language", ENGLISH))
    if code != _in_use.code or code == ENGLISH:
        _in_use.code, _in_use.texts = code, texts
        _in_use.sentences = None if code == ENGLISH else Sentences(_all_of(texts), number, day, texts.gettext(" and "))
    return code


def use_in(window: tkinter.Misc) -> None:
    """Let what Tk itself shows, such as its dialogs, be in the language in use."""
    window.tk.call("package", "require", "msgcat")
    window.tk.call("::msgcat::mclocale", _in_use.code)


def _(text: str) -> str:
    """Return a text of a window in the language in use."""
    return _in_use.texts.gettext(text)


def shown(text: str) -> str:
    """Return a finished English sentence in the language in use, as it is where the catalogue does not have it."""
    return text if _in_use.sentences is None or not text else _in_use.sentences.shown(text)


def in_order(labels: Sequence[str]) -> tuple[str, ...]:
    """Return English labels, of which the first stays the first, in the order that they have as they are shown."""
    return (*labels[:1], *sorted(labels[1:], key=shown))


def number(text: str) -> str:
    """Return a number that is written as in English, such as 1,234.5, as the language in use writes it."""
    return text if _in_use.code == ENGLISH else text.translate({ord(","): ".", ord("."): ","})


def day(text: str) -> str:
    """Return a day that is written as 2026-01-31 as the language in use writes it."""
    return text if _in_use.code != LanguageChoice.GERMAN.value else ".".join(reversed(text.split("-")))


def _texts(languages: list[str] | None) -> gettext.NullTranslations:
    """Return the catalogue of the first language that there is one of; None are those of the environment."""
    return gettext.translation(DOMAIN, LOCALES, languages=languages, fallback=True)


def _texts_of_system() -> gettext.NullTranslations:
    """Return the catalogue that LANGUAGE, LC_ALL, LC_MESSAGES and LANG ask for, as gettext does.

    On Windows and on a Mac, where programs with a window have none of them, Tcl knows what the system is set to
    (https://www.tcl-lang.org/man/tcl8.6/TclCmd/msgcat.htm, LOCALE SPECIFICATION).
    """
    texts = _texts(None)
    if sys.platform in ("win32", "darwin") and not texts.info():
        import tkinter  # the command line's doctor, too, asks for windows, and Tk may be missing

        interpreter = tkinter.Tcl()
        interpreter.call("package", "require", "msgcat")
        return _texts([str(interpreter.call("::msgcat::mclocale"))])
    return texts


def _all_of(texts: gettext.NullTranslations) -> dict[str, str]:
    """Return every text of a catalogue that has no plural; gettext has no public way to ask for all."""
    catalogue: dict[object, str] = vars(texts).get("_catalog", {})
    return {source: target for source, target in catalogue.items() if isinstance(source, str) and source and target}
