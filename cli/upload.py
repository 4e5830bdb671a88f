"""`upload`: sends a folder that was converted before, or any folder laid out like one."""

from __future__ import annotations

import argparse

from cli.job_reports import existing_from, exit_status, finish_early
from cli.job_thread import run_cancellable
from cli.main import complain
from cli.questions import ask_or_refuse
from cli.render import renderer
from cli.transfer_options import control_from, patient, token_prompt
from config import Config
from pipeline import wiring
from pipeline.cancel import CancelToken
from pipeline.job import UploadJob, UploadRequest
from pipeline.model import Outcome
from pipeline.preflight import check_plan, check_upload
from pipeline.preflight_answers import Ready
from pipeline.transfer.http.validation import as_prefix


def run(options: argparse.Namespace, config: Config) -> int:
    """Upload a folder and make its file record; what is confirmed already is not sent again."""
    config = patient(config, options)
    job, cancel, view = _job_from(options, config), CancelToken(), renderer(as_json=options.json)
    try:
        answer = ask_or_refuse(
            lambda: check_upload(job, config, cancel), lambda plan: check_plan(plan, config, cancel), cancel
        )
        if not isinstance(answer, Ready):
            report = finish_early(job, answer, view)
        else:
            plan, answers = answer.plan, answer.backend
            view.start(plan.job.slug, (), plan.phases)
            control, ask_token = control_from(options), token_prompt(config, plan.job.slug, view.event, cancel)
            report = run_cancellable(
                lambda sink, token: wiring.run_job(
                    plan, config, sink, token, control=control, ask_token=ask_token, answers=answers
                ),
                view.event,
                cancel,
            )
    finally:
        view.close()
    if report.outcome is Outcome.FAILED:
        complain(*report.error.splitlines())
    return exit_status([report])


def _job_from(options: argparse.Namespace, config: Config) -> UploadJob:
    request = UploadRequest(
        prefix=as_prefix(options.prefix),
        language=config.languages.default,
        session_id=options.session_id or None,
        delete_local=options.delete_local,
        replace=options.replace,
    )
    return UploadJob(folder=options.folder, upload=request, existing=existing_from(options))
