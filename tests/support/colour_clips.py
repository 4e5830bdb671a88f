"""Clips of eight patches side by side, in the colours that sources of each kind have, made by the real ffmpeg.

The numbers of a source are reckoned here by the standards' own formulas (ITU-R BT.601, BT.709, BT.2020, BT.2100; SMPTE
RP 431-2 and EG 432-1), not by ffmpeg: what a patch is on an ordinary screen is known beforehand.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.media.ffmpeg.process import find_ffmpeg

PATCHES = np.array(
    [
        (255, 0, 0),
        (0, 255, 0),
        (0, 0, 255),
        (255, 255, 255),
        (128, 128, 128),
        (224, 172, 105),
        (40, 60, 90),
        (180, 60, 160),
    ],
    np.float64,
)
"""Red, green, blue, white, grey, skin, slate and plum in sRGB."""

RATE, FRAMES = 25, 25
LUMA = {"bt709": (0.2126, 0.0722), "bt601": (0.299, 0.114), "bt2020nc": (0.2627, 0.0593)}
"""How much of luma red and blue are, by matrix."""

CHROMATICITIES = {
    "bt709": ((0.640, 0.330), (0.300, 0.600), (0.150, 0.060)),
    "bt2020": ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046)),
    "smpte432": ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),
}
D65 = (0.3127, 0.3290)

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Form:
    """In which form a source has its colours: pixel format, matrix (None for RGB), range, primaries, PQ or not."""

    pixels: str = "yuv420p"
    matrix: str | None = "bt601"
    full: bool = False
    primaries: str = "bt709"
    pq: bool = False


@dataclass(frozen=True, kw_only=True)
class Clip:
    """A clip: its form, its size, its name, how it is encoded, what it says of its colours (of nothing nothing),
    how many frames.
    """

    name: str
    codec: tuple[str, ...]
    size: tuple[int, int] = (1280, 720)
    form: Form = Form()
    tags: str = ""
    bitstream: tuple[str, ...] = ()
    frames: int = FRAMES


def nearly_lossless(*more: str) -> tuple[str, ...]:
    """Return the arguments of H.264 whose colours are those that went in."""
    return ("-c:v", "libx264", "-qp", "2", "-preset", "ultrafast", *more)


HEVC = ("-c:v", "libx265", "-preset", "ultrafast", "-crf", "4", "-tag:v", "hvc1", "-x265-params", "log-level=error")
PAL, NTSC = (720, 576), (720, 480)
HD709 = Form(matrix="bt709")
RGB = Form(pixels="rgb24", matrix=None)
XYZ = Form(pixels="xyz12le", matrix=None)
"""Digital cinema's X'Y'Z' (SMPTE ST 428-1), of screens with a power of 2.2, which is what ffmpeg makes RGB by."""

WIDE = Form(pixels="yuv420p10le", matrix="bt2020nc", primaries="bt2020")
HDR10 = Form(pixels="yuv420p10le", matrix="bt2020nc", primaries="bt2020", pq=True)
HDR_TAGS = "color_primaries=bt2020:color_trc=smpte2084:colorspace=bt2020nc"

CLIPS = {
    "untagged pal": Clip(name="a.mp4", codec=nearly_lossless(), size=PAL),
    "untagged ntsc": Clip(name="a.mp4", codec=nearly_lossless(), size=NTSC),
    "untagged hd": Clip(name="a.mp4", codec=nearly_lossless(), form=HD709),
    "tagged 601": Clip(
        name="a.mp4", codec=nearly_lossless(), size=PAL,
        tags="color_primaries=bt470bg:color_trc=smpte170m:colorspace=bt470bg:range=tv"
    ),
    "tagged 709 in sd": Clip(
        name="a.mkv", codec=nearly_lossless(), size=PAL, form=HD709,
        tags="color_primaries=bt709:color_trc=bt709:colorspace=bt709"
    ),
    "tagged in part": Clip(name="a.mp4", codec=nearly_lossless(), tags="colorspace=smpte170m:range=tv"),
    "full range": Clip(
        name="a.mp4",
        codec=nearly_lossless(),
        form=Form(matrix="bt709", full=True),
        tags="color_primaries=bt709:color_trc=bt709:colorspace=bt709:range=pc",
    ),
    "mjpeg": Clip(
        name="a.avi", codec=("-c:v", "mjpeg", "-q:v", "2", "-strict", "-1"), form=Form(full=True), tags="range=pc",
    ),
    "quicktime animation": Clip(name="a.mov", codec=("-c:v", "qtrle"), form=RGB),
    "png": Clip(name="a.mov", codec=("-c:v", "png"), form=RGB),
    "rgb in h264": Clip(name="a.mkv", codec=("-c:v", "libx264rgb", "-qp", "0", "-preset", "ultrafast"), form=RGB),
    "bt2020 in sdr": Clip(
        name="a.mp4", codec=HEVC, form=WIDE, tags="color_primaries=bt2020:color_trc=bt709:colorspace=bt2020nc:range=tv",
    ),
    "display p3": Clip(
        name="a.mov",
        codec=nearly_lossless(),
        form=Form(matrix="bt709", primaries="smpte432"),
        tags="color_primaries=smpte432:color_trc=bt709:colorspace=bt709:range=tv",
    ),
    "dci p3": Clip(  # its white is that of the projector: it is shown as the screen's own
        name="a.mov",
        codec=nearly_lossless(),
        form=Form(matrix="bt709", primaries="smpte432"),
        tags="color_primaries=smpte431:color_trc=bt709:colorspace=bt709:range=tv",
    ),
    "display p3 in rgb": Clip(
        name="a.mov", codec=("-c:v", "png"), form=Form(pixels="rgb24", matrix=None, primaries="smpte432"),
        tags="color_primaries=smpte432"
    ),
    "digital cinema": Clip(
        name="a.mov", codec=("-c:v", "libopenjpeg", "-format", "j2k", "-cinema_mode", "2k_24", "-r", "24"),
        size=(1998, 1080), form=XYZ, frames=4,
    ),
    "dv": Clip(name="a.dv", codec=("-c:v", "dvvideo"), size=PAL),
    "wmv": Clip(name="a.wmv", codec=("-c:v", "wmv2", "-q:v", "1"), size=PAL),
    "dvd": Clip(name="a.vob", codec=("-c:v", "mpeg2video", "-q:v", "1"), size=PAL),
    "prores without tags of its own": Clip(
        name="a.mov",
        codec=("-c:v", "prores_ks", "-pix_fmt", "yuv422p10le"),
        form=Form(pixels="yuv422p10le"),
        tags="color_primaries=bt470bg:color_trc=smpte170m:colorspace=smpte170m:range=tv",
        bitstream=("-bsf:v", "prores_metadata=color_primaries=unknown:color_trc=unknown:colorspace=unknown"),
    ),
}  # fmt: skip
"""All whose patches are known on an ordinary screen."""

MASTERED = (
    *HEVC[:-1],
    f"{HEVC[-1]}:master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,1):max-cll=1000,400",
)
"""With what the screen could show on which it was mastered (SMPTE ST 2086), and how bright it gets."""

HDR_CLIPS = {
    "hdr10": Clip(name="a.mp4", codec=MASTERED, form=HDR10, tags=f"{HDR_TAGS}:range=tv"),
    "hdr10 in full range": Clip(
        name="a.mp4", codec=HEVC,
        form=Form(pixels="yuv420p10le", matrix="bt2020nc", primaries="bt2020", pq=True, full=True),
        tags=f"{HDR_TAGS}:range=pc",
    ),
    "p3 in pq": Clip(
        name="a.mp4", codec=HEVC, form=Form(pixels="yuv420p10le", matrix="bt2020nc", primaries="smpte432", pq=True),
        tags="color_primaries=smpte432:color_trc=smpte2084:colorspace=bt2020nc:range=tv",
    ),
}  # fmt: skip
"""The same light in three forms: how it is brought down to an ordinary screen is a matter of taste, but of one."""


def make_clip(clip: Clip, folder: Path) -> Path:
    """Make a clip in a folder and return it."""
    width, height = clip.size
    target = folder / clip.name
    entered = [
        "-f",
        "rawvideo",
        "-pix_fmt",
        clip.form.pixels,
        "-s",
        f"{width}x{height}",
        "-framerate",
        str(RATE),
        "-i",
        "-",
    ]
    named = "color_primaries=unknown:color_trc=unknown:colorspace=unknown" if not clip.tags else clip.tags
    made = [*clip.codec, "-aspect", "16:9", *_encoded_range(clip), "-frames:v", str(clip.frames)]
    first = target.with_stem("first") if clip.bitstream else target
    _run([*entered, "-vf", f"setparams={named}", *made, f"file:{first}"], _frame(clip) * clip.frames)
    if clip.bitstream:
        _run(["-i", str(first), "-c", "copy", *clip.bitstream, f"file:{target}"])
    return target


def _encoded_range(clip: Clip) -> tuple[str, ...]:
    return ("-color_range", "pc") if "range=pc" in clip.tags else ()


def _run(arguments: Sequence[str], data: bytes | None = None) -> None:
    subprocess.run([str(find_ffmpeg("")), "-v", "error", "-y", *arguments], input=data, check=True)


def _frame(clip: Clip) -> bytes:
    width, height = clip.size
    form = clip.form
    signal = patch_signal(form)
    columns = np.arange(width) * len(PATCHES) // width
    if form is XYZ:  # the upper 12 of 16 bits
        numbers = (np.rint(signal * 4095).astype("<u2") << 4)[columns]
        return np.tile(numbers, (height, 1, 1)).tobytes()
    if form.matrix is None:
        return np.tile(np.rint(signal * 255).astype(np.uint8)[columns], (height, 1, 1)).tobytes()
    bits = 10 if "10le" in form.pixels else 8
    numbers = to_numbers(signal, form.matrix, full=form.full, bits=bits)[columns].astype(
        "<u2" if bits > 8 else np.uint8
    )
    rows = height if "422" in form.pixels else height // 2
    chroma = [np.tile(numbers[::2, plane], (rows, 1)).tobytes() for plane in (1, 2)]
    return np.tile(numbers[:, 0], (height, 1)).tobytes() + b"".join(chroma)


def patch_signal(form: Form) -> Floats:
    """Return R'G'B' of the patches, 0 to 1, in a form's primaries and transfer; X'Y'Z' where it has these."""
    signal = PATCHES / 255
    if form is XYZ:
        return np.asarray((signal**2.2 @ _to_xyz("bt709").T * 48 / 52.37) ** (1 / 2.6))
    if form.primaries == "bt709" and not form.pq:
        return signal
    light = np.where(signal <= 0.04045, signal / 12.92, ((signal + 0.055) / 1.055) ** 2.4)
    light = np.clip(light @ (np.linalg.inv(_to_xyz(form.primaries)) @ _to_xyz("bt709")).T, 0, 1)
    if form.pq:  # white at 203 cd/m2 (ITU-R BT.2408)
        power = (light * 203 / 10_000) ** (2610 / 16384)
        return np.asarray(((3424 / 4096 + 2413 / 128 * power) / (1 + 2392 / 128 * power)) ** (2523 / 32))
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)


def shown(clip: Clip) -> Floats:
    """Return the patches on an ordinary screen, 0 to 255: what was asked for,
    but for the rounding of the clip's numbers.

    That is worth five of 255 where a dark tone of one set of primaries stands for none of another.
    """
    form, bits = clip.form, 10 if "10le" in clip.form.pixels else 8
    if form is XYZ:
        return PATCHES
    signal = patch_signal(form)
    if form.matrix is None:
        signal = np.rint(signal * 255) / 255
    else:
        signal = (
            to_rgb(to_numbers(signal, form.matrix, full=form.full, bits=bits), form.matrix, full=form.full, bits=bits)
            / 255
        )
    light = np.where(signal <= 0.04045, signal / 12.92, ((np.maximum(signal, 0) + 0.055) / 1.055) ** 2.4)
    light = np.clip(light @ (np.linalg.inv(_to_xyz("bt709")) @ _to_xyz(form.primaries)).T, 0, 1)
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055) * 255


def to_numbers(signal: Floats, matrix: str, *, full: bool, bits: int) -> NDArray[np.int64]:
    """Return Y'CbCr of R'G'B' in whole numbers (ITU-T H.273, 8.3)."""
    red, blue = LUMA[matrix]
    luma = signal @ np.array([red, 1 - red - blue, blue])
    colour = [(signal[:, 2] - luma) / (2 - 2 * blue), (signal[:, 0] - luma) / (2 - 2 * red)]
    unit, top = 1 << (bits - 8), (1 << bits) - 1
    middle = 128 * unit
    planes = (
        [luma * top, *(c * top + middle for c in colour)]
        if full
        else [(16 + 219 * luma) * unit, *((128 + 224 * c) * unit for c in colour)]
    )
    return np.rint(np.clip(np.stack(planes, axis=1), 0, top)).astype(np.int64)


def to_rgb(numbers: NDArray[Any], matrix: str, *, full: bool = False, bits: int = 8) -> Floats:
    """Return R'G'B' 0 to 255 of Y'CbCr."""
    red, blue = LUMA[matrix]
    unit, top = 1 << (bits - 8), (1 << bits) - 1
    black, white, colours = (0, top, top) if full else (16 * unit, 219 * unit, 224 * unit)
    luma, cb, cr = (
        (numbers[:, 0] - black) / white,
        (numbers[:, 1] - 128 * unit) / colours,
        (numbers[:, 2] - 128 * unit) / colours,
    )
    r, b = luma + (2 - 2 * red) * cr, luma + (2 - 2 * blue) * cb
    return np.asarray(np.clip(np.stack([r, (luma - red * r - blue * b) / (1 - red - blue), b], axis=1) * 255, 0, 255))


def _to_xyz(primaries: str) -> Floats:
    """Return the matrix from linear RGB to XYZ (SMPTE RP 177)."""
    columns = np.array([(x / y, 1.0, (1 - x - y) / y) for x, y in (*CHROMATICITIES[primaries], D65)]).T
    return np.asarray(columns[:, :3] * np.linalg.solve(columns[:, :3], columns[:, 3]))


class ColourClips:
    """Makes each clip once, in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made: dict[str, Path] = {}

    def __call__(self, kind: str) -> Path:
        """Return the clip of that kind."""
        if kind not in self._made:
            place = self._folder / str(len(self._made))
            place.mkdir()
            self._made[kind] = make_clip((CLIPS | HDR_CLIPS)[kind], place)
        return self._made[kind]
