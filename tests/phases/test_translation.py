"""Captions in English beside those in the language that is spoken.

The shipped model was not taught to translate: it shows which words are heard for which task, not what they mean.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from converting import Converted, convert
from source_clips import AAC, H264, pattern, run

from pipeline.job import CaptionRules, TranscriptionRequest
from pipeline.media.stream_layout import TRANSCRIPT_FILES, TRANSLATION_NAMES
from pipeline.model import Outcome
from pipeline.phases.speech_run import SpeechRun
from pipeline.speech import child

SPANISH = Path(__file__).parents[1] / "speech" / "spanish.flac"


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small video in which Spanish is spoken."""
    inputs = (*pattern(size="160x90", length_s=6), "-i", str(SPANISH))
    return run(tmp_path_factory.mktemp("clips"), "clip.mp4", *inputs, *H264, *AAC)


@pytest.fixture(scope="module")
def asked(small_model: Path) -> TranscriptionRequest:
    """What is asked of Whisper."""
    return TranscriptionRequest(model=str(small_model), translate=True)


@pytest.fixture(scope="module")
def plain(clip: Path, asked: TranscriptionRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its folder with a transcript alone, made once."""
    return convert(clip, tmp_path_factory.mktemp("plain"), transcription=replace(asked, translate=False)).folder


@pytest.fixture(scope="module")
def translated(clip: Path, plain: Path, asked: TranscriptionRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of that to which a translation was added, made once."""
    out = tmp_path_factory.mktemp("translated")
    shutil.copytree(plain, out / "clip")
    return convert(clip, out, transcription=asked).folder


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Where a job finds a copy of one of them."""
    return tmp_path / "out"


def _text(folder: Path, name: str) -> str:
    return (folder / name).read_text(encoding="utf-8")


def _contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _encodes(made: Converted) -> int:
    return sum("ffmpeg" in text and " -i " in text for text in made.log)


def _tracks(made: Converted) -> list[tuple[str, str, str]]:
    found = [media for media in made.tags("EXT-X-MEDIA") if media["TYPE"] == "SUBTITLES"]
    return [(media["LANGUAGE"], media["NAME"], media["DEFAULT"]) for media in found]


def _never(*_: object) -> None:
    raise AssertionError("nothing is to be heard again")


def test_a_translation_is_added_without_an_encode(clip, plain, out, asked):
    """It has files and a track of its own, the transcript stays as it is, and the next run has nothing to do."""
    folder = shutil.copytree(plain, out / "clip")
    before = _contents(folder)
    made = convert(clip, out, transcription=asked)
    assert ((Outcome.DONE, "", ()), 0) == (made.whole, _encodes(made))
    assert "A translation is added to what is there." in made.log
    assert [("es", "Spanish", "YES"), ("en", "English", "NO")] == _tracks(made)
    after = _contents(folder)
    kept = [name for name in before if name.startswith(("90p", "transcript", "subtitles"))]
    assert {name: before[name] for name in kept} == {name: after[name] for name in kept}
    beside = [name for name in sorted(after.keys() - before.keys()) if "/" not in name]
    assert sorted(TRANSLATION_NAMES.all) == beside
    words = json.loads(after["transcript.en.json"])
    assert ("en", "translate", {"en"}) == (
        words["language"],
        words["origin"]["settings"]["task"],
        {segment["language"] for segment in words["segments"]},
    )
    first = words["segments"][0]["text"].split()[0]
    assert [True] * 3 == [first in after[name].decode() for name in TRANSLATION_NAMES.all if name.endswith("t")]
    again = convert(clip, out, transcription=asked)
    assert ("", after) == (again.report.error, _contents(folder))


def test_all_at_once_is_the_same(clip, translated, out, asked):
    """A first run makes the same of the audio as two."""
    made = convert(clip, out, transcription=asked)
    assert (Outcome.DONE, "", ()) == made.whole
    names = (*TRANSCRIPT_FILES, *TRANSLATION_NAMES.all)
    assert [_text(translated, name) for name in names] == [_text(made.folder, name) for name in names]


def test_the_model_is_loaded_once(clip, out, asked, monkeypatch):
    """One process transcribes and translates."""
    started: list[object] = []
    start = child._start
    monkeypatch.setattr(child, "_start", lambda *arguments: started.append(None) or start(*arguments))
    assert (Outcome.DONE, "", ()) == convert(clip, out, transcription=asked).whole
    assert 1 == len(started)


def test_a_model_for_english_is_refused_before_the_encode(clip, out, asked, small_model, tmp_path):
    """In one sentence, with its folder."""
    folder = Path(shutil.copytree(small_model, tmp_path / "model"))
    words = json.loads((folder / "vocabulary.json").read_text(encoding="utf-8"))
    (folder / "vocabulary.json").write_text(json.dumps([word or "<none>" for word in words]), encoding="utf-8")
    made = convert(clip, out, transcription=replace(asked, model=str(folder)))
    assert (Outcome.FAILED, 0) == (made.report.outcome, _encodes(made))
    assert f"The Whisper model '{folder}' understands English only and can't translate: " in made.report.error


def test_what_is_in_english_is_not_translated(sample, out, asked, monkeypatch):
    """One sentence says so, nothing is heard a second time, now or in the next run, or missed without the option."""
    talk = run(out.parent, "talk.mp4", "-i", str(sample), "-t", "7", "-s", "160x90", *H264, *AAC)
    made = convert(talk, out, transcription=asked)
    assert (Outcome.DONE, "", ()) == made.whole
    assert "The speech is in English already: no translation." in made.log
    assert ([("en", "English", "YES")], False) == (_tracks(made), (made.folder / "subtitles.en.vtt").exists())
    monkeypatch.setattr(SpeechRun, "transcript", _never)
    for request in (asked, replace(asked, translate=False)):
        assert (Outcome.DONE, "", ()) == convert(talk, out, transcription=request).whole


def test_a_translation_is_not_dropped_unasked(clip, translated, out, asked):
    """The folder was made with it."""
    folder = shutil.copytree(translated, out / "clip")
    report = convert(clip, out, transcription=replace(asked, translate=False)).report
    assert f"{folder} was made with captions translated into English, which is not asked for now" in report.error


@pytest.mark.parametrize("name", ["subtitles.en.vtt", "transcript.en.txt"])
def test_a_correction_of_the_translation_is_taken_over(clip, translated, out, asked, monkeypatch, name):
    """In the stream and all forms; then other caption rules would undo it, and are refused."""
    folder = shutil.copytree(translated, out / "clip")
    word = _text(folder, "transcript.en.txt").split()[0]
    path = folder / name
    path.write_text(_text(folder, path.name).replace(word, "one"), encoding="utf-8")
    before = [_text(folder, name) for name in TRANSCRIPT_FILES]
    monkeypatch.setattr(SpeechRun, "transcript", _never)
    made = convert(clip, out, transcription=asked)
    assert (Outcome.DONE, "", ()) == made.whole
    track = "".join(part.read_text(encoding="utf-8") for part in sorted(folder.glob("subtitles/en/*.vtt")))
    said = [_text(folder, name) for name in TRANSLATION_NAMES.all]
    assert [True] * 5 == ["one" in text and word not in text for text in (track, *said)]
    assert before == [_text(folder, name) for name in TRANSCRIPT_FILES]
    error = convert(clip, out, transcription=replace(asked, profile=CaptionRules.BBC)).report.error
    assert f"{name} was corrected by hand, and another transcript is asked for now" in error


def test_lost_forms_of_the_translation_are_made_from_the_rest(clip, translated, out, asked, monkeypatch):
    """Nothing is heard again."""
    folder = shutil.copytree(translated, out / "clip")
    before = _text(folder, "transcript.en.srt")
    (folder / "transcript.en.srt").unlink()
    monkeypatch.setattr(SpeechRun, "transcript", _never)
    made = convert(clip, out, transcription=asked)
    assert "transcript.en.srt was missing: made again from the rest of the translation." in made.log
    assert before == _text(folder, "transcript.en.srt")


def test_other_caption_rules_need_no_listening(clip, translated, out, asked, monkeypatch):
    """The translation is shaped anew, too."""
    shutil.copytree(translated, out / "clip")
    monkeypatch.setattr(SpeechRun, "transcript", _never)
    made = convert(clip, out, transcription=replace(asked, profile=CaptionRules.BBC))
    assert (Outcome.DONE, "", ()) == made.whole
    assert any(text.startswith("Translated: ") for text in made.log)
