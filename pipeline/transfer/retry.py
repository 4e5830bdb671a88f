"""When to try again, as one table. Pure but for the loop that follows it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum
from typing import TypeVar

from pipeline.cancel import CancelToken
from pipeline.transfer.exchange import Silence
from pipeline.transfer.refusal import Party, Refusal, RefusedError

DELAYS_S = (1.0, 3.0, 10.0)
"""One try, and one more after each of these pauses."""

MAX_RENEWALS = 3
"""How often a URL that came expired is asked for again, before something else must be wrong."""

_STATUSES = frozenset({408, 429, 500, 502, 503, 504})
_CODES = frozenset({"RequestTimeout", "SlowDown", "BadDigest", "InternalError", "ServiceUnavailable"})
_SILENCES = frozenset({Silence.UNREACHABLE, Silence.TIMED_OUT, Silence.BROKEN_OFF})

T = TypeVar("T")


class Verdict(str, Enum):
    """What to do after a refusal."""

    RETRY = "try again after a pause"
    RENEW = "ask for a new URL at once"
    GIVE_UP = "give up"


def after_upload(refusal: Refusal) -> Verdict:
    """Decide about a file: storing it twice does no harm, so whatever may pass is tried again."""
    if refusal.expired_url:
        return Verdict.RENEW
    if refusal.silence is not None:
        return Verdict.RETRY if refusal.silence in _SILENCES else Verdict.GIVE_UP
    if refusal.code == "SignatureDoesNotMatch" or refusal.status in (401, 404):
        return Verdict.GIVE_UP
    if refusal.status in _STATUSES or (refusal.party is Party.STORE and refusal.code in _CODES):
        return Verdict.RETRY
    return Verdict.GIVE_UP


def after_record(refusal: Refusal) -> Verdict:
    """Decide about the file record: it is sent again only where it surely did not arrive, or there would be two."""
    not_taken = refusal.silence is Silence.UNREACHABLE or refusal.status in (429, 503)
    return Verdict.RETRY if not_taken else Verdict.GIVE_UP


def persist(
    attempt: Callable[[], T],
    *,
    decide: Callable[[Refusal], Verdict],
    delays: Sequence[float],
    cancel: CancelToken,
    note: Callable[[str], None],
) -> T:
    """Return what `attempt` returns, trying as often as `decide` and `delays` (seconds) allow.

    `note` is told of every new try. Raises RefusedError after the last one, Cancelled, or what else `attempt` raises.
    """
    pauses = iter(delays)
    renewals = 0
    while True:
        cancel.check()
        try:
            return attempt()
        except RefusedError as error:
            verdict = decide(error.refusal)
            if verdict is Verdict.RENEW and renewals < MAX_RENEWALS:
                renewals += 1
                note("the URL had expired, asking for a new one")
                continue
            pause = next(pauses, None) if verdict is Verdict.RETRY else None
            if pause is None:
                raise
            pause = max(pause, error.refusal.retry_after_s)
        note(f"trying again in {pause:g} s")
        cancel.wait(pause)
