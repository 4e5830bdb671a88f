"""A transcript that was corrected in a dataset and published, in a real browser."""

from __future__ import annotations

from hls_player import captions_from
from uploaded_jobs import upload_copy

PREFIX = "tests/published-transcript/"


def test_a_corrected_caption_is_shown(page, published, words, tmp_path):
    """In its own second, in place of what was misheard, without an encode; the captions after it are as they were."""
    uploaded = upload_copy(published.report.folder, tmp_path, PREFIX, published.config)
    uploaded.correct(words[1], "chapter eleven, corrected")
    assert 0 == uploaded.publish("--changed")
    page.goto(published.backend.watch_url(PREFIX) + "?player=hls")
    page.wait_for_function("document.querySelector('video').readyState >= 2")
    for at, expected in ((4.5, "chapter eleven, corrected"), (8.0, words[2])):
        assert [expected] == captions_from(page, at, expected)[0]
    assert [] == page.evaluate("window.problems.filter(problem => problem !== 'aborted')")
