"""What ffmpeg says is told to an editor in plain words, and kept for the log."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from config import Config
from pipeline import wiring
from pipeline.cancel import CancelToken
from pipeline.errors import FfmpegError
from pipeline.events import LogLevel, LogLine
from pipeline.media.ffmpeg.ffmpeg_messages import UNKNOWN, meaning
from pipeline.media.ffmpeg.process import run_ffmpeg
from pipeline.model import Outcome

SAID = {
    (
        "Rematrix is needed between 60 channels and stereo but there is not enough information to do it"
    ): "its audio has channels",
    "Unknown decoder 'av1_cuvid'": "this ffmpeg has no decoder",
    "No such filter: 'zscale'": "this ffmpeg lacks a filter",
    "Error initializing filters: Cannot allocate memory": "there was not enough memory",
    "x264 [error]: malloc of size 1234567 failed": "there was not enough memory",
    "exit status -9": "there was not enough memory",
    "exit status -11": "ffmpeg crashed",
    "seg_001.ts: Permission denied": "a file may not be read or written",
    "Error muxing a packet: Input/output error": "the disk can't be read or written",
    "Error submitting packet to decoder: Invalid data found when processing input": "it is damaged",
    "Error configuring channel layout 5.1: Cannot allocate memory": "there was not enough memory",
    "Channel layout of the output: Permission denied": "a file may not be read or written",
    "Unsupported channel layout '7.1(wide)'": "its audio has channels",
    "Conversion failed, exit status of the hook was 3": UNKNOWN,
    "exit status 3221225477": "ffmpeg crashed",
    "exit status 1": UNKNOWN,
    "Frobnication of type 7 is not yet implemented": UNKNOWN,
}


@pytest.mark.parametrize(("words", "begin"), SAID.items(), ids=[words[:20] for words in SAID])
def test_each_failure_means_something(words, begin):
    """What is wrong and what to do, never ffmpeg's words themselves."""
    told = meaning(words)
    assert (begin, False) == (told[: len(begin)], words in told)


@pytest.mark.parametrize(
    "words", ["Unknown decoder 'x'", "Encoder not found", "No such filter: 'x'", "Option not found", "exit status -11"]
)
def test_another_ffmpeg_is_advised_where_one_is_configured(words):
    """Nobody else has to know of the setting."""
    assert [False, True] == ["FFMPEG_PATH" in meaning(words, configured=configured) for configured in (False, True)]


def test_a_run_that_fails_has_both(ffmpeg, tmp_path):
    """The real ffmpeg on a file that is none."""
    (tmp_path / "text.mp4").write_text("no video")
    with pytest.raises(FfmpegError) as failed:
        run_ffmpeg(ffmpeg, ["-i", "text.mp4", "-f", "null", "-"], cwd=tmp_path, cancel=CancelToken())
    assert (True, True) == (
        "moov atom not found" in failed.value.words,
        str(failed.value).startswith("it is damaged, or of a kind"),
    )


@pytest.fixture
def failing(tmp_path, ffmpeg) -> Path:
    """An ffmpeg whose encodes fail with words that no editor knows."""
    program = tmp_path / "failing" / "ffmpeg"
    program.parent.mkdir()
    line = "[swr @ 0x1] [error] Rematrix is needed between 60 channels and stereo"
    program.write_text(
        f'#!/bin/sh\ncase "$*" in *lesson.mp4*) echo \'{line}\' >&2; exit 1;; esac\nexec "{ffmpeg}" "$@"\n'
    )
    program.chmod(0o755)
    return program


def test_an_editor_reads_no_words_of_ffmpegs(sample, tmp_path, job, failing):
    """They are in the log's details only."""
    source = Path(shutil.copy(sample, tmp_path / "lesson.mp4"))
    lines: list[LogLine] = []
    config = Config(ffmpeg_path=str(failing))
    plan = wiring.probe_and_plan(replace(job, source=source), config)
    report = wiring.run_job(
        plan, config, lambda event: lines.append(event) if isinstance(event, LogLine) else None, CancelToken()
    )
    expected = (
        f"{source} could not be encoded: its audio has channels that can't be mixed: "
        "export it with stereo or 5.1 audio."
    )
    raw = [line.level for line in lines if "Rematrix" in line.text]
    assert (Outcome.FAILED, expected, {LogLevel.DETAIL}) == (report.outcome, report.error, set(raw))
