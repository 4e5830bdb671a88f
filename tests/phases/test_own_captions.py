"""A video is converted with captions of the editor's own: they are its subtitle tracks and its transcript."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from converting import Converted, convert
from source_clips import AAC, H264, pattern, run, tone

from config import Config
from pipeline.cancel import CancelToken
from pipeline.errors import Setting
from pipeline.job import CaptionFile, Job, TranscriptionRequest, Trim
from pipeline.model import Outcome
from pipeline.preflight import check_job
from pipeline.preflight_answers import Refused

GERMAN = "1\n00:00:00,500 --> 00:00:02,000\nGrüß Gott,\nliebe Leute\n\n2\n00:00:03,000 --> 00:00:05,000\nEnde\n"
ENGLISH = "WEBVTT\n\n00:00.500 --> 00:02.000\nHello & welcome\n\n09:00.000 --> 09:01.000\nmuch too late\n"


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Seven small seconds with a tone."""
    inputs = (*pattern(size="160x90", length_s=7), *tone(length_s=7))
    return run(tmp_path_factory.mktemp("clips"), "clip.mp4", *inputs, *H264, *AAC)


@pytest.fixture
def files(tmp_path: Path) -> tuple[CaptionFile, ...]:
    """A German file of an old Windows, and an English one."""
    (tmp_path / "Vortrag 'x' ü.de.srt").write_bytes(GERMAN.encode("cp1252"))
    (tmp_path / "talk.vtt").write_text(ENGLISH, encoding="utf-8")
    return (
        CaptionFile(path=tmp_path / "Vortrag 'x' ü.de.srt", language="de"),
        CaptionFile(path=tmp_path / "talk.vtt", language="en"),
    )


def _tracks(made: Converted) -> list[tuple[str, str, str]]:
    return [
        (tag["LANGUAGE"], tag["NAME"], tag["DEFAULT"]) for tag in made.tags("EXT-X-MEDIA") if tag["TYPE"] == "SUBTITLES"
    ]


def _encodes(made: Converted) -> int:
    return sum("ffmpeg" in text and " -i " in text for text in made.log)


def _shown(folder: Path, language: str) -> str:
    return (folder / "subtitles" / language / "seg_001.vtt").read_text(encoding="utf-8")


def test_tracks_and_transcript(clip, files, tmp_path):
    """Each file is a track, the first is shown and is the transcript in all forms; what lies past the end is told."""
    made = convert(clip, tmp_path / "out", captions=files)
    assert (Outcome.DONE, "", ()) == made.whole
    assert [("de", "German", "YES"), ("en", "English", "NO")] == _tracks(made)
    folder = made.folder
    assert ("Grüß Gott,\nliebe Leute" in _shown(folder, "de"), "Hello &amp; welcome" in _shown(folder, "en")) == (
        True,
        True,
    )
    assert GERMAN == (folder / "transcript.srt").read_text(encoding="utf-8")
    assert "Grüß Gott, liebe Leute\nEnde\n" == (folder / "transcript.txt").read_text(encoding="utf-8")
    assert 2 == (folder / "subtitles.vtt").read_text(encoding="utf-8").count("-->")
    assert "de" == json.loads((folder / "transcript.json").read_text(encoding="utf-8"))["language"]
    assert "Left out of the stream, since they begin after the end of the video: 1 of 4 captions." in made.log


def test_a_file_that_changed_is_taken_again_without_an_encode(clip, files, tmp_path):
    """An unchanged file is nothing to do; a changed one is packaged again, and one that is no longer given is asked."""
    out = tmp_path / "out"
    folder = convert(clip, out, captions=files).folder
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    convert(clip, out, captions=files)
    assert before == {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    files[1].path.write_text(ENGLISH.replace("Hello", "Good day"), encoding="utf-8")
    made = convert(clip, out, captions=files)
    assert ((Outcome.DONE, "", ()), 0, True) == (made.whole, _encodes(made), "Good day" in _shown(folder, "en"))
    assert "Captions were added or changed: the stream is packaged again." in made.log
    files[0].path.write_text(GERMAN.replace("Ende", "Schluss"), encoding="utf-8")
    made = convert(clip, out, captions=files)
    assert ((Outcome.DONE, "", ()), 0, True) == (made.whole, _encodes(made), "Schluss" in _shown(folder, "de"))
    assert "Schluss" in (folder / "transcript.srt").read_text(encoding="utf-8")
    report = convert(clip, out, captions=files[:1]).report
    assert f"{folder} was made with captions in English, which is not asked for now" in report.error


def test_the_transcript_is_corrected_there(clip, files, tmp_path):
    """Rather than in the file that was given: the correction is in the stream, and the other track as it was."""
    out = tmp_path / "out"
    folder = convert(clip, out, captions=files).folder
    (folder / "transcript.srt").write_text(GERMAN.replace("Ende", "Schluss"), encoding="utf-8")
    made = convert(clip, out, captions=files)
    assert ((Outcome.DONE, "", ()), 0) == (made.whole, _encodes(made))
    assert (True, True) == ("Schluss" in _shown(folder, "de"), "Hello &amp;" in _shown(folder, "en"))
    assert "Grüß Gott, liebe Leute\nSchluss\n" == (folder / "transcript.txt").read_text(encoding="utf-8")
    files[0].path.write_text(GERMAN.replace("Ende", "Aus"), encoding="utf-8")
    assert (
        "transcript.srt was corrected by hand, and another transcript"
        in convert(clip, out, captions=files).report.error
    )


PLACED = (
    "WEBVTT\n\n00:00:00.500 --> 00:00:02.000 position:10% align:left line:0\n<v Ann>over the <i>title</i></v>\n\n"
    "00:00:03.000 --> 00:00:05.000\nbelow\n"
)


def test_captions_look_as_the_editor_made_them(clip, tmp_path):
    """Italics, speakers and places are in the stream and the forms, and stay when a word is corrected in SubRip."""
    own = CaptionFile(path=tmp_path / "placed.vtt", language="en")
    own.path.write_text(PLACED, encoding="utf-8")
    folder = convert(clip, tmp_path / "out", captions=(own,)).folder
    first = PLACED.split("\n\n")[1]
    assert (PLACED, True) == ((folder / "subtitles.vtt").read_text(encoding="utf-8"), first in _shown(folder, "en"))
    srt = (folder / "transcript.srt").read_text(encoding="utf-8")
    assert "{\\an7}over the <i>title</i>\n" in srt
    (folder / "transcript.srt").write_bytes(
        b"\xef\xbb\xbf" + srt.replace("below", "under").replace("\n", "\r\n").encode()
    )
    made = convert(clip, tmp_path / "out", captions=(own,))
    assert ((Outcome.DONE, "", ()), 0) == (made.whole, _encodes(made))
    assert PLACED.replace("below", "under") == (folder / "subtitles.vtt").read_text(encoding="utf-8")
    assert (True, True) == (first in _shown(folder, "en"), "under" in _shown(folder, "en"))


def test_captions_are_added_to_a_stream_that_is_there(clip, files, tmp_path):
    """Without an encode."""
    out = tmp_path / "out"
    convert(clip, out)
    made = convert(clip, out, captions=files)
    assert ((Outcome.DONE, "", ()), 0) == (made.whole, _encodes(made))
    assert ["de", "en"] == [language for language, _, _ in _tracks(made)]


def test_what_was_mended_is_said(clip, tmp_path):
    """A caption without length refuses no file, and the log tells of it."""
    file = tmp_path / "talk.srt"
    file.write_text("1\n00:00:00.5 --> 00:00:00.5\nWelcome.\n", encoding="utf-8")
    made = convert(clip, tmp_path / "out", captions=(CaptionFile(path=file, language="en"),))
    assert (Outcome.DONE, "", ()) == made.whole
    assert "talk.srt: 1 caption ends when or before it begins (line 2): it is shown until it can be read." in made.log
    assert "00:00:00,500 --> 00:00:01,333" in (made.folder / "transcript.srt").read_text(encoding="utf-8")


def test_beside_whisper(sample, files, tmp_path, small_model):
    """With a transcription too, the transcript is Whisper's, and its track gives way to the file of its language."""
    speech = run(tmp_path, "speech.mp4", "-i", str(sample), "-t", "7", "-s", "160x90", *H264, *AAC)
    made = convert(
        speech, tmp_path / "out", captions=files[1:], transcription=TranscriptionRequest(model=str(small_model))
    )
    assert (Outcome.DONE, "", ()) == made.whole
    assert [("en", "English", "YES"), ("en", "English (automatic)", "NO")] == _tracks(made)
    assert "welcome lesson one" in (made.folder / "transcript.txt").read_text(encoding="utf-8")


def test_without_audio_and_of_a_part(files, tmp_path):
    """A silent video has captions too, and those of a part are on the part's clock."""
    silent = run(tmp_path, "silent.mp4", *pattern(size="160x90", length_s=7), *H264)
    made = convert(silent, tmp_path / "out", captions=files[:1], trim=Trim(start_s=2.5))
    assert (Outcome.DONE, "", ()) == made.whole
    assert "1\n00:00:00,500 --> 00:00:02,500\nEnde\n" == (made.folder / "transcript.srt").read_text(encoding="utf-8")


def test_the_work_of_another_run_is_kept(clip, files, tmp_path):
    """A run that was cut short goes on with other captions, without another encode."""
    out = tmp_path / "out"
    folder = convert(clip, out, captions=files).folder
    stored = json.loads((folder / "job.json").read_text())
    del stored["done"]["package"]
    (folder / "job.json").write_text(json.dumps(stored))
    shutil.move(folder, out / ".clip.partial")
    made = convert(clip, out, captions=files[:1])
    assert ((Outcome.DONE, "", ()), 0) == (made.whole, _encodes(made))
    assert ["de"] == [language for language, _, _ in _tracks(made)]


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "No such file"), ("", "there are no captions in it"), ("1\n00:00:0x --> 1\na", "line 2 has no times")],
    ids=["missing", "empty", "broken"],
)
def test_a_file_that_wont_do_is_refused_before_anything_begins(clip, tmp_path, content, said):
    """With its name and what is wrong, and nothing is made."""
    file = tmp_path / "talk.srt"
    if content is not None:
        file.write_text(content, encoding="utf-8")
    job = Job(
        source=clip,
        output_dir=tmp_path / "out",
        slug="clip",
        captions=(CaptionFile(path=file, language="en"),),
    )
    answer = check_job(job, Config(), CancelToken())
    assert isinstance(answer, Refused)
    (problem,) = answer.problems
    assert (True, True, Setting.CAPTIONS) == (str(file) in problem.text, said in problem.text, problem.setting)
    assert not (tmp_path / "out").exists()
