"""Finds out which encoders this machine really has, by trying each, and remembers it. Knows nothing of a job."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from pipeline.cancel import CancelToken
from pipeline.errors import EncodeError, FfmpegError, OutputError, Problem, Setting, SettingsError, ToolError
from pipeline.files import write_whole
from pipeline.job import Codec, EncoderFamily
from pipeline.media.encode.encoders import (
    ENCODERS,
    FAMILIES,
    codec_of,
    family_of,
    global_options,
    pixel_format,
    upload_filters,
    video_options,
)
from pipeline.media.ffmpeg.process import ffmpeg_encoders, ffmpeg_version, run_ffmpeg
from pipeline.media_info import DynamicRange
from pipeline.model import Rendition

TRIAL_LIMIT_S = 10.0
"""How long an encoder may take for a tenth of a second of video: a driver that hangs would hold up every job."""

TRIAL = Rendition(
    name="trial",
    width=640,
    height=360,
    frame_width=640,
    frame_height=360,
    bit_rate=800_000,
    max_bit_rate=900_000,
    buffer_size=1_200_000,
)

MEMORY = "encoders.json"

MEMORY_FORM = 2
"""What is remembered of an encoder: ffmpeg's words.

In the first form it was what they mean, which is no longer understood.
"""

FAMILY_NAMES = {
    EncoderFamily.NVIDIA: "NVIDIA NVENC",
    EncoderFamily.INTEL: "Intel Quick Sync",
    EncoderFamily.AMD: "AMD AMF",
    EncoderFamily.APPLE: "Apple VideoToolbox",
    EncoderFamily.VAAPI: "VA-API",
    EncoderFamily.CPU: "Processor",
}
CODEC_NAMES = {Codec.H264: "H.264", Codec.HEVC: "HEVC", Codec.AV1: "AV1"}

NOT_IN_FFMPEG = "not in this ffmpeg"

NO_ANSWER = "no answer within"
"""How the words begin that `run_ffmpeg` has for a driver that hangs."""

GRAPHICS_DEVICES = Path("/dev/dri")
"""Where Linux has the devices that VA-API and Quick Sync open."""

NO_PERMISSION = "permission denied for the graphics device"

# what ffmpeg says where an encoder can't be opened, by makers, and what that means; the first that is found in its
# words counts. From libavcodec/nvenc.c, qsv.c, amfenc.c, videotoolboxenc.c, vaapi_encode.c and libavutil/hwcontext_*.c
# of ffmpeg 5.1 to 9.
_NO_NVIDIA_DRIVER = "no NVIDIA driver on this machine"
_NO_NVIDIA_CARD = "no NVIDIA card here can do it"
_NVIDIA_BUSY = "the NVIDIA card has no room for one more encode"
_NO_QUICK_SYNC = "no Intel Quick Sync on this machine"
_NO_AMD_DRIVER = "no AMD driver on this machine"
_NO_AMD_CARD = "no AMD card here can do it"
_FORBIDDEN = "this user may not use the graphics card: add them to the group render"
_NO_VAAPI_DEVICE = "no VA-API device on this machine"
_MEANINGS: Mapping[EncoderFamily, tuple[tuple[str, str], ...]] = {
    EncoderFamily.NVIDIA: (
        ("cannot load libcuda", _NO_NVIDIA_DRIVER),
        ("cannot load nvcuda", _NO_NVIDIA_DRIVER),
        ("cannot load libnvidia-encode", _NO_NVIDIA_DRIVER),
        ("cannot load nvencodeapi", _NO_NVIDIA_DRIVER),
        ("could not dynamically load cuda", _NO_NVIDIA_DRIVER),
        ("cuda_error_no_device", _NO_NVIDIA_CARD),
        ("capable devices found", _NO_NVIDIA_CARD),
        ("no device available for encoding", _NO_NVIDIA_CARD),
        ("unsupported device", _NO_NVIDIA_CARD),
        ("does not support nvenc", _NO_NVIDIA_CARD),
        ("doesn't support required nvenc features", _NO_NVIDIA_CARD),
        ("codec not supported", _NO_NVIDIA_CARD),
        ("10 bit encode not supported", _NO_NVIDIA_CARD),
        ("driver does not support the required nvenc api", "the NVIDIA driver is too old for this ffmpeg"),
        ("invalid version", "the NVIDIA driver is too old for this ffmpeg"),
        ("out of memory", _NVIDIA_BUSY),
        # the number of sessions that the driver allows at a time
        ("incompatible client key", _NVIDIA_BUSY),
        ("cuinit", "the NVIDIA driver does not answer: restart this computer"),
    ),
    EncoderFamily.INTEL: (
        (NO_PERMISSION, _FORBIDDEN),
        ("mfx session", _NO_QUICK_SYNC),
        ("mfx loader", _NO_QUICK_SYNC),
        ("mfx configuration", _NO_QUICK_SYNC),
        ("failed to create a vaapi device", _NO_QUICK_SYNC),
        ("no va display found", _NO_QUICK_SYNC),
        ("device creation fail", _NO_QUICK_SYNC),
        ("error initializing the encoder", "no Intel graphics here can do it"),
        ("is unsupported", "no Intel graphics here can do it"),
        ("not supported", "no Intel graphics here can do it"),
    ),
    EncoderFamily.AMD: (
        ("libamfrt", _NO_AMD_DRIVER),
        ("amfrt64", _NO_AMD_DRIVER),
        ("amfrt32", _NO_AMD_DRIVER),
        ("createcontext", _NO_AMD_CARD),
        ("createcomponent", _NO_AMD_CARD),
        ("amf failed to initialise", _NO_AMD_CARD),
        ("amf initialisation", _NO_AMD_CARD),
        ("hardware device context", _NO_AMD_CARD),
        ("encoder->init() failed", _NO_AMD_CARD),
    ),
    EncoderFamily.APPLE: (
        ("compression session", "this Mac's hardware can't do it"),
        ("cannot prepare encoder", "this Mac's hardware can't do it"),
        ("hardware encoder may be busy", "this Mac's encoder is busy"),
    ),
    EncoderFamily.VAAPI: (
        (NO_PERMISSION, _FORBIDDEN),
        ("no va display found", _NO_VAAPI_DEVICE),
        ("open a va display", _NO_VAAPI_DEVICE),
        ("as drm device node", _NO_VAAPI_DEVICE),
        # libva tells its own words to nobody at our log level, and ffmpeg only a number
        ("device creation fail", _NO_VAAPI_DEVICE),
        ("failed to initialise vaapi connection", "no VA-API driver on this machine fits its graphics card"),
        ("no usable encoding", "no graphics card here can do it by VA-API"),
        ("not supported by driver", "no graphics card here can do it by VA-API"),
        ("driver does not support", "no graphics card here can do it by VA-API"),
        ("libva-", "no VA-API on this machine"),
    ),
}

_UNKNOWN = "it is there, but does not work on this machine"


class EncoderStatus(str, Enum):
    """What came of trying an encoder."""

    WORKS = "works"
    MISSING = "missing"
    FAILS = "fails"


@dataclass(frozen=True, kw_only=True)
class EncoderResult:
    """One encoder on this machine.

    `encoder` is ffmpeg's name of it; `reason` says why it does not work, else empty; `words` are ffmpeg's own of that,
    for whoever looks for the fault.
    """

    codec: Codec
    family: EncoderFamily
    encoder: str
    status: EncoderStatus
    reason: str = ""
    words: str = ""


def check_encoders(
    ffmpeg: Path, codec: Codec, *, cache_dir: Path | None, cancel: CancelToken, again: bool = False
) -> tuple[EncoderResult, ...]:
    """Return what each encoder of a codec can do here, in the order in which `auto` would take them.

    Args:
        ffmpeg: the program.
        codec: what is to be encoded.
        cache_dir: where the answers are remembered for this ffmpeg; None remembers nothing.
        cancel: ends a trial.
        again: try all of them even if the answers are remembered: a driver may have come or gone.

    Raises:
        ToolError: ffmpeg does not run.
        Cancelled: the job was cancelled.
    """
    wanted = [ENCODERS[codec][family] for family in FAMILIES if family in ENCODERS[codec]]
    return _results(ffmpeg, wanted, cache_dir, cancel, again=again)


def choose_encoder(
    ffmpeg: Path, codec: Codec, family: EncoderFamily, *, cache_dir: Path | None, cancel: CancelToken
) -> str:
    """Return ffmpeg's name of the encoder to use: the one asked for, or for AUTO the first that works.

    Raises:
        SettingsError: the hardware that was asked for can't encode this here.
        ToolError: this ffmpeg has no encoder on the processor for it, or does not run.
        Cancelled: the job was cancelled.
    """
    if family is EncoderFamily.AUTO:
        results = check_encoders(ffmpeg, codec, cache_dir=cache_dir, cancel=cancel)
        working = preferred(results)
        if working is None:
            raise _useless(ffmpeg, results[-1])
        return working.encoder
    what = f"{FAMILY_NAMES[family]} can't encode {CODEC_NAMES[codec]} here"
    if family not in ENCODERS[codec]:
        text = f"{what} (ffmpeg has no such encoder): choose automatic or the processor (auto or cpu)."
        raise SettingsError(Problem(text=text, setting=Setting.ENCODER))
    (result,) = _results(ffmpeg, [ENCODERS[codec][family]], cache_dir, cancel)
    if result.status is EncoderStatus.WORKS:
        return result.encoder
    if family is EncoderFamily.CPU:
        raise _useless(ffmpeg, result)
    text = f"{what} ({result.reason}): choose automatic or the processor (auto or cpu), or run doctor to try it again."
    raise SettingsError(Problem(text=text, setting=Setting.ENCODER))


def preferred(results: Sequence[EncoderResult]) -> EncoderResult | None:
    """Return the one that `auto` takes, None where none works."""
    return next((result for result in results if result.status is EncoderStatus.WORKS), None)


def _useless(ffmpeg: Path, result: EncoderResult) -> ToolError:
    what = (
        f"lacks {result.encoder}"
        if result.status is EncoderStatus.MISSING
        else f"can't use {result.encoder} ({result.reason})"
    )
    return ToolError(
        f"{ffmpeg} {what}, which {CODEC_NAMES[result.codec]} needs: name another ffmpeg with FFMPEG_PATH in .env."
    )


def _results(
    ffmpeg: Path, encoders: Sequence[str], cache_dir: Path | None, cancel: CancelToken, *, again: bool = False
) -> tuple[EncoderResult, ...]:
    identity = _identity(ffmpeg)
    remembered = _recall(cache_dir, ffmpeg, identity)
    unknown = [encoder for encoder in encoders if again or encoder not in remembered]
    if unknown:
        present = ffmpeg_encoders(ffmpeg)
        found = {
            encoder: _trial(ffmpeg, encoder, cancel) if encoder in present else NOT_IN_FFMPEG for encoder in unknown
        }
        remembered |= found
        _remember(cache_dir, ffmpeg, identity, remembered)
    return tuple(_result(encoder, remembered[encoder]) for encoder in encoders)


def _result(encoder: str, words: str) -> EncoderResult:
    status = EncoderStatus.MISSING if words == NOT_IN_FFMPEG else EncoderStatus.FAILS if words else EncoderStatus.WORKS
    family = family_of(encoder)
    reason = _meaning(words, family) if status is EncoderStatus.FAILS else words
    return EncoderResult(
        codec=codec_of(encoder), family=family, encoder=encoder, status=status, reason=reason, words=words
    )


def _trial(ffmpeg: Path, encoder: str, cancel: CancelToken) -> str:
    """Encode a tenth of a second to nowhere, as a real job would; return what ffmpeg said if it failed."""
    try:
        run_ffmpeg(
            ffmpeg, _trial_arguments(encoder), cwd=Path(tempfile.gettempdir()), cancel=cancel, limit_s=TRIAL_LIMIT_S
        )
    except EncodeError as error:
        forbidden = family_of(encoder) in (EncoderFamily.INTEL, EncoderFamily.VAAPI) and _devices_are_forbidden()
        words = error.words if isinstance(error, FfmpegError) else str(error)
        return f"{words} ({NO_PERMISSION})" if forbidden else words
    return ""


def _devices_are_forbidden() -> bool:
    """Whether there are graphics devices but this user may open none, which ffmpeg tells as if none were there."""
    nodes = list(GRAPHICS_DEVICES.glob("renderD*"))
    return bool(nodes) and not any(os.access(node, os.R_OK | os.W_OK) for node in nodes)


def _trial_arguments(encoder: str) -> list[str]:
    import ffmpeg as ffmpeg_python  # when first used: the window, which tries nothing as it opens, does without

    video = ffmpeg_python.input(f"testsrc2=size={TRIAL.width}x{TRIAL.height}:rate=25:duration=0.1", format="lavfi")
    video = video.filter("format", pixel_format(encoder, DynamicRange.SDR))
    for name, arguments in upload_filters(encoder):
        video = video.filter(name, **arguments)
    options = video_options(encoder, "medium", (TRIAL,), dynamic_range=DynamicRange.SDR)
    return [*global_options(encoder), *ffmpeg_python.output(video, "-", format="null", **options).get_args()]


def _meaning(words: str, family: EncoderFamily) -> str:
    """Return what ffmpeg's words mean; its own are nothing for an editor to read."""
    said = words.lower()
    if said.startswith(NO_ANSWER):
        return words
    return next((meaning for sign, meaning in _MEANINGS.get(family, ()) if sign in said), _UNKNOWN)


def _identity(ffmpeg: Path) -> dict[str, Any]:
    """Return what changes when this ffmpeg becomes another one. Raises ToolError."""
    version = ffmpeg_version(ffmpeg)
    file = ffmpeg.stat()
    return {"version": version, "size_bytes": file.st_size, "mtime_ns": file.st_mtime_ns, "form": MEMORY_FORM}


def _recall(cache_dir: Path | None, ffmpeg: Path, identity: dict[str, Any]) -> dict[str, str]:
    """Return what was remembered of this very ffmpeg: what it said of each encoder, empty where it works."""
    entry = _entries(cache_dir).get(str(ffmpeg))
    if not isinstance(entry, dict) or {name: entry.get(name) for name in identity} != identity:
        return {}
    reasons = entry.get("encoders")
    if not isinstance(reasons, dict):
        return {}
    return {encoder: reason for encoder, reason in reasons.items() if isinstance(reason, str)}


def _entries(cache_dir: Path | None) -> dict[str, Any]:
    if cache_dir is None:
        return {}
    try:
        entries = json.loads((cache_dir / MEMORY).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return entries if isinstance(entries, dict) else {}


def _remember(cache_dir: Path | None, ffmpeg: Path, identity: dict[str, Any], reasons: dict[str, str]) -> None:
    if cache_dir is None:
        return
    entries = _entries(cache_dir) | {str(ffmpeg): identity | {"encoders": reasons}}
    # what can't be remembered is tried again the next time
    with contextlib.suppress(OSError, OutputError):
        cache_dir.mkdir(parents=True, exist_ok=True)
        write_whole(cache_dir / MEMORY, json.dumps(entries, indent=2) + "\n")
