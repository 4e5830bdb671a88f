"""The user guide and its pictures."""

from __future__ import annotations

import importlib.util
import re
import sys

import pytest
from program import ROOT

GUIDE = (ROOT / "docs" / "user-guide.md").read_text(encoding="utf-8")
PICTURES = ROOT / "docs" / "pictures"
NAMED = re.compile(r'pictures/([^"]+\.png)')
MOST_BYTES = 1_500_000
HEADING = re.compile(r"^## (.+)$", re.MULTILINE)


@pytest.fixture
def program(monkeypatch):
    """The program that makes the pictures, as a module; its paths are not kept."""
    monkeypatch.setattr(sys, "path", [str(ROOT / "docs"), *sys.path])  # as where it is started
    spec = importlib.util.spec_from_file_location("pictures_of_the_guide", ROOT / "docs" / "pictures.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)
    spec.loader.exec_module(module)
    return module


def test_every_picture_is_there_and_is_shown(program):
    """The guide shows exactly the pictures that the program makes, each in both themes, and all of them are there."""
    made = {f"{name}-{theme}.png" for name in program.NAMES for theme in program.THEMES}
    assert made == set(NAMED.findall(GUIDE))
    assert made == {path.name for path in PICTURES.iterdir()}


def test_the_pictures_are_small():
    """Whoever clones the program does not wait for its pictures."""
    assert MOST_BYTES > sum(path.stat().st_size for path in PICTURES.iterdir())


def test_the_list_of_contents_names_every_part():
    """Each part of the guide is in the list at its top, in the same order."""
    assert HEADING.findall(GUIDE) == re.findall(r"^- \[(.+)\]\(#", GUIDE, re.MULTILINE)
