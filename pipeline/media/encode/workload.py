"""How much work an encode is, estimated from its plan alone: what chunks are cut by. Pure.

Measured times would be nearer, but no two runs would cut alike then, and a chunk that is finished fits only the same
cuts.
"""

from __future__ import annotations

from fractions import Fraction

from pipeline.job import Codec, EncoderFamily
from pipeline.media.encode.encoders import codec_of, family_of
from pipeline.media.source.frame_rates import MAX_FRAME_RATE
from pipeline.media_info import DynamicRange
from pipeline.model import Plan

# CPU seconds a million pixels with one thread, of a grainy video at 854x480 (ffmpeg 9.0.2, two cores of a busy
# server)
X264_S = {
    "ultrafast": 0.005,
    "superfast": 0.01,
    "veryfast": 0.017,
    "faster": 0.028,
    "fast": 0.036,
    "medium": 0.043,
    "slow": 0.07,
    "slower": 0.13,
    "veryslow": 0.2,
}
X265_S = {
    "ultrafast": 0.023,
    "superfast": 0.042,
    "veryfast": 0.06,
    "faster": 0.06,
    "fast": 0.077,
    "medium": 0.08,
    "slow": 0.2,
    "slower": 0.69,
    "veryslow": 1.2,
}
SVT_AV1_S = {
    "ultrafast": 0.023,
    "superfast": 0.023,
    "veryfast": 0.029,
    "faster": 0.029,
    "fast": 0.038,
    "medium": 0.068,
    "slow": 0.079,
    "slower": 0.11,
    "veryslow": 0.5,
}
ENCODE_S = {Codec.H264: X264_S, Codec.HEVC: X265_S, Codec.AV1: SVT_AV1_S}

HARDWARE_S = 0.004
"""What a graphics card takes for a million pixels: about 120 frames of 1080p a second."""

DECODE_S = 0.012
"""What decoding and scaling take for a million pixels of the source."""

TONE_MAP_S = 0.05
"""What making SDR of a million pixels of HDR takes."""


def work_for_s(plan: Plan) -> float:
    """Return about how many CPU seconds a second of the source takes, in all renditions together,
    on a processor that is not quick.
    """
    video = plan.media.video
    assert video is not None
    rate = float(min(video.frame_rate, plan.frame_rate_limit or Fraction(MAX_FRAME_RATE)))
    source = video.coded_width * video.coded_height / 1e6
    a_pixel = HARDWARE_S
    if family_of(plan.encoder) is EncoderFamily.CPU:
        a_pixel = ENCODE_S[codec_of(plan.encoder)][plan.job.encoding.preset]
    encoded = sum(r.width * r.height for r in plan.renditions) / 1e6 * rate * a_pixel
    decoded = source * float(video.frame_rate) * DECODE_S
    toned = 0.0
    if plan.renditions and plan.dynamic_range is DynamicRange.SDR and video.dynamic_range is not DynamicRange.SDR:
        toned = plan.renditions[0].width * plan.renditions[0].height / 1e6 * rate * TONE_MAP_S
    return encoded + decoded + toned
