"""Captions that were translated into English, in a real browser."""

from __future__ import annotations

import urllib.request
from pathlib import Path

from converting import convert
from source_clips import AAC, H264, pattern, run

from pipeline.job import TranscriptionRequest, UploadRequest
from pipeline.media.stream_layout import TRANSLATION_NAMES
from pipeline.model import Outcome

PREFIX = "tests/translated/"
SPANISH = Path(__file__).parents[1] / "speech" / "spanish.flac"


def test_the_preview_offers_the_translation(page, backend, backend_config, small_model, tmp_path):
    """The language that is spoken is shown first, English where a viewer chooses it; the files have their types."""
    clip = run(tmp_path, "clip.mp4", *pattern(size="160x90", length_s=6), "-i", str(SPANISH), *H264, *AAC)
    made = convert(
        clip,
        tmp_path / "out",
        backend_config,
        transcription=TranscriptionRequest(model=str(small_model), translate=True),
        upload=UploadRequest(prefix=PREFIX),
    )
    assert (Outcome.DONE, "", ()) == made.whole
    page.goto(backend.watch_url(PREFIX) + "?player=hls")
    page.wait_for_function("window.hls && window.hls.subtitleTracks.length === 2")
    tracks = page.evaluate("window.hls.subtitleTracks.map(track => [track.name, track.lang, track.default])")
    assert [["Spanish", "es", True], ["English", "en", False]] == tracks
    types = []
    for name in TRANSLATION_NAMES.all:
        with urllib.request.urlopen(made.report.master_url.replace("master.m3u8", name)) as answer:
            types.append(answer.headers["Content-Type"])
    assert ["text/plain; charset=utf-8", "text/plain; charset=utf-8", "application/json", "text/vtt"] == types
