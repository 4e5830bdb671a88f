"""A reference backend on loopback that offers a dataset, and what tests ask of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

from backend.server import serve_in_thread
from backend.settings import BackendSettings
from config import Config

TOKEN = "a-token-that-only-tests-know"
INFO, SAVE = "/api/dataset-info", "/api/save-to-s3"
PATIENCE_S = 60


@dataclass(frozen=True, kw_only=True)
class DatasetClient:
    """Asks a backend with its token."""

    url: str

    def ask(self, method: str, path: str, **headers: str) -> requests.Response:
        """Ask for a path."""
        known = {"Authorization": f"Bearer {TOKEN}", **headers}
        return requests.request(method, self.url + path, headers=known, timeout=PATIENCE_S)


@contextmanager
def serving(config: Config, root: Path) -> Iterator[DatasetClient]:
    """Serve with this configuration while the block runs."""
    with serve_in_thread(BackendSettings.from_config(config, root=root, token=TOKEN)) as backend:
        yield DatasetClient(url=backend.url)
