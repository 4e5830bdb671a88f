"""Fixtures: every test that uses `kind` runs for transcripts and for COCO."""

import pytest
from datasets import KINDS, HeldClock, opened


@pytest.fixture(params=KINDS, ids=[kind.schema.name for kind in KINDS])
def kind(request):
    """A dataset of either schema."""
    return request.param


@pytest.fixture
def path(kind, tmp_path):
    """Its file, in a folder of its own, with an odd name."""
    return kind.write(tmp_path / "course 'ü' \"1\"\n.json")


@pytest.fixture
def clock():
    """A clock that stands still."""
    return HeldClock()


@pytest.fixture
def document(path, clock):
    """The dataset, open."""
    with opened(path, clock) as found:
        yield found
