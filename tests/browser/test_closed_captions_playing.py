"""Closed captions in the video, in a real browser."""

from __future__ import annotations

from dataclasses import replace

import pytest
from caption_clips import captioned, pop_on
from converting import ULTRAFAST, convert
from source_clips import AAC, H264, pattern, run, tone

from pipeline.job import SegmentType, UploadRequest
from pipeline.model import Outcome

FOUND = """() => Array.from(document.querySelector('video').textTracks).filter(track => track.kind === 'captions')
    .map(track => Array.from(track.cues || []).map(cue => [Math.round(cue.startTime * 10) / 10, cue.text.trim()]))"""

# the file marks no track to be shown, so a viewer has to choose one
PLAY_WITH_SUBTITLES = """() => {
    const video = document.querySelector('video');
    window.hls.subtitleTrack = 0;
    video.muted = true;
    return video.play();
}"""


@pytest.mark.parametrize("segment_type", SegmentType)
def test_hls_js_finds_the_captions_that_are_declared(page, backend, backend_config, tmp_path, segment_type):
    """What the master playlist declares is in the video that players get, and in the track of text beside it,
    at its time.
    """
    plain = run(tmp_path, "plain.mp4", *pattern(length_s=4), *tone(length_s=4), *H264, *AAC)
    clip = captioned(plain, tmp_path / "a.mp4", pop_on("Hello, world", 50, 75))
    upload = UploadRequest(prefix=f"tests/captions/{segment_type.value}/")
    made = convert(
        clip, tmp_path, backend_config, encoding=replace(ULTRAFAST, segment_type=segment_type), upload=upload
    )
    assert (Outcome.DONE, "", ()) == made.whole
    page.goto(backend.watch_url(upload.prefix) + "?player=hls")
    page.wait_for_function("document.querySelector('video').readyState >= 2")
    page.evaluate(PLAY_WITH_SUBTITLES)
    page.wait_for_function("document.querySelector('video').ended")
    assert [[[2.0, "Hello, world"]]] * 2 == page.evaluate(FOUND)
