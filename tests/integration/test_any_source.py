"""Every kind of source, and every kind of stream: the validator finds nothing,
and what was made is what was in the source.

What a stream holds is read back here by PyAV and by eye of its text, not by the modules that wrote or judged it.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import av
import imageio_ffmpeg
import numpy as np
import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from source_clips import KINDS, NAMES

from config import Config
from pipeline import wiring
from pipeline.cancel import CancelToken
from pipeline.job import AudioRequest, Codec, EncoderFamily, EncodingRequest, Encryption, Job, RateControl, SegmentType
from pipeline.media.validate import RuleFinding, validate
from pipeline.model import JobReport, Outcome

VERYFAST = EncodingRequest(preset="veryfast", encoder=EncoderFamily.CPU)
FMP4 = replace(VERYFAST, segment_type=SegmentType.FMP4)
HEVC = replace(VERYFAST, codec=Codec.HEVC)
AV1 = replace(VERYFAST, codec=Codec.AV1)
KEY = bytes(range(100, 116))
KEY_URI = "https://keys.example/1"
TIMELINE_S = 10
AAC_FRAME_S = 1024 / 48_000
ATTRIBUTE = re.compile(r'([A-Z0-9-]+)=("[^"]*"|[^,]*)')


@dataclass(frozen=True)
class Frame:
    """A frame at a time of the stream, in seconds; `rgb` is uint8 (height, width, 3)."""

    time_s: float
    width: int
    height: int
    pixel_format: str
    interlaced: bool
    primaries: int
    transfer: int
    rgb: np.ndarray


@dataclass(frozen=True)
class AudioPart:
    """Samples as float32 (channels, n) at 48 kHz, the first at a time of the stream."""

    start_s: float
    samples: np.ndarray

    @property
    def end_s(self) -> float:
        return self.start_s + self.samples.shape[1] / 48_000

    def tone_hz(self, from_s: float, to_s: float, channel: int = 0) -> float:
        """Return the loudest frequency of a stretch, 0 where it is silent."""
        part = self.samples[channel][round((from_s - self.start_s) * 48_000) : round((to_s - self.start_s) * 48_000)]
        if np.abs(part).max() < 0.005:
            return 0.0
        spectrum = np.abs(np.fft.rfft(part * np.hanning(len(part))))
        return float(np.argmax(spectrum) * 48_000 / len(part))


@dataclass(frozen=True)
class Made:
    """What became of a source."""

    source: Path
    report: JobReport
    findings: tuple[RuleFinding, ...]

    @property
    def folder(self) -> Path:
        return self.report.folder

    @property
    def whole(self) -> tuple[Outcome, str, tuple[RuleFinding, ...]]:
        return self.report.outcome, self.report.error, self.findings

    @property
    def video(self) -> Path:
        """The largest rendition's playlist."""
        return self.folder / self.variants[0]["uri"]

    @property
    def audio(self) -> Path:
        """The playlist with the default audio track."""
        defaults = [media for media in self.media if (media["TYPE"], media["DEFAULT"]) == ("AUDIO", "YES")]
        return self.folder / defaults[0]["URI"] if defaults else self.video

    @property
    def variants(self) -> list[dict[str, str]]:
        """The variants of the master playlist, the largest first."""
        found = re.findall(r"#EXT-X-STREAM-INF:(.*)\n(.*)", self._master)
        listed = [_attributes(text) | {"uri": uri} for text, uri in found]
        return sorted(listed, key=lambda variant: -int(variant["BANDWIDTH"]))

    @property
    def media(self) -> list[dict[str, str]]:
        """The renditions that stand beside the variants, in the master playlist's order."""
        return [_attributes(text) for text in re.findall(r"#EXT-X-MEDIA:(.*)", self._master)]

    @property
    def _master(self) -> str:
        return (self.folder / "master.m3u8").read_text(encoding="utf-8")


Convert = Callable[..., Made]


def _attributes(text: str) -> dict[str, str]:
    return {name: value.strip('"') for name, value in ATTRIBUTE.findall(text)}


def _frames(path: Path, timeline_s: float = TIMELINE_S) -> list[Frame]:
    with av.open(str(path), metadata_errors="replace") as container:
        container.streams.video[0].thread_count = 1
        return [_frame(frame, timeline_s) for frame in container.decode(container.streams.video[0])]


def _frame(frame: av.VideoFrame, timeline_s: float) -> Frame:
    return Frame(
        time_s=float(frame.pts * frame.time_base) - timeline_s,
        width=frame.width,
        height=frame.height,
        pixel_format=frame.format.name,
        interlaced=frame.interlaced_frame,
        primaries=frame.color_primaries,
        transfer=frame.color_trc,
        rgb=frame.to_ndarray(format="rgb24"),
    )


def _audio(path: Path) -> AudioPart:
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        decoded = list(container.decode(stream))
        layout = "mono" if decoded[0].layout.nb_channels == 1 else decoded[0].layout.name
        to_float = av.AudioResampler(format="fltp", layout=layout, rate=48_000)
        parts = [part.to_ndarray() for frame in decoded for part in to_float.resample(frame)]
        start_s = float(decoded[0].pts * decoded[0].time_base) - TIMELINE_S
    return AudioPart(start_s=start_s, samples=np.concatenate(parts, axis=1))


def _apart(one: np.ndarray, other: np.ndarray) -> float:
    """Return how far two pictures of one size are apart on average, of 255."""
    return float(np.abs(one.astype(int) - other.astype(int)).mean())


@pytest.fixture(scope="module")
def key_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key of AES-128."""
    path = tmp_path_factory.mktemp("keys") / "key"
    path.write_bytes(KEY)
    return path


@pytest.fixture(scope="module")
def convert(source_clip: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Convert:
    """Return what converts a kind of source, or a file; the same job is done once for all tests."""
    out = tmp_path_factory.mktemp("streams")
    made: dict[str, Made] = {}

    def run(source: str | Path, **asked: Any) -> Made:
        name = f"{source} {sorted(asked.items(), key=lambda item: item[0])}"
        if name not in made:
            path = source_clip(source) if isinstance(source, str) else source
            plain = {
                "source": path,
                "output_dir": out,
                "slug": f"job-{len(made)}",
                "encoding": VERYFAST,
                "make_mp4": False,
            }
            job = Job(**plain | asked)
            report = wiring.run_job(wiring.probe_and_plan(job, Config()), Config(), lambda event: None, CancelToken())
            key = KEY if job.encryption else None
            findings = validate(report.folder, key=key).findings if report.outcome is Outcome.DONE else ()
            made[name] = Made(source=path, report=report, findings=findings)
        return made[name]

    return run


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What a kind's stream is: the largest video, how long it lasts,
    how many frames it has (None where that is not exact).
    """

    size: tuple[int, int] | None = (320, 180)
    length_s: float = 3.0
    frames: int | None = 75
    damaged: bool = False


UPRIGHT = Expected(size=(180, 320))
BROKEN_OFF = Expected(length_s=4.9, frames=None, damaged=True)
EXPECTED = {
    "rotated": UPRIGHT,
    "portrait": UPRIGHT,
    "anamorphic": Expected(size=(256, 144)),
    "anamorphic narrow": Expected(size=(192, 144)),
    "odd size": Expected(size=(852, 480), length_s=2.0, frames=50),
    "variable rate": Expected(length_s=13.0, frames=None),
    "120 fps": Expected(length_s=2.0, frames=120),
    "slides": Expected(length_s=8.0, frames=8),
    "interlaced ts": Expected(size=(256, 144)),
    "prores": Expected(length_s=2.0, frames=50),
    "transparent": Expected(length_s=2.0, frames=50),
    "audio longer": Expected(length_s=5.0, frames=125),
    "video later": Expected(frames=50),
    "avi mpeg4": Expected(frames=73),  # libxvid writes no more of 75
    "audio only": Expected(size=None, length_s=8.0),
    "mp3 with cover": Expected(size=None, length_s=8.0),
    "half second": Expected(length_s=0.52, frames=13),
    "starts between keyframes": Expected(length_s=4.0, frames=None, damaged=True),
    "truncated mp4": BROKEN_OFF,
    "truncated mkv": BROKEN_OFF,
    "truncated ts": BROKEN_OFF,
    "truncated avi": replace(BROKEN_OFF, length_s=4.4),
    "damaged middle": Expected(length_s=8.0, frames=None, damaged=True),
    **{f"named with {what}": Expected(length_s=1.0, frames=25) for what in NAMES},
}
REFUSED = ("truncated mp4", "truncated mkv", "truncated avi")
WITH_MP4 = ("rotated", "audio tracks", "audio longer", "video later", "starts late")


def _converted(convert: Convert, kind: str) -> Made:
    return convert(kind, accept_damaged=kind in REFUSED, make_mp4=kind in WITH_MP4)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_source_becomes_a_stream_that_follows_the_rules(convert, kind):
    """Nothing is found, and it is as large and as long as the source, which is called damaged only where it is."""
    made, expected = _converted(convert, kind), EXPECTED.get(kind, Expected())
    assert (Outcome.DONE, "", ()) == made.whole, made.report.error
    assert expected.damaged == bool(made.report.warnings)
    if expected.size is None:
        assert expected.length_s == pytest.approx(_audio(made.audio).end_s, abs=0.05)
        return
    frames = _frames(made.video)
    first, last = frames[0], frames[-1]
    assert (expected.size, "yuv420p", False) == ((first.width, first.height), first.pixel_format, first.interlaced)
    assert pytest.approx(0.0, abs=1e-5) == first.time_s
    assert expected.frames in (None, len(frames))
    assert expected.length_s - 1.1 < last.time_s < expected.length_s + 0.05
    if kind != "silent":
        heard = _audio(made.audio)
        assert (pytest.approx(0.0, abs=0.03), expected.length_s) == (heard.start_s, pytest.approx(heard.end_s, abs=0.1))


@pytest.mark.parametrize(
    "kind", ["plain", "portrait", "10 bit", "4:2:2", "prores", "transparent", "avi mjpeg", "webm", "avi mpeg4", "ts"]
)
def test_the_video_looks_as_it_did(convert, kind):
    """Whatever its precision, its colour sampling and its range of numbers were; and no frame is early or late."""
    made = _converted(convert, kind)
    was, became = _frames(made.source), _frames(made.video)
    assert len(was) == len(became)
    assert [] == [
        round(d, 1) for d in (_apart(w.rgb, b.rgb) for w, b in zip(was[::8], became[::8], strict=True)) if d > 7
    ]


def test_a_rotated_video_is_turned_the_right_way(convert):
    """A quarter against the clock, as its display matrix says, not with it."""
    made = convert("rotated", make_mp4=True)
    stored, shown = _frames(made.source)[0].rgb, _frames(made.video)[0].rgb
    assert _apart(np.rot90(stored, 1), shown) < 7 < _apart(np.rot90(stored, 3), shown)


def test_a_variable_frame_rate_keeps_every_frame_and_its_time(convert):
    """Only in the long pause the video is repeated, so that no segment gets too long."""
    made = convert("variable rate", accept_damaged=False, make_mp4=False)
    was = [frame.time_s for frame in _frames(made.source, 0.0)]
    became = [frame.time_s for frame in _frames(made.video)]
    assert [] == [round(time, 3) for time in was if min(abs(time - other) for other in became) > 0.02]
    assert len(became) <= len(was) + 9 / 0.4 + 1


IRREGULAR = {
    # rate of the test video, its length, the frames of it that are kept
    "a frame every 0.7 s": ("10/7", 14, "1"),
    "fast, then slow": ("50", 30, "lt(t,1.1)+not(mod(n,10))"),
    "too fast, then slow": ("100", 10, "lt(t,2)+not(mod(n,10))"),
    "a pause over a boundary": ("30", 20, "lt(t,3)+gt(t,4)*lt(t,7.9)+gt(t,12.4)"),
    "film of 24 and 30": ("120", 8, "if(lt(t,4),not(mod(n,5)),not(mod(n,4)))"),
    "even, and whole segments": ("25", 12, "1"),
}
IN_TS, IN_FMP4, TWO_TRACKS = (SegmentType.TS, 1), (SegmentType.FMP4, 1), (SegmentType.TS, 2)


@pytest.fixture(scope="module")
def irregular(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Return what makes a clip whose frames come as `IRREGULAR` says, with a tone a track."""
    folder = tmp_path_factory.mktemp("irregular")

    def make(name: str, tracks: int = 1) -> Path:
        clip = folder / f"{name} {tracks}.mp4"
        if clip.exists():
            return clip
        rate, length_s, kept = IRREGULAR[name]
        video = ["-f", "lavfi", "-i", f"testsrc2=size=320x180:rate={rate}:duration={length_s}"]
        tone = ["-f", "lavfi", "-i", f"sine=frequency=440:sample_rate=48000:duration={length_s}"]
        maps = ["-map", "0", *(["-map", "1"] * tracks), "-c:a", "aac"]
        encode = [
            "-vf",
            f"select='{kept}'",
            "-fps_mode",
            "vfr",
            "-c:v",
            "libx264",
            "-preset",
            "ultrafast",
            "-pix_fmt",
            "yuv420p",
        ]
        subprocess.run(
            [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", *video, *tone, *maps, *encode, str(clip)],
            check=True,
        )
        return clip

    return make


@pytest.mark.parametrize(
    ("name", "segment_type", "tracks"),
    [
        *((name, *kind) for name in IRREGULAR for kind in (IN_TS, IN_FMP4)),
        ("fast, then slow", *TWO_TRACKS),
        ("even, and whole segments", *TWO_TRACKS),
    ],
)
def test_irregular_frames_keep_their_times(convert, irregular, name, segment_type, tracks):
    """Whatever the distance from one to the next, and whether the audio lies in the same segments or in its own."""
    made = convert(irregular(name, tracks), encoding=replace(VERYFAST, segment_type=segment_type))
    assert (Outcome.DONE, "", ()) == made.whole, made.report.error
    was = [frame.time_s for frame in _frames(made.source, 0.0)]
    became = [frame.time_s for frame in _frames(made.video)]
    assert [] == [round(time, 3) for time in was if min(abs(time - other) for other in became) > 0.0101]


def test_of_a_burst_of_frames_no_more_are_left_than_allowed(convert, irregular):
    """Every other one of 100 a second; the ten a second that follow stay as they are."""
    made = convert(irregular("too fast, then slow", 1), encoding=FMP4)
    became = [round(frame.time_s, 3) for frame in _frames(made.video)]
    assert ({"50.000"}, [n / 50 for n in range(100)]) == (
        {variant["FRAME-RATE"] for variant in made.variants},
        became[:100],
    )
    assert [2 + n / 10 for n in range(79)] == became[100:179]


def test_times_that_a_container_rounds_to_milliseconds_are_the_same_in_every_quality(convert, tmp_path_factory):
    """29.97 frames a second with B-frames in Matroska: two qualities reorder other frames,
    and no time depends on that.
    """
    clip = tmp_path_factory.mktemp("rounded") / "clip.mkv"
    sources = ["-f", "lavfi", "-i", "testsrc2=size=854x480:rate=30000/1001", "-f", "lavfi", "-i", "sine", "-t", "7"]
    encode = ["-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-c:a", "aac"]
    subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", *sources, *encode, str(clip)], check=True)
    made = convert(clip, encoding=FMP4)
    assert (Outcome.DONE, "", ()) == made.whole, made.report.error
    was = [round(frame.time_s, 3) for frame in _frames(clip, 0.0)]
    assert [was] * 2 == [
        [round(frame.time_s, 3) for frame in _frames(made.folder / variant["uri"])] for variant in made.variants
    ]
    assert [pytest.approx(29.97, abs=0.01)] * 2 == [float(variant["FRAME-RATE"]) for variant in made.variants]


def test_slides_keep_their_times(convert):
    """One frame a second stays one frame a second."""
    made = convert("slides", accept_damaged=False, make_mp4=False)
    assert [float(n) for n in range(8)] == [round(frame.time_s, 3) for frame in _frames(made.video)]
    assert {"1.000"} == {variant["FRAME-RATE"] for variant in made.variants}


def test_twice_the_frames_that_are_allowed_are_halved(convert):
    """At most 60 a second."""
    made = convert("120 fps", accept_damaged=False, make_mp4=False)
    assert {"60.000"} == {variant["FRAME-RATE"] for variant in made.variants}


@pytest.mark.parametrize("kind", ["interlaced", "interlaced ts"])
def test_fields_are_made_whole_frames(convert, kind):
    """Lines that lie side by side differ less than they did, where the two fields showed different moments."""
    made = _converted(convert, kind)
    was, became = _frames(made.source)[30], _frames(made.video)[30]
    assert (True, False) == (was.interlaced, became.interlaced)
    assert _combing(became.rgb) < 0.8 * _combing(was.rgb)


def _combing(rgb: np.ndarray) -> float:
    lines = rgb.astype(int)
    return float(np.abs(lines[1:-1] - (lines[:-2] + lines[2:]) / 2).mean())


@pytest.fixture(scope="module")
def hdr_chart(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, int], Path]:
    """Return what makes half a second of reference white, left, and a strong red, right, in BT.2020."""
    folder = tmp_path_factory.mktemp("charts")

    def make(transfer: str, white: int) -> Path:
        chart = folder / f"{transfer} {white}.mp4"
        if chart.exists():
            return chart
        numbers = f"lum='if(lt(X,160),{white},420)':cb='if(lt(X,80),512,430)':cr='if(lt(X,80),512,640)'"
        tags = f"setparams=color_primaries=bt2020:color_trc={transfer}:colorspace=bt2020nc:range=tv"
        source = f"color=black:s=320x180:r=25:d=0.5,format=yuv420p10le,geq={numbers},{tags}"
        x265 = f"log-level=error:colorprim=bt2020:transfer={transfer}:colormatrix=bt2020nc"
        arguments = [
            "-f",
            "lavfi",
            "-i",
            source,
            "-c:v",
            "libx265",
            "-preset",
            "ultrafast",
            "-x265-params",
            x265,
            "-tag:v",
            "hvc1",
        ]
        subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", *arguments, str(chart)], check=True)
        return chart

    return make


# ITU-R BT.2408, 2.1: HDR reference white of 203 cd/m2 is 58 % of PQ and 75 % of HLG, in numbers of 10 bits 573 and 721
@pytest.mark.parametrize(("transfer", "white"), [("smpte2084", 573), ("arib-std-b67", 721)])
def test_hdr_becomes_sdr_that_is_neither_washed_out_nor_dark(convert, hdr_chart, transfer, white):
    """White stays bright and grey-free, red stays red, and the colours are called what they are."""
    frame = _frames(convert(hdr_chart(transfer, white)).video)[0]
    grey, red = frame.rgb[90, 40].astype(int), frame.rgb[90, 240].astype(int)
    assert (1, 1, "yuv420p") == (frame.primaries, frame.transfer, frame.pixel_format)  # ITU-T H.273: 1 is BT.709
    assert (True, True) == (170 <= grey.min() <= grey.max() <= 235, grey.max() - grey.min() <= 3)
    assert (True, True) == (150 <= red[0], red[0] - max(red[1], red[2]) >= 100)


def test_surround_becomes_stereo(convert):
    """Left stays left and right stays right."""
    heard = _audio(convert("surround", accept_damaged=False, make_mp4=False).audio)
    tones = [heard.tone_hz(0.5, 2.5, channel) for channel in range(2)]
    assert [2, pytest.approx(110, abs=2), pytest.approx(220, abs=2)] == [len(heard.samples), *tones]


def test_every_audio_track_is_there_with_its_language(convert):
    """The marked one is the default; each rendition has its own track's audio."""
    made = convert("audio tracks", make_mp4=True)
    tones = {media["URI"]: round(_audio(made.folder / media["URI"]).tone_hz(0.5, 2.5)) for media in made.media}
    assert [("en", "English", "NO"), ("de", "German", "YES"), ("und", "Commentary", "NO")] == [
        (media["LANGUAGE"], media["NAME"], media["DEFAULT"]) for media in made.media
    ]
    assert [440, 660, 880] == [round(tone / 20) * 20 for tone in tones.values()]


@pytest.mark.parametrize(
    ("kind", "tones"),
    [
        ("audio shorter", {(0.2, 1.4): 440, (1.7, 2.9): 0}),
        ("audio later", {(0.1, 1.4): 0, (1.6, 2.9): 440}),
        ("video later", {(0.1, 2.9): 440}),
        ("starts late", {(0.1, 2.9): 440}),
    ],
)
def test_audio_is_heard_when_it_was_heard(convert, kind, tones):
    """What is missing before and after it is silence."""
    heard = _audio(_converted(convert, kind).audio)
    assert list(tones.values()) == [round(heard.tone_hz(*stretch) / 10) * 10 for stretch in tones]


def test_audio_begins_to_the_hundredth(convert):
    """A tone that begins 1.5 s after the video does so in the stream."""
    heard = _audio(convert("audio later", accept_damaged=False, make_mp4=False).audio)
    loud = np.flatnonzero(np.abs(heard.samples[0]) > 0.05)
    assert pytest.approx(1.5, abs=0.01) == heard.start_s + loud[0] / 48_000


def test_a_video_that_begins_later_is_on_the_screen_from_the_start(convert):
    """Its first frame stands until its time; all others keep theirs."""
    made = convert("video later", make_mp4=True)
    assert [0.0, 1.04, 1.08] == [round(frame.time_s, 3) for frame in _frames(made.video)[:3]]


def test_the_last_frame_stands_until_the_audio_ends(convert):
    """Two more seconds of it."""
    made = convert("audio longer", make_mp4=True)
    last, held = _frames(made.source)[-1].rgb, _frames(made.video)[75:]
    assert (50, True) == (len(held), max(_apart(last, frame.rgb) for frame in held) < 7)


@pytest.mark.parametrize("kind", ["audio only", "mp3 with cover"])
def test_a_source_without_a_video_becomes_a_stream_of_audio(convert, kind):
    """The master playlist promises no video, and there is none to promise."""
    made = _converted(convert, kind)
    assert [("mp4a.40.2", None)] == [(variant["CODECS"], variant.get("RESOLUTION")) for variant in made.variants]
    assert [] == [path.name for path in made.folder.iterdir() if path.suffix in (".jpg", ".vtt")]


@pytest.mark.parametrize("kind", WITH_MP4)
def test_the_mp4_is_as_large_and_as_long(convert, kind):
    """Video and audio begin and end together in it too."""
    made, expected = _converted(convert, kind), EXPECTED.get(kind, Expected())
    with av.open(str(made.folder / "offline_480p.mp4")) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        ends = [float((stream.start_time + stream.duration) * stream.time_base) for stream in (video, audio)]
        starts = [float(stream.start_time * stream.time_base) for stream in (video, audio)]
        size = (video.width, video.height)
    assert (expected.size, [pytest.approx(0.0, abs=0.03)] * 2) == (size, starts)
    assert [pytest.approx(expected.length_s, abs=0.1)] * 2 == ends


@pytest.mark.parametrize("kind", REFUSED)
def test_a_source_that_broke_off_is_refused_unless_that_is_accepted(convert, kind):
    """The sentence has both durations, the count of decode errors and the way out; nothing is left behind."""
    made, there_s = convert(kind), EXPECTED[kind].length_s
    said = re.search(
        r"declares 8\.0 s, but only (\d\.\d) s can be read, with (\d+) decode errors?\..*--accept-damaged",
        made.report.error,
    )
    assert said is not None
    assert (Outcome.FAILED, True, pytest.approx(there_s, abs=0.1), False) == (
        made.report.outcome,
        made.report.damaged,
        float(said[1]),
        made.folder.exists(),
    )
    assert int(said[2]) > 0


def test_what_is_missing_of_a_source_is_said_when_it_is_accepted(convert):
    """With both durations."""
    assert (
        "declares 8.0 s, but only 4.9 s can be read"
        in convert("truncated mp4", accept_damaged=True, make_mp4=False).report.warnings[0]
    )


@pytest.mark.parametrize(
    ("kind", "asked", "codecs", "video_range", "segments"),
    [
        ("plain", HEVC, r"hvc1\.1\.", "SDR", ".m4s"),
        ("video later", AV1, r"av01\.0\.", "SDR", ".m4s"),
        ("hdr10", replace(HEVC, keep_hdr=True), r"hvc1\.2\.", "PQ", ".m4s"),
        ("hlg", replace(HEVC, keep_hdr=True), r"hvc1\.2\.", "HLG", ".m4s"),
        ("hdr10", replace(AV1, keep_hdr=True), r"av01\.0\.\d+M\.10", "PQ", ".m4s"),
        ("hlg", HEVC, r"hvc1\.1\.", "SDR", ".m4s"),
        ("slides", FMP4, r"avc1\.64", "SDR", ".m4s"),
        ("variable rate", FMP4, r"avc1\.64", "SDR", ".m4s"),
        ("audio tracks", FMP4, r"avc1\.64", "SDR", ".m4s"),
        ("audio longer", replace(VERYFAST, rate_control=RateControl.ABR), r"avc1\.64", "SDR", ".ts"),
        ("plain", replace(FMP4, preset="ultrafast"), r"avc1\.42", "SDR", ".m4s"),
        ("plain", replace(VERYFAST, preset="slow"), r"avc1\.64", "SDR", ".ts"),
    ],
    ids=lambda value: value.replace("\\", "") if isinstance(value, str) else None,
)
def test_every_codec_and_container_follows_the_rules(convert, kind, asked, codecs, video_range, segments):
    """The master playlist says what it is, and the pictures' own headers agree."""
    made = convert(kind, encoding=asked)
    assert (Outcome.DONE, "", ()) == made.whole, made.report.error
    assert [] == [variant["CODECS"] for variant in made.variants if not re.match(codecs, variant["CODECS"])]
    assert {video_range} == {variant.get("VIDEO-RANGE", "SDR") for variant in made.variants}
    assert {segments} == {path.suffix for path in made.video.parent.glob("seg_*")}
    frame = _frames(made.video)[0]
    pixels, transfer = {"SDR": ("yuv420p", {1, 2}), "PQ": ("yuv420p10le", {16}), "HLG": ("yuv420p10le", {18})}[
        video_range
    ]
    assert (pixels, True) == (frame.pixel_format, frame.transfer in transfer)


def test_kept_hdr_keeps_its_numbers(convert, hdr_chart):
    """What is shown as HDR is not tone-mapped as well."""
    chart = hdr_chart("smpte2084", 573)
    made = convert(chart, encoding=replace(HEVC, keep_hdr=True))
    with av.open(str(made.video)) as container:
        plane = next(container.decode(video=0)).planes[0]
        luma = np.frombuffer(plane, np.uint16).reshape(plane.height, -1)
    assert ((Outcome.DONE, "", ()), pytest.approx(573, abs=4)) == (made.whole, int(luma[90, 40]))


@pytest.mark.parametrize("segment_type", list(SegmentType))
@pytest.mark.parametrize("kind", ["slides", "audio only"])
def test_encrypted_segments_open_with_the_key_and_with_it_alone(convert, key_file, kind, segment_type):
    """AES-128 as players undo it; the key is nowhere in the folder,
    and no I-frame playlist points into the segments.
    """
    encryption = Encryption(key_file=key_file, key_uri=KEY_URI)
    made = convert(kind, encoding=replace(VERYFAST, segment_type=segment_type), encryption=encryption)
    assert (Outcome.DONE, "", ()) == made.whole, made.report.error
    assert [] == [
        path.name
        for path in made.folder.rglob("*")
        if path.is_file() and (KEY in path.read_bytes() or path.stem == "iframes")
    ]
    for playlist in made.folder.glob("**/index.m3u8"):
        assert [f'METHOD=AES-128,URI="{KEY_URI}"'] == re.findall(r"#EXT-X-KEY:(.*)", playlist.read_text())
        for number, name in enumerate(re.findall(r"^seg_.*", playlist.read_text(), re.MULTILINE), start=1):
            closed = (playlist.parent / name).read_bytes()
            # RFC 8216, 5.2: without an IV the segment's sequence number
            opened = Cipher(algorithms.AES(KEY), modes.CBC(number.to_bytes(16, "big"))).decryptor().update(closed)
            begins = [data[:1] == b"\x47" or data[4:8] in (b"styp", b"moof", b"sidx") for data in (closed, opened)]
            assert [False, True] == begins


@pytest.mark.parametrize("kind", ["slides", "audio tracks"])
def test_a_key_that_is_to_be_published_lies_where_every_playlist_looks_for_it(convert, key_file, kind):
    """A relative address means the same key from the video's playlist and from the audio's."""
    made = convert(kind, encryption=Encryption(key_file=key_file, key_uri="key.bin", publish_key=True))
    assert (Outcome.DONE, "", ()) == made.whole, made.report.error
    asked = {
        (playlist.parent / uri).resolve()
        for playlist in made.folder.glob("**/index.m3u8")
        for uri in re.findall(r'#EXT-X-KEY:.*URI="(.*?)"', playlist.read_text())
    }
    assert {(made.folder / "key.bin").resolve()} == asked
    assert KEY == (made.folder / "key.bin").read_bytes()


@pytest.mark.parametrize("segment_type", list(SegmentType))
def test_surround_is_offered_beside_stereo_when_asked(convert, segment_type):
    """Every video with each of the two groups; the six channels keep their places."""
    made = convert("surround", encoding=replace(VERYFAST, segment_type=segment_type), audio=AudioRequest(surround=True))
    assert (Outcome.DONE, "", ()) == made.whole, made.report.error
    assert {("stereo", "2"), ("surround", "6")} == {(media["GROUP-ID"], media["CHANNELS"]) for media in made.media}
    assert {("stereo", "mp4a.40.2"), ("surround", "ac-3")} == {
        (v["AUDIO"], v["CODECS"].split(",")[1]) for v in made.variants
    }
    (six,) = [media["URI"] for media in made.media if media["CHANNELS"] == "6"]
    heard = _audio(made.folder / six)
    loudest = [heard.tone_hz(0.5, 2.5, channel) for channel in (0, 1, 2, 4, 5)]  # without the low-frequency one
    assert [pytest.approx(tone, abs=2) for tone in (110, 220, 330, 550, 660)] == loudest


@pytest.mark.parametrize("kind", ["plain", "audio tracks"])
def test_every_audio_track_is_brought_to_the_loudness_that_was_asked_for(convert, kind):
    """Within half a unit, and in time with the video."""
    made = convert(kind, audio=AudioRequest(loudness_lufs=-16.0))
    assert (Outcome.DONE, "", ()) == made.whole, made.report.error
    audio = [made.folder / media["URI"] for media in made.media] or [made.video]
    assert [pytest.approx(-16.0, abs=0.5)] * len(audio) == [_loudness(path) for path in audio]
    assert [pytest.approx(3.0, abs=2 * AAC_FRAME_S)] * len(audio) == [_audio(path).end_s for path in audio]


def _loudness(playlist: Path) -> float:
    arguments = [
        "-hide_banner",
        "-i",
        str(playlist),
        "-map",
        "0:a",
        "-af",
        "ebur128=framelog=quiet:dualmono=true",
        "-f",
        "null",
        "-",
    ]
    said = subprocess.run(
        [imageio_ffmpeg.get_ffmpeg_exe(), *arguments], check=True, capture_output=True, text=True
    ).stderr
    (integrated,) = re.findall(r"^\s+I:\s+(\S+) LUFS", said, re.MULTILINE)
    return float(integrated)


def test_black_bars_fill_the_frame_that_was_asked_for(convert):
    """The video keeps its shape in the middle of 16:9."""
    made = convert("odd size", black_bars=True)
    frame = _frames(made.video)[0]
    assert ((Outcome.DONE, "", ()), (854, 480)) == (made.whole, (frame.width, frame.height))
