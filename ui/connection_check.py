"""Test Connection: whether the backend of the form can be reached and accepts the token. Knows no Tk."""

from __future__ import annotations

from collections.abc import Callable

from ui.job_form import FormValues, job_config
from ui.login_control import LoginControl
from ui.messages import ConnectionForgotten, ConnectionTested, ConnectionTesting, Message
from ui.services import Services
from ui.view_state import ViewState
from ui.worker import ask


class ConnectionCheck:
    """Tests the connection. Every method is called in the Tk thread and returns at once."""

    def __init__(
        self,
        services: Services,
        login: LoginControl,
        *,
        post: Callable[[Message], None],
        receive: Callable[[Message], None],
        state: Callable[[], ViewState],
    ) -> None:
        """`post` puts a message into the event queue, `receive` applies one to the `state` at once."""
        self._services = services
        self._login = login
        self._post = post
        self._receive = receive
        self._state = state

    def test(self, values: FormValues) -> None:
        """Find out whether the backend can be reached and accepts the token."""
        state = self._state()
        if state.connection.testing or not state.form_enabled:
            return
        self._login.keep(values)
        number = state.connection.number + 1
        self._receive(ConnectionTesting(number=number))
        config = job_config(values, self._login.config)

        def tested() -> Message:
            found = self._services.check_connection(config)
            return ConnectionTested(number=number, ok=True, text=found.text, token_tried=found.token_tried)

        ask(
            "connection",
            tested,
            lambda reason: ConnectionTested(number=number, ok=False, text=reason),
            self._post,
        )

    def forget(self) -> None:
        """Discard the result of the last test: address or token are being changed."""
        if self._state().connection.shown:
            self._receive(ConnectionForgotten())
