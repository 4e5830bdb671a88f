"""storage.paths: which texts may name an object."""

import pytest

from storage.errors import InvalidPathError
from storage.paths import MAX_PATH_BYTES, check_path, check_windows_segments


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("", id="empty"),
        pytest.param("/etc/passwd", id="absolute"),
        pytest.param("a/../b", id="parent in the middle"),
        pytest.param("..", id="parent alone"),
        pytest.param("a/./b", id="dot segment"),
        pytest.param("a//b", id="empty segment"),
        pytest.param("a/", id="ends with a slash"),
        pytest.param("a\\b", id="backslash"),
        pytest.param("a\0b", id="NUL"),
        pytest.param("a\nb", id="line break"),
        pytest.param("a\x7fb", id="delete character"),
        pytest.param("C:/windows", id="drive letter"),
        pytest.param("c:relative", id="drive letter without a slash"),
        pytest.param(".incoming/a", id="the storage's own folder"),
        pytest.param(".backend/signing-secret", id="another hidden folder"),
        pytest.param("a\ud800", id="half a surrogate pair"),
        pytest.param("ü" * (MAX_PATH_BYTES // 2) + "x", id="one byte too long"),
    ],
)
def test_refuses(path):
    """A path that is no object's name, or leads elsewhere, is refused."""
    with pytest.raises(InvalidPathError):
        check_path(path)


@pytest.mark.parametrize(
    ("path", "segments"),
    [
        pytest.param("master.m3u8", ("master.m3u8",), id="one segment"),
        pytest.param("videos/a b/+&#%?.ts", ("videos", "a b", "+&#%?.ts"), id="signs that URLs quote"),
        pytest.param("видео/日本.ts", ("видео", "日本.ts"), id="other scripts"),
        pytest.param("a/.well-known/..b", ("a", ".well-known", "..b"), id="dots that are no folders"),
        pytest.param("%2e%2e/a", ("%2e%2e", "a"), id="quoted dots are plain text here"),
        pytest.param("ü" * (MAX_PATH_BYTES // 2), ("ü" * (MAX_PATH_BYTES // 2),), id="just short enough"),
    ],
)
def test_accepts(path, segments):
    """Any other path comes back as its segments."""
    assert segments == check_path(path)


@pytest.mark.parametrize("segment", ["a:b", "what?", "name.", "name ", "NUL", "com1.ts"])
def test_refuses_what_windows_takes_for_something_else(segment):
    """On Windows, names of devices, streams and names with a lost end are refused."""
    with pytest.raises(InvalidPathError):
        check_windows_segments(("videos", segment))


def test_accepts_plain_names_on_windows():
    """On Windows, ordinary names pass."""
    check_windows_segments(("videos", "console.ts", "a b.m3u8"))
