"""What a preset sets, in a line for people. Pure."""

from __future__ import annotations

from pipeline.job import AudioRequest, Codec, EncoderFamily, EncodingRequest, RateControl
from pipeline.media.encode.encoder_check import CODEC_NAMES, FAMILY_NAMES
from pipeline.presets.preset import PresetSettings


def summary(settings: PresetSettings) -> str:
    """Return in words what a preset makes, and what of it is not as usual."""
    speech = settings.transcription
    made = ["all qualities up to 1080p" if settings.qualities is None else " ".join(settings.qualities)]
    words = ["audio only"] if settings.audio_only else made
    words += _coded(settings)
    words += ["MP4"] if settings.make_mp4 and not settings.audio_only else []
    words += [] if speech is None else [f"captions ({speech.model})"]
    words += ["captions in English"] if speech is not None and speech.translate else []
    return ", ".join(words)


def coding_summary(settings: PresetSettings) -> str:
    """Return in words how a preset encodes what it makes, and what of that is not as usual."""
    return ", ".join(_coded(settings))


def _coded(settings: PresetSettings) -> list[str]:
    bars = ["black bars"] if settings.black_bars else []
    return [*([] if settings.audio_only else [*_video(settings.encoding), *bars]), *_audio(settings.audio)]


def _audio(audio: AudioRequest) -> list[str]:
    words = ["5.1 audio"] if audio.surround else []
    words += [] if audio.loudness_lufs is None else [f"{audio.loudness_lufs:g} LUFS"]
    return words + (["audio map"] if audio.audio_map else [])


def _video(encoding: EncodingRequest) -> list[str]:
    words = [CODEC_NAMES[encoding.codec]]
    words += [] if encoding.target_vmaf is None else [f"VMAF {encoding.target_vmaf:g}"]
    words += ["fitting qualities"] if encoding.fit_ladder else []
    words += ["average bit rate"] if encoding.rate_control is RateControl.ABR else []
    words += [] if encoding.preset == EncodingRequest.preset else [f"preset {encoding.preset}"]
    if encoding.encoder is not EncoderFamily.AUTO:
        words.append("on the processor" if encoding.encoder is EncoderFamily.CPU else FAMILY_NAMES[encoding.encoder])
    words += ["HDR kept"] if encoding.keep_hdr and encoding.codec is not Codec.H264 else []
    words += ["original kept where possible"] if encoding.copy_top else []
    words += [] if encoding.segment_type is None else [f"{encoding.segment_type.value} segments"]
    return words
