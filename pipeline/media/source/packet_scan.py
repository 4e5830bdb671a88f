"""Reads a source packet by packet without decoding it; what comes of it is a `Scan`."""

from __future__ import annotations

import bisect
from array import array
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

from pipeline.cancel import CancelToken
from pipeline.media.source.closed_captions import holds_captions
from pipeline.media.source.covers import is_cover
from pipeline.media.source.scan import CLOCK_HZ, EARLY_TICKS, Scan, gaps
from pipeline.media.source.source_checks import check_unchanged, unreadable_source
from pipeline.media_info import MediaInfo

LONGEST_S = 1_000_000
"""A frame that is said to come later than eleven days has a wrong time, and is not counted."""

JUMP_TICKS = 5 * CLOCK_HZ
"""Frames come in decoding order: none is decoded this much earlier than one that came before it."""

BLANK_TICKS = 10 * CLOCK_HZ
"""A stretch without anything is reported from this length on: ffmpeg takes it for a jump (`-dts_delta_threshold`)."""

EARLIEST, LATEST = -(1 << 62), 1 << 62
"""Before all times, for decoding may begin long before a file's first moment, and after all of them."""

AT_ONCE = CLOCK_HZ // 10
"""A part of a source begins with the next frame if it is within this many ticks, else with the one being shown."""

CHECK_EVERY = 500
"""After how many packets the cancel flag is looked at and progress is told."""


def scan(
    media: MediaInfo,
    cancel: CancelToken,
    on_progress: Callable[[float], None] = lambda _: None,
    on_found: Callable[[ScanProgress], None] = lambda _: None,
) -> Scan:
    """Read through the video and all audio tracks.

    A file that breaks off is read as far as it goes; of one that is trimmed nothing behind the part that is wanted.

    Args:
        media: the source.
        cancel: ends it.
        on_progress: gets a fraction of the file.
        on_found: gets what was found so far, each time the same object; may raise to end the reading.

    Raises:
        SourceError: it can't be opened, the drive or the network fails, or it changes meanwhile.
        Cancelled: the job was cancelled.
    """
    import av
    import av.error

    try:
        with av.open(str(media.path.absolute()), metadata_errors="replace") as container:
            wanted = [s.index for s in media.audio] + ([media.video.index] if media.video else [])
            others = (
                []
                if media.video is None
                else [s.index for s in container.streams.video if s.index not in wanted and not is_cover(s)]
            )
            streams = [container.streams[i] for i in (*wanted, *others)]
            found = ScanProgress(media, {s.index: s.time_base or Fraction(1, CLOCK_HZ) for s in streams})
            try:
                for number, packet in enumerate(container.demux(streams)):
                    if number % CHECK_EVERY == 0:
                        cancel.check()
                        check_unchanged(media)
                        on_progress(min(1.0, max(0, packet.pos or 0) / max(1, media.size_bytes)))
                        on_found(found)
                        if found.has_all:
                            break
                    found.add(packet)
            except OSError:  # first: what the system says is PyAV's error too
                raise
            except av.error.FFmpegError:  # it can't be read any further
                found.orderly = False
    except (av.error.FFmpegError, OSError) as error:
        check_unchanged(media)  # which is why, then
        raise unreadable_source(media.path, error) from error
    check_unchanged(media)
    return found.result()


class ScanProgress:
    """What was found so far. A long file has millions of packets: each is asked as little as possible.

    Another thread may ask while this one reads on. `limit` is where the part of the source that is wanted ends.
    """

    def __init__(self, media: MediaInfo, time_bases: dict[int, Fraction]) -> None:
        self.orderly = True
        self._jumps = False
        self._hidden = False
        self._latest = EARLIEST
        self._video = None if media.video is None else media.video.index
        self._origin = round(media.start_s * CLOCK_HZ)
        # a fraction's own arithmetic would take longer than the reading
        self._scales = {index: (base * CLOCK_HZ).as_integer_ratio() for index, base in time_bases.items()}
        self._frames: array[int] = array("q")
        self._keyframes: array[int] = array("q")
        self._video_bytes: array[int] = array("q")
        self._video_end = 0
        self._audio_ends = {stream.index: 0 for stream in media.audio}
        self._silences: dict[int, list[tuple[int, int]]] = {stream.index: [] for stream in media.audio}
        self._others: dict[int, tuple[int, int]] = {}
        self._captions = False
        self._is_part = media.left_out_s > 0
        self.limit = LATEST if media.limit_s is None else round(media.limit_s * CLOCK_HZ)

    def add(self, packet: Any) -> None:  # noqa: ANN401  # PyAV's packet
        """Note what a packet tells."""
        if packet.size == 0:  # the end of the stream
            return
        if packet.is_corrupt:
            self.orderly = False
        index, time, hidden = packet.stream_index, packet.pts, packet.is_discard
        is_video = index == self._video
        if hidden and not is_video:
            return
        if time is None:
            self.orderly = self.orderly and not is_video
            time = packet.dts
            if time is None:
                return
        ticks, units = self._scales[index]
        begin = (time * ticks + units // 2) // units - self._origin
        end = begin + (packet.duration or 0) * ticks // units
        if not is_video:
            self._take_beside(index, begin, end)
            return
        if not self._captions:
            self._captions = holds_captions(packet)
        if packet.is_keyframe:
            self._keyframes.append(begin)
        elif not self._keyframes:  # a recording that begins between keyframes: nothing can be decoded yet
            return
        if hidden:
            self._hidden = True
            return
        # by the times of decoding: of slides a frame may be shown many seconds before another that is decoded first
        decoded = begin if packet.dts is None else packet.dts * ticks // units - self._origin
        if decoded > self._latest:
            self._latest = decoded
        elif decoded < self._latest - JUMP_TICKS:
            self._jumps = True
        self._frames.append(begin)
        if 0 <= begin < self.limit:
            self._count(begin // CLOCK_HZ, packet.size)
        if end > self._video_end:
            self._video_end = end

    def _take_beside(self, index: int, begin: int, end: int) -> None:
        """Note a packet of audio, or of another video."""
        last = self._audio_ends.get(index)
        if last is None:
            first, last = self._others.get(index, (begin, end))
            self._others[index] = min(first, begin), max(last, end)
            return
        if begin - last > BLANK_TICKS:
            self._silences[index].append((last, begin))
        if end > last:
            self._audio_ends[index] = end

    def _count(self, second: int, size_bytes: int) -> None:
        missing = second + 1 - len(self._video_bytes)
        if missing > 0:
            if second > LONGEST_S:
                return
            self._video_bytes.frombytes(bytes(missing * self._video_bytes.itemsize))
        self._video_bytes[second] += size_bytes

    @property
    def reach(self) -> int:
        """Up to where every frame was found, in ticks: those that are still to come are shown later."""
        return self._latest - JUMP_TICKS

    @property
    def has_all(self) -> bool:
        """Whether video and every audio track were read to where the part that is wanted ends:
        nothing of it can come later.
        """
        video = self._video is None or self.reach >= self.limit
        return video and not self._jumps and all(end >= self.limit + JUMP_TICKS for end in self._audio_ends.values())

    def so_far(self) -> Scan:
        """Return what was found up to `reach`, as if the video ended there; nothing is said of the audio."""
        reach = max(0, self.reach)
        frames, keyframes = _sorted(self._frames), _sorted(self._keyframes)
        entry, frames = self._part(frames[: bisect.bisect_left(frames, reach)])
        return Scan(
            frames=frames,
            keyframes=keyframes[: bisect.bisect_left(keyframes, reach)],
            entry=entry,
            video_end=min(reach, self.limit),
            audio_ends={},
            orderly=self.orderly and bool((gaps(frames) > 0).all()),
            jumps=self._jumps,
            hidden=self._hidden,
            video_bytes=self._video_bytes[: reach // CLOCK_HZ],
        )

    def result(self) -> Scan:
        """Return what was found, when all was read."""
        entry, frames = self._part(_sorted(self._frames))
        made = Scan(
            frames=frames,
            keyframes=_sorted(self._keyframes),
            entry=entry,
            video_end=min(self._video_end, self.limit),
            audio_ends={index: min(end, self.limit) for index, end in self._audio_ends.items()},
            orderly=self.orderly and bool((gaps(frames) > 0).all()),
            jumps=self._jumps,
            hidden=self._hidden,
            other_videos=tuple(
                (max(0, begin) if self._is_part else begin, min(end, self.limit))
                for begin, end in self._others.values()
                if begin < self.limit and (end > 0 or not self._is_part)
            ),
            blank=self._blank(frames),
            video_bytes=self._video_bytes,
            captions=self._captions,
        )
        if not frames:
            return made
        # a last frame without a duration of its own stands as long as the others
        end = self._video_end if self._video_end > frames[-1] else frames[-1] + made.usual_gap
        return replace(made, video_end=min(end, self.limit))

    def _part(self, frames: array[int]) -> tuple[int | None, array[int]]:
        """Return the frames that are shown in the part that is wanted, and the time of the first of them in the whole.

        The part begins with the frame that is on the screen at its beginning, unless the next one comes at once.
        """
        if self.limit != LATEST:
            frames = frames[: bisect.bisect_left(frames, self.limit - EARLY_TICKS)]
        if not self._is_part:
            return None, frames
        first = bisect.bisect_left(frames, -EARLY_TICKS)
        if first and (first == len(frames) or frames[first] > AT_ONCE):
            first -= 1
        if first == len(frames):
            return None, frames[first:]
        shown = frames[first:]
        for number in range(bisect.bisect_left(shown, 0)):  # one at most, but for times that a container has rounded
            shown[number] = 0
        return frames[first], shown

    def _blank(self, frames: array[int]) -> tuple[int, int] | None:
        stretches = [(frames[n], frames[n + 1]) for n in (gaps(frames) > BLANK_TICKS).nonzero()[0]]
        for silences in self._silences.values():
            common = ((max(a, c), min(b, d)) for a, b in stretches for c, d in silences)
            stretches = [(begin, end) for begin, end in common if end - begin > BLANK_TICKS]
        return max(stretches, key=lambda stretch: stretch[1] - stretch[0], default=None) if self._silences else None


def _sorted(times: array[int]) -> array[int]:
    """Return these times in their order."""
    import numpy as np

    made = times[:]
    if made:
        np.frombuffer(made, np.int64).sort()
    return made
