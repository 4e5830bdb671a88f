"""Workers and those who put jobs in, on a real PostgreSQL."""

import threading
import time
import uuid
from contextlib import closing
from dataclasses import replace

import pytest
from queue_machines import DEADLINE_S, TIMINGS, report, wait_until

from cli.render import job_summary
from pipeline.engines.procrastinate.attempts import WorkerQueue
from pipeline.engines.procrastinate.database import Database, QueueUnreachableError
from pipeline.engines.procrastinate.running_job import RowResult
from pipeline.engines.procrastinate.schema import grant
from pipeline.engines.procrastinate.submission import WaitingReason
from pipeline.events import LogLine
from pipeline.model import Outcome
from pipeline.worker_policy import WORK, Decision, Permission

WALL_S = time.time


def test_a_queue_that_goes_away_while_a_worker_starts_is_waited_for(machines, monkeypatch):
    """As later on; the worker says so."""
    register, gone = WorkerQueue.register, iter([True, True])

    def there_at_last(queue):
        if next(gone, False):
            raise QueueUnreachableError("The queue can't be reached now.")
        register(queue)

    monkeypatch.setattr(WorkerQueue, "register", there_at_last)
    rows = machines.put("one")
    machine = machines.start("alpha", lambda title, *_: report(title))
    assert Outcome.DONE is machines.wait(rows)["one"].outcome
    said = ["The queue can't be reached now. Trying again.", "The queue can be reached again."]
    assert said == [line for line in machine.said if line.startswith("The queue")]


def test_a_job_is_done_and_told_of(machines):
    """What a worker tells comes back in order, with the machine's name, and ends in the report."""

    def act(title, sink, _cancel):
        for number in range(3):
            sink(LogLine(job=title, text=str(number)))
        return report(title)

    rows = machines.put("one")
    machines.start("alpha", act)
    assert Outcome.DONE is machines.wait(rows)["one"].outcome
    lines = [one.event.text for one in machines.told if isinstance(one.event, LogLine)]
    assert ["alpha has one.", "0", "1", "2"] == lines
    assert {"alpha"} == {one.machine for one in machines.told}


def test_a_report_names_no_path_of_the_worker(machines):
    """Of what a worker has made the machine's name is told, of the source its name alone."""
    rows = machines.put("one")
    machines.start("alpha", lambda title, _sink, _cancel: report(title))
    told = machines.wait(rows)["one"]
    assert ("here", "alpha:out") == (str(told.source), str(told.folder))


def test_a_report_names_no_folder_that_is_gone(machines):
    """Where a worker keeps nothing of what it has made, no folder is told."""
    rows = machines.put("one")
    machines.start("alpha", lambda title, *_: RowResult(report=report(title), keeps_nothing=True))
    told = machines.wait(rows)["one"]
    assert (".", ["one: done. Its files are on the server."]) == (str(told.folder), job_summary(told))


def test_two_workers_share_the_jobs(machines):
    """Both work at a time, and no job is done twice."""
    both = threading.Barrier(2, timeout=DEADLINE_S)

    def act(title, _sink, _cancel):
        if title in ("a", "b"):
            both.wait()
        return report(title)

    rows = machines.put("a", "b", "c", "d")
    one, other = machines.start("alpha", act), machines.start("beta", act)
    machines.wait(rows)
    assert ["a", "b", "c", "d"] == sorted(one.done + other.done)
    assert one.done
    assert other.done


def test_a_job_waits_for_a_machine_that_has_what_it_needs(machines):
    """A worker without the tag does not take it, one with more than it needs does."""
    rows = machines.put("plain", "speech")
    machines.jobs.cancel([rows[1].id])
    assert ("convert",) == tuple({row.queue for row in rows})
    machines.start("alpha", lambda title, _sink, _cancel: report(title), tags=("gpu", "whisper"))
    assert Outcome.DONE is machines.wait(rows)["plain"].outcome


def test_wrong_settings_are_not_tried_again(machines):
    """A job that can't be done as it was asked fails at once."""
    rows = machines.put("one")
    machine = machines.start("alpha", lambda title, *_: report(title, Outcome.FAILED, "No such quality.", wrong=True))
    found = machines.wait(rows)["one"]
    assert (Outcome.FAILED, "No such quality.", ["one"]) == (found.outcome, found.error, machine.done)


def test_a_job_that_fails_three_times_is_given_up(machines):
    """It is tried three times, and what each machine said of it stands in the report."""
    rows = machines.put("one", "two")

    def act(title, *_):
        return report(title, Outcome.FAILED, "ffmpeg crashed.") if title == "one" else report(title)

    machine = machines.start("alpha", act)
    found = machines.wait(rows)
    expected = (
        "one failed 3 times and is given up (alpha: ffmpeg crashed; alpha: ffmpeg crashed; alpha: ffmpeg crashed): "
        "look at its source, then put it in again."
    )
    assert (expected, Outcome.DONE) == (found["one"].error, found["two"].outcome)
    assert 3 == machine.done.count("one")


def test_a_result_that_the_database_cant_keep_is_a_failure(machines):
    """The attempt ends at once, with what the database says of it, and not when its lease has run out."""
    rows = machines.put("one")
    results = iter([{"seconds": float("nan")}, {"seconds": 1.0}])
    machines.start("alpha", lambda title, *_: RowResult(report=report(title), result=next(results)))
    assert Outcome.DONE is machines.wait(rows)["one"].outcome
    (said,) = [
        one.event.text for one in machines.told if isinstance(one.event, LogLine) and "did not" in one.event.text
    ]
    assert "can't store what it was sent (invalid input syntax for type json). It is tried again." in said


@pytest.fixture
def login(queue_server):
    """Return a function that gives an address of the queue for a user without rights on some tables."""
    made = []

    def without(*tables):
        name = f"worker_{uuid.uuid4().hex}"
        queue_server.execute(f"CREATE ROLE {name} LOGIN")
        made.append(name)
        url = queue_server.url
        with closing(Database(url)) as database:
            grant(database, name)
        queue_server.execute(f"REVOKE ALL ON {', '.join(tables)} FROM {name}")
        return url.replace("postgres@", f"{name}@")

    yield without
    for name in made:
        queue_server.execute(f"DROP OWNED BY {name}")
        queue_server.execute(f"DROP ROLE {name}")


def test_a_result_that_may_not_be_stored_is_left_to_another(login, machines, queue_server):
    """The attempt ends at once, with what the database's owner has to do; a machine with the right does the job."""
    rows = machines.put("one")

    def act(title, *_):
        return RowResult(report=report(title), result={"seconds": 1.0})

    first = machines.start("alpha", act, url=login("hls_results"))
    wait_until(lambda: any("does not permit" in line for line in first.said))
    first.worker.stop()
    first.thread.join(DEADLINE_S)
    queue_server.execute("UPDATE procrastinate_jobs SET scheduled_at = now()")
    machines.start("beta", act)
    assert Outcome.DONE is machines.wait(rows)["one"].outcome
    lines = [one.event.text for one in machines.told if isinstance(one.event, LogLine)]
    assert any(line.startswith("alpha can't do one: ") and "cluster init --grant USER" in line for line in lines)


def test_a_stopped_worker_ends_without_its_queue(machines, queue_server):
    """What it hands back another machine takes when the lease is over; nobody waits until the queue is back."""
    machines.put("one")
    begun = threading.Event()

    def act(title, sink, cancel):
        begun.set()
        cancel.wait(DEADLINE_S)

    machine = machines.start("alpha", act, timings=replace(TIMINGS, lease_s=2.0))
    assert begun.wait(DEADLINE_S)
    queue_server.stop()
    try:
        machine.worker.stop()
        machine.thread.join(DEADLINE_S)
        is_over = not machine.thread.is_alive()
    finally:
        queue_server.start()
    assert is_over


@pytest.mark.parametrize("damage", ["no rights", "no such column"])
def test_an_attempt_that_cant_be_ended_is_said(login, machines, queue_server, damage):
    """The worker stops waiting for what no later try brings; the lease gives the job to another machine."""
    machines.put("one")
    begun, go_on = threading.Event(), threading.Event()

    def act(title, *_):
        begun.set()
        assert go_on.wait(DEADLINE_S)
        return report(title)

    url = login("hls_results")
    machine = machines.start("alpha", act, url=url)
    assert begun.wait(DEADLINE_S)
    if damage == "no rights":
        queue_server.execute(f"REVOKE INSERT ON hls_job_events FROM {url.partition('//')[2].partition('@')[0]}")
    else:
        queue_server.execute("ALTER TABLE hls_job_events RENAME COLUMN event TO other")
    machine.worker.stop()
    go_on.set()
    machine.thread.join(DEADLINE_S)
    assert not machine.thread.is_alive()
    assert any(line.startswith("one: could not be ended in the queue") for line in machine.said)


def test_a_job_that_failed_once_may_succeed_elsewhere(machines):
    """The second machine does it; the failure of the first is told as a warning."""
    failed = threading.Event()

    def failing(title, *_):
        failed.set()
        return report(title, Outcome.FAILED, "The disk is full.")

    rows = machines.put("one")
    first = machines.start("alpha", failing)
    assert failed.wait(DEADLINE_S)
    first.worker.stop()
    machines.start("beta", lambda title, *_: report(title))
    assert Outcome.DONE is machines.wait(rows)["one"].outcome
    lines = [one.event.text for one in machines.told if isinstance(one.event, LogLine)]
    assert "alpha did not finish one: The disk is full. It is tried again." in lines


def test_a_job_that_waits_or_runs_is_not_put_in_again(machines):
    """Whoever has lost sight of it finds it; when it has ended, or is other, it is put in."""
    begun, go_on = threading.Event(), threading.Event()

    def act(title, *_):
        begun.set()
        assert go_on.wait(DEADLINE_S)
        return report(title)

    rows = machines.put("one")
    first, (_, other) = rows[0].id, machines.rows("one", "two")
    again = machines.rows("one")
    assert [first, other.id] == machines.jobs.put([*again, other])
    machines.start("alpha", act)
    assert begun.wait(DEADLINE_S)
    assert [first] == machines.jobs.put(machines.rows("one"))
    go_on.set()
    machines.wait([*rows, other])
    later = machines.rows("one")
    assert [later[0].id] == machines.jobs.put(later)
    slow = machines.rows("one", make_mp4=False)
    assert [slow[0].id] == machines.jobs.put(slow)


def test_cancel_of_a_waiting_job(machines):
    """A job that nobody has is cancelled at once, and never begins."""
    rows = machines.put("one")
    machines.jobs.cancel([rows[0].id])
    assert Outcome.CANCELLED is machines.wait(rows)["one"].outcome
    machine = machines.start("alpha", lambda title, *_: report(title))
    machines.wait(machines.put("two"))
    assert ["two"] == machine.done


def test_cancel_of_a_running_job(machines):
    """The worker is told, and the job ends as cancelled."""
    begun = threading.Event()

    def act(_title, _sink, cancel):
        begun.set()
        cancel.wait(DEADLINE_S)

    rows = machines.put("one")
    machines.start("alpha", act)
    assert begun.wait(DEADLINE_S)
    machines.jobs.cancel([rows[0].id])
    assert Outcome.CANCELLED is machines.wait(rows)["one"].outcome


def test_a_stopped_worker_hands_back(machines):
    """What does not end in time is another's, at once and not only when the lease has run out."""
    begun = threading.Event()

    def long(_title, _sink, cancel):
        begun.set()
        cancel.wait(DEADLINE_S)

    rows = machines.put("one")
    first = machines.start("alpha", long)
    assert begun.wait(DEADLINE_S)
    first.worker.stop()
    machines.start("beta", lambda title, *_: report(title))
    assert Outcome.DONE is machines.wait(rows)["one"].outcome
    assert "beta" == machines.told[-1].machine


def test_a_stopped_worker_says_how_its_jobs_ended(machines):
    """It has not stopped before."""
    begun, over, went_on = threading.Event(), threading.Event(), []

    def act(title, *_):
        begun.set()
        assert over.wait(DEADLINE_S)
        return report(title)

    def say(line):
        if line.startswith("one: done"):
            machine.thread.join(2.0)
            went_on.append(machine.thread.is_alive())

    machines.put("one")
    machine = machines.start("alpha", act, say=say)
    assert begun.wait(DEADLINE_S)
    machine.worker.stop()
    over.set()
    machine.thread.join(DEADLINE_S)
    assert [True] == went_on


def test_a_stopped_worker_lets_a_short_job_end(machines):
    """What ends in time is done, and nothing more is taken."""
    begun, go_on = threading.Event(), threading.Event()

    def short(title, _sink, _cancel):
        begun.set()
        assert go_on.wait(DEADLINE_S)
        return report(title)

    rows = machines.put("one", "two")
    first = machines.start("alpha", short)
    assert begun.wait(DEADLINE_S)
    first.worker.stop()
    go_on.set()
    first.thread.join(DEADLINE_S)
    assert ["one"] == first.done
    assert Outcome.DONE is machines.wait(rows[:1])["one"].outcome


def test_a_job_that_failed_here_is_left_to_others(machines):
    """Three machines try it, one each, before it is given up."""
    rows = machines.put("one")
    started = [
        machines.start(name, lambda title, *_: report(title, Outcome.FAILED, "It broke."))
        for name in ("alpha", "beta", "gamma")
    ]
    assert Outcome.FAILED is machines.wait(rows)["one"].outcome
    assert [["one"], ["one"], ["one"]] == [machine.done for machine in started]


def test_a_job_that_this_machine_cant_do_is_another_machines(machines):
    """What is missing here is said, and is no failure of the job's."""
    declined = threading.Event()

    def decline(title, *_):
        declined.set()
        return RowResult(report=report(title, Outcome.FAILED, "No folder for the root archive."), declined=True)

    rows = machines.put("one")
    first = machines.start("alpha", decline)
    assert declined.wait(DEADLINE_S)
    machines.start("beta", lambda title, *_: report(title))
    assert Outcome.DONE is machines.wait(rows)["one"].outcome
    lines = [one.event.text for one in machines.told if isinstance(one.event, LogLine)]
    assert "alpha can't do one: No folder for the root archive." in lines
    assert ["one"] == first.done


@pytest.mark.parametrize("why", ["backend_unreachable", "folder_in_use"])
def test_what_time_mends_is_no_failure(machines, queue_server, why):
    """The job waits, for the same machine longer each time, and is tried again."""
    tried = []

    def act(title, *_):
        tried.append(title)
        made = report(title, Outcome.FAILED, "It can't be done now.")
        return replace(made, **{why: True}) if len(tried) < 5 else report(title)

    def ended():
        return queue_server.execute("SELECT count(*) FROM hls_attempts WHERE ended_at IS NOT NULL")

    rows = machines.put("one")
    machines.start("alpha", act)
    for number, pause_s in enumerate((30, 60, 120, 240), start=1):
        wait_until(lambda number=number: [(number,)] == ended())
        queue_server.execute("UPDATE procrastinate_jobs SET scheduled_at = now() - interval '1 second'")
        later = f"UPDATE hls_attempts SET ended_at = now() - interval '{pause_s + 1} seconds'"
        queue_server.execute(later)
    assert Outcome.DONE is machines.wait(rows)["one"].outcome
    lines = [one.event.text for one in machines.told if isinstance(one.event, LogLine)]
    said = "alpha: It can't be done now. one is tried again in 30 s"
    growing = [f"{said}.", *(f"{said}, by alpha in {pause_s} s." for pause_s in (60, 120, 240))]
    assert growing == [line for line in lines if "tried again" in line]


def test_a_machines_clock_is_never_asked(machines, monkeypatch):
    """A clock that is a day ahead or behind changes nothing: leases are the database's time."""
    rows = machines.put("one", "two")
    for name, wrong_s in (("ahead", 86_400.0), ("behind", -86_400.0)):
        monkeypatch.setattr(time, "time", lambda wrong_s=wrong_s: WALL_S() + wrong_s)
        machine = machines.start(name, lambda title, *_: report(title))
        row = rows.pop()
        assert Outcome.DONE is machines.wait([row])[row.title].outcome
        machine.worker.stop()
        machine.thread.join(DEADLINE_S)
    assert not [one for one in machines.told if isinstance(one.event, LogLine) and "did not finish" in one.event.text]


@pytest.mark.parametrize("slots", [1, 3])
def test_slots(machines, slots):
    """A worker runs as many jobs at a time as it was told, and no more."""
    running, most, lock, full = [], [], threading.Lock(), threading.Event()

    def act(title, _sink, _cancel):
        with lock:
            running.append(title)
            most.append(len(running))
            if len(running) == slots:
                full.set()
        assert full.wait(DEADLINE_S)
        with lock:
            running.remove(title)
        return report(title)

    rows = machines.put("a", "b", "c")
    machines.start("alpha", act, slots=slots)
    machines.wait(rows)
    assert slots == max(most)


class _Permissions:
    """What a worker may do, and where its jobs begin their stages, as a test says."""

    def __init__(self, decision=WORK):
        self.decision = decision
        self.quiet = threading.Event()
        self.held = threading.Event()

    def decide(self):
        return self.decision

    def hold(self, held):
        if held:
            self.held.set()

    def is_quiet(self):
        return self.quiet.is_set()

    def start(self, machines, name, act):
        """Start a worker that has these permissions."""
        return machines.start(name, act, decide=self.decide, gate=self)


OVER = Decision(permission=Permission.LEAVE, reason="it works from 20:00 to 06:00")
FULL = Decision(permission=Permission.FINISH, reason="less than 50 GB are free on its disk")


@pytest.mark.parametrize("decision", [OVER, FULL], ids=["hours", "disk"])
def test_a_worker_that_may_not_work_takes_nothing(machines, decision):
    """It says why, leaves the job to others, and takes jobs when it may."""
    permissions = _Permissions(decision)
    resting = permissions.start(machines, "alpha", lambda title, *_: report(title))
    wait_until(lambda: resting.said)
    rows = machines.put("one")
    other = machines.start("beta", lambda title, *_: report(title))
    machines.wait(rows)
    assert ([f"Takes nothing: {decision.reason}."], [], ["one"]) == (resting.said, resting.done, other.done)
    other.worker.stop()
    other.thread.join(DEADLINE_S)
    permissions.decision = WORK
    machines.wait(machines.put("two"))
    assert ["two"] == resting.done


def test_at_the_end_of_its_hours_a_worker_hands_back_after_the_chunk(machines):
    """No job begins anything more; once what had begun is done the job is another machine's, and its report is one."""
    permissions, begun, stopped = _Permissions(), threading.Event(), threading.Event()

    def long(_title, _sink, cancel):
        begun.set()
        with cancel.on_cancel(stopped.set):
            cancel.wait(DEADLINE_S)

    rows = machines.put("one")
    first = permissions.start(machines, "alpha", long)
    assert begun.wait(DEADLINE_S)
    permissions.decision = OVER
    assert permissions.held.wait(DEADLINE_S)
    assert not stopped.is_set()
    permissions.quiet.set()
    assert stopped.wait(DEADLINE_S)
    second = machines.start("beta", lambda title, *_: report(title))
    assert Outcome.DONE is machines.wait(rows)["one"].outcome
    lines = [one.event.text for one in machines.told if isinstance(one.event, LogLine)]
    assert "alpha hands one back." in lines
    assert (["one"], ["one"]) == (first.done, second.done)


def test_a_worker_with_a_full_disk_ends_what_it_has(machines):
    """Too little room takes no job away."""
    permissions, begun, go_on = _Permissions(), threading.Event(), threading.Event()

    def short(title, _sink, _cancel):
        begun.set()
        assert go_on.wait(DEADLINE_S)
        return report(title)

    rows = machines.put("one")
    machine = permissions.start(machines, "alpha", short)
    assert begun.wait(DEADLINE_S)
    permissions.decision = FULL
    wait_until(lambda: f"Takes nothing: {FULL.reason}." in machine.said)
    go_on.set()
    assert Outcome.DONE is machines.wait(rows)["one"].outcome
    assert not permissions.held.is_set()


def test_a_worker_keeps_awake_while_it_has_a_job(machines):
    """It says so at every turn, and lets go at the end."""
    working = []
    begun, go_on = threading.Event(), threading.Event()

    def act(title, _sink, _cancel):
        begun.set()
        assert go_on.wait(DEADLINE_S)
        return report(title)

    machine = machines.start("alpha", act, working=working.append)
    wait_until(lambda: working)
    assert not any(working)
    rows = machines.put("one")
    assert begun.wait(DEADLINE_S)
    wait_until(lambda: working[-1])
    go_on.set()
    machines.wait(rows)
    machine.worker.stop()
    machine.thread.join(DEADLINE_S)
    assert not working[-1]


def test_whoever_waits_hears_why_nobody_takes_a_job(machines):
    """What machines say of themselves, and why each of them declined, is told for the jobs that wait."""
    rows = machines.put("one", "two")
    permissions = _Permissions(OVER)
    error = "This machine has no encoder nvidia."
    permissions.start(machines, "alpha", lambda title, *_: RowResult(report=_failed(title, error), declined=True))
    ids = [row.id for row in rows]
    resting = "one and 1 more wait: no machine takes anything now (alpha: it works from 20:00 to 06:00)."
    wait_until(lambda: machines.jobs.waiting_reasons(ids) == [WaitingReason(job=ids[0], text=resting)])
    permissions.decision = WORK
    declined = f"one and 1 more wait: no connected machine can do this (alpha: {error[:-1]})."
    wait_until(lambda: machines.jobs.waiting_reasons(ids) == [WaitingReason(job=ids[0], text=declined)])
    machines.start("beta", lambda title, *_: report(title))
    wait_until(lambda: machines.jobs.waiting_reasons(ids) == [])


def _failed(title, error):
    return report(title, Outcome.FAILED, error)


def test_a_worker_waits_for_a_server_that_takes_no_changes(machines, queue_server):
    """As while another takes its place (https://github.com/graphile/worker/issues/449); before, it ended."""

    def let(change: str) -> None:
        name = queue_server.database
        queue_server.execute(f"ALTER DATABASE {name} {change}", database="postgres")
        ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
        queue_server.execute(ended, name, database="postgres")

    alpha = machines.start("alpha", lambda title, *_: report(title))
    wait_until(lambda: queue_server.execute("SELECT 1 FROM hls_workers") != [])
    let("SET default_transaction_read_only = on")
    wait_until(lambda: any("read-only" in line for line in alpha.said) or not alpha.thread.is_alive())
    let("RESET default_transaction_read_only")
    wait_until(lambda: "The queue can be reached again." in alpha.said or not alpha.thread.is_alive())
    assert alpha.thread.is_alive()
    assert Outcome.DONE is machines.wait(machines.put("one"))["one"].outcome
