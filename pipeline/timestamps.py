"""Times as manifests, journals and the backend write them: UTC, whole seconds, such as `2026-01-31T12:00:00Z`. Pure but
for the clock.
"""

from __future__ import annotations

import time
from datetime import datetime, timezone
from functools import lru_cache


@lru_cache(maxsize=64)
def utc_text(second: int) -> str:
    """Return a second since 1970 as text; many files are written or sent in the same one."""
    return datetime.fromtimestamp(second, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def utc_now() -> str:
    """Return the time by this computer's clock."""
    return utc_text(int(time.time()))


def parse_timestamp(text: str) -> datetime | None:
    """Return the time that a text like `2026-01-31T12:00:00Z` says, None where it says none."""
    try:
        said = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
    return said if said.tzinfo is not None else said.replace(tzinfo=timezone.utc)
