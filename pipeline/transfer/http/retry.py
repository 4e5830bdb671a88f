"""When to try again, as one table. Pure but for the loop that follows it."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TypeVar

from pipeline.cancel import CancelToken
from pipeline.transfer.http.exchange import NoResponseReason
from pipeline.transfer.http.patience import Patience
from pipeline.transfer.http.refusal import Refusal, RefusedError, Server
from pipeline.transfer.http.refusal_texts import InvalidResponse

DELAYS_S = (1.0, 3.0, 10.0)
"""One try, and one more after each of these pauses, give or take JITTER of it.

Where there is patience, longer ones follow.
"""

LONG_S = 10.0
"""A pause that an editor should know of, in seconds."""

JITTER = 0.25
"""Many files that fail together must not all come back together."""

PROGRESS_BYTES = 1 << 18
"""A try that got so much further than any before it makes the counting of tries begin anew."""

MAX_RENEWALS = 3
"""How often a URL that came expired is asked for again, before something else must be wrong."""

_PASSING = frozenset({408, 425, 429, 499})
"""A request that came too slowly, too early, too often, or that a proxy gave up (nginx)."""

_LASTING = frozenset({501, 505, 507, 508, 510})
"""Of all that is wrong with a server (5xx, those of its proxies too) only this does not pass by itself."""

_CODES = frozenset(
    {
        "BadDigest",
        "ConditionalRequestConflict",
        "IncompleteBody",
        "InternalError",
        "OperationAborted",
        "RequestTimeout",
        "ServiceUnavailable",
        "SlowDown",
    }
)
"""What S3 says of requests that succeed when sent again, whatever the status (409, 400 say little)."""

_PASSING_REASONS = frozenset({NoResponseReason.TIMED_OUT, NoResponseReason.BROKEN_OFF})

T = TypeVar("T")


class RetryDecision(str, Enum):
    """What to do after a refusal."""

    RETRY = "try again after a pause"
    RENEW = "ask for a new URL at once"
    LOGIN = "ask for a new token, then go on"
    WAIT = "wait until the network is back, then go on"
    GIVE_UP = "give up"


def after_upload(refusal: Refusal) -> RetryDecision:
    """Decide about a file: storing it twice does no harm, so whatever may pass is tried again."""
    if refusal.expired_url:
        return RetryDecision.RENEW
    if refusal.no_response is not None and refusal.no_response.not_reached:
        return RetryDecision.WAIT
    if refusal.no_response is not None:
        return RetryDecision.RETRY if refusal.no_response in _PASSING_REASONS else RetryDecision.GIVE_UP
    if refusal.invalid is InvalidResponse.NOT_CONFIRMED:  # somebody may log in meanwhile
        return RetryDecision.RETRY
    if refusal.status == 401 and refusal.server is Server.BACKEND:
        return RetryDecision.LOGIN
    if refusal.wrong_checksum or refusal.code == "SignatureDoesNotMatch" or refusal.status in (401, 404):
        return RetryDecision.GIVE_UP
    if refusal.status in _PASSING or (refusal.status >= 500 and refusal.status not in _LASTING):
        return RetryDecision.RETRY
    if refusal.server is Server.STORE and refusal.code in _CODES:
        return RetryDecision.RETRY
    return RetryDecision.GIVE_UP


def may_pass(error: BaseException | None) -> bool:
    """Whether an error, or what caused it, is that a server can't be reached, or is in trouble: later it may do."""
    while error is not None:
        if isinstance(error, RefusedError):
            return after_upload(error.refusal) in (RetryDecision.RETRY, RetryDecision.WAIT)
        error = error.__cause__
    return False


def after_question(refusal: Refusal) -> RetryDecision:
    """Decide about a question that somebody waits for: try again what may pass, but tell at once of no server."""
    decision = after_upload(refusal)
    return decision if decision is RetryDecision.RETRY else RetryDecision.GIVE_UP


def is_refused_for_good(refusal: Refusal) -> bool:
    """Whether a server answered, and would say the same if it were asked again."""
    return refusal.no_response is None and after_upload(refusal) is RetryDecision.GIVE_UP


def after_record(refusal: Refusal) -> RetryDecision:
    """Decide about the file record: it is sent again only where it surely did not arrive, or there would be two."""
    if refusal.status == 401:
        return RetryDecision.LOGIN
    if refusal.no_response is not None and refusal.no_response.not_reached:
        return RetryDecision.WAIT
    return RetryDecision.RETRY if refusal.status in (429, 503) else RetryDecision.GIVE_UP


def jittered(pause_s: float) -> float:
    """Return about this pause."""
    return pause_s * random.uniform(1 - JITTER, 1 + JITTER)


def no_recovery(decision: RetryDecision, refusal: Refusal) -> bool:
    """Help against nothing."""
    return False


def no_last_way(refusal: Refusal) -> bool:
    """Say that there is nothing more to try."""
    return False


@dataclass(frozen=True, kw_only=True)
class _Pause:
    """A pause before a new try; `own` where it is one of the thing's own table."""

    seconds: float
    own: bool


class _Pauses:
    """The pauses between one thing's tries: those of its table, then those of `patience`."""

    # After a refusal that may pass come the pauses of the table, one more try each. When they are used up, or another
    # thing has used up its own since anything got through, the pauses are those of `patience`: longer each time, for
    # all threads together, until nothing has got through for its limit. In an upload a file leaves its worker then, at
    # once where others get through, else after the pause: it is sent again after the others, so that one bad file never
    # stops a good one. A server's Retry-After counts where it is longer.

    def __init__(self, delays: Sequence[float], patience: Patience, spread: Callable[[float], float]) -> None:
        self._delays = delays
        self._patience = patience
        self._spread = spread
        self._left, self._begun = deque(delays), patience.steps
        self._furthest = 0

    def failed(self, reached: int) -> None:
        """A try failed that got so many bytes through."""
        if reached >= self._furthest + PROGRESS_BYTES:
            self._furthest, self._left = reached, deque(self._delays)
            self._patience.progress()
            self._begun = self._patience.steps
        self._patience.failed()

    def following(self, decision: RetryDecision, refusal: Refusal) -> _Pause | None:
        """Return the pause to be made now, None where there is none left."""
        patience = self._patience
        own = bool(self._left) and (
            decision is RetryDecision.WAIT or (decision is RetryDecision.RETRY and not patience.troubled)
        )
        if not own and not (decision is RetryDecision.RETRY and patience.lasts(self._begun)):
            return None
        pause_s = max(self._spread(self._left.popleft() if own else patience.pause()), refusal.retry_after_s)
        if not own or pause_s >= LONG_S:
            patience.waits(refusal, pause_s)
        return _Pause(seconds=pause_s, own=own)


def call_with_retries(
    attempt: Callable[[], T],
    *,
    decide: Callable[[Refusal], RetryDecision],
    delays: Sequence[float],
    cancel: CancelToken,
    note: Callable[[str], None],
    recover: Callable[[RetryDecision, Refusal], bool] = no_recovery,
    reached: Callable[[], int] = lambda: 0,
    spread: Callable[[float], float] = jittered,
    patience: Patience | None = None,
    last_way: Callable[[Refusal], bool] = no_last_way,
) -> T:
    """Return what `attempt` returns, trying as often as `decide`, `delays` (seconds) and `patience` allow.

    Args:
        attempt: one try.
        decide: the table.
        delays: the pauses between tries, in seconds.
        cancel: ends a pause.
        note: is told of every new try.
        recover: may do something about a refusal and take as long as that needs; True means: try again, and don't count
            this one.
        reached: how many bytes the last try got through; further than ever before, and the counting begins anew.
        spread: turns a pause of the table into the one to be made.
        patience: how long what may pass is waited for when all pauses were made; None for not at all.
        last_way: may make one more try worth while before everything else has failed; True means: try once more.

    Raises RefusedError after the last try, Cancelled, or what else `attempt` raises.
    """
    patience = patience or Patience()
    pauses = _Pauses(delays, patience, spread)
    renewals = 0
    alone = False
    while True:
        cancel.check()
        try:
            return attempt()
        except RefusedError as error:
            refusal = error.refusal
            decision = decide(refusal)
            if recover(decision, refusal):
                patience.forgive()
                continue
            if decision is RetryDecision.RENEW and renewals < MAX_RENEWALS:
                renewals += 1
                note("the URL had expired, asking for a new one")
                continue
            pauses.failed(reached())
            pause = pauses.following(decision, refusal)
            if pause is None:
                if alone or not (patience.spent or decision is RetryDecision.WAIT) or not last_way(refusal):
                    raise
                alone = True
                continue
            note(f"trying again in {pause.seconds:.1f} s")
            cancel.wait(pause.seconds)
            if not pause.own and patience.in_rounds:
                raise
