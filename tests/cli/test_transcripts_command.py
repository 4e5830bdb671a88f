"""`transcripts` on the command line: what is in a dataset, adding finished jobs, exporting, merging."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from datasets import COCO_KIND, TRANSCRIPTS_KIND, left_by_a_crash, opened
from finished_jobs import finished_job, heard
from json_events import events, fields

from cli.main import EXIT_DONE, EXIT_FAILED, EXIT_WRONG_USAGE, run_command
from config import Config
from transcripts.document import open_document

SENTENCES = ("The doc product.", "It is a number.")


@pytest.fixture
def transcripts(capsys):
    """A function that runs `transcripts` and returns its exit status, what it printed, and its errors."""

    def run(*arguments: object) -> tuple[int, str, str]:
        status = run_command(["transcripts", *map(str, arguments)], Config())
        return status, *capsys.readouterr()

    return run


@pytest.fixture
def course(tmp_path, transcripts):
    """A dataset with two videos, "one" and "two"."""
    path = tmp_path / "course 'ü'.json"
    for name in ("one", "two"):
        finished_job(tmp_path / "out" / name, heard(f"This is {name}.", *SENTENCES), content=name)
    assert EXIT_DONE == transcripts("add", path, tmp_path / "out")[0]
    return path


def rows(path: Path, collection: str) -> list[dict]:
    """The rows in a file."""
    return json.loads(path.read_text(encoding="utf-8"))[collection]


def edit(path: Path, **fields_: object) -> None:
    """Edit the first segment of a dataset."""
    with open_document(path) as document:
        document.update("segments", document.rows("segments")[0]["id"], **fields_)


def test_adding_begins_a_dataset(transcripts, tmp_path):
    """A finished job's folder becomes a video with its segments; a dataset that is not there is begun."""
    folder, path = finished_job(tmp_path / "lecture one", heard(*SENTENCES)), tmp_path / "course.json"
    status, out, err = transcripts("add", path, folder)
    (media,) = rows(path, "media")
    assert (EXIT_DONE, f"lecture one: added, 2 segments (id {media['id']}).\n", "") == (status, out, err)
    assert list(SENTENCES) == [row["text"] for row in rows(path, "segments")]


def test_adding_again(transcripts, tmp_path, course):
    """What is the same is said to be; a video that was transcribed anew is replaced; both are events too."""
    finished_job(tmp_path / "out" / "two", heard("All anew."), content="two")
    status, out, _ = transcripts("add", course, tmp_path / "out", "--json")
    one, two = (row["id"] for row in rows(course, "media"))
    assert EXIT_DONE == status
    known = {"event": "dataset_video", "edited": 0}
    assert [
        {**known, "title": "one", "media_id": one, "outcome": "unchanged", "segments": 3},
        {**known, "title": "two", "media_id": two, "outcome": "replaced", "segments": 1},
    ] == [fields(line) for line in events(out)]


def test_edited_segments_stay(transcripts, tmp_path, course):
    """Exit 1 and the option that replaces them; the other videos are added all the same."""
    edit(course, text="This is the first.", edited=True)
    finished_job(tmp_path / "out" / "three", heard("Three."), content="three")
    status, out, err = transcripts("add", course, tmp_path / "out")
    assert EXIT_FAILED == status
    assert "three: added, 1 segment" in out
    assert (
        "hls-converter: one stays as it is, because somebody has edited 1 segment of it: add --replace-edited to "
        "replace it.\n"
    ) == err
    assert "This is the first." == rows(course, "segments")[0]["text"]
    assert EXIT_DONE == transcripts("add", course, tmp_path / "out" / "one", "--replace-edited")[0]
    assert "This is the first." not in [row["text"] for row in rows(course, "segments")]


def test_what_is_in_a_dataset(transcripts, course):
    """Counts, source and what is not saved."""
    status, out, err = transcripts("info", course)
    assert (EXIT_DONE, "") == (status, err)
    assert [
        f"Dataset:    {course}",
        "Kind:       transcripts",
        "Holds:      2 videos, 0 speakers, 6 segments",
        f"Source:     {course} is a file of this computer.",
        "Not saved:  nothing",
    ] == out.splitlines()


def test_info_as_json(transcripts, tmp_path):
    """One event, also for images; what is wrong in the file is told."""
    content = {**COCO_KIND.content, "annotations": [{"id": 1, "image_id": 99}]}
    path = tmp_path / "cards.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    _, out, _ = transcripts("info", path, "--json")
    (event,) = [fields(line) for line in events(out)]
    assert ("COCO", False, "local", 0) == tuple(event[name] for name in ("kind", "on_s3", "freshness", "unsaved"))
    assert {"images": 2, "annotations": 1, "categories": 2} == event["counts"]
    assert 1 == len(event["problems"])


def test_changes_that_a_killed_session_left(transcripts, tmp_path, course):
    """`info` tells them, and what would change the dataset wants to know what becomes of them."""
    with opened(course) as document:
        document.update("segments", document.rows("segments")[0]["id"], text="Not saved.")
        left = left_by_a_crash(course, tmp_path / "left")
    assert "Left over:  1 segment updated, by a session that ended unexpectedly" in transcripts("info", left)[1]
    folder = tmp_path / "out" / "one"
    status, _, err = transcripts("add", left, folder)
    assert EXIT_WRONG_USAGE == status
    assert "(1 segment updated): add --recovered keep or --recovered discard." in err
    assert "This is one." == rows(left, "segments")[0]["text"]
    assert EXIT_DONE == transcripts("merge", left, course, "--recovered", "keep", "--ours")[0]
    assert "Not saved." == rows(left, "segments")[0]["text"]


def test_reading_without_what_a_killed_session_left(transcripts, tmp_path, course):
    """What is exported or merged from a dataset lacks what a crash has left, and that is said."""
    with opened(course) as document:
        document.update("media", document.rows("media")[0]["id"], title="left")
        left = left_by_a_crash(course, tmp_path / "left")
    status, out, err = transcripts("export", left, "--format", "lhotse")
    assert (EXIT_DONE, True) == (status, "This is one." in out)
    assert "is read without the changes of a session that ended unexpectedly (1 video updated)" in err
    other = tmp_path / "other.json"
    other.write_bytes(course.read_bytes())
    assert "(1 video updated)" in transcripts("merge", other, left, "--ours")[2]


@pytest.mark.parametrize(
    ("form", "suffix", "beginning"),
    [
        ("vtt", "vtt", "WEBVTT\n"),
        ("lhotse", "jsonl", '{"id": '),
        ("whisperx", "json", "{\n"),
        ("txt", "txt", "This is"),
    ],
)
def test_a_file_for_each_video(transcripts, tmp_path, course, form, suffix, beginning):
    """A folder that is made gets one file a video; what is there is replaced only when that is wanted."""
    folder = tmp_path / "for players"
    status, out, _ = transcripts("export", course, "--format", form, "-o", folder)
    assert (EXIT_DONE, f"2 videos written to {folder}.\n") == (status, out)
    assert [f"one.{suffix}", f"two.{suffix}"] == sorted(path.name for path in folder.iterdir())
    assert all(path.read_text(encoding="utf-8").startswith(beginning) for path in folder.iterdir())
    assert EXIT_WRONG_USAGE == transcripts("export", course, "--format", form, "-o", folder)[0]
    assert EXIT_DONE == transcripts("export", course, "--format", form, "-o", folder, "--overwrite")[0]


def test_one_file(transcripts, tmp_path, course):
    """Where the form takes several videos, or one is named; without -o it is standard output."""
    file = tmp_path / "all.jsonl"
    assert EXIT_DONE == transcripts("export", course, "--format", "lhotse", "-o", file)[0]
    assert 6 == len(file.read_text(encoding="utf-8").splitlines())
    status, out, _ = transcripts("export", course, "--format", "txt", "--media", "two")
    assert (EXIT_DONE, "This is two.\nThe doc product.\nIt is a number.\n") == (status, out)
    status, _, err = transcripts("export", course, "--format", "vtt")
    assert EXIT_WRONG_USAGE == status
    assert "takes one video, and these are 2: name one with --media, or a folder with -o." in err


def test_videos_of_one_title(transcripts, tmp_path, course):
    """Each gets a file of its own, named safely, also where a disk does not tell capital letters."""
    with open_document(course) as document:
        for row in document.rows("media"):
            document.update("media", row["id"], title="Größe / ?" if row["title"] == "one" else "GRÖSSE / ?")
    transcripts("export", course, "--format", "txt", "-o", tmp_path / "texts")
    assert ["grosse-2.txt", "grosse.txt"] == sorted(path.name for path in (tmp_path / "texts").iterdir())


def test_merging(transcripts, tmp_path, course):
    """What only the other dataset has is added; where both differ it is listed, and decided by an option."""
    other = tmp_path / "other.json"
    finished_job(tmp_path / "three", heard("Three."), content="three")
    other.write_bytes(course.read_bytes())
    transcripts("add", other, tmp_path / "three")
    edit(other, text="Theirs.")

    status, out, err = transcripts("merge", course, other)
    assert (EXIT_FAILED, 2) == (status, len(rows(course, "media")))
    assert 'text: here "This is one.", there "Theirs."' in out
    assert "Nothing was merged: 1 change collides. Say which counts with --ours or --theirs." in err
    (event,) = [fields(line) for line in events(transcripts("merge", course, other, "--json")[1])]
    assert ("dataset_collision", "text") == (event["event"], event["field"])
    status, out, _ = transcripts("merge", course, other, "--theirs")
    assert (EXIT_DONE, 3) == (status, len(rows(course, "media")))
    assert f"Merged into {course}: 1 video added, 1 segment added, 1 segment updated.\n" == out
    assert "Theirs." == rows(course, "segments")[0]["text"]
    expected = f"Nothing new: {course} has everything that {other} has.\n"
    assert (EXIT_DONE, expected, "") == transcripts("merge", course, other)


@pytest.mark.parametrize(
    ("arguments", "status", "sentence"),
    [
        (["info", "{}/none.json"], EXIT_FAILED, "There is no file"),
        (["info", "http://course/a.json"], EXIT_WRONG_USAGE, "an address is a path or begins with s3://"),
        (["info", "s3://course"], EXIT_WRONG_USAGE, "names a bucket, but no object in it"),
        (["info", "{}/empty.json"], EXIT_FAILED, "is empty: restore a copy"),
        (["info", "{}"], EXIT_FAILED, "can't be"),
        (["add", "{}/new.json", "{}/nowhere"], EXIT_FAILED, "There is no folder"),
        (["add", "{}/cards.json", "{}/job"], EXIT_FAILED, "of kind COCO, not transcripts"),
        (["export", "{}/cards.json", "--format", "vtt"], EXIT_FAILED, "of kind COCO, not transcripts"),
        (["merge", "{}/cards.json", "{}/talks.json"], EXIT_FAILED, "only two of one kind can be merged"),
        (["merge", "{}/talks.json", "{}/job/../talks.json"], EXIT_WRONG_USAGE, "are the same dataset"),
        (["save", "{}/talks.json", "--yes"], EXIT_WRONG_USAGE, "is a file of this computer, which has all of its"),
    ],
)
def test_what_can_not_be_done(transcripts, tmp_path, arguments, status, sentence):
    """One sentence on standard error, and nothing is made."""
    (tmp_path / "empty.json").touch()
    finished_job(tmp_path / "job", heard("Words."))
    COCO_KIND.write(tmp_path / "cards.json")
    TRANSCRIPTS_KIND.write(tmp_path / "talks.json")
    found, _, err = transcripts(*(text.replace("{}", str(tmp_path)) for text in arguments))
    assert (status, 1) == (found, len(err.splitlines()))
    assert sentence in err
    assert not (tmp_path / "new.json").exists()


def test_more_collisions_than_anybody_reads(transcripts, tmp_path):
    """Two datasets that differ everywhere: some collisions are shown, and how all of them can be had."""
    for name in ("ours", "theirs"):
        rows_ = [{"id": f"m{number}", "title": name} for number in range(60)]
        content = {"format": "transcripts", "format_version": 1, "media": rows_, "speakers": [], "segments": []}
        (tmp_path / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
    status, out, err = transcripts("merge", tmp_path / "ours.json", tmp_path / "theirs.json")
    assert (EXIT_FAILED, 51) == (status, len(out.splitlines()))
    assert out.endswith("… and 10 more: --json lists all of them.\n")
    assert "60 changes collide" in err
    assert 60 == len(events(transcripts("merge", "--json", tmp_path / "ours.json", tmp_path / "theirs.json")[1]))


def test_a_dataset_that_is_open_elsewhere(transcripts, tmp_path, course):
    """It is not changed, and can be read."""
    with open_document(course):
        status, _, err = transcripts("add", course, tmp_path / "out")
        assert (EXIT_FAILED, True) == (status, "is being edited in another window or by another job" in err)
        assert EXIT_DONE == transcripts("info", course)[0]


@pytest.mark.parametrize(
    ("arguments", "address"),
    [((), ""), (("course.json",), "course.json"), (("edit", "info"), "info")],
    ids=["nothing", "URI", "action"],
)
def test_the_window_is_opened(transcripts, monkeypatch, arguments, address):
    """For a URI alone, or for nothing, the window opens."""
    opened = []
    monkeypatch.setattr("ui.app.open_editor", lambda _, address, model: opened.append((address, model)) or EXIT_DONE)
    assert (EXIT_DONE, [(address, "")]) == (transcripts(*arguments)[0], opened)


def test_no_window_here(transcripts, monkeypatch):
    """Without a screen, a sentence says so."""
    monkeypatch.setenv("DISPLAY", ":97531")
    status, _, err = transcripts("course.json")
    assert (EXIT_FAILED, 1) == (status, err.count("\n"))
    assert "display" in err
