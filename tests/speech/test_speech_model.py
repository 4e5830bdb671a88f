"""A model that can't be had is found out at once, with a sentence that says what to do."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import pytest

from pipeline.cancel import CancelToken
from pipeline.errors import Cancelled, SpeechError
from pipeline.speech.model import load_model

pytestmark = pytest.mark.usefixtures("no_child_left")


@pytest.fixture
def copied_model(tmp_path: Path, small_model: Path) -> Path:
    """A copy of the small model that may be broken."""
    folder = tmp_path / "my model"
    folder.mkdir()
    for file in small_model.glob("*.*"):
        shutil.copyfile(file, folder / file.name)
    return folder


@pytest.mark.parametrize("language", [None, "en", "ES"], ids=["automatic", "english", "capitals"])
def test_a_good_folder(small_model, language, whisper):
    """A whole model folder passes."""
    load_model(whisper, str(small_model), CancelToken(), language=language)


def test_a_folder_without_the_preprocessors_configuration(copied_model, whisper):
    """It passes, as faster-whisper takes it: the numbers that it lacks are Whisper's own."""
    (copied_model / "preprocessor_config.json").unlink()
    load_model(whisper, str(copied_model), CancelToken())


@pytest.mark.parametrize("missing", ["model.bin", "config.json", "tokenizer.json", "vocabulary.json"])
def test_a_folder_that_lacks_a_file(copied_model, missing, whisper):
    """A model folder that lacks a file is refused by the file's name."""
    (copied_model / missing).unlink()
    with pytest.raises(
        SpeechError,
        match=rf"^The model folder .*my model lacks {missing}: get the model again or choose another folder\.$",
    ):
        load_model(whisper, str(copied_model), CancelToken())


@pytest.mark.parametrize("name", ["base.pt", "model.safetensors", "pytorch_model.bin"])
def test_a_folder_of_another_form(tmp_path, name, whisper):
    """A model of another program is refused with the form that is needed."""
    (tmp_path / name).touch()
    with pytest.raises(
        SpeechError,
        match=rf"holds a Whisper model in another form \({name}\): choose a folder with a CTranslate2 model",
    ):
        load_model(whisper, str(tmp_path), CancelToken())


def test_a_file_instead_of_a_folder(tmp_path, whisper):
    """A model file is refused, for a folder is needed."""
    (tmp_path / "base.pt").touch()
    with pytest.raises(SpeechError, match=r"base\.pt is a file, not a model folder"):
        load_model(whisper, str(tmp_path / "base.pt"), CancelToken())


def test_a_folder_that_is_not_there(tmp_path, whisper):
    """A path that leads nowhere is named."""
    with pytest.raises(SpeechError, match=r"^The model folder .*nowhere isn't there"):
        load_model(whisper, str(tmp_path / "nowhere"), CancelToken())


def test_a_broken_model(copied_model, whisper):
    """A model whose big file was cut short is found out before the job."""
    whole = (copied_model / "model.bin").read_bytes()
    (copied_model / "model.bin").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(
        SpeechError,
        match=r"^In the model folder .*my model model\.bin is incomplete: get the model again or choose",
    ):
        load_model(whisper, str(copied_model), CancelToken())


def test_no_model(whisper):
    """An empty name asks for one."""
    with pytest.raises(SpeechError, match=r"^No Whisper model is chosen"):
        load_model(whisper, " ", CancelToken())


def test_an_unknown_name(offline, whisper_in):
    """A name that nobody knows lists those that are known."""
    with pytest.raises(
        SpeechError, match=r"^There is no Whisper model 'huge': choose one of tiny\.en, .*large-v3.*, or a folder"
    ):
        load_model(whisper_in(offline), "huge", CancelToken())


def test_a_known_name_without_a_network(offline, whisper_in):
    """A model that isn't here and can't be fetched is found out within seconds."""
    told = []
    with pytest.raises(SpeechError) as caught:
        load_model(whisper_in(offline), "base", CancelToken(), on_download=lambda _: told.append("downloading"))
    assert (
        "The Whisper model 'base' isn't on this computer and can't be downloaded (Connection refused):"
        " connect to the internet once, or choose a model folder."
    ) == str(caught.value)
    assert ["downloading"] == told


def test_a_network_that_swallows_everything(hanging, whisper_in):
    """A hub that never answers is given up after the time that the environment allows."""
    with pytest.raises(
        SpeechError, match=r"^The Whisper model 'base' isn't on this computer and can't be downloaded \(.*timed out\)"
    ):
        load_model(whisper_in({**hanging, "HF_HUB_ETAG_TIMEOUT": "1"}), "base", CancelToken())


def test_a_download_that_was_interrupted(offline, whisper_in):
    """What an interrupted download left is not taken for a model."""
    snapshot = Path(offline["HF_HOME"]) / "hub" / "models--Systran--faster-whisper-base" / "snapshots" / "abc"
    snapshot.mkdir(parents=True)
    (snapshot / "config.json").write_text("{}", encoding="utf-8")
    (snapshot.parents[1] / "refs").mkdir()
    (snapshot.parents[1] / "refs" / "main").write_text("abc", encoding="utf-8")
    with pytest.raises(
        SpeechError,
        match=r"^The Whisper model 'base' isn't on this computer and can't be downloaded \(Connection refused\)",
    ):
        load_model(whisper_in(offline), "base", CancelToken())


def test_a_model_that_was_downloaded_before(offline, small_model, whisper_in):
    """A known name that lies in the cache needs no network."""
    place = Path(offline["HF_HOME"]) / "hub" / "models--Systran--faster-whisper-base"
    shutil.copytree(small_model, place / "snapshots" / "abc")
    (place / "refs").mkdir()
    (place / "refs" / "main").write_text("abc", encoding="utf-8")
    load_model(whisper_in(offline), "base", CancelToken(), language="en")


def test_a_download_can_be_cancelled(hanging, whisper_in):
    """Cancelled while the hub keeps silent, the check ends."""
    cancel = CancelToken()
    thread = threading.Thread(target=cancel.cancel)
    with pytest.raises(Cancelled):
        load_model(whisper_in(hanging), "base", cancel, on_download=lambda _: thread.start())
    thread.join()


@pytest.mark.parametrize("language", ["xx", "english", "en-US"])
def test_an_unknown_language(language, small_model, whisper):
    """A language code that Whisper doesn't know is refused, with those that it knows."""
    with pytest.raises(
        SpeechError,
        match=rf"^Whisper doesn't know the language code '{language.lower()}': use 'auto' or one of af, am, ",
    ):
        load_model(whisper, str(small_model), CancelToken(), language=language)
