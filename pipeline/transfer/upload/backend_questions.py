"""Asks one backend what an editor waits for: whether it takes the token, and where an object can be read."""

from __future__ import annotations

from collections.abc import Callable

from pipeline.cancel import CancelToken
from pipeline.errors import AuthenticationError
from pipeline.transfer.http.client import BackendClient, token_untested
from pipeline.transfer.http.content_types import content_type
from pipeline.transfer.http.messages import MessageListener
from pipeline.transfer.http.refusal import Refusal, RefusedError
from pipeline.transfer.http.retry import (
    LONG_S,
    RetryDecision,
    after_question,
    after_upload,
    call_with_retries,
    is_refused_for_good,
)
from pipeline.transfer.http.sessions import open_session
from pipeline.transfer.upload.backend_access import BackendAccess
from pipeline.transfer.upload.sender import ignore

RETRIES = 2
"""How often the question about the token is asked again at most: an editor waits for the answer, and may do without."""


def connection_warning(access: BackendAccess, cancel: CancelToken) -> str:
    """Ask whether the backend is there and takes the token; return a warning where the latter can't be known.

    Raises TransferError or Cancelled.
    """
    with open_session(cancel) as http:
        client = access.client(http, ignore)
        try:
            return call_with_retries(
                client.validate, decide=_while_waiting, delays=access.delays[:RETRIES], cancel=cancel, note=ignore
            )
        except RefusedError as error:
            refusal = error.refusal
            if after_question(refusal) is not RetryDecision.RETRY or not (refusal.status or _answers(client)):
                raise
            said = f"status {refusal.status}" if refusal.status else "no answer"
            return token_untested(access.backend.validate_endpoint, said)


def public_address(
    access: BackendAccess, key: str, cancel: CancelToken, note: Callable[[str], None], on_notice: MessageListener
) -> str:
    """Return where anybody may read an object, as the backend says; empty where it does not.

    Waits no longer than the pauses between the tries. Raises TransferError, Cancelled.
    """
    recovery = access.recovery(cancel, on_notice)

    def log_in(decision: RetryDecision, refusal: Refusal) -> bool:
        return decision is RetryDecision.LOGIN and recovery.recover(decision, refusal)

    with open_session(cancel) as http:
        client = access.client(http, note)
        signed = lambda: client.presign(key, content_type(key))  # noqa: E731  # one line that says what is tried
        try:
            return call_with_retries(
                signed, decide=after_upload, delays=access.delays, cancel=cancel, note=note, recover=log_in
            ).download_url
        except AuthenticationError:
            raise
        except RefusedError as error:  # the next upload there says what is wrong
            if not is_refused_for_good(error.refusal):
                raise
            return ""


def _while_waiting(refusal: Refusal) -> RetryDecision:
    """Decide about a question whose answer an editor waits for."""
    return RetryDecision.GIVE_UP if refusal.retry_after_s > LONG_S else after_question(refusal)


def _answers(client: BackendClient) -> bool:
    """Whether the backend answers another question, whatever it says."""
    try:
        client.capabilities()
    except RefusedError as error:
        return bool(error.refusal.status)
    return True
