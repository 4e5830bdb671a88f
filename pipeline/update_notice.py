"""Whether a newer version of the program is there, asked at an address that the user has set, and nowhere else.

docs/update-notice.md describes what stands at the address. What is asked says nothing of this computer.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

from packaging.version import InvalidVersion, Version

from config import VERSION
from pipeline.cancel import CancelToken
from pipeline.codec import from_json, to_json
from pipeline.errors import Cancelled, CodecError, OutputError, TransferError
from pipeline.files import write_whole
from pipeline.transfer.http.exchange import NoResponseError
from pipeline.transfer.http.redaction import origin_of
from pipeline.transfer.http.sessions import open_connections
from pipeline.transfer.http.streaming import MOST_SMALL_BYTES
from pipeline.transfer.http.validation import is_host, is_loopback

FILE = "update-notice.json"
SCHEMA = 1
DAY_S = 86400.0
LIMIT_S = 60.0
"""How long all of the answer may take."""

LONGEST_ADDRESS = 2000
LONGEST_VERSION = 60
"""Characters."""


@dataclass(frozen=True, kw_only=True)
class UpdateNotice:
    """What stands at the address: the newest version, and the address of a page that says what is new."""

    version: str = ""
    notes: str = ""

    @property
    def is_newer(self) -> bool:
        """Whether it tells of a later version than this program's (PEP 440)."""
        return bool(self.version) and Version(self.version) > Version(VERSION)


@dataclass(frozen=True, kw_only=True)
class LastNotice:
    """The file: when which address was asked (`asked_s`, seconds since 1970), and what it told; empty for nothing."""

    schema: int = SCHEMA
    address: str = ""
    asked_s: float = 0.0
    version: str = ""
    notes: str = ""


def notice_address(typed: str) -> str:
    """Return a typed address, which may be empty. Raises ValueError with a sentence."""
    address = typed.strip()
    if not address:
        return ""
    if not _is_usable(address):
        raise ValueError("Type an address that begins with https://, or leave the field empty.")
    return address


def look_for_update(
    address: str, data_dir: Path | None, *, now_s: Callable[[], float] = time.time, cancel: CancelToken | None = None
) -> UpdateNotice | None:
    """Return a notice of a newer version, None for none; an address is asked once a day, and remembered meanwhile.

    An empty address is never asked, and neither is one of which nothing can be remembered. Raises TransferError,
    Cancelled.
    """
    if not address or data_dir is None:
        return None
    last, now = _read(data_dir / FILE), now_s()
    if last.address == address and 0 <= now - last.asked_s < DAY_S:
        return _newer(UpdateNotice(version=last.version, notes=last.notes))
    # before it is asked: a program that ends meanwhile asks tomorrow, too
    if not _write(data_dir / FILE, LastNotice(address=address, asked_s=now)):
        return None
    found = read_notice(address, cancel=cancel)
    _write(data_dir / FILE, LastNotice(address=address, asked_s=now, version=found.version, notes=found.notes))
    return _newer(found)


def read_notice(address: str, *, cancel: CancelToken | None = None) -> UpdateNotice:
    """Ask an address now. Raises TransferError with a sentence, Cancelled."""
    if not _is_usable(address):
        raise TransferError("The address of the update notice must begin with https://.")
    stopping = cancel or CancelToken()
    late = threading.Event()

    def end() -> None:
        late.set()
        stopping.cancel()

    timer = threading.Timer(LIMIT_S, end)
    timer.daemon = True
    timer.start()
    try:
        return parse_notice(_fetched(address, stopping), origin_of(address))
    except Cancelled:
        if late.is_set():
            raise TransferError(f"{origin_of(address)} takes too long to say which version is the newest.") from None
        raise
    finally:
        timer.cancel()


def parse_notice(data: bytes, server: str) -> UpdateNotice:
    """Read what a server has said. Raises TransferError."""
    try:
        found = json.loads(data)
        version, notes = found["version"], found["notes"]
        if not (isinstance(version, str) and isinstance(notes, str) and len(version) <= LONGEST_VERSION):
            raise TypeError
        Version(version)
    except (ValueError, TypeError, KeyError, RecursionError, InvalidVersion):
        raise TransferError(f"{server} does not say which version is the newest: its answer is no notice.") from None
    if not _is_usable(notes):
        raise TransferError(f"The notice at {server} names no page that begins with https://.")
    return UpdateNotice(version=version, notes=notes)


def _fetched(address: str, cancel: CancelToken) -> bytes:
    """Return what stands at an address; of what is too long to be a notice, a part."""
    server = origin_of(address)
    failure = f"{server} can't be asked which version is the newest"
    try:
        with (
            open_connections(cancel) as connections,
            connections.streaming() as http,
            http.get(address, headers={"Accept": "application/json"}) as answer,
        ):
            if answer.status != HTTPStatus.OK:
                raise TransferError(f"{failure}: it answers {answer.status}.")
            data = answer.small_body()
    except NoResponseError as error:
        raise TransferError(f"{failure} ({error.reason.value}).") from None
    cancel.check()
    if len(data) >= MOST_SMALL_BYTES:
        raise TransferError(f"{failure}: its answer is too long for a notice.")
    return data


def _newer(notice: UpdateNotice) -> UpdateNotice | None:
    return notice if notice.is_newer else None


def _is_usable(address: str) -> bool:
    """Whether an address may be asked, or shown in a browser: encrypted, or of this computer, and without a login."""
    if len(address) > LONGEST_ADDRESS or not address.isascii() or not address.isprintable() or " " in address:
        return False
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return False
    allowed = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))
    return allowed and is_host(host) and "@" not in parts.netloc


def _read(path: Path) -> LastNotice:
    """Return what is remembered; nothing where that can't be read."""
    try:
        found = from_json(LastNotice, json.loads(path.read_text(encoding="utf-8")), FILE)
        Version(found.version or VERSION)
    except (OSError, ValueError, RecursionError, CodecError):
        return LastNotice()
    return found if _is_usable(found.notes) or not found.version else LastNotice()


def _write(path: Path, last: LastNotice) -> bool:
    """Remember it; return whether that is possible."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(path, json.dumps(to_json(last), indent=1).encode())
    except (OSError, OutputError):
        return False
    return True
