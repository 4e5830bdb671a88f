"""Captions that an editor has corrected in a finished folder are taken over into the stream and every other form."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pysubs2
import pytest
from converting import Converted, convert
from source_clips import AAC, H264, run

from config import Config
from pipeline import wiring
from pipeline.cancel import CancelToken
from pipeline.errors import PipelineError
from pipeline.job import EncodingRequest, TranscriptionRequest, UploadJob, UploadRequest
from pipeline.media.validate import validate
from pipeline.model import JobReport, Outcome
from pipeline.phases.speech_run import SpeechRun
from pipeline.replaced_captions import replace_captions

SRT, TXT, JSON, VTT = "transcript.srt", "transcript.txt", "transcript.json", "subtitles.vtt"


@pytest.fixture(scope="module")
def speech(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first sentences of the sample, small."""
    return run(
        tmp_path_factory.mktemp("clips"), "speech.mp4", "-i", str(sample), "-t", "7", "-s", "160x90", *H264, *AAC
    )


@pytest.fixture(scope="module")
def asked(small_model: Path) -> TranscriptionRequest:
    """What is asked of Whisper."""
    return TranscriptionRequest(model=str(small_model))


@pytest.fixture(scope="module")
def talk(speech: Path, asked: TranscriptionRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a transcript, made once."""
    return convert(speech, tmp_path_factory.mktemp("talk"), transcription=asked).folder


@pytest.fixture
def folder(talk: Path, tmp_path: Path) -> Path:
    """A copy of it where the job looks."""
    return shutil.copytree(talk, tmp_path / "out" / "clip")


def _change(folder: Path, name: str, old: str, new: str, encoding: str = "utf-8") -> None:
    text = (folder / name).read_text(encoding="utf-8")
    assert old in text
    (folder / name).write_bytes(text.replace(old, new).encode(encoding))


def _text(folder: Path, name: str) -> str:
    return (folder / name).read_text(encoding="utf-8")


def _track(folder: Path) -> str:
    return "".join(path.read_text(encoding="utf-8") for path in sorted(folder.glob("subtitles/en/*.vtt")))


def _encodes(made: Converted) -> int:
    return sum("ffmpeg" in text and " -i " in text for text in made.log)


@pytest.mark.parametrize("name", [SRT, VTT])
def test_taken_over(speech, asked, folder, name):
    """A word of the same length too, without an encode; words that stayed keep their times; then nothing is to do."""
    before = json.loads(_text(folder, JSON))
    _change(folder, name, "lesson", "course")
    kept = (folder / name).read_bytes()
    made = convert(speech, folder.parent, transcription=asked)
    assert ((Outcome.DONE, "", ()), 0) == (made.whole, _encodes(made))
    assert f"{name} was corrected by hand: the stream and the other forms say the same now." in made.log
    assert "2 captions, English, corrected by hand" in made.log
    assert [True] * 5 == [
        "course" in text for text in (_track(folder), *(_text(folder, n) for n in (SRT, TXT, JSON, VTT)))
    ]
    assert kept == (folder / name).read_bytes()
    after = json.loads(_text(folder, JSON))
    assert [True, False] == [segment["edited"] for segment in after["segments"]]
    old, new = before["segments"][0]["words"], after["segments"][0]["words"]
    assert [(w["start"], w["end"]) for w in old] == [(w["start"], w["end"]) for w in new]
    assert before["segments"][1] == after["segments"][1]
    files = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    again = convert(speech, folder.parent, transcription=asked)
    assert ("", files) == (again.report.error, {path: path.read_bytes() for path in files})


@pytest.mark.parametrize("emptied", [False, True], ids=["gone", "emptied"])
@pytest.mark.parametrize("lost", [(SRT,), (TXT, VTT), (JSON,), (JSON, SRT)], ids=" ".join)
def test_forms_that_were_lost_are_made_from_those_that_are_left(speech, asked, folder, lost, emptied, monkeypatch):
    """Nothing is heard again, which would undo the correction."""
    _change(folder, SRT, "lesson", "course")
    convert(speech, folder.parent, transcription=asked)
    track = _track(folder)
    for name in lost:
        (folder / name).unlink()
        if emptied:
            (folder / name).touch()
    monkeypatch.setattr(SpeechRun, "transcript", _never)
    made = convert(speech, folder.parent, transcription=asked)
    assert (Outcome.DONE, "", ()) == made.whole
    assert [True] * 4 == ["course" in _text(folder, name) for name in (SRT, TXT, JSON, VTT)]
    assert track == _track(folder)
    names = [name for name in (SRT, TXT, JSON, VTT) if name in lost]
    said = (
        f"{' and '.join(names)} {'were' if names[1:] else 'was'} missing: made again from the rest of the transcript."
    )
    assert said in made.log


def test_a_transcript_of_which_nothing_but_heard_forms_are_left_is_heard_again(speech, asked, folder):
    """Without transcript.json and without a correction, the times of words are worth more."""
    (folder / JSON).unlink()
    assert (Outcome.DONE, "", ()) == convert(speech, folder.parent, transcription=asked).whole
    assert json.loads(_text(folder, JSON))["segments"][0]["words"] != []


def _never(*arguments: object) -> None:
    raise AssertionError("heard again")


def test_a_correction_of_a_correction(speech, asked, folder):
    """The last one counts; another transcript is still not made unasked."""
    _change(folder, SRT, "lesson", "first")
    convert(speech, folder.parent, transcription=asked)
    _change(folder, VTT, "first", "second")
    made = convert(speech, folder.parent, transcription=asked)
    assert ((Outcome.DONE, "", ()), True) == (made.whole, "second" in _text(folder, SRT))
    report = convert(speech, folder.parent, transcription=TranscriptionRequest(model=asked.model, language="en")).report
    assert f"{folder / VTT} was corrected by hand, and another transcript is asked for now" in report.error


def test_saved_by_an_old_editor(speech, asked, folder):
    """A file in another encoding is published in UTF-8."""
    _change(folder, SRT, "lesson", "Lektüre für", encoding="cp1252")
    assert (Outcome.DONE, "", ()) == convert(speech, folder.parent, transcription=asked).whole
    assert [True] * 2 == ["Lektüre für" in text for text in (_text(folder, SRT), _track(folder))]


def test_saved_with_times_that_players_do_not_know(speech, asked, folder):
    """The correction is taken over, and its file is published as players ask for it."""
    _change(folder, SRT, "lesson", "course")
    text = _text(folder, SRT).replace(",", ".", 2)
    times = next(line for line in text.splitlines() if "-->" in line)
    (folder / SRT).write_text(text.replace(times, f"{times[:12]} --> {times[:12]}"), encoding="utf-8")
    made = convert(speech, folder.parent, transcription=asked)
    assert (Outcome.DONE, "", ()) == made.whole
    said = f"{SRT}: 1 caption ends when or before it begins (line 2): it is shown until it can be read."
    assert [True] == [said in text for text in made.log if "corrected by hand: " in text]
    first = pysubs2.load(str(folder / SRT))[0]
    assert (True, True) == (first.end > first.start, "." not in _text(folder, SRT).splitlines()[1])


def test_both_corrected_alike(speech, asked, folder):
    """Is one correction."""
    for name in (SRT, VTT, TXT):
        _change(folder, name, "lesson", "course")
    made = convert(speech, folder.parent, transcription=asked)
    assert ((Outcome.DONE, "", ()), True) == (made.whole, "course" in _track(folder))


@pytest.mark.parametrize("other", [VTT, TXT, JSON])
def test_both_corrected_differently(speech, asked, folder, other):
    """Nothing is changed until somebody has said which is right; with one of them moved away the other counts."""
    _change(folder, SRT, "lesson", "course")
    _change(folder, other, "lesson", "class")
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    report = convert(speech, folder.parent, transcription=asked).report
    assert (
        True,
        f"{SRT} and {other} in {folder} were both corrected by hand, and they differ: "
        "keep the one that is right and move the other out of the folder, or start fresh (--fresh).",
        before,
    ) == (report.wrong_settings, report.error, {path: path.read_bytes() for path in before})
    (folder / other).unlink()
    made = convert(speech, folder.parent, transcription=asked)
    assert (Outcome.DONE, "", ()) == made.whole
    assert [True] * 3 == ["course" in text for text in (_track(folder), _text(folder, TXT), _text(folder, other))]


@pytest.mark.parametrize(
    "content", ["WEBVTT\n\ncorrected\n", "1\n00:00:01,000 --> 00:00:0x\nword\n"], ids=["no times", "broken times"]
)
def test_a_correction_that_cant_be_read(speech, asked, folder, content):
    """Is said in a sentence with the file, and left as it is."""
    (folder / VTT).write_text(content, encoding="utf-8")
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    report = convert(speech, folder.parent, transcription=asked).report
    assert f"A correction can't be taken over. The captions {folder / VTT} can't be read: " in report.error
    assert "mend the file, or start fresh (--fresh) to replace all." in report.error
    assert before == {path: path.read_bytes() for path in before}


def test_with_another_encode(speech, asked, folder):
    """A correction is taken over where the video is made again, too."""
    _change(folder, SRT, "lesson", "course")
    made = convert(speech, folder.parent, transcription=asked, encoding=EncodingRequest(preset="superfast"))
    assert ((Outcome.DONE, "", ()), True) == (made.whole, "course" in _track(folder))


def test_a_folder_of_the_version_before(speech, asked, folder):
    """Which knew a correction by its size alone."""
    stored = json.loads(_text(folder, "job.json")) | {"schema": 4}
    del stored["done"]["package"]["digests"]
    (folder / "job.json").write_text(json.dumps(stored))
    _change(folder, SRT, "lesson", "courses")
    made = convert(speech, folder.parent, transcription=asked)
    assert ((Outcome.DONE, "", ()), True) == (made.whole, "courses" in _track(folder))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_a_word_in_the_text(speech, asked, folder, encoding):
    """Is taken over; words that stayed keep their times, captions whose words did theirs."""
    before = json.loads(_text(folder, JSON))
    _change(folder, TXT, "lesson", "Übung für", encoding=encoding)
    kept = (folder / TXT).read_bytes()
    made = convert(speech, folder.parent, transcription=asked)
    assert ((Outcome.DONE, "", ()), 0) == (made.whole, _encodes(made))
    assert f"{TXT} was corrected by hand: the stream and the other forms say the same now." in made.log
    assert [True] * 5 == [
        "Übung für" in text for text in (_track(folder), *(_text(folder, n) for n in (SRT, TXT, JSON, VTT)))
    ]
    assert encoding.startswith("utf-8") == (kept == (folder / TXT).read_bytes())
    after = json.loads(_text(folder, JSON))
    assert [True, False] == [segment["edited"] for segment in after["segments"]]
    old, new = before["segments"][0]["words"], after["segments"][0]["words"]
    assert [(old[0]["start"], old[0]["end"]), old[-1]["end"]] == [(new[0]["start"], new[0]["end"]), new[-1]["end"]]
    assert (before["segments"][1], before["cues"][1:]) == (after["segments"][1], after["cues"][1:])
    files = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    again = convert(speech, folder.parent, transcription=asked)
    assert ("", files) == (again.report.error, {path: path.read_bytes() for path in files})


def _in_words(data: dict[str, Any]) -> None:
    word = next(word for word in data["segments"][0]["words"] if word["word"] == " lesson")
    word |= {"word": " course", "start": word["start"] + 0.01}


def _in_segments(data: dict[str, Any]) -> None:
    data["segments"][0]["text"] = data["segments"][0]["text"].replace("lesson", "course")


def _in_captions(data: dict[str, Any]) -> None:
    data["cues"][0]["text"] = data["cues"][0]["text"].replace("lesson", "course")


def _in_text(data: dict[str, Any]) -> None:
    data["text"] = data["text"].replace("lesson", "course")


JSON_PLACES = {"words": _in_words, "segments": _in_segments, "captions": _in_captions, "text": _in_text}


def _change_json(folder: Path, *changes: Callable[[dict[str, Any]], None]) -> None:
    data = json.loads(_text(folder, JSON))
    for change in changes:
        change(data)
    (folder / JSON).write_text(json.dumps(data), encoding="utf-8")


@pytest.mark.parametrize("place", [*JSON_PLACES, "all"])
def test_a_word_in_the_json(speech, asked, folder, place):
    """Is taken over wherever it was corrected, with the times that it has there; every form says it then."""
    before = json.loads(_text(folder, JSON))
    _change_json(folder, *(JSON_PLACES.values() if place == "all" else [JSON_PLACES[place]]))
    made = convert(speech, folder.parent, transcription=asked)
    assert ((Outcome.DONE, "", ()), 0) == (made.whole, _encodes(made))
    assert f"{JSON} was corrected by hand: the stream and the other forms say the same now." in made.log
    assert [True] * 4 == ["course" in text for text in (_track(folder), *(_text(folder, n) for n in (SRT, TXT, VTT)))]
    after = json.loads(_text(folder, JSON))
    words = ["".join(word["word"] for word in after["segments"][0]["words"]).strip()]
    words += [after["segments"][0]["text"], " ".join(after["cues"][0]["text"].split())]
    assert [True] * 4 == ["course" in text and "lesson" not in text for text in (*words, after["text"])]
    assert [True, False] == [segment["edited"] for segment in after["segments"]]
    later_s = 0.01 if place in ("words", "all") else 0.0
    starts = [[word["start"] for word in data["segments"][0]["words"]] for data in (before, after)]
    assert round(sum(starts[0]) + later_s, 3) == round(sum(starts[1]), 3)
    assert [(c["start"], c["end"]) for c in before["cues"]] == [(c["start"], c["end"]) for c in after["cues"]]


def test_times_of_a_caption_in_the_json(speech, asked, folder):
    """Are taken over as well."""

    def later(data: dict[str, Any]) -> None:
        data["cues"][0]["start"] = 1.0

    _change_json(folder, later)
    assert (Outcome.DONE, "", ()) == convert(speech, folder.parent, transcription=asked).whole
    assert [True] * 2 == ["00:00:01,000 -->" in _text(folder, SRT), "00:00:01.000 -->" in _track(folder)]


def test_other_lines_are_no_correction(speech, asked, folder):
    """A text of the same words says the same, and stays as it is."""
    (folder / TXT).write_text("\n\n".join(_text(folder, TXT).split()), encoding="utf-8")
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    made = convert(speech, folder.parent, transcription=asked)
    assert ("", before) == (made.report.error, {path: path.read_bytes() for path in before})


def _broken(folder: Path) -> None:
    (folder / JSON).write_text("{", encoding="utf-8")


def _differing_json(folder: Path) -> None:
    _change_json(folder, _in_words, lambda data: data.update(text="quite another text"))


def _other_in_text(folder: Path) -> None:
    _change_json(folder, _in_words)
    _change(folder, TXT, "lesson", "class")


WRONG = {
    "no JSON": (_broken, f"{JSON} can't be read ({JSON} is not JSON): mend the file"),
    "two places": (_differing_json, "was corrected in its words and in its text, and they differ: mend the file"),
    "two files": (_other_in_text, f"{JSON} and {TXT} in "),
}


@pytest.mark.parametrize(("change", "said"), WRONG.values(), ids=WRONG)
def test_words_that_cant_be_taken_over(speech, asked, folder, change, said):
    """Are said in a sentence, and nothing is changed."""
    change(folder)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    report = convert(speech, folder.parent, transcription=asked).report
    assert (True, True, before) == (
        said in report.error,
        report.wrong_settings,
        {path: path.read_bytes() for path in before},
    )


def test_uploaded(speech, asked, folder, backend, backend_config):
    """What says the same now replaces what was uploaded before."""
    upload = UploadRequest(prefix="tests/corrected/")
    convert(speech, folder.parent, backend_config, transcription=asked, upload=upload)
    _change(folder, VTT, "lesson", "course")
    made = convert(speech, folder.parent, backend_config, transcription=asked, upload=upload)
    assert (Outcome.DONE, "", ()) == made.whole
    stored = backend.settings.root / "tests/corrected"
    assert [True] * 3 == ["course" in _text(stored, name) for name in (SRT, VTT, JSON)]
    assert "course" in _track(stored)


def _upload(folder: Path, config: Config) -> JobReport:
    job = UploadJob(folder=folder, upload=UploadRequest(prefix="tests/folder/"))
    return wiring.run_job(wiring.make_upload_plan(job, config), config, lambda event: None, CancelToken())


@pytest.mark.parametrize("name", [SRT, VTT, TXT, JSON])
def test_an_upload_of_the_folder_takes_corrections_over(folder, backend, backend_config, name, speech, asked):
    """All forms and the stream's track say it on the server, and the next conversion finds nothing to do."""
    assert Outcome.DONE is _upload(folder, backend_config).outcome
    _change(folder, name, "lesson", "course")
    master, playlist = _text(folder, "master.m3u8"), _text(folder, "subtitles/en/index.m3u8")
    assert (Outcome.DONE, "") == ((report := _upload(folder, backend_config)).outcome, report.error)
    stored = backend.settings.root / "tests/folder"
    for place in (folder, stored):
        texts = [_track(place), *(_text(place, form) for form in (SRT, TXT, JSON, VTT))]
        assert [(True, False)] * 5 == [("course" in text, "lesson" in text) for text in texts]
        assert (master, playlist) == (_text(place, "master.m3u8"), _text(place, "subtitles/en/index.m3u8"))
    assert () == validate(folder).findings
    made = convert(speech, folder.parent, transcription=asked)
    assert ((Outcome.DONE, "", ()), False) == (made.whole, any("corrected by hand: " in text for text in made.log))


def test_an_upload_after_one_that_was_stopped_takes_the_rest_over(folder, backend, backend_config):
    """As if nothing had been written yet: the segments are written first, and job.json last."""
    note, track = _text(folder, "job.json"), sorted(folder.glob("subtitles/en/*.vtt"))
    before = [path.read_bytes() for path in track]
    _change(folder, SRT, "lesson", "course")
    assert Outcome.DONE is _upload(folder, backend_config).outcome
    whole = {path: path.read_bytes() for path in (*track, folder / JSON, folder / VTT)}
    (folder / "job.json").write_text(note, encoding="utf-8")
    track[-1].write_bytes(before[-1])
    assert Outcome.DONE is _upload(folder, backend_config).outcome
    assert whole == {path: path.read_bytes() for path in whole}


def test_an_upload_of_two_corrections_that_differ(folder, backend_config):
    """Is refused before anything is sent, and nothing is changed."""
    _change(folder, SRT, "lesson", "course")
    _change(folder, VTT, "lesson", "class")
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    report = _upload(folder, backend_config)
    assert (True, f"{SRT} and {VTT} in {folder} were both corrected by hand, and they differ: ") == (
        report.wrong_settings,
        report.error[: report.error.index("keep")],
    )
    assert before == {path: path.read_bytes() for path in before}


def test_an_upload_whose_subtitles_are_others(folder, backend_config):
    """Says that the stream can't be corrected without a conversion."""
    for path in folder.glob("subtitles/en/*.vtt"):
        path.write_text(path.read_text(encoding="utf-8").replace("welcome", "goodbye"), encoding="utf-8")
    _change(folder, SRT, "lesson", "course")
    assert f"{folder} has corrected captions, and none of its stream's subtitles are those" in (
        _upload(folder, backend_config).error
    )


def test_other_captions_in_the_place_of_those_in_a_folder(folder, tmp_path):
    """The file says what the stream and every other form say then; saying it twice changes nothing."""
    file = tmp_path / "better.srt"
    file.write_bytes("1\n00:00:00,500 --> 00:00:02,000\nGrüße aus dem Kurs\n".encode("cp1252"))
    assert "the stream and the other forms say the same now" in replace_captions(folder, file)
    assert [True] * 5 == [
        "Grüße aus dem Kurs" in " ".join(text.split())
        for text in (_track(folder), *(_text(folder, n) for n in (TXT, JSON, VTT, SRT)))
    ]
    assert () == validate(folder).breaking
    assert f"say what {file.name} says already." in replace_captions(folder, folder / SRT).replace(SRT, file.name)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.txt", "words", "is not a subtitle file"),
        ("a.srt", "no captions at all", "a.srt"),
        ("gone.vtt", None, "gone.vtt"),
    ],
)
def test_what_are_no_captions_changes_nothing(folder, tmp_path, name, content, said):
    """One sentence names the file; the folder is as it was."""
    if content is not None:
        (tmp_path / name).write_text(content, encoding="utf-8")
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    with pytest.raises(PipelineError, match=said):
        replace_captions(folder, tmp_path / name)
    assert before == {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_captions_that_the_stream_does_not_have_are_put_back(folder, tmp_path):
    """Nothing is half replaced where the stream's subtitles are others."""
    shutil.rmtree(folder / "subtitles")
    before = (folder / SRT).read_bytes()
    (tmp_path / "b.srt").write_text("1\n00:00:00,500 --> 00:00:02,000\nOthers\n", encoding="utf-8")
    with pytest.raises(PipelineError, match="convert the video again"):
        replace_captions(folder, tmp_path / "b.srt")
    assert before == (folder / SRT).read_bytes()


def test_a_folder_without_captions_has_none_to_replace(tmp_path):
    """What to do instead is said."""
    (tmp_path / "b.srt").write_text("1\n00:00:00,500 --> 00:00:02,000\nOthers\n", encoding="utf-8")
    with pytest.raises(PipelineError, match="has no captions to replace: convert the video again"):
        replace_captions(tmp_path, tmp_path / "b.srt")
