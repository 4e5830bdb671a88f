"""A source in a few words, as an editor would say them. Pure."""

from __future__ import annotations

from fractions import Fraction

from pipeline.media_info import AudioStream, MediaInfo

CHANNELS = {1: "Mono", 2: "Stereo", 6: "5.1", 8: "7.1"}
CODECS = {
    "aac": "AAC",
    "ac3": "AC-3",
    "alac": "ALAC",
    "dts": "DTS",
    "eac3": "E-AC-3",
    "flac": "FLAC",
    "mp2": "MP2",
    "mp3": "MP3",
    "opus": "Opus",
    "truehd": "TrueHD",
    "vorbis": "Vorbis",
}


def describe(media: MediaInfo) -> str:
    """Return duration, size, frame rate and audio, such as `0:14 · 1280×720 · 25 fps · Stereo AAC`.

    A recording that declares no duration is as long as it can be read.
    """
    video = media.video
    length = duration(media.readable_s if media.duration_s is None else media.duration_s)
    video_text = ("No video",) if video is None else (f"{video.width}×{video.height}", frame_rate(video.frame_rate))
    return " · ".join((length, *video_text, audio_text(media.audio)))


def duration(seconds: float | None) -> str:
    """Return a duration as `m:ss`, with hours where there are any."""
    if seconds is None:
        return "Length unknown"
    whole = round(seconds)
    minutes, rest = whole // 60, whole % 60
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}" if minutes >= 60 else f"{minutes}:{rest:02}"


def frame_rate(rate: Fraction) -> str:
    """Return frames a second with at most two decimals."""
    return f"{round(float(rate), 2):g} fps"


def audio_text(streams: tuple[AudioStream, ...]) -> str:
    """Return the first audio track's channels and codec, and how many more there are."""
    if not streams:
        return "No audio"
    first = streams[0]
    codec = "PCM" if first.codec.startswith("pcm") else CODECS.get(first.codec, first.codec)
    text = f"{CHANNELS.get(first.channels, f'{first.channels} channels')} {codec}"
    more = len(streams) - 1
    return text if not more else f"{text}, {more} more audio track{'s' if more > 1 else ''}"
