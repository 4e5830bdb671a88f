"""Captions come from the audio that has speech: of real clips, with the speech of the sample in one of many tracks."""

from __future__ import annotations

import wave
from collections.abc import Iterator

import numpy as np
import pytest

from pipeline.cancel import CancelToken
from pipeline.media.source.probe import probe
from pipeline.speech import audio_choice
from pipeline.speech.audio_samples import Sample, samples_of
from pipeline.speech.audio_tracks import ChosenAudio, Track, choose_audio
from pipeline.speech.transcribe import transcribe

pytestmark = pytest.mark.usefixtures("no_child_left")

STEREO, SURROUND = 2, 6

CLIPS = {
    "speech in stereo": ("[0:a]pan=stereo|c0=c0|c1=c0", None),
    "one side inverted": ("[0:a]pan=stereo|c0=c0|c1=-1*c0", 0),
    "timecode on the left": (
        "[0:a]pan=mono|c0=0.3*c0[v];aevalsrc='0.9*sgn(sin(2*PI*(960+960*gt(mod(t*80\\,2)\\,1))*t))':d=14[t];"
        "[t][v]join=inputs=2:channel_layout=stereo",
        1,
    ),
    "voice in the centre under noise": (
        "[0:a]pan=mono|c0=0.25*c0[v];anoisesrc=d=14:a=0.9:seed=1[n];[n]asplit=5[a][b][c][d][e];"
        "[a][b][v][c][d][e]join=inputs=6:channel_layout=5.1:"
        "map=0.0-FL|1.0-FR|2.0-FC|3.0-LFE|4.0-BL|5.0-BR",
        2,
    ),
}


@pytest.mark.parametrize(("graph", "channel"), CLIPS.values(), ids=CLIPS)
def test_channels(make_audio, sample, small_model, graph, channel, whisper):
    """Channels are heard together where that has speech, else the one that has; the words come out."""
    clip = make_audio("clip.mkv", "-i", str(sample), "-filter_complex", f"{graph}[o]", "-map", "[o]", "-c:a", "flac")
    channels = SURROUND if "5.1" in graph else STEREO
    audio = choose_audio(whisper, clip, [Track(index=0, channels=channels)], CancelToken())
    assert channel == audio.channel
    heard = transcribe(
        whisper, clip, CancelToken(), model=str(small_model), language="en", track=0, channel=audio.channel
    )
    spoken = sample.with_suffix(".txt").read_text(encoding="utf-8").splitlines()
    assert spoken == [segment.text for segment in heard.segments]


def test_tracks(make_audio, sample, whisper):
    """The first of the tracks with speech is taken, in the order of preference; without speech, the first of all."""
    tone = ("-f", "lavfi", "-i", "sine=frequency=300:duration=14")
    clip = make_audio("clip.mkv", *tone, "-i", str(sample), *("-map", "0", "-map", "1:a", "-map", "1:a", "-map", "0"))
    tone_track, first, second, other_tone = (Track(index=index) for index in range(4))
    for tracks, chosen in (
        ((tone_track, first, second), first),
        ((second, first), second),
        ((other_tone, tone_track), other_tone),
    ):
        assert ChosenAudio(track=chosen) == choose_audio(whisper, clip, tracks, CancelToken())


def test_only_the_part_that_is_converted_counts(make_audio, sample, whisper):
    """Speech after the end of a part is not looked for."""
    quiet = ("-f", "lavfi", "-i", "anullsrc=r=48000:cl=mono:d=60")
    graph = "[0:a]aresample=48000,aformat=channel_layouts=mono[v];[1:a][v]concat=n=2:v=0:a=1[late]"
    clip = make_audio(
        "clip.mkv",
        *("-i", str(sample), *quiet, "-filter_complex", graph),
        *("-map", "[late]", "-map", "0:a", "-c:a", "flac"),
    )
    tracks = [Track(index=0), Track(index=1)]
    assert (1, 0) == (
        choose_audio(whisper, clip, tracks, CancelToken(), limit_s=14.0).track.index,
        choose_audio(whisper, clip, tracks, CancelToken()).track.index,
    )


def test_one_mono_track_needs_no_look(tmp_path, whisper):
    """Where there is nothing to choose from, no process is started and no file is read."""
    track = Track(index=1)
    assert ChosenAudio(track=track) == choose_audio(whisper, tmp_path / "nothing.mp4", [track], CancelToken())


@pytest.mark.parametrize("content", [b"", b"no audio at all" * 1000], ids=["empty", "of something else"])
def test_a_file_that_is_no_audio(tmp_path, content, whisper):
    """It has no speech; what is wrong with it is said when it is heard."""
    broken = tmp_path / "my 'clip\nä.mp4"
    broken.write_bytes(content)
    track = Track(index=1, channels=STEREO)
    assert ChosenAudio(track=track) == choose_audio(whisper, broken, [track], CancelToken())


def test_the_tracks_of_a_probed_file(make_audio, sample, whisper):
    """The places that the probe gives are those that are looked at."""
    clip = make_audio("clip.mkv", "-i", str(sample), "-map", "0:a", "-map", "0:a")
    tracks = [Track(index=one.index, offset_s=one.start_s, channels=one.channels) for one in probe(clip).audio]
    assert tracks[0] == choose_audio(whisper, clip, tracks, CancelToken()).track


@pytest.mark.parametrize("channels", [1, 2, 6])
def test_a_file_that_does_not_say_which_channels_it_has(tmp_path, channels):
    """As most WAV files: there are samples of it, with each of its channels."""
    clip = tmp_path / "clip.wav"
    with wave.open(str(clip), "wb") as written:
        written.setnchannels(channels)
        written.setsampwidth(2)
        written.setframerate(16000)
        written.writeframes(np.tile(np.arange(channels, dtype="<i2") * 1000, 32000).tobytes())
    (one,) = samples_of(clip, 0)
    assert [1000 * number for number in range(channels)] == one.channels[:, 1000].tolist()


def test_no_more_is_looked_at_than_it_takes(make_audio, sample, monkeypatch):
    """The first sample that has speech decides, so that an hour costs what half a minute does."""
    clip = make_audio("long.flac", "-stream_loop", "7", "-i", str(sample), "-map", "0:a", "-c:a", "flac")
    looked_at = []

    def noted(*arguments: object, **named: object) -> Iterator[Sample]:
        for one in samples_of(*arguments, **named):
            looked_at.append(one)
            yield one

    monkeypatch.setattr(audio_choice, "samples_of", noted)
    assert ((0, None), 1) == (audio_choice.choose_track(clip, [0]), len(looked_at))
