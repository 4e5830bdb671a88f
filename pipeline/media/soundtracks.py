"""Which sounds a stream gets from a source's sound tracks. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pipeline.model import AudioRendition, AudioStream
from pipeline.speech.languages import language_name

FOLDER = "audio"
STEREO = "stereo"
SURROUND = "surround"
STEREO_BIT_RATE = 128_000
SURROUND_BIT_RATE = 384_000
SURROUND_CHANNELS = 6
UNKNOWN_LANGUAGE = "und"
"""RFC 5646's tag for a language that nobody named; Apple's 8.10 asks for a tag on every rendition."""


def audio_renditions(streams: Sequence[AudioStream], *, surround: bool) -> tuple[AudioRendition, ...]:
    """Return a stereo rendition a track in the source's order, and a 5.1 one for each track that has it, when asked.

    The track that the file marks is the default, else the first. A mono track is made stereo.
    """
    made: list[AudioRendition] = []
    chosen = next((s for s in streams if s.default), streams[0] if streams else None)
    tags: list[str] = []
    for stream in streams:
        tag = stream.language or UNKNOWN_LANGUAGE
        tags.append(tag)
        nth = tags.count(tag)
        name = _name(stream, nth, alone=len(streams) == 1)
        folder = f"{FOLDER}/{tag}" + (f"-{nth}" if nth > 1 else "")
        stereo = AudioRendition(
            folder=folder,
            name=name,
            language=stream.language,
            channels=2,
            codec="aac",
            bit_rate=STEREO_BIT_RATE,
            source_index=stream.index,
            group=STEREO,
            default=stream is chosen,
        )
        made.append(stereo)
        if surround and stream.channels >= SURROUND_CHANNELS:
            made.append(
                replace(
                    stereo,
                    folder=f"{folder}-{SURROUND}",
                    channels=SURROUND_CHANNELS,
                    codec="ac3",
                    bit_rate=SURROUND_BIT_RATE,
                    group=SURROUND,
                )
            )
    return tuple(made)


def _name(stream: AudioStream, nth: int, *, alone: bool) -> str:
    known = language_name(stream.language) if stream.language else ""
    name = stream.title or known or ("Sound" if alone else "Sound track")
    return name.replace('"', "'") if nth == 1 else f"{name} {nth}".replace('"', "'")
