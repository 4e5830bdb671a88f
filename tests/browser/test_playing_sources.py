"""Streams made from unusual sources, and unusual streams, in a real browser: hls.js finds nothing to complain of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from hls_player import play_level, problems_of

from pipeline import wiring
from pipeline.cancel import CancelToken
from pipeline.job import (
    AudioRequest,
    Codec,
    EncoderFamily,
    EncodingRequest,
    Encryption,
    Job,
    SegmentType,
    UploadRequest,
)
from pipeline.model import Outcome

# hls.js 1.7.4 counts the first segment's header as a segment that brought nothing, wherever transport streams have a
# audio of their own: of what ffmpeg's own HLS muxer makes it says so as well.
NO_PROGRESS = ("bufferAppendNoProgress",)
VERYFAST = EncodingRequest(preset="veryfast", encoder=EncoderFamily.CPU)
FMP4 = replace(VERYFAST, segment_type=SegmentType.FMP4)


@dataclass(frozen=True, kw_only=True)
class Stream:
    """A kind of source, what is asked for it, and what a player must find: length, heights of levels, audio tracks.

    `spurious` are complaints of hls.js about itself.
    """

    kind: str
    length_s: float = 3.0
    heights: tuple[int, ...] = (180,)
    audio: int = 0
    spurious: tuple[str, ...] = ()
    asked: dict[str, Any] = field(default_factory=dict)


STREAMS = {
    "rotated": Stream(kind="rotated", heights=(320,)),
    # 13 s: a transport stream does not say how long the last frame stands, and hls.js takes the distance before it
    "variable rate": Stream(kind="variable rate", length_s=13.1),
    "slides": Stream(kind="slides", length_s=8.0),
    "slides, fmp4": Stream(kind="slides", length_s=8.0, audio=1, asked={"encoding": FMP4}),
    "slow slides": Stream(kind="slow slides", length_s=12.0),
    "slow slides, fmp4": Stream(kind="slow slides", length_s=12.0, audio=1, asked={"encoding": FMP4}),
    "slow slides, silent": Stream(kind="slow slides, silent", length_s=12.0),
    "slow slides, silent, fmp4": Stream(kind="slow slides, silent", length_s=12.0, asked={"encoding": FMP4}),
    "single frame": Stream(kind="single frame", length_s=8.0),
    "single frame, fmp4": Stream(kind="single frame", length_s=8.0, audio=1, asked={"encoding": FMP4}),
    "anamorphic": Stream(kind="anamorphic", heights=(144,)),
    "two levels": Stream(kind="odd size", length_s=2.0, heights=(360, 480)),
    "hdr10 converted": Stream(kind="hdr10"),
    "audio tracks": Stream(kind="audio tracks", audio=3, spurious=NO_PROGRESS),
    "surround": Stream(kind="surround", audio=1, spurious=NO_PROGRESS, asked={"audio": AudioRequest(surround=True)}),
    "encrypted": Stream(kind="audio later"),
    "encrypted fmp4": Stream(kind="webm", audio=1, asked={"encoding": FMP4}),
    "fmp4, audio longer": Stream(kind="audio longer", length_s=5.0, audio=1, asked={"encoding": FMP4}),
    "av1, video later": Stream(kind="video later", audio=1, asked={"encoding": replace(VERYFAST, codec=Codec.AV1)}),
    "audio only": Stream(kind="audio only", length_s=8.0, heights=(0,)),
}


@pytest.fixture(scope="module")
def watch_url(backend, backend_config, source_clip, tmp_path_factory) -> Callable[[str], str]:
    """Return what makes a stream, uploads it, and returns the address of its page."""
    out = tmp_path_factory.mktemp("streams")

    def publish(name: str) -> str:
        stream, slug = STREAMS[name], name.replace(" ", "-").replace(",", "")
        asked = {"encoding": VERYFAST} | stream.asked
        prefix = f"tests/sources/{slug}/"
        if name.startswith("encrypted"):
            asked["encryption"] = _encryption(out, f"{backend.url}/objects/{prefix}key.bin")
        upload = UploadRequest(prefix=prefix)
        job = Job(source=source_clip(stream.kind), output_dir=out, slug=slug, make_mp4=False, upload=upload, **asked)
        report = wiring.run_job(
            wiring.probe_and_plan(job, backend_config), backend_config, lambda event: None, CancelToken()
        )
        assert (Outcome.DONE, "") == (report.outcome, report.error)
        return backend.watch_url(prefix) + "?player=hls"

    return publish


def _encryption(folder: Path, key_uri: str) -> Encryption:
    key_file = folder / "key"
    key_file.write_bytes(bytes(range(16)))
    return Encryption(key_file=key_file, key_uri=key_uri, publish_key=True)


@pytest.mark.parametrize("name", STREAMS)
def test_every_level_plays_at_start_middle_and_end(page, watch_url, name):
    """No gap, no stall, no parse error, fatal or not; the player sees the levels and audio tracks that there are,
    as long as they are.
    """
    stream, url = STREAMS[name], watch_url(name)
    for level in range(len(stream.heights)):
        problems = problems_of(page, lambda level=level: play_level(page, url, level), stream.spurious)
        heights = page.evaluate("window.hls.levels.map(level => level.height || 0)")
        duration = page.evaluate("document.querySelector('video').duration")
        assert ([], stream.heights) == (problems, tuple(sorted(heights)))
        assert (pytest.approx(stream.length_s, abs=0.1), stream.audio) == (
            duration,
            page.evaluate("window.hls.audioTracks.length"),
        )
