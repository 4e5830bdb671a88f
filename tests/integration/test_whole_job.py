"""The whole pipeline on the shipped sample, as its result lies on disk and in the store."""

from __future__ import annotations

import hashlib

import av
import pytest

from pipeline.events import JobFinished, PhaseFinished
from pipeline.model import Outcome, PhaseOutcome
from pipeline.published import published_files
from storage import LocalStorageBackend


def test_every_phase_is_done(published):
    """One end, and it is good."""
    ended = [e.report for e in published.events if isinstance(e, JobFinished)]
    outcomes = [(e.phase.value, e.outcome) for e in published.events if isinstance(e, PhaseFinished)]
    assert ([published.report], Outcome.DONE, "") == (ended, published.report.outcome, published.report.error)
    assert [(name, PhaseOutcome.DONE) for name in ("hls", "mp4", "transcript", "upload", "record")] == outcomes


def test_the_folder_holds_what_the_design_promises(published):
    """And nothing half-done beside it."""
    folder = published.report.folder
    made = {p.relative_to(folder).as_posix() for p in published_files(folder)}
    segments = {f"{q}/seg_00{n}.ts" for q in ("720p", "480p", "360p") for n in (1, 2, 3)}
    playlists = {f"{q}/{name}.m3u8" for q in ("720p", "480p", "360p") for name in ("index", "iframes")}
    playlists |= {"master.m3u8", "subtitles/en/index.m3u8"}
    pictures = {"poster.jpg", "sprite.jpg", "thumbnails.vtt"}
    captions = {"subtitles.vtt", *(f"subtitles/en/seg_00{n}.vtt" for n in (1, 2, 3))}
    assert (
        segments
        | playlists
        | captions
        | pictures
        | {"offline_480p.mp4", "transcript.srt", "transcript.txt", "transcript.json"}
        == made
    )
    assert [folder] == list(folder.parent.iterdir())


def test_the_words_that_are_said_are_the_words_that_are_written(published, sample):
    """The small model knows these words."""
    said = sample.with_suffix(".txt").read_text(encoding="utf-8")
    assert said == (published.report.folder / "transcript.txt").read_text(encoding="utf-8")


async def _stored(root, keys):
    storage = LocalStorageBackend(root)
    return {key: hashlib.md5(await storage.load(key)).hexdigest() for key in keys}


def test_what_is_stored_equals_what_was_made(published):
    """Byte for byte, under the destination, nothing more."""
    import asyncio

    folder, root = published.report.folder, published.backend.settings.root
    made = {
        published.prefix + p.relative_to(folder).as_posix(): hashlib.md5(p.read_bytes()).hexdigest()
        for p in published_files(folder)
    }
    assert made == asyncio.run(_stored(root, made))
    stored = asyncio.run(LocalStorageBackend(root).list_files(published.prefix))
    assert sorted([*made, f"{published.prefix}manifest.json"]) == sorted(stored)


def test_the_mp4_is_whole_square_and_plays_while_it_downloads(published):
    """480p, the index in front of the media, audio and video to the end."""
    path = published.report.folder / "offline_480p.mp4"
    content = path.read_bytes()
    with av.open(str(path)) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        assert (854, 480, 1) == (video.width, video.height, video.sample_aspect_ratio or 1)
        assert (14.0, 14.0) == (
            pytest.approx(float(video.duration * video.time_base), abs=0.1),
            pytest.approx(float(audio.duration * audio.time_base), abs=0.1),
        )
    assert 0 < content.index(b"moov") < content.index(b"mdat")


def test_keyframes_stand_at_the_same_times_in_every_rendition(published):
    """Every two seconds, so that players switch without a seam."""
    times = {}
    for name in ("720p", "480p", "360p"):
        with av.open(str(published.report.folder / name / "index.m3u8")) as container:
            stream = container.streams.video[0]
            packets = [p for p in container.demux(stream) if p.pts is not None]
            first = min(p.pts for p in packets)
            times[name] = [round(float((p.pts - first) * p.time_base), 2) for p in packets if p.is_keyframe]
    assert {name: [0.0, 2.0, 4.0, 6.0, 8.0, 10.0, 12.0] for name in times} == times


def test_no_secret_is_left_in_any_file(published):
    """No token and no signature in journal, state, log or job file."""
    token = published.config.backend.token
    left = b"".join(
        p.read_bytes() for p in published.report.folder.rglob("*") if p.is_file() and p.suffix not in (".ts", ".mp4")
    )
    assert (False, False) == (token.encode() in left, b"signature=" in left)
