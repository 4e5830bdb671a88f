"""Whisper's process ends with its parent."""

from __future__ import annotations

import subprocess

import pytest

import installation


@pytest.mark.parametrize("written", [b"", b'{"task": "lo'], ids=["nothing", "half a request"])
def test_the_end_of_requests_ends_it(written):
    """Also where the parent was killed while it wrote one."""
    command = installation.command(installation.WHISPER_WORKER)
    ended = subprocess.run(command, input=written, cwd=installation.ROOT, capture_output=True, check=False, timeout=300)
    assert 1 == ended.returncode
