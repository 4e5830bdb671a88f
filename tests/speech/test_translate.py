"""What is said in another language, written in English.

Of the models at hand none was taught to translate: these tests show that Whisper is asked to, in its own process.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from cli.main import EXIT_WRONG_USAGE, run_command
from config import Config
from installation import ROOT
from pipeline.cancel import CancelToken
from pipeline.errors import SettingsError, SpeechError
from pipeline.job import TranscriptionRequest
from pipeline.phases.speech_run import SpeechRun
from pipeline.plan import make_plan
from pipeline.speech.child import WhisperProcess
from pipeline.speech.model import load_model
from pipeline.speech.recognition_log import RecognitionLog
from pipeline.speech.transcribe import transcribe

SPANISH = Path(__file__).with_name("spanish.flac")
ENGLISH = ROOT / "samples" / "welcome.mp4"

LISTENS_IN = """
import json, os
import faster_whisper

def noted(method):
    def transcribe(self, *arguments, **options):
        with open(os.environ["ASKED"], "a", encoding="utf-8") as file:
            file.write(json.dumps([options["task"], options["language"]]) + "\\n")
        return method(self, *arguments, **options)
    return transcribe

for kind in (faster_whisper.WhisperModel, faster_whisper.BatchedInferencePipeline):
    kind.transcribe = noted(kind.transcribe)
"""
"""Runs when Python starts: notes what faster-whisper is asked for, and lets it go on."""


@pytest.fixture
def asked_file(tmp_path: Path) -> Path:
    """Where it is noted, a line each time."""
    return tmp_path / "asked.jsonl"


@pytest.fixture
def listening_in(tmp_path: Path, asked_file: Path, whisper_in) -> WhisperProcess:
    """Whisper's process in an environment in which it is noted."""
    (tmp_path / "start").mkdir()
    (tmp_path / "start" / "sitecustomize.py").write_text(LISTENS_IN, encoding="utf-8")
    return whisper_in({**os.environ, "PYTHONPATH": str(tmp_path / "start"), "ASKED": str(asked_file)})


def _never(*_: object) -> None:
    raise AssertionError("nothing is to be heard again")


def _asked(file: Path) -> set[tuple[str, str | None]]:
    return {tuple(json.loads(line)) for line in file.read_text(encoding="utf-8").splitlines()}


@pytest.mark.parametrize("fast", [False, True], ids=["window-by-window", "several-at-once"])
def test_the_task_that_reaches_faster_whisper(small_model, listening_in, asked_file, fast):
    """In the real child process each window is translated from the language that is spoken, and is in English then."""
    heard = transcribe(
        listening_in,
        SPANISH,
        CancelToken(),
        model=str(small_model),
        language="es",
        translate=True,
        fast=fast,
    )
    assert {("translate", "es")} == _asked(asked_file)
    assert ("en", 1.0, "translate") == (heard.language, heard.language_probability, heard.origin.settings.task)
    assert {"en"} == {segment.language for segment in heard.segments}


def test_without_it_the_task_is_to_transcribe(small_model, listening_in, asked_file):
    """Of each window."""
    heard = transcribe(listening_in, SPANISH, CancelToken(), model=str(small_model), language="es")
    assert ({("transcribe", "es")}, "es") == (_asked(asked_file), heard.language)


def test_each_window_in_its_own_language_is_translated(small_model, listening_in, asked_file):
    """With several languages, none is told."""
    heard = transcribe(
        listening_in,
        SPANISH,
        CancelToken(),
        model=str(small_model),
        multilingual=True,
        translate=True,
    )
    assert ({("translate", None)}, "en") == (_asked(asked_file), heard.language)


def test_a_run_that_was_cut_short_goes_on_in_the_language_that_is_spoken(
    small_model, tmp_path, listening_in, asked_file
):
    """What was translated stays, and the rest is not taken for English."""
    path = tmp_path / "log"
    asked = {"model": str(small_model), "translate": True}
    whole = transcribe(listening_in, SPANISH, CancelToken(), language="es", log=RecognitionLog(path, "key"), **asked)
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    first = next(number for number, line in enumerate(lines) if '"segment"' in line and number)
    mark = next(number for number in range(first, len(lines)) if lines[number].startswith('{"seconds"'))
    path.write_text("".join(lines[: mark + 1]), encoding="utf-8")
    asked_file.unlink()
    rest = transcribe(listening_in, SPANISH, CancelToken(), log=RecognitionLog(path, "key"), **asked)
    assert ({("translate", "es")}, "en") == (_asked(asked_file), rest.language)
    assert whole.segments[0] == rest.segments[0]


def test_a_model_for_english_is_refused_when_it_is_loaded(small_model, tmp_path, whisper):
    """Whatever its folder is called: CTranslate2 tells a model for all languages by its empty token."""
    folder = Path(shutil.copytree(small_model, tmp_path / "model"))
    words = json.loads((folder / "vocabulary.json").read_text(encoding="utf-8"))
    (folder / "vocabulary.json").write_text(json.dumps([word or "<none>" for word in words]), encoding="utf-8")
    load_model(whisper, str(folder), CancelToken())
    with pytest.raises(SpeechError) as caught:
        load_model(whisper, str(folder), CancelToken(), translate=True)
    assert (
        f"The Whisper model '{folder}' understands English only and can't translate: choose a model for all languages, "
        "such as 'base', or leave the translation out."
    ) == str(caught.value)
    load_model(whisper, str(small_model), CancelToken(), translate=True)


@pytest.mark.parametrize("model", ["tiny.en", "distil-large-v3", "turbo", "large-v3-turbo", "/models/base.en/"])
def test_a_model_that_can_not_translate_is_refused_before_anything_is_loaded(job, media_info, model):
    """By its name; it would write the language that is spoken, or hear nothing but English."""
    wanted = replace(job, transcription=TranscriptionRequest(model=model, translate=True))
    with pytest.raises(SettingsError) as caught:
        make_plan(wanted, media_info())
    said = f"The Whisper model '{model}' can't translate: choose one for all languages, such as 'base', "
    assert f"{said}or leave the translation out." == str(caught.value)
    make_plan(replace(wanted, transcription=TranscriptionRequest(model=model)), media_info())


def test_files_of_a_transcript_alone(small_model, tmp_path):
    """`transcribe` puts the translation beside the transcript, with its language in the name."""
    source = Path(shutil.copy(SPANISH, tmp_path / "talk.flac"))
    options = ["--model", str(small_model), "--translate", "--format", "srt,vtt"]
    assert 0 == run_command(["transcribe", str(source), *options], Config())
    assert ["talk.en.srt", "talk.en.vtt", "talk.flac", "talk.srt", "talk.vtt"] == sorted(
        path.name for path in tmp_path.glob("talk.*")
    )


def test_a_translation_is_not_overwritten_unasked(small_model, tmp_path, capsys):
    """It says which file is there."""
    source = Path(shutil.copy(SPANISH, tmp_path / "talk.flac"))
    (tmp_path / "talk.en.srt").touch()
    options = ["--model", str(small_model), "--translate", "--format", "srt"]
    assert EXIT_WRONG_USAGE == run_command(["transcribe", str(source), *options], Config())
    assert f"{tmp_path / 'talk.en.srt'} is there already" in capsys.readouterr().err


def test_it_needs_a_transcription(tmp_path, capsys):
    """`convert` says so at once."""
    (tmp_path / "a.mp4").touch()
    status = run_command(["convert", str(tmp_path / "a.mp4"), "-o", str(tmp_path), "--translate"], Config())
    assert (EXIT_WRONG_USAGE, True) == (status, "--translate needs --transcribe." in capsys.readouterr().err)


def test_a_second_run_hears_nothing(small_model, tmp_path, capsys, monkeypatch):
    """Neither where there is a translation, nor where there is none since English is spoken."""
    for name in ("spanish.flac", "english.mp4"):
        shutil.copy(SPANISH if name == SPANISH.name else ENGLISH, tmp_path / name)
    arguments = ["transcribe", str(tmp_path), "--model", str(small_model), "--translate", "--format", "srt"]
    assert 0 == run_command(arguments, Config())
    made = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert (True, False) == ("spanish.en.srt" in made, "english.en.srt" in made)
    monkeypatch.setattr(SpeechRun, "transcript", _never)
    capsys.readouterr()
    assert 0 == run_command(arguments, Config())
    printed = capsys.readouterr().out
    assert ("spanish.srt, spanish.en.srt are up to date." in printed, "english.srt is up to date." in printed) == (
        True,
        True,
    )
    assert 2 == printed.count("Translation: Nothing to do\n")
    assert made == {path.name: path.read_bytes() for path in tmp_path.iterdir()}


def test_a_translation_is_added_to_a_transcript(small_model, tmp_path):
    """The transcript's files stay as they are."""
    source = Path(shutil.copy(SPANISH, tmp_path / "talk.flac"))
    arguments = ["transcribe", str(source), "--model", str(small_model)]
    assert 0 == run_command(arguments, Config())
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in tmp_path.glob("talk.*")}
    assert 0 == run_command([*arguments, "--translate"], Config())
    assert before == {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in before}
    assert "en" == json.loads((tmp_path / "talk.en.json").read_text(encoding="utf-8"))["language"]
