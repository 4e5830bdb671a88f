"""`convert`: the whole job for one or many videos."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from cli.cluster_options import engine_url
from cli.convert_jobs import asked_from
from cli.dry_run import dry_run
from cli.job_reports import complain_of, exit_status, finish_early
from cli.job_thread import Interrupts, Watched
from cli.main import complain
from cli.questions import ask_or_refuse
from cli.render import Renderer, renderer, start_for
from cli.render_several import renderer_of_several
from cli.run_record import RunRecord
from cli.transfer_options import TokenKeeper, control_from, patient, token_prompt
from config import Config
from pipeline import wiring
from pipeline.batch import BatchCallbacks, RunContext, RunJob, most_at_once, run_batch
from pipeline.cancel import CancelToken
from pipeline.claims import Claims, open_store
from pipeline.engines.local import capacity_of
from pipeline.errors import PipelineError, SettingsError
from pipeline.events import LogLine, Sink
from pipeline.job import Job, resumed
from pipeline.model import JobReport, Plan
from pipeline.preflight import check_job, check_plan
from pipeline.preflight_answers import Ready, Refused, refused_by
from pipeline.priority import work_in_background
from pipeline.relocation import earlier_folders, relocate, with_earlier_address
from pipeline.scheduler import Scheduler
from pipeline.speech.child import WhisperProcess
from pipeline.transfer.http.login import AskToken


def run(options: argparse.Namespace, config: Config) -> int:
    """Convert every input in turn; one that fails does not stop the others."""
    if options.dry_run:
        return _look(options, config)
    work_in_background(options.background)
    record = RunRecord(options.report)
    with record.run():
        status = _convert(options, config, record)
    if len(record.reports) > 1 and not options.json:
        record.write_table()
    return status


def _convert(options: argparse.Namespace, config: Config, record: RunRecord) -> int:
    asked = asked_from(options, config)
    jobs: Sequence[Job] = asked.jobs
    record.begin(jobs)
    view = record.recording(renderer_for(jobs, options, config))
    problems = [*asked.problems]
    if options.detach and not engine_url(options, config):
        problems.append("--detach needs a queue: add --engine URL, or set ENGINE_URL.")
    if problems:
        wrong = SettingsError(problems)
        for job in jobs:
            finish_early(job, refused_by(wrong), view)
        raise wrong
    return exit_status(run_jobs(jobs, asked.destinations, options, config, view, CancelToken()))


def run_jobs(
    jobs: Sequence[Job],
    destinations: Sequence[str | None],
    options: argparse.Namespace,
    config: Config,
    view: Renderer,
    cancel: CancelToken,
) -> list[JobReport]:
    """Run jobs that nothing general stands against, and return their reports in their order.

    `destinations` are those above the videos' own, None where a video has the whole of it. `view` is closed at the end.
    Ctrl-C cancels the jobs by `cancel`, which also tells of one that came when the last of them had just ended.
    Raises PipelineError where none can be begun.
    """
    if engine_url(options, config):
        from cli.convert_cluster import run_in_cluster

        return run_in_cluster(jobs, options, config, view)
    at_once = _at_once(jobs, options, config)
    _check_dataset(jobs, config, view)
    moved = relocate(jobs)
    jobs = [with_earlier_address(job, above) for job, above in zip(jobs, destinations, strict=True)]
    login = TokenKeeper(patient(config, options))
    watched, interrupts = Watched(view.event, cancel), Interrupts(cancel)
    scheduler = Scheduler(capacity_of(os.cpu_count() or 1))
    try:
        with (
            WhisperProcess() as whisper,
            interrupts(),
            open_store(config.data_dir, complain) as store,
            Claims(store, jobs, complain, backend_url=config.backend.url) as claims,
        ):
            conversion = Conversions(
                options=options,
                login=login,
                view=view,
                show=watched.event,
                cancel=cancel,
                interrupts=interrupts,
                whisper=whisper,
                moved=moved,
                alone=at_once == 1,
                last=jobs[-1] if at_once == 1 else None,
            )
            reports = run_batch(
                jobs,
                conversion.front(),
                at_once=at_once,
                scheduler=scheduler,
                cancel=cancel,
                claims=claims,
                patience_s=login.config.backend.patience_s,
            )
            watched.check()
    finally:
        view.close()
    interrupts.look()
    return reports


def renderer_for(jobs: Sequence[Job], options: argparse.Namespace, config: Config) -> Renderer:
    """Return what shows these jobs on standard output."""
    if _at_once(jobs, options, config) > 1:
        return renderer_of_several(as_json=options.json)
    return renderer(as_json=options.json)


def _at_once(jobs: Sequence[Job], options: argparse.Namespace, config: Config) -> int:
    if engine_url(options, config):
        return len(jobs)
    return max(1, min(len(jobs), options.jobs or most_at_once()))


def _look(options: argparse.Namespace, config: Config) -> int:
    """Say what would be done."""
    asked = asked_from(options, config)
    problems = [*asked.problems]
    if options.report is not None:
        problems.append("--report writes the results of videos: leave it out with --dry-run.")
    if problems:
        raise SettingsError(problems)
    moved = earlier_folders(asked.jobs)
    jobs = [with_earlier_address(job, above) for job, above in zip(asked.jobs, asked.destinations, strict=True)]
    return dry_run(jobs, patient(config, options), moved, as_json=options.json)


def _check_dataset(jobs: Sequence[Job], config: Config, view: Renderer) -> None:
    """See that the dataset can be had before hours of work. Raises PipelineError."""
    if jobs[0].dataset is None:
        return
    from transcripts.jobs import check_dataset

    try:
        check_dataset(jobs[0].dataset, config)
    except PipelineError as error:
        for job in jobs:
            finish_early(job, refused_by(error), view)
        raise


@dataclass(frozen=True, kw_only=True)
class Conversions:
    """What all jobs of one command share; `moved` are notes about them, `alone` says that one runs at a time.

    `last` is the one that lets the model go, None where that is not known.
    """

    options: argparse.Namespace
    login: TokenKeeper
    view: Renderer
    show: Sink
    cancel: CancelToken
    interrupts: Interrupts
    whisper: WhisperProcess
    moved: Mapping[str, str]
    alone: bool
    last: Job | None = None

    def front(self) -> BatchCallbacks[Job]:
        """Return what asks for the jobs and shows them."""
        return BatchCallbacks(
            prepare=self.prepare,
            skip=lambda job: finish_early(job, None, self.view),
            show=lambda _job, event: self.show(event),
            ended=complain_of,
            look=self.interrupts.look,
            resume=resumed,
        )

    def prepare(self, job: Job) -> RunJob | JobReport:
        """Return what runs a job, or its report if it can't begin."""
        config, cancel = self.login.config, self.cancel
        answer = self._answer(job, config)
        if not isinstance(answer, Ready):
            report = finish_early(job, answer, self.view)
            complain_of(report)
            return report
        start_for(self.view, answer.plan)
        note = self.moved.get(job.slug, "")
        if note:
            self.show(LogLine(job=job.slug, text=note))
        ask_token = self.login.keeping(token_prompt(config, job.slug, self.show, cancel))
        is_last = job is self.last
        return lambda context: self._run(answer, config, ask_token, context, is_last=is_last)

    def _answer(self, job: Job, config: Config) -> Ready[Plan] | Refused | None:
        cancel = self.cancel
        try:
            with self.interrupts.raised():
                return ask_or_refuse(
                    lambda: check_job(job, config, cancel),
                    lambda plan: check_plan(plan, config, cancel),
                    cancel,
                    self.view.paused,
                )
        except KeyboardInterrupt:
            cancel.cancel()
            return None

    def _run(
        self, answer: Ready[Plan], config: Config, ask_token: AskToken, context: RunContext, *, is_last: bool
    ) -> JobReport:
        plan = context.of(answer.plan)

        def run_job(sink: Sink) -> JobReport:
            return wiring.run_job(
                plan,
                config,
                sink,
                context.cancel,
                control=control_from(self.options, away_s=context.away_s),
                ask_token=ask_token,
                answers=answer.backend,
                whisper=self.whisper,
                is_last=is_last,
                turn=context.turn,
                alone=self.alone,
            )

        return _run_and_keep(run_job, plan.job, config, context.sink, context.cancel)


def _run_and_keep(
    run_job: Callable[[Sink], JobReport], job: Job, config: Config, sink: Sink, cancel: CancelToken
) -> JobReport:
    """Run a job, and put its transcript into a dataset where one was asked for, which takes a while to load."""
    if job.dataset is None:
        return run_job(sink)
    from transcripts.jobs import run_and_keep

    return run_and_keep(run_job, job, config, sink, cancel)
