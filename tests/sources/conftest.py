"""What tests of fetched sources share."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from source_server import running_source_server

from config import BackendApi, Config
from pipeline.job import Job
from pipeline.source_address import parse_address
from pipeline.sources import fetching


@pytest.fixture
def server():
    """A server with videos to fetch."""
    with running_source_server() as running:
        yield running


@pytest.fixture
def config(tmp_path):
    """Settings with a cache of their own, and no patience with a server in trouble."""
    return replace(Config(), cache_dir=tmp_path / "cache", backend=BackendApi(patience_s=0.0))


@pytest.fixture
def quick(monkeypatch):
    """Pauses between tries that nobody has to wait for."""
    monkeypatch.setattr(fetching, "LOOK_DELAYS_S", (0.0,))
    monkeypatch.setattr(fetching, "FETCH_DELAYS_S", (0.0, 0.0))


@pytest.fixture
def job_of(tmp_path):
    """A function that returns the job of an address."""

    def make(text: str) -> Job:
        address = parse_address(text)
        return Job(source=Path(address.file_name), output_dir=tmp_path / "out", slug="lesson", address=address)

    return make
