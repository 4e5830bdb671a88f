"""Transcripts alone, on the command line: real speech and the shipped model."""

from __future__ import annotations

import errno
import json
import shutil
import subprocess
from fnmatch import fnmatch
from pathlib import Path

import imageio_ffmpeg
import pytest
from source_server import Video, running_source_server

from cli.main import EXIT_DONE, EXIT_FAILED, EXIT_WRONG_USAGE, run_command
from config import Config
from pipeline import runner, transcript_job
from pipeline.engines.engine import TranscriptionProgress
from pipeline.errors import OutputError, SpeechError
from pipeline.phases.speech_run import SpeechRun


@pytest.fixture(scope="module")
def talk(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first words of the sample as an audio file."""
    target = tmp_path_factory.mktemp("talk") / "talk.mp3"
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", str(sample), "-vn", "-t", "4", str(target)]
    subprocess.run(command, check=True)
    return target


@pytest.fixture
def transcribe(small_model: Path):
    """Return a function that runs the command with the small model."""

    def run(*arguments: object) -> int:
        return run_command(["transcribe", "--model", str(small_model), *map(str, arguments)], Config())

    return run


def _names(folder: Path) -> list[str]:
    """Return what is in a folder but for the notes of what was made."""
    paths = (path for path in folder.rglob("*") if not fnmatch(path.name, ".*.transcript.json"))
    return sorted(path.relative_to(folder).as_posix() for path in paths)


def _never(*arguments: object) -> None:
    raise AssertionError("heard again")


def test_beside_the_file(transcribe, talk, tmp_path, capsys):
    """Every form is made beside the file, whatever it is called, nothing else is left, and nothing is replaced."""
    source = shutil.copyfile(talk, tmp_path / "it's „ein“ Vor trag.mp3")
    assert EXIT_DONE == transcribe(source)
    names = [f"it's „ein“ Vor trag.{suffix}" for suffix in ("json", "mp3", "srt", "txt", "vtt")]
    assert names == _names(tmp_path)
    assert "welcome lesson one\n" == (tmp_path / names[3]).read_text(encoding="utf-8")
    assert "-->" in (tmp_path / names[2]).read_text(encoding="utf-8")
    out = capsys.readouterr().out
    assert [True, True] == ["100%" in out, f"{source}: done. The files are in {tmp_path}" in out]
    (tmp_path / ".it's „ein“ Vor trag.transcript.json").unlink()
    (tmp_path / names[2]).write_text("mine", encoding="utf-8")
    assert EXIT_WRONG_USAGE == transcribe(source, "--format", "srt")
    assert (
        f"{tmp_path / names[2]} is there already: choose another output folder (-o), or replace it (--overwrite)."
        in capsys.readouterr().err
    )
    assert "mine" == (tmp_path / names[2]).read_text(encoding="utf-8")
    assert EXIT_DONE == transcribe(source, "--format", "srt", "--overwrite")
    assert "-->" in (tmp_path / names[2]).read_text(encoding="utf-8")


def test_a_run_that_failed_goes_on(transcribe, sample, tmp_path, capsys, monkeypatch):
    """What was heard before Whisper's process died is not heard again, and nothing of it is left in the end."""
    listen = SpeechRun._listen
    fractions: list[float] = []

    def heard(hearing: SpeechRun, event: object) -> None:
        if isinstance(event, TranscriptionProgress):
            fractions.append(event.fraction)
            if len(fractions) == 2:
                raise SpeechError("Whisper stopped before its end.")
        listen(hearing, event)

    monkeypatch.setattr(SpeechRun, "_listen", heard)
    assert EXIT_FAILED == transcribe(sample, "-o", tmp_path, "--format", "txt")
    assert EXIT_DONE == transcribe(sample, "-o", tmp_path, "--format", "txt")
    assert (True, sorted(fractions)) == (fractions[2] > fractions[1], fractions)
    assert [f"{sample.stem}.txt"] == _names(tmp_path)


def test_a_full_disk_is_waited_for(transcribe, talk, tmp_path, monkeypatch):
    """What was put into its place before the disk was full is not in the way of the rest."""
    written: list[str] = []
    write = transcript_job.write_whole

    def full_once(path: Path, content: bytes) -> None:
        written.append(path.name)
        if len(written) == 2:
            raise OutputError("The disk is full.") from OSError(errno.ENOSPC, "No space left on device")
        write(path, content)

    monkeypatch.setattr(transcript_job, "write_whole", full_once)
    monkeypatch.setattr(runner, "wait_for_room", lambda parent, cancel: None)
    assert EXIT_DONE == transcribe(talk, "-o", tmp_path, "--format", "srt,txt")
    assert ["talk.srt", "talk.txt", "talk.srt", "talk.txt"] == written
    assert ["talk.srt", "talk.txt"] == _names(tmp_path)


def test_a_kill_between_two_files(transcribe, talk, tmp_path, monkeypatch):
    """The next run makes what is missing, and knows the file that is there as its own."""
    write = transcript_job.write_whole

    def killed(path: Path, content: bytes) -> None:
        if path.suffix == ".txt":
            raise OutputError("The run ends here.")
        write(path, content)

    with monkeypatch.context() as patched:
        patched.setattr(transcript_job, "write_whole", killed)
        assert EXIT_FAILED == transcribe(talk, "-o", tmp_path, "--format", "srt,txt")
    assert EXIT_DONE == transcribe(talk, "-o", tmp_path, "--format", "srt,txt")
    assert ["talk.srt", "talk.txt"] == _names(tmp_path)


def test_a_folder_into_another(transcribe, talk, tmp_path, capsys):
    """Files keep their folders; one that is broken does not stop the others, and each ends with a line for programs."""
    for name in ("course/week 1/a.mp3", "course/week 2/a.mp3"):
        (tmp_path / name).parent.mkdir(parents=True)
        shutil.copyfile(talk, tmp_path / name)
    (tmp_path / "course/week 2/broken.mp4").write_bytes(b"no video")
    out = tmp_path / "out"
    assert EXIT_FAILED == transcribe(tmp_path / "course", "-o", out, "--format", "vtt", "--json")
    assert ["week-1", "week-1/a.vtt", "week-2", "week-2/a.vtt"] == _names(out)
    printed = capsys.readouterr()
    ends = [line for line in map(json.loads, printed.out.splitlines()) if line["event"] == "job_finished"]
    assert ["done", "done", "failed"] == sorted(line["outcome"] for line in ends)
    assert [str(out / "week-1"), str(out / "week-2"), str(out / "week-2")] == sorted(line["folder"] for line in ends)
    assert "broken.mp4" in printed.err


@pytest.fixture
def made(transcribe, talk, tmp_path, capsys) -> Path:
    """A recording that was transcribed."""
    source = shutil.copyfile(talk, tmp_path / "Vor trag.mp3")
    assert EXIT_DONE == transcribe(source)
    capsys.readouterr()
    return source


def _contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_again(transcribe, made, capsys, monkeypatch):
    """What is there of the same source with the same settings stays as it is, and nothing is heard."""
    monkeypatch.setattr(SpeechRun, "transcript", _never)
    before = _contents(made.parent)
    assert EXIT_DONE == transcribe(made)
    assert before == _contents(made.parent)
    names = "Vor trag.srt, Vor trag.vtt, Vor trag.txt, Vor trag.json"
    assert f"Transcript: {names} are up to date.\n" in capsys.readouterr().out
    moved = made.parent.rename(made.parent.with_name("elsewhere"))
    assert EXIT_DONE == transcribe(moved / made.name, "--format", "srt")
    assert "Vor trag.srt is up to date." in capsys.readouterr().out


@pytest.mark.parametrize("emptied", [False, True], ids=["gone", "emptied"])
def test_a_file_that_is_missing_is_made_without_listening(transcribe, made, monkeypatch, emptied):
    """The words are in the JSON."""
    monkeypatch.setattr(SpeechRun, "transcript", _never)
    before = _contents(made.parent)
    for suffix in (".srt", ".txt"):
        made.with_suffix(suffix).unlink()
        if emptied:
            made.with_suffix(suffix).touch()
    assert EXIT_DONE == transcribe(made)
    assert before == _contents(made.parent)


def test_other_rules_need_no_listening(transcribe, made, monkeypatch):
    """Only the captions are made anew."""
    monkeypatch.setattr(SpeechRun, "transcript", _never)
    before = _contents(made.parent)
    assert EXIT_DONE == transcribe(made, "--captions-profile", "bbc:children")
    after = _contents(made.parent)
    assert before["Vor trag.txt"] == after["Vor trag.txt"]
    assert [False, True] == [b"bbc:children" in files[".Vor trag.transcript.json"] for files in (before, after)]
    assert EXIT_DONE == transcribe(made, "--captions-profile", "bbc:children")
    assert after == _contents(made.parent)


def test_other_settings_are_heard_anew(transcribe, made, monkeypatch):
    """What depends on them is replaced, as nobody has corrected it."""
    assert EXIT_DONE == transcribe(made, "--language", "en")
    settings = json.loads(made.with_suffix(".json").read_text(encoding="utf-8"))["origin"]["settings"]
    assert "en" == settings["language"]
    monkeypatch.setattr(SpeechRun, "transcript", _never)
    assert EXIT_DONE == transcribe(made, "--language", "en")


def test_a_correction_stays(transcribe, made, capsys):
    """It is said, and replaced only when asked."""
    srt = made.with_suffix(".srt")
    srt.write_text(srt.read_text(encoding="utf-8").replace("lesson", "course"), encoding="utf-8")
    before = _contents(made.parent)
    assert EXIT_DONE == transcribe(made)
    assert "are up to date. Corrected by hand, and left as it is: Vor trag.srt." in capsys.readouterr().out
    assert EXIT_WRONG_USAGE == transcribe(made, "--language", "en", "--captions-profile", "bbc")
    assert (
        f"{srt} was corrected by hand, and other settings are asked for now (language, caption rules): "
        "keep it elsewhere, or replace it (--overwrite)."
    ) in capsys.readouterr().err
    assert before == _contents(made.parent)
    assert EXIT_DONE == transcribe(made, "--language", "en", "--overwrite")
    assert "course" not in srt.read_text(encoding="utf-8")


def test_another_recording_of_the_name(transcribe, made, sample, capsys):
    """Is a question, and nothing is replaced unasked."""
    shutil.copyfile(sample, made)
    before = _contents(made.parent)
    assert EXIT_WRONG_USAGE == transcribe(made)
    said = "was made of another content of Vor trag.mp3: choose another output folder (-o), or replace it (--overwrite)"
    assert f"{made.with_suffix('.srt')} {said}." in capsys.readouterr().err
    assert before == _contents(made.parent)


@pytest.mark.parametrize("content", ["{", "[]", '{"schema": 2}', '{"schema": 1, "source": {}}'])
def test_a_note_that_says_nothing(transcribe, made, content, capsys):
    """Is as if there were none: nothing is replaced unasked."""
    (made.parent / ".Vor trag.transcript.json").write_text(content, encoding="utf-8")
    assert EXIT_WRONG_USAGE == transcribe(made)
    assert "is there already" in capsys.readouterr().err


def test_a_script(transcribe, talk, tmp_path, capsys):
    """Its words, written as the script writes them, get the times of what was heard."""
    script = tmp_path / "script.txt"
    script.write_text("Welcome:\n\nlesson ONE!\n", encoding="utf-16")
    assert EXIT_DONE == transcribe(talk, "-o", tmp_path / "out", "--format", "txt,srt", "--align", script)
    assert "Welcome:\nlesson ONE!\n" == (tmp_path / "out/talk.txt").read_text(encoding="utf-8")
    assert "Welcome:" in (tmp_path / "out/talk.srt").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "can't be read (No such file or directory): check the file."),
        (" \n", "has no words in it."),
        ("1\n00:00:01,000 --> 00:00:02,000\nwelcome\n", "has times already: take it with --captions"),
        ("quite another text", "The script does not match the speech: 0 of its 3 words were recognized."),
    ],
    ids=["missing", "empty", "captions", "another"],
)
def test_a_script_that_wont_do(transcribe, talk, tmp_path, capsys, content, said):
    """Is refused in a sentence, and nothing is made; what was heard is kept for the corrected script."""
    script = tmp_path / "script.txt"
    if content is not None:
        script.write_text(content, encoding="utf-8")
    assert EXIT_DONE != transcribe(talk, "-o", tmp_path / "out", "--align", script)
    assert said in capsys.readouterr().err
    visible = [name for name in _names(tmp_path) if not name.startswith("out/.")]
    assert [] == [name for name in visible if name not in ("out", "script.txt")]
    assert (content == "quite another text") == (tmp_path / "out/.talk.transcript.partial/.heard.jsonl").exists()


def test_a_failure_leaves_no_empty_folder(transcribe, talk, tmp_path, capsys):
    """Neither the one that was named nor those above it, where they were not there before."""
    before = _names(tmp_path)
    broken = tmp_path / "model"
    broken.mkdir()
    (broken / "model.bin").write_bytes(b"nothing")
    assert EXIT_FAILED == transcribe(talk, "-o", tmp_path / "new" / "out", "--model", broken)
    assert ([*before, "model", "model/model.bin"], True) == (_names(tmp_path), bool(capsys.readouterr().err))


def test_no_audio(transcribe, tmp_path, capsys):
    """A video without audio has nothing to transcribe."""
    silent = tmp_path / "silent.mp4"
    inputs = ["-f", "lavfi", "-i", "testsrc=size=160x90:duration=1"]
    subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", *inputs, str(silent)], check=True)
    assert EXIT_FAILED == transcribe(silent)
    assert f"{silent} has no audio that can be transcribed" in capsys.readouterr().err
    assert ["silent.mp4"] == _names(tmp_path)


@pytest.mark.parametrize("typed", ["docx", "", "srt,docx"])
def test_an_unknown_format(transcribe, talk, typed, capsys):
    """Is wrong usage."""
    assert EXIT_WRONG_USAGE == transcribe(talk, "--format", typed)
    assert f"--format takes a list of srt,vtt,txt,json, not '{typed}'." in capsys.readouterr().err


def test_two_sources_of_one_name(transcribe, talk, tmp_path, capsys):
    """Never share a file."""
    for name in ("a.mp3", "a.m4a"):
        shutil.copyfile(talk, tmp_path / name)
    assert EXIT_WRONG_USAGE == transcribe(tmp_path)
    assert f"{tmp_path / 'a.srt'} would be made of both {tmp_path / 'a.m4a'} and {tmp_path / 'a.mp3'}" in (
        capsys.readouterr().err
    )


def test_an_address(small_model, talk, tmp_path, capsys):
    """It is fetched when it is heard, its query told nowhere, and nothing of it is fetched again when all is there."""
    config = Config(cache_dir=tmp_path / "cache")
    with running_source_server() as server:
        server.videos["/week 1/talk.mp3"] = Video(talk.read_bytes(), kind="audio/mpeg")
        address = f"{server.url}/week%201/talk.mp3"
        options = ("--model", str(small_model), "--format", "txt", "-o", str(tmp_path / "out"))
        command = ["transcribe", f"{address}?token=secret", *options]
        assert EXIT_DONE == run_command(command, config)
        assert "welcome lesson one\n" == (tmp_path / "out" / "talk.txt").read_text(encoding="utf-8")
        said = capsys.readouterr()
        assert (True, False) == (f"{address}: done." in said.out, "secret" in said.out + said.err)
        assert [] == list((tmp_path / "cache").rglob("*.mp3"))
        assert EXIT_DONE == run_command([*command, "--json"], config)
        ended = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (address, ["reused"] * 2) == (ended["source"], [phase["outcome"] for phase in ended["phases"]])


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        (("https://example.com/talk.mp3",), "https://example.com/talk.mp3 is no file of a folder here: say where"),
        (("root:talks/a.mp3", "-o", "out"), "lies below the root talks, which this machine has no folder for"),
        (("s3:bucket/a.mp3", "-o", "out"), "s3:bucket/a.mp3 needs two slashes after the colon, as in s3://."),
    ],
    ids=["beside", "root", "slashes"],
)
def test_an_address_that_wont_do(typed, sentence, tmp_path, capsys, monkeypatch):
    """Is refused in a sentence."""
    monkeypatch.chdir(tmp_path)
    try:
        status = run_command(["transcribe", *typed], Config())
    except SystemExit as stopped:  # an option's value that can't be read
        status = stopped.code
    assert (EXIT_WRONG_USAGE, True) == (status, sentence in capsys.readouterr().err)


def test_a_model_that_is_not_there(transcribe, talk, tmp_path, capsys):
    """Is said before anything is heard, and leaves nothing."""
    source = shutil.copyfile(talk, tmp_path / "a.mp3")
    assert EXIT_FAILED == transcribe(source, "--model", tmp_path / "none")
    assert "The model folder" in capsys.readouterr().err
    assert ["a.mp3"] == _names(tmp_path)
