"""What the window does when something is pressed or arrives. Holds the state and the threads; knows no Tk."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from config import Config
from pipeline.events import JobFinished, LogLevel, LogLine
from pipeline.model import Existing, Plan
from ui.job_form import FormValues, job_config, to_preferences
from ui.messages import (
    Answer,
    Checking,
    ConnectionForgotten,
    ConnectionTested,
    ConnectionTesting,
    FolderKnown,
    Message,
    Mishap,
    ModelsKnown,
    ReplaceQuestion,
    ResumeQuestion,
    SourceChosen,
    SourceFound,
    SourceRefused,
    StopRequested,
    Withdrawn,
)
from ui.services import Services
from ui.view_state import Stage, ViewState, advance
from ui.worker import JobWorker, ask

ANSWERS = {Answer.RESUME: Existing.RESUME, Answer.UPLOAD_AGAIN: Existing.UPLOAD_AGAIN, Answer.REPLACE: Existing.FRESH}


class Controller:
    """The window without its widgets. Every method is called in the Tk thread and returns at once."""

    def __init__(self, *, config: Config, preferences_path: Path, services: Services, post: Callable[[Message], None]) -> None:
        self.state = ViewState()
        self._config = config
        self._preferences_path = preferences_path
        self._services = services
        self._post = post
        self._worker = JobWorker(services, post)
        self._asked: Plan | None = None
        self._values = FormValues()

    @property
    def busy(self) -> bool:
        """Whether the job's thread is still at work."""
        return self._worker.busy

    def receive(self, message: Message) -> None:
        """Take a message from the queue into the state."""
        if isinstance(message, ResumeQuestion | ReplaceQuestion):
            self._asked = message.plan
        self.state = advance(self.state, message)
        if isinstance(message, JobFinished):
            self.look_for_folder(message.report.folder)

    def look_for_models(self) -> None:
        """Find out which models there are to choose from."""
        ask("models", lambda: ModelsKnown(names=self._services.model_names()), lambda text: Mishap(text=text), self._post)

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
            lambda: SourceFound(text=text, media=self._services.describe_source(path), slug=self._services.slug_for(path)),
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
        self._worker.begin(values, self._config)

    def answer(self, answer: Answer) -> None:
        """Go on as the editor decided."""
        if self.state.stage is not Stage.ASKING or self._asked is None:
            return
        plan, self._asked = self._asked, None
        existing = ANSWERS.get(answer)
        if existing is None:
            self.receive(Withdrawn())
            return
        self.receive(Checking())
        self._worker.go_on(plan, job_config(self._values, self._config), existing)

    def cancel(self) -> None:
        """Stop the job, or take back the question."""
        if self.state.stage is Stage.ASKING:
            self.answer(Answer.WITHDRAW)
        elif self.state.cancel_enabled:
            self._post(StopRequested())
            self.receive(StopRequested())
            self._worker.cancel()

    def test_connection(self, values: FormValues) -> None:
        """Find out whether the backend is there and takes the token."""
        if self.state.connection.testing or not self.state.form_enabled:
            return
        number = self.state.connection.number + 1
        self.receive(ConnectionTesting(number=number))
        config = job_config(values, self._config)
        ask(
            "connection",
            lambda: ConnectionTested(number=number, ok=True, text=self._services.check_connection(config)),
            lambda reason: ConnectionTested(number=number, ok=False, text=reason),
            self._post,
        )

    def forget_connection(self) -> None:
        """Drop what a test said: address or token are being changed."""
        if self.state.connection.text:
            self.receive(ConnectionForgotten())

    def open_folder(self) -> None:
        """Show the finished folder in the desktop's file manager."""
        folder = self.state.folder
        if folder is None:
            return

        def shown() -> Message:
            self._services.open_in_file_manager(folder)
            return LogLine(text=f"Opened {folder}")

        ask("file manager", shown, lambda text: LogLine(text=text, level=LogLevel.ERROR), self._post)

    def save_preferences(self, values: FormValues) -> None:
        """Remember what stands in the form, without address and token; where that can't be, the log says so."""
        try:
            to_preferences(values).save(self._preferences_path)
        except OSError as error:
            text = f"Your settings could not be saved to {self._preferences_path} ({error.strerror}): check that the folder can be written."
            self._post(LogLine(text=text, level=LogLevel.WARNING))
