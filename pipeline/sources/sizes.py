"""Sizes as people read them."""

from __future__ import annotations

KILOBYTE, MEGABYTE = 1 << 10, 1 << 20


def size_text(size_bytes: float) -> str:
    """Return a size in the largest unit of which it is at least one."""
    if size_bytes < KILOBYTE:
        return f"{size_bytes:.0f} bytes"
    if size_bytes < MEGABYTE:
        return f"{size_bytes / KILOBYTE:,.1f} KB"
    return f"{size_bytes / MEGABYTE:,.1f} MB"
