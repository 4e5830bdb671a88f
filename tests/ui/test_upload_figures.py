"""The figures beneath the upload's bar."""

from __future__ import annotations

import pytest

from pipeline.events import TransferFigures
from ui.upload_figures import figures, speed

MB = 1 << 20


@pytest.mark.parametrize(
    ("values", "pause_reason", "shown"),
    [
        ({}, "", ""),
        ({"bytes_total": 340 * MB}, "", "0.0 of 340.0 MB"),
        (
            {"bytes_done": 12 * MB, "bytes_total": 340 * MB, "bytes_per_s": 4.2 * MB, "seconds_left": 78.1},
            "",
            "12.0 of 340.0 MB · 4.2 MB/s · 1:18 left",
        ),
        ({"bytes_done": 12 * MB, "bytes_total": 3 << 30, "bytes_per_s": 0.5}, "", "0.0 of 3.0 GB · 0 KB/s"),
        (
            {"bytes_total": 900, "bytes_per_s": 2048.0, "seconds_left": 1e6},
            "",
            "0.0 of 0.9 KB · 2 KB/s · more than a day left",
        ),
        (
            {"bytes_done": 12 * MB, "bytes_total": 340 * MB, "bytes_per_s": 4.2 * MB, "seconds_left": 78.1},
            "paused",
            "12.0 of 340.0 MB · paused",
        ),
    ],
    ids=["nothing known", "too early", "under way", "hardly moving", "for ever", "paused"],
)
def test_figures(values, pause_reason, shown):
    """Bytes in the unit of the whole, then speed and time as far as they can be told; a rest takes their place."""
    assert shown == figures(TransferFigures(**values), pause_reason=pause_reason)


@pytest.mark.parametrize(
    ("bytes_per_s", "shown"),
    [(12.34 * MB, "12.3 MB/s"), (MB / 8, "0.1 MB/s"), (MB / 8 - 1, "128 KB/s")],
    ids=["fast", "just MB", "just KB"],
)
def test_speed(bytes_per_s, shown):
    """A slow line is told in KB, so that it does not read as standing still."""
    assert shown == speed(bytes_per_s)
