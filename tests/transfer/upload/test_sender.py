"""The tries of one file, and URLs that were asked for ahead."""

from __future__ import annotations

import time
from concurrent.futures import Future

import pytest
from upload_parts import PREFIX

from pipeline.errors import TransferError
from pipeline.transfer.http.capabilities import NOTHING
from pipeline.transfer.http.control import TransferControl
from pipeline.transfer.http.gate import Gate
from pipeline.transfer.http.login import Login
from pipeline.transfer.http.recovery import TransferRecovery
from pipeline.transfer.http.refusal import Refusal, Server, refused
from pipeline.transfer.http.retry import RetryDecision
from pipeline.transfer.upload.given_keys import GivenKeys
from pipeline.transfer.upload.sender import FRESH_S, Attempts, SignedAhead, UploadContext, ignore


@pytest.fixture
def context(cancel):
    """The context of an upload of eight files at a time, which nobody watches."""
    control = TransferControl(parallel=8)

    recovery = TransferRecovery(Login("t"), cancel, ignore)
    return UploadContext(
        capabilities=NOTHING,
        control=control,
        gate=Gate(control, cancel),
        recovery=recovery,
        delays=(),
        cancel=cancel,
        note=ignore,
        keys=GivenKeys("https://backend.test", ignore),
    )


@pytest.mark.parametrize(
    ("refusal", "width"),
    [
        (Refusal(server=Server.STORE, status=503), 4),
        (Refusal(server=Server.BACKEND, status=429), 4),
        (Refusal(server=Server.STORE, status=400, code="SlowDown"), 4),
        (Refusal(server=Server.STORE, status=500), 8),
    ],
    ids=["503", "429", "SlowDown", "500"],
)
def test_busy_server_narrows_the_gate(context, refusal, width):
    """Only who asks for fewer requests gets fewer."""
    attempts = Attempts(context, lambda size: None)
    assert not attempts.recover(RetryDecision.RETRY, refusal)
    assert width == context.gate.width


def test_failure_during_a_pause_is_not_counted(context):
    """A connection that broke while the upload rested is tried again as often as that happens."""
    attempts, tries = Attempts(context, lambda size: None), []

    def attempt() -> str:
        with attempts.one():
            tries.append(1)
            if len(tries) < 4:
                context.control.pause()
                context.control.resume()
                raise refused(Refusal(server=Server.STORE, status=500))
        return "stored"

    assert "stored" == attempts.run(attempt, PREFIX)
    assert 4 == len(tries)


def signed(value: object, size: int = 5) -> SignedAhead:
    """Return a URL that was asked for ahead, or the error that came instead."""
    future: Future = Future()
    if isinstance(value, Exception):
        future.set_exception(value)
    else:
        future.set_result(value)
    return SignedAhead(future.result, size)


def test_url_that_was_asked_for_ahead_is_used_for_what_it_was_asked_for():
    """Another size, a refusal or a cancelled question: it is better asked for anew."""
    cancelled: Future = Future()
    cancelled.cancel()
    found = [
        signed("url").take(5),
        signed("url").take(6),
        signed(TransferError("no")).take(5),
        SignedAhead(cancelled.result, 5).take(5),
    ]
    assert ["url", None, None, None] == found


def test_url_that_waited_for_long_is_not_used(monkeypatch):
    """It may expire while the file is sent."""
    ahead = signed("url")
    now = time.monotonic()
    monkeypatch.setattr("pipeline.transfer.upload.sender.time.monotonic", lambda: now + FRESH_S + 1)
    assert ahead.take(5) is None
