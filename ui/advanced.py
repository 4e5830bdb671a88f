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
from pipeline.plan import TARGET_VMAF
from ui.preferences import Preferences

T = TypeVar("T")


class Aim(str, Enum):
    """What the encoder aims at."""

    QUALITY = "quality"
    MEASURED = "measured"
    BIT_RATE = "bit rate"


class LoudnessTarget(str, Enum):
    """How loud the audio becomes; the values are LUFS where there are any."""

    UNCHANGED = "unchanged"
    STREAMING = "-14"
    PODCAST = "-16"
    BROADCAST = "-23"

    @property
    def lufs(self) -> float | None:
        """The loudness to bring the audio to, None to leave it."""
        return None if self is LoudnessTarget.UNCHANGED else float(self.value)


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
    LoudnessTarget.UNCHANGED: "As it is",
    LoudnessTarget.PODCAST: "-16 LUFS (web, podcasts)",
    LoudnessTarget.BROADCAST: "-23 LUFS (broadcast, EBU R128)",
    LoudnessTarget.STREAMING: "-14 LUFS (music services, loud)",
}

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
    """Every value of the section as it stands; typed were `target`, a VMAF, and `audio_tracks`, numbers."""

    encoder: EncoderFamily = EncoderFamily.AUTO
    codec: Codec = Codec.H264
    keep_hdr: bool = False
    copy_top: bool = False
    aim: Aim = Aim.QUALITY
    target: str = f"{DEFAULT_TARGET:g}"
    loudness: LoudnessTarget = LoudnessTarget.UNCHANGED
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
    return AudioRequest(surround=values.surround, loudness_lufs=values.loudness.lufs)


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
        "average bit rate": values.aim is Aim.BIT_RATE,
        _name(LOUDNESS_LABELS[values.loudness]): values.loudness is not LoudnessTarget.UNCHANGED,
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
        loudness=next((choice for choice in LoudnessTarget if choice.lufs == audio.loudness_lufs), standard.loudness),
        surround=audio.surround,
        key_file=preferences.key_file,
        key_uri=remembered_address(preferences.key_uri),
        publish_key=preferences.publish_key,
        background=preferences.background,
    )
    return values if values.target_vmaf is not None else replace(values, target=standard.target)


def _name(label: str) -> str:
    """Return a label without what explains it."""
    return label.partition(" (")[0]
