"""Damaged sources: refused with what is missing of video and audio,
or made into a stream that is good all the same.
"""

from __future__ import annotations

import re
import struct
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import av
import pytest

from config import Config
from pipeline import wiring
from pipeline.cancel import CancelToken
from pipeline.events import LogLevel, LogLine
from pipeline.job import EncodingRequest, Job, SegmentType
from pipeline.media.ffmpeg.process import find_ffmpeg
from pipeline.media.source import running_scan
from pipeline.media.validate import validate
from pipeline.model import JobReport, Outcome

LENGTH_S = 16


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixteen seconds, small, a keyframe every two, with a tone: index at the end, as cameras write it."""
    target = tmp_path_factory.mktemp("clips") / "clip.mp4"
    video = ["-f", "lavfi", "-i", f"testsrc2=size=160x90:rate=25:duration={LENGTH_S}"]
    tone = ["-f", "lavfi", "-i", f"sine=frequency=440:duration={LENGTH_S}:sample_rate=48000"]
    encode = ["-c:v", "libx264", "-preset", "ultrafast", "-g", "50", "-bf", "2", "-pix_fmt", "yuv420p", "-c:a", "aac"]
    _ffmpeg(*video, *tone, *encode, target)
    return target


def _ffmpeg(*arguments: object) -> None:
    subprocess.run([str(find_ffmpeg("")), "-v", "error", *map(str, arguments)], check=True)


def _zeroed(clip: Path, begin: float, end: float) -> bytes:
    """Return the clip with this share of its media data set to zero."""
    content = bytearray(clip.read_bytes())
    at = 0
    while content[at + 4 : at + 8] != b"mdat":
        at += struct.unpack_from(">I", content, at)[0]
    size_bytes = struct.unpack_from(">I", content, at)[0] - 8
    first, last = (at + 8 + int(size_bytes * share) for share in (begin, end))
    content[first:last] = bytes(last - first)
    return bytes(content)


def _a_hole(clip: Path) -> bytes:
    return _zeroed(clip, 0.4, 0.6)


def _a_lost_tail(clip: Path) -> bytes:
    return _zeroed(clip, 0.7, 1.0)


def _a_recording_cut_short(clip: Path) -> bytes:
    """A fragmented file that ends within a fragment."""
    whole = clip.with_name("fragmented.mp4")
    _ffmpeg("-y", "-i", clip, "-c", "copy", "-movflags", "+frag_keyframe+empty_moov", whole)
    content = whole.read_bytes()
    return content[: content.rindex(b"mdat", 0, len(content) * 3 // 5) + len(content) // 20]


def _lost_audio(clip: Path, begin_s: float = 4, end_s: float = 12) -> bytes:
    """Half of the audio, or so much of it, is zeroed, packet by packet; the video is whole."""
    content = bytearray(clip.read_bytes())
    with av.open(str(clip)) as container:
        for packet in container.demux(container.streams.audio[0]):
            if packet.size and begin_s <= packet.pts * packet.time_base < end_s:
                content[packet.pos : packet.pos + packet.size] = bytes(packet.size)
    return bytes(content)


@dataclass(frozen=True)
class EncodedJob:
    """How a job ended, and how often it encoded a video."""

    report: JobReport
    encodes: int


def _run(job: Job) -> EncodedJob:
    events: list[object] = []
    config = Config()
    report = wiring.run_job(wiring.probe_and_plan(job, config), config, events.append, CancelToken())
    commands = [e.text for e in events if isinstance(e, LogLine) and e.level is LogLevel.DETAIL]
    return EncodedJob(report=report, encodes=sum("force_key_frames" in text for text in commands))


@pytest.fixture
def job(tmp_path: Path, clip: Path) -> Callable[..., Job]:
    """Return a function that describes a job on a damaged copy of the clip."""

    def make(damage: Callable[[Path], bytes], **asked: object) -> Job:
        source = tmp_path / "damaged.mp4"
        source.write_bytes(damage(clip))
        encoding = EncodingRequest(preset="ultrafast")
        return Job(
            **{
                "source": source,
                "output_dir": tmp_path / "out",
                "slug": "clip",
                "encoding": encoding,
                "make_mp4": False,
            }
            | asked
        )

    return make


DAMAGES = [_a_hole, _a_lost_tail, _a_recording_cut_short, _lost_audio]


@pytest.mark.parametrize("segment_type", list(SegmentType))
@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__[1:])
def test_damage_that_is_accepted_makes_a_good_stream(job, damage, segment_type):
    """Published with a warning, and the validator finds nothing."""
    run = _run(
        job(damage, accept_damaged=True, encoding=EncodingRequest(preset="ultrafast", segment_type=segment_type))
    )
    assert (Outcome.DONE, "", True) == (run.report.outcome, run.report.error, bool(run.report.warnings))
    assert () == validate(run.report.folder, cancel=CancelToken()).findings


def test_audio_that_is_lost_is_counted(job):
    """The video is whole, but half of the audio can't be decoded: both lengths are said, and nothing is published."""
    report = _run(job(_lost_audio)).report
    sentence = "is damaged: 8.0 s of 16.0 s of audio can't be decoded, with"
    assert (Outcome.FAILED, True, False) == (report.outcome, sentence in report.error, report.folder.exists())


def test_what_is_lost_of_video_and_audio_is_said(job):
    """Both lengths of both."""
    report = _run(job(_a_lost_tail)).report
    sentence = (
        r"is damaged: [456]\.\d s of 16\.0 s of video can't be decoded "
        r"and [456]\.\d s of 16\.0 s of audio can't be decoded, with"
    )
    assert (Outcome.FAILED, True) == (report.outcome, re.search(sentence, report.error) is not None)


def test_lost_audio_alone_is_counted(job, clip):
    """There is no video to speak of."""

    def damage(clip: Path) -> bytes:
        audio = clip.with_name("audio.mp4")
        _ffmpeg("-y", "-i", clip, "-map", "0:a", "-c", "copy", audio)
        return _lost_audio(audio)

    report = _run(job(damage)).report
    assert (Outcome.FAILED, True) == (
        report.outcome,
        "is damaged: 8.0 s of 16.0 s of audio can't be decoded" in report.error,
    )


@pytest.mark.parametrize("whole", [False, True], ids=["broken off", "whole"])
def test_audio_that_ends_before_its_declared_end_is_missed(job, monkeypatch, whole):
    """Though the video goes on to the end of the file; where all of it can be read, its header is wrong."""
    real = running_scan.scan

    def short(media, *arguments):
        found = real(media, *arguments)
        return replace(found, audio_ends={index: end // 2 for index, end in found.audio_ends.items()}, orderly=whole)

    monkeypatch.setattr(running_scan, "scan", short)
    report = _run(job(Path.read_bytes)).report
    said = report.warnings[0] if whole else report.error
    ends = (
        "declares 16.0 s, but ends after 8.0 s. All of it can be read"
        if whole
        else "declares 16.0 s, but only 8.0 s can be read"
    )
    assert (Outcome.DONE if whole else Outcome.FAILED, True, True) == (
        report.outcome,
        ends in said,
        said.startswith("The audio of "),
    )


def test_a_little_lost_audio_is_a_warning(job):
    """Half a second is told with both lengths, and published."""
    report = _run(job(lambda clip: _lost_audio(clip, 4, 4.5))).report
    assert (Outcome.DONE, True) == (
        report.outcome,
        "0.5 s of 16.0 s of audio can't be decoded" in report.warnings[0],
    )


def test_what_was_refused_is_made_whole_when_the_damage_is_accepted(job, tmp_path):
    """Holes in the video are filled then; the stream is that of a job that was told so at once."""
    refused = job(_a_hole)
    first = _run(refused)
    again = _run(refused)
    accepted = _run(replace(refused, accept_damaged=True))
    straight = _run(replace(refused, accept_damaged=True, output_dir=tmp_path / "straight"))
    assert [Outcome.FAILED, Outcome.FAILED, Outcome.DONE] == [run.report.outcome for run in (first, again, accepted)]
    assert (1, 0) == (first.encodes, again.encodes)
    master = "master.m3u8"
    assert (straight.report.folder / master).read_text() == (accepted.report.folder / master).read_text()
