"""The jobs of one run in the queue, beside those of another process; and a run that has lost its queue."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.claims import Claims, open_store
from pipeline.job import Existing, Job
from pipeline.job_owner import JobOwner
from pipeline.job_store import JobStore
from pipeline.model import JobReport, Outcome
from pipeline.queued_job import JobState

OTHER = JobOwner(machine="another", pid=1, started="1")


@pytest.fixture
def store(tmp_path):
    """An empty queue."""
    with JobStore(tmp_path / "queue.sqlite3") as store:
        yield store


@pytest.fixture
def jobs(tmp_path) -> list[Job]:
    """Three videos."""
    return [Job(source=tmp_path / f"{n}.mp4", output_dir=tmp_path / "out", slug=f"lesson{n}") for n in range(3)]


@pytest.fixture
def said() -> list[str]:
    """What the run was warned of."""
    return []


@pytest.fixture
def claims(store, jobs, said) -> Claims:
    """The three in the queue; no thread tells of them."""
    return Claims(store, jobs, said.append)


def report(job: Job, outcome: Outcome = Outcome.DONE, error: str = "") -> JobReport:
    """Return how a job went."""
    return JobReport(slug=job.slug, source=job.source, folder=job.folder, outcome=outcome, error=error)


def others(store: JobStore) -> str:
    """Let another process take the first job that waits; return its id."""
    return store.claim([one.id for one in store.all()], OTHER).id


def test_a_run_takes_its_jobs_one_after_another(claims):
    """Those that it asks for, in its order; none of them was begun by another."""
    taken = [claims.take([1, 0, 2]) for _ in range(4)]
    assert [(1, False), (0, False), (2, False), None] == [one and (one.order, one.left_behind) for one in taken]


def test_what_another_process_has_is_passed_over(claims, store, jobs):
    """Until its result is there, which then is this run's, too."""
    id = others(store)
    assert [1, 2, None] == [
        one and one.order for one in (claims.take([0, 1, 2]), claims.take([0, 2]), claims.take([0]))
    ]
    sentence = "Another process works on lesson0 (another, process 1); its result is waited for."
    assert ({}, sentence) == (claims.ended([0, 1, 2]), claims.whereabouts(0))
    store.finish(id, OTHER, replace(report(jobs[0], error="x"), slug="theirs", folder=Path("/theirs")))
    assert {0: report(jobs[0], error="x")} == claims.ended([0, 1, 2])


def test_what_is_held_in_the_list_is_waited_for(claims, store):
    """The run says so: nothing happens until somebody starts it there."""
    store.listed.hold([row.id for row in store.all()])
    assert (None, "lesson0 is held in the queue: it goes on when it is started there.") == (
        claims.take([0, 1, 2]),
        claims.whereabouts(0),
    )


def test_a_job_that_was_made_anew_and_is_parked_is_not_made_anew_again(store, jobs, said):
    """Only its upload is left, as the sentence says that asks for the same command once more."""
    fresh = [replace(jobs[0], existing=Existing.FRESH)]
    with Claims(store, fresh, said.append) as before:
        before.take([0]).note_made(False)
        before.park(0, 3600.0, "No backend.")
        taken = Claims(store, fresh, said.append).take([0])
    assert (True, Existing.UPLOAD_AGAIN) == (taken.left_behind, taken.left)


def test_what_is_to_be_made_anew_for_the_first_time_is(store, jobs, said):
    """Also where the same was asked for before in another way."""
    with Claims(store, jobs[:1], said.append) as before:
        before.take([0]).note_made(False)
        before.park(0, 3600.0, "No backend.")
        taken = Claims(store, [replace(jobs[0], existing=Existing.FRESH)], said.append).take([0])
    assert not taken.left_behind
    assert Existing.FRESH is store.all()[0].job.existing


def test_a_job_that_another_process_left_is_taken_up(claims, store):
    """It need not be asked again what is to become of what is there."""
    id = others(store)
    store.release(id, OTHER)
    assert (0, True) == ((taken := claims.take([0])).order, taken.left_behind)


def test_a_job_that_was_left_before_this_run_began_is_asked_about(store, jobs, said):
    """As it always was, where a run was killed and is started again."""
    before = Claims(store, jobs, said.append)
    store.release(others(store), OTHER)
    before.take([1])
    now = Claims(store, jobs, said.append)
    assert not now.take([0]).left_behind


def test_a_job_that_is_left_while_this_run_waits_is_taken_up(store, jobs, said):
    """Another process was at work on it when this one began."""
    Claims(store, jobs, said.append)
    id = others(store)
    now = Claims(store, jobs, said.append)
    store.release(id, OTHER)
    assert now.take([0]).left_behind


def test_a_lost_job_is_cancelled_and_the_others_go_on(claims, store):
    """As by `queue cancel` in another terminal; what the run says of it then changes nothing."""
    first, second = claims.take([0]), claims.take([1])
    claims.beat()
    assert (False, False) == (first.cancel.cancelled, second.cancel.cancelled)
    store.cancel(store.all()[0].id)
    claims.beat()
    assert (True, False) == (first.cancel.cancelled, second.cancel.cancelled)
    assert not claims.finish(0, report(claims._jobs[0]))
    assert (Outcome.CANCELLED, "Cancelled in the queue.") == ((ended := claims.ended([0])[0]).outcome, ended.error)


def test_a_job_that_ends_while_the_queue_is_told_is_not_lost(claims, jobs, monkeypatch):
    """The queue says no more than that nobody works on it."""
    taken = claims.take([0])

    def too_late(id: str, owner: JobOwner) -> bool:
        claims.finish(taken.order, report(jobs[taken.order]))
        return False

    monkeypatch.setattr(claims._store, "heartbeat", too_late)
    claims.beat()
    assert not taken.cancel.cancelled


def test_the_queue_is_told_while_a_job_is_worked_on(claims, store, monkeypatch):
    """By a thread, which ends with the run; a job that has ended is told of no longer."""
    monkeypatch.setattr("pipeline.own_claims.HEARTBEAT_S", 0.01)
    with claims:
        taken = claims.take([0])
        store.cancel(store.all()[0].id)
        assert taken.cancel._event.wait(60)
    assert not claims._own._heart.is_alive()


def test_a_finished_job_is_in_the_history(claims, store, jobs):
    """Its heart is beaten no longer."""
    taken = claims.take([0])
    assert claims.finish(0, report(jobs[0]))
    claims.beat()
    assert (JobState.DONE, False) == (store.all()[0].state, taken.cancel.cancelled)


def test_a_parked_job_may_be_taken_by_another(claims, store):
    """When its time has come."""
    claims.take([0])
    assert claims.park(0, -1.0, "No backend.")
    assert "No backend." == store.all()[0].reason
    others(store)
    assert claims.take([0]) is None


def test_a_run_that_ends_waits_for_nothing(claims, store, jobs):
    """What it has not begun is cancelled unless another waits for it."""
    with claims:
        claims.take([0])
        claims.finish(0, report(jobs[0]))
        store.add(jobs[1:2], wanted_by=OTHER)
    assert [JobState.DONE, JobState.WAITING, JobState.CANCELLED] == sorted(
        (one.state for one in store.all()), key=[JobState.DONE, JobState.WAITING, JobState.CANCELLED].index
    )


def test_a_job_that_was_forgotten_meanwhile_is_queued_anew(claims, store, jobs):
    """`queue clear` in another terminal took its result away: the run finds the work done."""
    store.finish(others(store), OTHER, report(jobs[0]))
    store.delete_ended()
    assert claims.take([0]) is None
    assert {} == claims.ended([0, 1])
    assert 0 == claims.take([0]).order


def test_a_result_that_cannot_be_read_is_a_failure_with_a_remedy(claims, store, jobs):
    """A later version may have written it."""
    store.finish(others(store), OTHER, report(jobs[0]))
    store._file._connection.execute("UPDATE jobs SET report = '{\"schema\": 99}' WHERE report != ''")
    (ended,) = claims.ended([0, 1]).values()
    assert (Outcome.FAILED, True) == (ended.outcome, ended.error.endswith("run the command again."))


def test_the_same_video_twice_is_one_job(store, jobs, said):
    """Both of its places in the run have its result."""
    twice = Claims(store, [jobs[0], jobs[0]], said.append)
    assert [0, None] == [one and one.order for one in (twice.take([0, 1]), twice.take([1]))]
    twice.finish(0, report(jobs[0]))
    assert {1: report(jobs[0])} == twice.ended([1])


def break_it(file: Path) -> None:
    """Take away what the queue's file must have."""
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("DROP TABLE jobs")


def test_a_run_goes_on_without_its_queue(claims, jobs, said, tmp_path):
    """It is said once; what is left is its own."""
    first = claims.take([0, 1, 2])
    break_it(tmp_path / "queue.sqlite3")
    claims.beat()
    assert not first.cancel.cancelled
    assert [1, 2, None] == [one and one.order for one in (claims.take([1, 2]), claims.take([2]), claims.take([2]))]
    assert claims.finish(0, report(jobs[0]))
    assert claims.park(1, 5.0, "No backend.")
    assert 1 == claims.take([1]).order
    assert ({}, "") == (claims.ended([1, 2]), claims.whereabouts(1))
    (text,) = said
    assert text.endswith("This run goes on without it: other processes don't see its jobs.")


def test_a_run_without_a_queue_from_the_start(jobs, store, said, tmp_path):
    """Its jobs are never anywhere."""
    break_it(tmp_path / "queue.sqlite3")
    with Claims(store, jobs, said.append) as claims:
        assert [0, 1, 2, None] == [one and one.order for one in (claims.take([0, 1, 2]) for _ in range(4))]
    assert 1 == len(said)


def test_a_queue_that_cannot_be_opened_is_replaced_by_one_in_memory(jobs, said, tmp_path):
    """With one warning, and none where nothing is to be kept."""
    (tmp_path / "queue.sqlite3").write_bytes(b"not a database" * 100)
    for folder in (tmp_path, None):
        with open_store(folder, said.append) as store, Claims(store, jobs, said.append) as claims:
            assert 0 == claims.take([0, 1, 2]).order
    (text,) = said
    assert text.startswith(f"The queue in {tmp_path / 'queue.sqlite3'} can't be read")
