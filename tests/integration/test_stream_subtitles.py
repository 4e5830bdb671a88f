"""Subtitles of real files, from the source to the stream's folder."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from converting import ULTRAFAST, convert
from source_clips import AAC, H264, pattern, run, tone

from pipeline.job import SegmentType, TranscriptionRequest
from pipeline.model import Outcome

FMP4 = replace(ULTRAFAST, segment_type=SegmentType.FMP4)
LENGTH_S = 8
ENGLISH = """1
00:00:00,500 --> 00:00:07,000
All the while

2
00:00:01,000 --> 00:00:02,000
In the first segment

3
00:00:06,500 --> 00:00:20,000
Beyond the end

4
00:00:30,000 --> 00:00:31,000
After all
"""
GERMAN = "1\n00:00:02,000 --> 00:00:03,000\n<i>Auf Deutsch</i>\n"
FOR_THE_DEAF = "public.accessibility.transcribes-spoken-dialog,public.accessibility.describes-music-and-sound"
CUE = re.compile(r"(\S+) --> (\S+)\n(.*)")


def _clip(folder: Path, name: str = "a.mkv", *, with_video: bool = True, more: tuple[str, ...] = ()) -> Path:
    for language, text in (("en", ENGLISH), ("de", GERMAN)):
        (folder / f"{language}.srt").write_text(text, encoding="utf-8")
    media = [*(pattern(length_s=LENGTH_S) if with_video else ()), *tone(length_s=LENGTH_S)]
    texts = ("-i", str(folder / "de.srt"), "-i", str(folder / "en.srt"), "-i", str(folder / "en.srt"))
    inputs = 5 if with_video else 4
    maps = [part for number in range(inputs) for part in ("-map", str(number))]
    languages = [f"-metadata:s:s:{number} language={tag}" for number, tag in enumerate(("ger", "eng", "eng"))]
    marks = "-disposition:s:0 forced -disposition:s:1 default -disposition:s:2 hearing_impaired"
    options = " ".join([*languages, marks]).split()
    codec = "mov_text" if name.endswith("mp4") else "srt"
    return run(folder, name, *media, *texts, *maps, *(H264 if with_video else ()), *AAC, "-c:s", codec, *options, *more)


def _cues(folder: Path) -> list[list[tuple[str, str, str]]]:
    """The cues of each segment of a track."""
    return [CUE.findall(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("seg_*.vtt"))]


@pytest.mark.parametrize(
    ("name", "changes", "with_video"),
    [
        pytest.param("a.mkv", {}, True, id="TS"),
        pytest.param("a.mkv", {"encoding": FMP4}, True, id="fMP4"),
        pytest.param("a.mka", {}, False, id="audio alone"),
    ],
)
def test_text_subtitles_become_tracks_of_the_stream(tmp_path, name, changes, with_video):
    """Each with its language, its name and what it is for; cues in every segment in which they show,
    none after the end.
    """
    made = convert(_clip(tmp_path, name, with_video=with_video), tmp_path, **changes)
    assert (Outcome.DONE, "", ()) == made.whole
    tracks = [media for media in made.tags("EXT-X-MEDIA") if media["TYPE"] == "SUBTITLES"]
    assert [
        ("German (forced)", "de", "NO", "YES", "YES", None),
        ("English", "en", "YES", "YES", "NO", None),
        ("English (SDH)", "en", "NO", "YES", "NO", FOR_THE_DEAF),
    ] == [
        (t["NAME"], t["LANGUAGE"], t["DEFAULT"], t["AUTOSELECT"], t["FORCED"], t.get("CHARACTERISTICS")) for t in tracks
    ]
    assert ["subtitles/de", "subtitles/en", "subtitles/en-2"] == [
        track["URI"].removesuffix("/index.m3u8") for track in tracks
    ]
    assert {"subtitles"} == {variant["SUBTITLES"] for variant in made.tags("EXT-X-STREAM-INF")}
    throughout, first = (
        ("00:00:00.500", "00:00:07.000", "All the while"),
        ("00:00:01.000", "00:00:02.000", "In the first segment"),
    )
    last = ("00:00:06.500", "Beyond the end")
    cues = _cues(made.folder / "subtitles" / "en")
    assert ([throughout, first], throughout, last) == (cues[0], cues[1][0], (cues[1][1][0], cues[1][1][2]))
    assert (2, 2) == (len(cues), len(cues[1]))
    assert [[("00:00:02.000", "00:00:03.000", "<i>Auf Deutsch</i>")], []] == _cues(made.folder / "subtitles" / "de")
    assert "a." + name[2:] + ": subtitles (German, English, English), kept." in made.log


def test_whispers_captions_stand_beside_the_files_own(tmp_path, sample, small_model):
    """Of one language: both, named apart, and the file's own, which it marks, are shown at first."""
    (tmp_path / "en.srt").write_text(ENGLISH, encoding="utf-8")
    maps = (
        "-map",
        "0",
        "-map",
        "1",
        "-c",
        "copy",
        "-c:s",
        "srt",
        "-metadata:s:s:0",
        "language=eng",
        "-disposition:s:0",
        "default",
    )
    clip = run(tmp_path, "spoken.mkv", "-i", str(sample), "-i", str(tmp_path / "en.srt"), *maps)
    made = convert(
        clip, tmp_path, qualities=("360p",), transcription=TranscriptionRequest(model=str(small_model), language="en")
    )
    assert (Outcome.DONE, "", ()) == made.whole
    tracks = [media for media in made.tags("EXT-X-MEDIA") if media["TYPE"] == "SUBTITLES"]
    assert [("English", "YES", "YES", "subtitles/en"), ("English (automatic)", "NO", "NO", "subtitles/en-2")] == [
        (t["NAME"], t["DEFAULT"], t["AUTOSELECT"], t["URI"].removesuffix("/index.m3u8")) for t in tracks
    ]
    assert (made.folder / "subtitles.vtt").read_text(encoding="utf-8").count("-->") > 0


def test_a_track_without_text_is_none(tmp_path):
    """What has no cue gives no track, and no reference to one."""
    (tmp_path / "empty.srt").write_text("1\n00:00:01,000 --> 00:00:02,000\n \n", encoding="utf-8")
    inputs = (*pattern(length_s=2), "-i", str(tmp_path / "empty.srt"), "-map", "0", "-map", "1", "-c:s", "srt")
    made = convert(run(tmp_path, "a.mkv", *inputs, *H264), tmp_path)
    assert (Outcome.DONE, "", ()) == made.whole
    assert "SUBTITLES" not in made.master
