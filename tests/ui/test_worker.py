"""The thread behind Start, without a window."""

from __future__ import annotations

import queue
import threading
from dataclasses import replace

import pytest
from ui_fakes import CONFIGURED, DEADLINE_S, FakeServices, HaltedStep, media_info

from config import Config
from pipeline.errors import DestinationTakenError, OutputError, Problem, Setting, SettingsError, SourceError
from pipeline.events import JobFinished
from pipeline.job import Existing
from pipeline.model import Outcome
from pipeline.preflight_answers import DestinationTaken, ReplaceFolder, ResumeUpload
from pipeline.transfer.upload.earlier_upload import PreviousUpload
from ui.controller import answered
from ui.job_form import FormValues
from ui.messages import (
    BannerAnswer,
    JobStarted,
    ModelsKnown,
    StartCancelled,
)
from ui.worker import JobWorker, ask

TAKEN = DestinationTakenError(
    prefix="lesson01/", title="Lesson 01", same_name=False, last_synced="2026-11-27T10:00:00Z"
)
GOOD = FormValues(
    source="/videos/lesson01.mp4", output_dir="/out", qualities=("720p",), upload=True, destination="videos/"
)


class Inbox:
    """Takes what a thread posts and waits for the next."""

    def __init__(self) -> None:
        self._messages: queue.SimpleQueue[object] = queue.SimpleQueue()
        self.post = self._messages.put

    def next(self):
        """Return the next message."""
        return self._messages.get(timeout=DEADLINE_S)

    def until(self, kind):
        """Return the next message of a kind, letting others pass."""
        while not isinstance(message := self.next(), kind):
            continue
        return message


def begin(services: FakeServices, values: FormValues = GOOD, config: Config = CONFIGURED) -> tuple[JobWorker, Inbox]:
    """Press Start."""
    inbox = Inbox()
    worker = JobWorker(services, inbox.post)
    worker.begin(values, config)
    return worker, inbox


def test_a_good_job_runs():
    """A form without problems becomes a plan, which is run with the configuration, off the caller's thread."""
    services = FakeServices()
    _, inbox = begin(services)
    assert isinstance(inbox.next(), JobStarted)
    assert Outcome.DONE is inbox.until(JobFinished).report.outcome
    assert ("720p",) == services.plans[0].job.qualities
    assert [CONFIGURED] == services.configs
    assert {"job"} == services.threads


def test_all_problems_come_at_once():
    """Configuration, form, upload and source are looked at together."""
    services = FakeServices(
        media=SourceError("lesson01.mp4 is empty."),
        problems=(Problem(text="S3 destination must not start with /.", setting=Setting.DESTINATION),),
    )
    config = replace(CONFIGURED, problems=("STORAGE_TYPE must be LOCAL or S3.",))
    _, inbox = begin(services, replace(GOOD, output_dir=""), config)
    problems = inbox.next().problems
    assert [None, Setting.OUTPUT, Setting.DESTINATION, Setting.SOURCE] == [problem.setting for problem in problems]
    assert "lesson01.mp4 is empty." == problems[-1].text


@pytest.mark.parametrize(
    ("error", "problems"),
    [
        (
            SettingsError(["One.", Problem(text="Two.", setting=Setting.ENCODER)]),
            [Problem(text="One."), Problem(text="Two.", setting=Setting.ENCODER)],
        ),
        (
            OutputError("The folder can't be written."),
            [Problem(text="The folder can't be written.", setting=Setting.OUTPUT)],
        ),
    ],
    ids=["several", "one"],
)
def test_a_plan_that_can_not_be_made_is_refused(error, problems):
    """Problems of the pipeline arrive as they are, each with its setting; nothing runs."""
    services = FakeServices(plan_error=error)
    _, inbox = begin(services)
    assert (problems, []) == ([*inbox.next().problems], services.plans)


def test_audio_alone_needs_no_quality():
    """Ticks for qualities mean nothing where there is no video."""
    services = FakeServices(media=replace(media_info(), video=None))
    _, inbox = begin(services, replace(GOOD, qualities=()))
    assert Outcome.DONE is inbox.until(JobFinished).report.outcome


def test_an_unforeseen_error_is_a_sentence(caplog):
    """A mistake in the program ends the attempt with a sentence, and its trace goes to the program's log."""
    _, inbox = begin(FakeServices(plan_error=ZeroDivisionError("division by zero")))
    text = inbox.next().problems[0].text
    assert "Something unexpected went wrong (ZeroDivisionError: division by zero). Please try again." == text
    assert "Traceback" in caplog.text


def test_an_unfinished_upload_is_asked_about():
    """Nothing runs before somebody decided."""
    services = FakeServices(previous=PreviousUpload(files_done=12, files_total=45))
    _, inbox = begin(services)
    question = inbox.next()
    assert isinstance(question, ResumeUpload)
    assert (12, 45, []) == (question.files_done, question.files_total, services.plans)


def test_another_output_folder_is_asked_about():
    """Nothing is replaced without a word."""
    services = FakeServices(conflict="/out/lesson01 was made from another source.")
    _, inbox = begin(services)
    question = inbox.next()
    assert isinstance(question, ReplaceFolder)
    assert "/out/lesson01 was made from another source." == question.reason
    assert [] == services.plans


@pytest.mark.parametrize(
    "existing", [Existing.RESUME, Existing.UPLOAD_AGAIN, Existing.FRESH], ids=lambda value: value.value
)
def test_the_answer_goes_into_the_job(existing):
    """The plan that was asked about runs as answered, and nothing is asked twice."""
    services = FakeServices(previous=PreviousUpload(files_done=12, files_total=45))
    worker, inbox = begin(services)
    plan = inbox.next().plan
    worker.go_on(replace(plan, job=replace(plan.job, existing=existing)), CONFIGURED)
    inbox.until(JobFinished)
    assert [existing] == [plan.job.existing for plan in services.plans]


def test_another_videos_destination_is_asked_about():
    """After all that concerns this computer; nothing runs before somebody decided."""
    services = FakeServices(taken=TAKEN, conflict="/out/lesson01 was made from another source.")
    worker, inbox = begin(services)
    plan = inbox.next().plan
    worker.go_on(replace(plan, job=replace(plan.job, existing=Existing.FRESH)), CONFIGURED)
    question = inbox.next()
    assert isinstance(question, DestinationTaken)
    assert ("lesson01/", "Lesson 01", False, "2026-11-27T10:00:00Z") == (
        question.prefix,
        question.title,
        question.same_name,
        question.last_synced,
    )
    assert (Existing.FRESH, []) == (question.plan.job.existing, services.plans)
    worker.go_on(replace(plan, job=answered(question.plan.job, BannerAnswer.REPLACE_STREAM)), CONFIGURED)
    inbox.until(JobFinished)
    assert [(Existing.FRESH, True)] == [(plan.job.existing, plan.job.upload.replace) for plan in services.plans]


def test_a_video_that_is_not_known_yet_gets_a_folder_of_its_own():
    """Enter right after its name was typed: the field still shows the base."""
    services = FakeServices()
    _, inbox = begin(services, replace(GOOD, suggested_from=None))
    inbox.until(JobFinished)
    assert ["videos/lesson01/"] == [plan.job.upload.prefix for plan in services.plans]


def test_cancel_before_the_job_begins():
    """A job that is taken back while its source is read never starts."""
    reading, go_on = threading.Event(), threading.Event()

    class SlowSource(FakeServices):
        def describe_source(self, video, config):
            reading.set()
            assert go_on.wait(DEADLINE_S)
            return media_info(video.source)

    services = SlowSource()
    worker, inbox = begin(services)
    assert reading.wait(DEADLINE_S)
    worker.cancel()
    go_on.set()
    assert isinstance(inbox.next(), StartCancelled)
    assert [] == services.plans


def test_cancel_reaches_the_job():
    """A job on its way hears of a cancel, and its thread ends."""
    stage = HaltedStep()
    worker, inbox = begin(FakeServices(run=lambda plan, sink, cancel: stage.hold(cancel)))
    stage.wait_until_reached()
    assert worker.busy
    worker.cancel()
    assert Outcome.CANCELLED is inbox.until(JobFinished).report.outcome
    worker.join(DEADLINE_S)
    assert not worker.busy


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (SourceError("lesson01.mp4 is empty."), "lesson01.mp4 is empty."),
        (KeyError("x"), "Something unexpected went wrong (KeyError: 'x'). Please try again."),
    ],
    ids=["foreseen", "unforeseen"],
)
def test_a_question_of_a_moment_always_has_an_answer(error, text):
    """Whatever goes wrong in the thread is posted as a sentence."""
    inbox = Inbox()

    def question():
        raise error

    ask("test", question, lambda reason: ModelsKnown(names=(reason,)), inbox.post).join(DEADLINE_S)
    assert ModelsKnown(names=(text,)) == inbox.next()


def test_a_dataset_that_can_not_be_had():
    """Is refused before the job begins, beside its own field; a job without a transcript has no use for it."""
    sentence = "Nothing is stored under s3://course/talks.json: check the address."
    services = FakeServices(dataset_error=SettingsError(sentence))
    wanted = replace(GOOD, dataset="s3://course/talks.json")
    _, inbox = begin(services, wanted)
    assert (Problem(text=sentence, setting=Setting.DATASET),) == inbox.next().problems
    _, inbox = begin(services, replace(wanted, transcribe=False))
    inbox.until(JobFinished)
    assert [None] == [plan.job.dataset for plan in services.plans]
