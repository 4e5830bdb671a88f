"""Names of folders and keys."""

from __future__ import annotations

from itertools import permutations
from pathlib import PurePosixPath as Path

import pytest

from pipeline.slug import is_earlier_slug, nested_slug, slug_for, unique_slugs


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


def test_the_folders_above_are_kept():
    """Each made safe like a name; what looks like an ending of a folder's name belongs to it."""
    paths = ["Week 1/Урок.mp4", "v1.2/a.mov", "🎬/nul/b.mp4", "c.mp4"]
    assert ["week-1/urok", "v1-2/a", "folder/nul-video/b", "c"] == [nested_slug(Path(path)) for path in paths]


@pytest.mark.parametrize(
    ("paths", "slugs"),
    [
        pytest.param(
            ["a/lecture.mp4", "b/lecture.mp4", "lecture.mp4"],
            ["a/lecture", "b/lecture", "lecture"],
            id="one name in three folders",
        ),
        pytest.param(["a.mp4", "a.mov", "b.mp4"], ["a-mp4", "a-mov", "b"], id="one name, two endings"),
        pytest.param(["week1.mp4", "week1/a.mp4"], ["week1-mp4", "week1/a"], id="one inside another's folder"),
        pytest.param(["A.mp4", "a.mp4"], ["a-mp4-5b9711fc", "a-mp4-e6d48eab"], id="one name but for its case"),
        pytest.param(
            ["Week 1/a.mp4", "week-1/a.mp4"],
            ["week-1/a-mp4-21f439be", "week-1/a-mp4-eec121da"],
            id="two folders of one name",
        ),
    ],
)
def test_a_slug_depends_on_the_file_alone(paths, slugs):
    """In every order the same, and never two in one slug nor one inside another."""
    for order in permutations(zip(paths, slugs, strict=True)):
        assert [slug for _, slug in order] == unique_slugs([Path(path) for path, _ in order])


@pytest.mark.parametrize(
    ("earlier", "slug", "expected"),
    [
        ("videos/lecture/", "videos/week1/lecture/", True),
        ("videos/lecture-12", "videos/week1/lecture", True),
        ("lecture-2", "week1/lecture", True),
        ("videos/lecture-2/", "videos/lecture/", True),
        ("videos/lecture/", "videos/lecture/", False),
        ("videos/other/", "videos/week1/lecture/", False),
        ("elsewhere/lecture/", "videos/week1/lecture/", False),
        ("videos/lecture-final/", "videos/lecture/", False),
    ],
)
def test_the_slug_of_an_earlier_version(earlier, slug, expected):
    """The last name alone, with a number where it came again."""
    assert expected == is_earlier_slug(earlier, slug)
