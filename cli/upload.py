"""`upload`: sends a folder that was converted before, or any folder laid out like one."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass

from cli.job_reports import complain_of, existing_from, exit_status, finish_early
from cli.job_thread import Interrupts, Watched
from cli.main import complain
from cli.questions import ask_or_refuse
from cli.render import Renderer, renderer
from cli.transfer_options import TokenKeeper, control_from, patient, token_prompt
from config import Config
from pipeline import wiring
from pipeline.batch import BatchCallbacks, RunContext, RunJob, run_batch
from pipeline.cancel import CancelToken
from pipeline.claims import Claims, open_store
from pipeline.events import Sink
from pipeline.job import UploadJob, UploadRequest, resumed
from pipeline.model import JobReport, UploadPlan
from pipeline.preflight import check_plan, check_upload
from pipeline.preflight_answers import Ready, Refused
from pipeline.scheduler import Capacity, Scheduler
from pipeline.transfer.http.validation import as_prefix


def run(options: argparse.Namespace, config: Config) -> int:
    """Upload a folder and make its file record; what is confirmed already is not sent again."""
    return exit_status(
        run_uploads([_job_from(options, config)], options, config, renderer(as_json=options.json), CancelToken())
    )


def run_uploads(
    jobs: Sequence[UploadJob], options: argparse.Namespace, config: Config, view: Renderer, cancel: CancelToken
) -> list[JobReport]:
    """Upload folders one after another, and return their reports; `view` is closed at the end."""
    login = TokenKeeper(patient(config, options))
    watched, interrupts = Watched(view.event, cancel), Interrupts(cancel)
    uploads = Uploads(options=options, login=login, view=view, show=watched.event, cancel=cancel, interrupts=interrupts)
    front = BatchCallbacks(
        prepare=uploads.prepare,
        skip=lambda job: finish_early(job, None, view),
        show=lambda _job, event: watched.event(event),
        ended=complain_of,
        look=interrupts.look,
        resume=resumed,
    )
    try:
        with (
            interrupts(),
            open_store(config.data_dir, complain) as store,
            Claims(store, jobs, complain, backend_url=config.backend.url) as claims,
        ):
            scheduler = Scheduler(Capacity(most={}))
            reports = run_batch(jobs, front, at_once=1, scheduler=scheduler, cancel=cancel, claims=claims)
            watched.check()
    finally:
        view.close()
    interrupts.look()
    return reports


@dataclass(frozen=True, kw_only=True)
class Uploads:
    """What all uploads of one command share."""

    options: argparse.Namespace
    login: TokenKeeper
    view: Renderer
    show: Sink
    cancel: CancelToken
    interrupts: Interrupts

    def prepare(self, job: UploadJob) -> RunJob | JobReport:
        """Return what runs an upload, or its report if it can't begin."""
        answer = self._answer(job)
        if not isinstance(answer, Ready):
            report = finish_early(job, answer, self.view)
            complain_of(report)
            return report
        config, plan, answers = self.login.config, answer.plan, answer.backend
        self.view.start(plan.job.slug, (), plan.phases)
        ask_token = self.login.keeping(token_prompt(config, plan.job.slug, self.show, self.cancel))

        def run_one(context: RunContext) -> JobReport:
            return wiring.run_job(
                context.of(plan),
                config,
                context.sink,
                context.cancel,
                control=control_from(self.options, away_s=context.away_s),
                ask_token=ask_token,
                answers=answers,
                turn=context.turn,
            )

        return run_one

    def _answer(self, job: UploadJob) -> Ready[UploadPlan] | Refused | None:
        config, cancel = self.login.config, self.cancel
        try:
            with self.interrupts.raised():
                return ask_or_refuse(
                    lambda: check_upload(job, config, cancel), lambda plan: check_plan(plan, config, cancel), cancel
                )
        except KeyboardInterrupt:
            cancel.cancel()
            return None


def _job_from(options: argparse.Namespace, config: Config) -> UploadJob:
    request = UploadRequest(
        prefix=as_prefix(options.prefix),
        language=config.languages.default,
        session_id=options.session_id or None,
        delete_local=options.delete_local,
        replace=options.replace,
    )
    folder = options.folder if options.folder.name else options.folder.absolute()  # "." names nothing in a report
    return UploadJob(folder=folder, upload=request, existing=existing_from(options))
