"""What the window hears of a newer version of the program. Data only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline.update_notice import UpdateNotice  # with the HTTP client


@dataclass(frozen=True, kw_only=True)
class UpdateFound:
    """A newer version is there, or None: the editor has been told."""

    notice: UpdateNotice | None
