"""What stands against a job before it starts: one answer, and of several questions the first."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from step_facts import ENCODED
from store_server import TOKEN, running_server
from upload_parts import FOLDER, PREFIX, write_folder

from config import BackendApi, Config
from pipeline import wiring
from pipeline.cancel import CancelToken
from pipeline.errors import Cancelled, Problem, Setting
from pipeline.facts import PackageFacts
from pipeline.job import Existing, UploadJob, UploadRequest
from pipeline.model import Outcome
from pipeline.output_settings import output_settings
from pipeline.plan import make_plan
from pipeline.preflight import check_job, check_plan, check_upload
from pipeline.preflight_answers import DestinationTaken, Ready, Refused, ReplaceFolder, ResumeUpload
from pipeline.transfer.upload.journal import JOURNAL_FILE
from pipeline.workspace import Workspace

OTHER = "Other lesson"


@pytest.fixture
def server():
    """Backend and store on loopback; what is uploaded can be read by anybody."""
    with running_server() as running:
        running.public = True
        yield running


@pytest.fixture
def config(server, tmp_path):
    """Good settings, with a library of manifests of its own."""
    return Config(backend=BackendApi(url=server.url, token=TOKEN), data_dir=tmp_path / "data")


@pytest.fixture
def planned(job, media_info):
    """Return a function that plans the job with an upload; keywords go into its request."""
    job.source.write_bytes(b"source")

    def build(*, existing=Existing.ASK, **upload):
        request = UploadRequest(**{"prefix": PREFIX, **upload})
        return make_plan(replace(job, upload=request, existing=existing, make_mp4=False), media_info())

    return build


@pytest.fixture
def made(planned):
    """The job's folder, in its place."""
    plan = planned()
    workspace = Workspace(plan.job)
    workspace.check(output_settings(plan), Existing.ASK)
    workspace.open()
    write_folder(workspace.folder)
    workspace.mark(ENCODED)
    workspace.publish(PackageFacts())
    return workspace.folder


def uploaded(folder: Path, config: Config, prefix: str = PREFIX) -> None:
    """Upload a folder."""
    job = UploadJob(folder=folder, upload=UploadRequest(prefix=prefix))
    report = wiring.run_job(wiring.make_upload_plan(job, config), config, lambda event: None, CancelToken())
    assert Outcome.DONE is report.outcome


def half_uploaded(folder: Path, config: Config, prefix: str = PREFIX) -> None:
    """Upload a folder and forget the master, as a kill shortly before the end leaves it."""
    uploaded(folder, config, prefix)
    journal = folder / JOURNAL_FILE
    lines = journal.read_text().splitlines(keepends=True)
    journal.write_text("".join(line for line in lines if '"master.m3u8"' not in line))


def another_at(server, config: Config, tmp_path: Path) -> None:
    """Let another video stand at the destination, sent by another computer."""
    uploaded(write_folder(tmp_path / OTHER), replace(config, data_dir=tmp_path / "elsewhere"))


def ask(plan, config):
    """Return what stands against a plan."""
    return check_plan(plan, config, CancelToken())


def test_a_job_that_nothing_stands_against_is_ready(planned, config):
    """The plan comes back as it is."""
    plan = planned()
    assert Ready(plan=plan) == ask(plan, config)


def test_a_job_that_can_not_be_planned_is_refused(job, config):
    """Every wrong setting at once, each with its name."""
    wrong = replace(job, upload=UploadRequest(prefix="/videos", session_id="1"))
    answer = check_job(wrong, config, CancelToken())
    assert ([Setting.DESTINATION, Setting.DESTINATION, Setting.SESSION_ID], True) == (
        [problem.setting for problem in answer.problems],
        answer.wrong_settings,
    )


def test_a_source_that_can_not_be_read_is_refused_as_such(job, config):
    """No setting is wrong: the file is."""
    answer = check_job(job, config, CancelToken())
    assert ([Setting.SOURCE], False) == ([problem.setting for problem in answer.problems], answer.wrong_settings)


def test_a_folder_of_other_settings_is_asked_about(planned, made, config):
    """Its reason is a sentence for a window; for a command line the option that decides it is named."""
    (made / "job.json").write_text(json.dumps({**json.loads((made / "job.json").read_text()), "source": {}}))
    answer = ask(planned(), config)
    assert isinstance(answer, ReplaceFolder)
    assert (True, True, Setting.OUTPUT) == (
        answer.reason.endswith("."),
        "--fresh" in answer.refusal.text,
        answer.refusal.setting,
    )
    fresh = planned(existing=Existing.FRESH)
    assert Ready(plan=fresh) == ask(fresh, config)


def test_a_folder_that_can_not_be_replaced_is_refused(planned, config):
    """Nobody is asked about what the program did not make."""
    folder = planned().job.folder
    folder.mkdir(parents=True)
    (folder / "thesis.docx").write_bytes(b"years of work")
    text = f"{folder} was not made by this program: remove it yourself or choose another output folder."
    assert Refused(problems=(Problem(text=text, setting=Setting.OUTPUT),)) == ask(planned(), config)


def test_a_folder_that_the_system_does_not_let_be_read_is_refused(job, media_info, config, tmp_path):
    """A refusal from the system is a sentence, for a conversion and for an upload, so that other jobs go on."""
    job.source.write_bytes(b"source")
    plan = make_plan(replace(job, slug="a" * 300, make_mp4=False), media_info())
    upload = UploadJob(folder=tmp_path / ("a" * 300), upload=UploadRequest(prefix=PREFIX))
    for answer in (check_plan(plan, config, CancelToken()), check_upload(upload, config, CancelToken())):
        assert isinstance(answer, Refused)
        assert not answer.wrong_settings
        assert [Setting.OUTPUT] == [problem.setting for problem in answer.problems]
        assert "can't be read (File name too long)" in answer.problems[0].text


def test_an_output_folder_that_can_not_be_written_is_refused(planned, config):
    """It is not a wrong setting: the disk does not let the job in."""
    folder = planned().job.folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.parent.rmdir()
    folder.parent.write_bytes(b"a file")
    answer = ask(planned(), config)
    assert ([Setting.OUTPUT], False) == ([problem.setting for problem in answer.problems], answer.wrong_settings)


@pytest.mark.parametrize("of", ["conversion", "folder"])
def test_an_upload_that_was_cut_short_is_asked_about(planned, made, config, of):
    """How far it came, the same for a conversion and for a folder alone; who said resume is not asked."""
    half_uploaded(made, config)
    plans = {existing: planned(existing=existing) for existing in (Existing.ASK, Existing.RESUME)}
    if of == "folder":
        plans = {
            existing: wiring.make_upload_plan(
                UploadJob(folder=made, upload=UploadRequest(prefix=PREFIX), existing=existing), config
            )
            for existing in plans
        }
    question = ask(plans[Existing.ASK], config)
    assert ResumeUpload(plan=plans[Existing.ASK], files_done=len(FOLDER) - 1, files_total=len(FOLDER)) == question
    assert f"Previous upload incomplete. Resume? ({len(FOLDER) - 1}/{len(FOLDER)} files uploaded)" == question.question
    assert "add --resume" in question.refusal.text
    assert Ready(plan=plans[Existing.RESUME]) == ask(plans[Existing.RESUME], config)


@pytest.mark.parametrize("of", ["conversion", "folder"])
def test_another_videos_destination_is_asked_about(server, planned, made, config, tmp_path, of):
    """Which video that is, the same for a conversion and for a folder alone; who said replace is not asked."""
    another_at(server, config, tmp_path)

    def plan_of(**upload):
        if of == "conversion":
            return planned(**upload)
        request = UploadRequest(prefix=PREFIX, **upload)
        return wiring.make_upload_plan(UploadJob(folder=made, upload=request), config)

    plan = plan_of()
    answer = ask(plan, config)
    assert isinstance(answer, DestinationTaken)
    assert (plan, PREFIX, OTHER, False) == (answer.plan, answer.prefix, answer.title, answer.begun)
    assert ("--replace" in answer.refusal.text, Setting.DESTINATION) == (True, answer.refusal.setting)
    replacing = plan_of(replace=True)
    assert Ready(plan=replacing) == ask(replacing, config)


def test_what_nobody_can_tell_of_a_destination_is_left_to_the_job(server, planned, config, tmp_path):
    """A backend that does not answer is not a question."""
    another_at(server, config, tmp_path)
    gone = replace(config, backend=replace(config.backend, url="http://127.0.0.1:9"))
    plan = planned()
    assert Ready(plan=plan) == ask(plan, gone)


def test_a_backend_that_takes_no_upload_is_asked_one_thing(server, planned, config):
    """The job itself says what is wrong, without a wait for a server that does not answer before each question."""
    plan, wrong = planned(), replace(config, backend=replace(config.backend, token="another"))
    assert isinstance(check_plan(plan, wrong, CancelToken()), Ready)
    assert [wrong.backend.validate_endpoint] == [arrival.path for arrival in server.arrivals]


def test_the_folder_is_asked_about_before_the_upload_and_the_destination_last(planned, made, config, tmp_path, server):
    """What lies on this computer comes first; each answer leads to the next question, and in the end to the plan."""
    half_uploaded(made, config)
    server.stored.clear()
    another_at(server, config, tmp_path)
    known = (made / "job.json").read_text()
    (made / "job.json").write_text(json.dumps({**json.loads(known), "source": {}}))
    first = ask(planned(), config)
    (made / "job.json").write_text(known)
    second = ask(planned(), config)
    third = ask(planned(existing=Existing.RESUME), config)
    last = ask(planned(existing=Existing.RESUME, replace=True), config)
    assert [ReplaceFolder, ResumeUpload, DestinationTaken, Ready] == [type(one) for one in (first, second, third, last)]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("missing", "is not a folder: name the folder of a converted video."),
        ("stopped", "was stopped: start `convert` again, it goes on from there."),
    ],
)
def test_a_folder_that_is_not_there_is_refused(config, tmp_path, name, text):
    """What is not converted can't be uploaded; a conversion that was stopped goes on with `convert`."""
    (tmp_path / ".stopped.partial").mkdir()
    job = UploadJob(folder=tmp_path / name, upload=UploadRequest(prefix=PREFIX))
    answer = check_upload(job, config, CancelToken())
    assert isinstance(answer, Refused)
    assert (True, False) == (answer.problems[0].text.endswith(text), answer.wrong_settings)


def test_wrong_settings_of_an_upload_are_told_before_its_folder_is_looked_at(config, tmp_path):
    """All of them at once."""
    job = UploadJob(folder=tmp_path / "missing", upload=UploadRequest(prefix="videos", session_id="1"))
    answer = check_upload(job, replace(config, problems=("Line 2 of .env can't be understood.",)), CancelToken())
    assert [None, Setting.DESTINATION, Setting.SESSION_ID] == [problem.setting for problem in answer.problems]


def test_an_upload_goes_on_with_the_session_of_the_earlier_one(made, config):
    """Where it names none itself."""
    session = "a" * 24
    plan = wiring.make_upload_plan(
        UploadJob(folder=made, upload=UploadRequest(prefix=PREFIX, session_id=session)), config
    )
    wiring.run_job(plan, config, lambda event: None, CancelToken())
    answer = check_upload(UploadJob(folder=made, upload=UploadRequest(prefix=PREFIX)), config, CancelToken())
    assert isinstance(answer, Ready)
    assert session == answer.plan.job.upload.session_id


def test_a_job_that_was_taken_back_is_not_answered(planned, config):
    """Cancel is heard before the network is asked."""
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        check_plan(planned(), config, cancel)
