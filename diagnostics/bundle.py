"""The file that somebody sends when the program does not do what it should: what this computer has, the settings, the
states of the queue and the ends of the logs. Without tokens, keys, queries of addresses and the user's name.

Knows neither window nor command line.
"""

from __future__ import annotations

import dataclasses
import json
import os
import platform
import re
import sys
import zipfile
from collections.abc import Iterable, Sequence
from contextlib import suppress
from importlib import metadata
from pathlib import Path

from config import VERSION, Config
from diagnostics.secrets import secrets_of
from pipeline.errors import JobStoreError, OutputError
from pipeline.job_store import JobStore, queue_file
from pipeline.queued_job import QueuedJob
from pipeline.timestamps import utc_text
from pipeline.transfer.http.redaction import redact

TAIL_BYTES = 200_000
"""How much of each log is kept: its end."""

PACKAGE = "hls-converter"
AUTHORIZATION = re.compile(r"(authorization['\"\\]*\s*[:=,]\s*b?['\"\\]*)[^'\"\\\r\n]+", re.IGNORECASE)
"""The header in a request, in JSON and in Python's spellings. Its whole value goes: a scheme may have several parts."""

LOGIN = re.compile(r"\b((?:(?:authorization|bearer|basic)\s+)+)[^\s'\"\\,}]+", re.IGNORECASE)
"""The same in a sentence."""

HOMES = re.compile(r"(?:/home/|/Users/|[A-Za-z]:\\+Users\\+)[^/\\\s\"']+")
"""The home folders of Linux, macOS and Windows, as paths or in JSON."""


def refuse_existing(path: Path) -> None:
    """Raise OutputError if there is something at a path."""
    if os.path.lexists(path):  # `Path.exists` raises where a folder may not be read
        raise OutputError(f"{path} already exists and stays as it is: choose another name for the diagnostics.")


def save_diagnostics(
    path: Path, *, findings: str, config: Config, preferences: Path, logs: Path | None, home: Path | None
) -> None:
    """Write the file, never over another one. Raises OutputError.

    Args:
        path: the zip file to make.
        findings: what the doctor says.
        config: the settings; its secrets are taken out of everything.
        preferences: what the window remembers.
        logs: the folder of the program's logs, None where there is none.
        home: the user's home folder, which is written as `~`.
    """
    refuse_existing(path)
    parts = {
        "versions.txt": versions_text(),
        "doctor.txt": findings,
        "settings.txt": settings_text(config),
        "window.json": _tail(preferences),
        "queue.json": queue_text(config),
        **{f"logs/{log.name}": _tail(log) for log in _files_in(logs)},
    }
    secrets = secrets_of(config)
    try:
        with path.open("xb") as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, text in parts.items():
                archive.writestr(name, cleaned(text, secrets, home).encode("utf-8", "backslashreplace"))
    except FileExistsError:
        refuse_existing(path)
    except OSError as error:
        with suppress(OSError):
            path.unlink()
        raise OutputError(
            f"The diagnostics can't be written to {path} ({error.strerror}): choose another folder."
        ) from error


def cleaned(text: str, secrets: Sequence[str], home: Path | None) -> str:
    """Return a text without secrets, queries of addresses, passwords and names of users in paths."""
    text = redact(text, sorted(secrets, key=len, reverse=True))
    for login in (AUTHORIZATION, LOGIN):
        text = login.sub(r"\1***", text)
    if home is not None and home.name:
        for spelling in (str(home), json.dumps(str(home))[1:-1], home.as_posix()):
            text = text.replace(spelling, "~")
    return HOMES.sub("~", text)


def versions_text() -> str:
    """Return the versions of the program, of Python and of the packages that it uses."""
    lines = [f"{PACKAGE} {VERSION}", f"Python {sys.version}", platform.platform(), f"frozen: {is_frozen()}", ""]
    found = {f"{one.name} {one.version}" for one in metadata.distributions() if one.name}
    return "\n".join([*lines, *sorted(found, key=str.casefold), ""])


def is_frozen() -> bool:
    """Whether the program runs from a package that brings its own Python."""
    return bool(getattr(sys, "frozen", False))


def settings_text(config: Config) -> str:
    """Return what `.env` and the environment say, a part a line; secrets are not part of it."""
    return "".join(f"{field.name} = {getattr(config, field.name)!r}\n" for field in dataclasses.fields(config))


def queue_text(config: Config) -> str:
    """Return the states of the jobs in this computer's queue as JSON, or why they can't be read."""
    if config.data_dir is None or not queue_file(config.data_dir).is_file():
        return "[]\n"
    try:
        with JobStore(queue_file(config.data_dir)) as store:
            jobs = store.all()
    except JobStoreError as error:
        return json.dumps(str(error)) + "\n"
    return json.dumps([_job(job) for job in jobs], indent=1) + "\n"


def _job(job: QueuedJob) -> dict[str, object]:
    return {
        "id": job.id,
        "state": job.state.value,
        "left_behind": job.left_behind,
        "tries": job.tries,
        "added": utc_text(int(job.added_at)),
        "ended": None if job.ended_at is None else utc_text(int(job.ended_at)),
        "reason": job.reason,
    }


def _files_in(folder: Path | None) -> Iterable[Path]:
    if folder is None:
        return ()
    try:
        return sorted(path for path in folder.iterdir() if path.is_file())
    except OSError:
        return ()


def _tail(path: Path) -> str:
    """Return the end of a text file, nothing where there is none."""
    with suppress(FileNotFoundError, NotADirectoryError):
        try:
            with path.open("rb") as file:
                size = file.seek(0, 2)
                file.seek(max(0, size - TAIL_BYTES))
                return file.read().decode("utf-8", "replace")
        except OSError as error:
            return f"{path} can't be read: {error.strerror}\n"
    return ""
