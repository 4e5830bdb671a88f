"""Encoded audio in pieces: their joints can't be heard, and every packet has its place."""

from __future__ import annotations

import itertools
from pathlib import Path

import av
import numpy as np
import pytest

from pipeline.media.encode import audio_coding
from pipeline.media.encode.audio_coding import CODINGS, Length, PieceWriter, first_packet, read_packets, write_stretch
from pipeline.model import AudioRendition

RATE_HZ, CLOCK_HZ = 48_000, 90_000
TIMELINE_S = 10
PIECE_S = 4
KINDS = [("aac", 1), ("aac", 2), ("ac3", 6)]


def _encoded(folder: Path, codec: str, channels: int, tone: np.ndarray) -> list[Path]:
    """Encode a tone in pieces of four seconds and return their files."""
    bit_rate = {1: 96_000, 2: 128_000, 6: 384_000}[channels]
    rendition = AudioRendition(
        folder="a", name="a", language=None, channels=channels, codec=codec, bit_rate=bit_rate, source_index=0
    )
    samples = np.stack([np.pad(tone, (0, RATE_HZ))] * channels)  # encoders look ahead
    pieces = []
    for number in range(len(tone) // RATE_HZ // PIECE_S):
        first, last = (first_packet(codec, (number + n) * PIECE_S * CLOCK_HZ) for n in (0, 1))
        pieces.append(folder / f"{codec}{channels}-{number}.nut")
        writer = PieceWriter(pieces[-1], rendition, first, last)
        begin = writer.position
        writer.put(np.zeros((channels, max(0, -begin)), dtype=np.float32))
        writer.put(samples[:, max(0, begin) :])
        writer.end()
    return pieces


def _decoded(pieces: list[Path], folder: Path) -> np.ndarray:
    whole = folder / "whole.nut"
    write_stretch(pieces, whole, 0, 1 << 40)
    with av.open(str(whole)) as container:
        return np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])


@pytest.fixture
def tone() -> np.ndarray:
    """Sixteen seconds of 440 Hz, float32 (n,)."""
    return (0.3 * np.sin(2 * np.pi * 440 * np.arange(16 * RATE_HZ) / RATE_HZ)).astype(np.float32)


@pytest.mark.parametrize(("codec", "channels"), KINDS)
def test_packets_go_on_over_the_joints(tmp_path, tone, codec, channels):
    """From the stream's first moment, each as long after the one before as a packet lasts: no hole, none twice."""
    times = [packet.pts for packet, _ in read_packets(_encoded(tmp_path, codec, channels, tone))]
    length = CODINGS[codec].packet
    assert [TIMELINE_S * RATE_HZ + n * length for n in range(first_packet(codec, 16 * CLOCK_HZ))] == times


@pytest.mark.parametrize(("codec", "channels"), KINDS)
def test_a_tone_goes_on_over_the_joints(tmp_path, tone, codec, channels):
    """What is heard around a joint differs from the tone by no more than coding makes it differ anywhere."""
    heard = _decoded(_encoded(tmp_path, codec, channels, tone), tmp_path)
    off = np.abs(heard - tone[: len(heard)])[RATE_HZ // 10 :]
    assert 0.02 > float(off[: 15 * RATE_HZ].max())


def test_without_a_lead_a_joint_would_be_heard(tmp_path, tone, monkeypatch):
    """That is what the encoder is given before a piece for."""
    monkeypatch.setattr(audio_coding, "LEAD", 0)
    heard = _decoded(_encoded(tmp_path, "aac", 2, tone), tmp_path)
    off = np.abs(heard - tone[: len(heard)])[RATE_HZ // 10 :]
    assert 0.02 < float(off[: 15 * RATE_HZ].max())


def test_stretches_have_every_packet_once(tmp_path, tone):
    """Wherever they are cut."""
    pieces = _encoded(tmp_path, "aac", 2, tone)
    cuts = [0, 123_456, 540_000, 542_000, 1 << 40]
    found = []
    for number, (start, end) in enumerate(itertools.pairwise(cuts)):
        target = tmp_path / f"stretch{number}.nut"
        write_stretch(pieces, target, start, end)
        found += [packet.pts for packet, _ in read_packets([target])]
    assert [packet.pts for packet, _ in read_packets(pieces)] == found


@pytest.mark.parametrize(
    ("ticks", "shortest", "packets"), [(CLOCK_HZ, 3600, 47), (CLOCK_HZ, 1500, 48), (1920 * 50, 3600, 50)]
)
def test_a_last_segment_of_one_frame_has_audio_too(ticks, shortest, packets):
    """Packets fill the stream; one more where a frame is shorter than a packet."""
    assert packets == Length(ticks=ticks, shortest_segment=shortest).packets("aac")
