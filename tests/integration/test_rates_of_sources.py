"""Sources of every frame rate: the stream declares what comes out, each encoder is told the level that holds it,
nothing is found.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import imageio_ffmpeg
import pytest

from config import Config
from pipeline import wiring
from pipeline.cancel import CancelToken
from pipeline.job import Codec, EncoderFamily, EncodingRequest, Job, SegmentType
from pipeline.media.validate import validate
from pipeline.model import Outcome

VERYFAST = EncodingRequest(preset="veryfast", encoder=EncoderFamily.CPU)
ATTRIBUTE = re.compile(r'(CODECS|FRAME-RATE)=("[^"]*"|[^,]*)')
SIZE = "640x360"
"""920 macroblocks: level 3.0 holds 44 of them a second, 3.1 holds 117."""


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A test video of `rate` frames a second whose frames are moved to `times` (in `tick` seconds),
    and what is to be declared.
    """

    rate: str
    frame_rate: float
    level: str
    times: str = ""
    tick: str = "1/90000"
    declared: str = ""
    seconds: float = 5


KINDS = {
    "24": Kind(rate="24", frame_rate=24.0, level="3.0"),
    "50": Kind(rate="50", frame_rate=50.0, level="3.1"),
    "59.94": Kind(rate="60000/1001", frame_rate=59.94, level="3.1"),
    "a trace above 60": Kind(rate="6002/100", frame_rate=60.0, level="3.1"),
    "more than a trace above 60": Kind(rate="603/10", frame_rate=60.0, level="3.1"),
    "100": Kind(rate="100", frame_rate=50.0, level="3.1"),
    "120": Kind(rate="120", frame_rate=60.0, level="3.1"),
    "240": Kind(rate="240", frame_rate=60.0, level="3.1", seconds=3),
    "30, guessed to be 60": Kind(
        rate="30", frame_rate=30.0, level="3.0", times=r"N*20-10*eq(mod(N\,50)\,25)", tick="1/600"
    ),
    "film shown at 60 Hz": Kind(
        rate="24", frame_rate=24.0, level="3.0", times=r"floor(N/2)*5+mod(N\,2)*2", tick="1/60"
    ),
    "film in 29.97 without its doubles": Kind(
        rate="24000/1001", frame_rate=23.976, level="3.0", times="N+floor(N/4)", tick="1001/30000", seconds=6.006
    ),
    "a phone whose clock trembles": Kind(rate="30", frame_rate=30.0, level="3.0", times=r"N*3000+mod(N\,3)*270"),
    "30, declared as its clock's 1000": Kind(rate="30", frame_rate=30.0, level="3.0", declared="1000"),
    "30, declared as 120": Kind(rate="30", frame_rate=30.0, level="3.0", declared="120"),
    "a screen, first still and then busy": Kind(
        rate="60", frame_rate=60.0, level="3.1", times=r"if(lt(N\,35)\,N*18000\,(N-35)*1500+630000)"
    ),
}


@pytest.fixture(scope="module")
def convert(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., tuple[Path, tuple[str, ...]]]:
    """Return what makes a clip and converts it; the stream's folder and all warnings come back."""
    folder = tmp_path_factory.mktemp("rates")

    def run(name: str, encoding: EncodingRequest = VERYFAST) -> tuple[Path, tuple[str, ...]]:
        kind = KINDS[name]
        clip = folder / f"{re.sub('[^a-z0-9.]+', '-', name)}.{'mkv' if kind.declared else 'mp4'}"
        if not clip.exists():
            source = ["-f", "lavfi", "-i", f"testsrc2=size={SIZE}:rate={kind.rate}:duration={kind.seconds}"]
            moved = ["-vf", f"settb={kind.tick},setpts={kind.times}"] if kind.times else []
            timing = ["-fps_mode", "passthrough", "-enc_time_base", kind.tick] if kind.times else []
            codec = [
                "-c:v",
                "libx264",
                "-preset",
                "ultrafast",
                "-pix_fmt",
                "yuv420p",
                "-video_track_timescale",
                "90000",
            ]
            made = folder / "made.mp4"
            ffmpeg = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y"]
            subprocess.run([*ffmpeg, *source, *moved, *timing, *codec, str(made)], check=True)
            if kind.declared:  # a copy keeps the frames' times, and Matroska has a place for what is said of them
                subprocess.run([*ffmpeg, "-i", str(made), "-c", "copy", "-r", kind.declared, str(clip)], check=True)
            else:
                made.rename(clip)
        job = Job(
            source=clip,
            output_dir=folder,
            slug=f"{clip.stem}-{encoding.codec.value}",
            encoding=encoding,
            make_mp4=False,
        )
        report = wiring.run_job(wiring.probe_and_plan(job, Config()), Config(), lambda event: None, CancelToken())
        assert (Outcome.DONE, "") == (report.outcome, report.error)
        return report.folder, report.warnings

    return run


def _declared(folder: Path) -> dict[str, str]:
    line = next(
        line for line in (folder / "master.m3u8").read_text(encoding="utf-8").splitlines() if "STREAM-INF:" in line
    )
    return {name: value.strip('"') for name, value in ATTRIBUTE.findall(line)}


@pytest.mark.parametrize("name", KINDS)
def test_a_rate_is_declared_as_it_comes_out_and_held_by_the_lowest_level(convert, name):
    """By the frames' own times, whatever the container's clock or its average makes of them."""
    folder, warnings = convert(name)
    declared = _declared(folder)
    level = int(declared["CODECS"].removeprefix("avc1.")[4:6], 16) / 10
    # how long the last frame of a pattern stands is not known
    assert (pytest.approx(KINDS[name].frame_rate, rel=0.005), KINDS[name].level, ()) == (
        float(declared["FRAME-RATE"]),
        str(level),
        warnings,
    )
    assert () == validate(folder).findings


@pytest.mark.parametrize("codec", [Codec.HEVC, Codec.AV1])
@pytest.mark.parametrize("name", ["120", "30, guessed to be 60", "film shown at 60 Hz"])
def test_every_encoder_is_told_the_level(convert, name, codec):
    """Left to itself each takes it from a rate that ffmpeg guesses: twice what comes out."""
    folder, warnings = convert(name, replace(VERYFAST, codec=codec, preset="superfast", segment_type=SegmentType.FMP4))
    declared = _declared(folder)
    assert {Codec.HEVC: ".L90.", Codec.AV1: ".04M."}[codec] in declared["CODECS"]  # 3.0 of either
    assert (pytest.approx(KINDS[name].frame_rate, rel=0.005), (), ()) == (
        float(declared["FRAME-RATE"]),
        warnings,
        validate(folder).findings,
    )
