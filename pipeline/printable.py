"""Text from elsewhere, such as a server or a file's name, as it can be shown: in a window, a log or a terminal, which
obeys some signs. Pure.
"""

from __future__ import annotations

import unicodedata

_JOINERS = "\u200c\u200d"
"""Letters of Persian, of Indian scripts and of emoji are spelled with them, and no display is led astray."""


def printable(text: str) -> str:
    """Return a text in one line: control characters, those that turn the order of letters, and what is no character
    are escaped.
    """
    if text.isprintable():
        return text
    return "".join(sign if _is_shown(sign) else sign.encode("unicode_escape").decode("ascii") for sign in text)


def printable_lines(text: str) -> str:
    """Return a text whose line breaks stay."""
    return text if text.isprintable() else "\n".join(map(printable, text.split("\n")))


def _is_shown(sign: str) -> bool:
    return sign.isprintable() or sign in _JOINERS or unicodedata.category(sign) == "Zs"
