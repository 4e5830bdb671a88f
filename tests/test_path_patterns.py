"""Which paths a pattern means: the table is what `git check-ignore` says of the same patterns, but for upper case."""

from __future__ import annotations

import unicodedata
from pathlib import PurePosixPath

import pytest

from pipeline.errors import SettingsError
from pipeline.path_patterns import ALL, PathSelection

PATHS = ("intro.mp4", "week1/intro.mp4", "week1/extra/q.mov", "week10/a.mov", "drafts/week1/b.mp4", "week1.mp4")

MEANT = [
    ("*.mov", "week1/extra/q.mov week10/a.mov"),
    ("/*.mp4", "intro.mp4 week1.mp4"),
    ("intro.mp4", "intro.mp4 week1/intro.mp4"),
    ("/intro.mp4", "intro.mp4"),
    ("week1", "week1/intro.mp4 week1/extra/q.mov drafts/week1/b.mp4"),
    ("week1/", "week1/intro.mp4 week1/extra/q.mov drafts/week1/b.mp4"),
    ("/week1/", "week1/intro.mp4 week1/extra/q.mov"),
    ("week1/*", "week1/intro.mp4 week1/extra/q.mov"),
    ("week1/*.mov", ""),
    ("week1/**", "week1/intro.mp4 week1/extra/q.mov"),
    ("week1/**/q.mov", "week1/extra/q.mov"),
    ("week1/**/intro.mp4", "week1/intro.mp4"),
    ("**/week1/**", "week1/intro.mp4 week1/extra/q.mov drafts/week1/b.mp4"),
    ("**/*.mp4", "intro.mp4 week1/intro.mp4 drafts/week1/b.mp4 week1.mp4"),
    ("week?", "week1/intro.mp4 week1/extra/q.mov drafts/week1/b.mp4"),
    ("week?*", "week1/intro.mp4 week1/extra/q.mov week10/a.mov drafts/week1/b.mp4 week1.mp4"),
    ("[a-c].*", "week10/a.mov drafts/week1/b.mp4"),
    ("[!a-c].mov", "week1/extra/q.mov"),
    ("week1[/]intro.mp4", ""),
    ("INTRO.MP4", "intro.mp4 week1/intro.mp4"),
]


@pytest.mark.parametrize(("pattern", "meant"), MEANT, ids=[pattern for pattern, _ in MEANT])
def test_a_pattern_means_what_git_means(pattern, meant):
    """Taken when it is included, left when it is excluded."""
    included, excluded = PathSelection(include=(pattern,)).takes(), PathSelection(exclude=(pattern,)).takes()
    assert meant.split() == [path for path in PATHS if included(PurePosixPath(path))]
    assert meant.split() == [path for path in PATHS if not excluded(PurePosixPath(path))]


def test_exclude_wins():
    """What both name is left out; of several that include, one is enough."""
    takes = PathSelection(include=("*.mov", "intro.*"), exclude=("week10",)).takes()
    assert ["intro.mp4", "week1/intro.mp4", "week1/extra/q.mov"] == [p for p in PATHS if takes(PurePosixPath(p))]
    assert all(map(ALL.takes(), map(PurePosixPath, PATHS)))


def test_accents_match_however_they_are_written():
    """macOS writes them as signs of their own, a keyboard as one with the letter."""
    composed, apart = (unicodedata.normalize(form, "Vidéo.mp4") for form in ("NFC", "NFD"))
    assert composed != apart
    assert PathSelection(include=(composed,)).takes()(PurePosixPath(apart))
    assert PathSelection(include=(apart,)).takes()(PurePosixPath(composed))


def test_a_folder_is_passed_over_where_all_in_it_is_left_out():
    """Not where only some of it is."""
    passed = {
        pattern: PathSelection(exclude=(pattern,)).passes_over()(PurePosixPath("a/drafts"))
        for pattern in ("drafts", "drafts/", "a/drafts/**", "**/drafts/*.mp4", "a/b")
    }
    assert {"drafts": True, "drafts/": True, "a/drafts/**": False, "**/drafts/*.mp4": False, "a/b": False} == passed


@pytest.mark.parametrize("pattern", ["", "/", "//", "[z-a].mp4"])
def test_nonsense_is_said(pattern):
    """With the option that it was given to."""
    with pytest.raises(SettingsError) as caught:
        PathSelection(include=("*.mov",), exclude=(pattern,))
    assert (f"--exclude takes a pattern such as '*.mov' or 'week1/**', not {pattern!r}.",) == caught.value.sentences
