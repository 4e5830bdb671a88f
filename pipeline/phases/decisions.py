"""Decisions about an encode that are kept when the job is started again: a failed way is not tried again.

Each is a piece without files among the checkpoints.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, TypeAlias, TypeVar

from pipeline.checkpoints import Checkpoints
from pipeline.codec import from_json, to_json
from pipeline.errors import CodecError


@dataclass(frozen=True, kw_only=True)
class NotKept:
    """The source's own video can't be the largest rendition, and why."""

    name: ClassVar[str] = "not_kept"

    reason: str


@dataclass(frozen=True, kw_only=True)
class InOnePiece:
    """Decoding can't start in the middle of the source."""

    name: ClassVar[str] = "one_piece"


@dataclass(frozen=True, kw_only=True)
class HolesFilled:
    """Frames are repeated where some are missing; how many, and how many errors ffmpeg reported."""

    name: ClassVar[str] = "filled"

    missing: int
    errors: int


@dataclass(frozen=True, kw_only=True)
class OnProcessor:
    """The hardware encoder failed; ffmpeg's name of it."""

    name: ClassVar[str] = "processor"

    encoder: str


Decision: TypeAlias = NotKept | InOnePiece | HolesFilled | OnProcessor
DECISIONS: tuple[type[Decision], ...] = (NotKept, InOnePiece, HolesFilled, OnProcessor)
DecisionT = TypeVar("DecisionT", NotKept, InOnePiece, HolesFilled, OnProcessor)


class Decisions:
    """The decisions of one encode, identified by its key."""

    def __init__(self, checkpoints: Checkpoints, key: str) -> None:
        self._checkpoints = checkpoints
        self._key = key

    @property
    def any(self) -> bool:
        """Whether anything was decided."""
        return any(self._checkpoints.find(kind.name, self._key) is not None for kind in DECISIONS)

    def find(self, kind: type[DecisionT]) -> DecisionT | None:
        """Return the decision, of this run or an earlier one of the same job; None if there is none."""
        facts = self._checkpoints.find(kind.name, self._key)
        try:
            return None if facts is None else from_json(kind, facts, kind.name)
        except CodecError:  # of a version that noted other things: it is found out again
            return None

    def keep(self, decision: Decision) -> None:
        """Store a decision. Raises OutputError."""
        self._checkpoints.keep(decision.name, self._checkpoints.begin(decision.name))
        self._checkpoints.finish(decision.name, self._key, to_json(decision))
