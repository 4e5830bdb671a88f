"""Whether an owner that can't be checked, or is suspended, has sent no heartbeat for too long.

Heartbeats are counted, and the time between two checks is measured by this process: no clocks are compared, and after a
machine has slept, its processes have time for another heartbeat.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

LEASE_S = 60.0
"""How long an owner may send no heartbeat before another process takes its job, in seconds."""
LONGEST_STEP_S = LEASE_S / 4
"""How much of that counts at most between two checks, in seconds."""


@dataclass(frozen=True, kw_only=True)
class _Silence:
    """For how long a mark has not changed."""

    mark: str
    looked_at: float
    seconds: float = 0.0


class Leases:
    """What this process has seen of others; `monotonic` returns its own time in seconds. Not thread-safe."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._silences: dict[str, _Silence] = {}

    def has_run_out(self, id: str, mark: str) -> bool:
        """Whether a job's mark, which every heartbeat changes, has stayed the same while this process watched."""
        now, before = self._monotonic(), self._silences.get(id)
        if before is None or before.mark != mark:
            self._silences[id] = _Silence(mark=mark, looked_at=now)
            return False
        seconds = before.seconds + min(now - before.looked_at, LONGEST_STEP_S)
        self._silences[id] = _Silence(mark=mark, looked_at=now, seconds=seconds)
        return seconds >= LEASE_S
