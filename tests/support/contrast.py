"""The contrast of two colours (WCAG 2.2, relative luminance and contrast ratio)."""

from __future__ import annotations

TEXT = 4.5
"""The least of text beside what it stands on (1.4.3)."""

OTHERS = 3.0
"""The least of what else must be seen: the borders of controls, bars, the focus (1.4.11)."""


def contrast(some: str, other: str) -> float:
    """Return the contrast of two colours, such as `#ffc107`, from 1 to 21."""
    dark, light = sorted((_luminance(some), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
