"""Windows with their settings."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest


@pytest.fixture
def opened(open_driver) -> Callable[..., tuple]:
    """Return a function that opens a window, and its settings by their key."""

    def build(*arguments, **options):
        driver = open_driver(*arguments, **options)
        driver.window.event_generate("<Control-comma>")
        driver.settle()
        return driver, driver.window.settings_window.opened

    return build


@pytest.fixture
def kept() -> Callable[..., dict[str, object]]:
    """Return a function that reads what is remembered of a window's settings."""
    return lambda driver: json.loads(driver.preferences_path.read_text(encoding="utf-8"))["program"]
