"""The limit of an upload's speed, as it is typed in MB/s. Pure."""

from __future__ import annotations

import math

MB = 1 << 20
LOWEST_LIMIT_MB_S = 0.1
"""Slower, and servers close the connection as dead."""


def limit_problems(typed: str) -> tuple[str, ...]:
    """Return what is wrong with a typed speed limit, if anything is."""
    return (
        ()
        if not typed or limit_mb_s(typed)
        else (f"The limit must be a number of at least {LOWEST_LIMIT_MB_S:g}, or empty.",)
    )


def limit_bytes_s(typed: str) -> float | None:
    """Return a typed speed limit in bytes a second, None for no limit."""
    return limit_mb_s(typed) * MB or None


def limit_mb_s(typed: str) -> float:
    """Return a typed limit as a number, 0 where it is none."""
    try:
        number = float(typed.replace(",", "."))
    except ValueError:
        return 0.0
    return number if LOWEST_LIMIT_MB_S <= number < math.inf else 0.0
