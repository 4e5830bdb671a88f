"""What CONTRIBUTING.md says is where it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
PARTS = ("backend", "cli", "packaging", "pipeline", "storage", "tests", "ui")
PATHS = sorted(set(re.findall(r"`([\w./]+(?:\.py|/))`", TEXT)))
CONSTANTS = sorted(set(re.findall(r"`(_?[A-Z][A-Z_]+)`", TEXT)) - {"VERSION"})


@pytest.mark.parametrize("path", PATHS)
def test_paths(path):
    """A path that is named is there; one without its folder, somewhere in the source."""
    found = (ROOT / path).exists() or any(any((ROOT / part).rglob(path)) for part in PARTS)
    assert (path, True) == (path, found)


@pytest.mark.parametrize("name", CONSTANTS)
def test_constants(name):
    """A table that is named is defined in one of the modules that are named."""
    texts = [
        (ROOT / path).read_text(encoding="utf-8") for path in PATHS if path.endswith(".py") and (ROOT / path).is_file()
    ]
    assert any(re.search(rf"^{name}\b", text, re.MULTILINE) for text in texts)


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(([^)#]+)", TEXT))))
def test_links(link):
    """A file that is linked is there."""
    assert (ROOT / link).is_file()
