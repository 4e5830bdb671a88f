"""The search for a source's real end, on whole and on broken files."""

from __future__ import annotations

from pathlib import Path

import av
import pytest

from pipeline.media.source import readable_end as module
from pipeline.media.source.readable_end import ReadableEnd, SourceFile, readable_end


class CountingFile(SourceFile):
    """Knows how much was read from it."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.read_bytes = 0

    def read(self, size: int = -1) -> bytes:
        """Count what is returned."""
        data = super().read(size)
        self.read_bytes += len(data)
        return data


def search(path: Path, *, declared_end_s: float | None = None) -> tuple[ReadableEnd | None, int]:
    """Return where a clip ends and how many bytes were read to find it, once it was open."""
    with CountingFile(path) as file, av.open(file) as container:
        packet = next(container.demux(video=0))
        before = file.read_bytes
        if declared_end_s is None and container.duration:
            declared_end_s = container.duration / 1e6
        end = readable_end(
            container,
            file,
            [s for s in container.streams if s.type in ("video", "audio")],
            start_s=0.0,
            declared_end_s=declared_end_s,
            first_position=packet.pos,
        )
        return end, file.read_bytes - before


@pytest.mark.parametrize(
    ("kind", "end_s"),
    [("plain", 3.0), ("webm recorded", 3.0), ("truncated mp4", 4.88), ("truncated mkv", 4.88), ("truncated avi", 4.44)],
)
def test_the_end_is_that_of_the_last_packet(source_clip, kind, end_s):
    """Whether the file is whole, has no duration, or broke off."""
    end, _ = search(source_clip(kind))
    assert end_s == pytest.approx(end.video_and_audio_s, abs=0.01)


def test_subtitles_count_as_something_but_not_as_video_or_audio(make_clip, tmp_path):
    """What goes on for longer is told apart."""
    lines = tmp_path / "lines.srt"
    lines.write_text("1\n00:00:00,000 --> 00:00:09,000\nHello\n")
    video = ("-f", "lavfi", "-i", "testsrc2=size=160x90:rate=25:duration=1")
    end, _ = search(make_clip("lines.mkv", *video, "-i", str(lines), "-c:v", "mpeg4"))
    assert ReadableEnd(video_and_audio_s=1.0, anything_s=9.0) == end


def test_only_the_end_of_a_broken_matroska_file_is_read(source_clip, monkeypatch):
    """Its index is lost, and without it ffmpeg would read everything."""
    clip = source_clip("truncated mkv")
    monkeypatch.setattr(module, "TAIL_BYTES", (150_000,))
    end, read_bytes = search(clip)
    assert (4.88, True) == (
        pytest.approx(end.video_and_audio_s, abs=0.01),
        150_000 <= read_bytes < clip.stat().st_size / 2,
    )


def test_a_wider_window_is_tried_where_no_cluster_begins_in_the_first(source_clip, monkeypatch):
    """Clusters may be long."""
    monkeypatch.setattr(module, "TAIL_BYTES", (100, 1 << 20))
    end, _ = search(source_clip("truncated mkv"))
    assert 4.88 == pytest.approx(end.video_and_audio_s, abs=0.01)


def test_the_search_ends_with_its_budget(source_clip, monkeypatch):
    """An AVI file that lost its index would be read wholly: the end stays unknown instead."""
    monkeypatch.setattr(module, "BUDGET_BYTES", 100_000)
    end, read_bytes = search(source_clip("truncated avi"))
    assert (None, True) == (end, read_bytes < 150_000)


def test_less_of_a_rich_video_is_read(source_clip, monkeypatch):
    """Two seconds of an editing codec are too much to read."""
    clip = source_clip("prores")
    monkeypatch.setattr(module, "LAST_BYTES", clip.stat().st_size // 8)
    end, read_bytes = search(clip)
    assert (2.0, True) == (pytest.approx(end.video_and_audio_s, abs=0.01), read_bytes < clip.stat().st_size / 3)


def test_without_a_declared_end_only_matroska_is_searched(source_clip):
    """Where to look is not known: a bare H.264 stream, for one, has no times at all."""
    with SourceFile(source_clip("plain")) as file, av.open(file) as container:
        found = readable_end(
            container, file, list(container.streams), start_s=0.0, declared_end_s=None, first_position=48
        )
    assert found is None


def test_a_file_ends_where_it_is_told_to(tmp_path):
    """What was allowed is read, at most one piece more, and then no more."""
    path = tmp_path / "bytes"
    path.write_bytes(bytes(100))
    with SourceFile(path) as file:
        file.allow(50)
        assert [40, 40, 0, True] == [len(file.read(40)), len(file.read(40)), len(file.read(40)), file.spent]
