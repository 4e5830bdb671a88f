"""Opens what talks to one backend: its clients, the list of what the server has, what sends one file.

Knows nothing of folders and of the order in which their files go.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from config import BackendApi
from pipeline.cancel import CancelToken
from pipeline.events import LogLevel
from pipeline.transfer.http.capabilities import NOTHING, BackendCapabilities
from pipeline.transfer.http.client import BackendClient
from pipeline.transfer.http.control import TransferControl
from pipeline.transfer.http.gate import Gate
from pipeline.transfer.http.login import Login
from pipeline.transfer.http.messages import MessageListener
from pipeline.transfer.http.recovery import TransferRecovery
from pipeline.transfer.http.redaction import origin_of
from pipeline.transfer.http.refusal import Refusal, RefusedError
from pipeline.transfer.http.retry import RetryDecision, after_question, after_upload, call_with_retries
from pipeline.transfer.http.store_client import StoreClient
from pipeline.transfer.manifests.inventory import Inventory
from pipeline.transfer.upload.backend_answers import NO_ANSWERS, BackendAnswers
from pipeline.transfer.upload.given_keys import GivenKeys
from pipeline.transfer.upload.sender import Sender, UploadContext

if TYPE_CHECKING:
    from pipeline.transfer.http.exchange import Http


class BackendAccess:
    """Opens what talks to one backend, and keeps what that has said about itself.

    Args:
        backend: where to ask.
        login: the token, where one may be asked for in the middle.
        control: pauses, slows and widens what is sent.
        delays: the pauses before each further try, in seconds.
        patience_s: how long what may pass is waited for beyond that, as long as nothing gets through.
        answers: what the backend has said before.
    """

    def __init__(
        self,
        backend: BackendApi,
        login: Login,
        control: TransferControl,
        *,
        delays: Sequence[float],
        patience_s: float,
        answers: BackendAnswers = NO_ANSWERS,
    ) -> None:
        self.backend = backend
        self.login = login
        self.delays = tuple(delays)
        self.patience_s = patience_s
        self._control = control
        self._capabilities = answers.capabilities
        self._clock_ahead_s = answers.clock_ahead_s

    @property
    def capabilities(self) -> BackendCapabilities:
        """What the backend offers, as far as it has said so."""
        return self._capabilities or NOTHING

    @property
    def has_told(self) -> bool:
        """Whether the backend has said what it offers."""
        return self._capabilities is not None

    @property
    def clock_ahead_s(self) -> float:
        """How far this computer's clock is ahead of the backend's, in seconds; negative where it is behind."""
        return self._clock_ahead_s

    def ask_capabilities(self, client: BackendClient, context: UploadContext) -> None:
        """Ask what the backend offers, unless it has said so. Raises TransferError or Cancelled."""
        if self._capabilities is None:
            logins = iter([True])  # a question that needs another login than ours is not worth a second

            def recover(decision: RetryDecision, refusal: Refusal) -> bool:
                return (decision is not RetryDecision.LOGIN or next(logins, False)) and context.recovery.recover(
                    decision, refusal
                )

            try:
                self._capabilities = call_with_retries(
                    client.capabilities,
                    decide=after_upload,
                    delays=context.delays,
                    cancel=context.cancel,
                    note=context.note,
                    recover=recover,
                )
            except RefusedError as error:
                if not (error.refusal.status or after_question(error.refusal) is RetryDecision.RETRY):
                    raise
                context.note(f"the backend does not say what it offers, so it is asked for URLs only: {error}")
            self._clock_ahead_s = client.clock_ahead_s

    def inventory(self, http: Http, context: UploadContext) -> Inventory:
        """Return what asks the server what it has."""
        return Inventory(
            self.backend,
            http,
            delays=context.delays,
            cancel=context.cancel,
            note=context.note,
            login=self.login,
            recovery=context.recovery,
        )

    def sender(self, http: Http, context: UploadContext) -> Sender:
        """Return what sends single files."""
        return Sender(
            self.client(http, context.note), StoreClient(http, context.note), self.inventory(http, context), context
        )

    def client(self, http: Http, note: Callable[[str], None]) -> BackendClient:
        """Return what asks the backend. `note` takes lines for the log."""
        return BackendClient(self.backend, http, note, self.login)

    def recovery(
        self, cancel: CancelToken, announce: MessageListener, patience_s: float | None = None
    ) -> TransferRecovery:
        """Return what gets over what passes; `patience_s` stands in for the uploader's own."""
        return TransferRecovery(
            self.login,
            cancel,
            announce,
            patience_s=self.patience_s if patience_s is None else patience_s,
            away_s=self._control.away_s,
        )

    def context(
        self,
        capabilities: BackendCapabilities,
        cancel: CancelToken,
        note: Callable[[str], None],
        announce: MessageListener,
        patience_s: float | None = None,
    ) -> UploadContext:
        """Return what the threads of one upload share; `patience_s` stands in for the uploader's own."""
        recovery = self.recovery(cancel, announce, patience_s)
        if self._capabilities is not None:  # it has told them, so it is there
            recovery.answered(origin_of(self.backend.url))
        return UploadContext(
            capabilities=capabilities,
            control=self._control,
            gate=Gate(self._control, cancel),
            recovery=recovery,
            delays=self.delays,
            cancel=cancel,
            note=note,
            keys=GivenKeys(origin_of(self.backend.url), lambda text: announce(text, LogLevel.WARNING)),
        )
