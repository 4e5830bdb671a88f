"""Small checkouts with the real launchers in them, and packages that need no network."""

import base64
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DEADLINE_S = 300

# stands in for the program: says how it was started and ends as it is told
PROGRAM = """\
import json, os, sys
print(json.dumps({"arguments": sys.argv[1:], "folder": os.getcwd(), "prefix": sys.prefix}))
sys.exit(int(os.environ.get("PROGRAM_STATUS", "0")))
"""


def make_wheel(folder, name, version, modules):
    """Write a wheel of pure Python modules, `{name: text}`, and return its path."""
    info = f"{name}-{version}.dist-info"
    files = {f"{module}.py": text for module, text in modules.items()}
    files[f"{info}/METADATA"] = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    files[f"{info}/WHEEL"] = "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    digests = {
        path: base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        for path, text in files.items()
    }
    files[f"{info}/RECORD"] = "".join(f"{path},sha256={digests[path]},\n" for path in digests) + f"{info}/RECORD,,\n"
    wheel = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    return wheel


class Checkout:
    """A folder with the launchers, a program that reports how it was started, and its own requirements."""

    def __init__(self, folder, wheels):
        self.folder = folder
        self.wheels = wheels
        (folder / "packaging").mkdir(parents=True)
        for path in ("hls-converter", "run-tests"):
            shutil.copy2(ROOT / path, folder / path)
        for path in (ROOT / "packaging").glob("*.*"):
            shutil.copy2(path, folder / "packaging" / path.name)
        (folder / "hls_converter.py").write_text(PROGRAM, encoding="utf-8")
        (folder / "requirements-cluster.txt").touch()
        self.require("tiny==1.0")

    def require(self, *lines, index=None):
        """Make these the requirements, from the wheels alone or from an index."""
        source = f"--index-url {index}" if index else f"--no-index\n--find-links {self.wheels}"
        (self.folder / "requirements.txt").write_text("\n".join((source, *lines, "")), encoding="utf-8")

    def start(self, *arguments, launcher=None, **settings):
        """Start the launcher in a process group of its own and return the process."""
        environment = {**os.environ, "NO_PROXY": "127.0.0.1", "HLS_CONVERTER_PYTHON": sys.executable}
        environment.update(settings.pop("environment", {}))
        return subprocess.Popen(
            [launcher or self.folder / "hls-converter", *arguments],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            **settings,
        )

    def run(self, *arguments, **settings):
        """Run the launcher to its end; return its status, output and errors."""
        process = self.start(*arguments, **settings)
        output, errors = process.communicate(timeout=DEADLINE_S)
        return process.returncode, output, errors

    def installed(self):
        """Return the version of the package `tiny` that the environment has."""
        python = self.folder / ".venv/bin/python"
        done = subprocess.run(
            [python, "-c", "import tiny; print(tiny.VERSION)"], capture_output=True, text=True, check=False
        )
        return done.stdout.strip()


class SlowIndex:
    """A package index that says when pip asks for `tiny` and answers when it is told to."""

    def __init__(self, wheel):
        self.asked = threading.Event()
        self.answer = threading.Event()
        self.downloads = 0
        index = self

        class Handler(BaseHTTPRequestHandler):
            """Answers for one package."""

            def do_GET(self):
                """Hold the list of files back until it may go."""
                if self.path.endswith(".whl"):
                    index.downloads += 1
                    body, kind = wheel.read_bytes(), "application/zip"
                else:
                    index.asked.set()
                    index.answer.wait(DEADLINE_S)
                    body, kind = f'<a href="/{wheel.name}">{wheel.name}</a>'.encode(), "text/html"
                try:
                    self.send_response(200)
                    self.send_header("Content-Type", kind)
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)
                except ConnectionError:
                    self.close_connection = True  # whoever asked was killed

            def log_message(self, *arguments):
                """Stay quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/simple"
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    def close(self):
        """Let everybody go and end the server."""
        self.answer.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture(scope="session")
def wheels(tmp_path_factory):
    """A folder with two versions of the package `tiny`, and with stand-ins for the tools of ./run-tests."""
    folder = tmp_path_factory.mktemp("wheels")
    for version in ("1.0", "2.0"):
        make_wheel(folder, "tiny", version, {"tiny": f"VERSION = {version!r}\n"})
    tool = (
        "import os, sys\nprint({name!r}, *sys.argv[1:])\nsys.exit({name!r} in os.environ.get('FAILING', '').split())\n"
    )
    make_wheel(folder, "tools", "1.0", {name: tool.format(name=name) for name in ("ruff", "mypy", "pytest")})
    return folder


@pytest.fixture
def checkout(tmp_path, wheels):
    """A fresh checkout that was never started."""
    return Checkout(tmp_path / "hls", wheels)


@pytest.fixture(scope="module")
def made(tmp_path_factory, wheels):
    """A checkout whose path has spaces in it, and what its first start was like;
    a test leaves its requirements as they were.
    """
    made = Checkout(tmp_path_factory.mktemp("made") / "HLS Converter's folder", wheels)
    made.first_start = made.run("convert", "a b.mp4")
    return made


@pytest.fixture
def slow_index(wheels):
    """An index that holds its answer back."""
    index = SlowIndex(wheels / "tiny-2.0-py3-none-any.whl")
    yield index
    index.close()


@pytest.fixture
def load(checkout, monkeypatch):
    """Return a function that loads a module of the checkout's packaging folder, which then works on that checkout."""
    monkeypatch.syspath_prepend(str(checkout.folder / "packaging"))

    def load_module(name):
        for shared in ("system_packages", "speech_data"):
            monkeypatch.delitem(sys.modules, shared, raising=False)
        spec = importlib.util.spec_from_file_location(
            f"{name}_of_{id(checkout)}", checkout.folder / "packaging" / f"{name}.py"
        )
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return load_module
