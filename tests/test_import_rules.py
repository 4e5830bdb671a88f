"""Nothing imports upward, and what has one home stays there."""

from pathlib import Path

import pytest
from import_rules import MAY_IMPORT, PIPELINE_STEPS, SUBPACKAGES, cycles, program_files, violations

ROOT = Path(__file__).resolve().parent.parent
FILES = [path.relative_to(ROOT) for path in program_files(ROOT)]
NO_PART = {"samples", "packaging", "benchmarks", "tests", "docs"}


@pytest.mark.parametrize("path", FILES, ids=[path.as_posix() for path in FILES])
def test_file_keeps_the_rules(path):
    """A file of the program imports only what its place allows."""
    assert [] == violations(path, (ROOT / path).read_text(encoding="utf-8"))


def test_every_folder_has_its_rules():
    """A folder with Python files is either a part with rules or known to be none; no file of the root is left out."""
    folders = {path.parent.name for path in ROOT.glob("[!.]*/*.py")}
    modules = {path.stem for path in ROOT.glob("*.py")}
    assert set() == (folders | modules) - set(MAY_IMPORT) - NO_PART


def test_every_module_of_pipeline_has_its_step():
    """Each module and folder of pipeline stands in the table of steps, so that none escapes it."""
    present = {path.stem for path in (ROOT / "pipeline").glob("*.py")} | {
        path.parent.name for path in (ROOT / "pipeline").glob("*/*.py")
    }
    assert set() == present - {"__init__"} - set().union(*PIPELINE_STEPS)


@pytest.mark.parametrize("package", SUBPACKAGES)
def test_every_subpackage_has_its_rules(package):
    """Whatever lies in a package is one of its subpackages, and each subpackage of the table is there."""
    present = {path.stem for path in (ROOT / package).iterdir() if path.name != "__pycache__"}
    assert set(SUBPACKAGES[package]) == present - {"__init__"}


def test_no_modules_import_each_other():
    """There is no cycle in the whole tree."""
    assert [] == cycles(ROOT)


def test_a_cycle_is_found(tmp_path):
    """Also one by way of a third module, and one that is hidden in functions and under TYPE_CHECKING."""
    (tmp_path / "pipeline").mkdir()
    for name, text in {
        "a": "from pipeline import b",
        "b": "def f():\n    import pipeline.c",
        "c": "from .a import x",
        "d": "import pipeline.a",
    }.items():
        (tmp_path / "pipeline" / f"{name}.py").write_text(text, encoding="utf-8")
    assert {"pipeline.a", "pipeline.b", "pipeline.c"} == set().union(*cycles(tmp_path))


ALLOWED = [
    ("hls_converter.py", "def main():\n    import ui.app\n    from cli import main"),
    ("cli/convert.py", "from pipeline.runner import run\nfrom config import Config\nimport s3_uploader, backend.app"),
    ("ui/app.py", "import tkinter as tk\nfrom ttkbootstrap import Window\nimport pipeline.wiring"),
    ("ui/panels/source.py", "from ..widgets import bar\nfrom tkinter import ttk"),
    ("s3_uploader.py", "from pipeline.transfer.presign import Client"),
    ("backend/app.py", "from storage.local import LocalStorage\nfrom config import Config"),
    ("pipeline/events.py", "from pipeline.model import Job"),
    ("pipeline/media/ffmpeg/process.py", "import subprocess\nfrom pipeline.cancel import CancelToken"),
    ("pipeline/speech/transcribe.py", "import subprocess\ndef f():\n    from faster_whisper import WhisperModel"),
    ("pipeline/transfer/http/client.py", "import requests.adapters\nfrom urllib.parse import urlsplit"),
    ("pipeline/phases/hls.py", "from pipeline.media import encode\nfrom .phase import Phase\nfrom .. import workspace"),
    ("pipeline/engines/encode.py", "from pipeline.media.hls import measure\nfrom pipeline.cancel import CancelToken"),
    ("pipeline/phases/hls.py", "from pipeline.engines.engine import Engine"),
    ("pipeline/wiring.py", "from pipeline import runner, phases\nfrom config import Config"),
    ("storage/local.py", "import aiofiles\nimport os\nos.replace('a', 'b')"),
    ("config.py", "import os\nos.environ\nfrom os import getenv"),
    ("ui/app.py", "import requestsish, http, urllib.parse"),
]


@pytest.mark.parametrize(
    ("path", "text"), ALLOWED, ids=[f"{path}-{number}" for number, (path, _) in enumerate(ALLOWED)]
)
def test_allowed(path, text):
    """What the rules allow passes the checker."""
    assert [] == violations(Path(path), text)


PLANTED = [
    # upward and sideways between the parts
    ("backend/app.py", "import ui.app", "backend may not import ui"),
    ("ui/app.py", "from cli import main", "ui may not import cli"),
    ("cli/convert.py", "import hls_converter", "cli may not import hls_converter"),
    ("pipeline/runner.py", "from cli import render", "pipeline may not import cli"),
    ("pipeline/runner.py", "from ui.app import App", "pipeline may not import ui"),
    ("pipeline/wiring.py", "def f():\n    import s3_uploader", "pipeline may not import s3_uploader"),
    ("pipeline/wiring.py", "from backend import app", "pipeline may not import backend"),
    ("pipeline/plan.py", "if TYPE_CHECKING:\n    from transcripts import x", "pipeline may not import transcripts"),
    ("backend/app.py", "import s3_uploader", "backend may not import s3_uploader"),
    ("transcripts/edit.py", "import backend", "transcripts may not import backend"),
    ("s3_uploader.py", "import cli", "s3_uploader may not import cli"),
    ("storage/local.py", "from pipeline.errors import PipelineError", "storage may not import pipeline"),
    ("storage/local.py", "from config import Config", "storage may not import config"),
    ("storage/s3.py", "import importlib\nimportlib.import_module('config')", "storage may not import config"),
    ("config.py", "from pipeline.errors import SettingsError", "config may not import pipeline"),
    ("config.py", "import storage", "config may not import storage"),
    ("cli/demo.py", "from tests import media", "not a part of the program"),
    ("cli/demo.py", "import benchmarks.encode", "not a part of the program"),
    # inside pipeline
    ("pipeline/model.py", "from pipeline.plan import make_plan", "comes after it"),
    ("pipeline/cancel.py", "from .media import process", "comes after it"),
    ("pipeline/plan.py", "from pipeline.phases.phase import Phase", "comes after it"),
    ("pipeline/media/encode/arguments.py", "from ...runner import run", "comes after it"),
    ("pipeline/media/encode/arguments.py", "from ... import runner", "comes after it"),
    ("pipeline/transfer/upload/journal.py", "import pipeline.wiring", "comes after it"),
    ("pipeline/phases/hls.py", "from pipeline import runner", "comes after it"),
    ("pipeline/runner.py", "from pipeline import wiring", "comes after it"),
    ("pipeline/engines/local.py", "from pipeline.phases.phase import Progress", "comes after it"),
    ("pipeline/media/encode/chunks.py", "from pipeline.engines.tasks import EncodeTask", "comes after it"),
    ("pipeline/engines/encode.py", "from pipeline.workspace import Workspace", "engines may not import workspace"),
    ("pipeline/__init__.py", "from pipeline.model import Job", "before every step"),
    ("pipeline/odd.py", "from pipeline.model import Job", "no step"),
    ("pipeline/plan.py", "from pipeline.odd import x", "no step"),
    # inside a package
    ("pipeline/media/source/probe.py", "from pipeline.media.encode import levels", "source may not import encode"),
    ("pipeline/media/hls/playlists.py", "from ..encode.audio_tracks import STEREO", "hls may not import encode"),
    ("pipeline/media/validate/stream.py", "from pipeline.media.hls import measure", "validate may not import hls"),
    ("pipeline/media/encode/chunks.py", "import pipeline.media.validate.stream", "encode may not import validate"),
    ("pipeline/transfer/http/retry.py", "from pipeline.transfer.upload import journal", "http may not import upload"),
    (
        "pipeline/transfer/manifests/verify.py",
        "from ..upload.target import UploadTarget",
        "manifests may not import upload",
    ),
    ("pipeline/transfer/upload/workers.py", "import urllib3", "imports urllib3"),
    ("pipeline/media/odd.py", "from pipeline.media.source import probe", "in no subpackage"),
    # what has one home
    ("cli/doctor.py", "def f():\n    import tkinter", "imports tkinter"),
    ("pipeline/runner.py", "from tkinter import ttk", "imports tkinter"),
    ("hls_converter.py", "import ttkbootstrap as tb", "imports ttkbootstrap"),
    ("cli/doctor.py", "import subprocess", "imports subprocess"),
    ("pipeline/media/source/probe.py", "from subprocess import run", "imports subprocess"),
    ("pipeline/phases/hls.py", "import multiprocessing.pool", "imports multiprocessing"),
    ("pipeline/media/encode/arguments.py", "import os\nos.system('ffmpeg')", "uses os.system"),
    ("pipeline/media/encode/arguments.py", "import ffmpeg as f\nf.run(x)", "uses ffmpeg.run"),
    (
        "pipeline/media/encode/arguments.py",
        "from asyncio import create_subprocess_exec",
        "uses asyncio.create_subprocess_exec",
    ),
    ("pipeline/phases/transcribe.py", "from faster_whisper import WhisperModel", "imports faster_whisper"),
    ("ui/app.py", "__import__('faster_whisper')", "imports faster_whisper"),
    ("s3_uploader.py", "import requests", "imports requests"),
    ("cli/demo.py", "from urllib.request import urlopen", "imports urllib.request"),
    ("cli/demo.py", "from urllib import request", "imports urllib.request"),
    ("backend/app.py", "import os\nos.environ['AUTH_TOKEN']", "uses os.environ"),
    ("pipeline/media/ffmpeg/process.py", "import os as system\nsystem.getenv('FFMPEG_PATH')", "uses os.getenv"),
    ("ui/app.py", "from os import environ", "uses os.environ"),
]


@pytest.mark.parametrize(
    ("path", "text", "said"), PLANTED, ids=[f"{path}-{said.replace(' ', '-')}" for path, _, said in PLANTED]
)
def test_planted_violation_is_found(path, text, said):
    """A planted violation is found, once, at its line."""
    (found,) = violations(Path(path), text)
    assert said in found
    assert found.startswith(f"{path}:{len(text.splitlines())} ")


def test_checker_sees_files(tmp_path):
    """The checker reads root modules and every folder of a part, and leaves out what is outside of the rules."""
    for name in (
        "config.py",
        "pipeline/media/source/probe.py",
        "ui/app.py",
        "samples/make.py",
        "packaging/bootstrap.py",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("", encoding="utf-8")
    assert ["config.py", "pipeline/media/source/probe.py", "ui/app.py"] == sorted(
        p.relative_to(tmp_path).as_posix() for p in program_files(tmp_path)
    )
