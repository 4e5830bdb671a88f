"""Cues: texts with the times between which they are shown. Data alone."""

from __future__ import annotations

from dataclasses import dataclass

MAX_CUE_S = 7.0
"""How long a cue is shown at most where nothing tells its end (Netflix, Timed Text Style Guide)."""


@dataclass(frozen=True, kw_only=True)
class Cue:
    """A caption: one or two lines, parted by a line feed, shown in [start_s, end_s).

    `voice` is the name of who speaks, empty where nobody knows. `formatted` is the text as WebVTT with its tags, empty
    where it has none; `settings` are WebVTT's, which say where the cue stands, empty where it stands as usual.
    """

    start_s: float
    end_s: float
    text: str
    voice: str = ""
    formatted: str = ""
    settings: str = ""
