"""`queue` shows what every process does, in words and as JSON; cancels, repeats and forgets jobs."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path

import pytest
from json_events import events, fields

from cli.main import EXIT_DONE, EXIT_FAILED, EXIT_WRONG_USAGE, run_command
from config import Config
from pipeline.job import Job
from pipeline.job_owner import JobOwner
from pipeline.job_store import JobStore
from pipeline.model import JobReport, Outcome
from pipeline.queued_job import JobState

HERE = JobOwner.current()
ELSEWHERE = JobOwner(machine="desk-2/4026531836", pid=7, started="1")
GONE = replace(HERE, started="before")


@pytest.fixture
def store(tmp_path):
    """The queue that the command looks at."""
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


def lesson(folder: Path, number: int) -> Job:
    """Return the job of a lesson."""
    return Job(source=folder / f"{number}.mp4", output_dir=folder / "out", slug=f"week1/lesson{number}")


def add(store: JobStore, folder: Path, number: int, owner: JobOwner | None = None) -> str:
    """Put a job into the queue, and let somebody have it; return its id."""
    (id,) = store.add([lesson(folder, number)])
    if owner is not None:
        store.claim([id], owner)
    return id


def ended(store: JobStore, folder: Path, number: int, outcome: Outcome, error: str = "", url: str = "") -> str:
    """Put a job that has ended into the queue; return its id."""
    id, job = add(store, folder, number, HERE), lesson(folder, number)
    report = JobReport(
        slug=job.slug, source=job.source, folder=job.folder, outcome=outcome, error=error, master_url=url
    )
    store.finish(id, HERE, report)
    return id


def rows(output: str) -> list[list[str]]:
    """Return the table below its head, a list of cells a row; cells are two blanks apart."""
    return [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in output.splitlines()[1:]]


@pytest.mark.parametrize("arguments", [(), ("list",), ("--all",)], ids=["queue", "queue list", "queue --all"])
def test_an_empty_queue(queue, tmp_path, arguments):
    """A sentence; nothing is written where nothing was queued yet."""
    assert (EXIT_DONE, "The queue is empty.\n", "") == queue(*arguments)
    assert [] == list(tmp_path.iterdir())


def test_the_table_says_where_what_is(queue, store, tmp_path):
    """What ended first, then what is to be done, each with who has it and why it is as it is."""
    done = ended(store, tmp_path, 1, Outcome.DONE, url="https://cdn.example/master.m3u8")
    failed = ended(store, tmp_path, 2, Outcome.FAILED, error="It broke.\nTry again.")
    running, elsewhere = add(store, tmp_path, 3, HERE), add(store, tmp_path, 4, ELSEWHERE)
    left, parked = add(store, tmp_path, 5, GONE), add(store, tmp_path, 6, HERE)
    store.park(parked, HERE, until=time.time() + 230, reason="No backend.")
    waiting = add(store, tmp_path, 7)
    status, output, _ = queue()
    process = f"{HERE.host} (process {os.getpid()})"
    assert (EXIT_DONE, ["ID", "State", "Video", "Since", "Where", "Note"]) == (status, output.splitlines()[0].split())
    assert [
        [done, "done", "week1/lesson1", "now", "https://cdn.example/master.m3u8"],
        [failed, "failed", "week1/lesson2", "now", "It broke. Try again."],
        [running, "running", "week1/lesson3", "now", process],
        [elsewhere, "running", "week1/lesson4", "now", "desk-2 (process 7)", "Last heartbeat: now."],
        [
            left,
            "left behind",
            "week1/lesson5",
            "now",
            process,
            "Its process no longer exists: `queue run`, or the same command again, continues it.",
        ],
        [parked, "parked", "week1/lesson6", "now", "No backend. Tried again in 3 minutes."],
        [waiting, "waiting", "week1/lesson7", "now"],
    ] == rows(output)


def test_json_has_every_field(queue, store, tmp_path):
    """A line a job, as the document describes it."""
    id = ended(store, tmp_path, 1, Outcome.FAILED, error="It broke.")
    left = add(store, tmp_path, 2, GONE)
    status, output, _ = queue("--json")
    first, second = (fields(line) for line in events(output))
    times = {first.pop("added"), first.pop("ended"), second.pop("added")}
    assert (EXIT_DONE, True) == (status, all(text.endswith("Z") for text in times))
    common = {"event": "queued_job", "backend_url": "", "host": HERE.host, "pid": HERE.pid, "tries": 1}
    common |= {"label": None, "listed": False}
    folder = tmp_path / "out" / "week1"
    assert {
        **common,
        "id": id,
        "state": "failed",
        "slug": "week1/lesson1",
        "folder": str(folder / "lesson1"),
        "parked_until": None,
        "text": "It broke.",
    } == first
    assert {
        **common,
        "id": left,
        "state": "left",
        "slug": "week1/lesson2",
        "folder": str(folder / "lesson2"),
        "ended": None,
        "parked_until": None,
        "text": "",
    } == second


def test_only_what_ended_lately_is_shown_unasked(queue, store, tmp_path):
    """A history of months would hide what waits."""
    for number in range(25):
        ended(store, tmp_path, number, Outcome.DONE)
    waiting = add(store, tmp_path, 99)
    assert [20 + 1, 25 + 1] == [len(rows(queue(*arguments)[1])) for arguments in ((), ("--all",))]
    assert waiting == rows(queue()[1])[-1][0]


def test_a_name_from_elsewhere_is_safe_for_the_terminal(queue, store, tmp_path):
    """Videos may be called anything."""
    store.add([replace(lesson(tmp_path, 1), slug="a\x1b[31mred")])
    assert "a\\x1b[31mred" in queue()[1]


def test_jobs_are_cancelled_by_how_their_ids_begin(queue, store, tmp_path):
    """One that somebody works on, too; what has ended already is named."""
    waiting, running = add(store, tmp_path, 1), add(store, tmp_path, 2, HERE)
    done = ended(store, tmp_path, 3, Outcome.DONE)
    status, output, errors = queue("cancel", waiting[:5].upper(), running, done)
    assert (EXIT_WRONG_USAGE, f"hls-converter: The job {done} has ended already.\n") == (status, errors)
    assert "2 jobs cancelled. What is finished stays in their folders.\n" == output
    assert [JobState.CANCELLED] * 2 == [one.state for one in store.of([waiting, running])]


def test_all_jobs_are_cancelled(queue, store, tmp_path):
    """But none that has ended."""
    ids = [add(store, tmp_path, number) for number in (1, 2, 3)]
    done = ended(store, tmp_path, 4, Outcome.DONE)
    assert (EXIT_DONE, "") == queue("cancel", "--all")[::2]
    assert [JobState.CANCELLED] * 3 + [JobState.DONE] == [one.state for one in store.of([*ids, done])]


@pytest.mark.parametrize("arguments", [(), ("abc", "--all")], ids=["none", "both"])
def test_what_to_cancel_must_be_said(queue, store, tmp_path, arguments):
    """One way or the other."""
    id = add(store, tmp_path, 1)
    status, _, errors = queue("cancel", *arguments)
    assert (EXIT_WRONG_USAGE, True) == (status, "or use --all" in errors)
    assert JobState.WAITING is store.of([id])[0].state


def test_every_id_that_fits_nothing_is_said_at_once(queue, store, tmp_path):
    """Nothing is cancelled then; ids that fit several are named."""
    ids = [add(store, tmp_path, number) for number in range(40)]  # more than there are signs, so that two begin alike
    alike = next(id[0] for id in ids if sum(other[0] == id[0] for other in ids) > 1)
    status, _, errors = queue("cancel", ids[0], "nope-1", alike, "")
    assert (EXIT_WRONG_USAGE, 3) == (status, len(errors.splitlines()))
    assert "No job in the queue has the id nope-1: `queue --all` shows them." in errors
    assert f"{alike} may be any of " in errors
    assert {JobState.WAITING} == {one.state for one in store.all()}


def test_what_failed_is_tried_again(queue, store, tmp_path):
    """What is done is not."""
    failed, done = (
        ended(store, tmp_path, 1, Outcome.FAILED, error="It broke."),
        ended(store, tmp_path, 2, Outcome.DONE),
    )
    status, output, errors = queue("retry", failed, done)
    assert (EXIT_WRONG_USAGE, "1 job will be tried again: `queue run` does that.\n") == (status, output)
    assert f"hls-converter: The job {done} neither failed nor was cancelled, or is in the queue once more.\n" == errors
    assert [failed, "waiting", "week1/lesson1", "now"] in rows(queue()[1])


def test_what_has_ended_is_forgotten(queue, store, tmp_path):
    """What has not, stays."""
    ended(store, tmp_path, 1, Outcome.DONE)
    id = add(store, tmp_path, 2)
    assert (EXIT_DONE, "1 ended job deleted from the history; folders and uploads stay.\n", "") == queue("clear")
    assert [id] == [one.id for one in store.all()]


def test_a_result_of_a_newer_version_is_said_in_its_row(queue, store, tmp_path):
    """The others are shown as ever."""
    id = ended(store, tmp_path, 1, Outcome.DONE)
    store._file._connection.execute("UPDATE jobs SET report = '{\"schema\": 99}'")
    (row,) = rows(queue()[1])
    assert (id, True) == (row[0], row[-1].startswith(f"The report of {id} has schema 99"))


@pytest.mark.parametrize("arguments", [(), ("cancel", "x"), ("retry", "x"), ("clear",)], ids=str)
def test_a_damaged_queue_is_a_sentence(queue, tmp_path, arguments):
    """With what to do; it is not touched."""
    (tmp_path / "queue.sqlite3").write_bytes(b"not a database" * 100)
    status, output, errors = queue(*arguments)
    assert (EXIT_FAILED, "", 1) == (status, output, len(errors.splitlines()))
    assert "move the file away, and a new queue is created" in errors


def test_without_a_home_there_is_no_queue(capsys):
    """Nothing names a folder for it."""
    assert EXIT_FAILED == run_command(["queue"], Config())
    assert "There is no folder for the queue" in capsys.readouterr().err
