"""The threads behind the window: one for the job, short-lived ones for short questions. Never call Tk."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from config import Config
from diagnostics.crash_log import sentence_of
from pipeline.cancel import CancelToken
from pipeline.errors import Cancelled, PipelineError, Problem, Setting
from pipeline.inputs import Input
from pipeline.job import Job
from pipeline.media_info import MediaInfo
from pipeline.model import Plan
from pipeline.preflight_answers import PreflightAnswer, Ready, Refused, refused_by
from pipeline.priority import work_in_background
from pipeline.transfer.http.control import TransferControl
from ui.chosen_video import chosen_video
from ui.engine import queue_url
from ui.job_form import (
    FormValues,
    dataset_request,
    encryption_problems,
    form_problems,
    job_config,
    queue_problems,
    to_job,
    transfer_control,
    upload_problems,
)
from ui.messages import JobStarted, LogEntry, Message, StartCancelled
from ui.queue_memory import QueuedVideo
from ui.queue_messages import PuttingIn, VideoQueued
from ui.services import Services
from ui.token_question import TokenQuestion

Post = Callable[[Message], None]


class JobWorker:
    """Runs one job at a time in a thread of its own. What it has to say goes through `post`.

    `control` holds the upload of the job that runs or is asked about; `question` is where it asks for a new token.
    `queued` is told of a video that went into the queue at an address.
    """

    def __init__(
        self, services: Services, post: Post, queued: Callable[[str, QueuedVideo], None] = lambda _url, _video: None
    ) -> None:
        self._services = services
        self._post = post
        self._queued = queued
        self._queue_url = ""
        self._thread: threading.Thread | None = None
        self._cancel = CancelToken()
        self.control = TransferControl()
        self.question = TokenQuestion(post)

    @property
    def busy(self) -> bool:
        """Whether a thread is still at work."""
        return self._thread is not None and self._thread.is_alive()

    def begin(self, values: FormValues, config: Config, changed: Callable[[Job], Job] = lambda job: job) -> None:
        """Check what stands in the form and, when nothing has to be asked, do it; `changed` may change the job."""
        self.control = transfer_control(values)
        self._queue_url = queue_url(values.engine, config)
        work_in_background(values.advanced.background)
        self._start(lambda cancel: self._check_and_run(values, config, cancel, changed))

    def resume(self, job: Job, values: FormValues, config: Config) -> None:
        """Go on with a job that an earlier run has left, on this computer, with the login and the limit of the form."""
        self.control = transfer_control(values)
        self._queue_url = ""
        work_in_background(values.advanced.background)
        full_config = job_config(values, config)
        self._start(lambda cancel: self._take(self._services.check_job(job, full_config, cancel), full_config, cancel))

    def go_on(self, plan: Plan, config: Config) -> None:
        """Go on with a plan that was asked about, its job changed as answered; what else has to be asked is asked."""
        self._start(lambda cancel: self._take(self._services.check_plan(plan, config, cancel), config, cancel))

    def cancel(self) -> None:
        """Ask the thread to stop; returns when its listeners were told."""
        self._cancel.cancel()

    def join(self, seconds: float) -> None:
        """Wait for the thread to end, `seconds` at most."""
        if self._thread is not None:
            self._thread.join(seconds)

    def _start(self, work: Callable[[CancelToken], None]) -> None:
        cancel = self._cancel = CancelToken()
        self._thread = threading.Thread(target=self._outermost, args=(work, cancel), name="job", daemon=True)
        self._thread.start()

    def _outermost(self, work: Callable[[CancelToken], None], cancel: CancelToken) -> None:
        try:
            work(cancel)
        except Cancelled:
            self._post(StartCancelled())
        except Exception as error:  # noqa: BLE001  # the thread's outermost frame: the window must hear of it
            self._post(Refused(problems=(Problem(text=sentence_of(error)),)))

    def _check_and_run(
        self, values: FormValues, config: Config, cancel: CancelToken, changed: Callable[[Job], Job]
    ) -> None:
        problems, job = self._checked(values, config)
        cancel.check()
        if job is None:
            self._post(Refused(problems=problems))
            return
        full_config = job_config(values, config)
        check = self._services.check_for_queue if self._queue_url else self._services.check_job
        self._take(check(changed(job), full_config, cancel), full_config, cancel)

    def _take(self, answer: PreflightAnswer[Plan], config: Config, cancel: CancelToken) -> None:
        """Do the job, or post what prevents it."""
        cancel.check()
        if isinstance(answer, Ready):
            if self._queue_url:
                self._put(answer.plan, config, cancel)
            else:
                self._run(answer, config, cancel)
        else:
            self._post(answer)

    def _checked(self, values: FormValues, config: Config) -> tuple[tuple[Problem, ...], Job | None]:
        """Return every problem at once, or the job when there are none."""
        video, media, unreadable = self._described_source(values, config)
        problems = [Problem(text=text) for text in config.problems]
        problems += form_problems(values, has_video=media is None or media.video is not None)
        problems += queue_problems(values, config)
        problems += encryption_problems(values, self._services)
        problems += upload_problems(values, config, self._services)
        if values.output_dir and not values.engine.in_queue:
            try:
                self._services.check_output(Path(values.output_dir))
            except PipelineError as error:
                problems.append(Problem(text=str(error), setting=Setting.OUTPUT))
        problems += self._dataset_problems(values, config)
        problems += unreadable
        names, unread = self._names(values)
        problems += unread
        if problems or video is None:
            return tuple(problems), None
        return (), to_job(values, video, media, names)

    def _names(self, values: FormValues) -> tuple[tuple[str, ...], tuple[Problem, ...]]:
        """Return the names that Whisper's words are corrected by, or why they can't be read."""
        if not values.transcribe or not values.speech.names_file:
            return (), ()
        try:
            return self._services.names_in(Path(values.speech.names_file)), ()
        except PipelineError as error:
            return (), (Problem(text=str(error), setting=Setting.NAMES),)

    def _dataset_problems(self, values: FormValues, config: Config) -> tuple[Problem, ...]:
        """Return why the dataset can't get the transcript, which is not to be found out after hours of work."""
        request = dataset_request(values)
        try:
            if request is not None:
                self._services.check_dataset(request, config)
        except PipelineError as error:
            return (Problem(text=str(error), setting=Setting.DATASET),)
        return ()

    def _described_source(
        self, values: FormValues, config: Config
    ) -> tuple[Input | None, MediaInfo | None, tuple[Problem, ...]]:
        """Return which video is chosen and what it is, or why that can't be said."""
        if not values.source:
            return None, None, ()
        try:
            video = chosen_video(values.source)
            return video, self._services.describe_source(video, job_config(values, config)), ()
        except PipelineError as error:
            return None, None, (Problem(text=str(error), setting=Setting.SOURCE),)

    def _put(self, plan: Plan, config: Config, cancel: CancelToken) -> None:
        """Put the video into the queue, or post what prevents it."""
        self._post(PuttingIn())
        url = self._queue_url
        try:
            added = self._services.put_in_queue(plan.job, url, config, self._post, cancel, control=self.control)
        except PipelineError as error:
            self._post(refused_by(error))
            return
        if added.note:
            self._post(LogEntry(text=added.note))
        renditions = tuple(rendition.name for rendition in plan.renditions)
        video = QueuedVideo(id=str(added.id), title=added.title, renditions=renditions, phases=plan.phases)
        self._post(VideoQueued(video=video))
        self._queued(url, video)

    def _run(self, ready: Ready[Plan], config: Config, cancel: CancelToken) -> None:
        self._post(JobStarted(plan=ready.plan))
        self._services.run_job(
            ready.plan,
            config,
            self._post,
            cancel,
            control=self.control,
            ask_token=lambda: self.question.ask(cancel),
            answers=ready.backend,
        )


def ask(
    name: str, question: Callable[[], Message | None], failed: Callable[[str], Message], post: Post
) -> threading.Thread:
    """Answer a short question off the Tk thread and post the answer; return the thread.

    Args:
        name: the thread's name.
        question: returns the answer, None if there is nothing to say; may take long, may raise PipelineError.
        failed: turns the sentence of an error into the answer.
        post: takes the answer.
    """

    def outermost() -> None:
        try:
            answer = question()
            if answer is not None:
                post(answer)
        except PipelineError as error:
            post(failed(str(error)))
        except Exception as error:  # noqa: BLE001  # the thread's outermost frame: the window must hear of it
            post(failed(sentence_of(error)))

    thread = threading.Thread(target=outermost, name=name, daemon=True)
    thread.start()
    return thread
