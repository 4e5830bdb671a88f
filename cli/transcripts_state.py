"""What someone should know of a dataset that a command only reads. Changes nothing."""

from __future__ import annotations

from pathlib import Path

from cli.main import complain
from cli.printing import terminal_safe
from storage import parse_uri
from transcripts.dataset import Dataset
from transcripts.freshness import FreshnessState

MAY_BE_OLD = {FreshnessState.NOT_CHECKED, FreshnessState.IN_USE}


def tell_what_is_missing(dataset: Dataset) -> None:
    """Say on standard error what may be missing: what others have saved, and what a crash has left."""
    if dataset.freshness.state in MAY_BE_OLD:
        complain(terminal_safe(dataset.freshness.text))
    recovery = dataset.document.recovery
    if recovery is not None:
        complain(
            f"{terminal_safe(str(dataset.source_uri))} is read without the changes of a session that ended "
            f"unexpectedly ({recovery.text}): open it with `transcripts` to decide about them."
        )


def is_same_dataset(one: str, other: str) -> bool:
    """Whether two addresses name one dataset. Raises InvalidUriError."""
    first, second = (parse_uri(address) for address in (one, other))
    if isinstance(first, Path) and isinstance(second, Path):
        return first.resolve() == second.resolve()
    return first == second
