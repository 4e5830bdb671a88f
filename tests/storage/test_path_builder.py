"""storage.path_builder: where a published video's files are."""

import pytest

from storage import InvalidPathError, StoragePathBuilder


@pytest.mark.parametrize(
    ("prefix", "expected"), [("videos/a/", "videos/a/"), ("videos/a", "videos/a/"), ("", ""), ("видео/", "видео/")]
)
def test_paths_below_a_destination(prefix, expected):
    """Every path begins with the destination, whether or not that came with its slash."""
    paths = StoragePathBuilder(prefix)
    names = ["", "master.m3u8", "subtitles.vtt", "poster.jpg", "manifest.json"]
    assert [expected + name for name in names] == [
        paths.prefix,
        paths.master,
        paths.captions,
        paths.poster,
        paths.manifest,
    ]


@pytest.mark.parametrize("prefix", ["/", "/videos/", "a/../b/", "a//", ".hidden/", "a\\b"])
def test_a_destination_outside_is_refused(prefix):
    """Nothing leads out of the storage."""
    with pytest.raises(InvalidPathError):
        StoragePathBuilder(prefix)
