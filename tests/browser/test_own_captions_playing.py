"""Captions of the editor's own, in a real browser."""

from __future__ import annotations

from converting import convert
from hls_player import captions_from
from source_clips import AAC, H264, pattern, run, tone

from pipeline.job import CaptionFile, UploadRequest
from pipeline.model import Outcome

PREFIX = "tests/own-captions/"


def test_each_language_is_shown_in_time(page, backend, backend_config, tmp_path):
    """The first file is shown at once, the other where a viewer chooses it; letters and times are the files' own."""
    (tmp_path / "a.de.srt").write_bytes("1\n00:00:01,200 --> 00:00:03,000\nGrüße & <mehr>\n".encode("cp1252"))
    (tmp_path / "b.vtt").write_text("WEBVTT\n\n00:04.200 --> 00:06.500\nfar on\n", encoding="utf-8")
    captions = (
        CaptionFile(path=tmp_path / "a.de.srt", language="de"),
        CaptionFile(path=tmp_path / "b.vtt", language="en"),
    )
    clip = run(tmp_path, "clip.mp4", *pattern(length_s=7), *tone(length_s=7), *H264, *AAC)
    made = convert(clip, tmp_path / "out", backend_config, captions=captions, upload=UploadRequest(prefix=PREFIX))
    assert (Outcome.DONE, "", ()) == made.whole
    page.goto(backend.watch_url(PREFIX) + "?player=hls")
    page.wait_for_function("document.querySelector('video').readyState >= 2")
    page.wait_for_function("window.hls.subtitleTracks.length === 2")
    tracks = page.evaluate("window.hls.subtitleTracks.map(track => [track.name, track.lang, track.default])")
    assert [["German", "de", True], ["English", "en", False]] == tracks
    for track, text, start_s, end_s in ((0, "Grüße & <mehr>", 1.2, 3.1), (1, "far on", 4.2, 6.6)):
        page.evaluate(f"window.hls.subtitleTrack = {track}")
        texts, shown_s = captions_from(page, start_s - 0.2, text)
        assert ([text], True) == (texts, start_s <= shown_s < end_s)
    assert [] == page.evaluate("window.problems.filter(problem => problem !== 'aborted')")
