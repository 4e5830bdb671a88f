"""What the window does when a button is pressed or a message arrives. Holds state and threads; knows no Tk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from config import Config
from pipeline.events import JobFinished, LogLevel
from pipeline.files import is_there
from pipeline.media.stream_layout import MASTER
from pipeline.model import Plan
from pipeline.preflight_answers import DestinationTaken, ReplaceFolder, ResumeUpload
from pipeline.transfer.http.control import TransferControl
from pipeline.transfer.http.timetable import RateTimetable
from ui import diagnostics, updates
from ui.banner_answers import answered
from ui.chosen_video import chosen_video
from ui.connection_check import ConnectionCheck
from ui.damage_messages import DamageInTheWay
from ui.damage_search import DamageSearch
from ui.folder_actions import FolderActions
from ui.job_form import FormValues, job_config
from ui.leaving_changes import ANSWERED as LEAVING_ANSWERS
from ui.list_control import ListControl
from ui.login_control import LoginControl
from ui.messages import (
    BannerAnswer,
    Checking,
    CloseAnswered,
    FolderKnown,
    LogEntry,
    Message,
    ModelsKnown,
    Paused,
    Resumed,
    SourceChosen,
    SourceFound,
    SourceRefused,
    SpeedsKnown,
    StartCancelled,
    StopRequested,
    UnexpectedError,
    UnfinishedFound,
)
from ui.missing_login import missing_login
from ui.queue_control import QueueControl
from ui.queue_messages import QueueCancelled
from ui.remembered_form import to_preferences
from ui.services import Services
from ui.speed_limit import limit_bytes_s, limit_problems
from ui.state_changes import advance
from ui.unfinished import UnfinishedJobs
from ui.view_state import ViewState, WindowStage
from ui.worker import JobWorker, ask


class Controller:
    """The window without its widgets. Every method is called in the Tk thread and returns at once."""

    def __init__(
        self, *, config: Config, preferences_path: Path, services: Services, post: Callable[[Message], None]
    ) -> None:
        self.state = ViewState()
        self._preferences_path = preferences_path
        self._services = services
        self._post = post
        self._queue = QueueControl(config, post)
        self.folders = FolderActions(services.folders, post)
        self._worker = JobWorker(services, post, self._queue.follower.follow)
        self.login = LoginControl(config, self._worker.question, post=post, receive=self.receive)
        self.videos = ListControl(
            services,
            self.login,
            post=post,
            receive=self.receive,
            state=lambda: self.state,
            question=self._worker.question,
            look_for_folder=self.look_for_folder,
        )
        self.connection = ConnectionCheck(
            services, self.login, post=post, receive=self.receive, state=lambda: self.state
        )
        self._damage = DamageSearch(services, post)
        self._unfinished = UnfinishedJobs(services, self._worker, post)
        self._asked: Plan | None = None
        self._values = FormValues()

    @property
    def busy(self) -> bool:
        """Whether a job's thread still runs, or keychain or queues have not processed all requests yet."""
        return self._worker.busy or self.login.busy or self._queue.busy or self.videos.busy

    def receive(self, message: Message) -> None:
        """Take a message from the queue into the state."""
        if isinstance(message, ReplaceFolder | ResumeUpload | DestinationTaken):
            self._asked = message.plan
        self.state = advance(self.state, message)
        self._damage.took(message, self.state, self.login.config)
        self.videos.took(message)
        if isinstance(message, JobFinished):
            self._unfinished.ended(message.report)
            self.look_for_folder(message.report.folder)
            self.look_for_speeds()

    def opened(self, values: FormValues) -> None:
        """Restore the login, the videos in the queue and what is unfinished; look for an update."""
        self.login.look(values)
        self.videos.open()
        self._unfinished.look(self.login.config)
        self._queue.look(values, self.login.config)
        self.work_along(values)
        self.look_for_speeds()
        updates.look(self.login.config, values.program, self._post)

    def look_for_models(self) -> None:
        """Find out which models there are to choose from."""
        ask("models", lambda: ModelsKnown(names=self._services.model_names()), _unexpected, self._post)

    def look_for_speeds(self) -> None:
        """Find out what work takes on this machine, for what a job is expected to take."""
        config = self.login.config
        ask("speeds", lambda: SpeedsKnown(seconds=self._services.measured_speeds(config)), _unexpected, self._post)

    def look_at_source(self, text: str, values: FormValues = FormValues()) -> None:  # noqa: B008  # frozen
        """Probe the source in the form; `values` have the login to the backend, if the source is stored there."""
        if text == self.state.source.path_text:
            return
        self.receive(SourceChosen(text=text))
        if not text:
            return
        config = job_config(values, self.login.config)

        def found() -> Message:
            video = chosen_video(text)
            return SourceFound(text=text, media=self._services.describe_source(video, config), slug=video.slug)

        ask("source", found, lambda reason: SourceRefused(text=text, reason=reason), self._post)

    def look_for_folder(self, folder: Path | None) -> None:
        """Find out whether the folder to open exists, in a thread: a network drive may respond slowly."""

        def existing() -> Message:
            there = folder if folder is not None and folder.is_dir() else None
            return FolderKnown(folder=there, has_stream=there is not None and is_there(there / MASTER))

        ask("folder", existing, lambda _: FolderKnown(folder=None), self._post)

    def start(self, values: FormValues) -> None:
        """Begin the job that the form describes."""
        if not self.state.start_enabled:
            return
        if self.state.source.in_the_way and self.state.source.path_text == values.source:
            self.receive(DamageInTheWay())
            return
        self._values = values
        self.receive(Checking())
        self.save_preferences(values)
        self.login.keep(values)
        self.work_along(values)
        self._unfinished.start(values, self.login.config)

    def answer(self, answer: BannerAnswer, values: FormValues) -> None:
        """Continue as the editor decided; `values` are those of the form."""
        if answer in LEAVING_ANSWERS:
            self.receive(CloseAnswered(answer=answer))
            self.videos.leave(answer)
            return
        if answer in updates.ANSWERS:
            updates.answer(answer, self.state.update, self._post)
            return
        if answer is BannerAnswer.LIST_ALL:
            self.videos.list.take([(one.job, one.backend_url) for one in self.state.unfinished])
            self.receive(UnfinishedFound(jobs=()))
            return
        if answer in (BannerAnswer.GO_ON, BannerAnswer.LEAVE):
            self._answer_unfinished(answer, values)
            return
        if self.state.stage is not WindowStage.ASKING or self._asked is None:
            self.videos.answer(answer, values)
            return
        plan, self._asked = self._asked, None
        job = answered(plan.job, answer)
        if job is None:
            self.receive(StartCancelled())
            return
        self.receive(Checking())
        self._worker.go_on(replace(plan, job=job), job_config(self._values, self.login.config))

    def _answer_unfinished(self, answer: BannerAnswer, values: FormValues) -> None:
        """Go on with the first job that is unfinished, or forget it."""
        if not self.state.start_enabled or not self.state.unfinished:
            return
        first, *others = self.state.unfinished
        missing = missing_login(first, values, self.login.config)
        if answer is BannerAnswer.LEAVE:
            self.receive(UnfinishedFound(jobs=tuple(others)))
            self._unfinished.forget(first, self.login.config)
        elif missing is not None:
            self.receive(UnfinishedFound(jobs=self.state.unfinished, missing=missing))
        else:
            self._values = values
            self.look_at_source(first.job.origin, values)
            self.receive(Checking())
            self.login.keep(values)
            self._unfinished.go_on(first, values, self.login.config)

    def taken(self, filled: FormValues) -> None:
        """Note the form as it is with the unfinished job that goes on."""
        self._unfinished.taken(filled)

    def cancel(self) -> None:
        """Stop the job, or withdraw the question."""
        if self.state.stage is WindowStage.ASKING:
            self.answer(BannerAnswer.WITHDRAW, self._values)
        elif self.state.cancel_enabled:
            self._post(StopRequested())
            self.receive(StopRequested())
            self._worker.cancel()

    def cancel_shown(self) -> None:
        """Cancel what is shown: the form's job, otherwise the video in the list that is selected or converted."""
        chosen = self.state.queue.chosen
        if self.state.list_cancel_enabled:
            self.videos.cancel_shown()
        elif chosen is not None and self.state.queue_cancel_enabled:
            cancelled = QueueCancelled(id=chosen.video.id, title=chosen.video.title)
            self._post(cancelled)
            self.receive(cancelled)
            self._queue.follower.cancel(chosen.video.id)
        else:
            self.cancel()

    def work_along(self, values: FormValues) -> None:
        """Let this computer work for the queue or not, as the form says."""
        self._queue.work_along(values, self.login.config)

    def close(self) -> None:
        """Cancel the jobs of this computer; the videos in the list and in the queue are left there."""
        self._damage.close()
        self.cancel()
        self.videos.close()
        self._queue.close()

    def pause(self) -> None:
        """Pause the upload."""
        if self.state.pause_enabled:
            self._control.pause()
            self._post(Paused())

    def resume(self) -> None:
        """Resume the upload."""
        if self.state.resume_enabled:
            self._control.resume()
            self._post(Resumed())

    @property
    def _control(self) -> TransferControl:
        """What pauses the upload that is on its way: the form's, else those of the list."""
        of_list = self.state.stage is WindowStage.READY
        return self.videos.run.control if of_list else self._worker.control

    def limit_upload(self, typed: str) -> None:
        """Limit the rate of the running upload, or remove the limit; a text that is no limit changes nothing."""
        if not limit_problems(typed):
            for control in (self._worker.control, self.videos.run.control):
                control.limit_bytes_s = limit_bytes_s(typed)

    def follow_hours(self, limits: RateTimetable | None) -> None:
        """Use other limits by the hour, also for the uploads on their way."""
        for control in (self._worker.control, self.videos.run.control):
            control.timetable = limits

    def remember_login(self, values: FormValues) -> None:
        """Remember the login or forget it, as the box that was just ticked or cleared says."""
        self.save_preferences(values)
        if values.remember_login:
            self.login.keep(values)
        else:
            self.login.forget()

    def open_folder(self) -> None:
        """Show the finished folder in the desktop's file manager."""
        if self.state.folder is not None:
            self.folders.show(self.state.folder)

    def watch(self) -> None:
        """Play the finished stream in the browser."""
        if self.state.folder is not None and self.state.stream_playable:
            self.folders.watch(self.state.folder, self.state.finished_name)

    def save_diagnostics(self, path: Path, values: FormValues) -> None:
        """Save what somebody needs who looks into a mistake of the program; never over another file."""
        diagnostics.begin(path, job_config(values, self.login.config), self._post)

    def save_preferences(self, values: FormValues) -> None:
        """Remember the values of the form, without address and token; if that fails, the log says so."""
        try:
            to_preferences(values).save(self._preferences_path)
        except OSError as error:
            text = (
                f"Your settings could not be saved to {self._preferences_path} ({error.strerror}): "
                "check that the folder can be written."
            )
            self._post(LogEntry(text=text, level=LogLevel.WARNING))


def _unexpected(text: str) -> Message:
    return UnexpectedError(text=text)
