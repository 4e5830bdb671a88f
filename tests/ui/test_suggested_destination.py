"""The destination of a video, and what of it is kept for the next."""

from __future__ import annotations

import pytest

from ui.destination import TypedDestination


@pytest.mark.parametrize(
    ("typed", "suggested_from", "goes_to", "base"),
    [
        pytest.param("videos/", None, "videos/lesson/", "videos/", id="the base, nothing suggested yet"),
        pytest.param("videos/lesson/", None, "videos/lesson/", "videos/lesson/", id="typed before the video was known"),
        pytest.param("videos", None, "videos/lesson/", "videos/", id="without its slash"),
        pytest.param("own/place", "videos/", "own/place/", "own/", id="a place of its own without its slash"),
        pytest.param("lesson/", None, "lesson/", "lesson/", id="its own folder alone"),
        pytest.param("old-lesson/", None, "old-lesson/lesson/", "old-lesson/", id="a folder that only ends like it"),
        pytest.param("videos/lesson/", "videos/", "videos/lesson/", "videos/", id="as suggested"),
        pytest.param("videos/c3/intro/", "videos/", "videos/c3/intro/", "videos/c3/", id="changed by the editor"),
        pytest.param("intro/", "videos/", "intro/", "videos/", id="one folder alone keeps the base"),
        pytest.param("videos/", "videos/", "videos/lesson/", "videos/", id="cut down to the base"),
        pytest.param("videos/", "videos/c3/", "videos/lesson/", "videos/", id="cut down below the base"),
        pytest.param("", None, "", "", id="nothing"),
    ],
)
def test_a_video_never_lies_at_the_base(typed, suggested_from, goes_to, base):
    """What is typed for this video alone stays; everything else is where all videos lie."""
    destination = TypedDestination(typed=typed, suggested_from=suggested_from)
    assert (goes_to, base) == (destination.of("lesson"), destination.base)
