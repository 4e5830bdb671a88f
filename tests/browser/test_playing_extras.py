"""What stands beside picture and sound, in a real browser."""

from __future__ import annotations

import pytest
from converting import convert
from source_clips import AAC, H264, picture, run, sound

from pipeline.model import Outcome, UploadRequest

PREFIX = "tests/extras/"


@pytest.fixture(scope="module")
def watch_url(backend, backend_config, tmp_path_factory) -> str:
    """The address of the page of a stream with chapters."""
    folder = tmp_path_factory.mktemp("extras")
    chapters = folder / "chapters.txt"
    chapters.write_text("0:00 Beginning\n0:02 Middle\n0:05 End\n", encoding="utf-8")
    clip = run(folder, "clip.mp4", *picture(length_s=7), *sound(length_s=7), *H264, *AAC)
    made = convert(clip, folder, backend_config, chapters=chapters, upload=UploadRequest(prefix=PREFIX))
    assert (Outcome.DONE, "", ()) == made.whole
    return backend.watch_url(PREFIX) + "?player=hls"


def test_a_chapter_is_gone_to(page, watch_url):
    """The page lists the chapters; one that is pressed plays from its beginning."""
    page.goto(watch_url)
    page.wait_for_function("document.querySelector('video').readyState >= 2")
    page.wait_for_function("document.querySelectorAll('#chapters button').length === 3")
    assert ["0:00  Beginning", "0:02  Middle", "0:05  End"] == page.locator("#chapters button").all_text_contents()
    page.locator("#chapters button").nth(2).click()
    page.wait_for_function("!document.querySelector('video').seeking && document.querySelector('video').currentTime === 5")
    assert [] == page.evaluate("window.problems")
