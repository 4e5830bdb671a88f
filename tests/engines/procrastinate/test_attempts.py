"""Claims, leases and sweeps: a job is one worker's at a time, whatever the others believe."""

import threading
import uuid
from dataclasses import replace

import psycopg
import pytest
from queue_machines import TIMINGS, report, wait_until
from silent_proxy import running_silent_proxy

from pipeline.engines.engine import TranscriptionProgress
from pipeline.engines.procrastinate.attempts import Attempt, WorkerInfo, WorkerQueue
from pipeline.engines.procrastinate.database import QueueUnreachableError
from pipeline.engines.procrastinate.retries import AttemptOutcome
from pipeline.engines.procrastinate.rows import TaskKind
from pipeline.engines.procrastinate.submission import JobQueue
from pipeline.events import JobFinished, LogLine, PhaseProgress
from pipeline.model import Outcome, PhaseName

STATUS = "SELECT p.status::text FROM procrastinate_jobs p JOIN hls_jobs j ON j.task = p.id WHERE j.id = %s"


@pytest.fixture
def worker(machines):
    """Return a function that makes a worker's side of the queue, without its loop."""

    def make(name="alpha"):
        queue = WorkerQueue(
            machines.connect(), WorkerInfo(machine=name, version="1", ffmpeg="9", tags=("whisper",)), TIMINGS
        )
        queue.register()
        return queue

    return make


@pytest.fixture
def attempt(machines):
    """Return a function that takes the next job for a worker."""

    def begin(queue):
        return Attempt(machines.connect(), queue.claim(), queue.worker, TIMINGS.lease_s)

    return begin


@pytest.fixture
def run_out(queue_server):
    """Return a function that lets every lease run out."""
    return lambda: queue_server.execute("UPDATE hls_attempts SET lease_until = now() - interval '1 second'")


def test_a_job_that_another_version_has_put_in_is_found(machines, queue_server):
    """It waits under another schema, with all that has its default written out, or left out."""
    (row,) = machines.put("one")
    for change in ("'{schema}', '1'", "'{audio}', '{}'"):
        queue_server.execute(
            f"UPDATE procrastinate_jobs SET args = jsonb_set(args, '{{job}}', jsonb_set(args -> 'job', {change}))"
        )
        assert [row.id] == machines.jobs.put(machines.rows("one"))
    assert [row.id] != machines.jobs.put(machines.rows("one", make_mp4=False))


def test_a_job_is_claimed_once(machines, worker):
    """The second who asks gets nothing."""
    machines.put("one")
    one, other = worker(), worker("beta")
    assert one.claim() is not None
    assert other.claim() is None


@pytest.mark.parametrize("ending", [AttemptOutcome.DECLINED, AttemptOutcome.FAILED])
def test_what_a_worker_leaves_to_others_is_found_at_once(machines, worker, attempt, ending):
    """However often the one looks that can't do it; and the first looks on behind it."""
    rows = machines.put("one", "two")
    one, other = worker(), worker("beta")
    attempt(one).end(ending, "No folder for the root archive.")
    assert rows[1].id == one.claim().task.job
    for _ in range(3):
        assert one.claim() is None
    assert rows[0].id == other.claim().task.job


@pytest.mark.parametrize("resting", ["", "it works from 20:00 on"])
def test_a_machine_that_rests_is_not_waited_for(machines, worker, attempt, queue_server, resting):
    """What failed here is tried here again, unless another machine is working that has not tried it."""
    (row,) = machines.put("one")
    one, other = worker(), worker("beta")
    attempt(one).end(AttemptOutcome.FAILED, "It broke.")
    other.beat([], resting=resting)
    queue_server.execute("UPDATE hls_attempts SET ended_at = now() - interval '2 minutes'")
    taken = one.claim()
    assert (row.id if resting else None) == (None if taken is None else taken.task.job)


def test_what_is_away_for_one_machine_is_tried_by_another(machines, worker, attempt, queue_server):
    """The one that can't reach the backend tries later each time, and puts nobody else off for longer."""
    (row,) = machines.put("one")
    one, other = worker(), worker("beta")
    for _ in range(2):
        attempt(one).end(AttemptOutcome.UNREACHABLE, "No route to the backend.")
        assert other.claim() is None
        queue_server.execute("UPDATE procrastinate_jobs SET scheduled_at = scheduled_at - interval '31 seconds'")
        queue_server.execute("UPDATE hls_attempts SET ended_at = ended_at - interval '31 seconds'")
    assert one.claim() is None
    assert row.id == other.claim().task.job


def test_many_ask_at_a_time(machines, worker):
    """Of several who ask in the same moment each gets another job."""
    rows = machines.put(*(f"job{number}" for number in range(8)))
    queues = [worker(f"m{number}") for number in range(8)]
    start, got = threading.Barrier(8), []

    def ask(queue):
        start.wait()
        got.append(queue.claim())

    threads = [threading.Thread(target=ask, args=(queue,)) for queue in queues]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {row.id for row in rows} == {claimed.task.job for claimed in got}


def test_a_network_that_goes_within_a_transaction(machines, worker, attempt, run_out, queue_server):
    """The server soon lets go of what the transaction had locked, so that another takes the job."""
    machines.put("one")
    attempt(worker())
    run_out()
    with running_silent_proxy(queue_server.port) as proxy:
        through = queue_server.url.replace(str(queue_server.port), str(proxy.port))
        cut_off = machines.connect(through, answer_s=1.0)
        with pytest.raises(QueueUnreachableError), cut_off.transaction() as cursor:
            cursor.execute("SELECT 1 FROM hls_attempts FOR UPDATE")
            proxy.open.clear()
            cursor.execute("SELECT 1")
        other = worker("beta")

        def takes_it():
            other.sweep()
            return other.claim()

        wait_until(takes_it)


def test_a_network_that_goes_before_the_first_statement(machines, queue_server, monkeypatch):
    """A wait for the answer ends there too."""
    with running_silent_proxy(queue_server.port) as proxy:

        def opened(*where, open_=psycopg.connect, **options):
            connection = open_(*where, **options)
            proxy.open.clear()
            return connection

        monkeypatch.setattr(psycopg, "connect", opened)
        through = queue_server.url.replace(str(queue_server.port), str(proxy.port))
        with pytest.raises(QueueUnreachableError), machines.connect(through, answer_s=0.1).transaction():
            raise AssertionError


def test_thousands_that_wait_slow_nothing(machines, worker, queue_server):
    """The next job is found by an index, also where the database has not counted yet how many there are."""
    (row,) = machines.put("one")
    queue_server.execute(
        "INSERT INTO procrastinate_jobs (queue_name, task_name, lock)"
        " SELECT 'convert', 'convert', 'upload to ' || number FROM generate_series(1, 10000) AS number"
    )
    assert row.id == worker().claim().task.job


def test_one_destination_is_written_by_one_job_at_a_time(machines, worker):
    """The second job for the same folder on the server waits for the first."""
    machines.put("one", "one")
    one, other = worker(), worker("beta")
    first = one.claim()
    assert other.claim() is None
    Attempt(machines.connect(), first, one.worker, 2).end(AttemptOutcome.DONE)
    assert other.claim() is not None


def test_a_heartbeat_keeps_a_job(machines, worker, attempt, run_out):
    """A job whose worker tells that it lives is not swept, even where the lease had run out before."""
    machines.put("one")
    one, other = worker(), worker("beta")
    held = attempt(one)
    run_out()
    assert held.claimed.claim in one.beat([held.claimed.claim]).held
    other.sweep()
    assert held.is_mine()


def test_a_silent_workers_job_is_anothers(machines, worker, attempt, run_out, queue_server):
    """When the first wakes up, it hears that the job is not its own, and can neither tell nor end anything."""
    (row,) = machines.put("one")
    one, other = worker(), worker("beta")
    lost = attempt(one)
    run_out()
    other.sweep()
    taken = attempt(other)
    assert row.id == taken.claimed.task.job
    assert 2 == taken.claimed.attempt
    assert frozenset() == one.beat([lost.claimed.claim]).held
    assert not lost.is_mine()
    assert not lost.send([LogLine(job="one", text="too late")])
    assert not lost.end(AttemptOutcome.DONE, events=[JobFinished(report=report("one"))])
    assert [("doing",)] == queue_server.execute(STATUS, row.id)
    assert taken.end(AttemptOutcome.DONE)
    assert [("succeeded",)] == queue_server.execute(STATUS, row.id)


def test_a_worker_that_is_off_the_list_loses_its_job(machines, worker, attempt, run_out, queue_server):
    """Also where Procrastinate's list was cleared of the worker first, its job is found and done by another.

    https://github.com/procrastinate-org/procrastinate/issues/1518
    """
    machines.put("one")
    one, other = worker(), worker("beta")
    attempt(one)
    run_out()
    queue_server.execute("DELETE FROM procrastinate_workers WHERE id <> (SELECT max(id) FROM procrastinate_workers)")
    other.sweep()
    assert other.claim() is not None


def test_a_worker_that_was_believed_dead_works_again(machines, worker, queue_server):
    """One that is off the list registers anew at its next heartbeat or claim."""
    one = worker()
    for again in (lambda: one.beat([]), one.claim):
        queue_server.execute("DELETE FROM procrastinate_workers")
        queue_server.execute("DELETE FROM hls_workers")
        machines.put(f"job-{uuid.uuid4().hex}")
        again()
        assert one.claim() is not None
        assert [("alpha",)] == queue_server.execute("SELECT machine FROM hls_workers")


def test_an_end_that_got_no_answer_counts_once(machines, worker, attempt):
    """Ending the same attempt again says that it is ended, and tells nothing twice."""
    (row,) = machines.put("one")
    held = attempt(worker())
    finished = [JobFinished(report=report("one"))]
    assert held.end(AttemptOutcome.DONE, events=finished)
    assert held.end(AttemptOutcome.DONE, events=finished)
    assert not held.end(AttemptOutcome.FAILED)
    assert 1 == len(machines.jobs.news([row.id]))


def test_machines_that_vanish_with_a_job_are_believed_a_few_times(machines, worker, attempt, run_out, queue_server):
    """A machine that sleeps is no fault of the job's; six of them are."""
    (row,) = machines.put("one")
    one = worker()
    for _ in range(6):
        attempt(one)
        run_out()
        one.sweep()
    assert [("failed",)] == queue_server.execute(STATUS, row.id)
    (last,) = [told.event for told in machines.jobs.news([row.id]) if isinstance(told.event, JobFinished)]
    assert last.report.error.startswith("one failed 6 times and is given up (alpha: no heartbeat came any more;")


def test_a_machine_that_failed_tries_again_later(machines, worker, queue_server):
    """Each time after a longer while, so that a drive that is away for a moment costs no video its three attempts."""
    machines.put("one")
    one = worker()
    one.timings = replace(one.timings, retry_s=60.0)
    for pause_s in (60, 120):
        Attempt(machines.connect(), one.claim(), one.worker, 2).end(AttemptOutcome.FAILED, "It broke.")
        for more_s, found in ((-5, False), (5, True)):
            ago = f"now() - interval '{pause_s + more_s} seconds'"
            queue_server.execute(f"UPDATE hls_attempts SET ended_at = {ago}")
            queue_server.execute("UPDATE procrastinate_jobs SET scheduled_at = NULL")
            held = one.claim()
            assert found == (held is not None)
        Attempt(machines.connect(), held, one.worker, 2).end(AttemptOutcome.HANDED_BACK)


def test_with_a_conversion_ends_what_it_wanted(machines, worker, attempt, queue_server):
    """A transcription that still waits when its conversion is over is heard by nobody."""
    (row,) = machines.put("one")
    held = attempt(worker())
    (speech,) = machines.rows("speech of one")
    machines.jobs.put([replace(speech, parent=row.id, kind=TaskKind.SPEECH, lock=None)])
    assert held.end(AttemptOutcome.REFUSED, "No such quality.")
    assert [("cancelled",)] == queue_server.execute(STATUS, speech.id)


def test_what_is_over_is_forgotten(machines, worker, attempt, queue_server):
    """Progress and transcripts go with the end of a job, which is told all the same; the rest goes after 30 days."""
    rows = machines.put("one", "two")
    held = attempt(worker())
    (speech,) = machines.rows("speech of one")
    machines.jobs.put([replace(speech, parent=rows[0].id, kind=TaskKind.SPEECH, lock=None)])
    queue_server.execute("INSERT INTO hls_results VALUES (%s, '{}')", speech.id)
    half = PhaseProgress(job="one", phase=PhaseName.HLS, fraction=0.5, overall=0.5)
    held.send([LogLine(job="one", text="begun"), half])
    assert 2 == len(machines.jobs.news([rows[0].id]))
    held.end(AttemptOutcome.DONE, events=[JobFinished(report=report("one"))])
    assert [JobFinished] == [type(told.event) for told in machines.jobs.news([rows[0].id])]
    counts = "SELECT (SELECT count(*) FROM hls_job_events), (SELECT count(*) FROM hls_results)"
    assert [(2, 0)] == queue_server.execute(counts)
    for days, left in ((29, {rows[0].id, rows[1].id, speech.id}), (31, {rows[1].id})):
        ago = f"now() - interval '{days} days'"
        queue_server.execute(f"UPDATE hls_jobs SET put_at = {ago}")
        queue_server.execute(f"UPDATE hls_attempts SET ended_at = {ago}")
        worker("beta").delete_old()
        assert left == {job for (job,) in queue_server.execute("SELECT id FROM hls_jobs")}
    assert [(1,)] == queue_server.execute("SELECT count(*) FROM procrastinate_jobs")


def test_what_no_database_keeps_ends_an_attempt_too(machines, worker, attempt, queue_server):
    """A null character, or a name that is no UTF-8, is told by its code in the log, as a question mark elsewhere."""
    (row,) = machines.put("one")
    held, text = attempt(worker()), "a\0b\udce4c"
    assert held.send([LogLine(job="one", text=text)])
    assert held.end(
        AttemptOutcome.REFUSED, text, [JobFinished(report=report("one", Outcome.FAILED, text))], {"said": [text]}
    )
    line, last = (told.event for told in machines.jobs.news([row.id]))
    assert (r"a\x00b\udce4c", "a?b?c") == (line.text, last.report.error)
    assert [("a?b?c",)] == queue_server.execute("SELECT error FROM hls_attempts")
    assert [({"said": ["a?b?c"]},)] == queue_server.execute("SELECT result FROM hls_results")


def test_what_was_told_of_a_transcription_stays_while_its_conversion_runs(machines, worker, attempt):
    """The machine that waits for it reads its progress also when it has ended meanwhile."""
    (row,) = machines.put("one")
    conversion = attempt(worker())
    (speech,) = machines.rows("speech of one")
    speech = replace(speech, parent=row.id, kind=TaskKind.SPEECH, lock=None)
    machines.jobs.put([speech])
    hearing = attempt(worker("beta"))
    hearing.send([TranscriptionProgress(fraction=0.5)])
    hearing.end(AttemptOutcome.DONE, events=[JobFinished(report=report("one"))])
    told = [type(one.event) for one in JobQueue(machines.database).news([speech.id])]
    assert [TranscriptionProgress, JobFinished] == told
    conversion.end(AttemptOutcome.DONE, events=[JobFinished(report=report("one"))])
    assert [JobFinished] == [type(one.event) for one in JobQueue(machines.database).news([speech.id])]


def test_a_cancelled_job_whose_machine_vanished_is_over(machines, worker, attempt, run_out, queue_server):
    """It is not given to another machine, and whoever waits hears that it is cancelled."""
    (row,) = machines.put("one")
    one = worker()
    attempt(one)
    machines.jobs.cancel([row.id])
    run_out()
    one.sweep()
    assert [("aborted",)] == queue_server.execute(STATUS, row.id)
    assert "cancelled" == machines.wait([row])["one"].outcome.value
