"""A machine without Whisper lets another transcribe."""

import json
import threading

import pytest
from queue_machines import DEADLINE_S, report, wait_until

from pipeline.engines.engine import TranscriptionProgress
from pipeline.engines.procrastinate.connected import why_not_taken
from pipeline.engines.procrastinate.running_job import RowResult
from pipeline.engines.procrastinate.speech import QueuedSpeechEngine
from pipeline.engines.procrastinate.stored_result import StoredResult, stored_to_json
from pipeline.engines.procrastinate.submission import WaitingReason
from pipeline.engines.task_codec import result_to_json
from pipeline.engines.tasks import ModelReference, SourceReference, TranscriptionTask
from pipeline.errors import Cancelled, SpeechError
from pipeline.fingerprint import Fingerprint
from pipeline.model import Outcome
from pipeline.speech.transcript import Segment, Transcript

TASK = TranscriptionTask(
    source=SourceReference(name="one.mp4", content=Fingerprint(size_bytes=1, sha256_head_tail="ab")),
    model=ModelReference(name="base", is_folder=False),
    language=None,
    track=1,
    offset_s=0.0,
    limit_s=None,
)
HEARD = Transcript(
    language="en",
    language_probability=0.9,
    duration_s=1.0,
    segments=(Segment(start_s=0.0, end_s=1.0, text="Welcome."),),
)


@pytest.fixture
def parent(machines):
    """A conversion that needs a transcript; nobody takes it."""
    (row,) = machines.put("one")
    return row.id


@pytest.fixture
def submit(machines, parent):
    """Return a function that hands a transcription to others, as the conversion's machine does."""

    def begin(listen=lambda _event: None, fetch=None):
        engine = QueuedSpeechEngine(
            None,
            machines.connect,
            source="root:lectures/one.mp4",
            model="base",
            parent=parent,
            title="one",
            fetch=fetch,
        )
        return engine.submit_transcription(TASK, None, listen)

    return begin


@pytest.fixture
def speech_queue(machines):
    """Return a function that starts a worker which takes transcriptions alone."""

    def start(act):
        machine = machines.start("gpu-box", act)
        machine.queue._queues = ["speech+whisper"]
        return machine

    return start


def heard(title, sink, _cancel):
    """Transcribe at once."""
    sink(TranscriptionProgress(fraction=0.5))
    return RowResult(report=report(title), result=result_to_json(HEARD))


def test_the_transcript_comes_back(submit, speech_queue):
    """What another machine has heard is the result, and its progress is told."""
    told = []
    speech_queue(heard)
    assert HEARD == submit(told.append).result()
    assert [TranscriptionProgress(fraction=0.5)] == told


def test_it_is_heard_once(submit, speech_queue):
    """A conversion that is done again by another machine gets the transcript that is there.

    Also where that is in the queue, as versions before have it, and the machine could fetch it from the store.
    """
    machine = speech_queue(heard)
    assert HEARD == submit().result()
    assert HEARD == submit(fetch=lambda *_: pytest.fail("it is in the queue")).result()
    assert ["one"] == machine.done


def test_what_lies_in_the_store_is_fetched(submit, speech_queue, queue_server):
    """The row says that it may lie there, and holds no more than where it is; without that all comes through it."""
    stored = StoredResult(key="jobs/1/transcript.json", size_bytes=3, sha256="ab")
    speech_queue(lambda title, *_: RowResult(report=report(title), result=stored_to_json(stored)))
    asked = []

    def fetch(what, _cancel):
        asked.append(what)
        return json.dumps(result_to_json(HEARD)).encode()

    assert (HEARD, [stored]) == (submit(fetch=fetch).result(), asked)
    query = "SELECT args->'speech'->'to_store' FROM procrastinate_jobs WHERE queue_name = 'speech+whisper'"
    assert [(True,)] == queue_server.execute(query)
    with pytest.raises(SpeechError, match="is in the backend's store: set BACKEND_URL and AUTH_TOKEN"):
        submit().result()


def test_a_failure_is_the_conversions(submit, speech_queue):
    """After three attempts the conversion fails with what was wrong."""
    speech_queue(lambda title, *_: report(title, Outcome.FAILED, "The model is damaged."))
    with pytest.raises(SpeechError, match=r"failed 3 times and is given up .*The model is damaged"):
        submit().result()


def test_a_failed_one_may_be_tried_again(submit, speech_queue):
    """A conversion that is tried again is not bound to the failure, and what is heard then is heard once."""
    broken = [True]

    def act(title, sink, cancel):
        return report(title, Outcome.FAILED, "No.", wrong=True) if broken[0] else heard(title, sink, cancel)

    machine = speech_queue(act)
    with pytest.raises(SpeechError, match="No"):
        submit().result()
    broken[0] = False
    assert HEARD == submit().result()
    assert HEARD == submit().result()
    assert ["one", "one"] == machine.done


@pytest.mark.parametrize("way", ["while it is heard", "before it is put in"])
def test_cancel(submit, speech_queue, machines, parent, way):
    """Cancelling the conversion that it belongs to ends it on the machine that hears."""
    begun, ended = threading.Event(), threading.Event()

    def act(_title, _sink, cancel):
        with cancel.on_cancel(ended.set):
            begun.set()
            cancel.wait(DEADLINE_S)

    speech_queue(act)
    running = submit()
    if way == "before it is put in":
        machines.jobs.cancel([parent])

    def cancel():
        assert begun.wait(DEADLINE_S)
        if way == "while it is heard":
            machines.jobs.cancel([parent])
        else:  # its machine hears of it only now
            running.cancel()

    thread = threading.Thread(target=cancel)
    thread.start()
    with pytest.raises(Cancelled):
        running.result()
    thread.join()
    assert ended.wait(DEADLINE_S)


def test_a_conversion_that_is_handed_back_loses_no_transcription(submit, speech_queue, queue_server):
    """What another machine hears for it goes on, and is the result on the machine that has the conversion next."""
    begun, go_on = threading.Event(), threading.Event()

    def act(title, sink, cancel):
        begun.set()
        with cancel.on_cancel(go_on.set):
            assert go_on.wait(DEADLINE_S)
        cancel.check()
        return heard(title, sink, cancel)

    machine = speech_queue(act)
    running = submit()

    def hand_back():
        assert begun.wait(DEADLINE_S)
        running.cancel()

    thread = threading.Thread(target=hand_back)
    thread.start()
    with pytest.raises(Cancelled):
        running.result()
    thread.join()
    query = "SELECT status::text, abort_requested FROM procrastinate_jobs WHERE queue_name = 'speech+whisper'"
    assert [("doing", False)] == queue_server.execute(query)
    again = submit()
    go_on.set()
    assert HEARD == again.result()
    assert ["one"] == machine.done


def test_what_nobody_can_do_is_said(machines, submit, parent):
    """Jobs that wait for a machine that is not connected are named, with what it needs."""
    nobody = WaitingReason(job=parent, text=f"one waits: {why_not_taken((), (), {})}")
    assert [nobody] == machines.jobs.waiting_reasons([parent])
    begun = threading.Event()

    def act(title, _sink, cancel):
        begun.set()
        cancel.wait(DEADLINE_S)

    machines.start("alpha", act, tags=())
    assert begun.wait(DEADLINE_S)
    assert [] == machines.jobs.waiting_reasons([parent])
    running = submit()

    def wait_for_it():
        with pytest.raises(Cancelled):
            running.result()

    thread = threading.Thread(target=wait_for_it)
    thread.start()
    text = "one waits: no connected machine can do this: it needs a worker tagged whisper."
    wait_until(lambda: machines.jobs.waiting_reasons([parent]) == [WaitingReason(job=parent, text=text)])
    running.cancel()
    thread.join()
