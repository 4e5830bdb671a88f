"""The texts that stand for Whisper's languages in the window. Pure."""

from __future__ import annotations

from pipeline.speech.languages import LANGUAGE_NAMES

AUTOMATIC = "Detect automatically"


def choices() -> tuple[str, ...]:
    """Return what the list offers, automatic first."""
    by_name = sorted(LANGUAGE_NAMES, key=lambda code: LANGUAGE_NAMES[code])
    return (AUTOMATIC, *(language_text(code) for code in by_name))


def language_text(code: str | None) -> str:
    """Return what the list has for a code; for None, and for a code that is not known, that of automatic."""
    return f"{LANGUAGE_NAMES[code]} ({code})" if code in LANGUAGE_NAMES else AUTOMATIC


def code_of(text: str) -> str | None:
    """Return the code for what stands in the field, None for automatic. Raises ValueError for a language not known.

    A code, a name and an entry of the list are all understood.
    """
    wanted = text.strip().casefold()
    if wanted in ("", "auto", AUTOMATIC.casefold()):
        return None
    for code, name in LANGUAGE_NAMES.items():
        if wanted in (code, name.casefold(), f"{name} ({code})".casefold()):
            return code
    raise ValueError(text)
