"""Which audio a stream gets from a source's audio tracks. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pipeline.errors import Problem, Setting, SettingsError
from pipeline.job import MappedAudio
from pipeline.media.source.audio_layouts import are_pairs, only_two_known
from pipeline.media.source.language_tags import UNKNOWN_LANGUAGE
from pipeline.media.stream_layout import AUDIO
from pipeline.media_info import AudioStream
from pipeline.model import AudioRendition, TrackChannel
from pipeline.speech.languages import language_name

STEREO = "stereo"
SURROUND = "surround"
MONO_BIT_RATE = 96_000
"""Below this the encoder of libavcodec makes loud tones audibly rough."""

STEREO_BIT_RATE = 128_000
SURROUND_BIT_RATE = 384_000
SURROUND_CHANNELS = 6


@dataclass(frozen=True, kw_only=True)
class _PlannedAudio:
    """An audio rendition that is made: of a whole track, or of channels that are put together."""

    stream: AudioStream
    parts: tuple[TrackChannel, ...] = ()

    @property
    def channels(self) -> int:
        return len(self.parts) or self.stream.channels


def audio_renditions(
    streams: Sequence[AudioStream],
    *,
    surround: bool,
    container: str = "",
    audio_map: Sequence[Sequence[MappedAudio]] = (),
) -> tuple[AudioRendition, ...]:
    """Return one rendition for each audio track in the source's order, with `surround` also one in 5.1 for each in 5.1.

    The tracks are those of the source, two mono ones made one where they are left and right, or what `audio_map` says.
    If all are mono they stay mono; beside others a mono one is made stereo. The default is the track that the file
    marks, else the first. Raises SettingsError.
    """
    made: list[AudioRendition] = []
    planned = _mapped(streams, audio_map) if audio_map else _suggested(streams, container)
    mono = all(audio.channels == 1 for audio in planned)
    chosen = next((s for s in planned if s.stream.default), planned[0] if planned else None)
    tags: list[str] = []
    for audio in planned:
        stream = audio.stream
        tag = stream.language or UNKNOWN_LANGUAGE
        tags.append(tag)
        nth = tags.count(tag)
        name = _name(stream, nth, alone=len(planned) == 1)
        folder = f"{AUDIO}/{tag}" + (f"-{nth}" if nth > 1 else "")
        usual = AudioRendition(
            folder=folder,
            name=name,
            language=stream.language,
            channels=1 if mono else 2,
            codec="aac",
            bit_rate=MONO_BIT_RATE if mono else STEREO_BIT_RATE,
            source_index=stream.index,
            group=STEREO,
            default=audio is chosen,
            parts=audio.parts * 2 if len(audio.parts) == 1 and not mono else audio.parts,
        )
        made.append(usual)
        if surround and audio.channels >= SURROUND_CHANNELS and not only_two_known(stream):
            made.append(
                replace(
                    usual,
                    folder=f"{folder}-{SURROUND}",
                    channels=SURROUND_CHANNELS,
                    codec="ac3",
                    bit_rate=SURROUND_BIT_RATE,
                    group=SURROUND,
                )
            )
    return tuple(made)


def _suggested(streams: Sequence[AudioStream], container: str) -> list[_PlannedAudio]:
    if not are_pairs(streams, container):
        return [_PlannedAudio(stream=stream) for stream in streams]
    pairs = zip(streams[::2], streams[1::2], strict=True)
    return [
        _PlannedAudio(stream=left, parts=tuple(TrackChannel(index=s.index, channel=0) for s in (left, right)))
        for left, right in pairs
    ]


def _mapped(streams: Sequence[AudioStream], audio_map: Sequence[Sequence[MappedAudio]]) -> list[_PlannedAudio]:
    planned, problems = [], []
    for wanted in audio_map:
        missing = [part for part in wanted if not 1 <= part.track <= len(streams)]
        if missing:
            there = f"there {'is' if len(streams) == 1 else 'are'} {len(streams)}"
            problems.append(
                f"The audio map names audio track {missing[0].track}, but {there} to choose from: "
                "count those of the source, or of --audio-track where that is given, from 1."
            )
            continue
        tracks = [streams[part.track - 1] for part in wanted]
        beyond = [
            (p, t)
            for p, t in zip(wanted, tracks, strict=True)
            if p.channel is not None and not 1 <= p.channel <= t.channels
        ]
        if beyond:
            part, track = beyond[0]
            problems.append(
                f"The audio map names channel {part.channel} of audio track {part.track}, which has {track.channels}."
            )
            continue
        whole = len(wanted) == 1 and wanted[0].channel is None
        parts = tuple(
            TrackChannel(index=t.index, channel=(p.channel or 1) - 1) for p, t in zip(wanted, tracks, strict=True)
        )
        planned.append(_PlannedAudio(stream=tracks[0], parts=() if whole else parts))
    if problems:
        raise SettingsError([Problem(text=text, setting=Setting.AUDIO_MAP) for text in problems])
    return planned


def _name(stream: AudioStream, nth: int, *, alone: bool) -> str:
    known = language_name(stream.language) if stream.language else ""
    name = stream.title or known or ("Audio" if alone else "Audio track")
    return name.replace('"', "'") if nth == 1 else f"{name} {nth}".replace('"', "'")
