"""Why no connected machine takes a job: from its tags, the machines' states and their reasons for declining. Pure."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class ConnectedWorker:
    """A worker with a recent heartbeat; `resting` says why it takes nothing now, empty while it works."""

    id: uuid.UUID
    machine: str
    tags: frozenset[str]
    resting: str = ""


def why_not_taken(
    needs: Collection[str], connected: Sequence[ConnectedWorker], refusals: Mapping[uuid.UUID, str]
) -> str:
    """Return why none of these takes a job, empty where one may; `refusals` are workers' reasons for declining it.

    A machine that will work later is named with its reason; one that can't do the job is not.
    """
    if not connected:
        return (
            "no machine is connected to the queue: start `hls-converter worker` on one,"
            " or tick “This computer works along” in the window."
        )
    able = [worker for worker in connected if set(needs) <= worker.tags]
    if not able:
        return f"no connected machine can do this: it needs a worker tagged {' and '.join(sorted(needs))}."
    willing = [worker for worker in able if worker.id not in refusals]
    if not willing:
        each = {f"{worker.machine}: {refusals[worker.id].strip().rstrip('.')}" for worker in able}
        return f"no connected machine can do this ({'; '.join(sorted(each))})."
    if all(worker.resting for worker in willing):
        each = {f"{worker.machine}: {worker.resting}" for worker in willing}
        return f"no machine takes anything now ({'; '.join(sorted(each))})."
    return ""
