"""When to try again, as one table. Pure but for the loop that follows it."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from enum import Enum
from typing import TypeVar

from pipeline.cancel import CancelToken
from pipeline.transfer.exchange import Silence
from pipeline.transfer.refusal import Flaw, Party, Refusal, RefusedError

DELAYS_S = (1.0, 3.0, 10.0)
"""One try, and one more after each of these pauses, give or take JITTER of it."""

JITTER = 0.25
"""Many files that fail together must not all come back together."""

PROGRESS_BYTES = 1 << 18
"""A try that got so much further than any before it makes the counting of tries begin anew."""

MAX_RENEWALS = 3
"""How often a URL that came expired is asked for again, before something else must be wrong."""

_STATUSES = frozenset({408, 429, 500, 502, 503, 504})
_CODES = frozenset({"RequestTimeout", "SlowDown", "BadDigest", "InternalError", "ServiceUnavailable"})
_SILENCES = frozenset({Silence.TIMED_OUT, Silence.BROKEN_OFF})

T = TypeVar("T")


class Verdict(str, Enum):
    """What to do after a refusal."""

    RETRY = "try again after a pause"
    RENEW = "ask for a new URL at once"
    LOGIN = "ask for a new token, then go on"
    WAIT = "wait until the network is back, then go on"
    GIVE_UP = "give up"


def after_upload(refusal: Refusal) -> Verdict:
    """Decide about a file: storing it twice does no harm, so whatever may pass is tried again."""
    if refusal.expired_url:
        return Verdict.RENEW
    if refusal.silence is not None and refusal.silence.not_reached:
        return Verdict.WAIT
    if refusal.silence is not None:
        return Verdict.RETRY if refusal.silence in _SILENCES else Verdict.GIVE_UP
    if refusal.flaw is Flaw.NOT_CONFIRMED:  # somebody may log in meanwhile
        return Verdict.RETRY
    if refusal.status == 401 and refusal.party is Party.BACKEND:
        return Verdict.LOGIN
    if refusal.wrong_checksum or refusal.code == "SignatureDoesNotMatch" or refusal.status in (401, 404):
        return Verdict.GIVE_UP
    if refusal.status in _STATUSES or (refusal.party is Party.STORE and refusal.code in _CODES):
        return Verdict.RETRY
    return Verdict.GIVE_UP


def after_question(refusal: Refusal) -> Verdict:
    """Decide about a question that somebody waits for: what may pass is tried again, a server that is not there is said at once."""
    verdict = after_upload(refusal)
    return verdict if verdict is Verdict.RETRY else Verdict.GIVE_UP


def after_record(refusal: Refusal) -> Verdict:
    """Decide about the file record: it is sent again only where it surely did not arrive, or there would be two."""
    if refusal.status == 401:
        return Verdict.LOGIN
    if refusal.silence is not None and refusal.silence.not_reached:
        return Verdict.WAIT
    return Verdict.RETRY if refusal.status in (429, 503) else Verdict.GIVE_UP


def jittered(pause_s: float) -> float:
    """Return about this pause."""
    return pause_s * random.uniform(1 - JITTER, 1 + JITTER)


def no_remedy(verdict: Verdict, refusal: Refusal) -> bool:
    """Help against nothing."""
    return False


def persist(
    attempt: Callable[[], T],
    *,
    decide: Callable[[Refusal], Verdict],
    delays: Sequence[float],
    cancel: CancelToken,
    note: Callable[[str], None],
    remedy: Callable[[Verdict, Refusal], bool] = no_remedy,
    reached: Callable[[], int] = lambda: 0,
    spread: Callable[[float], float] = jittered,
) -> T:
    """Return what `attempt` returns, trying as often as `decide` and `delays` (seconds) allow.

    Args:
        attempt: one try.
        decide: the table.
        delays: the pauses between tries, in seconds.
        cancel: ends a pause.
        note: is told of every new try.
        remedy: may do something about a refusal and take as long as that needs; True means: try again, and don't count this one.
        reached: how many bytes the last try got through; further than ever before, and the counting begins anew.
        spread: turns a pause of the table into the one to be made.

    Raises RefusedError after the last try, Cancelled, or what else `attempt` raises.
    """
    pauses = iter(delays)
    renewals = furthest = 0
    while True:
        cancel.check()
        try:
            return attempt()
        except RefusedError as error:
            verdict = decide(error.refusal)
            if remedy(verdict, error.refusal):
                continue
            if verdict is Verdict.RENEW and renewals < MAX_RENEWALS:
                renewals += 1
                note("the URL had expired, asking for a new one")
                continue
            if reached() >= furthest + PROGRESS_BYTES:
                furthest, pauses = reached(), iter(delays)
            pause = next(pauses, None) if verdict in (Verdict.RETRY, Verdict.WAIT) else None
            if pause is None:
                raise
            pause = max(spread(pause), error.refusal.retry_after_s)
        note(f"trying again in {pause:.1f} s")
        cancel.wait(pause)
