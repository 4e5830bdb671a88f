"""What a backend has said before a job begins, so that the job need not ask it again. Frozen data only."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.transfer.http.capabilities import BackendCapabilities
from pipeline.transfer.manifests.ownership import DestinationOwner


@dataclass(frozen=True, kw_only=True)
class OpenDestination:
    """A destination that was found to be free, or to be the owner's own."""

    prefix: str
    owner: DestinationOwner


@dataclass(frozen=True, kw_only=True)
class BackendAnswers:
    """What one backend has said; None where it was not asked, or did not say.

    `connection_warning` is why it can't be told whether the token is accepted, empty where it is. `clock_ahead_s` is
    how far this computer's clock is ahead of the backend's, in seconds.
    """

    connection_warning: str | None = None
    capabilities: BackendCapabilities | None = None
    clock_ahead_s: float = 0.0
    destination: OpenDestination | None = None


NO_ANSWERS = BackendAnswers()
