"""Two languages in one file are each heard as what they are.

`spanish.flac` is "bienvenidos uno dos tres", a pause, "cuatro cinco seis", as espeak-ng says it (-v es -s 135).
"""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.main import EXIT_WRONG_USAGE, run_command
from config import Config
from pipeline.cancel import CancelToken
from pipeline.speech.transcribe import transcribe

SPANISH = Path(__file__).with_name("spanish.flac")


@pytest.fixture
def both(make_audio, sample):
    """The sample's four sentences in English, and then two in Spanish."""
    graph = "[0:a]aresample=16000,aformat=channel_layouts=mono[a];[a][1:a]concat=n=2:v=0:a=1"
    return make_audio("both.flac", "-i", str(sample), "-i", str(SPANISH), "-filter_complex", graph)


def test_each_window_in_its_own_language(both, sample, small_model, whisper):
    """Each segment has its language; the transcript's is that of most of it."""
    heard = transcribe(whisper, both, CancelToken(), model=str(small_model), multilingual=True)
    english = sample.with_suffix(".txt").read_text(encoding="utf-8").splitlines()
    spanish = ["bienvenidos uno dos tres", "cuatro cinco seis"]
    assert [*[("en", text) for text in english], *[("es", text) for text in spanish]] == [
        (segment.language, segment.text) for segment in heard.segments
    ]
    assert ("en", None, True) == (heard.language, heard.origin.settings.language, heard.language_probability > 0.5)


def test_one_language_for_all_otherwise(both, small_model, whisper):
    """Without being told so, the program hears one language."""
    heard = transcribe(whisper, both, CancelToken(), model=str(small_model))
    assert {"en"} == {segment.language for segment in heard.segments}


@pytest.mark.parametrize("more", [["--language", "de"], ["--fast"]], ids=["language", "fast"])
def test_what_does_not_go_together(tmp_path, capsys, more):
    """A language, or hearing several windows together, contradicts it."""
    (tmp_path / "a.mp4").touch()
    status = run_command(["transcribe", str(tmp_path / "a.mp4"), "--multilingual", *more], Config())
    assert (EXIT_WRONG_USAGE, True) == (
        status,
        "--multilingual detects the language of each half minute: leave out --language, --fast and --align."
        in capsys.readouterr().err,
    )
