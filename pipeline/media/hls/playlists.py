"""Writes a stream's playlists as text (RFC 8216), from what was measured. Pure: reads and writes no file.

Knows no encoder settings; a playlist says what was measured in the renditions.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pipeline.job import SegmentType
from pipeline.media.hls.iframes import ByteRange, IFrames
from pipeline.media.hls.measure import Measured, MeasuredVideo, target_duration_s
from pipeline.media.source.language_tags import UNKNOWN_LANGUAGE
from pipeline.media.stream_layout import PLAYLIST

TS_VERSION = 6
"""EXT-X-MAP in a playlist that is not of I-frames alone needs 6 (RFC 8216, section 7); below it nothing is gained."""

FMP4_VERSION = 7
"""What Apple's tools declare for fragmented MP4."""

SUBTITLE_GROUP = "subtitles"
CLOSED_CAPTIONS_GROUP = "closed-captions"

FOR_THE_DEAF = "public.accessibility.transcribes-spoken-dialog,public.accessibility.describes-music-and-sound"
"""CHARACTERISTICS of subtitles for the deaf and hard of hearing (Apple's HLS authoring specification, 4.7)."""

CHAPTERS_ID = "com.apple.hls.chapters"
"""The name under which Apple's players find chapters in the session data (HLS authoring specification)."""


def version_of(segment_type: SegmentType) -> int:
    """Return the EXT-X-VERSION of playlists with such segments."""
    return FMP4_VERSION if segment_type is SegmentType.FMP4 else TS_VERSION


@dataclass(frozen=True, kw_only=True)
class SubtitleTrack:
    """A subtitle rendition of the stream: an RFC 5646 language tag, the name that a player shows, its measured rates.

    `forced` are for what is said in another language; `for_the_deaf` describe music and noises too.
    """

    language: str
    name: str
    uri: str
    peak_bit_rate: int
    average_bit_rate: int
    default: bool = False
    forced: bool = False
    for_the_deaf: bool = False


@dataclass(frozen=True, kw_only=True)
class ClosedCaptions:
    """A channel of closed captions in every frame: its INSTREAM-ID, language and name."""

    channel: str
    language: str
    name: str


@dataclass(frozen=True, kw_only=True)
class AudioTrack:
    """An audio rendition with segments of its own.

    `group` is its GROUP-ID; renditions of several groups with the same `content` are the same audio.
    """

    group: str
    content: int
    name: str
    language: str | None
    channels: int
    default: bool
    measured: Measured


@dataclass(frozen=True, kw_only=True)
class IFrameStream:
    """An I-frame playlist, and the measured video of the rendition that it was made from."""

    uri: str
    video: MeasuredVideo
    peak_bit_rate: int
    average_bit_rate: int


def media_playlist(
    durations_s: Sequence[float],
    names: Sequence[str],
    *,
    version: int,
    map_uri: str | None = None,
    key_uri: str | None = None,
    independent: bool = True,
) -> str:
    """Return the media playlist of a rendition, whole from its first segment to its last.

    With `key_uri` the segments are encrypted with AES-128 and each one's number as initialization vector (RFC 8216,
    5.2); the initialization section stays plain, because it stands before the key (4.3.2.4: a key applies to what
    follows).
    """
    lines = [*_header(durations_s, version), *(["#EXT-X-INDEPENDENT-SEGMENTS"] if independent else [])]
    if map_uri is not None:
        lines.append(f"#EXT-X-MAP:URI={_quoted(map_uri)}")
    if key_uri is not None:
        lines.append(f"#EXT-X-KEY:METHOD=AES-128,URI={_quoted(key_uri)}")
    for duration_s, name in zip(durations_s, names, strict=True):
        lines += [f"#EXTINF:{duration_s:.6f},", name]
    return _text([*lines, "#EXT-X-ENDLIST"])


def iframe_playlist(iframes: IFrames, *, version: int) -> str:
    """Return the playlist of a rendition's keyframes for fast forward and rewind (RFC 8216, 4.3.3.6)."""
    where = "" if iframes.map_range is None else f',BYTERANGE="{_range(iframes.map_range)}"'
    lines = [
        *_header([frame.duration_s for frame in iframes.frames], version),
        "#EXT-X-I-FRAMES-ONLY",
        f"#EXT-X-MAP:URI={_quoted(iframes.map_uri)}{where}",
    ]
    for frame in iframes.frames:
        lines += [f"#EXTINF:{frame.duration_s:.6f},", f"#EXT-X-BYTERANGE:{_range(frame.byte_range)}", frame.uri]
    return _text([*lines, "#EXT-X-ENDLIST"])


def master_playlist(
    videos: Sequence[Measured],
    audio: Sequence[AudioTrack] = (),
    *,
    subtitles: Sequence[SubtitleTrack] = (),
    closed_captions: Sequence[ClosedCaptions] = (),
    iframes: Sequence[IFrameStream] = (),
    chapters: str | None = None,
) -> str:
    """Return the text of master.m3u8; every value in it was measured.

    Args:
        videos: The renditions with a video, the first one being what players begin with. None for a stream of audio
            alone, whose variants are the audio tracks themselves.
        audio: The audio tracks with segments of their own; each video is listed once for each of their groups.
        subtitles: The subtitles; of those in one language and of one kind the first is what players choose by
            themselves.
        closed_captions: The channels that all renditions hold in their frames.
        iframes: The I-frame playlists.
        chapters: The address of the chapters in Apple's form, if there are any.
    """
    groups = _groups(audio)
    services = any(one.channel.startswith("SERVICE") for one in closed_captions)  # RFC 8216, 7: these need version 7
    lines = ["#EXTM3U", f"#EXT-X-VERSION:{FMP4_VERSION if services else TS_VERSION}", "#EXT-X-INDEPENDENT-SEGMENTS"]
    if chapters is not None:
        lines.append(f'#EXT-X-SESSION-DATA:DATA-ID="{CHAPTERS_ID}",URI={_quoted(chapters)}')
    if videos or len(audio) > 1:
        lines += [line for group, members in groups.items() for line in _audio_lines(group, members)]
    lines += _subtitle_lines(subtitles)
    lines += [
        f'#EXT-X-MEDIA:TYPE=CLOSED-CAPTIONS,GROUP-ID="{CLOSED_CAPTIONS_GROUP}",NAME={_quoted(one.name)},'
        f"LANGUAGE={_quoted(one.language)},"
        f"DEFAULT=NO,AUTOSELECT=YES,INSTREAM-ID={_quoted(one.channel)}"
        for one in closed_captions
    ]
    closed = bool(closed_captions)
    for group, members in groups.items() if videos else ():
        for rendition in videos:
            lines += _variant(rendition, group, members, subtitles, closed=closed)
    if videos and not groups:
        for rendition in videos:
            lines += _variant(rendition, None, (), subtitles, closed=closed)
    if not videos:
        for group, members in groups.items():
            chosen = next(member for member in members if member.default)
            lines += _variant(chosen.measured, group if len(audio) > 1 else None, members, subtitles)
    lines += [_iframe_line(stream) for stream in iframes]
    return _text(lines)


def _groups(audio: Sequence[AudioTrack]) -> dict[str, tuple[_Member, ...]]:
    """Return the renditions of each group.

    RFC 8216, 4.3.4.1.1: every group has the same members, alike but for URI and CHANNELS. For a track that a group does
    not have, the first group's rendition of it is listed. One member is the default; of those in one language only one
    has AUTOSELECT (the same section forbids two that do not differ).
    """
    if not audio:
        return {}
    first = [track for track in audio if track.group == audio[0].group]
    default = next((track for track in first if track.default), first[0])
    names = _unique(_plain(track.name) for track in first)
    languages: set[str] = {default.language or UNKNOWN_LANGUAGE}
    groups: dict[str, list[_Member]] = {track.group: [] for track in audio}
    for track, name in zip(first, names, strict=True):
        language = track.language or UNKNOWN_LANGUAGE
        autoselect = track is default or language not in languages
        languages.add(language)
        for group, members in groups.items():
            own = next((t for t in audio if t.group == group and t.content == track.content), track)
            members.append(
                _Member(
                    name=name,
                    language=language,
                    default=track is default,
                    autoselect=autoselect,
                    channels=own.channels,
                    measured=own.measured,
                )
            )
    return {group: tuple(members) for group, members in groups.items()}


@dataclass(frozen=True, kw_only=True)
class _Member:
    name: str
    language: str
    default: bool
    autoselect: bool
    channels: int
    measured: Measured


def _audio_lines(group: str, members: Sequence[_Member]) -> list[str]:
    return [
        f"#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID={_quoted(group)},NAME={_quoted(member.name)},"
        f"LANGUAGE={_quoted(member.language)},"
        f"DEFAULT={_yes(member.default)},AUTOSELECT={_yes(member.autoselect)},"
        f'CHANNELS="{member.channels}",URI={_quoted(_playlist_uri(member.measured))}'
        for member in members
    ]


def _subtitle_lines(tracks: Sequence[SubtitleTrack]) -> list[str]:
    """RFC 8216, 4.3.4.1.1: of members alike but for their names, one is chosen by itself, first the default."""
    names = _unique(_plain(track.name) for track in tracks)
    chosen: dict[tuple[str, bool, bool], SubtitleTrack] = {}
    for track in sorted(tracks, key=lambda track: not track.default):
        chosen.setdefault((track.language, track.forced, track.for_the_deaf), track)
    lines = []
    for track, name in zip(tracks, names, strict=True):
        automatic = any(track is one for one in chosen.values())
        characteristics = f'CHARACTERISTICS="{FOR_THE_DEAF}",' if track.for_the_deaf else ""
        lines.append(
            f'#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="{SUBTITLE_GROUP}",NAME={_quoted(name)},'
            f"LANGUAGE={_quoted(track.language)},"
            f"DEFAULT={_yes(track.default)},AUTOSELECT={_yes(automatic)},FORCED={_yes(track.forced)},"
            f"{characteristics}URI={_quoted(track.uri)}"
        )
    return lines


def _variant(
    rendition: Measured,
    group: str | None,
    members: Sequence[_Member],
    subtitles: Sequence[SubtitleTrack],
    *,
    closed: bool = False,
) -> list[str]:
    """Return the lines of one variant.

    RFC 8216, 4.3.4.2: BANDWIDTH is the largest sum of peak rates of any playable combination, AVERAGE-BANDWIDTH that of
    the average rates; CODECS names whatever any of these combinations holds.
    """
    video = rendition.video
    peak, average = rendition.peak_bit_rate, rendition.average_bit_rate
    codecs = [video.codec] if video is not None else []
    codecs += [rendition.audio_codec] if rendition.audio_codec is not None else []
    if members:
        beside_video = video is not None
        peak = max(member.measured.peak_bit_rate for member in members) + (peak if beside_video else 0)
        average = max(member.measured.average_bit_rate for member in members) + (average if beside_video else 0)
        codecs += sorted(
            {codec for member in members if (codec := member.measured.audio_codec) is not None} - set(codecs)
        )
    peak += max((track.peak_bit_rate for track in subtitles), default=0)
    average += max((track.average_bit_rate for track in subtitles), default=0)
    attributes = [f"BANDWIDTH={peak}", f"AVERAGE-BANDWIDTH={average}", f'CODECS="{",".join(codecs)}"']
    if video is not None:
        attributes += [
            f"RESOLUTION={video.width}x{video.height}",
            f"FRAME-RATE={video.frame_rate:.3f}",
            f"VIDEO-RANGE={video.dynamic_range.value}",
        ]
    if group is not None:
        attributes.append(f"AUDIO={_quoted(group)}")
    if subtitles:
        attributes.append(f'SUBTITLES="{SUBTITLE_GROUP}"')
    if video is not None:
        attributes.append(f'CLOSED-CAPTIONS="{CLOSED_CAPTIONS_GROUP}"' if closed else "CLOSED-CAPTIONS=NONE")
    return ["#EXT-X-STREAM-INF:" + ",".join(attributes), _playlist_uri(rendition)]


def _iframe_line(stream: IFrameStream) -> str:
    video = stream.video
    return (
        f"#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH={stream.peak_bit_rate},AVERAGE-BANDWIDTH={stream.average_bit_rate},"
        f'CODECS="{video.codec}",RESOLUTION={video.width}x{video.height},VIDEO-RANGE={video.dynamic_range.value},'
        f"URI={_quoted(stream.uri)}"
    )


def _header(durations_s: Sequence[float], version: int) -> list[str]:
    return [
        "#EXTM3U",
        f"#EXT-X-VERSION:{version}",
        f"#EXT-X-TARGETDURATION:{target_duration_s(durations_s)}",
        "#EXT-X-MEDIA-SEQUENCE:1",
        "#EXT-X-PLAYLIST-TYPE:VOD",
    ]


def _text(lines: Iterable[str]) -> str:
    return "\n".join(lines) + "\n"


def _playlist_uri(rendition: Measured) -> str:
    return f"{rendition.name}/{PLAYLIST}"


def _range(byte_range: ByteRange) -> str:
    return f"{byte_range.size_bytes}@{byte_range.offset}"


def _yes(value: bool) -> str:
    return "YES" if value else "NO"


def _quoted(text: str) -> str:
    return f'"{_plain(text)}"'


def _plain(text: str) -> str:
    """Return a text that can stand in quotes: RFC 8216, 4.2 has no escape for quotes and line ends."""
    return " ".join(text.replace('"', "'").split())


def _unique(names: Iterable[str]) -> list[str]:
    """RFC 8216, 4.3.4.1.1: no two members of a group have the same NAME."""
    made: list[str] = []
    for name in names:
        nth, unique = 1, name
        while unique in made:
            nth += 1
            unique = f"{name} {nth}"
        made.append(unique)
    return made
