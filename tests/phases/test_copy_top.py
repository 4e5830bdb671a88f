"""The original video as the largest rendition: copied where players can take it as it is,
else encoded with a note.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

import imageio_ffmpeg
import pytest

from config import Config
from pipeline import wiring
from pipeline.cancel import CancelToken
from pipeline.engines import local
from pipeline.events import LogLevel, LogLine
from pipeline.job import EncoderFamily, EncodingRequest, Job, SegmentType
from pipeline.media.encode import chunks
from pipeline.media.hls.measure import read_media_playlist
from pipeline.media.validate import validate
from pipeline.model import JobReport, Outcome
from pipeline.phases import video_strategies

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()
KEPT = "is the original video as it is."
H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-b:v", "600k", "-pix_fmt", "yuv420p", "-sc_threshold", "0")
AAC = ("-c:a", "aac", "-b:a", "64k")
BT709 = "format=yuv420p,setparams=color_primaries=bt709:color_trc=bt709:colorspace=bt709:range=tv"


def _video(rate: str = "25", seconds: float = 8, size: str = "854x480") -> tuple[str, ...]:
    return ("-f", "lavfi", "-i", f"testsrc2=size={size}:rate={rate}:duration={seconds},{BT709}")


def _tone(seconds: float = 8) -> tuple[str, ...]:
    return ("-f", "lavfi", "-i", f"sine=frequency=440:sample_rate=48000:duration={seconds}")


SMALL = _video(size="320x180", seconds=3)

# name, what is made, in which segments
KEPT_KINDS = {
    "two_smaller_qualities": (
        "a.mp4",
        (*_video("10", size="1280x720"), *_tone(), *H264, "-g", "20", *AAC),
        SegmentType.TS,
    ),
    "two_second_groups": ("a.mp4", (*_video(), *_tone(), *H264, "-g", "50", *AAC), SegmentType.TS),
    "b_frames_five_second_groups": (
        "a.ts",
        (*_video(), *_tone(), *H264, "-g", "125", "-bf", "3", *AAC),
        SegmentType.TS,
    ),
    "ntsc": ("a.mkv", (*_video("30000/1001"), *_tone(), *H264, "-g", "60", "-bf", "2", *AAC), SegmentType.TS),
    "silent": ("a.mp4", (*_video("24"), *H264, "-g", "96", "-bf", "2"), SegmentType.TS),
    "keyframes_at_scene_cuts": (
        "a.mkv",
        (*_video(seconds=13), *_tone(13), *H264, "-g", "250", "-force_key_frames", "1.2,4.4,7.04,9,10.48", *AAC),
        SegmentType.TS,
    ),
    "later_than_the_audio": (
        "a.mov",
        ("-itsoffset", "0.06", *_video(), *_tone(8.3), *H264, "-g", "50", *AAC),
        SegmentType.TS,
    ),
    "fragmented": ("a.mp4", (*_video(), *_tone(), *H264, "-g", "50", "-bf", "2", *AAC), SegmentType.FMP4),
    "two_audio_tracks": (
        "a.mp4",
        (*_video(), *_tone(), *_tone(), "-map", "0", "-map", "1", "-map", "2", *H264, "-g", "125", *AAC),
        SegmentType.TS,
    ),
}

SEGMENTS = {
    "two_smaller_qualities": [6.0, 2.0],
    "two_second_groups": [6.0, 2.0],
    "b_frames_five_second_groups": [5.02, 3.0],
    "ntsc": [6.01, 2.0],
    "silent": [4.0, 4.0],
    "keyframes_at_scene_cuts": [4.4, 6.08, 2.52],
    "later_than_the_audio": [6.08, 2.22],
    "fragmented": [6.0, 2.0],
    "two_audio_tracks": [5.0, 3.0],
}

ENCODED_KINDS = {
    "open_groups": (
        "a.mp4",
        (*_video(size="320x180"), *H264, "-bf", "3", "-x264-params", "open-gop=1:keyint=25:b-adapt=0"),
        "does not start with a keyframe (IDR)",
    ),
    "long_groups": (
        "a.mp4",
        (*_video(size="320x180", seconds=9), *H264, "-g", "225"),
        "keyframes are up to 9.0 s apart",
    ),
    "ten_bit": ("a.mp4", (*SMALL, *H264, "-pix_fmt", "yuv420p10le"), "not 8-bit 4:2:0"),
    "many_bits": (
        "a.mp4",
        (*SMALL, *H264, "-b:v", "6M", "-minrate", "6M", "-maxrate", "6M", "-bufsize", "1M"),
        "Mb/s are more than",
    ),
    "level_that_no_phone_takes": ("a.mp4", (*SMALL, *H264, "-level", "6.1"), "Level 6.1 is higher than 5.2"),
    "other_codec": ("a.mp4", (*SMALL, "-c:v", "mpeg4", "-b:v", "300k"), "mpeg4, not H.264"),
    "standard_definition_colours": (
        "a.mp4",
        ("-f", "lavfi", "-i", "testsrc2=s=320x180:d=3", *H264),
        "colours are not BT.709",
    ),
    "full_range": (
        "a.mp4",
        (*SMALL, "-vf", "scale=out_range=pc,setparams=range=pc", "-color_range", "pc", *H264, "-pix_fmt", "yuvj420p"),
        "its pixels are yuvj420p",
    ),
    "long_audio": ("a.mp4", (*SMALL, *_tone(5), *H264, *AAC), "audio goes on for 2.0 s"),
}


@dataclass(frozen=True)
class Made:
    """A whole job, and what it said."""

    report: JobReport
    notes: tuple[str, ...]
    commands: tuple[str, ...]


def _clip(folder: Path, name: str, *arguments: str) -> Path:
    subprocess.run([FFMPEG, "-v", "error", "-nostdin", "-y", *arguments, str(folder / name)], check=True)
    return folder / name


def _convert(source: Path, output: Path, *, stop_at: str = "", **asked: object) -> Made:
    encoding = EncodingRequest(**{"preset": "ultrafast", "encoder": EncoderFamily.CPU, "copy_top": True} | asked)
    cancel = CancelToken()
    lines: list[LogLine] = []

    def sink(event: object) -> None:
        if isinstance(event, LogLine):
            lines.append(event)
            if stop_at and stop_at in event.text:
                cancel.cancel()

    job = Job(source=source, output_dir=output, slug="clip", encoding=encoding, make_mp4=False)
    report = wiring.run_job(wiring.probe_and_plan(job, Config()), Config(), sink, cancel)
    notes = tuple(line.text for line in lines if line.level is not LogLevel.DETAIL)
    return Made(
        report=report, notes=notes, commands=tuple(line.text for line in lines if line.level is LogLevel.DETAIL)
    )


def _frames_of_video(source: Path) -> list[str]:
    """Hashes of all decoded frames."""
    arguments = [
        FFMPEG,
        "-v",
        "error",
        "-i",
        str(source),
        "-map",
        "0:v:0",
        "-fps_mode",
        "passthrough",
        "-f",
        "framemd5",
        "-",
    ]
    lines = subprocess.run(arguments, check=True, capture_output=True, text=True).stdout.splitlines()
    return [line.split(",")[-1].strip() for line in lines if not line.startswith("#")]


@pytest.mark.parametrize("kind", KEPT_KINDS)
def test_a_video_that_players_can_take_is_kept_frame_by_frame(tmp_path, kind):
    """The stream follows the rules, and the other quality is cut at the original's keyframes."""
    name, arguments, segment_type = KEPT_KINDS[kind]
    source = _clip(tmp_path, name, *arguments)
    made = _convert(source, tmp_path / "out", segment_type=segment_type)
    folder, top = made.report.folder, "720p" if kind == "two_smaller_qualities" else "480p"
    assert (Outcome.DONE, "", True) == (made.report.outcome, made.report.error, f"{top} {KEPT}" in made.notes)
    assert () == validate(folder).findings
    assert _frames_of_video(source) == _frames_of_video(folder / top / "index.m3u8")
    assert SEGMENTS[kind] == [
        round(segment.duration_s, 2) for segment in read_media_playlist(folder / "360p" / "index.m3u8")
    ]


@pytest.mark.parametrize("kind", ENCODED_KINDS)
def test_a_video_that_players_can_not_take_is_encoded_with_a_note(tmp_path, kind):
    """The note says why; the stream is as good as any."""
    name, arguments, reason = ENCODED_KINDS[kind]
    made = _convert(_clip(tmp_path, name, *arguments), tmp_path / "out")
    (note,) = (note for note in made.notes if note.startswith("The original video can't be kept"))
    assert (Outcome.DONE, True) == (made.report.outcome, reason in note), note
    assert not any(KEPT in note for note in made.notes)


def test_a_turned_video_is_encoded(tmp_path):
    """A transport stream can't say that a video is to be turned."""
    flat = _clip(tmp_path, "flat.mp4", *SMALL, *H264)
    made = _convert(
        _clip(tmp_path, "turned.mp4", "-display_rotation", "90", "-i", str(flat), "-c", "copy"), tmp_path / "out"
    )
    assert (Outcome.DONE, 1) == (made.report.outcome, sum("it is stored turned" in note for note in made.notes))


def test_a_level_higher_than_needed_is_kept_with_a_warning(tmp_path):
    """Players play it, so it is no reason to encode the video again."""
    made = _convert(_clip(tmp_path, "a.mp4", *SMALL, *H264, "-level", "5.1"), tmp_path / "out")
    said = [note for note in made.notes if "Level 5.1 is higher than needed" in note]
    assert (Outcome.DONE, True, 1) == (made.report.outcome, f"180p {KEPT}" in made.notes, len(said)), made.notes
    assert list(made.report.warnings) == said


def test_nothing_is_copied_unless_asked(tmp_path):
    """The default encodes every quality."""
    made = _convert(_clip(tmp_path, "a.mp4", *SMALL, *H264), tmp_path / "out", copy_top=False)
    assert (Outcome.DONE, []) == (
        made.report.outcome,
        [line for line in (*made.notes, *made.commands) if "original" in line or "-c copy" in line],
    )


def test_the_only_quality_is_copied_without_any_encode(tmp_path):
    """What has no smaller quality is not decoded at all."""
    source = _clip(tmp_path, "a.mp4", *_video(size="320x180", seconds=8), *_tone(8), *H264, "-g", "50", *AAC)
    made = _convert(source, tmp_path / "out")
    assert (Outcome.DONE, 0) == (made.report.outcome, sum("libx264" in command for command in made.commands))
    assert _frames_of_video(source) == _frames_of_video(made.report.folder / "180p" / "index.m3u8")


def test_a_stopped_job_goes_on_without_copying_again(tmp_path, monkeypatch):
    """What was copied and the chunks that were encoded are used again."""
    monkeypatch.setattr(chunks, "CHUNK_SEGMENTS", 1)
    monkeypatch.setattr(chunks, "LEAST_SEGMENTS", 1)
    monkeypatch.setattr(local, "side_by_side", lambda cores: 1)
    source = _clip(tmp_path, "a.mp4", *_video("10", seconds=13), *_tone(13), *H264, "-g", "20", *AAC)
    stopped = _convert(source, tmp_path / "out", stop_at="/0001.")
    resumed = _convert(source, tmp_path / "out")
    again = [Path(command.split(" && ")[0]).stem for command in resumed.commands]
    assert (Outcome.CANCELLED, Outcome.DONE, ["0001", "0002"]) == (
        stopped.report.outcome,
        resumed.report.outcome,
        again,
    )
    assert _frames_of_video(source) == _frames_of_video(resumed.report.folder / "480p" / "index.m3u8")


def test_a_video_that_could_not_be_kept_is_not_tried_again_after_a_stop(tmp_path, monkeypatch):
    """The note is there again, and the qualities that were encoded beside it are not encoded once more."""
    monkeypatch.setattr(video_strategies, "same_times", lambda some, others: False)
    source = _clip(tmp_path, "a.mp4", *_video("10", seconds=7), *_tone(7), *H264, "-g", "20", *AAC)
    stopped = _convert(source, tmp_path / "out", stop_at="crf:v:1")  # two qualities at once
    resumed = _convert(source, tmp_path / "out")
    again = [Path(command.split(" && ")[0]).stem for command in resumed.commands]
    assert (Outcome.CANCELLED, Outcome.DONE, 1) == (stopped.report.outcome, resumed.report.outcome, again.count("0000"))
    assert [note for note in stopped.notes if "can't be kept" in note] == [
        note for note in resumed.notes if "can't be kept" in note
    ]
