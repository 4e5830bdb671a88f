"""Schemathesis: made-up requests, right and wrong, to all that an OpenAPI document names."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SEED = 1
CONFIGURATION = '[phases.coverage]\nunexpected-methods = ["PATCH"]\n'
LONGEST_S = 3000


def try_out(
    url: str, token: str, folder: Path, *, examples: int, authority: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Send requests to a backend, which must answer as its document says and never with a server's error.

    Args:
        url: the backend's address.
        token: its token.
        folder: an empty folder.
        examples: how many are made up for each operation, besides those that the document's limits give.
        authority: the file of the authority that signed the backend's certificate.
    """
    (folder / "schemathesis.toml").write_text(CONFIGURATION, encoding="utf-8")
    command = [sys.executable, "-c", "from schemathesis.cli import schemathesis; schemathesis()"]
    command += ["run", f"{url}/openapi.json", "--url", url, "--header", f"Authorization: Bearer {token}"]
    command += ["--checks", "all", "--continue-on-failure", "--phases", "examples,coverage,fuzzing"]
    command += ["--max-examples", str(examples), "--seed", str(SEED), "--no-color"]
    command += ["--tls-verify", str(authority)] if authority else []
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=LONGEST_S, check=False)
