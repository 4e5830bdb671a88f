"""Video and audio stay together, whatever the source's times are: flashes and beeps at its begin, middle and end,
within 20 ms.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import av
import flash_and_beep
import numpy as np
import pytest

from config import Config
from pipeline import wiring
from pipeline.cancel import CancelToken
from pipeline.job import AudioRequest, EncoderFamily, EncodingRequest, Job, MappedAudio, SegmentType
from pipeline.media.validate import validate
from pipeline.model import JobReport, Outcome

TS = EncodingRequest(preset="ultrafast", encoder=EncoderFamily.CPU)
FMP4 = replace(TS, segment_type=SegmentType.FMP4)
WITHIN_MS = 20
TIMELINE_S = 10

Maker = Callable[[Path], Path]


def plain(folder: Path) -> Path:
    """Nothing unusual."""
    return flash_and_beep.make(folder / "plain.mp4")


def ntsc(folder: Path) -> Path:
    """29.97 frames a second: no segment begins at a whole second."""
    return flash_and_beep.make(folder / "ntsc.mp4", rate="30000/1001")


def film(folder: Path) -> Path:
    """23.976 frames a second, in a container that rounds to milliseconds."""
    return flash_and_beep.make(folder / "film.mkv", rate="24000/1001")


def drifting(folder: Path) -> Path:
    """The audio's clock is slow by half a percent: its packets say when they should be heard."""
    video, audio = flash_and_beep.inputs()
    slow = ["-af", "asetrate=48240,aresample=48000:async=0,asetpts=PTS", "-bsf:a", "setts=ts=TS*201/200"]
    return flash_and_beep.run(folder / "drift.mkv", *video, *audio, *slow, *flash_and_beep.CODECS)


def lost_packets(folder: Path) -> Path:
    """One packet in fifty was lost, as in a recording of a stream: 21 ms each."""
    lost = ["-bsf:a", "noise=drop='not(mod(n+1,50))'"]
    return flash_and_beep.make(folder / "lost.mkv", *lost)


def late_audio(folder: Path) -> Path:
    """The audio begins 3.3 s after the video."""
    video, audio = flash_and_beep.inputs(flashes=(4, 7, 11))
    cut = ["-ss", "3.3", *audio]
    return flash_and_beep.run(folder / "late.mkv", *video, "-itsoffset", "3.3", *cut, *flash_and_beep.CODECS)


def other_format_later(folder: Path) -> Path:
    """After 5.4 s the audio is mono at 44.1 kHz, as where a broadcast goes over to a programme:
    a transport stream put together.
    """
    parts = []
    for name, start_s, length_s, form in (("a", 0.0, 5.4, ("48000", "2")), ("b", 5.4, 6.6, ("44100", "1"))):
        flashes = [time - start_s for time in flash_and_beep.FLASHES if start_s <= time < start_s + length_s]
        offset = [
            "-output_ts_offset",
            str(start_s),
            "-ar",
            form[0],
            "-ac",
            form[1],
            "-muxdelay",
            "0",
            "-muxpreload",
            "0",
        ]
        parts.append(
            flash_and_beep.make(folder / f"{name}.ts", *offset, length_s=length_s, flashes=flashes).read_bytes()
        )
    joined = folder / "joined.ts"
    joined.write_bytes(b"".join(parts))
    return joined


def jittering(folder: Path) -> Path:
    """Times that come up to 15 ms too early or too late, as in recordings of calls."""
    return flash_and_beep.make(folder / "jitter.mkv", "-bsf:a", "setts=ts='TS+15*sin(N*7.3)'")


KINDS: dict[str, Maker] = {
    "plain": plain,
    "ntsc": ntsc,
    "film": film,
    "drifting": drifting,
    "lost packets": lost_packets,
    "late audio": late_audio,
    "other format later": other_format_later,
    "jittering": jittering,
}


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Return what makes a kind of clip, once for all tests."""
    made: dict[str, Path] = {}

    def make(kind: str) -> Path:
        if kind not in made:
            made[kind] = KINDS[kind](tmp_path_factory.mktemp("sync"))
        return made[kind]

    return make


def _convert(source: Path, out: Path, **asked: object) -> JobReport:
    plain_job = {"source": source, "output_dir": out, "slug": "job", "encoding": TS, "make_mp4": True}
    job = Job(**plain_job | asked)
    return wiring.run_job(wiring.probe_and_plan(job, Config()), Config(), lambda event: None, CancelToken())


def _playlists(folder: Path) -> tuple[Path, Path]:
    """Return the playlist of the video, and that of the audio, which may be the same."""
    video = next(folder.glob("*p/index.m3u8"))
    return video, next(folder.glob("audio/*/index.m3u8"), video)


@pytest.mark.parametrize("encoding", [TS, FMP4], ids=["muxed", "fmp4"])
@pytest.mark.parametrize("kind", KINDS)
def test_beeps_are_heard_with_their_flashes(clip, tmp_path, kind, encoding):
    """In the stream and in the MP4, at begin, middle and end."""
    report = _convert(clip(kind), tmp_path, encoding=encoding)
    assert (Outcome.DONE, "", ()) == (report.outcome, report.error, validate(report.folder).findings)
    for apart in (
        flash_and_beep.apart_ms(*_playlists(report.folder)),
        flash_and_beep.apart_ms(report.folder / "offline_480p.mp4"),
    ):
        assert [pytest.approx(0, abs=WITHIN_MS)] * 3 == apart


@pytest.mark.parametrize("encoding", [TS, FMP4], ids=["muxed", "fmp4"])
@pytest.mark.parametrize("kind", ["plain", "ntsc"])
def test_video_and_audio_begin_together(clip, tmp_path, kind, encoding):
    """No packet lies before the first frame: players jump over what looks like a hole."""
    report = _convert(clip(kind), tmp_path, encoding=encoding, make_mp4=False)
    video, audio = _playlists(report.folder)
    assert [pytest.approx(TIMELINE_S, abs=1e-4)] * 2 == [_first_pts_s(video, "video"), _first_pts_s(audio, "audio")]


def _first_pts_s(path: Path, kind: str) -> float:
    with av.open(str(path)) as container:
        stream = next(s for s in container.streams if s.type == kind)
        return min(float(packet.pts * packet.time_base) for packet in container.demux(stream) if packet.pts is not None)


@pytest.mark.parametrize(
    ("rate", "encoding", "tracks"),
    [("24000/1001", FMP4, 1), ("30000/1001", TS, 2), ("60000/1001", FMP4, 1)],
    ids=["film", "two tracks", "60000/1001"],
)
def test_audio_of_its_own_is_cut_where_the_video_is(tmp_path, rate, encoding, tracks):
    """Rates of which no frame lies on a whole second, long enough to drift away from the clock."""
    source = _ntsc(tmp_path, rate, tracks)
    report = _convert(source, tmp_path / "out", encoding=encoding, make_mp4=False)
    assert (Outcome.DONE, "", ()) == (report.outcome, report.error, validate(report.folder).findings)
    video, audio = _playlists(report.folder)
    assert len(_durations_s(video)) == len(_durations_s(audio))
    assert [] == [
        pair for pair in zip(_begins_s(video), _begins_s(audio), strict=True) if not 0 <= pair[1] - pair[0] < 0.0215
    ]


def _ntsc(folder: Path, rate: str, tracks: int) -> Path:
    video = ["-f", "lavfi", "-i", f"testsrc2=size=160x90:rate={rate}:duration=40"]
    tone = ["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000:duration=40"]
    codecs = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac"]
    return flash_and_beep.run(folder / "ntsc.mp4", *video, *tone, "-map", "0", *(["-map", "1"] * tracks), *codecs)


def _durations_s(playlist: Path) -> list[float]:
    return [float(line[8:].rstrip(",")) for line in playlist.read_text().splitlines() if line.startswith("#EXTINF:")]


def _begins_s(playlist: Path) -> Sequence[float]:
    durations = _durations_s(playlist)
    return [sum(durations[:number]) for number in range(len(durations))]


def test_surround_and_loudness_are_made_of_one_reading_each(tmp_path):
    """Stereo and 5.1 of each track begin together and last alike."""
    video, _ = flash_and_beep.inputs()
    beeps = "0.3*sin(2*PI*1000*t)*(between(t,1,1.2)+between(t,6,6.2)+between(t,11,11.2))"
    six = ["-f", "lavfi", "-i", f"aevalsrc='{'|'.join([beeps] * 6)}':c=5.1:s=48000:d=12"]
    source = flash_and_beep.run(tmp_path / "six.mp4", *video, *six, *flash_and_beep.CODECS)
    report = _convert(source, tmp_path / "out", audio=AudioRequest(surround=True, loudness_lufs=-16.0), make_mp4=False)
    assert (Outcome.DONE, "", ()) == (report.outcome, report.error, validate(report.folder).findings)
    film = next(report.folder.glob("*p/index.m3u8"))
    for audio in sorted(report.folder.glob("audio/*/index.m3u8")):
        assert [pytest.approx(0, abs=WITHIN_MS)] * 3 == flash_and_beep.apart_ms(film, audio)


def test_sixty_channels_become_the_first_two(tmp_path):
    """More than eight channels without names are no layout that could be mixed; what is done is said."""
    video, _ = flash_and_beep.inputs(length_s=2, flashes=())
    tones = "|".join(f"0.2*sin({200 * n}*2*PI*t)" for n in range(1, 61))
    sixty = ["-f", "lavfi", "-i", f"aevalsrc={tones}:s=48000:d=2", "-c:a", "pcm_s16le"]
    wav = flash_and_beep.run(tmp_path / "sixty.wav", *sixty)
    source = flash_and_beep.run(tmp_path / "sixty.mov", *video, "-i", str(wav), *flash_and_beep.CODECS, "-c:a", "copy")
    job = Job(source=source, output_dir=tmp_path / "out", slug="job", encoding=TS, make_mp4=False)
    plan = wiring.probe_and_plan(job, Config())
    report = wiring.run_job(plan, Config(), lambda event: None, CancelToken())
    assert (Outcome.DONE, "", ()) == (report.outcome, report.error, validate(report.folder).findings)
    assert ["sixty.mov: 60-channel audio, the first two made stereo."] == [
        note for note in plan.notes if "channel" in note
    ]


def _tones(folder: Path, *arguments: str, name: str = "tones.mxf") -> Path:
    """Make two seconds with a mono track a tone: 400, 500, 600 and 700 Hz."""
    video = ["-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration=2"]
    tones = [
        text
        for hz in (400, 500, 600, 700)
        for text in ("-f", "lavfi", "-i", f"sine=frequency={hz}:sample_rate=48000:duration=2")
    ]
    maps = [text for number in range(5) for text in ("-map", str(number))]
    codecs = ["-c:v", "mpeg2video", "-pix_fmt", "yuv420p", "-b:v", "2M", "-c:a", "pcm_s24le"]
    return flash_and_beep.run(folder / name, *video, *tones, *maps, *codecs, *arguments)


def _heard_hz(playlist: Path) -> list[int]:
    """Return the loudest frequency of each channel, to the ten."""
    with av.open(str(playlist)) as container:
        samples = np.concatenate([frame.to_ndarray() for frame in container.decode(audio=0)], axis=1)[:, 24_000:72_000]
    return [round(float(np.argmax(np.abs(np.fft.rfft(channel))) * 48_000 / len(channel)), -1) for channel in samples]


def test_mono_tracks_of_an_mxf_are_heard_as_left_and_right(tmp_path):
    """Two by two, which is said."""
    job = Job(source=_tones(tmp_path), output_dir=tmp_path / "out", slug="job", encoding=TS, make_mp4=False)
    plan = wiring.probe_and_plan(job, Config())
    report = wiring.run_job(plan, Config(), lambda event: None, CancelToken())
    assert (Outcome.DONE, "", ()) == (report.outcome, report.error, validate(report.folder).findings)
    assert [[400, 500], [600, 700]] == [_heard_hz(path) for path in sorted(report.folder.glob("audio/*/index.m3u8"))]
    assert ["tones.mxf: 4 mono audio tracks, made 2 in stereo (1+2, 3+4)."] == [
        note for note in plan.notes if "audio" in note
    ]


def test_a_map_puts_other_tracks_together(tmp_path):
    """The fourth on the left and the first on the right, muxed; nothing else."""
    chosen = AudioRequest(audio_map=((MappedAudio(track=4), MappedAudio(track=1)),))
    report = _convert(_tones(tmp_path), tmp_path / "out", audio=chosen, make_mp4=False)
    assert (Outcome.DONE, "", ()) == (report.outcome, report.error, validate(report.folder).findings)
    assert [700, 400] == _heard_hz(_playlists(report.folder)[1])


@pytest.mark.parametrize("encoding", [TS, FMP4], ids=["muxed", "fmp4"])
def test_mono_stays_mono(clip, tmp_path, encoding):
    """One channel, as loud as it was, and declared as one."""
    report = _convert(clip("plain"), tmp_path, encoding=encoding, make_mp4=False)
    with av.open(str(_playlists(report.folder)[1])) as container:
        samples = np.concatenate([frame.to_ndarray() for frame in container.decode(audio=0)], axis=1)
    assert (1, pytest.approx(0.5, abs=0.05)) == (len(samples), float(np.percentile(np.abs(samples), 99.9)))
    master = (report.folder / "master.m3u8").read_text()
    assert (encoding is FMP4) == ('CHANNELS="1"' in master)
