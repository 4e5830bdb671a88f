"""`convert --list`: a row a video."""

from __future__ import annotations

import io
from types import SimpleNamespace

import pytest

from cli.convert_jobs import asked_from
from cli.main import build_parser
from config import BackendApi, Config
from pipeline.errors import SettingsError

LOGIN = Config(backend=BackendApi(url="http://127.0.0.1:9", token="secret-token-1234567890"))

ONE, TWO = "1" * 24, "2" * 24


@pytest.fixture
def asked(tmp_path, monkeypatch):
    """Return a function that returns what is asked for by a list beside three videos, and other arguments."""
    monkeypatch.chdir(tmp_path)
    for name in ("course/week1/a.mp4", "course/b.mp4", "elsewhere/c.mp4"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"")

    def build(text: str, *arguments: str, name: str = "course/course.csv"):
        (tmp_path / name).write_text(text, encoding="utf-8")
        options = build_parser(LOGIN, "convert").parse_args(["convert", "-o", "out", "--list", name, *arguments])
        return asked_from(options, LOGIN)

    return build


def test_a_row_is_a_video(asked):
    """Its path counts from the list, and its place below the output folder is the path there."""
    found = asked("source,title\nweek1/a.mp4,Lesson 1\nb.mp4,\n", "--preset", "slow")
    assert () == found.problems
    assert [("course/week1/a.mp4", "week1/a", "Lesson 1"), ("course/b.mp4", "b", "")] == [
        (job.source.as_posix(), job.slug, job.title) for job in found.jobs
    ]
    assert ["slow", "slow"] == [job.encoding.preset for job in found.jobs]


def test_a_row_wins_over_the_command_line(asked):
    """What a row leaves empty is as the command line says."""
    found = asked(
        "source,preset,qualities,trim,transcribe,model,mp4,session_id\n"
        f'week1/a.mp4,fast,"720p,480p",0:01-0:05,yes,small,no,{ONE}\n'
        "b.mp4,,,,no,,,\n",
        *("--preset", "slow", "--qualities", "360p", "--upload", "v/", "--session-id", TWO),
    )
    assert () == found.problems
    first, second = found.jobs
    assert ("fast", ("720p", "480p"), 1.0, "small", False, ONE) == (
        first.encoding.preset,
        first.qualities,
        first.trim.start_s,
        first.transcription.model,
        first.make_mp4,
        first.upload.session_id,
    )
    assert ("slow", ("360p",), None, None, True, TWO) == (
        second.encoding.preset,
        second.qualities,
        second.trim,
        second.transcription,
        second.make_mp4,
        second.upload.session_id,
    )


def test_a_row_that_wants_no_transcript_takes_no_options_of_one(asked):
    """Those of the command line are for the others; its own are refused."""
    found = asked(
        "source,transcribe\nweek1/a.mp4,no\nb.mp4,\n",
        *("--transcribe", "--model", "small", "--fast", "--language", "de"),
    )
    assert ((), [None, "small"]) == (
        found.problems,
        [job.transcription and job.transcription.model for job in found.jobs],
    )
    (problem,) = asked("source,transcribe,model\nb.mp4,no,tiny\n", "--transcribe").problems
    assert "--model needs --transcribe" in problem


def test_a_destination_is_the_video_s_own(asked):
    """Without a slash at its end, too; the others lie below that of the command line."""
    found = asked("source,destination\nweek1/a.mp4,talks/one\nb.mp4,\n", "--upload", "videos/c1/")
    assert (["talks/one/", "videos/c1/b/"], (None, "videos/c1/")) == (
        [job.upload.prefix for job in found.jobs],
        found.destinations,
    )
    assert [None, "x/"] == [
        job.upload and job.upload.prefix for job in asked("source,destination\nb.mp4,\nweek1/a.mp4,x/\n").jobs
    ]


def test_a_language_is_for_the_record_and_for_what_is_heard(asked):
    """It is no fault where nothing is heard."""
    found = asked("source,language,transcribe\nweek1/a.mp4,de,yes\nb.mp4,fr,no\n", "--upload", "v/")
    assert () == found.problems
    assert [("de", "de"), ("fr", None)] == [
        (job.upload.language, job.transcription and job.transcription.language) for job in found.jobs
    ]


def test_files_of_a_row_lie_beside_the_list(asked, tmp_path):
    """Several captions are parted by a bar, or are a list in JSON."""
    for text in (
        "source,captions,chapters\nb.mp4,b.de.srt|b.en.srt:fr,b.txt\n",
        '{"source": "b.mp4", "captions": ["b.de.srt", "b.en.srt:fr"], "chapters": "b.txt"}\n',
    ):
        (job,) = asked(text, "--captions", "other.srt").jobs
        captions = [(file.path.as_posix(), file.language) for file in job.captions]
        assert ([("course/b.de.srt", "de"), ("course/b.en.srt", "fr")], "course/b.txt") == (
            captions,
            job.chapters.as_posix(),
        )


def test_every_wrong_row_is_said_at_once(asked):
    """With file and line; what is wrong with all of them is said once."""
    with pytest.raises(SettingsError) as caught:
        asked(
            "source,preset,destination,trim,language,transcribe\n"
            "week1/a.mp4,fastest,,,,\n"
            "gone.mp4,,,,,\n"
            "week1,,,,xx1,maybe\n"
            "b.mp4,,v/1/,9-1,,\n"
            "./b.mp4,,v/1,,,\n",
            *("--model", "base"),
        )
    sentences = caught.value.sentences
    for part in (
        "course.csv, line 2: preset: there is no 'fastest'",
        "course.csv, line 3: gone.mp4 is not there: paths are relative to the list's folder.",
        "course.csv, line 4: week1 is a folder: name a video in each row.",
        "course.csv, line 4: language: xx1 is not a language: use a code such as de.",
        "course.csv, line 4: transcribe: 'maybe' is neither yes nor no.",
        "course.csv, line 5: --trim: ",
        "course.csv, line 6: b.mp4 is in line 5 already: remove one of the rows.",
        "course.csv, line 6: The destination is that of line 5 already.",
    ):
        assert any(text.startswith(part) for text in sentences), part
    assert 1 == sum("--model needs --transcribe." in text for text in sentences)


def test_one_video_of_a_list_has_the_place_that_it_has_in_a_longer_one(asked, tmp_path):
    """Also where the list lies elsewhere."""
    assert ["week1/a"] == [job.slug for job in asked("source\nweek1/a.mp4\n").jobs]
    assert ["c"] == [job.slug for job in asked("source\n../elsewhere/c.mp4\n").jobs]
    assert ["v/c/"] == [job.upload.prefix for job in asked("source\n../elsewhere/c.mp4\n", "--upload", "v").jobs]


def test_a_list_comes_from_standard_input(asked, monkeypatch):
    """Its paths count from the current folder."""
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(b"source\ncourse/b.mp4\n")))
    options = build_parser(LOGIN, "convert").parse_args(["convert", "-o", "out", "--list", "-"])
    assert ["course/b.mp4"] == [job.source.as_posix() for job in asked_from(options, LOGIN).jobs]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        pytest.param(["--list", "gone.csv"], "The list gone.csv can't be read (No such file", id="gone"),
        pytest.param(["--list", "course"], "The list course can't be read (Is a directory)", id="a folder"),
        pytest.param(["--list", "x.csv", "a.mp4"], "--list names the videos: leave out other inputs", id="both"),
        pytest.param([], "Name a video, a folder of videos, or a list with --list FILE.", id="nothing"),
    ],
)
def test_nothing_to_convert_is_said(asked, arguments, sentence):
    """In a sentence."""
    options = build_parser(LOGIN, "convert").parse_args(["convert", "-o", "out", *arguments])
    with pytest.raises(SettingsError) as caught:
        asked_from(options, LOGIN)
    assert str(caught.value).startswith(sentence)
