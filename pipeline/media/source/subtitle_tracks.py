"""Reads the text subtitles in a source as cues.

Knows the forms in which files hold text, not what a stream makes of it.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from typing import Any

from pipeline.cancel import CancelToken
from pipeline.errors import SourceError
from pipeline.media_info import MediaInfo, SubtitleStream
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


def read_cues(media: MediaInfo, streams: Sequence[SubtitleStream], cancel: CancelToken) -> dict[int, list[Cue]]:
    """Return the cues of these streams by their index, sorted, in seconds from the source's first moment.

    The whole file is read, nothing but text decoded. Raises SourceError when it can't be opened, Cancelled.
    """
    if not streams:
        return {}
    import av
    import av.error
    from av.stream import Discard

    found: dict[int, list[tuple[float, float | None, str]]] = {stream.index: [] for stream in streams}
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
    return {index: cues_of(events) for index, events in found.items()}


def plain_text(event: str) -> str:
    """Return the text of an ASS event as lines: without overrides, drawings and hard spaces."""
    text = event.split(",", EVENT_FIELDS)[-1]
    text = _OVERRIDE.sub("", _DRAWING.sub("", text))
    lines = text.replace(r"\N", "\n").replace(r"\n", " ").replace(r"\h", " ").split("\n")
    return "\n".join(line for line in (" ".join(line.split()) for line in lines) if line)


def until_broken(items: Iterator[Any]) -> Iterator[Any]:
    """Yield packets or frames as far as the file can be read:
    what is damaged is the video's and the audio's to say.
    """
    import av.error

    try:
        yield from items
    except (av.error.FFmpegError, OSError):
        return


def events_in(packet: Any, origin_s: float) -> Iterator[tuple[float, float | None, str]]:  # noqa: ANN401  # PyAV's packet
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
            yield start_s - origin_s, duration_s, plain_text(rectangle.ass.decode("utf-8", "replace"))


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


def cues_of(events: Sequence[tuple[float, float | None, str]]) -> list[Cue]:
    """Return each event once, with an end: where none is given the next one's begin, after the longest time at most."""
    ordered = sorted(set(events), key=lambda event: (event[0], event[1] or 0.0))
    cues = []
    for (start_s, duration_s, text), after in itertools.zip_longest(ordered, ordered[1:]):
        next_s = float("inf") if after is None else after[0]
        end_s = start_s + duration_s if duration_s is not None else min(next_s, start_s + MAX_CUE_S)
        start_s = max(0.0, start_s)
        if text and end_s - start_s >= 0.001:
            cues.append(Cue(start_s=round(start_s, 3), end_s=round(end_s, 3), text=text))
    return [cue for cue, _ in itertools.groupby(cues)]
