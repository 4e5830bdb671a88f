"""The queue in one file: order, claims, heartbeats, what is taken over and forgotten, and files that are no queue."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.errors import JobStoreError
from pipeline.job import Existing, Job, UploadJob, UploadRequest
from pipeline.job_codec import job_from_text
from pipeline.job_owner import JobOwner
from pipeline.job_store import IN_MEMORY, JobStore
from pipeline.leases import LEASE_S, LONGEST_STEP_S
from pipeline.model import JobReport, Outcome
from pipeline.open_rows import KEPT_S
from pipeline.queued_job import JobState, QueuedJob

HERE = JobOwner.current()
KEPT = Path(__file__).parent / "kept"
ELSEWHERE = JobOwner(machine="another computer", pid=1, started="1")


class Clocks:
    """The clock on the wall and the time of this process, as a test sets them."""

    def __init__(self) -> None:
        self.wall = 1_800_000_000.0
        self.own = 50.0

    def pass_by(self, seconds: float) -> None:
        self.wall += seconds
        self.own += seconds


@pytest.fixture
def clocks() -> Clocks:
    """Clocks that stand still until the test moves them."""
    return Clocks()


@pytest.fixture
def store(tmp_path, clocks):
    """An empty queue."""
    with JobStore(tmp_path / "data" / "queue.sqlite3", now=lambda: clocks.wall, monotonic=lambda: clocks.own) as store:
        yield store


def lesson(folder: Path, number: int = 1, **changes: object) -> Job:
    """Return the job of a lesson."""
    return replace(Job(source=folder / f"{number}.mp4", output_dir=folder / "out", slug=f"lesson{number}"), **changes)


def report(job: Job | UploadJob, outcome: Outcome = Outcome.DONE, **fields: object) -> JobReport:
    """Return how a job went."""
    return JobReport(slug=job.slug, source=job.source, folder=job.folder, outcome=outcome, **fields)


def dead_owner() -> JobOwner:
    """Return a process that was there and is gone."""
    code = "from pipeline.job_owner import JobOwner as O; o = O.current(); print(o.machine, o.pid, o.started, sep='|')"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    machine, pid, started = told.split("|")
    return JobOwner(machine=machine, pid=int(pid), started=started)


def only(store: JobStore, id: str) -> QueuedJob:
    """Return a job as it stands in the queue."""
    (found,) = store.of([id])
    return found


def listen(store: JobStore, clocks: Clocks, ids: list[str], *, seconds: float) -> QueuedJob | None:
    """Try to claim again and again for so long; return what was got."""
    for _ in range(int(seconds / LONGEST_STEP_S)):
        clocks.pass_by(LONGEST_STEP_S)
        if claimed := store.claim(ids, HERE):
            return claimed
    return None


def test_jobs_are_claimed_in_the_order_that_is_asked_for(store, tmp_path):
    """Each once, and then there is none."""
    ids = store.add([lesson(tmp_path, number) for number in (1, 2, 3)])
    wanted = [ids[1], ids[0], ids[2]]
    claimed = [store.claim(wanted, HERE) for _ in range(4)]
    assert [*wanted, None] == [one and one.id for one in claimed]


def test_a_job_comes_back_as_it_was_asked_for(store, tmp_path):
    """Another process reads it from the file, upload and all."""
    upload = UploadRequest(prefix="course/1/", session_id="s")
    jobs = [lesson(tmp_path, upload=upload), UploadJob(folder=tmp_path / "out" / "x", upload=upload)]
    ids = store.add(jobs, backend_url="https://me:secret@backend.example/api?key=secret")
    claimed = [store.claim([id], HERE) for id in ids]
    assert jobs == [one.job for one in claimed]
    assert [(1, "https://backend.example/api")] * 2 == [(one.tries, one.backend_url) for one in claimed]


def test_what_is_not_unicode_is_kept(store, tmp_path):
    """A folder or an address that is not Unicode neither ends the run nor makes two jobs one; the job comes back as it
    was asked for.
    """
    jobs = [lesson(tmp_path / name, upload=UploadRequest(prefix="a/")) for name in ("\udcff", "\udcfe")]
    uploads = [UploadJob(folder=tmp_path / "\udcff", upload=UploadRequest(prefix="b/"))]
    ids = store.add([*jobs, *uploads], backend_url="https://\ud800.invalid")
    assert ids == store.add([*jobs, *uploads], backend_url="https://\ud800.invalid")
    assert 3 == len(set(ids))
    claimed = store.claim(ids, HERE)
    assert jobs[0] == claimed.job
    assert store.park(ids[0], HERE, until=0.0, reason="\udcff can't be reached")


def test_relative_paths_are_stored_from_the_current_folder(store, tmp_path, monkeypatch):
    """The process that takes a job up may stand elsewhere."""
    monkeypatch.chdir(tmp_path)
    (id,) = store.add([lesson(Path("videos"))])
    assert lesson(tmp_path / "videos") == only(store, id).job


def test_the_same_job_is_not_queued_twice(store, tmp_path):
    """Neither while it waits nor while somebody has it; what is said of earlier work does not make it another."""
    (id,) = store.add([lesson(tmp_path)])
    assert [id] == store.add([lesson(tmp_path, existing=Existing.RESUME)])
    assert Existing.RESUME is only(store, id).job.existing
    store.claim([id], HERE)
    assert [id, id] == store.add([lesson(tmp_path), lesson(tmp_path, existing=Existing.FRESH)])
    assert Existing.RESUME is only(store, id).job.existing


@pytest.mark.parametrize("schema", [3, 4])
def test_a_job_that_an_earlier_version_has_queued_is_found(store, tmp_path, schema):
    """It is not converted again, and may not wait a second time beside the one that was added since."""
    kept = json.loads((KEPT / f"queued_job_{schema}.json").read_text())
    with closing(sqlite3.connect(tmp_path / "data" / "queue.sqlite3")) as connection, connection:
        for id, state in (("open", "waiting"), ("past", "failed")):
            connection.execute(
                "INSERT INTO jobs (id, state, added_at, slug, folder, identity, backend_url, job)"
                " VALUES (:id, :state, 0, :slug, :folder, :identity, :backend_url, :job)",
                {**kept, "id": id, "state": state},
            )
    job = job_from_text(kept["job"])
    assert ["open"] == store.add([job], backend_url=kept["backend_url"])
    assert not store.retry("past")
    assert ["open"] != store.add([replace(job, make_mp4=False)], backend_url=kept["backend_url"])


def test_a_job_that_has_ended_is_queued_anew(store, tmp_path):
    """Running a command again runs it again."""
    (id,) = store.add([lesson(tmp_path)])
    store.claim([id], HERE)
    store.finish(id, HERE, report(lesson(tmp_path)))
    assert [id] != store.add([lesson(tmp_path)])


@pytest.mark.parametrize(
    ("changes", "backend_url"),
    [({"qualities": ("360p",)}, ""), ({"upload": UploadRequest(prefix="a/")}, ""), ({}, "https://b.example")],
    ids=["other settings", "with an upload", "another backend without an upload"],
)
def test_what_makes_another_job_of_the_same_folder(store, tmp_path, changes, backend_url):
    """Other settings do; where uploads would go does not matter where there are none."""
    (id,) = store.add([lesson(tmp_path)], wanted_by=HERE)
    (other,) = store.add([lesson(tmp_path, **changes)], backend_url=backend_url)
    assert bool(changes) == (id != other)


def test_an_upload_to_another_backend_is_another_job(store, tmp_path):
    """Two backends want the same folder."""
    job = lesson(tmp_path, upload=UploadRequest(prefix="a/"))
    (id,) = store.add([job], wanted_by=HERE, backend_url="https://a.example")
    assert [id] != store.add([job], backend_url="https://b.example")


def test_a_later_job_replaces_one_that_nobody_waits_for(store, tmp_path):
    """The one that was left with other settings would undo what the later one makes."""
    dead = dead_owner()
    left, begun = store.add([lesson(tmp_path, 1), lesson(tmp_path, 2)], wanted_by=dead)
    store.claim([begun], dead)
    store.add([lesson(tmp_path, number, qualities=("360p",)) for number in (1, 2)])
    expected = (JobState.CANCELLED, "A later job for the same folder replaced it.")
    assert [expected] * 2 == [(one.state, one.reason) for one in store.of([left, begun])]


def test_a_later_job_leaves_alone_what_somebody_waits_for_or_does(store, tmp_path):
    """The folder's own lock keeps the two apart, as it always did."""
    waiting, running, upload = store.add(
        [
            lesson(tmp_path, 1),
            lesson(tmp_path, 2),
            UploadJob(folder=lesson(tmp_path, 3).folder, upload=UploadRequest(prefix="a/")),
        ]
    )
    store.add([lesson(tmp_path, 1)], wanted_by=ELSEWHERE)
    store.claim([running], HERE)
    store.add([lesson(tmp_path, number, qualities=("360p",)) for number in (1, 2, 3)])
    states = [one.state for one in store.of([waiting, running, upload])]
    assert [JobState.WAITING, JobState.RUNNING, JobState.WAITING] == states


def test_a_job_of_a_process_that_is_gone_is_free_at_once(store, tmp_path):
    """It need not wait for a lease to run out."""
    (id,) = store.add([lesson(tmp_path)])
    store.claim([id], dead_owner())
    claimed = store.claim([id], HERE)
    assert (id, 2, HERE) == (claimed.id, claimed.tries, claimed.owner)


def test_another_process_with_the_number_of_one_that_is_gone_is_not_taken_for_it(store, tmp_path):
    """Numbers are given again, also after a restart of the machine."""
    (id,) = store.add([lesson(tmp_path)])
    store.claim([id], replace(HERE, started="before the restart"))
    assert store.claim([id], HERE) is not None


@pytest.mark.parametrize("days", [-400, 400], ids=["back", "forward"])
def test_no_clock_takes_a_job_from_a_process_that_lives(store, tmp_path, clocks, days):
    """Neither one that is set, nor a machine that slept for days."""
    (id,) = store.add([lesson(tmp_path)])
    store.claim([id], HERE)
    clocks.wall += days * 86_400
    clocks.own += 400 * 86_400
    assert store.claim([id], replace(HERE, machine="another")) is None
    assert store.heartbeat(id, HERE)


def test_a_process_that_cannot_be_looked_at_keeps_its_job_while_it_is_heard(store, tmp_path, clocks):
    """However far its clock is from ours."""
    (id,) = store.add([lesson(tmp_path)])
    store.claim([id], ELSEWHERE)
    for seconds in (0.0, -86_400.0, 86_400.0, 86_400.0):
        clocks.wall += seconds
        assert store.heartbeat(id, ELSEWHERE)
        assert listen(store, clocks, [id], seconds=LEASE_S) is None


def test_a_process_that_cannot_be_looked_at_loses_its_job_after_the_lease(store, tmp_path, clocks):
    """When it comes back it learns so, and nothing of what it says counts any more."""
    (id,) = store.add([lesson(tmp_path)])
    store.claim([id], ELSEWHERE)
    assert listen(store, clocks, [id], seconds=LEASE_S) is None
    assert id == listen(store, clocks, [id], seconds=LONGEST_STEP_S).id
    said = [
        store.heartbeat(id, ELSEWHERE),
        store.finish(id, ELSEWHERE, report(lesson(tmp_path), Outcome.FAILED)),
        store.park(id, ELSEWHERE, until=clocks.wall, reason="x"),
        store.release(id, ELSEWHERE),
    ]
    assert ([False] * 4, JobState.RUNNING, HERE) == (said, only(store, id).state, only(store, id).owner)


def test_a_machine_that_slept_gives_the_others_time_to_be_heard(store, tmp_path, clocks):
    """Both slept: hours passed between two looks in which nobody listened."""
    (id,) = store.add([lesson(tmp_path)])
    store.claim([id], ELSEWHERE)
    store.claim([id], HERE)
    clocks.pass_by(8 * 3600.0)
    assert store.claim([id], HERE) is None
    assert listen(store, clocks, [id], seconds=LEASE_S / 2) is None


def test_a_parked_job_waits_for_its_time(store, tmp_path, clocks):
    """Then anybody may have it; the reason is there to be shown."""
    ids = store.add([lesson(tmp_path, 1), lesson(tmp_path, 2)])
    store.claim(ids, HERE)
    assert store.park(ids[0], HERE, until=clocks.wall + 30, reason="No backend.")
    assert (JobState.PARKED, "No backend.") == (only(store, ids[0]).state, only(store, ids[0]).reason)
    assert [ids[1], None] == [one and one.id for one in (store.claim(ids, HERE), store.claim(ids, HERE))]
    clocks.pass_by(30)
    assert (ids[0], "") == ((claimed := store.claim(ids, HERE)).id, claimed.reason)


def test_a_clock_that_is_set_back_parks_no_job_for_longer(store, tmp_path, clocks):
    """A year's wait would be no parking."""
    (id,) = store.add([lesson(tmp_path)])
    store.claim([id], HERE)
    store.park(id, HERE, until=clocks.wall + 30, reason="No backend.")
    clocks.wall -= 365 * 86_400
    assert store.claim([id], HERE) is not None


def test_whoever_asks_for_a_parked_job_again_need_not_wait(store, tmp_path, clocks):
    """The backend may be there again: that is why the command is run once more."""
    (id,) = store.add([lesson(tmp_path)])
    store.claim([id], HERE)
    store.park(id, HERE, until=clocks.wall + 3000, reason="No backend.")
    assert [id] == store.add([lesson(tmp_path)])
    assert store.claim([id], HERE) is not None


def test_a_released_job_waits_again(store, tmp_path):
    """For anybody."""
    (id,) = store.add([lesson(tmp_path)])
    store.claim([id], ELSEWHERE)
    assert store.release(id, ELSEWHERE)
    assert store.claim([id], HERE) is not None


@pytest.mark.parametrize("outcome", list(Outcome), ids=lambda one: one.value)
def test_a_finished_job_has_its_report(store, tmp_path, clocks, outcome):
    """Another process that waits for it reads how it went."""
    (id,) = store.add([lesson(tmp_path)], wanted_by=HERE)
    store.claim([id], HERE)
    clocks.pass_by(5)
    went = report(lesson(tmp_path), outcome, error="x", master_url="https://cdn.example/master.m3u8")
    assert store.finish(id, HERE, replace(went, master_url=f"{went.master_url}?signature=secret"))
    ended = only(store, id)
    assert (outcome.value, clocks.wall, went) == (ended.state.value, ended.ended_at, ended.report)
    assert store.claim([id], HERE) is None


def test_a_job_that_one_of_two_cancels_waits_for_the_other(store, tmp_path):
    """Ctrl-C in one terminal is no matter of the other, which does the same list."""
    (id,) = store.add([lesson(tmp_path)], wanted_by=HERE)
    store.add([lesson(tmp_path)], wanted_by=ELSEWHERE)
    store.claim([id], HERE)
    assert store.finish(id, HERE, report(lesson(tmp_path), Outcome.CANCELLED))
    assert JobState.WAITING is only(store, id).state


def test_whoever_leaves_cancels_only_what_nobody_else_waits_for(store, tmp_path):
    """A process that is gone waits for nothing."""
    shared, alone, running = store.add([lesson(tmp_path, number) for number in (1, 2, 3)], wanted_by=HERE)
    store.add([lesson(tmp_path, 1)], wanted_by=ELSEWHERE)
    store.add([lesson(tmp_path, 2)], wanted_by=dead_owner())
    store.claim([running], ELSEWHERE)
    store.leave([shared, alone, running], HERE)
    states = [one.state for one in store.of([shared, alone, running])]
    assert [JobState.WAITING, JobState.CANCELLED, JobState.RUNNING] == states


def test_a_job_that_is_cancelled_is_lost_to_its_owner(store, tmp_path):
    """Its next heartbeat says so; what it then reports changes nothing."""
    waiting, running = store.add([lesson(tmp_path, 1), lesson(tmp_path, 2)])
    store.claim([running], HERE)
    assert [True, True, False] == [store.cancel(waiting), store.cancel(running), store.cancel(running)]
    assert not store.heartbeat(running, HERE)
    assert not store.finish(running, HERE, report(lesson(tmp_path, 2)))
    assert [JobState.CANCELLED] * 2 == [one.state for one in store.of([waiting, running])]


def test_what_failed_can_wait_again(store, tmp_path):
    """Not what is done, nor what somebody has queued anew meanwhile."""
    failed, done = store.add([lesson(tmp_path, 1), lesson(tmp_path, 2)])
    for id, outcome in ((failed, Outcome.FAILED), (done, Outcome.DONE)):
        store.claim([id], HERE)
        store.finish(id, HERE, report(lesson(tmp_path), outcome))
    assert [True, False, False] == [store.retry(failed), store.retry(failed), store.retry(done)]
    assert (JobState.WAITING, None) == (only(store, failed).state, only(store, failed).report)
    store.cancel(failed)
    store.add([lesson(tmp_path, 1)])
    assert not store.retry(failed)


def test_ended_jobs_are_shown_before_the_open_ones(store, tmp_path, clocks):
    """As many of them as are asked for, the latest."""
    ids = store.add([lesson(tmp_path, number) for number in range(4)])
    for id in (ids[2], ids[0], ids[3]):
        clocks.pass_by(1)
        store.claim([id], HERE)
        store.finish(id, HERE, report(lesson(tmp_path)))
    assert [ids[0], ids[3], ids[1]] == [one.id for one in store.all(ended=2)]
    assert [ids[2], ids[0], ids[3], ids[1]] == [one.id for one in store.all()]
    assert 3 == store.delete_ended()
    assert [ids[1]] == [one.id for one in store.all()]


def test_old_history_is_forgotten(store, tmp_path, clocks):
    """Open jobs stay, however old."""
    ids = store.add([lesson(tmp_path, 1), lesson(tmp_path, 2)])
    store.cancel(ids[0])
    clocks.pass_by(KEPT_S + 1)
    new = store.add([lesson(tmp_path, 3)])
    assert [ids[1], *new] == [one.id for one in store.all()]


def test_long_history_is_forgotten(store, tmp_path, clocks, monkeypatch):
    """The latest stay."""
    monkeypatch.setattr("pipeline.open_rows.KEPT_JOBS", 20)
    ids = store.add([lesson(tmp_path, number) for number in range(22)])
    for id in ids:
        clocks.pass_by(1)
        store.cancel(id)
    new = store.add([lesson(tmp_path, 22)])
    assert [*ids[2:], *new] == [one.id for one in store.all()]


def test_many_jobs_have_ids_of_their_own(store, tmp_path):
    """Whether claimed in one question or in several."""
    ids = store.add([lesson(tmp_path, number) for number in range(1_200)])
    assert 1_200 == len(set(ids))
    assert [ids[-1], ids[0]] == [store.claim(some, HERE).id for some in (ids[::-1], ids)]


def test_an_id_is_found_by_its_beginning(store, tmp_path):
    """In either case of letters; nothing in it is a pattern."""
    (id,) = store.add([lesson(tmp_path)])
    assert [[id], [id], [], []] == [store.matching(text) for text in (id[:3], id.upper(), "%", "*")]


def test_threads_share_a_queue(store, tmp_path):
    """Each job goes to one of them."""
    ids = store.add([lesson(tmp_path, number) for number in range(40)])
    claimed: list[str] = []

    def work() -> None:
        while one := store.claim(ids, HERE):
            claimed.append(one.id)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ids) == sorted(claimed)


def test_a_queue_in_memory_leaves_no_file(tmp_path, monkeypatch):
    """What a job does without a folder for data."""
    monkeypatch.chdir(tmp_path)
    with JobStore(IN_MEMORY) as store:
        (id,) = store.add([lesson(tmp_path)])
        assert id == store.claim([id], HERE).id
    assert [] == list(tmp_path.iterdir())


def test_the_file_is_the_users_alone(tmp_path):
    """Names of videos and courses are in it."""
    path = tmp_path / "new" / "queue.sqlite3"
    with JobStore(path) as store:
        store.add([lesson(tmp_path)])
        assert {0o600} == {entry.stat().st_mode & 0o777 for entry in path.parent.iterdir()}
    assert 0o700 == path.parent.stat().st_mode & 0o777


def test_a_queue_of_a_newer_version_is_left_alone(tmp_path):
    """It is told apart from a damaged one, and not changed."""
    path = tmp_path / "queue.sqlite3"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE jobs (whatever TEXT)")
        connection.execute("PRAGMA user_version = 99")
    before = path.read_bytes()
    with pytest.raises(JobStoreError, match=r"made by a newer version of this program: update"):
        JobStore(path)
    assert before == path.read_bytes()


@pytest.mark.parametrize("content", [b"not a database, but long enough to be one" * 40, b"SQLite format 3\0" * 90])
def test_a_damaged_queue_is_said_in_a_sentence(tmp_path, content):
    """With what to do about it; the file stays for whoever can mend it."""
    path = tmp_path / "queue.sqlite3"
    path.write_bytes(content)
    with pytest.raises(JobStoreError, match=r"queue\.sqlite3 can't be read \(.*\): move the file away"):
        JobStore(path)
    assert content == path.read_bytes()


def test_a_queue_that_is_damaged_further_on_is_said_in_a_sentence(tmp_path):
    """Only a look at its rows tells."""
    path = tmp_path / "queue.sqlite3"
    with JobStore(path) as store:
        store.add([lesson(tmp_path, number) for number in range(200)])
    whole = path.read_bytes()
    path.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))
    with JobStore(path) as store, pytest.raises(JobStoreError, match="move the file away"):
        store.all()


def test_another_programs_database_is_left_alone(tmp_path):
    """It has no version of ours, but tables."""
    path = tmp_path / "queue.sqlite3"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE recipes (name TEXT)")
    with pytest.raises(JobStoreError, match="it holds something else"):
        JobStore(path)


def test_a_file_that_is_a_folder_is_said_in_a_sentence(tmp_path):
    """Whatever stands there."""
    (tmp_path / "queue.sqlite3").mkdir()
    with pytest.raises(JobStoreError, match=r"can't be used \(.*\): check that its folder can be written"):
        JobStore(tmp_path / "queue.sqlite3")


def test_a_folder_below_a_file_is_said_in_a_sentence(tmp_path):
    """It can't be made."""
    (tmp_path / "data").write_text("")
    with pytest.raises(JobStoreError, match=r"can't be used \(.*\): check that its folder can be written"):
        JobStore(tmp_path / "data" / "hls-converter" / "queue.sqlite3")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_is_said_in_a_sentence(tmp_path):
    """As a guest's home may be."""
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(JobStoreError, match="check that its folder can be written"):
            JobStore(tmp_path / "queue.sqlite3")
    finally:
        tmp_path.chmod(0o700)


def test_a_full_disk_is_said_in_a_sentence(tmp_path):
    """/dev/full stands for one; what was there before is whole."""
    path = tmp_path / "queue.sqlite3"
    with JobStore(path) as store:
        (id,) = store.add([lesson(tmp_path)])
        store._file._connection.execute("PRAGMA max_page_count = 1")  # no page more, as on a disk without room
        with pytest.raises(JobStoreError, match=r"is full.*its disk has room"):
            store.add([lesson(tmp_path, number) for number in range(2, 400)])
        assert id == store.claim([id], HERE).id


def test_a_job_of_a_newer_version_can_still_be_shown(store, tmp_path):
    """Only whoever wants to do it can't."""
    (id,) = store.add([lesson(tmp_path)])
    store._file._connection.execute("UPDATE jobs SET job = ?", ('{"schema": 99}',))
    assert ("lesson1", JobState.WAITING) == (only(store, id).slug, only(store, id).state)
    with pytest.raises(Exception, match=rf"The job {id} in the queue has schema 99"):
        _ = only(store, id).job


def test_an_owner_that_cannot_be_read_is_waited_for(store, tmp_path, clocks):
    """It may be a newer version's, at work."""
    (id,) = store.add([lesson(tmp_path)])
    store.claim([id], HERE)
    store._file._connection.execute("UPDATE jobs SET owner = ?", ('{"machine": "x", "new": 1}',))
    assert listen(store, clocks, [id], seconds=LEASE_S) is None
    assert listen(store, clocks, [id], seconds=LONGEST_STEP_S) is not None
