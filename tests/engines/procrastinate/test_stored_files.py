"""Which files in the backend's store the queue still needs."""

import uuid
from dataclasses import replace

import pytest

from pipeline.engines.procrastinate.rows import TaskKind
from pipeline.engines.procrastinate.stored_files import StoredFiles

VIDEO = "sources/queue/ab-3/one.mp4"


@pytest.fixture
def stored(machines):
    """The files of the queue."""
    return StoredFiles(machines.database)


def test_a_file_is_kept_until_its_last_job_has_ended(stored, machines):
    """Two jobs need one video; while one of them waits or runs it stays, and then it is forgotten."""
    rows = machines.rows("one", "two")
    assert [True, True] == [stored.hold(VIDEO, row.id) for row in rows]
    machines.jobs.put(rows)
    machines.jobs.cancel([rows[0].id])
    assert [] == stored.over()
    machines.jobs.cancel([rows[1].id])
    assert [VIDEO] == stored.over()
    stored.forget(VIDEO)
    assert [] == stored.over()


@pytest.mark.parametrize("way", ["released", "a week later"])
def test_a_file_waits_for_its_job(stored, queue_server, way):
    """What was sent for a job that is not in the queue yet stays for a week, or until it is known not to come."""
    job = uuid.uuid4()
    stored.hold(VIDEO, job)
    assert [] == stored.over()
    if way == "released":
        stored.release([job])
    else:
        queue_server.execute("UPDATE hls_stored_files SET until = until - interval '7 days'")
    assert [VIDEO] == stored.over()


def test_a_file_that_is_being_deleted_is_waited_for(stored, queue_server):
    """Whoever needs it anew hears when it is gone; a deletion that never ended is begun again by the next."""
    first, second = uuid.uuid4(), uuid.uuid4()
    stored.hold(VIDEO, first)
    stored.release([first])
    assert [VIDEO] == stored.over()
    assert ([], False) == (stored.over(), stored.hold(VIDEO, second))
    stored.keep([VIDEO])
    assert [VIDEO] == stored.over()
    queue_server.execute("UPDATE hls_stored_files SET deleting_at = deleting_at - interval '2 minutes'")
    assert [VIDEO] == stored.over()
    stored.forget(VIDEO)
    assert stored.hold(VIDEO, second)
    assert [] == stored.over()


def test_a_late_deletion_forgets_nothing_that_is_needed(stored, queue_server):
    """A file that is needed again since its deletion was given up stays known, whoever says that it is deleted."""
    job = uuid.uuid4()
    stored.hold(VIDEO, job)
    stored.release([job])
    stored.over()
    queue_server.execute("UPDATE hls_stored_files SET deleting_at = deleting_at - interval '2 minutes'")
    assert stored.hold(VIDEO, job)
    stored.forget(VIDEO)
    assert [(VIDEO,)] == queue_server.execute("SELECT key FROM hls_stored_files")


def test_what_a_task_stores_stays_while_its_conversion_runs(stored, machines):
    """A transcript is needed until the conversion that it belongs to has ended, whoever does that by then."""
    (row,) = machines.put("one")
    (speech,) = machines.rows("speech of one")
    machines.jobs.put([replace(speech, parent=row.id, kind=TaskKind.SPEECH, lock=None)])
    stored.hold_for_parent("jobs/1/transcript.json", speech.id)
    machines.jobs.cancel([speech.id])
    assert [] == stored.over()
    machines.jobs.cancel([row.id])
    assert ["jobs/1/transcript.json"] == stored.over()
