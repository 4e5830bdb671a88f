"""The login to the backend: loaded from the keychain, stored there, and replaced while an upload waits. Knows no Tk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from config import Config
from diagnostics import crash_log
from pipeline.cancel import CancelToken
from pipeline.transfer.http.validation import token_problems
from ui.job_form import FormValues
from ui.keychain import KeptLogin
from ui.login_memory import LoginMemory
from ui.messages import Message, TokenAnswered, TokenRefused
from ui.token_question import TokenQuestion


class LoginControl:
    """Loads, stores and replaces the login. Every method is called in the Tk thread and returns at once.

    `config` is the program's configuration, with the latest token if the token comes from `.env`.
    """

    def __init__(
        self,
        config: Config,
        question: TokenQuestion,
        *,
        post: Callable[[Message], None],
        receive: Callable[[Message], None],
    ) -> None:
        """`question` is where an upload asks for a new token; `post` puts a message into the event queue,
        `receive` applies one to the state at once.
        """
        self.config = config
        self._question = question
        self._post = post
        self._receive = receive
        self._memory = LoginMemory(post)

    @property
    def busy(self) -> bool:
        """Whether the keychain still has a login to store or to remove."""
        return self._memory.busy

    @property
    def is_typed(self) -> bool:
        """Whether the token comes from the form: one from `.env` is remembered there."""
        return not self.config.backend.token

    def look(self, values: FormValues) -> None:
        """Find out whether the keychain has the chosen backend's login, or the typed one if it was to be kept."""
        if values.backend:
            self._memory.load(values.backend)
        elif values.remember_login and self.is_typed:
            self._memory.load()

    def keep(self, values: FormValues) -> None:
        """Store the login of the form in the keychain, if the editor chose that and it can be a login."""
        crash_log.hide(values.token)
        complete = values.backend_url and not token_problems(values.token)
        if values.backend:
            if complete:
                self.keep_for(values.backend, KeptLogin(url=values.backend_url, token=values.token))
        elif values.remember_login and self.is_typed and complete:
            self._memory.save(KeptLogin(url=values.backend_url, token=values.token))

    def forget(self) -> None:
        """Remove the login from the keychain."""
        self._memory.forget()

    def keep_for(self, backend: str, login: KeptLogin) -> None:
        """Store the login of a named backend in the keychain."""
        self._memory.save(login, backend)

    def forget_for(self, backend: str) -> None:
        """Remove the login of a named backend from the keychain."""
        self._memory.forget(backend)

    def ask_for_folder(self, cancel: CancelToken) -> str | None:
        """Return a new token for the upload of a finished folder, None for none. Called in its thread."""
        token = self._question.ask(cancel, of_folder=True)
        if token is None:  # it may be stopped, and nobody waits for an answer any more
            self._post(TokenAnswered(given=False))
        return token

    def answer_token(self, token: str, values: FormValues) -> bool:
        """Continue the upload with a new token; return whether the text can be a token."""
        from_env = self.config.backend.configured and not values.backend
        problems = token_problems(token)
        if problems:
            self._receive(TokenRefused(problem=problems[0].text))
            return False
        crash_log.hide(token)
        if from_env:  # the next job of this session must not begin with the one that was refused
            self.config = replace(self.config, backend=replace(self.config.backend, token=token))
        self._answer_token(token)
        return True

    def refuse_token(self) -> None:
        """End the upload because there is no new token."""
        self._answer_token(None)

    def _answer_token(self, token: str | None) -> None:
        # told before the thread goes on: its next question must not be taken for the one that is answered here
        self._post(TokenAnswered(given=token is not None))
        self._receive(TokenAnswered(given=token is not None))
        self._question.answer(token)
