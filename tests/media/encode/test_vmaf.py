"""Measuring how close a video is to its source."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.cancel import CancelToken
from pipeline.errors import EncodeError, Setting, SettingsError
from pipeline.media.encode.vmaf import measure_vmaf, require_vmaf, vmaf_available

SIZE = (320, 180)
VIDEO = ("-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration=1", "-c:v", "libx264", "-preset", "ultrafast")


def _measure(ffmpeg: Path, distorted: Path, reference: Path, folder: Path) -> float:
    return measure_vmaf(ffmpeg, distorted, reference, SIZE, scratch=folder, cancel=CancelToken())


def test_more_bits_are_closer_to_the_source(ffmpeg, make_clip, tmp_path):
    """The score falls as the constant rate factor rises, and is near 100 without loss."""
    source, fair, poor = (make_clip(f"{crf}.mkv", *VIDEO, "-crf", crf) for crf in ("0", "25", "40"))
    best, middle, worst = (_measure(ffmpeg, file, source, tmp_path) for file in (source, fair, poor))
    assert (True, True) == (best > 97, best > middle > worst + 5)


def test_frames_are_paired_by_their_number(ffmpeg, make_clip, tmp_path):
    """The same pictures with other timestamps score the same."""
    source = make_clip("source.mkv", *VIDEO, "-crf", "0")
    made = make_clip("made.mkv", *VIDEO, "-crf", "30")
    slower = make_clip("slower.mkv", "-i", str(made), "-c", "copy", "-bsf:v", "setts=pts=PTS*1.1:dts=DTS*1.1")
    assert _measure(ffmpeg, made, source, tmp_path) == _measure(ffmpeg, slower, source, tmp_path)


def test_the_source_is_scaled_to_the_video(ffmpeg, make_clip, tmp_path):
    """A smaller video is compared with the source made as small."""
    source = make_clip("source.mkv", *VIDEO, "-vf", "scale=640:360:flags=bicubic", "-crf", "0")
    made = make_clip(
        "made.mkv", "-i", str(source), "-vf", "scale=320:180:flags=bicubic", "-c:v", "libx264", "-crf", "0"
    )
    assert 97 < _measure(ffmpeg, made, source, tmp_path)


def test_a_file_that_is_no_video_is_an_error(ffmpeg, make_clip, tmp_path):
    """What can't be read has no score."""
    source = make_clip("source.mkv", *VIDEO)
    broken = tmp_path / "broken.mkv"
    broken.write_bytes(b"no video")
    with pytest.raises(EncodeError):
        _measure(ffmpeg, broken, source, tmp_path)


def test_the_programs_own_ffmpeg_can_measure(ffmpeg):
    """The ffmpeg of the wheel has libvmaf and decodes what it encodes."""
    require_vmaf(ffmpeg)
    assert vmaf_available(ffmpeg)


def test_an_ffmpeg_without_libvmaf_is_refused_with_a_sentence(tmp_path):
    """An ffmpeg that does not know the filter, like a distribution's own, is named before any work starts."""
    older = tmp_path / "ffmpeg"
    older.write_text("#!/bin/sh\necho \"[error] No such filter: 'libvmaf'\" >&2\nexit 1\n")
    older.chmod(0o755)
    with pytest.raises(SettingsError, match=r"can't measure VMAF: leave the VMAF target out") as refused:
        require_vmaf(older)
    assert [Setting.TARGET_VMAF] == [problem.setting for problem in refused.value.problems]
