"""The audio of a passage."""

from __future__ import annotations

import math
import struct
import wave

import numpy as np
import pytest

from storage import StorageError
from transcripts.media import LocalMedia
from transcripts.passage import RATE_HZ, PassageError, audio_blocks, peaks, read_passage

FILE_RATE_HZ = 44_100


@pytest.fixture(scope="module")
def tone(tmp_path_factory):
    """Four seconds: silence but for a tone from 2 to 3 s."""
    path = tmp_path_factory.mktemp("audio") / "a 'tone' ü.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(FILE_RATE_HZ)
        for n in range(4 * FILE_RATE_HZ):
            loud = 2 * FILE_RATE_HZ <= n < 3 * FILE_RATE_HZ
            value = round(16_000 * math.sin(2 * math.pi * 440 * n / FILE_RATE_HZ)) if loud else 0
            file.writeframesraw(struct.pack("<h", value))
    return LocalMedia(path)


def test_a_passage(tone):
    """It has the length that was asked for, and the tone where it is."""
    samples = read_passage(tone, 1.5, 3.5)
    assert (2 * RATE_HZ, np.float32) == (len(samples), samples.dtype)
    loud = np.flatnonzero(np.abs(samples) > 0.1) / RATE_HZ
    assert (0.5, 1.5) == (pytest.approx(loud[0], abs=0.02), pytest.approx(loud[-1], abs=0.02))
    assert 0.49 == pytest.approx(samples.max(), abs=0.03)


@pytest.mark.parametrize(("start", "end", "length"), [(3.5, 5.0, 1.5), (9, 10, 1), (-1, 1, 1), (2, 2, 0), (3, 1, 0)])
def test_beyond_the_ends(tone, start, end, length):
    """What the file does not have is silence."""
    assert length * RATE_HZ == len(read_passage(tone, start, end))


def test_a_video(sample):
    """The audio of a video is read, too."""
    assert np.abs(read_passage(LocalMedia(sample), 1.0, 4.0)).max() > 0.01


def test_blocks(tone):
    """They follow each other without a gap: together they are what was asked for, also beyond the end of the file."""
    blocks = list(audio_blocks(tone, 1.5, 5.5, 48_000))
    samples = np.concatenate(blocks)
    assert (4 * 48_000, np.float32) == (len(samples), samples.dtype)
    loud = np.flatnonzero(np.abs(samples) > 0.1) / 48_000
    assert (0.5, 1.5) == (pytest.approx(loud[0], abs=0.02), pytest.approx(loud[-1], abs=0.02))
    assert max(map(len, blocks)) <= 48_000


def test_blocks_are_decoded_as_they_are_wanted(sample):
    """What nobody has asked for yet is not read."""
    read = []

    class Counted(LocalMedia):
        def chunks(self, start=0, stop=None):
            read.append((start, stop))
            return super().chunks(start, stop)

    media = Counted(sample)
    blocks = audio_blocks(media, 0.0, 30.0, 48_000)
    next(blocks)
    before = len(read)
    assert before < sum(1 for _ in blocks)
    blocks.close()


class Broken:
    """A store that fails."""

    size_bytes = 100_000

    def chunks(self, start=0, stop=None):
        raise StorageError("The store is away.")


def test_what_can_not_be_read(tmp_path):
    """What is no video, and a store that fails, are sentences."""
    path = tmp_path / "a.mp4"
    path.write_bytes(b"no video" * 100)
    with pytest.raises(PassageError, match="check that the file plays"):
        read_passage(LocalMedia(path), 0, 1)
    with pytest.raises(StorageError, match="The store is away"):
        read_passage(Broken(), 0, 1)


def test_peaks():
    """Each column has the lowest and the highest sample of its part."""
    samples = np.array([0, 1, -1, 0.5], dtype=np.float32)
    assert [(0.0, 1.0), (-1.0, 0.5)] == peaks(samples, 2)
    assert [] == peaks(samples[:0], 5)
    assert 4 == len(peaks(samples, 100))
