"""Cuts encoded audio into segments of its own, where the video segments begin. Writes files; encodes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pipeline.errors import IncompleteError
from pipeline.files import write_whole
from pipeline.job import SegmentType
from pipeline.media.encode.audio_coding import read_packets, ticks_of
from pipeline.media.encode.continuity import continue_fragments, continue_packets
from pipeline.media.hls.fragments import boxes
from pipeline.media.stream_layout import INIT, segment_pattern

FRAGMENTED = "+delay_moov+default_base_moof+frag_discont+skip_trailer"

MUXERS = {
    # the times as they are: the muxer would add a delay of its own
    SegmentType.TS: ("mpegts", {"mpegts_copyts": "1"}),
    # one fragment with the time that it has in the whole stream, no index behind it; AC-3's header is known with its
    # first packet only
    SegmentType.FMP4: ("mp4", {"movflags": FRAGMENTED, "use_editlist": "0", "avoid_negative_ts": "disabled"}),
}


def write_segments(
    pieces: Sequence[Path], folder: Path, segment_type: SegmentType, boundaries: Sequence[int], end: int
) -> list[int]:
    """Write the packets of pieces into a segment for each boundary, in `folder`; those from `end` on are left out.

    A packet lies in the segment of the last boundary that is not after its begin: it keeps its time. Boundaries and
    `end` are ticks of 90 kHz of the stream. Returns when the segments' first packets begin, in the same ticks. Raises
    EncodeError, OSError.
    """
    name, options = MUXERS[segment_type]
    starts: list[int] = []
    paths: list[Path] = []
    writer = None
    for packet, stream in _until(read_packets(pieces), end):
        begin = ticks_of(packet)
        if len(starts) < len(boundaries) and begin >= boundaries[len(starts)]:
            if writer is not None:
                writer.end()
            starts.append(begin)
            paths.append(folder / (segment_pattern(segment_type) % len(starts)))
            writer = _Writer(paths[-1], name, options, stream)
        if writer is not None:
            writer.put(packet)
    if writer is not None:
        writer.end()
    if len(starts) != len(boundaries):
        raise IncompleteError("the audio is shorter than the video")
    if segment_type is SegmentType.TS:
        continue_packets(paths, {})
    else:
        for path in paths:
            _separate(path, folder / INIT)
        continue_fragments(paths, {})
    return starts


class _Writer:
    def __init__(
        self,
        path: Path,
        name: str,
        options: dict[str, str],
        template: Any,  # noqa: ANN401  # PyAV's stream
    ) -> None:
        import av

        self._container: Any = av.open(str(path), "w", format=name, options=options)
        self._stream = self._container.add_stream_from_template(template)

    def put(self, packet: Any) -> None:  # noqa: ANN401  # PyAV's packet
        packet.stream = self._stream
        self._container.mux(packet)

    def end(self) -> None:
        self._container.close()


def _until(packets: Iterator[tuple[Any, Any]], end: int) -> Iterator[tuple[Any, Any]]:
    for packet, stream in packets:
        if ticks_of(packet) >= end:
            return
        yield packet, stream


def _separate(segment: Path, init: Path) -> None:
    """Take the initialization section off a segment; all of an audio track have the same."""
    data = segment.read_bytes()
    header_end = next(box.end for box in boxes(data) if box.kind == "moov")
    if not init.exists():
        write_whole(init, data[:header_end])
    write_whole(segment, data[header_end:])
