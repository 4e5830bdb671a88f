"""Audio is read on its own clock, holes and broken packets included."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.errors import SpeechError
from pipeline.speech import audio
from pipeline.speech.audio import RATE_HZ, read_audio

TONE = ("-f", "lavfi", "-i", "sine=f=440:d=2:r=48000")


def loud_spans(path, from_s: float = 0.0) -> list[tuple[float, float]]:
    """Where the audio is loud, as rounded (start, end) in seconds."""
    samples = np.concatenate(list(read_audio(path, from_s=from_s).pieces))
    frames = np.abs(samples[: len(samples) // 160 * 160].reshape(-1, 160)).max(axis=1) > 0.02
    edges = np.flatnonzero(np.diff(np.concatenate([[0], frames.astype(int), [0]])))
    return [(round(float(a) / 100, 1), round(float(b) / 100, 1)) for a, b in edges.reshape(-1, 2) if b - a > 2]


def test_samples_are_whispers(make_audio):
    """Whatever the source has, the samples are float32 mono, 16 kHz, between -1 and 1."""
    audio = read_audio(make_audio("tone.m4a", *TONE, "-af", "volume=8,aformat=channel_layouts=5.1", "-c:a", "aac"))
    samples = np.concatenate(list(audio.pieces))
    assert (np.float32, 1, True) == (samples.dtype, samples.ndim, bool(np.abs(samples).max() <= 1.0))
    assert (2.0, 2.0) == (pytest.approx(len(samples) / RATE_HZ, abs=0.1), pytest.approx(audio.duration_s, abs=0.1))


def test_a_hole_is_kept(make_audio):
    """Where timestamps jump, silence keeps what follows at its time."""
    path = make_audio("hole.mkv", *TONE, "-af", "asetpts='PTS+if(gt(T,1),3/TB,0)'", "-c:a", "pcm_s16le")
    assert [(0.0, 1.0), (4.0, 5.0)] == loud_spans(path)


def test_a_part(make_audio):
    """Only what lies between two times is read, counted from the first of them."""
    path = make_audio("hole.mkv", *TONE, "-af", "asetpts='PTS+if(gt(T,1),3/TB,0)'", "-c:a", "pcm_s16le")
    audio = read_audio(path, from_s=0.5, until_s=4.25)
    samples = np.concatenate(list(audio.pieces))
    assert (60_000, 3.75) == (len(samples), audio.duration_s)
    assert [True, False, True] == [bool(np.abs(samples[at : at + 1000]).max() > 0.02) for at in (0, 20_000, 57_000)]


BEEPS = ("-f", "lavfi", "-i", "aevalsrc='if(lt(mod(t,10),1),sin(2*PI*440*t)/2,0)':s=44100:d=150")
HELD = "asetpts='PTS+if(gt(T,135),7/TB,0)'"


@pytest.mark.parametrize(
    ("name", "arguments", "entered"),
    [
        pytest.param("long.m4a", ("-c:a", "aac"), True, id="mp4"),
        pytest.param("long.mkv", ("-c:a", "libopus"), True, id="matroska"),
        pytest.param("late.mkv", ("-c:a", "aac", "-output_ts_offset", "3"), True, id="a clock that begins later"),
        pytest.param("hole.mkv", ("-af", HELD, "-c:a", "pcm_s16le"), True, id="a hole after it"),
        pytest.param("long.mp3", ("-c:a", "libmp3lame", "-q:a", "9"), False, id="no times"),
        pytest.param("long.ogg", ("-c:a", "libvorbis"), False, id="no times of packets"),
    ],
)
def test_a_late_part_is_entered_before_it(make_audio, monkeypatch, name, arguments, entered):
    """What lies before is passed over, not decoded, where the container tells when each packet is; nothing moves."""
    path = make_audio(name, *BEEPS, *arguments)
    decoded = []
    real = audio._frames
    monkeypatch.setattr(audio, "_frames", lambda *given: (decoded.append(f) or f for f in real(*given)))
    spans = [(a + 125.5, b + 125.5) for a, b in loud_spans(path, 125.5)]
    decoded_s = sum(frame.samples / frame.sample_rate for frame in decoded)
    assert [span for span in loud_spans(path) if span[0] > 125.5] == [
        (pytest.approx(a, abs=0.11), pytest.approx(b, abs=0.11)) for a, b in spans
    ]
    assert entered == (decoded_s < 40)


def test_a_late_start_is_not_counted(make_audio):
    """Times count from the audio's own first moment, wherever the file begins."""
    path = make_audio(
        "late.mkv", "-f", "lavfi", "-i", "color=s=64x64:d=6:r=5", "-itsoffset", "3", *TONE, "-c:a", "pcm_s16le"
    )
    assert [(0.0, 2.0)] == loud_spans(path)


def test_a_change_of_channels(make_audio):
    """Audio that changes from stereo to 5.1 half-way is read to its end."""
    stereo = make_audio("stereo.ts", *TONE, "-ac", "2", "-c:a", "ac3")
    surround = make_audio("surround.ts", *TONE, "-ac", "6", "-c:a", "ac3", "-output_ts_offset", "2")
    joined = stereo.with_name("joined.ts")
    joined.write_bytes(stereo.read_bytes() + surround.read_bytes())
    assert 4.0 == pytest.approx(sum(len(piece) for piece in read_audio(joined).pieces) / RATE_HZ, abs=0.2)


def test_broken_packets_cost_only_themselves(make_audio):
    """Garbage in the middle of a file does not end the reading."""
    path = make_audio("broken.mp3", "-f", "lavfi", "-i", "sine=f=440:d=20", "-c:a", "libmp3lame")
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 3000] = bytes(range(250)) * 12
    path.write_bytes(content)
    assert 18.0 < loud_spans(path)[-1][1]


def test_a_file_without_audio(make_audio):
    """A file without an audio track is refused by name."""
    path = make_audio("mute.mp4", "-f", "lavfi", "-i", "color=s=64x64:d=1:r=5")
    with pytest.raises(SpeechError, match=r"mute\.mp4 has no audio to transcribe\.$"):
        read_audio(path)
