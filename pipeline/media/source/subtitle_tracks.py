"""Reads the text subtitles in a source as cues.

Knows the forms in which files hold text, not what a stream makes of it.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.cancel import CancelToken
from pipeline.errors import SourceError
from pipeline.media_info import MediaInfo, SubtitleStream
from pipeline.speech.cue_formatting import formatted_subrip, formatted_vtt, subrip_settings, vtt_settings
from pipeline.speech.cues import MAX_CUE_S, Cue

CHECK_EVERY = 500
"""After how many packets the cancel flag is looked at."""

EVENT_FIELDS = 8
"""How many fields of an event in ASS stand before its text (ff_ass_get_dialog in libavcodec/ass.c)."""

UNKNOWN_END = (1 << 32) - 1
"""What libavcodec says where it does not know when a subtitle ends, in milliseconds."""

PLAIN_TEXT = ("subrip", "ass", "webvtt", "text")
"""Codecs whose packets are text in UTF-8 alone, unless a program has put something else there."""

_DRAWING = re.compile(r"\{[^}]*\\p[1-9][^}]*\}.*?(?=\{[^}]*\\p0[^}]*\}|$)", re.DOTALL)
_OVERRIDE = re.compile(r"\{[^}]*\}")
_KNOWN_CODE = re.compile(r"\\(?:[biu][01]|an[1-9]|r(?=[\\}]))(?![0-9])")
_POINT = re.compile(r"\\(?:pos|move)\(")


def read_cues(media: MediaInfo, streams: Sequence[SubtitleStream], cancel: CancelToken) -> dict[int, list[Cue]]:
    """Return the cues of these streams by their index, sorted, in seconds from the source's first moment.

    The whole file is read, nothing but text decoded. Raises SourceError when it can't be opened, Cancelled.
    """
    if not streams:
        return {}
    import av
    import av.error
    from av.stream import Discard

    found: dict[int, list[SubtitleEvent]] = {stream.index: [] for stream in streams}
    try:
        with av.open(str(media.path.absolute()), metadata_errors="replace") as container:
            for stream in container.streams:
                if stream.index not in found:
                    stream.discard = Discard.all  # of an MP4 nothing else is then read
            packets = container.demux([container.streams[index] for index in found])
            for number, packet in enumerate(until_broken(packets)):
                if number % CHECK_EVERY == 0:
                    cancel.check()
                found[packet.stream.index] += events_in(packet, media.start_s)
    except (av.error.FFmpegError, OSError) as error:
        raise SourceError(f"{media.path} can't be read: the file is broken or was moved.") from error
    return {index: cues_of_events(events) for index, events in found.items()}


@dataclass(frozen=True, kw_only=True)
class EventText:
    """What an event shows: its text as lines, the same with WebVTT's tags where it has any, and WebVTT's settings."""

    text: str
    formatted: str = ""
    settings: str = ""


SubtitleEvent = tuple[float, float | None, EventText]
"""When something is shown, for how long, and what."""


def event_text(event: str) -> EventText:
    """Return what an ASS event shows: without drawings and hard spaces, of its overrides italics and the like.

    It is at its place of nine, unless it names a point of the picture, which WebVTT has not.
    """
    content = _DRAWING.sub("", event.split(",", EVENT_FIELDS)[-1])
    content = content.replace(r"\N", "\n").replace(r"\n", " ").replace(r"\h", " ")
    lines = (" ".join(line.split()) for line in _OVERRIDE.sub("", content).split("\n"))
    known = _OVERRIDE.sub(lambda found: _known_codes(found.group()), content)
    return EventText(
        text="\n".join(line for line in lines if line),
        formatted=formatted_subrip(known),
        settings="" if _POINT.search(content) else subrip_settings(known),
    )


def _known_codes(override: str) -> str:
    codes = "".join(_KNOWN_CODE.findall(override))
    return f"{{{codes}}}" if codes else ""


def until_broken(items: Iterator[Any]) -> Iterator[Any]:
    """Yield packets or frames as far as the file can be read:
    what is damaged is the video's and the audio's to say.
    """
    import av.error

    try:
        yield from items
    except (av.error.FFmpegError, OSError):
        return


def events_in(packet: Any, origin_s: float) -> Iterator[SubtitleEvent]:  # noqa: ANN401  # PyAV's packet
    """Yield start, duration and text from a packet's subtitle decoder; closed captions tell their times late."""
    import av.error

    try:
        decoded = packet.stream.codec_context.decode2(_in_utf8(packet))
    except av.error.FFmpegError:  # a broken cue costs itself only
        return
    if decoded is None or (packet.pts is None and decoded.pts is None):
        return
    start_s = float(packet.pts * packet.time_base) if decoded.pts is None else decoded.pts / 1e6
    duration_s = float(packet.duration * packet.time_base) if packet.duration else None
    if 0 < decoded.end_display_time < UNKNOWN_END:
        duration_s = decoded.end_display_time / 1000
    for rectangle in decoded.rects:
        if rectangle.type == b"ass":
            shown = event_text(rectangle.ass.decode("utf-8", "replace"))
            yield start_s - origin_s, duration_s, _of_webvtt(packet, shown) if _is_webvtt(packet) else shown


def _is_webvtt(packet: Any) -> bool:  # noqa: ANN401  # PyAV's packet
    return bool(packet.stream.codec_context.codec.canonical_name == "webvtt")


def _of_webvtt(packet: Any, shown: EventText) -> EventText:  # noqa: ANN401  # PyAV's packet
    """Return what a packet of WebVTT shows with the tags and settings that its decoder leaves out."""
    settings = bytes(packet.get_sidedata("webvtt_settings")) if packet.has_sidedata("webvtt_settings") else b""
    return EventText(
        text=shown.text,
        formatted=formatted_vtt(bytes(packet).decode("utf-8", "replace")),
        settings=vtt_settings(settings.decode("utf-8", "replace")),
    )


def _in_utf8(packet: Any) -> Any:  # noqa: ANN401  # PyAV's packet
    """Return a packet whose text the decoder takes:
    some programs put that of old Windows files into Matroska as it is.
    """
    import av

    data = bytes(packet)
    if packet.stream.codec_context.codec.canonical_name not in PLAIN_TEXT:
        return packet
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        made = av.Packet(data.decode("cp1252", "replace").encode("utf-8"))
        made.pts, made.dts, made.duration, made.time_base = packet.pts, packet.dts, packet.duration, packet.time_base
        return made
    return packet


def cues_of_events(events: Sequence[SubtitleEvent]) -> list[Cue]:
    """Return each event once, with an end: where none is given the next one's begin, after the longest time at most."""
    once: dict[tuple[float, float | None, str], SubtitleEvent] = {}
    for event in events:
        once.setdefault((event[0], event[1], event[2].text), event)  # a text in two layers looks as the first of them
    ordered = sorted(once.values(), key=lambda event: (event[0], event[1] or 0.0))
    cues = []
    for (start_s, duration_s, shown), after in itertools.zip_longest(ordered, ordered[1:]):
        next_s = float("inf") if after is None else after[0]
        end_s = start_s + duration_s if duration_s is not None else min(next_s, start_s + MAX_CUE_S)
        start_s = max(0.0, start_s)
        if shown.text and end_s - start_s >= 0.001:
            cues.append(
                Cue(
                    start_s=round(start_s, 3),
                    end_s=round(end_s, 3),
                    text=shown.text,
                    formatted=shown.formatted,
                    settings=shown.settings,
                )
            )
    return [next(same) for _, same in itertools.groupby(cues, lambda cue: (cue.start_s, cue.end_s, cue.text))]
