"""What an editor may choose under Advanced, in the editor's words, and what it asks of the pipeline. Pure.

Every default makes the job that the folded section stands for: nothing of it has to be understood to convert a video.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from pipeline.job import AudioRequest, Codec, EncoderFamily, EncodingRequest, Encryption, RateControl
from pipeline.media.encode.encoders import ENCODERS
from pipeline.plan import LOUDNESS_LUFS, TARGET_VMAF
from ui.preferences import Preferences

T = TypeVar("T")


class Aim(str, Enum):
    """What the encoder aims at."""

    QUALITY = "quality"
    MEASURED = "measured"
    BIT_RATE = "bit rate"


ENCODER_LABELS = {
    EncoderFamily.AUTO: "Automatic (hardware where it works)",
    EncoderFamily.CPU: "Processor",
    EncoderFamily.NVIDIA: "NVIDIA",
    EncoderFamily.AMD: "AMD",
    EncoderFamily.INTEL: "Intel",
    EncoderFamily.APPLE: "Apple",
    EncoderFamily.VAAPI: "VA-API (Linux)",
}
CODEC_LABELS = {
    Codec.H264: "H.264 (plays everywhere)",
    Codec.HEVC: "HEVC (smaller, newer devices)",
    Codec.AV1: "AV1 (smallest, newest devices)",
}
AIM_LABELS = {
    Aim.QUALITY: "Automatic",
    Aim.MEASURED: "Measured for this video",
    Aim.BIT_RATE: "Average bit rate",
}
LOUDNESS_LABELS = {
    None: "As it is",
    -16.0: "-16 LUFS (web, podcasts)",
    -23.0: "-23 LUFS (broadcast, EBU R128)",
    -14.0: "-14 LUFS (music services, loud)",
}
"""The loudnesses that can be chosen, in LUFS, and their labels; a preset may have another."""

AIMS = {RateControl.CRF: Aim.QUALITY, RateControl.ABR: Aim.BIT_RATE}
"""What a rate control that was remembered aims at; what is measured has a target beside it."""

DEFAULT_TARGET = 94.0

FOREIGN = {
    "darwin": {EncoderFamily.NVIDIA, EncoderFamily.AMD, EncoderFamily.INTEL, EncoderFamily.VAAPI},
    "win32": {EncoderFamily.APPLE, EncoderFamily.VAAPI},
}
"""Hardware that ffmpeg can't reach on a system; on any other it is Apple's."""


@dataclass(frozen=True, kw_only=True)
class AdvancedValues:
    """Every value of the section as it stands; typed were `target`, a VMAF, and `audio_tracks`, numbers.

    `loudness` is in LUFS, None to leave it as it is.
    """

    encoder: EncoderFamily = EncoderFamily.AUTO
    codec: Codec = Codec.H264
    keep_hdr: bool = False
    copy_top: bool = False
    aim: Aim = Aim.QUALITY
    target: str = f"{DEFAULT_TARGET:g}"
    fit_ladder: bool = False
    loudness: float | None = None
    surround: bool = False
    audio_tracks: str = ""
    encrypt: bool = False
    key_file: str = ""
    key_uri: str = ""
    publish_key: bool = False
    accept_damaged: bool = False
    background: bool = True

    @property
    def hdr_kept(self) -> bool:
        """Whether HDR is kept where there is any: H.264 has none."""
        return self.keep_hdr and self.codec is not Codec.H264

    @property
    def original_kept(self) -> bool:
        """Whether the source's own video is kept where it can be: it is H.264, and one stream has one format."""
        return self.copy_top and self.codec is Codec.H264

    @property
    def target_vmaf(self) -> float | None:
        """The typed target as a number, None where it is none that can be aimed at."""
        try:
            number = float(self.target.replace(",", "."))
        except ValueError:
            return None
        return number if TARGET_VMAF[0] <= number <= TARGET_VMAF[1] else None


def encoder_choices(codec: Codec, platform: str = sys.platform) -> tuple[EncoderFamily, ...]:
    """Return the hardware that can be asked to encode `codec` on a system, in the order of the list."""
    foreign = FOREIGN.get(platform, {EncoderFamily.APPLE})
    return tuple(f for f in ENCODER_LABELS if f is EncoderFamily.AUTO or (f in ENCODERS[codec] and f not in foreign))


def labelled(labels: Mapping[T, str], label: str) -> T:
    """Return the choice that a label stands for."""
    return next(choice for choice, text in labels.items() if text == label)


def loudness_label(lufs: float | None) -> str:
    """Return what a loudness is called in the list."""
    return LOUDNESS_LABELS.get(lufs, f"{lufs!r} LUFS")


def loudness_of(label: str) -> float | None:
    """Return the loudness that a label stands for."""
    if label in LOUDNESS_LABELS.values():
        return labelled(LOUDNESS_LABELS, label)
    return float(label.partition(" ")[0])


def encoding_request(values: AdvancedValues, preset: str) -> EncodingRequest:
    """Return how the video is to be encoded; `values` have no problems."""
    return replace(chosen_encoding(values, preset), keep_hdr=values.hdr_kept, copy_top=values.original_kept)


def chosen_encoding(values: AdvancedValues, preset: str) -> EncodingRequest:
    """Return what was chosen of the encoding, also where another choice rules it out."""
    return EncodingRequest(
        codec=values.codec,
        encoder=values.encoder,
        preset=preset,
        rate_control=RateControl.ABR if values.aim is Aim.BIT_RATE else RateControl.CRF,
        target_vmaf=remembered_target(values) if values.aim is Aim.MEASURED else None,
        fit_ladder=values.fit_ladder and values.aim is Aim.MEASURED,
        keep_hdr=values.keep_hdr,
        copy_top=values.copy_top,
    )


def remembered_target(values: AdvancedValues) -> float:
    """Return the typed target, or the usual one where what was typed is none that can be aimed at."""
    return DEFAULT_TARGET if values.target_vmaf is None else values.target_vmaf


def audio_tracks(values: AdvancedValues) -> tuple[int, ...] | None:
    """Return the numbers of the audio tracks that are wanted, () for all, None where what was typed are no numbers."""
    typed = [part.strip() for part in values.audio_tracks.split(",")] if values.audio_tracks else []
    if not all(part.isascii() and part.isdigit() for part in typed):
        return None
    return tuple(int(part) for part in typed)


def audio_request(values: AdvancedValues) -> AudioRequest:
    """Return how the audio is wanted."""
    return AudioRequest(surround=values.surround, loudness_lufs=values.loudness)


def encryption(values: AdvancedValues) -> Encryption | None:
    """Return how the segments are to be encrypted, None when they are not."""
    if not values.encrypt:
        return None
    return Encryption(key_file=Path(values.key_file), key_uri=values.key_uri, publish_key=values.publish_key)


def changes(values: AdvancedValues) -> tuple[str, ...]:
    """Return a few words for everything that is not as it is by default, to be read while the section is folded."""
    words = {
        _name(ENCODER_LABELS[values.encoder]): values.encoder is not EncoderFamily.AUTO,
        _name(CODEC_LABELS[values.codec]): values.codec is not Codec.H264,
        "HDR kept": values.hdr_kept,
        "original kept where possible": values.original_kept,
        f"quality measured ({values.target})": values.aim is Aim.MEASURED,
        "fitting qualities": values.fit_ladder and values.aim is Aim.MEASURED,
        "average bit rate": values.aim is Aim.BIT_RATE,
        _name(loudness_label(values.loudness)): values.loudness is not None,
        "5.1 audio": values.surround,
        f"audio tracks {values.audio_tracks}": bool(values.audio_tracks),
        "encrypted": values.encrypt and not values.publish_key,
        "encrypted, key uploaded too": values.encrypt and values.publish_key,
        "damaged videos too": values.accept_damaged,
        "at full speed": not values.background,
    }
    return tuple(text for text, changed in words.items() if changed)


def remembered_address(uri: str) -> str:
    """Return a key's address as it may be remembered: none that has something in it that could be a secret."""
    try:
        parts = urlsplit(uri)
    except ValueError:
        return ""
    return "" if parts.query or parts.fragment or "@" in parts.netloc else uri


def advanced_from_preferences(preferences: Preferences, platform: str = sys.platform) -> AdvancedValues:
    """Return what was remembered; what can't be chosen here falls back to its default."""
    standard, encoding, audio = AdvancedValues(), preferences.encoding, preferences.audio
    measured = encoding.target_vmaf is not None
    values = AdvancedValues(
        encoder=encoding.encoder if encoding.encoder in encoder_choices(encoding.codec, platform) else standard.encoder,
        codec=encoding.codec,
        keep_hdr=encoding.keep_hdr,
        copy_top=encoding.copy_top,
        aim=Aim.MEASURED if measured else AIMS[encoding.rate_control],
        target=f"{encoding.target_vmaf if measured else preferences.target_vmaf:g}",
        fit_ladder=encoding.fit_ladder,
        loudness=audio.loudness_lufs if _can_be_reached(audio.loudness_lufs) else standard.loudness,
        surround=audio.surround,
        key_file=preferences.key_file,
        key_uri=remembered_address(preferences.key_uri),
        publish_key=preferences.publish_key,
        background=preferences.background,
    )
    return values if values.target_vmaf is not None else replace(values, target=standard.target)


def with_requests(values: AdvancedValues, encoding: EncodingRequest, audio: AudioRequest) -> AdvancedValues:
    """Return the section as it asks for these, as far as it has fields for them."""
    target = encoding.target_vmaf
    return replace(
        values,
        encoder=encoding.encoder,
        codec=encoding.codec,
        keep_hdr=encoding.keep_hdr,
        copy_top=encoding.copy_top,
        aim=AIMS[encoding.rate_control] if target is None else Aim.MEASURED,
        target=values.target if target is None else repr(target).removesuffix(".0"),
        fit_ladder=encoding.fit_ladder,
        loudness=audio.loudness_lufs,
        surround=audio.surround,
    )


def _can_be_reached(lufs: float | None) -> bool:
    return lufs is None or LOUDNESS_LUFS[0] <= lufs <= LOUDNESS_LUFS[1]


def _name(label: str) -> str:
    """Return a label without what explains it."""
    return label.partition(" (")[0]
