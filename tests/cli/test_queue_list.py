"""`queue` changes the list: held and started, moved, removed, written to a file and read from one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli.main import EXIT_DONE, EXIT_WRONG_USAGE, run_command
from config import Config
from pipeline.job import Job
from pipeline.job_owner import JobOwner
from pipeline.job_store import JobStore


@pytest.fixture
def store(tmp_path):
    """The queue that the command changes."""
    with JobStore(tmp_path / "queue.sqlite3") as store:
        yield store


@pytest.fixture
def queue(tmp_path, capsys):
    """Return a function that runs the command: exit status, output, errors."""

    def run(*arguments: str) -> tuple[int, str, str]:
        status = run_command(["queue", *arguments], Config(data_dir=tmp_path))
        said = capsys.readouterr()
        return status, said.out, said.err

    return run


@pytest.fixture
def ids(store, tmp_path) -> list[str]:
    """The ids of three lessons in the list."""
    jobs = [Job(source=tmp_path / f"{n}.mp4", output_dir=tmp_path / "out", slug=f"lesson{n}") for n in range(3)]
    return store.listed.add(jobs, label="Web")


def listed(store: JobStore) -> list[tuple[str, str]]:
    """Return the list's names and states."""
    return [(row.slug[-1], row.state.value) for row in store.listed.rows()]


def test_rows_are_held_started_moved_and_removed(queue, store, ids):
    """Each says what it did; an id may be shortened; the table shows the order and what is held."""
    done = [queue("hold", ids[0], ids[1]), queue("start", ids[1][:5]), queue("move", ids[2], "--before", ids[1])]
    assert [
        (EXIT_DONE, "2 jobs held until `queue start`.\n", ""),
        (EXIT_DONE, "1 job started: `queue run` does what no program does already.\n", ""),
        (EXIT_DONE, "1 job moved.\n", ""),
    ] == done
    table = [line.split()[:3] for line in queue()[1].splitlines()[1:]]
    assert [[ids[0], "held", "lesson0"], [ids[2], "waiting", "lesson2"], [ids[1], "waiting", "lesson1"]] == table
    assert "It waits until `queue start` starts it." in queue()[1]
    lines = [json.loads(line) for line in queue("--json")[1].splitlines()]
    assert [("Web", True)] * 3 == [(line["label"], line["listed"]) for line in lines]
    queue("move", ids[1], "--first")
    queue("move", ids[0])
    assert [("1", "waiting"), ("2", "waiting"), ("0", "held")] == listed(store)
    assert EXIT_DONE == queue("remove", *ids)[0]
    assert [] == listed(store)


def test_what_cannot_be_removed_is_said(queue, store, ids):
    """And the rest is."""
    store.claim([ids[0]], JobOwner.current())
    said, why = "2 jobs removed. What is finished stays in their folders.\n", "cancel it before you remove it.\n"
    expected = (EXIT_WRONG_USAGE, said, f"hls-converter: lesson0 is being worked on: {why}")
    assert expected == queue("remove", *ids)


def test_a_list_is_taken_to_another_queue(queue, store, ids, tmp_path):
    """With its order, labels, and what is held; what is there is not added again, what has ended is not written."""
    file = tmp_path / "list.jsonl"
    store.listed.hold([ids[1]])
    store.listed.move([ids[2]], before=ids[0])
    store.cancel(ids[0])
    assert (EXIT_DONE, f"2 jobs written to {file}.\n", "") == queue("export", str(file))
    assert (EXIT_DONE, file.read_text(), "") == queue("export", "-")
    queue("export", str(file))
    before = [(row.job, row.state, row.label) for row in store.of([ids[2], ids[1]])]
    store.listed.remove([ids[1]])
    assert (EXIT_DONE, "1 job added. 1 of 2 were in the queue already.\n", "") == queue("import", str(file))
    assert before == [(row.job, row.state, row.label) for row in store.listed.rows() if not row.state.ended]


def test_paths_of_a_list_are_relative_to_it(queue, store, tmp_path):
    """As those of the lists that `convert` takes are."""
    (tmp_path / "course").mkdir()
    file = tmp_path / "course" / "list.jsonl"
    job = {"schema": 4, "source": "a.mp4", "output_dir": "out", "slug": "a"}
    file.write_bytes(b"\xef\xbb\xbf" + json.dumps({"schema": 1, "job": job}).encode() + b"\r\n\r\n")
    assert EXIT_DONE == queue("import", str(file))[0]
    (row,) = store.listed.rows()
    assert (tmp_path / "course" / "a.mp4", tmp_path / "course" / "out" / "a") == (row.job.source, row.job.folder)


GOOD = '{"schema": 1, "job": {"schema": 4, "source": "a.mp4", "output_dir": "out", "slug": "a"}}'


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "list.jsonl has no rows: nothing was exported into it."),
        (f"{GOOD}\nsource,title", "list.jsonl, line 2 is not JSON."),
        (f"{GOOD}\n[]", "list.jsonl, line 2 does not say which schema it has: it is no row of an exported queue."),
        (
            GOOD.replace("1", "99", 1),
            "list.jsonl, line 1 was written by a newer version of this program: update",
        ),
        (
            GOOD.replace('"a"}', '"../a"}'),
            "list.jsonl, line 1, job (schema 4): slug must be a path below",
        ),
        (GOOD.replace('"source"', '"sauce"'), "list.jsonl, line 1, job (schema 4)"),
        ("x\n" * 30, "20 more lines of list.jsonl can't be read."),
        ("\x00" * 5, "list.jsonl, line 1 is not JSON."),
        ("\udcff", "list.jsonl is no text in UTF-8: it is no exported queue."),
    ],
    ids=["empty", "no JSON", "no row", "newer", "a bad path", "an unknown field", "many", "zeros", "no text"],
)
def test_a_list_that_is_not_whole_adds_nothing(queue, store, tmp_path, text, sentence):
    """Each line is named that is wrong; the good ones are added once that is mended."""
    (tmp_path / "list.jsonl").write_bytes(text.encode("utf-8", "surrogateescape"))
    status, output, errors = queue("import", str(tmp_path / "list.jsonl"))
    assert (EXIT_WRONG_USAGE, "", True) == (status, output, sentence in errors)
    assert [] == store.listed.rows()


def test_only_an_exported_list_is_replaced(queue, ids, tmp_path):
    """Whatever else is there stays; a list without jobs is not written."""
    notes, missing = tmp_path / "notes.txt", tmp_path / "missing.jsonl"
    notes.write_text("Not to be lost.")
    sentences = [queue("export", str(path))[2] for path in (notes, tmp_path)]
    assert [True, True] == [
        f"{notes} is there already and is no exported queue: name another file." in sentences[0],
        f"{tmp_path} is a folder: name a file in it." in sentences[1],
    ]
    assert "Not to be lost." == notes.read_text()
    nowhere = tmp_path / "none" / "list.jsonl"
    assert f"{nowhere} can't be written (No such file or directory): name a file in" in queue("export", str(nowhere))[2]
    queue("remove", *ids)
    assert "There is nothing to export" in queue("export", str(missing))[2]
    assert not missing.exists()
    assert "can't be read (No such file or directory)" in queue("import", str(missing))[2]


def test_a_missing_id_is_said(queue, ids):
    """Nothing is done then."""
    assert EXIT_WRONG_USAGE == queue("move", ids[0], "--before", "zzz")[0]
    assert EXIT_WRONG_USAGE == queue("hold", "zzz")[0]


def test_a_file_name_that_is_no_text_is_shown(queue, store, ids, tmp_path):
    """On Linux there are such."""
    status, output, _ = queue("export", str(Path(tmp_path / "\udcff.jsonl")))
    assert (EXIT_DONE, True) == (status, "3 jobs written" in output)
