"""How much of a long text is shown. Pure."""

from __future__ import annotations

from collections.abc import Callable

ELLIPSIS = "…"
MOST_SHOWN = 600
"""Characters of a text on a label: a sentence with two paths fits, and what somebody pasted by mistake does not push
everything else away."""


def elided(text: str, most: int = MOST_SHOWN) -> str:
    """Return a text, or its beginning and its end, which says what to do, where it has more than `most` characters."""
    if len(text) <= most:
        return text
    end = (most - len(ELLIPSIS)) // 2
    return text[: most - len(ELLIPSIS) - end] + ELLIPSIS + text[-end:]


def clipped(text: str, width: int, measure: Callable[[str], int]) -> str:
    """Return the text, or its longest beginning that fits into `width` with an ellipsis after it."""
    if measure(text) <= width:
        return text
    fitting, too_long = 0, len(text)
    while too_long - fitting > 1:
        middle = (fitting + too_long) // 2
        if measure(text[:middle] + ELLIPSIS) <= width:
            fitting = middle
        else:
            too_long = middle
    return text[:fitting] + ELLIPSIS


def clipped_middle(text: str, width: int, measure: Callable[[str], int]) -> str:
    """Return the text, or as much of its beginning and its end as fits into `width` with an ellipsis between them.

    Names of a series differ at their beginning or at their end.
    """
    if measure(text) <= width:
        return text
    fitting, too_long = 0, len(text)
    while too_long - fitting > 1:
        kept = (fitting + too_long) // 2
        if measure(_without_middle(text, kept)) <= width:
            fitting = kept
        else:
            too_long = kept
    return _without_middle(text, fitting)


def _without_middle(text: str, kept: int) -> str:
    """Return the text with so many of its characters, more of them from its beginning."""
    end = kept * 2 // 5
    return text[: kept - end] + ELLIPSIS + text[len(text) - end :]
