"""The reference backend as the container has it: its own files and packages alone, which it can't write to."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]
CONTAINERFILE = ROOT / "packaging" / "backend" / "Containerfile"
REQUIREMENTS = ROOT / "requirements-backend.txt"
STOP_S = 240


def copied() -> list[str]:
    """Return the files and folders of the project that the container gets."""
    lines = re.findall(r"^COPY (?!--)(.+) /opt/hls-converter(?:/\S*)?$", CONTAINERFILE.read_text("utf-8"), re.MULTILINE)
    return [name for line in lines for name in line.split()]


def requirements(file: Path = REQUIREMENTS) -> list[str]:
    """Return the lines of a requirements file that name packages."""
    lines = file.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith(("#", "-"))]


def lay_out(folder: Path) -> tuple[Path, Path]:
    """Put the program and the packages that its requirements lead to into a folder; return where both are."""
    program, packages = folder / "program", folder / "packages"
    program.mkdir()
    packages.mkdir()
    for name in copied():
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, program / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(ROOT / name, program / name)
    for package in _closure():
        for top in {file.parts[0] for file in metadata.files(package) or () if file.parts[0] not in ("..", ".")}:
            target = Path(str(metadata.distribution(package).locate_file(top)))
            if target.exists() and top != "__pycache__" and not (packages / top).exists():
                (packages / top).symlink_to(target)
    for path in (*program.rglob("*"), program):
        path.chmod(0o555 if path.is_dir() else 0o444)
    return program, packages


@contextmanager
def running(
    program: Path, packages: Path, settings: dict[str, str], log: Path, *arguments: str
) -> Iterator[subprocess.Popen[str]]:
    """Run it, without the rights of root if it is root who tests, until the block ends: then it is terminated.

    Its log goes into the file `log`.
    """
    with log.open("ab") as kept:
        process = subprocess.Popen(
            command(program, *arguments),
            env={"PATH": os.defpath, "PYTHONPATH": str(packages), **settings},
            stdout=subprocess.PIPE,
            stderr=kept,
            text=True,
        )
    try:
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=STOP_S)


def command(program: Path, *arguments: str) -> list[str]:
    """Return the command line: without the packages of the environment that the tests run in."""
    unprivileged = ["setpriv", "--no-new-privs", "--bounding-set=-all", "--inh-caps=-all"] if os.geteuid() == 0 else []
    python = getattr(sys, "_base_executable", sys.executable)
    return [*unprivileged, python, "-S", "-s", "-B", str(program / "hls_converter.py"), "backend", *arguments]


def _closure() -> set[str]:
    """Return the packages that the requirements lead to, on this machine and without extras that nobody asks for."""
    found, open_ones = set[str](), [Requirement(line) for line in requirements()]
    while open_ones:
        wanted = open_ones.pop()
        if wanted.name in found and not wanted.extras:
            continue
        found.add(wanted.name)
        for line in metadata.requires(wanted.name) or ():
            needed = Requirement(line)
            if needed.marker is None or any(needed.marker.evaluate({"extra": one}) for one in (*wanted.extras, "")):
                open_ones.append(needed)
    return found
