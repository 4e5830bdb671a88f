"""Decisions about an encode that stand when the job is started again: what was done another way is not tried again.

Each is a piece without files among the checkpoints.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any

from pipeline.checkpoints import Checkpoints


class Decision(str, Enum):
    """What was decided, by its name among the checkpoints."""

    NOT_KEPT = "not_kept"
    ONE_PIECE = "one_piece"
    FILLED = "filled"
    PROCESSOR = "processor"


class Decisions:
    """Those of one encode, which is known by its key."""

    def __init__(self, checkpoints: Checkpoints, key: str) -> None:
        self._checkpoints = checkpoints
        self._key = key

    @property
    def any(self) -> bool:
        """Whether anything was decided."""
        return any(self.find(decision) is not None for decision in Decision)

    def find(self, decision: Decision) -> dict[str, Any] | None:
        """Return why it was decided so, in this run or one before it of the same job; None where it was not."""
        return self._checkpoints.find(decision.value, self._key)

    def keep(self, decision: Decision, facts: Mapping[str, Any]) -> None:
        """Decide it. Raises OutputError."""
        self._checkpoints.keep(decision.value, self._checkpoints.begin(decision.value))
        self._checkpoints.finish(decision.value, self._key, facts)
