"""The table of retries and the loop that follows it."""

from __future__ import annotations

import pytest
from upload_parts import RecordingToken

from pipeline.errors import AuthenticationError, Cancelled, TransferError
from pipeline.events import LogLevel
from pipeline.transfer.http.exchange import NoResponseReason
from pipeline.transfer.http.patience import PAUSES_S, Patience
from pipeline.transfer.http.refusal import Refusal, RefusedError, Server, refused
from pipeline.transfer.http.retry import (
    DELAYS_S,
    JITTER,
    MAX_RENEWALS,
    PROGRESS_BYTES,
    RetryDecision,
    after_record,
    after_upload,
    call_with_retries,
    jittered,
)

STORE, BACKEND = Server.STORE, Server.BACKEND


@pytest.mark.parametrize("server", list(Server))
@pytest.mark.parametrize("status", [408, 425, 429, 499, 500, 502, 503, 504, 511, 520, 522, 524, 529, 530, 598])
def test_passing_troubles_are_tried_again(server, status):
    """Statuses that say "later" lead to another try, whoever says so."""
    assert RetryDecision.RETRY is after_upload(Refusal(server=server, status=status))


@pytest.mark.parametrize(
    ("refusal", "expected"),
    [
        (Refusal(server=BACKEND, status=401), RetryDecision.LOGIN),
        (Refusal(server=STORE, status=401), RetryDecision.GIVE_UP),
        (Refusal(server=BACKEND, status=404), RetryDecision.GIVE_UP),
        (Refusal(server=STORE, status=404, code="NoSuchBucket"), RetryDecision.GIVE_UP),
        (Refusal(server=STORE, status=403, code="SignatureDoesNotMatch", message="expired"), RetryDecision.GIVE_UP),
        (Refusal(server=STORE, status=403, code="AccessDenied", message="Access Denied"), RetryDecision.GIVE_UP),
        (Refusal(server=STORE, status=403, code="AccessDenied", message="Request has expired"), RetryDecision.RENEW),
        (Refusal(server=STORE, status=400, code="ExpiredToken"), RetryDecision.RENEW),
        (Refusal(server=STORE, status=403, code="RequestTimeTooSkewed"), RetryDecision.GIVE_UP),
        (Refusal(server=STORE, status=400, code="RequestTimeout"), RetryDecision.RETRY),
        (Refusal(server=STORE, status=503, code="SlowDown"), RetryDecision.RETRY),
        (Refusal(server=STORE, status=400, code="BadDigest"), RetryDecision.RETRY),
        (Refusal(server=STORE, status=400, code="IncompleteBody"), RetryDecision.RETRY),
        (Refusal(server=STORE, status=409, code="OperationAborted"), RetryDecision.RETRY),
        (Refusal(server=STORE, status=409, code="ConditionalRequestConflict"), RetryDecision.RETRY),
        (Refusal(server=STORE, status=409, code="InvalidBucketState"), RetryDecision.GIVE_UP),
        (Refusal(server=BACKEND, status=501), RetryDecision.GIVE_UP),
        (Refusal(server=STORE, status=307), RetryDecision.GIVE_UP),
        (Refusal(server=BACKEND, status=403), RetryDecision.GIVE_UP),
        (Refusal(server=BACKEND, status=400), RetryDecision.GIVE_UP),
        (Refusal(server=STORE, no_response=NoResponseReason.BROKEN_OFF), RetryDecision.RETRY),
        (Refusal(server=STORE, no_response=NoResponseReason.TIMED_OUT), RetryDecision.RETRY),
        (Refusal(server=BACKEND, no_response=NoResponseReason.UNREACHABLE), RetryDecision.WAIT),
        (Refusal(server=STORE, no_response=NoResponseReason.UNREACHABLE), RetryDecision.WAIT),
        (Refusal(server=STORE, status=200, code="InternalError"), RetryDecision.RETRY),
        (Refusal(server=STORE, status=507, code="QuotaExceeded"), RetryDecision.GIVE_UP),
        (Refusal(server=BACKEND, status=507), RetryDecision.GIVE_UP),
        (Refusal(server=BACKEND, no_response=NoResponseReason.CERTIFICATE), RetryDecision.GIVE_UP),
        (Refusal(server=BACKEND, no_response=NoResponseReason.BAD_ADDRESS), RetryDecision.GIVE_UP),
    ],
    ids=lambda value: (
        value.value
        if isinstance(value, RetryDecision)
        else f"{value.server.value} {value.status} {value.code or value.no_response}"
    ),
)
def test_table_of_decisions(refusal, expected):
    """Each refusal has one decision."""
    assert expected is after_upload(refusal)


@pytest.mark.parametrize(
    ("refusal", "expected"),
    [
        (Refusal(server=BACKEND, status=503), RetryDecision.RETRY),
        (Refusal(server=BACKEND, no_response=NoResponseReason.UNREACHABLE), RetryDecision.WAIT),
        (Refusal(server=BACKEND, no_response=NoResponseReason.TIMED_OUT), RetryDecision.GIVE_UP),
        (Refusal(server=BACKEND, status=500), RetryDecision.GIVE_UP),
        (Refusal(server=BACKEND, status=401), RetryDecision.LOGIN),
    ],
    ids=["busy", "unreachable", "perhaps arrived", "failed inside", "token"],
)
def test_record_is_sent_again_only_when_it_did_not_arrive(refusal, expected):
    """A record that the backend may have made is not made twice."""
    assert expected is after_record(refusal)


def attempts(*refusals: Refusal):
    """Return a function that fails with each refusal in turn and then succeeds, and the list of its calls."""
    calls: list[int] = []

    def attempt() -> str:
        calls.append(len(calls))
        if len(calls) <= len(refusals):
            raise refused(refusals[len(calls) - 1])
        return "stored"

    return attempt, calls


BUSY = Refusal(server=STORE, status=503)
EXPIRED = Refusal(server=STORE, status=403, code="AccessDenied", message="Request has expired")


def call_on(attempt, cancel, **more):
    """Try as the upload does, with exact pauses."""
    more.setdefault("spread", lambda pause: pause)
    return call_with_retries(
        attempt, decide=after_upload, delays=DELAYS_S, cancel=cancel, note=lambda text: None, **more
    )


def test_pauses_are_1_3_and_10_seconds():
    """One try, and one more after each pause; then it is over."""
    cancel = RecordingToken()
    attempt, calls = attempts(BUSY, BUSY, BUSY, BUSY)
    with pytest.raises(RefusedError):
        call_on(attempt, cancel)
    assert [1.0, 3.0, 10.0] == cancel.pauses
    assert 4 == len(calls)


def test_success_on_the_last_try_counts():
    """Three failures and a success make a success."""
    cancel = RecordingToken()
    attempt, _ = attempts(BUSY, BUSY, BUSY)
    assert "stored" == call_on(attempt, cancel)


def test_expired_url_is_renewed_without_a_pause_and_without_using_up_a_try():
    """Renewals are bounded, immediate and apart from the retries."""
    cancel = RecordingToken()
    attempt, calls = attempts(EXPIRED, BUSY, EXPIRED, BUSY, EXPIRED, BUSY)
    assert "stored" == call_on(attempt, cancel)
    assert [1.0, 3.0, 10.0] == cancel.pauses
    attempt, calls = attempts(*[EXPIRED] * 20)
    with pytest.raises(RefusedError, match="expired"):
        call_on(attempt, cancel)
    assert MAX_RENEWALS + 1 == len(calls)


def test_server_may_ask_for_a_longer_pause():
    """Retry-After counts when it is longer than our own pause."""
    cancel = RecordingToken()
    attempt, _ = attempts(
        Refusal(server=STORE, status=429, retry_after_s=7), Refusal(server=STORE, status=429, retry_after_s=2)
    )
    call_on(attempt, cancel)
    assert [7, 3.0] == cancel.pauses


def test_pauses_are_spread_around_those_of_the_table():
    """Files that fail together don't come back together, and none waits for much longer or shorter."""
    cancel = RecordingToken()
    for _ in range(20):
        attempt, _calls = attempts(BUSY, BUSY, BUSY)
        call_on(attempt, cancel, spread=jittered)
    for number, pause in enumerate(DELAYS_S):
        found = cancel.pauses[number::3]
        assert 1 < len(set(found))
        assert all(pause * (1 - JITTER) <= one <= pause * (1 + JITTER) for one in found)


def test_counting_begins_anew_after_progress():
    """A try that got further than any before has all tries before it again; one that got as far has not."""
    cancel = RecordingToken()
    attempt, calls = attempts(*[BUSY] * 7)
    further = [PROGRESS_BYTES, PROGRESS_BYTES, PROGRESS_BYTES, 2 * PROGRESS_BYTES, 2 * PROGRESS_BYTES, 0, 5]
    with pytest.raises(RefusedError):
        call_on(attempt, cancel, reached=lambda: further[len(calls) - 1])
    assert [1.0, 3.0, 10.0, 1.0, 3.0, 10.0] == cancel.pauses


class Hours:
    """A clock that goes by the pauses that are made."""

    def __init__(self) -> None:
        self.cancel = RecordingToken()
        self.patience = Patience(
            600.0, lambda text, level: self.said.append((text, level)), clock=lambda: sum(self.cancel.pauses)
        )
        self.said: list[tuple[str, LogLevel]] = []


def test_pauses_grow_until_patience_is_spent():
    """Ten minutes without anything getting through, said once; then the server's own refusal is the error."""
    hours = Hours()
    attempt, _ = attempts(*[Refusal(server=STORE, origin="https://store", status=520)] * 99)
    with pytest.raises(RefusedError, match="520"):
        call_on(attempt, hours.cancel, patience=hours.patience)
    assert [1.0, 3.0, 10.0, 20.0, 40.0, 60.0, 60.0] == hours.cancel.pauses[:7]
    assert 600 <= sum(hours.cancel.pauses) < 600 + PAUSES_S[-1]
    [(said, level)] = hours.said
    assert (LogLevel.WAITING, True) == (level, "https://store" in said and "status 520" in said and "10 min" in said)


def test_own_progress_is_not_that_of_others():
    """A file that got further itself has the longer pause before it leaves its worker, as if nobody got through."""
    hours = Hours()
    hours.patience.in_rounds = True
    attempt, calls = attempts(*[BUSY] * 9)
    with pytest.raises(RefusedError):
        call_on(
            attempt,
            hours.cancel,
            patience=hours.patience,
            reached=lambda: 0 if len(calls) == 1 else PROGRESS_BYTES,
        )
    assert [1.0, 1.0, 3.0, 10.0, 20.0] == hours.cancel.pauses


def test_patience_begins_anew_when_anything_gets_through():
    """Another thread's success counts too, and it is said that the upload goes on."""
    hours = Hours()
    calls = []

    def attempt() -> str:
        calls.append(1)
        if len(calls) == 12:
            hours.patience.progress()
        if len(calls) < 23:
            raise refused(Refusal(server=STORE, origin="https://store", status=503))
        return "stored"

    assert "stored" == call_on(attempt, hours.cancel, patience=hours.patience)
    assert sum(hours.cancel.pauses) > 600
    assert [LogLevel.WAITING, LogLevel.INFO, LogLevel.WAITING] == [level for _, level in hours.said]


def test_what_fails_in_a_round_leaves_its_lane():
    """At once where others get through, else after one longer pause; what fails next has that pause at once."""
    hours = Hours()
    hours.patience.in_rounds = True

    def among_others() -> None:
        hours.patience.progress()
        raise refused(BUSY)

    for attempt, expected in (
        (among_others, [1.0, 3.0, 10.0]),
        (attempts(*[BUSY] * 9)[0], [1.0, 3.0, 10.0, 20.0]),
        (attempts(*[BUSY] * 9)[0], [40.0]),
        (attempts(*[BUSY] * 9)[0], [60.0]),
    ):
        before = len(hours.cancel.pauses)
        with pytest.raises(RefusedError):
            call_on(attempt, hours.cancel, patience=hours.patience)
        assert expected == hours.cancel.pauses[before:]


def test_one_more_try_with_the_line_for_itself():
    """Before everything else has failed what helps is done, and once only."""
    cancel, helped = RecordingToken(), []
    attempt, calls = attempts(*[Refusal(server=STORE, no_response=NoResponseReason.BROKEN_OFF)] * 9)
    with pytest.raises(RefusedError):
        call_on(attempt, cancel, last_way=lambda refusal: not helped.append(refusal))
    assert (1, 5) == (len(helped), len(calls))


def test_recovery_is_not_counted_as_a_try():
    """What was put right is tried again at once, as often as it takes; what was not is handled by the table."""
    cancel = RecordingToken()
    token, gone = (
        Refusal(server=BACKEND, status=401, login=1),
        Refusal(server=BACKEND, no_response=NoResponseReason.UNREACHABLE),
    )
    seen = []

    def recover(decision, refusal) -> bool:
        seen.append(decision)
        return True

    attempt, _ = attempts(*[token, gone] * 5)
    assert "stored" == call_on(attempt, cancel, recover=recover)
    assert ([RetryDecision.LOGIN, RetryDecision.WAIT] * 5, []) == (seen, cancel.pauses)
    attempt, calls = attempts(token)
    with pytest.raises(AuthenticationError):
        call_on(attempt, cancel)
    attempt, calls = attempts(*[gone] * 9)
    with pytest.raises(RefusedError):
        call_on(attempt, cancel)
    assert (4, [1.0, 3.0, 10.0]) == (len(calls), cancel.pauses)


def test_cancel_ends_a_pause():
    """A pause ends with Cancelled, and no further try is made."""
    cancel = RecordingToken()

    def attempt() -> None:
        cancel.cancel()
        raise refused(BUSY)

    with pytest.raises(Cancelled):
        call_on(attempt, cancel)


def test_other_errors_are_not_tried_again():
    """A file that can't be read is not the network's fault."""
    calls = []

    def attempt() -> None:
        calls.append(1)
        raise TransferError("changed")

    with pytest.raises(TransferError, match="changed"):
        call_on(attempt, RecordingToken())
    assert 1 == len(calls)


def test_refused_token_is_an_authentication_error():
    """A 401 of the backend has its own class, so that everything can stop."""
    assert isinstance(refused(Refusal(server=BACKEND, status=401)), AuthenticationError)
    assert not isinstance(refused(Refusal(server=STORE, status=401)), AuthenticationError)
