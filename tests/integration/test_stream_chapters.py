"""Chapters of real files, from the source to the stream's folder."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import requests
from converting import Converted, convert
from source_clips import AAC, H264, pattern, run, tone

from pipeline.errors import SettingsError
from pipeline.job import UploadRequest
from pipeline.media.validate import validate
from pipeline.model import Outcome

CHAPTERS = """;FFMETADATA1
[CHAPTER]
TIMEBASE=1/1000
START=0
END=1000
title=Introduction
[CHAPTER]
TIMEBASE=1/1000
START=1000
END=2500
title=Größe & "Gewicht"
[CHAPTER]
TIMEBASE=1/1000
START=2500
END=3000
"""
MADE = [(0.0, 1.0, "Introduction"), (1.0, 1.5, 'Größe & "Gewicht"'), (2.5, 0.5, "Chapter 3")]


def _clip(folder: Path, name: str, *codec: str, with_video: bool = True, more: tuple[str, ...] = ()) -> Path:
    metadata = folder / "chapters.txt"
    metadata.write_text(CHAPTERS, encoding="utf-8")
    streams = [*(pattern() if with_video else ()), *tone(), "-i", str(metadata)]
    last = 2 if with_video else 1
    maps = [part for number in range(last) for part in ("-map", str(number))]
    return run(folder, name, *streams, *maps, "-map_chapters", str(last), *codec, *more)


def _chapters(made: Converted) -> list[tuple[float, float, str]]:
    listed = json.loads((made.folder / "chapters.json").read_text(encoding="utf-8"))
    return [
        (chapter["start-time"], pytest.approx(chapter["duration"], abs=0.05), chapter["titles"][0]["title"])
        for chapter in listed
    ]


@pytest.mark.parametrize("name", ["a.mp4", "a.mov", "a.mkv"])
def test_the_chapters_of_a_file_become_those_of_its_stream(tmp_path, name):
    """In both forms, named by the master playlist, in a stream that passes its check."""
    made = convert(_clip(tmp_path, name, *H264, *AAC, more=("-metadata:s:a:0", "language=ger")), tmp_path)
    assert (Outcome.DONE, "", ()) == made.whole
    assert MADE == _chapters(made)
    assert [{"DATA-ID": "com.apple.hls.chapters", "URI": "chapters.json"}] == made.tags("EXT-X-SESSION-DATA")
    assert '00:00:01.000 --> 00:00:02.500\nGröße &amp; "Gewicht"\n' in (made.folder / "chapters.vtt").read_text(
        encoding="utf-8"
    )
    languages = [
        chapter["titles"][0]["language"]
        for chapter in json.loads((made.folder / "chapters.json").read_text(encoding="utf-8"))
    ]
    assert ["de"] * 3 == languages


def test_chapters_of_audio_alone(tmp_path):
    """An audiobook has them too."""
    made = convert(_clip(tmp_path, "book.m4a", *AAC, with_video=False), tmp_path)
    assert (Outcome.DONE, "", ()) == made.whole
    assert MADE == _chapters(made)


def test_chapters_count_from_the_first_moment(tmp_path):
    """A file whose times begin at 4 s: what its container counts from zero is moved with video and audio."""
    metadata = tmp_path / "late.txt"
    later = re.sub(r"(START|END)=(\d+)", lambda found: f"{found[1]}={int(found[2]) + 4000}", CHAPTERS)
    metadata.write_text(later, encoding="utf-8")
    inputs = (*pattern(), *tone(), "-i", str(metadata), "-map", "0", "-map", "1", "-map_chapters", "2")
    clip = run(tmp_path, "late.mkv", *inputs, *H264, *AAC, "-output_ts_offset", "4", "-avoid_negative_ts", "disabled")
    made = convert(clip, tmp_path, accept_damaged=True)  # what the container declares counts from its zero too
    assert (Outcome.DONE, "", ()) == made.whole
    assert MADE == _chapters(made)


def test_a_file_of_chapters_takes_the_place_of_those_in_the_source(tmp_path):
    """Another file later costs no encode: the stream is packaged again. One past the end is left out, which is said."""
    clip = _clip(tmp_path, "a.mp4", *H264, *AAC)
    listed = tmp_path / "list.txt"
    listed.write_text("0:00 All of it\n0:01.5 The end\n0:59 Credits\n", encoding="utf-8")
    convert(clip, tmp_path)
    made = convert(clip, tmp_path, chapters=listed)
    assert (Outcome.DONE, "", ()) == made.whole
    assert [(0.0, 1.5, "All of it"), (1.5, 1.5, "The end")] == _chapters(made)
    assert "reused" == made.report.phases[0].outcome.value
    assert "1 of 3 chapters begin after the end of the video and are left out." in made.report.warnings
    again = convert(clip, tmp_path, chapters=listed)
    assert "Chapters or subtitles have changed: the stream is packaged again." in made.log
    assert "Chapters or subtitles have changed: the stream is packaged again." not in again.log


def test_chapters_are_uploaded_with_the_stream(tmp_path, backend, backend_config):
    """Both files with their types, in the manifest, and on the page that plays the stream."""
    clip = _clip(tmp_path, "a.mp4", *H264, *AAC)
    made = convert(clip, tmp_path, backend_config, upload=UploadRequest(prefix="tests/chapters/"))
    assert (Outcome.DONE, "", ()) == made.whole
    answers = [
        requests.get(f"{backend.url}/objects/tests/chapters/{name}", timeout=60)
        for name in ("chapters.json", "chapters.vtt")
    ]
    assert ["application/json", "text/vtt"] == [answer.headers["Content-Type"].partition(";")[0] for answer in answers]
    manifest = (made.folder / "manifest.json").read_text(encoding="utf-8")
    assert [True, True] == [f"tests/chapters/{name}" in manifest for name in ("chapters.json", "chapters.vtt")]
    assert (
        'data-chapters="/objects/tests/chapters/chapters.json"'
        in requests.get(backend.watch_url("tests/chapters/"), timeout=60).text
    )


def test_no_chapters(tmp_path):
    """Nothing is written and nothing is said."""
    made = convert(run(tmp_path, "plain.mp4", *pattern(length_s=1), *tone(length_s=1), *H264, *AAC), tmp_path)
    assert ((Outcome.DONE, "", ()), []) == (made.whole, made.tags("EXT-X-SESSION-DATA"))
    assert [] == list(made.folder.glob("chapters.*"))


def test_a_file_without_chapters_is_refused_before_anything_starts(tmp_path):
    """One sentence with the file, the reason and what would do."""
    clip = run(tmp_path, "plain.mp4", *pattern(length_s=1), *H264)
    essay = tmp_path / "essay.txt"
    essay.write_text("Nothing here has a time.")
    with pytest.raises(
        SettingsError, match=r"can't be read: there are no chapters in it. They may be lines such as 0:01:30 Title"
    ):
        convert(clip, tmp_path, chapters=essay)
    with pytest.raises(SettingsError, match="No such file or directory"):
        convert(clip, tmp_path, chapters=tmp_path / "none.txt")


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        pytest.param(None, "RFC 8216 6.2.1", id="gone"),
        pytest.param("{", "RFC 8216 4.3.4.4", id="no JSON"),
        pytest.param('[{"titles": []}]', "Apple JSON chapters", id="no start-time"),
        pytest.param('[{"start-time": 1}, {"start-time": 0}]', "Apple JSON chapters", id="out of order"),
        pytest.param('[{"start-time": 1, "titles": [{"title": "A"}]}]', "Apple JSON chapters", id="no language"),
    ],
)
def test_the_check_finds_bad_chapters(tmp_path_factory, content, rule, whole_stream):
    """Each fault by its rule."""
    path = whole_stream / "chapters.json"
    kept = path.read_bytes()
    path.unlink()
    if content is not None:
        path.write_text(content)
    found = {finding.rule for finding in validate(whole_stream).findings}
    path.write_bytes(kept)
    assert {rule} == found


@pytest.fixture(scope="module")
def whole_stream(tmp_path_factory) -> Path:
    """The folder of a stream with chapters."""
    folder = tmp_path_factory.mktemp("chapters")
    return convert(_clip(folder, "a.mp4", *H264, *AAC), folder).folder
