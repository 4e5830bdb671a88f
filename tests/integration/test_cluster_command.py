"""`cluster list` and `cluster cancel`, on one real PostgreSQL."""

from __future__ import annotations

import json
import uuid
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from json_events import problem
from queue_machines import machines_of, report
from store_server import TOKEN, running_server

from cli import convert_cluster
from cli.main import EXIT_DONE, EXIT_FAILED, EXIT_WRONG_USAGE, run_command
from cli.render import renderer
from config import BackendApi, Cluster, Config, Sources
from pipeline.cancel import CancelToken
from pipeline.cluster_adding import add_jobs
from pipeline.engines.procrastinate.database import Database, QueueError
from pipeline.engines.procrastinate.rows import queue_row
from pipeline.engines.procrastinate.stored_files import StoredFiles
from pipeline.engines.procrastinate.submission import JobQueue
from pipeline.errors import Cancelled, SourceError
from pipeline.job import EncoderFamily, EncodingRequest, Job, UploadRequest

STATES = "SELECT j.title, p.status::text FROM hls_jobs j JOIN procrastinate_jobs p ON p.id = j.task ORDER BY p.id"


@pytest.fixture
def call(queue_server, capsys):
    """Return a function that runs an action of `cluster`, and returns its status and what it said."""
    config = replace(Config(), cluster=Cluster(url=queue_server.url))

    def run(*arguments):
        status = run_command(["cluster", *arguments], config)
        said = capsys.readouterr()
        return status, (said.out or said.err).splitlines()

    return run


@pytest.fixture
def put(queue_server):
    """Return a function that puts a video in for a destination, by an encoder, and returns its id."""
    database = Database(queue_server.url)

    def begin(slug, prefix, encoder=EncoderFamily.AUTO):
        job = Job(source=Path(f"/lectures/{slug}.mp4"), output_dir=Path("/out"), slug=slug)
        job = replace(job, upload=UploadRequest(prefix=prefix), encoding=EncodingRequest(encoder=encoder))
        row = queue_row(job, {"lectures": Path("/lectures")})
        JobQueue(database).put([row])
        return row.id

    yield begin
    database.close()


@pytest.fixture
def alpha(queue_server):
    """A worker without a graphics card that is connected."""
    query = "INSERT INTO hls_workers (id, procrastinate_id, machine, version, ffmpeg, tags) VALUES (%s, 1, 'alpha', %s)"
    queue_server.execute(query.replace("%s)", "'1', '9', '{whisper}')"), str(uuid.uuid4()))


def test_an_older_video_for_the_same_destination_is_named(call, put, alpha, queue_server):
    """What waits behind one that nobody can do says so, also to whoever waits, until that one is cancelled."""
    old = put("old", "videos/a/", EncoderFamily.NVIDIA)
    new = put("new", "videos/a/")
    database = Database(queue_server.url)
    ahead = "old was added before, for the same destination, and has not ended:"
    how = f"cancel it in the window that added it, or with `hls-converter cluster cancel {old}`."
    expected = [f"new waits: {ahead} {how}"]
    assert expected == [nobody.text for nobody in JobQueue(database).waiting_reasons([new])]
    status, (_, first, second) = call("list")
    assert EXIT_DONE == status
    assert [str(old), "waits", "old"] == first.split()[:3]
    assert first.endswith("no connected machine can do this: it needs a worker tagged gpu.")
    assert second.endswith(expected[0].removeprefix("new waits: "))
    assert (EXIT_DONE, ["old is cancelled."]) == call("cancel", str(old)[:13])
    assert [] == JobQueue(database).waiting_reasons([new])
    database.close()
    assert [("old", "cancelled"), ("new", "todo")] == queue_server.execute(STATES)


def test_all_are_cancelled(call, put, queue_server):
    """Also those of others, in one go."""
    put("one", "videos/1/")
    put("two", "videos/2/")
    assert (EXIT_DONE, ["one is cancelled.", "two is cancelled."]) == call("cancel", "--all")
    assert (EXIT_DONE, ["Nothing waits or runs."]) == call("cancel", "--all")
    assert (EXIT_DONE, ["Nothing waits or runs."]) == call("list")
    assert [("one", "cancelled"), ("two", "cancelled")] == queue_server.execute(STATES)


def test_jobs_as_json(call, put, alpha):
    """Each is a line, with all that the table shows of it; an empty queue has none."""
    assert (EXIT_DONE, []) == call("list", "--json")
    one = put("one", "videos/1/", EncoderFamily.NVIDIA)
    status, lines = call("list", "--json")
    (told,) = map(json.loads, lines)
    assert "" == problem(told)
    when = datetime.fromisoformat(told.pop("added").replace("Z", "+00:00"))
    expected = {
        **{"event": "cluster_job", "schema": 1, "job": None, "ts": told["ts"], "id": str(one), "kind": "convert"},
        **{"parent": None, "state": "waiting", "slug": "one", "machine": None},
        "text": "no connected machine can do this: it needs a worker tagged gpu.",
    }
    assert (EXIT_DONE, expected, True) == (status, told, datetime.now(timezone.utc) - when < timedelta(minutes=5))


def test_what_is_not_there_cancels_nothing(call, put, queue_server):
    """An ID that is none, and words that name nothing, are refused before anything is cancelled."""
    one = put("one", "videos/1/")
    wrong = "hls-converter: No video that waits or runs has the ID x: see `hls-converter cluster list`."
    assert (EXIT_WRONG_USAGE, [wrong]) == call("cancel", str(one), "x")
    unsaid = "hls-converter: Name the videos to cancel: their IDs as `cluster list` shows them, or --all."
    assert (EXIT_WRONG_USAGE, [unsaid]) == call("cancel")
    assert (EXIT_WRONG_USAGE, [unsaid]) == call("cancel", "--all", str(one))
    assert [("one", "todo")] == queue_server.execute(STATES)


def test_a_cancel_while_jobs_are_added(queue_server, monkeypatch):
    """Takes them out again: whoever pressed Ctrl-C wants none of them."""
    cancel, put = CancelToken(), JobQueue.put
    monkeypatch.setattr(JobQueue, "put", lambda queue, rows: (cancel.cancel(), put(queue, rows))[1])
    upload = UploadRequest(prefix="videos/one/")
    job = Job(source=Path("/lectures/one.mp4"), output_dir=Path("/out"), slug="one", upload=upload)
    config = replace(Config(), sources=Sources(roots={"lectures": Path("/lectures")}))
    with closing(Database(queue_server.url)) as database, pytest.raises(Cancelled):
        add_jobs(database, [job], config, lambda event: None, cancel)
    assert [("one", "cancelled")] == queue_server.execute(STATES)


@pytest.mark.parametrize("how", ["waits", "--detach"])
def test_a_video_that_changes_while_others_are_sent(queue_server, monkeypatch, tmp_path, capsys, how):
    """Fails alone: the others are put in and converted, and its file is not kept in the store."""
    videos = [tmp_path / f"{name}.mp4" for name in ("one", "two", "three")]
    for video in videos:
        video.write_bytes(video.name.encode())
    hold, held = StoredFiles.hold, []

    def change(stored, key, job):
        held.append(job)
        videos[1].write_bytes(b"longer than before")
        return hold(stored, key, job)

    monkeypatch.setattr(StoredFiles, "hold", change)
    arguments = ["convert", *map(str, videos), "-o", str(tmp_path / "out"), "--upload", "videos/"]
    if how == "--detach":
        arguments.append(how)
    with running_server() as server, machines_of(queue_server.url) as machines:
        server.capabilities = {"read": True}
        backend = BackendApi(url=server.url, token=TOKEN)
        config = replace(Config(), cluster=Cluster(url=queue_server.url), backend=backend, data_dir=tmp_path / "data")
        machines.start("alpha", lambda title, sink, cancel: report(title))
        assert EXIT_FAILED == run_command(arguments, config)
    said = capsys.readouterr()
    text = f"hls-converter: {videos[1]} changed before it was sent: wait until it is complete, and start again."
    assert [text] == said.err.splitlines()
    assert [("one",), ("three",)] == queue_server.execute("SELECT title FROM hls_jobs ORDER BY title")
    released = "SELECT job::text FROM hls_stored_files WHERE until <= now()"
    assert [(str(held[1]),)] == queue_server.execute(released)
    if how == "waits":
        outcomes = [line.split()[:2] for line in said.out.splitlines() if line.startswith(("one ", "two ", "three "))]
        assert [["one", "done"], ["two", "failed"], ["three", "done"]] == outcomes


def test_a_video_whose_name_is_not_text(queue_server, tmp_path):
    """It costs its own job alone."""
    config = replace(Config(), sources=Sources(roots={"lectures": Path("/lectures")}))
    jobs = [
        Job(
            source=Path("/lectures") / name,
            output_dir=Path("/out"),
            slug=slug,
            upload=UploadRequest(prefix=f"v/{slug}/"),
        )
        for slug, name in (("one", "le\udce4.mp4"), ("two", "two.mp4"))
    ]
    with closing(Database(queue_server.url)) as database:
        error, added = add_jobs(database, jobs, config, lambda event: None, CancelToken())
    assert r"The name of /lectures/le\udce4.mp4 is not UTF-8" in str(error)
    assert [(added.title, "todo")] == queue_server.execute(STATES)


def test_the_only_video_can_not_be_read(queue_server, tmp_path):
    """It is reported as failed, and the queue stays empty."""
    job = Job(source=tmp_path / "none.mp4", output_dir=Path("/out"), slug="one", upload=UploadRequest(prefix="v/"))
    with closing(Database(queue_server.url)) as database:
        (error,) = add_jobs(database, [job], Config(), lambda event: None, CancelToken())
    assert (SourceError, []) == (type(error), queue_server.execute(STATES))


def test_a_cancel_gives_up_when_the_queue_stays_away(put, queue_server, monkeypatch):
    """After a while it is said that the videos go on, instead of calling them cancelled; of many no ID is named."""
    monkeypatch.setattr(convert_cluster, "CANCEL_S", 0.2)
    titles = {put("one", "videos/1/"): "one"} | {uuid.uuid4(): f"{number}" for number in range(20)}
    queue_server.stop()
    with closing(Database(queue_server.url)) as database, closing(Database(queue_server.url)) as listener:
        waiting = convert_cluster.Waiting(JobQueue(database), listener, titles, renderer(as_json=True))
        waiting.cancel()
        with pytest.raises(QueueError, match=r"^21 videos were NOT cancelled.*cluster cancel ID…` with what `cluster"):
            waiting.reports()
    queue_server.start()
