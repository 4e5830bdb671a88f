"""A graphics card that encodes, one that goes away in the middle of a job, and one that is not there."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import imageio_ffmpeg
import pytest
from stand_in_ffmpeg import BREAKDOWN, Orders, encodes, make

from config import Config
from pipeline import wiring
from pipeline.cancel import CancelToken
from pipeline.engines import local
from pipeline.errors import SettingsError
from pipeline.events import LogLevel, LogLine
from pipeline.job import EncoderFamily, EncodingRequest, Job
from pipeline.media.encode import chunks, encoder_check
from pipeline.media.validate import validate
from pipeline.model import JobReport, Outcome, PhaseName
from pipeline.published import JOB_FILE

REAL = Path(imageio_ffmpeg.get_ffmpeg_exe())
SEGMENTS = 5


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five segments with a tone, a keyframe every two seconds."""
    target = tmp_path_factory.mktemp("clips") / "clip.mp4"
    length = f"duration={SEGMENTS * 6}"
    sources = [
        "-f",
        "lavfi",
        "-i",
        f"testsrc2=size=160x90:rate=25:{length}",
        "-f",
        "lavfi",
        "-i",
        f"sine=frequency=440:{length}",
    ]
    encode = ["-c:v", "libx264", "-preset", "ultrafast", "-g", "50", "-pix_fmt", "yuv420p", "-c:a", "aac"]
    subprocess.run([str(REAL), "-v", "error", *sources, *encode, str(target)], check=True)
    return target


@dataclass(frozen=True)
class FinishedJob:
    """A job that ran to its end, with what it said and which encoders ffmpeg was asked for in it."""

    chosen: str
    report: JobReport
    lines: tuple[LogLine, ...]
    asked: tuple[str, ...]

    @property
    def warnings(self) -> list[str]:
        return [line.text for line in self.lines if line.level is LogLevel.WARNING]


Convert = Callable[..., FinishedJob]


@pytest.fixture
def convert(clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Convert:
    """Return what converts the clip in chunks of one segment with an ffmpeg under the given orders.

    It is slower than an encoder: Python comes first.
    """
    monkeypatch.setattr(encoder_check, "TRIAL_LIMIT_S", 120.0)
    monkeypatch.setattr(chunks, "CHUNK_SEGMENTS", 1)
    monkeypatch.setattr(chunks, "LEAST_SEGMENTS", 1)

    def run(orders: Orders, family: EncoderFamily = EncoderFamily.AUTO, stop_at: str | None = None) -> FinishedJob:
        program = make(tmp_path / "stand-in", REAL, orders)
        config = Config(ffmpeg_path=str(program), cache_dir=tmp_path / "cache")
        encoding = EncodingRequest(preset="medium", encoder=family)
        plan = wiring.probe_and_plan(
            Job(source=clip, output_dir=tmp_path, slug="job", encoding=encoding, make_mp4=False), config
        )
        tried = len(encodes(program))
        events: list[object] = []
        cancel = CancelToken()

        def told(event: object) -> None:
            events.append(event)
            if stop_at is not None and isinstance(event, LogLine) and re.search(stop_at, event.text):
                cancel.cancel()

        report = wiring.run_job(plan, config, told, cancel)
        lines = tuple(event for event in events if isinstance(event, LogLine))
        return FinishedJob(chosen=plan.encoder, report=report, lines=lines, asked=tuple(encodes(program)[tried:]))

    return run


def _facts(run: FinishedJob) -> dict[str, Any]:
    return json.loads((run.report.folder / JOB_FILE).read_text(encoding="utf-8"))["done"][PhaseName.HLS.value]


def _presets(run: FinishedJob) -> list[str]:
    """Tell for each segment which of the two made it: the stand-in is x264's fastest preset, which has no CABAC."""
    made = []
    for segment in sorted((run.report.folder / "90p").glob("seg_*.ts")):
        with av.open(str(segment)) as container:
            first = bytes(next(packet for packet in container.demux(video=0) if packet.is_keyframe))
        made.append("card" if b"cabac=0" in first else "processor" if b"cabac=1" in first else "neither")
    return made


def test_a_card_that_works_encodes_everything(convert):
    """The best that this machine has, without a word about it."""
    run = convert(Orders(works=("h264_nvenc",)))
    assert ("h264_nvenc", Outcome.DONE, []) == (run.chosen, run.report.outcome, run.warnings)
    assert ("h264_nvenc", SEGMENTS, ["h264_nvenc"] * SEGMENTS) == (
        _facts(run)["encoder"],
        _facts(run)["chunks"],
        [*run.asked],
    )
    assert (["card"] * SEGMENTS, ()) == (_presets(run), validate(run.report.folder).findings)


def test_a_card_that_goes_away_gives_way_to_the_processor(convert):
    """The job finishes, says so once, and nothing that the card made is left in it."""
    run = convert(Orders(works=("h264_nvenc",), breaks_after=2))
    (warning,) = run.warnings
    assert ("h264_nvenc", Outcome.DONE, "") == (run.chosen, run.report.outcome, run.report.error)
    # what the driver said is not an editor's affair
    assert (True, False) == ("h264_nvenc failed" in warning, BREAKDOWN in warning)
    assert ("libx264", SEGMENTS) == (_facts(run)["encoder"], _facts(run)["chunks"])
    assert (["processor"] * SEGMENTS, ()) == (_presets(run), validate(run.report.folder).findings)
    assert ["h264_nvenc"] * 2 == [encoder for encoder in run.asked if encoder != "libx264"]


def test_a_card_that_fails_at_once_gives_way_too(convert):
    """It passed its trial and can't do the real thing."""
    run = convert(Orders(works=("h264_qsv",), breaks_after=0), EncoderFamily.INTEL)
    assert ("h264_qsv", Outcome.DONE, 1) == (run.chosen, run.report.outcome, len(run.warnings))
    assert (["processor"] * SEGMENTS, "libx264") == (_presets(run), _facts(run)["encoder"])


def test_a_stopped_job_goes_on_without_the_card_that_failed(convert, monkeypatch):
    """What the processor finished stays, and it is said again why it was not the card."""
    monkeypatch.setattr(local, "side_by_side", lambda cores: 1)
    orders = Orders(works=("h264_nvenc",), breaks_after=2)
    stopped = convert(orders, stop_at=r"/0003\..*libx264")
    second = convert(orders)
    assert (Outcome.CANCELLED, Outcome.DONE) == (stopped.report.outcome, second.report.outcome)
    assert (["libx264"] * 2, ["processor"] * SEGMENTS) == ([*second.asked], _presets(second))
    assert stopped.warnings == second.warnings


def test_a_card_that_is_asked_for_and_is_not_there_is_one_sentence(convert):
    """Before anything starts."""
    with pytest.raises(SettingsError) as refused:
        convert(Orders(works=("h264_nvenc",)), EncoderFamily.AMD)
    assert (
        "AMD AMF can't encode H.264 here (no AMD driver on this machine): "
        "choose automatic or the processor (auto or cpu), or run doctor to try it again.",
    ) == refused.value.sentences
