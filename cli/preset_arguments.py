"""A preset as options of the command line: those that are typed as well come after them, and win."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import replace

from cli.encode_options import AUTO, OFF
from pipeline.job import (
    AudioRequest,
    Codec,
    EncoderFamily,
    EncodingRequest,
    MappedAudio,
    RateControl,
    SegmentType,
    TranscriptionRequest,
)
from pipeline.presets.preset import PresetSettings

MEASURING = (EncoderFamily.AUTO, EncoderFamily.CPU)
"""With these a quality can be aimed at."""

Parse = Callable[[Sequence[str]], argparse.Namespace]


def parsed_with_preset(parse: Parse, settings: PresetSettings) -> argparse.Namespace:
    """Return options with a preset's settings; `parse` parses those that are typed behind the arguments it is given.

    A setting of the preset that one of the typed options rules out is left out, rather than refused. What is ruled out
    without a preset, too, is refused as it is there: HDR in H.264, which is the codec if none is named.
    """
    options = parse(preset_arguments(settings))
    left = _not_ruled_out(settings, options)
    return options if left == settings else parse(preset_arguments(left))


def preset_arguments(settings: PresetSettings) -> list[str]:
    """Return a preset's settings as arguments, those at their default too: a list's row overrides others with them."""
    return [
        f"--qualities={AUTO if settings.qualities is None else ','.join(settings.qualities)}",
        _switch("audio-only", settings.audio_only),
        *_encoding(settings.encoding),
        *_audio(settings.audio),
        _switch("black-bars", settings.black_bars),
        _switch("mp4", settings.make_mp4),
        _switch("transcribe", settings.transcription is not None),
        *([] if settings.transcription is None else _speech(settings.transcription)),
    ]


def _encoding(encoding: EncodingRequest) -> list[str]:
    segment_type = encoding.segment_type
    return [
        f"--codec={encoding.codec.value}",
        f"--encoder={encoding.encoder.value}",
        f"--preset={encoding.preset}",
        f"--rate-control={encoding.rate_control.value}",
        f"--target-vmaf={_number(encoding.target_vmaf)}",
        _switch("fit-ladder", encoding.fit_ladder),
        f"--segment-type={AUTO if segment_type is None else segment_type.value}",
        _switch("keep-hdr", encoding.keep_hdr),
        f"--copy-top={AUTO if encoding.copy_top else OFF}",
    ]


def _audio(audio: AudioRequest) -> list[str]:
    tracks = ("+".join(_mapped(part) for part in parts) for parts in audio.audio_map)
    return [
        _switch("surround", audio.surround),
        f"--loudness={_number(audio.loudness_lufs)}",
        f"--audio-map={','.join(tracks)}",
    ]


def _speech(speech: TranscriptionRequest) -> list[str]:
    return [
        f"--model={speech.model}",
        f"--language={speech.language or AUTO}",
        f"--captions-profile={speech.profile.value}",
        _switch("fast", speech.fast),
        _switch("multilingual", speech.multilingual),
        _switch("translate", speech.translate),
    ]


def _switch(name: str, on: bool) -> str:
    return f"--{name}" if on else f"--no-{name}"


def _number(value: float | None) -> str:
    return OFF if value is None else repr(value)


def _mapped(part: MappedAudio) -> str:
    return str(part.track) if part.channel is None else f"{part.track}.{part.channel}"


def _not_ruled_out(settings: PresetSettings, options: argparse.Namespace) -> PresetSettings:
    """Return a preset without what can't be together with an option that says something else than it."""
    encoding, speech = settings.encoding, settings.transcription
    codec, encoder = Codec(options.codec), EncoderFamily(options.encoder)
    if encoding.codec is not codec:
        keeps_hdr = encoding.keep_hdr and codec is not Codec.H264
        segment_type = None if encoding.segment_type is SegmentType.TS else encoding.segment_type
        encoding = replace(encoding, keep_hdr=keeps_hdr, segment_type=segment_type)
    elif options.segment_type == SegmentType.TS.value and encoding.segment_type is not SegmentType.TS:
        encoding = replace(encoding, codec=Codec.H264, keep_hdr=False)  # the only codec in these segments
    averaged = options.rate_control == RateControl.ABR.value
    if encoding.rate_control is RateControl.CRF and (averaged or encoder not in MEASURING):
        encoding = replace(encoding, target_vmaf=None, fit_ladder=False)
    if options.target_vmaf is None:
        encoding = replace(encoding, fit_ladder=False)
    if averaged and encoding.rate_control is RateControl.ABR and options.target_vmaf is not None:
        encoding = replace(encoding, rate_control=RateControl.CRF)
    if options.target_vmaf is not None and encoding.target_vmaf is None and encoding.encoder is encoder:
        encoding = replace(encoding, encoder=encoder if encoder in MEASURING else EncoderFamily.AUTO)
    if speech is not None:
        spoken = options.language not in (None, AUTO)
        if not options.transcribe and options.align is None:
            speech = None
        elif speech.multilingual and (spoken or options.align is not None):
            speech = replace(speech, multilingual=False)
        elif speech.language is not None and options.multilingual and not speech.multilingual:
            speech = replace(speech, language=None, fast=False)
    return replace(settings, encoding=encoding, transcription=speech)
