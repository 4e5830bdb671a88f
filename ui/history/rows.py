"""The rows of the history, as an editor reads them. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.job_history import day_and_time, search

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.job_history import HistoryEntry

MOST_ROWS = 500
"""How many are shown: whoever looks for an older one types a word of it."""

COLUMNS = {"when": "When", "video": "Video", "how": "How it ended", "from": "From", "to": "To"}


def columns(entry: HistoryEntry) -> tuple[str, str, str, str, str]:
    """Return what stands in a row, in the order of the columns."""
    to = f"{entry.prefix} on {entry.backend_url}" if entry.prefix and entry.backend_url else entry.prefix
    how = entry.state.value.capitalize()
    return day_and_time(entry.ended_at), entry.title, how, entry.origin, to or str(entry.folder)


def found(entries: Sequence[HistoryEntry], text: str, *, whole: bool) -> tuple[Sequence[HistoryEntry], str]:
    """Return the entries that are shown for what was typed, and a sentence that counts them."""
    every = search(entries, text)
    if not entries:
        return (), "Nothing has ended yet." if whole else "Reading…"
    count = f"{len(every)} of {len(entries)}" if text.split() else str(len(entries))
    told = f"{count} job{'' if len(entries) == 1 else 's'}"
    if len(every) > MOST_ROWS:
        told += f", the latest {MOST_ROWS} shown: type a word to find others"
    return every[:MOST_ROWS], f"{told}." if whole else f"{told}; older ones are being read…"
