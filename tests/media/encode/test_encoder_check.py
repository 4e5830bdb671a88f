"""Which encoders a machine has: tried, remembered, chosen. The hardware is a stand-in's."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from child_processes import left_behind
from stand_in_ffmpeg import Orders, encodes, make

from pipeline.cancel import CancelToken
from pipeline.errors import Cancelled, FfmpegError, Setting, SettingsError, ToolError
from pipeline.job import Codec, EncoderFamily
from pipeline.media.encode import encoder_check
from pipeline.media.encode.encoder_check import EncoderStatus, check_encoders, choose_encoder, preferred
from pipeline.media.encode.encoders import family_of, video_options
from pipeline.media.ffmpeg import process
from pipeline.media_info import DynamicRange

HARDWARE = {
    codec: tuple(name for name in names.values() if not name.startswith("lib"))
    for codec, names in encoder_check.ENCODERS.items()
}
EVERY = {codec: (*names, encoder_check.ENCODERS[codec][EncoderFamily.CPU]) for codec, names in HARDWARE.items()}


@pytest.fixture
def stand_in(tmp_path, ffmpeg, monkeypatch):
    """Return a function that puts a stand-in with these orders into a folder of its own.

    It is slower than an encoder: Python comes first.
    """
    monkeypatch.setattr(encoder_check, "TRIAL_LIMIT_S", 120.0)

    def put(**orders) -> Path:
        return make(tmp_path / "program", ffmpeg, Orders(**orders))

    return put


def _choose(
    program: Path,
    family: EncoderFamily = EncoderFamily.AUTO,
    *,
    codec: Codec = Codec.H264,
    cache_dir: Path | None = None,
) -> str:
    return choose_encoder(program, codec, family, cache_dir=cache_dir, cancel=CancelToken())


def _check(
    program: Path, cache_dir: Path | None = None, *, again: bool = False
) -> dict[str, tuple[EncoderStatus, str]]:
    results = check_encoders(program, Codec.H264, cache_dir=cache_dir, cancel=CancelToken(), again=again)
    return {result.encoder: (result.status, result.reason) for result in results}


@pytest.mark.parametrize("best", range(len(EVERY[Codec.H264])), ids=EVERY[Codec.H264])
def test_auto_takes_the_first_that_works(stand_in, best):
    """The makers' own hardware, then VA-API, then the processor, however many others work as well."""
    usable = [name for name in EVERY[Codec.H264][best:] if name != "h264_vaapi"]
    program = stand_in(works=tuple(name for name in usable if name != "libx264"))
    assert usable[0] == _choose(program)


@pytest.mark.parametrize(
    ("codec", "expected"), [(Codec.HEVC, "hevc_nvenc"), (Codec.AV1, "av1_qsv")], ids=["hevc", "av1"]
)
def test_each_codec_is_tried_by_itself(stand_in, codec, expected):
    """A card may encode one and not the other."""
    assert expected == _choose(stand_in(works=("hevc_nvenc", "av1_qsv"), lacks=("h264_nvenc",)), codec=codec)


def test_without_hardware_each_says_why(ffmpeg, stand_in):
    """In plain words; what this ffmpeg was built without is told from what does not work."""
    program = stand_in(lacks=("h264_videotoolbox",))
    assert {
        "h264_nvenc": (EncoderStatus.FAILS, "no NVIDIA driver on this machine"),
        "h264_qsv": (EncoderStatus.FAILS, "no Intel Quick Sync on this machine"),
        "h264_amf": (EncoderStatus.FAILS, "no AMD driver on this machine"),
        "h264_videotoolbox": (EncoderStatus.MISSING, "not in this ffmpeg"),
        "h264_vaapi": (EncoderStatus.FAILS, "no VA-API device on this machine"),
        "libx264": (EncoderStatus.WORKS, ""),
    } == _check(program)


def _saying(place: Path, ffmpeg: Path, encoder: str, words: str) -> Path:
    """Return an ffmpeg in which one encoder fails with these words."""
    program = place / "ffmpeg"
    line = f"[{encoder} @ 0x1] [error] {words}"
    program.write_text(
        f'#!/bin/sh\ncase "$*" in *testsrc2*{encoder}*) echo \'{line}\' >&2; exit 1;; esac\nexec "{ffmpeg}" "$@"\n'
    )
    program.chmod(0o755)
    return program


# each of them as a public report has it
SAID = [
    (
        "h264_nvenc",
        "dl_fn->cuda_dl->cuInit(0) failed -> CUDA_ERROR_NO_DEVICE: no CUDA-capable device is detected",
        "no NVIDIA card",
    ),
    (
        "h264_nvenc",
        "dl_fn->cuda_dl->cuInit(0) failed -> CUDA_ERROR_UNKNOWN: unknown error",
        "the NVIDIA driver does not answer",
    ),
    ("h264_nvenc", "No capable devices found", "no NVIDIA card"),
    ("h264_nvenc", "OpenEncodeSessionEx failed: unsupported device (2): (no details)", "no NVIDIA card"),
    ("h264_nvenc", "OpenEncodeSessionEx failed: out of memory (10): (no details)", "the NVIDIA card has no room"),
    (
        "h264_nvenc",
        "OpenEncodeSessionEx failed: incompatible client key (21): (no details)",
        "the NVIDIA card has no room",
    ),
    (
        "h264_nvenc",
        "Driver does not support the required nvenc API version. Required: 13.0 Found: 12.1",
        "the NVIDIA driver is too old",
    ),
    ("h264_qsv", "Error initializing an internal MFX session: unsupported (-3)", "no Intel Quick Sync"),
    ("h264_qsv", "Error initializing the encoder: invalid video parameters (-15)", "no Intel graphics"),
    ("h264_amf", "CreateComponent(AMFVideoEncoderVCE_AVC) failed with error 30", "no AMD card"),
    ("h264_amf", "CreateContext() failed with error 1.", "no AMD card"),
    ("h264_vaapi", "Device creation failed: -542398533.", "no VA-API device"),
    ("h264_vaapi", "Failed to initialise VAAPI connection: -1 (unknown libva error).", "no VA-API driver"),
    ("h264_vaapi", "No usable encoding entrypoint found for profile VAProfileH264High (7).", "no graphics card"),
]


def _refusal(program: Path, encoder: str, cache_dir: Path) -> str:
    """Return why this encoder alone can't be had, between the brackets of the sentence."""
    with pytest.raises(SettingsError) as refused:
        _choose(program, family_of(encoder), cache_dir=cache_dir)
    return str(refused.value).partition(" here (")[2].partition("): choose")[0]


@pytest.mark.parametrize(
    ("encoder", "words", "begin"), SAID, ids=[f"{encoder}-{words[:24]}" for encoder, words, _ in SAID]
)
def test_what_a_driver_says_is_told_in_plain_words(tmp_path, ffmpeg, encoder, words, begin):
    """No device, no driver, no room, too old: each means something to an editor, also when it is remembered."""
    program = _saying(tmp_path, ffmpeg, encoder, words)
    found = [_refusal(program, encoder, tmp_path / "cache")[: len(begin)] for _ in range(2)]
    assert [begin] * 2 == found


def test_what_has_no_meaning_yet_is_told_plainly(tmp_path, ffmpeg):
    """The words are kept for whoever looks for the fault, and no editor reads them."""
    words = "EncodeFrobnicate failed: -1313558101"
    found = _refusal(_saying(tmp_path, ffmpeg, "h264_nvenc", words), "h264_nvenc", tmp_path)
    assert ("it is there, but does not work on this machine", True) == (
        found,
        words in (tmp_path / "encoders.json").read_text(),
    )


@pytest.mark.parametrize(
    ("may", "expected"), [(True, "no VA-API device"), (False, "this user may not use")], ids=["open", "forbidden"]
)
def test_a_device_that_this_user_may_not_open_is_told_from_none(tmp_path, ffmpeg, monkeypatch, may, expected):
    """ffmpeg has the same number for both."""
    (tmp_path / "renderD128").touch()
    monkeypatch.setattr(encoder_check, "GRAPHICS_DEVICES", tmp_path)
    monkeypatch.setattr(encoder_check.os, "access", lambda _path, _mode: may)
    program = _saying(tmp_path, ffmpeg, "h264_vaapi", "Device creation failed: -13.")
    assert expected == _refusal(program, "h264_vaapi", tmp_path / "cache")[: len(expected)]


@pytest.mark.parametrize("codec", [*Codec])
def test_the_real_ffmpeg_understands_every_option(ffmpeg, codec):
    """What is wrong with an encoder here is its hardware, never what it was told; the processor's works."""
    results = check_encoders(ffmpeg, codec, cache_dir=None, cancel=CancelToken())
    about_options = re.compile("option|undefined constant|unable to parse|out of range|invalid argument", re.IGNORECASE)
    assert ([], EncoderStatus.WORKS) == (
        [result for result in results if about_options.search(result.words)],
        results[-1].status,
    )


def test_hardware_that_is_asked_for_and_lacking_is_refused(stand_in):
    """A sentence that says which, for what and why."""
    with pytest.raises(
        SettingsError, match=r"^NVIDIA NVENC can't encode H\.264 here \(no NVIDIA driver on this machine\): choose"
    ) as refused:
        _choose(stand_in(), EncoderFamily.NVIDIA)
    assert [Setting.ENCODER] == [problem.setting for problem in refused.value.problems]


def test_hardware_that_never_makes_a_codec_is_refused_untried(stand_in):
    """ffmpeg has no AV1 encoder for Apple's."""
    program = stand_in(works=("h264_videotoolbox",))
    with pytest.raises(SettingsError, match="Apple VideoToolbox can't encode AV1") as refused:
        _choose(program, EncoderFamily.APPLE, codec=Codec.AV1)
    assert ([Setting.ENCODER], []) == ([problem.setting for problem in refused.value.problems], encodes(program))


@pytest.mark.parametrize(
    ("family", "expected"),
    [(EncoderFamily.CPU, "libx264"), (EncoderFamily.AMD, "h264_amf")],
    ids=["processor", "hardware"],
)
def test_only_what_is_asked_for_is_tried(stand_in, family, expected):
    """Nobody waits for the drivers of others."""
    program = stand_in(works=("h264_nvenc", "h264_amf"))
    assert (expected, [expected]) == (_choose(program, family), encodes(program))


@pytest.mark.parametrize("family", [EncoderFamily.AUTO, EncoderFamily.CPU], ids=["auto", "cpu"])
def test_an_ffmpeg_without_the_processors_encoder_is_named(stand_in, family):
    """And what it lacks; another ffmpeg is the cure."""
    program = stand_in(lacks=("libx265", "hevc_videotoolbox"))
    with pytest.raises(
        ToolError, match=r"ffmpeg lacks libx265, which HEVC needs: name another ffmpeg with FFMPEG_PATH"
    ):
        _choose(program, family, codec=Codec.HEVC)


def test_a_driver_that_hangs_is_ended(stand_in, monkeypatch):
    """It is deaf to quit and terminate; the next one is taken and nothing stays behind."""
    program = stand_in(works=("h264_amf",), hangs=("h264_nvenc",), lacks=("h264_vaapi",))

    def soon(*given, limit_s, **more):
        return process.run_ffmpeg(*given, limit_s=3.0 if "h264_nvenc" in given[1] else limit_s, **more)

    monkeypatch.setattr(encoder_check, "run_ffmpeg", soon)
    monkeypatch.setattr(process, "QUIT_S", 0.1)
    results = check_encoders(program, Codec.H264, cache_dir=None, cancel=CancelToken())
    taken = preferred(results)
    assert ("no answer within 3 seconds", "h264_amf", []) == (results[0].reason, taken.encoder, left_behind())


def test_answers_are_remembered(stand_in, tmp_path):
    """The second time nothing is tried, and the answers are the same."""
    program = stand_in(works=("h264_qsv",))
    first = _check(program, tmp_path / "cache")
    tried = encodes(program)
    assert (first, tried, "h264_qsv") == (
        _check(program, tmp_path / "cache"),
        encodes(program),
        _choose(program, cache_dir=tmp_path / "cache"),
    )


def test_another_ffmpeg_is_tried_anew(stand_in, tmp_path):
    """In the same place, but another file."""
    program = stand_in(works=("h264_nvenc",))
    before = _choose(program, cache_dir=tmp_path)
    stand_in()
    os.utime(program, ns=(1, 1))
    assert ("h264_nvenc", "libx264") == (before, _choose(program, cache_dir=tmp_path))


def test_all_can_be_tried_again(stand_in, tmp_path):
    """A driver may have come; the new answers are remembered."""
    program = stand_in()
    _check(program, tmp_path)
    file = program.stat()
    stand_in(works=("h264_nvenc",))
    os.utime(program, ns=(file.st_mtime_ns, file.st_mtime_ns))
    answers = [_check(program, tmp_path, again=again)["h264_nvenc"][0] for again in (False, True, False)]
    assert [EncoderStatus.FAILS, EncoderStatus.WORKS, EncoderStatus.WORKS] == answers


@pytest.mark.parametrize("text", ["{", "[]", "null", '{"PROGRAM": 1}', '{"PROGRAM": {"encoders": 1}}'])
def test_a_damaged_memory_is_none(stand_in, tmp_path, text):
    """It is as if nothing had been remembered, and is written anew."""
    program = stand_in(works=("h264_nvenc",))
    memory = tmp_path / "encoders.json"
    memory.write_text(text.replace("PROGRAM", str(program)))
    _choose(program, EncoderFamily.NVIDIA, cache_dir=tmp_path)
    assert ("h264_nvenc", ["h264_nvenc"]) == (
        _choose(program, EncoderFamily.NVIDIA, cache_dir=tmp_path),
        encodes(program),
    )


def test_a_folder_that_cannot_be_written_does_no_harm(stand_in, tmp_path):
    """Everything is tried each time."""
    (tmp_path / "file").write_text("not a folder")
    program = stand_in(works=("h264_nvenc",))
    chosen = [_choose(program, EncoderFamily.NVIDIA, cache_dir=tmp_path / "file" / "cache") for _ in range(2)]
    assert (["h264_nvenc"] * 2, ["h264_nvenc"] * 2) == (chosen, encodes(program))


def test_a_cancelled_check_stops_and_remembers_nothing(stand_in, tmp_path):
    """A trial in the middle is ended."""
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        check_encoders(stand_in(works=("h264_nvenc",)), Codec.H264, cache_dir=tmp_path, cancel=cancel)
    assert ([], False) == (left_behind(), (tmp_path / "encoders.json").exists())


def test_an_ffmpeg_that_does_not_run_is_a_sentence(tmp_path):
    """As everywhere else."""
    with pytest.raises(ToolError, match="does not run"):
        _choose(tmp_path / "nowhere")


def _job(encoder: str) -> list[str]:
    """Return the arguments of a small encode as a job makes it, of three segments."""
    options = video_options(encoder, "medium", (encoder_check.TRIAL,), dynamic_range=DynamicRange.SDR)
    words = [word for name, value in options.items() for word in (f"-{name}", str(value))]
    slave = "[f=hls:hls_time=2:hls_list_size=0:hls_flags=temp_file:hls_segment_filename=seg_%03d.ts]index.m3u8"
    return [
        *("-f", "lavfi", "-i", "testsrc2=size=160x90:rate=25:duration=6", *words, "-map", "0"),
        *("-force_key_frames", "expr:gte(t,n_forced*2)", "-f", "tee", slave),
    ]


@pytest.mark.parametrize(
    "encoder", [name for names in HARDWARE.values() for name in names if not name.endswith("vaapi")]
)
def test_the_stand_in_encodes(stand_in, tmp_path, encoder):
    """With every option that the hardware would be given, it makes a whole stream."""
    program = stand_in(works=(encoder,))
    arguments = [word.replace(".ts", ".m4s").replace("f=hls", "f=hls:hls_segment_type=fmp4") for word in _job(encoder)]
    process.run_ffmpeg(program, arguments, cwd=tmp_path, cancel=CancelToken())
    assert (3, [encoder]) == (len(list(tmp_path.glob("seg_*.m4s"))), encodes(program))


@pytest.mark.parametrize("segments", [0, 2], ids=["at once", "in the middle"])
def test_the_stand_ins_card_can_go(stand_in, tmp_path, segments):
    """For good; the processor's encoder then does the work."""
    program = stand_in(works=("h264_nvenc",), breaks_after=segments)
    for _ in range(2):
        with pytest.raises(FfmpegError) as failed:
            process.run_ffmpeg(program, _job("h264_nvenc"), cwd=tmp_path, cancel=CancelToken())
        assert "the graphics card has gone" in failed.value.words
    left = len(list(tmp_path.glob("seg_*.ts")))
    process.run_ffmpeg(program, _job("libx264"), cwd=tmp_path, cancel=CancelToken())
    assert (True, 3) == (segments <= left, len(list(tmp_path.glob("seg_*.ts"))))
