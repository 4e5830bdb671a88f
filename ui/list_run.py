"""Converts the videos of the list that were started, in threads of its own. Never calls Tk."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from config import Config
from diagnostics.crash_log import sentence_of
from pipeline.cancel import CancelToken
from pipeline.errors import Cancelled, PipelineError
from pipeline.events import Event, JobFinished, LogLevel
from pipeline.job import Job
from pipeline.model import JobReport, Outcome, Plan
from pipeline.preflight_answers import PreflightAnswer, Ready, Refused, refused_by
from pipeline.suspension import Suspension
from pipeline.transfer.http.control import TransferControl
from ui.job_form import FormValues, job_config, transfer_control
from ui.list_messages import ListEnded, VideoAsks, VideoBegun, VideoPassedOver, VideoTold
from ui.messages import LogEntry, Message
from ui.services import Services
from ui.token_question import SharedToken, TokenQuestion

if TYPE_CHECKING:  # with the queue's file
    from pipeline.batch_callbacks import RunContext, RunJob
    from pipeline.job_store import JobStore
    from pipeline.pending_rows import TakenRow
    from pipeline.queue_run import QueueRun
    from pipeline.queued_job import QueuedJob
    from pipeline.speech.child import WhisperProcess

AT_ONCE = 1
"""How many videos are converted at the same time: the first is done soonest, and the next begins when it uploads."""


class ListRun:
    """Runs what was started until nothing waits. What it has to say goes through `post`."""

    def __init__(self, services: Services, post: Callable[[Message], None], question: TokenQuestion) -> None:
        self._services = services
        self._post = post
        self._question = question
        self._current: _Run | None = None
        self._lock = threading.Lock()
        self._finished: tuple[int, bool] = (0, False)
        self._closed = False

    @property
    def busy(self) -> bool:
        """Whether videos are converted."""
        return self._current is not None and self._current.thread.is_alive()

    @property
    def control(self) -> TransferControl:
        """What pauses and slows the uploads of the list."""
        return TransferControl() if self._current is None else self._current.control

    def begin(self, store: JobStore, values: FormValues, config: Config, start: int) -> None:
        """Convert what was started, with the login and the limits of the form. Called where the queue's file may be
        waited for. `start` is the number of this start.
        """
        config = job_config(values, config)
        with self._lock:
            before = self._current
            if before is not None and before.takes_more(start, config):
                return
            self._current = self._run_after(before, store, values, config, start)
            if self._closed:
                self._current.cancel.cancel()
            self._current.thread.start()  # not before: what it posts is answered with `control` and `cancel`

    def _run_after(self, before: _Run | None, store: JobStore, values: FormValues, config: Config, start: int) -> _Run:
        run = _Run(
            self._services,
            self._post,
            store,
            config=config,
            control=transfer_control(values),
            tokens=SharedToken(self._question),
            after=None if before is None else before.thread,
            start=start,
        )
        finished, first = self._finished
        if start <= finished:  # that was said before the queue's file had what was started
            run.finish_this(first=first and not (before is not None and before.thread.is_alive()))
        return run

    def suspend(self, id_: str, wanted: bool) -> bool:
        """Let a video that is converted stand still, or go on; return whether it is converted."""
        return self._current is not None and self._current.suspend(id_, wanted)

    def look(self) -> None:
        """Notice what has changed in the queue's file, and wait for it."""
        if self._current is not None and self.busy:
            self._current.look()

    def finish_this(self, start: int, *, first: bool = True) -> None:
        """Let no further video begin; of what was started a moment ago, the first still does unless `first` is False.
        `start` is the number of the last start.
        """
        with self._lock:
            self._finished = (start, first)
            if self._current is not None:
                self._current.finish_this(first=first)

    def join(self) -> None:
        """Wait until nothing is converted any more."""
        if self._current is not None:
            self._current.thread.join()

    def close(self) -> None:
        """Stop what runs, for good: it waits in the list, and goes on when it is started again."""
        self._closed = True
        if self._current is not None:
            self._current.cancel.cancel()


class _Run:
    """One run, from Start until nothing waits; it begins when the one before has ended."""

    def __init__(
        self,
        services: Services,
        post: Callable[[Message], None],
        store: JobStore,
        *,
        config: Config,
        control: TransferControl,
        tokens: SharedToken,
        after: threading.Thread | None,
        start: int,
    ) -> None:
        self._services = services
        self._post = post
        self._store = store
        self._config = config
        self._tokens = tokens
        self._after = after
        self._start = start
        self._run: QueueRun | None = None
        self._whisper: WhisperProcess | None = None
        self._lock = threading.Lock()
        self._passed: set[str] = set()
        self._suspensions: dict[str, Suspension] = {}
        self._left = False
        self._finishes = False
        self._has_begun = False
        self._stops = False
        self._over = False
        self.control = control
        self.cancel = CancelToken()
        self.thread = threading.Thread(target=self._outermost, name="list-run", daemon=True)

    def takes_more(self, start: int, config: Config) -> bool:
        """Whether it takes what was started just now; with another server in the form that is for the next run."""
        with self._lock:
            same = _server(config) == _server(self._config)
            more = same and not (self._stops or self._finishes or self._over or self.cancel.cancelled)
            if more:
                self._start = start
                self._passed.clear()
        if more:
            self.look()
        return more

    def finish_this(self, *, first: bool) -> None:
        """Let no further video begin than the first, or not even that."""
        with self._lock:
            self._finishes = True
            if self._has_begun or not first:
                self._stop()

    def _stop(self) -> None:
        self._stops = True
        if self._run is not None:
            self._run.finish_then_stop()

    def _note_begun(self) -> None:
        """Let no other video begin after this one, where it is the first and the last."""
        with self._lock:
            self._has_begun = True
            if self._finishes:
                self._stop()

    def suspend(self, id_: str, wanted: bool) -> bool:
        """Let a video stand still, or go on; return whether it is on its way."""
        found = self._suspensions.get(id_)
        if found is not None:
            found.set(wanted)
        return found is not None

    def look(self) -> None:
        """Notice what has changed in the queue's file."""
        if self._run is not None:
            self._run.look()

    # the thread

    def _outermost(self) -> None:
        try:
            if self._after is not None:
                self._after.join()
            with self._services.rows.awake(self._say), self._services.rows.speech() as self._whisper:
                self._go_through()
        except Exception as error:  # noqa: BLE001  # the thread's outermost frame: the window must hear of it
            self._warn(sentence_of(error))
        with self._lock:
            self._over = True
        stopped = self._stops or self._finishes or self.cancel.cancelled
        self._post(ListEnded(start=self._start, stopped=stopped, passed_over=self._left))

    def _go_through(self) -> None:
        """Run until nothing waits that can be done here."""
        while True:
            run = self._new_run()
            with self._lock:
                self._run = run
                if self._stops:
                    run.finish_then_stop()
            run.run()
            with self._lock:
                # what is started from here on is the next run's, which `ListRun.begin` makes
                stops, waiting = self._stops or self.cancel.cancelled, self._waiting()
                if stops or waiting <= self._passed:
                    self._over, self._left = True, bool(waiting) and not stops
                    return

    def _new_run(self) -> QueueRun:
        from pipeline.batch_callbacks import BatchCallbacks
        from pipeline.engines.local import capacity_of
        from pipeline.queue_run import QueueRun
        from pipeline.scheduler import Scheduler

        return QueueRun(
            self._store,
            BatchCallbacks(prepare=self._prepare, skip=_cancelled, show=self._show),
            at_once=AT_ONCE,
            scheduler=Scheduler(capacity_of(os.cpu_count() or 1)),
            cancel=self.cancel,
            warn=self._warn,
            why_not=partial(why_not, config=self._config),
            passed_over=self._passed_over,
            patience_s=self._config.backend.patience_s,
        )

    def _waiting(self) -> set[str]:
        return {row.id for row in self._store.listed.rows() if row.listed and row.state.value == "waiting"}

    def _prepare(self, taken: TakenRow) -> RunJob | JobReport:
        """Return what runs a video, or its report if it can't begin; one that asks is held until it is answered."""
        job = taken.job
        assert isinstance(job, Job)
        answer: PreflightAnswer[Plan]
        try:
            if job.dataset is not None:
                self._services.check_dataset(job.dataset, self._config)
            answer = self._services.check_job(job, self._config, self.cancel)
        except Cancelled:
            return _cancelled(taken)
        except PipelineError as error:
            answer = refused_by(error)
        if isinstance(answer, Ready):
            self._note_begun()
            self._post(VideoBegun(id=taken.id, plan=answer.plan))
            return partial(self._do, taken.id, answer)
        if isinstance(answer, Refused):
            text = " ".join(problem.text for problem in answer.problems)
            report = JobReport(slug=job.slug, source=job.source, folder=job.folder, outcome=Outcome.FAILED, error=text)
            report = replace(report, damaged=answer.damaged)
            self._post(VideoTold(id=taken.id, title=job.source.name, event=JobFinished(report=report)))
            return report
        self._store.listed.hold([taken.id], tried=False)
        self._post(VideoAsks(id=taken.id, question=answer))
        return _cancelled(taken)

    def _do(self, id_: str, ready: Ready[Plan], context: RunContext) -> JobReport:
        self._suspensions[id_] = context.cancel.suspension
        self.control.away_s = context.away_s
        ask = self._tokens.asker()  # before the login is read: at worst a token is tried that was refused
        return self._services.rows.run_row(
            ready.plan,
            self._config,
            context,
            control=self.control,
            ask_token=lambda: self._new_token(ask(context.cancel)),
            answers=ready.backend,
            whisper=self._whisper,
        )

    def _new_token(self, token: str | None) -> str | None:
        """Let the next videos begin with a new token, too, and return it."""
        if token is not None:
            self._config = replace(self._config, backend=replace(self._config.backend, token=token))
        return token

    def _show(self, taken: TakenRow, event: Event) -> None:
        self._post(VideoTold(id=taken.id, title=taken.job.source.name, event=event))

    def _passed_over(self, row: QueuedJob, why: str) -> None:
        if row.listed:
            self._passed.add(row.id)
            self._post(VideoPassedOver(id=row.id, why=why))

    def _warn(self, text: str) -> None:
        self._post(LogEntry(text=text, level=LogLevel.WARNING))

    def _say(self, text: str) -> None:
        self._post(LogEntry(text=text))


def why_not(row: QueuedJob, *, config: Config) -> str:
    """Return why the list's run leaves a row of the queue alone, empty if it does it."""
    if not row.listed or not isinstance(row.job, Job):
        return "It is not in the list."
    here = _server(config)
    if row.job.upload is not None and row.backend_url != here:
        where = row.backend_url or "a server"
        return f"it uploads to {where}: type that address and its token under Upload, then start it again."
    return ""


def _server(config: Config) -> str:
    """Return the server that there is a login for, empty for none."""
    from pipeline.stored_job import without_login

    return without_login(config.backend.url) if config.backend.token else ""


def _cancelled(taken: TakenRow) -> JobReport:
    job = taken.job
    return JobReport(slug=job.slug, source=job.source, folder=Path(), outcome=Outcome.CANCELLED)
