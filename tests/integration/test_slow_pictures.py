"""Sources with hardly a frame: one every two or three seconds, or a single one.

Each is shown at its time, and the stream is good.
"""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from numbered_frames import numbered, numbers
from source_clips import run

from config import Config
from pipeline import wiring
from pipeline.cancel import CancelToken
from pipeline.job import EncoderFamily, EncodingRequest, Job, SegmentType
from pipeline.media.hls.measure import read_media_playlist
from pipeline.media.validate import validate
from pipeline.model import JobReport, Outcome

TIMELINE_S = 10
LENGTH_S = 18
SEGMENTS = {"ts": SegmentType.TS, "fmp4": SegmentType.FMP4}
AUDIO_S = {"silent": None, "as long": LENGTH_S, "longer": LENGTH_S + 5.5}
EVERY = [*itertools.product([2, 3], AUDIO_S, [0, 3], SEGMENTS), *itertools.product([6], AUDIO_S, [3], SEGMENTS)]


def _clip(folder: Path, rate: str, length_s: float, audio_s: float | None, b_frames: int = 0) -> Path:
    audio = () if audio_s is None else ("-f", "lavfi", "-i", f"sine=sample_rate=48000:duration={audio_s}")
    codec = ("-c:v", "libx264", "-preset", "veryfast", "-bf", str(b_frames), "-pix_fmt", "yuv420p", "-c:a", "aac")
    return run(folder, "clip.mp4", *numbered(size="160x90", rate=rate, length_s=length_s, first=1), *audio, *codec)


def _convert(clip: Path, segments: str) -> JobReport:
    asked = EncodingRequest(preset="ultrafast", encoder=EncoderFamily.CPU, segment_type=SEGMENTS[segments])
    job = Job(source=clip, output_dir=clip.parent / "out", slug="job", encoding=asked, make_mp4=False)
    report = wiring.run_job(wiring.probe_and_plan(job, Config()), Config(), lambda event: None, CancelToken())
    assert (Outcome.DONE, "", ()) == (report.outcome, report.error, validate(report.folder).findings)
    return report


def _shown(report: JobReport) -> tuple[dict[int, float], float]:
    """Return when each number is shown first, and how long the stream lasts."""
    playlist = next(report.folder.glob("*p/index.m3u8"))
    length_s = sum(segment.duration_s for segment in read_media_playlist(playlist))
    return {n: time for time, n in reversed(numbers(playlist, TIMELINE_S))}, length_s


@pytest.mark.parametrize(("frame_s", "audio", "b_frames", "segments"), EVERY, ids=lambda value: str(value))
def test_a_frame_every_few_seconds_is_shown_at_its_time(tmp_path, frame_s, audio, b_frames, segments):
    """However the source orders its frames, and to the end of the audio."""
    clip = _clip(tmp_path, f"1/{frame_s}", LENGTH_S, AUDIO_S[audio], b_frames)
    times, length_s = _shown(_convert(clip, segments))
    assert {n + 1: pytest.approx(n * frame_s, abs=0.005) for n in range(LENGTH_S // frame_s)} == times
    assert max(LENGTH_S, AUDIO_S[audio] or 0) == pytest.approx(length_s, abs=0.05)


def test_no_segment_has_a_single_frame(tmp_path):
    """Of which players can't tell how long it is shown: the frame is repeated."""
    report = _convert(_clip(tmp_path, "1/6", LENGTH_S, None), "ts")
    times = sorted(time for time, _ in numbers(next(report.folder.glob("*p/index.m3u8")), TIMELINE_S))
    assert 0.45 > max(after - before for before, after in itertools.pairwise(times))


@pytest.mark.parametrize("segments", SEGMENTS)
def test_whole_minutes_of_audio_are_made_whole(tmp_path, segments):
    """Audio is encoded a minute at a time: what follows the last one may be nothing."""
    _, length_s = _shown(_convert(_clip(tmp_path, "1/6", 60, 60), segments))
    assert pytest.approx(60, abs=0.05) == length_s


@pytest.mark.parametrize("segments", SEGMENTS)
@pytest.mark.parametrize(("audio_s", "length_s"), [(None, 0.04), (9.0, 9.0)], ids=["silent", "with audio"])
def test_a_single_frame_stands_as_long_as_there_is_anything(tmp_path, audio_s, length_s, segments):
    """As long as the audio, or as the file says that it lasts."""
    times, made_s = _shown(_convert(_clip(tmp_path, "25", 0.04, audio_s), segments))
    assert ({1: pytest.approx(0.0, abs=1e-5)}, length_s) == (times, pytest.approx(made_s, abs=0.05))
