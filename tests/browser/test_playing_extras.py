"""What stands beside video and audio, in a real browser."""

from __future__ import annotations

import pytest
from converting import convert
from hls_player import captions_from
from source_clips import AAC, H264, pattern, run, tone

from pipeline.job import UploadRequest
from pipeline.model import Outcome

PREFIX = "tests/extras/"


@pytest.fixture(scope="module")
def watch_url(backend, backend_config, tmp_path_factory) -> str:
    """The address of the page of a stream with chapters and subtitles."""
    folder = tmp_path_factory.mktemp("extras")
    chapters = folder / "chapters.txt"
    chapters.write_text("0:00 Beginning\n0:02 Middle\n0:05 End\n", encoding="utf-8")
    texts = []
    for name, text in (
        ("de", "1\n00:00:00,100 --> 00:00:01,000\nDeutsch\n"),
        ("en", "1\n00:00:06,200 --> 00:00:07,000\nLate\n"),
    ):
        (folder / f"{name}.srt").write_text(text, encoding="utf-8")
        texts += ["-i", str(folder / f"{name}.srt")]
    maps = (
        "-map 0 -map 1 -map 2 -map 3 -c:s srt -metadata:s:s:0 language=ger -metadata:s:s:1 "
        "language=eng -disposition:s:1 default"
    )
    clip = run(folder, "clip.mkv", *pattern(length_s=7), *tone(length_s=7), *texts, *maps.split(), *H264, *AAC)
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
    page.wait_for_function(
        "!document.querySelector('video').seeking && document.querySelector('video').currentTime === 5"
    )
    assert [] == page.evaluate("window.problems")


def test_the_subtitles_of_the_file_are_offered_and_shown_in_time(page, watch_url):
    """hls.js knows every track; the default one shows a cue of the second segment at its time."""
    page.goto(watch_url)
    page.wait_for_function("document.querySelector('video').readyState >= 2")
    page.wait_for_function("window.hls.subtitleTracks.length === 2")
    tracks = page.evaluate("window.hls.subtitleTracks.map(track => [track.name, track.lang, track.default])")
    assert [["German", "de", False], ["English", "en", True]] == tracks
    texts, shown_s = captions_from(page, 6.0)
    assert (["Late"], True) == (texts, 6.2 <= shown_s < 7.1)
    assert [] == page.evaluate("window.problems.filter(problem => problem !== 'aborted')")
