"""Why no machine takes a job, in words."""

import uuid

import pytest

from pipeline.engines.procrastinate.connected import ConnectedWorker, why_not_taken


def worker(machine, *tags, resting=""):
    """Return a worker that was heard of."""
    return ConnectedWorker(id=uuid.uuid4(), machine=machine, tags=frozenset(tags), resting=resting)


ALPHA, BETA = worker("alpha"), worker("beta", "whisper")
NIGHT = worker("night", "gpu", resting="it works from 20:00 to 06:00")
NOBODY = (
    "no machine is connected to the queue: start `hls-converter worker` on one,"
    " or tick “This computer works along” in the window."
)
OLD = "The job in the queue has schema 2, and this version reads up to 1: update the program on this machine."


@pytest.mark.parametrize(
    ("needs", "connected", "refusals", "expected"),
    [
        ((), (ALPHA,), {}, ""),
        ((), (), {}, NOBODY),
        (
            ("whisper", "gpu"),
            (ALPHA, BETA, NIGHT),
            {},
            "no connected machine can do this: it needs a worker tagged gpu and whisper.",
        ),
        (("gpu",), (ALPHA, NIGHT), {}, "no machine takes anything now (night: it works from 20:00 to 06:00)."),
        (("gpu",), (ALPHA, worker("day", "gpu"), NIGHT), {}, ""),
        ((), (ALPHA, BETA), {ALPHA.id: OLD}, ""),
        ((), (ALPHA,), {ALPHA.id: OLD}, f"no connected machine can do this (alpha: {OLD[:-1]})."),
        (
            (),
            (ALPHA, NIGHT),
            {ALPHA.id: OLD},
            "no machine takes anything now (night: it works from 20:00 to 06:00).",
        ),
    ],
    ids=["one can", "nobody", "tags", "all rest", "one works", "one declined", "all declined", "declined or rest"],
)
def test_why_nobody_takes_it(needs, connected, refusals, expected):
    """The reason that a person can do something about is told, and none where a machine will take it."""
    assert expected == why_not_taken(needs, connected, refusals)
