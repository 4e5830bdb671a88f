"""The presets that come with the program."""

from __future__ import annotations

from pipeline.job import Codec, EncoderFamily, EncodingRequest, TranscriptionRequest
from pipeline.media.encode import ladder
from pipeline.presets.preset import Preset, PresetSettings

TARGET_VMAF = 95.0
"""Of lectures: text that is read must be sharp, and slides reach it with few bits (docs/performance.md)."""

MEASURED = EncodingRequest(target_vmaf=TARGET_VMAF, fit_ladder=True)

SHIPPED = (
    Preset(
        name="Course",
        settings=PresetSettings(qualities=("1080p", "480p"), encoding=MEASURED, transcription=TranscriptionRequest()),
    ),
    # what the window shows at its first start
    Preset(
        name="Web",
        settings=PresetSettings(qualities=("1080p", "720p", "480p"), transcription=TranscriptionRequest()),
    ),
    # on the processor: hardware needs more bits for the same video
    Preset(
        name="Archive",
        settings=PresetSettings(
            qualities=("2160p", "1440p", "1080p"),
            encoding=EncodingRequest(codec=Codec.HEVC, encoder=EncoderFamily.CPU, preset="slow", keep_hdr=True),
            make_mp4=False,
        ),
    ),
    Preset(
        name="Slides",
        settings=PresetSettings(
            qualities=tuple(quality.name for quality in ladder.USUAL),
            encoding=MEASURED,
            transcription=TranscriptionRequest(),
        ),
    ),
    Preset(name="Audio only", settings=PresetSettings(audio_only=True, make_mp4=False)),
)
