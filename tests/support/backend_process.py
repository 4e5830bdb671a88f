"""The `backend` command as a process of its own, with what it says and logs."""

import os
import subprocess
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from backend.state.storage_root import init_root

ROOT = Path(__file__).parents[2]
TOKEN = "a-token-that-only-tests-know"
GENEROUS_S = 240


@dataclass
class BackendProcess:
    """A backend that has announced itself."""

    process: subprocess.Popen
    url: str
    log: list = field(default_factory=list)
    arrived: threading.Condition = field(default_factory=threading.Condition)

    def logged(self, wanted):
        """Wait for a line of the log of which `wanted` is true, and return it."""
        found = []

        def there():
            found[:] = [line for line in self.log if wanted(line)]
            return found

        with self.arrived:
            assert self.arrived.wait_for(there, GENEROUS_S), "".join(self.log)
        return found[0]

    def send(self, number):
        """Send a signal to the process that was started."""
        self.process.send_signal(number)

    def ended(self):
        """Wait for the end and return the exit status."""
        return self.process.wait(GENEROUS_S)

    def ask(self, method, path, **options):
        """Ask with the token, over a connection of its own."""
        import requests

        headers = {"Authorization": f"Bearer {TOKEN}", "Connection": "close", **options.pop("headers", {})}
        return requests.request(method, self.url + path, headers=headers, timeout=GENEROUS_S, **options)

    def signed_url(self, key):
        """Return the address at which an object may be stored."""
        answer = self.ask("POST", "/api/admin/content/aws/uploadUrl", json={"key": key, "contentType": "video/mp2t"})
        assert 200 == answer.status_code, answer.text
        return answer.json()["signedUrl"]


@contextmanager
def running_backend(root, *arguments, env_file=None, port=0, **settings):
    """Run `backend` on a folder until the block ends; `settings` are those of `.env`, by name.

    `env_file` is a `.env` to be read, in a home of its own.
    """
    init_root(Path(root))
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("BACKEND_", "STORAGE_"))}
    environ |= {"AUTH_TOKEN": TOKEN} if env_file is None else {}
    environ |= settings
    command = [
        sys.executable,
        "-c",
        _program(env_file),
        "backend",
        "--root",
        str(root),
        "--port",
        str(port),
        *arguments,
    ]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        backend = BackendProcess(process, "")
        reader = threading.Thread(target=_read, args=(process.stderr, backend), daemon=True)
        reader.start()
        try:
            said = []
            for line in process.stdout:
                said.append(line)
                if line.startswith("Backend:"):
                    backend.url = line.split()[1]
                if line.startswith("Stop with"):
                    break
            else:
                reader.join(GENEROUS_S)
                raise AssertionError("".join([*said, *backend.log]))
            yield backend
        finally:
            process.kill()
            process.wait()
            reader.join(GENEROUS_S)


def _program(env_file):
    """Return what runs the command line; with an `env_file` the settings come from there.

    It hears SIGHUP, which whoever started the tests with nohup has ignored by all children.
    """
    lines = ["import signal, sys, hls_converter, installation", "from pathlib import Path"]
    lines += ["if hasattr(signal, 'SIGHUP'): signal.signal(signal.SIGHUP, signal.SIG_DFL)"]
    if env_file is not None:
        lines += [
            f"file = Path({str(env_file)!r})",
            "installation.settings_file = lambda name: installation.FilePlace(read=file, write=file)",
        ]
    return "\n".join([*lines, "sys.exit(hls_converter.main(sys.argv[1:]))"])


def _read(stream, backend):
    for line in stream:
        with backend.arrived:
            backend.log.append(line)
            backend.arrived.notify_all()
