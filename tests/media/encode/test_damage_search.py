"""What of a source can't be read, and where."""

from __future__ import annotations

import struct
from dataclasses import replace
from pathlib import Path

import av
import pytest
from program import make_clip

from pipeline.cancel import CancelToken
from pipeline.errors import Cancelled
from pipeline.media.encode import damage_search
from pipeline.media.encode.damage_search import find_damage
from pipeline.media.ffmpeg.process import find_ffmpeg
from pipeline.media.source.damage import Damage, Medium
from pipeline.media.source.probe import probe

SECONDS = 16
LENGTHS = {b"mvhd": 20, b"mdhd": 20, b"tkhd": 24}
"""Where in which boxes of an MP4 its length stands, from the box's name on (ISO/IEC 14496-12, version 0)."""


@pytest.fixture(scope="module")
def clip(tmp_path_factory) -> Path:
    """Sixteen seconds of video and tone."""
    return make_clip(tmp_path_factory.mktemp("clips") / "clip.mp4", seconds=SECONDS, size="160x90")


def search(path: Path) -> Damage:
    """Look through a file."""
    return find_damage(probe(path), find_ffmpeg(""), CancelToken())


def zeroed(clip: Path, target: Path, track: str, begin_s: float, end_s: float) -> Path:
    """Write a copy of a clip in which each packet of a track between two times is zero."""
    content = bytearray(clip.read_bytes())
    with av.open(str(clip)) as container:
        for packet in container.demux(next(stream for stream in container.streams if stream.type == track)):
            if packet.size and begin_s <= packet.pts * packet.time_base < end_s:
                content[packet.pos : packet.pos + packet.size] = bytes(packet.size)
    target.write_bytes(content)
    return target


def test_a_whole_source(clip):
    """Nothing is missing."""
    assert Damage() == search(clip)


@pytest.mark.parametrize("medium", list(Medium), ids=lambda medium: medium.value)
def test_where_it_is_damaged(clip, tmp_path, medium):
    """The stretch is found to a few frames, and nothing else."""
    found = search(zeroed(clip, tmp_path / "damaged.mp4", medium.value, 5.0, 7.0))
    (hole,) = found.holes
    assert medium is hole.medium
    assert (pytest.approx(5.0, abs=0.1), pytest.approx(7.0, abs=0.1)) == (hole.begin_s, hole.end_s)
    assert (True, pytest.approx(2.0, abs=0.2)) == (found.refused, found.missing_s(medium))


def test_a_little_damage(clip, tmp_path):
    """Half a second is no reason to refuse it."""
    found = search(zeroed(clip, tmp_path / "damaged.mp4", "audio", 4.0, 4.5))
    assert (1, False, False) == (len(found.holes), found.refused, found.whole)


def test_a_file_that_broke_off(source_clip):
    """It ends in the middle of a packet, so its header is right."""
    assert not search(source_clip("truncated mp4")).whole


def test_a_wrong_length_in_the_header(clip, tmp_path):
    """All that there is can be read."""
    content = bytearray(clip.read_bytes())
    for name, place in LENGTHS.items():
        at = content.find(name)
        while at > 0:
            (length,) = struct.unpack_from(">I", content, at + place)
            struct.pack_into(">I", content, at + place, length * 2)
            at = content.find(name, at + 4)
    target = tmp_path / "long.mp4"
    target.write_bytes(content)
    assert search(target).whole


def test_audio_that_ends_early_is_refused_as_a_job_refuses_it(clip, tmp_path, monkeypatch):
    """Its track declares more than there is, and what there is has faults."""
    real = damage_search.scan

    def short(media, cancel):
        found = real(media, cancel)
        return replace(found, audio_ends={index: end // 2 for index, end in found.audio_ends.items()})

    monkeypatch.setattr(damage_search, "scan", short)
    assert Damage() == search(clip)
    found = search(zeroed(clip, tmp_path / "damaged.mp4", "audio", 5.0, 5.5))
    assert (True, True) == (found.refused, found.interruption.acceptable)
    assert "has audio that ends at 8.0 s, though it declares 16.0 s" == found.interruption.text


def test_a_search_that_is_cancelled(clip):
    """It ends at once."""
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        find_damage(probe(clip), find_ffmpeg(""), cancel)
