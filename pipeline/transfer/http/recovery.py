"""What stops an upload for a while and passes: an expired login, a lost network, a busy server.

One for each upload; every thread comes here with a refusal before it counts as a failed try.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable

from pipeline.cancel import CancelToken
from pipeline.events import LogLevel
from pipeline.transfer.http.login import Login
from pipeline.transfer.http.messages import MessageListener
from pipeline.transfer.http.patience import Patience
from pipeline.transfer.http.refusal import Refusal
from pipeline.transfer.http.retry import RetryDecision, jittered

OFFLINE_PAUSE_S = 5.0
"""How often a server that was there before is tried again while it can't be reached."""


class TransferRecovery:
    """Gets over what passes. `announce` takes lines for the editor, one for each event whatever the number of threads.

    `patience_s` is how long a server that answers, and not well, is waited for, `away_s` one that can't be reached any
    more; `work` is what waits.
    """

    def __init__(
        self,
        login: Login,
        cancel: CancelToken,
        announce: MessageListener,
        *,
        patience_s: float = 0.0,
        away_s: float = math.inf,
        work: str = "upload",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.patience = Patience(patience_s, announce, work=work)
        self._away_s = away_s
        self._work = work
        self._clock = clock
        self._login = login
        self._cancel = cancel
        self._announce = announce
        self._lock = threading.Lock()
        self._known: set[str] = set()
        self._gone_since: dict[str, float] = {}
        self._told_of_login = 0

    def answered(self, origin: str) -> None:
        """A server answered, whatever it said: it is there, so waiting for it makes sense if it goes away."""
        with self._lock:
            self._known.add(origin)
            back = self._gone_since.pop(origin, None) is not None
        if back:
            self._announce(f"{origin} can be reached again: the {self._work} goes on.", LogLevel.INFO)

    def recover(self, decision: RetryDecision, refusal: Refusal) -> bool:
        """Do what helps against a refusal, and return whether to try again at once. Raises Cancelled."""
        if refusal.status:
            self.answered(refusal.origin)
        if decision is RetryDecision.LOGIN:
            return self._new_login(refusal)
        return decision is RetryDecision.WAIT and self._wait_for(refusal)

    def _new_login(self, refusal: Refusal) -> bool:
        with self._lock:
            first = self._login.can_ask and self._told_of_login < refusal.login == self._login.generation
            if first:
                self._told_of_login = refusal.login
        if first:
            self._announce(
                f"The backend does not accept the token any more: the {self._work} waits for a new one.",
                LogLevel.WAITING,
            )
        return self._login.renew(refusal.login, self._cancel)

    def _wait_for(self, refusal: Refusal) -> bool:
        origin = refusal.origin
        with self._lock:
            if origin not in self._known:  # never there: a wrong address rather than a network that is gone
                return False
            now_s = self._clock()
            first = origin not in self._gone_since
            since_s = self._gone_since.get(origin, now_s)
            if now_s - since_s >= self._away_s:
                return False
            self._gone_since[origin] = since_s
        if first:
            way = (
                f" through the proxy at {refusal.about}"
                if refusal.no_response is not None and refusal.no_response.of_proxy
                else ""
            )
            self._announce(
                (
                    f"{origin} can't be reached{way}. The {self._work} waits and goes on by itself: "
                    "check the internet connection."
                ),
                LogLevel.WAITING,
            )
        self._cancel.wait(jittered(OFFLINE_PAUSE_S))
        return True
