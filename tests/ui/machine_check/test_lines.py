"""What is said of each thing that the program needs."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.job import Codec, EncoderFamily
from pipeline.machine_report import BackendFinding, FfmpegFinding
from pipeline.media.encode.encoder_check import EncoderResult, EncoderStatus
from pipeline.speech.model import DownloadProgress
from pipeline.speech.model_cache import ModelState, StoredModel
from ui.machine_check.lines import (
    CheckState,
    Mending,
    backend_line,
    downloading_line,
    encoders_line,
    ffmpeg_line,
    model_line,
)

FFMPEG = Path("/opt/ffmpeg")


@pytest.mark.parametrize(
    ("found", "in_env", "chosen", "expected"),
    [
        (FfmpegFinding(path=FFMPEG, version="9.0"), False, False, (CheckState.GOOD, "9.0", Mending.CHOOSE_FFMPEG)),
        (FfmpegFinding(path=FFMPEG, version="9.0"), False, True, (CheckState.GOOD, "9.0", Mending.USUAL_FFMPEG)),
        (FfmpegFinding(path=FFMPEG, version="9.0"), True, False, (CheckState.GOOD, "9.0 It is set in .env.", None)),
        (FfmpegFinding(problem="None."), False, False, (CheckState.BAD, "None.", Mending.CHOOSE_FFMPEG)),
        (
            FfmpegFinding(path=FFMPEG, version="9.0", missing=("libx264", "aac")),
            False,
            False,
            (CheckState.BAD, f"{FFMPEG} can't make libx264 and aac: use another one.", Mending.CHOOSE_FFMPEG),
        ),
    ],
    ids=["usual", "chosen", "in .env", "none", "not enough"],
)
def test_ffmpeg(found, in_env, chosen, expected):
    """Its version, or what is wrong; only what `.env` says can't be changed here."""
    line = ffmpeg_line(found, in_env=in_env, chosen=chosen)
    assert expected == (line.state, line.text, line.mending)


def result(codec: Codec, family: EncoderFamily, *, works: bool = True) -> EncoderResult:
    """Return what came of trying an encoder."""
    status = EncoderStatus.WORKS if works else EncoderStatus.FAILS
    return EncoderResult(codec=codec, family=family, encoder="", status=status)


@pytest.mark.parametrize(
    ("results", "state", "text"),
    [
        (
            [
                result(Codec.H264, EncoderFamily.CPU),
                result(Codec.H264, EncoderFamily.NVIDIA),
                result(Codec.HEVC, EncoderFamily.NVIDIA),
                result(Codec.HEVC, EncoderFamily.INTEL, works=False),
            ],
            CheckState.GOOD,
            "NVIDIA NVENC: H.264, HEVC; Processor: H.264.",
        ),
        (
            [result(Codec.H264, EncoderFamily.CPU), result(Codec.HEVC, EncoderFamily.NVIDIA, works=False)],
            CheckState.GOOD,
            "Processor: H.264. No graphics card can be used; everything works without, only slower.",
        ),
        (
            [result(Codec.H264, EncoderFamily.CPU, works=False), result(Codec.HEVC, EncoderFamily.CPU)],
            CheckState.BAD,
            "No encoder for H.264 works here: use another ffmpeg.",
        ),
    ],
    ids=["hardware", "processor", "no H.264"],
)
def test_encoders(results, state, text):
    """The hardware's first; a computer without is not told that something is wrong."""
    line = encoders_line(results)
    assert (state, text, Mending.TRY_AGAIN) == (line.state, line.text, line.mending)


@pytest.mark.parametrize(
    ("state", "text", "mending"),
    [
        (None, "The model 'base' is not here yet. The first captions download it.", Mending.DOWNLOAD),
        (ModelState.WHOLE, "The model 'base' is on this computer.", None),
        (ModelState.PARTIAL, "The model 'base' is only partly here.", Mending.DOWNLOAD),
        (ModelState.DAMAGED, "The model 'base' is damaged.", Mending.DOWNLOAD),
    ],
    ids=["none", "whole", "partial", "damaged"],
)
def test_a_model(state, text, mending):
    """Of the model that the form names, whatever others there are."""
    other = StoredModel(name="small", folder=Path(), size_bytes=1, state=ModelState.WHOLE)
    of_it = [] if state is None else [StoredModel(name="base", folder=Path(), size_bytes=1, state=state)]
    line = model_line("base", [other, *of_it], is_folder=False)
    assert (text, mending) == (line.text, line.mending)


def test_a_model_of_ones_own():
    """A folder is taken as it is, and no model at all is no fault."""
    assert CheckState.GOOD is model_line("/models/mine", [], is_folder=True).state
    assert CheckState.OPTIONAL is model_line("", [], is_folder=False).state


def test_a_download():
    """How far it is, also before its size is known."""
    megabyte = 1 << 20
    line = downloading_line("base", DownloadProgress(done_bytes=3 * megabyte, total_bytes=12 * megabyte))
    assert ("Downloading the Whisper model 'base': 3 of 12 MB", 0.25, Mending.CANCEL) == (
        line.text,
        line.done,
        line.mending,
    )
    assert 0.0 == downloading_line("base", DownloadProgress()).done


@pytest.mark.parametrize(
    ("reached", "state", "mending"),
    [
        (None, CheckState.OPTIONAL, Mending.SET_UP),
        (True, CheckState.GOOD, Mending.TEST),
        (False, CheckState.BAD, Mending.TEST),
    ],
    ids=["none", "reached", "not reached"],
)
def test_a_backend(reached, state, mending):
    """None is no fault; what it says is shown."""
    line = backend_line(BackendFinding(reached=reached, text="It said so."))
    assert (state, mending, reached is not None) == (line.state, line.mending, "It said so." in line.text)
