"""What one machine has made goes to another through the backend's store."""

from __future__ import annotations

import json
import uuid
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from store_server import TOKEN, Fault, running_server

from config import BackendApi
from pipeline.cancel import CancelToken
from pipeline.cluster_results import ResultSender, fetch_result
from pipeline.cluster_speech import Transcriber
from pipeline.engines.procrastinate.database import Database
from pipeline.engines.procrastinate.rows import SpeechWork, TaskKind, queue_row
from pipeline.engines.procrastinate.stored_result import stored_from_json
from pipeline.engines.procrastinate.submission import JobQueue
from pipeline.errors import AuthenticationError, TransferError
from pipeline.job import Job, UploadRequest
from pipeline.transfer.http import connecting
from pipeline.transfer.http.control import TransferControl
from pipeline.transfer.http.patience import Patience
from pipeline.transfer.http.recovery import TransferRecovery
from pipeline.transfer.http.retry import may_pass

RESULT = {"schema": 3, "kind": "transcription", "text": "Größe"}


@pytest.fixture
def server():
    """Backend and store on loopback; what is in the store can be read through the backend."""
    with running_server() as running:
        running.capabilities = {"read": True}
        yield running


@pytest.fixture
def sender(server, queue_server, tmp_path):
    """What sends the results of a transcription, whose conversion waits."""
    upload = UploadRequest(prefix="videos/one/")
    job = Job(source=Path("/lectures/one.mp4"), output_dir=tmp_path, slug="one", upload=upload)
    row = queue_row(job, {"lectures": Path("/lectures")})
    speech = replace(queue_row(job, {"lectures": Path("/lectures")}), parent=row.id, kind=TaskKind.SPEECH, lock=None)
    with closing(Database(queue_server.url)) as database:
        queue = JobQueue(database)
        queue.put([row])
        queue.put_again(speech)
    return ResultSender(
        backend=BackendApi(url=server.url, token=TOKEN),
        connect=lambda: Database(queue_server.url),
        job=speech.id,
        folder=tmp_path,
        control=TransferControl(),
    )


def test_the_queue_holds_where_it_lies(sender, server, queue_server):
    """No more than key, size and hash are in the row: neither the result nor a secret is; the other machine gets it."""
    row = sender.put(RESULT, "transcript", CancelToken())
    stored = stored_from_json(row)
    assert f"jobs/{sender.job}/transcript-{stored.sha256[:16]}.json" == stored.key
    assert {"schema": 1, "stored": {"key": stored.key, "size_bytes": stored.size_bytes, "sha256": stored.sha256}} == row
    assert RESULT == json.loads(fetch_result(sender.backend, stored, CancelToken()))
    assert [(stored.key,)] == queue_server.execute(
        "SELECT s.key FROM hls_stored_files s JOIN hls_jobs j ON j.parent = s.job"
    )
    assert [stored.key] == list(server.stored)


def test_a_store_that_nobody_can_read_gets_nothing(sender, server):
    """The result is in the row then, as earlier versions have it."""
    server.capabilities = {}
    assert (RESULT, None, {}) == (row := sender.put(RESULT, "t", CancelToken()), stored_from_json(row), server.stored)


def test_a_store_that_goes_away_is_not_waited_for_without_end(sender, server, monkeypatch):
    """When patience is over, the video goes back into the queue: later the store may be there."""
    stored = stored_from_json(sender.put(RESULT, "transcript", CancelToken()))
    real, pauses, cancel = connecting.connect, [], CancelToken()
    for one in (Patience, TransferRecovery):
        monkeypatch.setitem(one.__init__.__kwdefaults__, "clock", lambda: sum(pauses))

    def connect(*arguments, **more):
        if server.reads:
            raise OSError(101, "Network is unreachable")
        return real(*arguments, **more)

    monkeypatch.setattr(connecting, "connect", connect)
    cancel.wait = pauses.append
    server.read_faults[stored.key].append(Fault(close=True))
    with pytest.raises(TransferError) as failed:
        fetch_result(replace(sender.backend, patience_s=60.0), stored, cancel)
    assert (True, True) == (may_pass(failed.value), len(pauses) > 3)


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "is not in the backend's store any more"), (b"{}", "as it was sent"), (b"x" * 65, "as it was sent")],
    ids=["gone", "another size", "other bytes"],
)
def test_what_is_not_as_it_was_sent_is_refused(sender, server, content, said):
    """What is gone, or was changed in the store, is no result."""
    stored = stored_from_json(sender.put(RESULT, "transcript", CancelToken()))
    assert 65 == stored.size_bytes
    server.stored.pop(stored.key)
    if content is not None:
        server.stored[stored.key] = content
    with pytest.raises(TransferError, match=f"{said}: put the video in again"):
        fetch_result(sender.backend, stored, CancelToken())


def test_a_right_that_is_missing_is_known_before_the_work(sender, queue_server, tmp_path):
    """The transcription is left to another machine, and what to do is said."""
    name = f"worker_{uuid.uuid4().hex}"
    queue_server.execute(f"CREATE ROLE {name} LOGIN")
    url = queue_server.url.replace("postgres@", f"{name}@")
    without = replace(sender, connect=lambda: Database(url))
    work = SpeechWork(task=None, source=Path("/lectures/one.mp4"), model="tiny")
    result = Transcriber(whisper=None, turn=None, sender=without).transcribe(
        work, "one", tmp_path, lambda _event: None, CancelToken()
    )
    queue_server.execute(f"DROP ROLE {name}")
    assert result.declined
    assert result.report.error.endswith("as its owner, run `hls-converter cluster init --grant USER`.")


def test_a_store_that_nobody_can_read_needs_no_right(sender, server):
    """Nothing is noted of what is not sent there."""
    server.capabilities = {}
    assert replace(sender, connect=None).check(CancelToken()) is None


def test_a_token_that_is_not_taken_is_known_before_the_work(sender):
    """A machine that could not send what it makes need not make it; a backend that is away may be back by then."""
    with pytest.raises(AuthenticationError):
        replace(sender, backend=replace(sender.backend, token="another")).check(CancelToken())
    sender.check(CancelToken())
    assert replace(sender, backend=replace(sender.backend, url="http://127.0.0.1:9")).check(CancelToken()) is None
