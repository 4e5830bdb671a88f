"""Names of folders and keys."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.slug import slug_for, slugs_for


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        pytest.param("Lesson 01 - Introduction.mp4", "lesson-01-introduction", id="spaces"),
        pytest.param("Übung für Anfänger.mov", "ubung-fur-anfanger", id="umlauts"),
        pytest.param("Урок 1.mp4", "urok-1", id="Cyrillic"),
        pytest.param("🎬.mp4", "video", id="nothing left"),
        pytest.param("con.mp4", "con-video", id="a device on Windows"),
        pytest.param("%03d #1?.mp4", "03d-1", id="signs"),
        pytest.param("x" * 300 + ".mp4", "x" * 80, id="long"),
    ],
)
def test_a_name_becomes_safe_for_paths_and_keys(name, slug):
    """Transliterated, lower case, nothing but letters, digits and dashes."""
    assert slug == slug_for(Path(name))


def test_the_same_name_again_gets_a_number():
    """Two lessons of the same name in one run keep a folder each."""
    assert ["a", "a-2", "a-3", "b"] == slugs_for([Path("x/a.mp4"), Path("y/a.mov"), Path("z/A.mkv"), Path("b.mp4")])


def test_a_number_that_is_taken_is_passed_over():
    """A file that is really called a-2 keeps its name."""
    assert ["a-2", "a", "a-3"] == slugs_for([Path("a-2.mp4"), Path("x/a.mp4"), Path("y/a.mp4")])
