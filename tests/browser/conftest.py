"""A real headless Chromium for the tests of what players do with the stream."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from chromium import ARGUMENTS, chromium
from playwright.sync_api import Browser, Page, sync_playwright


# Playwright's event loop runs until it is left, and asyncio.run would refuse to work beside it
@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One Chromium for the tests of a file."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium(), args=ARGUMENTS, env={"HOME": str(tmp_path_factory.mktemp("home"))}
        )
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A new page whose own errors fail the test.

    It leaves out the policies of what it shows, as Playwright needs it to wait; test_page_policy.py keeps to them.
    """
    page = browser.new_page(viewport={"width": 1000, "height": 700}, bypass_csp=True)
    page.set_default_timeout(180_000)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    page.close()
    assert [] == errors


@pytest.fixture(scope="session")
def words(sample: Path) -> list[str]:
    """What is said in the sample, phrase by phrase."""
    return sample.with_suffix(".txt").read_text(encoding="utf-8").split("\n")[:4]
