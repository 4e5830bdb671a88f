"""Packaging: what was encoded becomes a stream that players understand, and can be packaged again after a break."""

from __future__ import annotations

import dataclasses
import itertools
import json
import shutil
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
from small_streams import (
    AC3,
    BT709,
    PQ,
    X265,
    decoded,
    make_audio_rendition,
    make_video_rendition,
    pattern,
    run_ffmpeg,
    tone,
)
from step_facts import ENCODED

from pipeline.alongside import Alongside
from pipeline.cancel import CancelToken
from pipeline.errors import Cancelled, EncodeError, OutputError, SettingsError
from pipeline.events import LogLevel
from pipeline.facts import Facts
from pipeline.job import Encryption, Existing, Job, SegmentType, TranscriptionRequest
from pipeline.media.encode.audio_tracks import audio_renditions
from pipeline.media.hls import playlists
from pipeline.media.hls.measure import bit_rates
from pipeline.media_info import AudioStream, DynamicRange, MediaInfo
from pipeline.model import PhaseName, Plan, Rendition
from pipeline.output_settings import output_settings
from pipeline.phases.package import package
from pipeline.phases.phase import PhaseContext
from pipeline.speech.cues import Cue
from pipeline.speech.transcript import Segment, Transcript
from pipeline.speech.transcript_file import transcript_to_json
from pipeline.workspace import Workspace

KEY = bytes(range(16))
MakeContext = Callable[..., PhaseContext]


@pytest.fixture(scope="module")
def encoded(tmp_path_factory) -> Path:
    """Renditions of 8 s as the encode leaves them: muxed in `ts`, apart in `fmp4`."""
    root = tmp_path_factory.mktemp("encoded")
    for name in ("180p", "90p"):
        make_video_rendition(root / "ts", name, *pattern(), *tone(), muxed=True)
        make_video_rendition(root / "fmp4", name, *pattern(), fmp4=True)
    for name in ("audio/en", "audio/de"):
        make_audio_rendition(root / "fmp4", name, *tone(), fmp4=True)
    make_audio_rendition(root / "fmp4", "audio/en-surround", *tone(), codec=AC3, fmp4=True)
    return root


def _audio_stream(index: int, language: str, channels: int = 2) -> AudioStream:
    return AudioStream(
        codec="aac",
        channels=channels,
        sample_rate_hz=48_000,
        language=language,
        bit_rate=None,
        start_s=0.0,
        duration_s=8.0,
        index=index,
    )


@pytest.fixture
def make_context(tmp_path: Path, encoded: Path) -> MakeContext:
    """Return a function that makes a context whose folder holds what was encoded."""

    def make(
        kind: str,
        *,
        video: bool = True,
        captions: bool = False,
        encryption: Encryption | None = None,
        cancel: CancelToken | None = None,
    ) -> PhaseContext:
        if not (tmp_path / "film.mp4").exists():
            (tmp_path / "film.mp4").write_bytes(b"the source")
        streams = (
            (_audio_stream(1, "en", 6 if video else 2), _audio_stream(2, "de"))
            if kind == "fmp4"
            else (_audio_stream(1, "en"),)
        )
        job = Job(
            source=tmp_path / "film.mp4",
            output_dir=tmp_path / "out",
            slug="film",
            encryption=encryption,
            transcription=TranscriptionRequest() if captions else None,
        )
        names = ("180p", "90p") if video else ()
        plan = Plan(
            job=job,
            media=MediaInfo(path=job.source, size_bytes=1, container="mov", duration_s=8.0, video=None, audio=streams),
            renditions=tuple(
                Rendition(
                    name=name,
                    width=2,
                    height=2,
                    frame_width=2,
                    frame_height=2,
                    bit_rate=1,
                    max_bit_rate=1,
                    buffer_size=1,
                    crf=None,
                )
                for name in names
            ),
            audio=audio_renditions(streams, surround=True),
            muxed_audio=kind == "ts",
            encoder="libx264",
            segment_type=SegmentType.FMP4 if kind == "fmp4" else SegmentType.TS,
            frame_rate_limit=None,
            deinterlace=False,
            dynamic_range=DynamicRange.SDR,
            segment_s=6,
            mp4=None,
            phases=(PhaseName.TRANSCRIPT,) if captions else (),
        )
        workspace = Workspace(job)
        workspace.check(output_settings(plan), Existing.ASK)
        workspace.open()
        if workspace.done.hls is None:
            for name in (*names, *(a.folder for a in plan.audio if not plan.muxed_audio)):
                shutil.copytree(encoded / kind / name, workspace.folder / name)
            workspace.mark(dataclasses.replace(ENCODED, duration_s=8.0))
        if captions:
            transcript = Transcript(
                language="en",
                language_probability=1.0,
                duration_s=8.0,
                segments=(Segment(start_s=1.0, end_s=7.0, text="Hello.", words=()),),
            )
            text = transcript_to_json(transcript, [Cue(start_s=1.0, end_s=7.0, text="Hello.")])
            (workspace.folder / "transcript.json").write_text(text)
        return PhaseContext(
            plan=plan,
            workspace=workspace,
            cancel=cancel or CancelToken(),
            report=lambda progress: None,
            log=lambda text, level: None,
            alongside=Alongside().start,
        )

    return make


def _files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def _contents(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in _files(folder)}


def _tags(folder: Path, tag: str) -> list[str]:
    return [line for line in (folder / "master.m3u8").read_text().splitlines() if line.startswith(f"#{tag}:")]


def _attribute(line: str, name: str) -> str:
    return line.split(f"{name}=", 1)[1].split(",")[0].strip('"')


def test_a_plain_stream(make_context):
    """Two qualities with their audio in them: a master, keyframe playlists, thumbnails, and the folder in its place."""
    context = make_context("ts")
    package(context)
    folder = context.workspace.final
    assert [
        "180p/iframes.m3u8",
        "180p/index.m3u8",
        "180p/seg_001.ts",
        "180p/seg_002.ts",
        "90p/iframes.m3u8",
        "90p/index.m3u8",
        "90p/seg_001.ts",
        "90p/seg_002.ts",
        "job.json",
        "master.m3u8",
        "poster.jpg",
        "sprite.jpg",
        "thumbnails.vtt",
    ] == _files(folder)
    variants = _tags(folder, "EXT-X-STREAM-INF")
    assert (["320x180", "160x90"], [], 2) == (
        [_attribute(line, "RESOLUTION") for line in variants],
        _tags(folder, "EXT-X-MEDIA"),
        len(_tags(folder, "EXT-X-I-FRAME-STREAM-INF")),
    )
    facts = json.loads((folder / "job.json").read_text())["done"]["package"]
    sizes = {name: (folder / name).stat().st_size for name in _files(folder) if name != "job.json"}
    beside = {"chapters": [], "subtitles": [], "closed_captions": False}
    beside_stream = ("poster.jpg", "sprite.jpg", "thumbnails.vtt")
    digests = {name: sha256((folder / name).read_bytes()).hexdigest() for name in beside_stream}
    made = {"renditions": ["180p", "90p"], "captions": None, "files": sizes, "digests": digests, "edited": []}
    assert {**made, **beside, "not_ideal": []} == facts


def test_captions_run_on_the_video_s_clock(make_context):
    """Segments like those of the video, each with the time of the first frame,
    and their rate in that of the variants.
    """
    plain, captioned = make_context("ts"), make_context("ts", captions=True)
    package(plain)
    without = [int(_attribute(line, ":BANDWIDTH")) for line in _tags(plain.workspace.final, "EXT-X-STREAM-INF")]
    shutil.rmtree(plain.workspace.final)
    captioned = make_context("ts", captions=True)
    package(captioned)
    folder = captioned.workspace.final
    vtt = [(folder / "subtitles/en" / name).read_text() for name in ("seg_001.vtt", "seg_002.vtt")]
    assert ["MPEGTS:900000,LOCAL:00:00:00.000"] * 2 == [
        text.split("X-TIMESTAMP-MAP=")[1].splitlines()[0] for text in vtt
    ]
    assert [True, True] == ["00:00:01.000 --> 00:00:07.000" in text for text in vtt]
    durations = [
        [line for line in (folder / name / "index.m3u8").read_text().splitlines() if line.startswith("#EXTINF")]
        for name in ("180p", "subtitles/en")
    ]
    assert durations[0] == durations[1]
    with_captions = [int(_attribute(line, ":BANDWIDTH")) for line in _tags(folder, "EXT-X-STREAM-INF")]
    assert [True, True] == [before < after for before, after in zip(without, with_captions, strict=True)]


def test_several_audio_tracks(make_context):
    """Two languages and one surround: two groups of two, every video in each,
    nothing of it in the video segments.
    """
    context = make_context("fmp4")
    package(context)
    folder = context.workspace.final
    media = [
        tuple(_attribute(line, name) for name in ("GROUP-ID", "LANGUAGE", "CHANNELS", "URI"))
        for line in _tags(folder, "EXT-X-MEDIA")
    ]
    assert [
        ("stereo", "en", "2", "audio/en/index.m3u8"),
        ("stereo", "de", "2", "audio/de/index.m3u8"),
        ("surround", "en", "6", "audio/en-surround/index.m3u8"),
        ("surround", "de", "2", "audio/de/index.m3u8"),
    ] == media
    variants = _tags(folder, "EXT-X-STREAM-INF")
    assert ["stereo", "stereo", "surround", "surround"] == [_attribute(line, "AUDIO") for line in variants]
    assert 4 == len(
        [
            line
            for line in (folder / "180p/iframes.m3u8").read_text().splitlines()
            if line.startswith("#EXT-X-BYTERANGE")
        ]
    )


def test_audio_alone(make_context):
    """No video, no thumbnails: the audio tracks are the variants, and captions run on the first audio track's clock."""
    context = make_context("fmp4", video=False, captions=True)
    package(context)
    folder = context.workspace.final
    assert [("stereo", "mp4a.40.2")] == [
        tuple(_attribute(line, name) for name in ("AUDIO", "CODECS")) for line in _tags(folder, "EXT-X-STREAM-INF")
    ]
    assert ([], False) == (
        [name for name in _files(folder) if name.endswith(".jpg")],
        "RESOLUTION" in (folder / "master.m3u8").read_text(),
    )
    first_tick = int((folder / "subtitles/en/seg_001.vtt").read_text().split("MPEGTS:")[1].split(",")[0])
    assert 900_000 == pytest.approx(first_tick, abs=1024 / 48_000 * 90_000)


@pytest.fixture
def key(tmp_path: Path) -> Encryption:
    """A key file of the editor's, whose address is beside the playlists' folders."""
    (tmp_path / "secret").write_bytes(KEY)
    return Encryption(key_file=tmp_path / "secret", key_uri="key.bin")


@pytest.mark.parametrize("publish", [False, True], ids=["key kept", "key published"])
def test_an_encrypted_stream(make_context, key, encoded, publish):
    """Every segment is encrypted, the key is there only if told, no keyframe is listed,
    and with the key all is as before.
    """
    context = make_context("ts", encryption=dataclasses.replace(key, publish_key=publish))
    package(context)
    folder = context.workspace.final
    assert (publish, []) == ((folder / "key.bin").exists(), _tags(folder, "EXT-X-I-FRAME-STREAM-INF"))
    assert not [name for name in _files(folder) if name.endswith("iframes.m3u8")]
    assert [KEY] * publish == [content for content in _contents(folder).values() if KEY in content]
    (folder / "key.bin").write_bytes(KEY)
    for name in ("180p", "90p"):
        assert decoded(encoded / "ts" / name / "index.m3u8") == decoded(folder / name / "index.m3u8")
    declared = [int(_attribute(line, ":BANDWIDTH")) for line in _tags(folder, "EXT-X-STREAM-INF")]
    assert [bit_rates(folder, "180p")[0], bit_rates(folder, "90p")[0]] == declared


class _Stops(CancelToken):
    """Is cancelled when it has been asked so many times."""

    def __init__(self, checks: int) -> None:
        super().__init__()
        self.left = checks

    def check(self) -> None:
        if not self.left:
            self.cancel()
        self.left -= 1
        super().check()


def test_packaging_goes_on_after_a_break_anywhere(make_context, key):
    """Stopped at each of its steps in turn and begun again, it comes to what one run comes to, byte for byte."""
    whole = make_context("ts", captions=True, encryption=key)
    package(whole)
    expected = _contents(whole.workspace.final)
    shutil.rmtree(whole.workspace.final)
    for checks in itertools.count():
        try:
            package(make_context("ts", captions=True, encryption=key, cancel=_Stops(checks)))
            break
        except Cancelled:
            assert not whole.workspace.final.exists()
    assert checks > 12
    assert expected == _contents(whole.workspace.final)


def test_another_key_in_between(make_context, key):
    """A stream that was half encrypted is not gone on with under another key."""
    context = make_context("ts", encryption=key)
    (context.workspace.folder / "180p/seg_001.ts").write_bytes(bytes(range(256)) * 16)
    with pytest.raises(OutputError, match="with another key"):
        package(make_context("ts", encryption=key))
    assert context.workspace.done.hls is not None


def test_a_key_that_can_t_be_used(make_context, key):
    """Nothing is written before the key is known to be one."""
    context = make_context("ts", encryption=dataclasses.replace(key, key_uri=""))
    before = _files(context.workspace.folder)
    with pytest.raises(SettingsError):
        package(context)
    assert before == _files(context.workspace.folder)


def test_renditions_that_are_cut_differently(make_context):
    """Players could not switch between them: the encode is forgotten, so that the next run makes it again."""
    context = make_context("ts")
    playlist = context.workspace.folder / "90p/index.m3u8"
    playlist.write_text(playlist.read_text().replace("EXTINF:6.0", "EXTINF:5.9"))
    with pytest.raises(EncodeError, match="180p and 90p do not begin at the same times"):
        package(context)
    assert (Facts(), False) == (context.workspace.done, context.workspace.final.exists())


def test_a_player_reads_the_master(make_context):
    """ffmpeg finds every variant and every audio track, and decodes the last of them to its end."""
    context = make_context("fmp4")
    package(context)
    out = run_ffmpeg(context.workspace.final, "-i", "master.m3u8", "-map", "0", "-c", "copy", "-f", "framecrc", "-")
    assert 5 <= len({line.split(",")[0] for line in out.splitlines() if not line.startswith("#")})


def test_a_stream_that_is_not_ideal_is_published_with_a_warning(make_context, monkeypatch):
    """Players play it, so only a sentence is said."""
    written = playlists.master_playlist
    untrue = lambda *args, **more: written(*args, **more).replace("FRAME-RATE=25", "FRAME-RATE=24")  # noqa: E731
    monkeypatch.setattr(playlists, "master_playlist", untrue)
    said: list[tuple[str, LogLevel]] = []
    context = dataclasses.replace(make_context("ts"), log=lambda text, level: said.append((text, level)))
    package(context)
    declared = (
        "Not ideal, but it plays: master.m3u8: {}/index.m3u8 declares FRAME-RATE 24.000, "
        "but 25.000 was measured. (RFC 8216 4.3.4.2)"
    )
    assert [(declared.format(name), LogLevel.WARNING) for name in ("180p", "90p")] == said
    assert context.workspace.final.exists()


UNTOLD = "format=yuv420p,setparams=color_primaries=bt709:color_trc=unknown:colorspace=bt709:range=tv"


@pytest.mark.parametrize(
    ("filters", "made"),
    [(UNTOLD, DynamicRange.SDR), (BT709, DynamicRange.PQ), (PQ, DynamicRange.HLG)],
    ids=["not told", "SDR for HDR", "another HDR"],
)
def test_colours_that_an_encoder_lost_are_not_published(make_context, filters, made):
    """Screens would take HDR for SDR: the next start encodes again."""
    context = make_context("ts")
    shutil.rmtree(context.workspace.folder / "90p")
    make_video_rendition(context.workspace.folder, "90p", *pattern(), *tone(), filters=filters, codec=X265, muxed=True)
    plan = dataclasses.replace(context.plan, dynamic_range=made, renditions=context.plan.renditions[1:])
    with pytest.raises(EncodeError, match=r"The video of 90p does not declare .* start again"):
        package(dataclasses.replace(context, plan=plan))
    assert (False, Facts()) == (context.workspace.final.exists(), context.workspace.done)


def test_a_stream_that_does_not_pass_its_check(make_context, monkeypatch):
    """It is not published, and noted: a fresh start makes it again, another start tries the check again."""
    context = make_context("ts")
    monkeypatch.setattr(playlists, "iframe_playlist", lambda iframes, version: "#EXTM3U\n")  # without an end
    with pytest.raises(EncodeError, match=r"does not pass its check .* start fresh"):
        package(context)
    monkeypatch.undo()
    assert (False, ["hls", "refused"]) == (context.workspace.final.exists(), list(context.workspace.done.by_step))
    package(make_context("ts"))
    assert ["hls", "package"] == sorted(json.loads((context.workspace.final / "job.json").read_text())["done"])
