"""A whole job with everything that may go wrong, and then a look at all that it leaves behind: no token,
nothing signed.
"""

from __future__ import annotations

import os
import re
import subprocess
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest
from json_events import events
from program import ROOT, command, start
from store_server import TOKEN, Fault, running_server

from backend.server import serve_in_thread
from backend.settings import BackendSettings
from config import BackendApi, Config
from pipeline.cancel import CancelToken
from pipeline.errors import TransferError
from pipeline.transfer.upload.uploader import Uploader

OLD, NEW = "distinctive-old-token-5f0c1d", "distinctive-new-token-9a7e3b"
PREFIX = "tests/no-secrets/"
SIGNED = re.compile(rb"signature=|x-amz-|[?&]expires=|bearer \S", re.IGNORECASE)


class ExchangedToken(str):
    """A backend's token that its administrator exchanges when there is a segment in `store`."""

    now, store = OLD, Path()

    def encode(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        if any(self.store.rglob("seg_*")):
            ExchangedToken.now = NEW
        return self.now.encode(encoding, errors)


@dataclass
class Leak:
    """What the runs of the program showed: its output, every command line of it and its children,
    and what these inherit.
    """

    output: list[str] = field(default_factory=list)
    command_lines: set[str] = field(default_factory=set)
    environments: set[str] = field(default_factory=set)

    def run(self, arguments: list[str], environment: dict[str, str]) -> int:
        """Run the program to its end, looking at the processes with every line that it prints;
        return its exit status.
        """
        process = start(arguments, environment)
        for line in process.stdout:
            self.output.append(line)
            self._look(process.pid)
            assert events(line)
        _, complaints = process.communicate(timeout=300)
        self.output.append(complaints)
        return process.returncode

    def _look(self, pid: int) -> None:
        try:
            program = psutil.Process(pid)
            everybody = [program, *program.children(recursive=True)]
        except psutil.NoSuchProcess:
            return
        for one in everybody:
            try:
                command_line = one.cmdline()  # first: what has only been forked is about to become another program
                inherited = str(one.environ())
                self.command_lines.add(" ".join(command_line))
                if command_line != program.cmdline():
                    self.environments.add(inherited)
            except psutil.NoSuchProcess:
                continue  # it has ended in between


def secrets_in(content: bytes) -> list[bytes]:
    """Return what no file and no output may hold."""
    return [token.encode() for token in (OLD, NEW) if token.encode() in content] + SIGNED.findall(content)


@pytest.fixture
def backend(tmp_path: Path) -> Iterator[tuple[str, BackendSettings]]:
    """The address and the settings of an embedded backend whose token can be exchanged."""
    settings = BackendSettings.from_config(Config(), root=tmp_path / "store", token=ExchangedToken(OLD))
    with serve_in_thread(settings) as running:
        yield running.url, settings


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home, temporary folder included, that nobody has written to."""
    for name in ("data", "cache", "tmp"):
        (tmp_path / "home" / name).mkdir(parents=True)
    return tmp_path / "home"


def test_a_job_leaves_no_secret_behind(tmp_path, backend, home, sample, small_model, monkeypatch):
    """Encoded, transcribed, stopped by an expired login, by a refused file, then uploaded and recorded."""
    url, settings = backend
    signed = Uploader(BackendApi(url=url, token=OLD), session_id=None).presign("a.ts", "video/mp2t").signed_url
    assert [] != secrets_in(signed.encode())
    monkeypatch.setattr(ExchangedToken, "now", OLD)
    monkeypatch.setattr(ExchangedToken, "store", settings.root / PREFIX)
    names = {"HOME": home, "XDG_DATA_HOME": home / "data", "XDG_CACHE_HOME": home / "cache", "TMPDIR": home / "tmp"}
    environment = {
        **os.environ,
        **{name: str(path) for name, path in names.items()},
        "BACKEND_URL": url,
        "AUTH_TOKEN": OLD,
    }
    out, leak = tmp_path / "out", Leak()
    job = command(
        "convert",
        sample,
        "-o",
        out,
        "--preset",
        "ultrafast",
        "--qualities",
        "480p",
        "--transcribe",
        "--model",
        small_model,
    )
    job += ["--upload", PREFIX, "--session-id", "507f1f77bcf86cd799439011", "--json", "--resume"]

    obstacle = settings.root / PREFIX / "poster.jpg" / "in-the-way"
    obstacle.parent.mkdir(parents=True)
    obstacle.write_bytes(b"x")
    assert 1 == leak.run([*job, "--parallel", "1"], environment)
    assert "Please get a new token" in leak.output[-1]
    environment["AUTH_TOKEN"] = NEW
    assert 1 == leak.run(job, environment)
    assert "poster.jpg" in leak.output[-1]
    obstacle.unlink()
    obstacle.parent.rmdir()
    assert (0, "") == (leak.run(job, environment), leak.output[-1])
    for more in (
        ["verify", out / "welcome", "--deep"],
        ["manifest", "show", out / "welcome"],
        ["manifest", "list"],
        ["check"],
    ):
        done = subprocess.run(command(*more), env=environment, capture_output=True, text=True, timeout=300)
        leak.output += [done.stdout, done.stderr]
        assert 0 == done.returncode

    left = [path for top in (out, home, ROOT / "s3_config.json") for path in [top, *top.rglob("*")] if path.is_file()]
    expected = {
        ".upload_state.json",
        ".upload_journal.jsonl",
        "job.json",
        "manifest.json",
        "master.m3u8",
        "transcript.json",
    }
    assert expected <= {path.name for path in left}
    assert any(path.name.endswith("_s3_manifest.json") for path in left)
    assert any(path.name.startswith("upload_log_") for path in left)
    assert {} == {path: found for path in left if (found := secrets_in(path.read_bytes()))}
    assert [] == secrets_in("".join(leak.output).encode())
    assert any("ffmpeg" in line for line in leak.command_lines)
    assert [] == secrets_in("\n".join(leak.command_lines).encode())
    assert leak.environments
    assert [] == secrets_in("\n".join(leak.environments).encode())


@pytest.mark.parametrize(
    "fault",
    [
        None,
        Fault(close=True),
        Fault(status=403, code="AccessDenied"),
        Fault(status=503, code="SlowDown"),
        Fault(status=401),
    ],
    ids=["nobody there", "connection lost", "denied", "busy", "login expired"],
)
def test_no_error_tells_a_secret(tmp_path, fault):
    """Not in its text, not in that of its causes, not in a whole traceback."""
    (tmp_path / "seg_001.ts").write_bytes(b"segment")
    with running_server() as server:
        api = BackendApi(url=server.url, token=TOKEN)
        if fault is None:
            server.reached_at = "http://127.0.0.1:9"
        elif fault.status == 401:
            server.token = "another-token-0123456789"
        else:
            server.faults["a/seg_001.ts"].append(fault)
        with pytest.raises(TransferError) as raised:
            Uploader(api, session_id=None, delays=()).upload_file(
                tmp_path / "seg_001.ts", "a/seg_001.ts", cancel=CancelToken()
            )
    told = [*traceback.format_exception(raised.value), repr(api)]
    error: BaseException | None = raised.value
    while error is not None:
        told += [str(error), repr(error), repr(vars(error))]
        error = error.__cause__ or error.__context__
    text = "\n".join(told)
    assert [] == [secret for secret in (TOKEN, "X-Amz-", "X-Number", "signature=") if secret in text]
