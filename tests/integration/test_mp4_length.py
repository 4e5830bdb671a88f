"""The MP4 for offline viewing lasts as long as the stream, however long the last frame stands."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import av
import pytest
from converting import ULTRAFAST, convert
from numbered_frames import numbered
from source_clips import run

from config import Config
from pipeline.job import SegmentType
from pipeline.media.ffmpeg.process import find_ffmpeg
from pipeline.media.hls.measure import read_media_playlist
from pipeline.media.stream_layout import PLAYLIST
from pipeline.model import Outcome

SEGMENTS = {"ts": SegmentType.TS, "fmp4": SegmentType.FMP4}
AUDIO_S = {"silent": None, "as long": 12.0, "longer": 15.5}
X264 = ("-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-c:a", "aac")


def _source(folder: Path, kind: str, size: str, audio_s: float | None) -> Path:
    audio = () if audio_s is None else ("-f", "lavfi", "-i", f"sine=sample_rate=48000:duration={audio_s}")
    if kind == "single":
        return run(folder, "clip.mp4", *numbered(size=size, rate="25", length_s=0.04, first=1), *audio, *X264)
    if kind == "pauses":
        times = ("-vf", "setpts='if(lt(N,50),N,N+100)'", "-enc_time_base", "1:25", "-fps_mode", "vfr", "-bf", "0")
        return run(folder, "clip.mkv", *numbered(size=size, rate="25", length_s=8, first=1), *audio, *times, *X264)
    if kind == "long last frame":
        held = ("-bf", "2", "-bsf:v", "setts=pts=PTS:dts=DTS:duration=if(eq(NEXT_DTS\\,NOPTS)\\,3/TB\\,DURATION)")
        return run(folder, "clip.mp4", *numbered(size=size, rate="25", length_s=4, first=1), *audio, *X264, *held)
    return run(folder, "clip.mp4", *numbered(size=size, rate=kind, length_s=12, first=1), *audio, *X264, "-bf", "0")


def _shown(mp4: Path) -> tuple[float, float, float]:
    """Return when the MP4's first frame begins, when its last one ends,
    and how long the file says that its video is.
    """
    with av.open(str(mp4)) as container:
        video = container.streams.video[0]
        packets = [p for p in container.demux(video) if p.pts is not None]
        ends = [float((p.pts + p.duration) * video.time_base) for p in packets]
        return min(float(p.pts * video.time_base) for p in packets), max(ends), float(video.duration * video.time_base)


KINDS = ["1/2", "1/3", "1/6", "single", "pauses", "long last frame"]
OTHERWISE = [("remuxed", "fmp4"), ("encoded", "ts")]
EVERY = [
    *((kind, audio, "remuxed", "ts") for kind, audio in itertools.product(KINDS, AUDIO_S)),
    *((kind, "as long", *made) for kind, made in itertools.product(("1/3", "single", "long last frame"), OTHERWISE)),
    *(("pauses", "silent", *made) for made in OTHERWISE),
]


@pytest.mark.parametrize(("kind", "audio", "made", "segments"), EVERY)
def test_the_last_frame_stands_to_the_end(tmp_path, kind, audio, made, segments):
    """Of a video with hardly a frame too, copied from the stream or encoded by itself."""
    size = {"remuxed": "160x90", "encoded": "1280x720"}[made]
    clip = _source(tmp_path, kind, size, AUDIO_S[audio])
    asked = {"qualities": ("720p",)} if made == "encoded" else {}
    done = convert(
        clip, tmp_path / "out", encoding=replace(ULTRAFAST, segment_type=SEGMENTS[segments]), make_mp4=True, **asked
    )
    assert (Outcome.DONE, "", ()) == done.whole
    length_s = sum(s.duration_s for s in read_media_playlist(next(done.folder.glob(f"*p/{PLAYLIST}"))))
    expected = pytest.approx(length_s, abs=0.01)
    assert (pytest.approx(0, abs=0.001), expected, expected) == _shown(done.folder / "offline_480p.mp4")


BREAKING = """#!/bin/sh
case "$*" in *+faststart*) for made; do :; done; echo no video > "$made"; exit 0;; esac
exec "{ffmpeg}" "$@"
"""


def test_an_mp4_that_came_to_nothing_is_told(tmp_path):
    """In one sentence, about the editor's own file."""
    program = tmp_path / "breaking"
    program.write_text(BREAKING.format(ffmpeg=find_ffmpeg("")))
    program.chmod(0o755)
    clip = _source(tmp_path, "1/2", "160x90", None)
    done = convert(clip, tmp_path / "out", Config(ffmpeg_path=str(program)), make_mp4=True)
    expected = f"{clip} could not be encoded completely: check that it plays to its end, or export it again."
    assert (Outcome.FAILED, expected, True) == (
        *done.whole[:2],
        "What went wrong: the MP4 can't be read back" in done.log,
    )
