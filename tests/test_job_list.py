"""The queue as an editor's list: order, rows that wait to be started, other settings, copies, and what is taken out."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.job import Existing, Job, UploadJob, UploadRequest
from pipeline.job_list import ListChange
from pipeline.job_owner import JobOwner
from pipeline.job_store import IN_MEMORY, JobStore
from pipeline.model import JobReport, Outcome
from pipeline.open_rows import KEPT_S
from pipeline.queued_job import JobState, QueuedJob
from pipeline.source_address import parse_address

HERE = JobOwner.current()
GONE = replace(HERE, started="before")
KEPT = Path(__file__).parent / "kept" / "queue_1.sqlite3"
COURSE = UploadRequest(prefix="course/1/")


@pytest.fixture
def store():
    """An empty queue."""
    with JobStore(IN_MEMORY) as store:
        yield store


def lesson(number: int = 1, **changes: object) -> Job:
    """Return the job of a lesson."""
    folder = Path("/videos").absolute()
    job = Job(source=folder / f"{number}.mp4", output_dir=folder / "out", slug=f"week1/lesson{number}")
    return replace(job, **changes)


def only(store: JobStore, id: str) -> QueuedJob:
    """Return a row."""
    (found,) = store.of([id])
    return found


def order(store: JobStore) -> list[str]:
    """Return the ids of the list."""
    return [row.id for row in store.listed.rows()]


def claimed(store: JobStore, **which: object) -> list[str]:
    """Claim all that can begin, and return them in their order."""
    ids = []
    while one := store.claim_next(HERE, **which):
        ids.append(one.id)
    return ids


def end(store: JobStore, id: str, outcome: Outcome) -> None:
    """Let a row end."""
    store.claim([id], HERE)
    store.finish(id, HERE, JobReport(slug="x", source=Path("x"), folder=Path("x"), outcome=outcome))


def test_a_queue_of_the_earlier_version_goes_on_in_its_order(tmp_path):
    """What waits, runs, is parked or has ended is as it was; nothing of it is held, or has a label."""
    path = tmp_path / "queue.sqlite3"
    shutil.copyfile(KEPT, path)
    with JobStore(path) as store:
        rows = store.all()
        assert ["lesson2", "lesson1", "lesson4", "lesson3", "lesson5", "intro", "lesson6"] == [
            row.slug.rpartition("/")[2] for row in rows
        ]
        expected = ["failed", "done", "cancelled", "running", "parked", "waiting", "waiting"]
        assert expected == [row.state.value for row in rows]
        assert {(False, None)} == {(row.listed, row.label) for row in rows}
        assert rows[3:] == store.listed.rows()
        new = store.listed.add([lesson(9)], held=True)
        store.listed.move(new, before=rows[3].id)
        assert [*new, *(row.id for row in rows[3:])] == order(store)
        assert [row.id for row in rows[4:]] == claimed(store, early=lambda id: True)
    with JobStore(path) as store:
        assert [*new, *(row.id for row in rows[3:])] == order(store)


def test_a_queue_is_brought_up_to_date_in_one_step_or_not_at_all(tmp_path, monkeypatch):
    """A program that is killed meanwhile leaves it as it was."""
    path = tmp_path / "queue.sqlite3"
    shutil.copyfile(KEPT, path)
    monkeypatch.setattr("pipeline.store_file._CHANGES", {1: ("ALTER TABLE jobs ADD COLUMN place", "no SQL at all")})
    with pytest.raises(Exception, match="can't be used"):
        JobStore(path)
    with closing(sqlite3.connect(path)) as connection:
        columns = [row[1] for row in connection.execute("PRAGMA table_info(jobs)")]
        assert (1, False) == (connection.execute("PRAGMA user_version").fetchone()[0], "place" in columns)


def test_rows_are_begun_in_the_lists_order(store):
    """Those that are moved, too; what is held or not meant is passed over, and one is begun once."""
    a, b, c, d, e = store.listed.add([lesson(number) for number in range(5)])
    assert ListChange(ids=(e, c)) == store.listed.move([e, c], before=b)
    store.listed.move([a])
    store.listed.hold([c])
    assert [e, c, b, d, a] == order(store)
    assert [[b, a], [e], [d], []] == [
        claimed(store, only={a, b, c}),
        claimed(store, without={d}),
        claimed(store),
        claimed(store),
    ]


@pytest.mark.parametrize(
    ("ids", "before", "expected"),
    [
        ("a", "c", "bac"),
        ("ab", "b", "abc"),
        ("ba", "a", "bac"),
        ("b", "b", "abc"),
        ("cb", None, "acb"),
        ("aa", "c", "bac"),
    ],
)
def test_a_place_in_the_list(store, ids, before, expected):
    """Rows come to stand before another, also when that is one of them, or at the end."""
    rows = dict(zip("abc", store.listed.add([lesson(number) for number in range(3)]), strict=True))
    store.listed.move([rows[id] for id in ids], before=before and rows[before])
    assert [rows[id] for id in expected] == order(store)


def test_a_held_row_waits_until_it_is_started(store):
    """Added so, or held later; a parked one that is started need not wait for its time."""
    added, parked = *store.listed.add([lesson(1)], held=True, label="Web"), *store.listed.add([lesson(2)])
    assert ("Web", None) == (only(store, added).label, only(store, parked).label)
    assert parked == store.claim_next(HERE).id
    store.park(parked, HERE, until=9e12, reason="No backend.")
    assert [] == claimed(store)
    store.listed.hold([parked], reason="Choose a folder.")
    assert (JobState.HELD, None, "Choose a folder.") == (
        (row := only(store, parked)).state,
        row.parked_until,
        row.reason,
    )
    assert [] == claimed(store, early=lambda id: True)
    assert ListChange(ids=(parked, added)) == store.listed.start([parked, added])
    assert [added, parked] == claimed(store)


def test_a_parked_row_is_claimed_early_where_that_is_wanted(store):
    """Only this one."""
    ids = store.listed.add([lesson(1), lesson(2)])
    for id in claimed(store):
        store.park(id, HERE, until=9e12, reason="No backend.")
    assert [ids[1]] == claimed(store, early=lambda id: id == ids[1])


def test_a_running_row_that_is_held_is_lost_to_its_owner_and_goes_on_later(store):
    """Its heartbeat says so; what has just been done is done."""
    held, done = store.listed.add([lesson(1), lesson(2)])
    claimed(store)
    store.set_existing(held, HERE, Existing.RESUME)
    assert ListChange(ids=(held, done)) == store.listed.hold([held, done])
    assert not store.heartbeat(held, HERE)
    cancelled = JobReport(slug="x", source=Path("x"), folder=Path("x"), outcome=Outcome.CANCELLED)
    assert [False, True] == [
        store.finish(id, HERE, replace(cancelled, outcome=outcome))
        for id, outcome in ((held, Outcome.CANCELLED), (done, Outcome.DONE))
    ]
    assert [JobState.HELD, JobState.DONE] == [row.state for row in store.of([held, done])]
    store.listed.start([held])
    again = store.claim_next(HERE)
    assert (held, 2, Existing.RESUME) == (again.id, again.tries, again.job.existing)


def test_the_same_video_is_in_the_list_once(store):
    """With the same settings; with others, or as another video of that name, it has a folder and a destination of its
    own. After the row has ended it is its own folder again.
    """
    (id,) = store.listed.add([lesson(upload=COURSE)], label="Web")
    again = store.listed.add([lesson(upload=COURSE), lesson(upload=COURSE, make_mp4=False)], held=True)
    third, other = store.listed.add([lesson(make_mp4=False), lesson(upload=UploadRequest(prefix="course/2/"))])
    assert (id, "Web", JobState.WAITING) == (again[0], (row := only(store, id)).label, row.state)
    folders = [(row.job.slug, row.job.upload and row.job.upload.prefix) for row in store.of([again[1], third, other])]
    assert [("week1/lesson1-2", "course/1-2/"), ("week1/lesson1-3", None), ("week1/lesson1-4", "course/2/")] == folders
    end(store, id, Outcome.DONE)
    assert "week1/lesson1" == only(store, *store.listed.add([lesson()])).slug


def test_a_row_outlasts_the_command_that_does_it(store):
    """Ctrl-C there leaves it waiting, and a command for the same folder does not replace it."""
    (id,) = store.listed.add([lesson()])
    assert [id] == store.add([lesson()], wanted_by=HERE)
    store.claim([id], HERE)
    store.finish(id, HERE, JobReport(slug="x", source=Path("x"), folder=Path("x"), outcome=Outcome.CANCELLED))
    store.leave([id], HERE)
    store.add([lesson(make_mp4=False)])
    assert JobState.WAITING is only(store, id).state


@pytest.mark.parametrize("held", [True, False], ids=["held", "to be started"])
def test_a_held_row_that_is_added_again_is_as_was_asked(store, held):
    """A parked one need not wait for its time, and one that runs goes on."""
    running, waits, parked = store.listed.add([lesson(1), lesson(2), lesson(3)])
    store.claim([running], HERE)
    store.claim([parked], HERE)
    store.park(parked, HERE, until=9e12, reason="No backend.")
    store.listed.hold([waits])
    assert [running, waits, parked] == store.listed.add([lesson(1), lesson(2), lesson(3)], held=held)
    after = [JobState.HELD, JobState.PARKED] if held else [JobState.WAITING, JobState.WAITING]
    assert [JobState.RUNNING, *after] == [row.state for row in store.of([running, waits, parked])]


def test_a_command_starts_a_held_row(store):
    """Whoever asks for it now need not wait for somebody who starts it in the list."""
    (id,) = store.listed.add([lesson()], held=True)
    assert [id] == store.add([lesson()], wanted_by=HERE)
    assert [id] == claimed(store)


def test_what_is_taken_out(store):
    """What was never begun is forgotten; of the rest the history tells, and nobody does it."""
    never, begun, done, left = store.listed.add([lesson(number) for number in range(4)])
    store.claim([begun], HERE)
    store.release(begun, HERE)
    end(store, done, Outcome.DONE)
    store.claim([left], GONE)
    assert ListChange(ids=(never, begun, done, left)) == store.listed.remove([never, begun, done, left])
    assert [] == store.listed.rows()
    assert {begun: "Taken out of the queue.", done: "", left: "Taken out of the queue."} == {
        row.id: row.reason for row in store.all()
    }


def test_what_may_not_be_done_is_said(store):
    """One sentence a row; the others are changed."""
    running, done, waiting, wanted = store.listed.add([lesson(number) for number in range(4)])
    store.claim([running], HERE)
    end(store, done, Outcome.DONE)
    store.add([lesson(3)], wanted_by=HERE)
    listed, gone = store.listed, "The job zzz is no longer in the queue."
    work = "week1/lesson0 is being worked on"
    assert [
        ListChange(
            ids=(waiting,),
            refused=(
                f"{work}: cancel it before you remove it.",
                "week1/lesson3 belongs to a command that still runs: cancel it before you remove it.",
                gone,
            ),
        ),
        ListChange(refused=(f"{work}: pause or cancel it before you change its settings.",)),
        ListChange(refused=("week1/lesson1 is done: add the video again to convert it with other settings.",)),
        ListChange(refused=("week1/lesson1 has ended: there is nothing to pause.",)),
        ListChange(refused=("week1/lesson1 has ended: try it again instead.",)),
        ListChange(refused=(gone,)),
        ListChange(refused=(gone,)),
    ] == [
        listed.remove([running, waiting, wanted, "zzz"]),
        listed.replace(running, lesson(0)),
        listed.replace(done, lesson(1)),
        listed.hold([done]),
        listed.start([done]),
        listed.move([running], before="zzz"),
        listed.duplicate("zzz"),
    ]


def test_other_settings_for_a_row(store):
    """It keeps its place and goes on waiting or being held; no two have one folder."""
    held, other = store.listed.add([lesson(1), lesson(2)], held=True)
    changed = lesson(1, make_mp4=False, upload=COURSE)
    assert ListChange(ids=(held,)) == store.listed.replace(held, changed, label="Own", backend_url="https://b.example")
    row = only(store, held)
    assert (changed, "Own", "https://b.example", JobState.HELD) == (row.job, row.label, row.backend_url, row.state)
    assert [held, other] == order(store)
    (sentence,) = store.listed.replace(other, lesson(1)).refused
    assert (
        sentence
        == f"Another video in the list has the folder {lesson(1).folder}: choose another name or output folder."
    )
    assert [held] == store.listed.add([changed], backend_url="https://b.example")


def test_a_copy_has_a_folder_of_its_own(store, tmp_path):
    """And a destination; it stands behind the row, and waits to be started. What is on the disk is not its folder."""
    job = lesson(output_dir=tmp_path, upload=COURSE, existing=Existing.FRESH)
    (tmp_path / "week1" / "lesson1-2").mkdir(parents=True)
    first, last = store.listed.add([job, lesson(2)], label="Web", backend_url="https://b.example")
    copies = [*store.listed.duplicate(first).ids, *store.listed.duplicate(first).ids]
    assert [first, copies[1], copies[0], last] == order(store)
    rows = store.of(copies)
    assert [("week1/lesson1-3", "course/1-3/"), ("week1/lesson1-4", "course/1-4/")] == [
        (row.job.slug, row.job.upload.prefix) for row in rows
    ]
    assert {(JobState.HELD, "Web", "https://b.example", Existing.ASK)} == {
        (row.state, row.label, row.backend_url, row.job.existing) for row in rows
    }


def test_an_upload_has_no_copy(store):
    """It is of a folder that is there once."""
    (id,) = store.listed.add([UploadJob(folder=Path("/out/lesson1"), upload=COURSE)])
    assert ("lesson1 is an upload of a finished folder: it can't be duplicated.",) == store.listed.duplicate(id).refused


def test_a_long_name_still_has_a_copy(store):
    """Its name is cut, not the number."""
    (id,) = store.listed.add([lesson(slug="ü" * 100)])
    (copy,) = store.listed.duplicate(id).ids
    assert "ü" * 99 + "-2" == only(store, copy).slug


def test_a_failed_row_does_not_come_back_where_another_has_its_folder(store):
    """No two rows that are to be done share one."""
    (failed,) = store.listed.add([lesson()])
    end(store, failed, Outcome.FAILED)
    (other,) = store.listed.add([lesson(make_mp4=False)])
    assert not store.retry(failed)
    store.cancel(other)
    assert store.retry(failed)


def test_old_history_is_forgotten_where_only_the_list_is_used(tmp_path):
    """What is in the list and has not ended stays, however old."""
    now = [1_800_000_000.0]
    with JobStore(tmp_path / "queue.sqlite3", now=lambda: now[0]) as store:
        ended, waiting = store.listed.add([lesson(1), lesson(2)])
        end(store, ended, Outcome.DONE)
        now[0] += KEPT_S + 1
        new = store.listed.add([lesson(3)])
        assert [waiting, *new] == order(store)


def test_a_signed_address_stays_whole_in_copies_and_with_other_settings(store):
    """For this process, which was given it."""
    address = parse_address("https://videos.example/a.mp4?X-Amz-Signature=secret")
    (id,) = store.listed.add([lesson(1)])
    store.listed.replace(id, lesson(1, source=Path("a.mp4"), address=address))
    (copy,) = store.listed.duplicate(id).ids
    assert ["X-Amz-Signature=secret"] * 2 == [store.listed.job_of(row).address.query for row in store.of([id, copy])]
    assert {""} == {row.job.address.query for row in store.of([id, copy])}


def test_a_cheap_look_tells_whether_anything_has_changed(tmp_path):
    """By this process or another."""
    with JobStore(tmp_path / "queue.sqlite3") as store, JobStore(tmp_path / "queue.sqlite3") as other:
        marks = [store.mark(), store.mark()]
        (id,) = store.listed.add([lesson()])
        marks.append(store.mark())
        other.listed.hold([id])
        marks.append(store.mark())
    assert (True, 3) == (marks[0] == marks[1], len(set(marks)))
