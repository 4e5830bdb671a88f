"""What the window does when something is pressed or arrives. Holds the state and the threads; knows no Tk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from config import Config
from pipeline.events import JobFinished, LogLevel
from pipeline.job import Existing, Job
from pipeline.model import Plan
from pipeline.preflight_answers import DestinationTaken, ReplaceFolder, ResumeUpload
from pipeline.transfer.http.validation import token_problems
from ui.job_form import FormValues, job_config, to_preferences
from ui.keychain import KeptLogin
from ui.login_memory import LoginMemory
from ui.messages import (
    Answer,
    Checking,
    ConnectionForgotten,
    ConnectionTested,
    ConnectionTesting,
    FolderKnown,
    LogEntry,
    Message,
    ModelsKnown,
    Paused,
    Resumed,
    SourceChosen,
    SourceFound,
    SourceRefused,
    StartCancelled,
    StopRequested,
    TokenAnswered,
    TokenRefused,
    UnexpectedError,
)
from ui.services import Services
from ui.speed_limit import limit_bytes_s, limit_problems
from ui.view_state import Stage, ViewState, advance
from ui.worker import JobWorker, ask

ANSWERS = {Answer.RESUME: Existing.RESUME, Answer.UPLOAD_AGAIN: Existing.UPLOAD_AGAIN, Answer.REPLACE: Existing.FRESH}


def answered(job: Job, answer: Answer) -> Job | None:
    """Return the job as the editor decided, None where it was taken back."""
    if answer is Answer.REPLACE_STREAM and job.upload is not None:
        return replace(job, upload=replace(job.upload, replace=True))
    existing = ANSWERS.get(answer)
    return None if existing is None else replace(job, existing=existing)


class Controller:
    """The window without its widgets. Every method is called in the Tk thread and returns at once."""

    def __init__(
        self, *, config: Config, preferences_path: Path, services: Services, post: Callable[[Message], None]
    ) -> None:
        self.state = ViewState()
        self._config = config
        self._preferences_path = preferences_path
        self._services = services
        self._post = post
        self._worker = JobWorker(services, post)
        self._memory = LoginMemory(post)
        self._asked: Plan | None = None
        self._values = FormValues()

    @property
    def busy(self) -> bool:
        """Whether the job's thread is still at work, or the keychain has not taken in yet what it was told."""
        return self._worker.busy or self._memory.busy

    @property
    def login_is_typed(self) -> bool:
        """Whether the token comes from the form: one from `.env` is remembered there."""
        return not self._config.backend.token

    def receive(self, message: Message) -> None:
        """Take a message from the queue into the state."""
        if isinstance(message, ReplaceFolder | ResumeUpload | DestinationTaken):
            self._asked = message.plan
        self.state = advance(self.state, message)
        if isinstance(message, JobFinished):
            self.look_for_folder(message.report.folder)

    def look_for_models(self) -> None:
        """Find out which models there are to choose from."""
        ask(
            "models",
            lambda: ModelsKnown(names=self._services.model_names()),
            lambda text: UnexpectedError(text=text),
            self._post,
        )

    def look_at_source(self, text: str) -> None:
        """Find out what the source in the form is."""
        if text == self.state.source.path_text:
            return
        self.receive(SourceChosen(text=text))
        if not text:
            return
        path = Path(text)
        ask(
            "source",
            lambda: SourceFound(
                text=text, media=self._services.describe_source(path), slug=self._services.slug_for(path)
            ),
            lambda reason: SourceRefused(text=text, reason=reason),
            self._post,
        )

    def look_for_folder(self, folder: Path | None) -> None:
        """Find out whether there is a folder to open; a network drive may take its time to say so."""

        def existing() -> Message:
            there = folder if folder is not None and folder.is_dir() else None
            return FolderKnown(folder=there)

        ask("folder", existing, lambda _: FolderKnown(folder=None), self._post)

    def start(self, values: FormValues) -> None:
        """Begin the job that stands in the form."""
        if not self.state.start_enabled:
            return
        self._values = values
        self.receive(Checking())
        self.save_preferences(values)
        self.keep_login(values)
        self._worker.begin(values, self._config)

    def answer(self, answer: Answer) -> None:
        """Go on as the editor decided."""
        if self.state.stage is not Stage.ASKING or self._asked is None:
            return
        plan, self._asked = self._asked, None
        job = answered(plan.job, answer)
        if job is None:
            self.receive(StartCancelled())
            return
        self.receive(Checking())
        self._worker.go_on(replace(plan, job=job), job_config(self._values, self._config))

    def cancel(self) -> None:
        """Stop the job, or take back the question."""
        if self.state.stage is Stage.ASKING:
            self.answer(Answer.WITHDRAW)
        elif self.state.cancel_enabled:
            self._post(StopRequested())
            self.receive(StopRequested())
            self._worker.cancel()

    def pause(self) -> None:
        """Let the upload rest."""
        if self.state.pause_enabled:
            self._worker.control.pause()
            self._post(Paused())

    def resume(self) -> None:
        """Let the upload go on."""
        if self.state.resume_enabled:
            self._worker.control.resume()
            self._post(Resumed())

    def limit_upload(self, typed: str) -> None:
        """Slow the upload that runs, or let it go as fast as it can; what is not a limit changes nothing."""
        if not limit_problems(typed):
            self._worker.control.limit_bytes_s = limit_bytes_s(typed)

    def answer_token(self, token: str) -> bool:
        """Let the upload go on with a new token; return whether it can be one."""
        from_env = self._config.backend.configured
        problems = token_problems(token, typed=not from_env)
        if problems:
            self.receive(TokenRefused(problem=problems[0].text))
            return False
        if from_env:  # the next job of this session must not begin with the one that was refused
            self._config = replace(self._config, backend=replace(self._config.backend, token=token))
        self._answer_token(token)
        return True

    def refuse_token(self) -> None:
        """End the upload where it is: there is no new token."""
        self._answer_token(None)

    def _answer_token(self, token: str | None) -> None:
        # told before the thread goes on: its next question must not be taken for the one that is answered here
        self._post(TokenAnswered(given=token is not None))
        self.receive(TokenAnswered(given=token is not None))
        self._worker.question.answer(token)

    def look_for_login(self, values: FormValues) -> None:
        """Find out whether the keychain has a login, where the editor wanted it remembered."""
        if values.remember_login and self.login_is_typed:
            self._memory.load()

    def remember_login(self, values: FormValues) -> None:
        """Remember the login or forget it, as it was just ticked."""
        self.save_preferences(values)
        if values.remember_login:
            self.keep_login(values)
        else:
            self._memory.forget()

    def keep_login(self, values: FormValues) -> None:
        """Give the keychain what stands in the form, where it is wanted there and could be a login."""
        complete = values.backend_url and not token_problems(values.token, typed=True)
        if values.remember_login and self.login_is_typed and complete:
            self._memory.save(KeptLogin(url=values.backend_url, token=values.token))

    def test_connection(self, values: FormValues) -> None:
        """Find out whether the backend is there and takes the token."""
        if self.state.connection.testing or not self.state.form_enabled:
            return
        self.keep_login(values)
        number = self.state.connection.number + 1
        self.receive(ConnectionTesting(number=number))
        config = job_config(values, self._config)

        def tested() -> Message:
            found = self._services.check_connection(config)
            return ConnectionTested(number=number, ok=True, text=found.text, token_tried=found.token_tried)

        ask(
            "connection",
            tested,
            lambda reason: ConnectionTested(number=number, ok=False, text=reason),
            self._post,
        )

    def forget_connection(self) -> None:
        """Drop what a test said: address or token are being changed."""
        if self.state.connection.shown:
            self.receive(ConnectionForgotten())

    def open_folder(self) -> None:
        """Show the finished folder in the desktop's file manager."""
        folder = self.state.folder
        if folder is None:
            return

        def shown() -> Message:
            self._services.open_in_file_manager(folder)
            return LogEntry(text=f"Opened {folder}")

        ask("file manager", shown, lambda text: LogEntry(text=text, level=LogLevel.ERROR), self._post)

    def save_preferences(self, values: FormValues) -> None:
        """Remember what stands in the form, without address and token; where that can't be, the log says so."""
        try:
            to_preferences(values).save(self._preferences_path)
        except OSError as error:
            text = (
                f"Your settings could not be saved to {self._preferences_path} ({error.strerror}): "
                "check that the folder can be written."
            )
            self._post(LogEntry(text=text, level=LogLevel.WARNING))
