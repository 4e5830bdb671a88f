"""The secret that signs URLs: made once, whoever is first, and never replaced by itself, which would void every URL."""

from __future__ import annotations

import logging
import os
import re
import secrets
import stat
import time
from contextlib import suppress
from pathlib import Path

from backend.access.signing import PRIVATE
from pipeline.errors import SettingsError

SECRET_FILE = "signing-secret"
_SECRET_BYTES = 32
_WHOLE = re.compile(r"[!-~]{64,}")
_WRITTEN_AFTER_S = 5
"""For how long an empty file may be one that another process is about to write to."""

_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_log = logging.getLogger(__name__)


def load_secret(root: Path) -> str:
    """Return the secret kept in the storage's folder, made on the first call, so that URLs survive a restart.

    All processes that call this at once get the same one.

    Raises:
        SettingsError: the folder can't be used, or the file holds no whole secret.
    """
    file = root / PRIVATE / SECRET_FILE
    try:
        if not file.is_file():
            file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            _make(file)
        secret = _read(file)
        _keep_private(file)
    except OSError as error:
        raise SettingsError(
            f"The storage folder {root} can't be used: the file {file} with the secret that signs URLs can't be read "
            f"or written ({error.strerror or 'unreadable'}). Check its permissions or choose another folder."
        ) from error
    if not _WHOLE.fullmatch(secret):
        raise SettingsError(
            f"The file {file} holds no whole secret to sign URLs with: put back a copy of it, or remove it to get a "
            "new one. With a new one, URLs that were signed before are good no more."
        )
    return secret


def _make(file: Path) -> None:
    """Write a new secret, unless another process is quicker: nobody ever sees half of one."""
    temporary = file.with_name(f"{SECRET_FILE}.{secrets.token_hex(4)}.tmp")
    try:
        _write_new(temporary)
        try:
            os.link(temporary, file)
        except FileExistsError:
            return
        except OSError:  # not every file system has hard links
            with suppress(FileExistsError):
                _write_new(file)
    finally:
        temporary.unlink(missing_ok=True)


def _write_new(file: Path) -> None:
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(handle, secrets.token_hex(_SECRET_BYTES).encode())
        os.fsync(handle)
    finally:
        os.close(handle)


def _read(file: Path) -> str:
    given_up_s = time.monotonic() + _WRITTEN_AFTER_S
    while True:
        text = file.read_bytes().decode("ascii", "replace").strip()
        if text or time.monotonic() > given_up_s:
            return text
        time.sleep(0.05)


def _keep_private(file: Path) -> None:
    """Take from other users what they may do with the file; say so where that can't be done."""
    if os.name == "nt" or not file.stat().st_mode & _OTHERS:
        return
    with suppress(OSError):
        file.chmod(0o600)
    _log.warning(
        "Other users of this machine %s %s, the secret that signs URLs. If one of them may have read it, stop the "
        "backend and remove the file.",
        "can read" if file.stat().st_mode & _OTHERS else "could read",
        file,
    )
