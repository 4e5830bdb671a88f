"""The figures beneath the upload's bar: bytes, speed and time left. Pure.

Each stands at the same place from the first block to the last, with the same number of decimals, so that nothing jumps.
"""

from __future__ import annotations

from pipeline.events import TransferFigures
from ui.source_text import duration

UNITS = (("GB", 1 << 30), ("MB", 1 << 20), ("KB", 1 << 10))
"""As everywhere in the program, powers of 1024."""

LONGEST_S = 24 * 3600
"""A longer time says nothing but that hardly anything moves."""


def figures(transfer: TransferFigures, *, pause_reason: str = "") -> str:
    """Return bytes, speed and time left, such as `12.0 of 340.5 MB · 4.2 MB/s · 1:18 left`;
    what can't be told is left out.

    `pause_reason` says why nothing moves, where that is known, and stands in place of speed and time.
    """
    if not transfer.bytes_total:
        return ""
    unit, size = _unit(transfer.bytes_total)
    told = [f"{transfer.bytes_done / size:.1f} of {transfer.bytes_total / size:.1f} {unit}"]
    if pause_reason:
        return " · ".join((*told, pause_reason))
    if transfer.bytes_per_s > 0:
        told.append(speed(transfer.bytes_per_s))
        if transfer.seconds_left is not None:
            told.append(
                f"{duration(transfer.seconds_left)} left"
                if transfer.seconds_left < LONGEST_S
                else "more than a day left"
            )
    return " · ".join(told)


def speed(bytes_per_s: float) -> str:
    """Return a speed in MB/s, or in KB/s where that would be nearly nothing."""
    if bytes_per_s >= 1 << 17:
        return f"{bytes_per_s / (1 << 20):.1f} MB/s"
    return f"{bytes_per_s / (1 << 10):.0f} KB/s"


def _unit(size_bytes: int) -> tuple[str, int]:
    return next(((name, size) for name, size in UNITS if size_bytes >= size), UNITS[-1])
