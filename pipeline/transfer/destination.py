"""Whose stream stands at a destination: asked before anything is sent there, so that no video takes another's address unasked."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path

from pipeline.cancel import CancelToken
from pipeline.errors import AuthenticationError, DestinationTakenError, TransferError
from pipeline.published import MANIFEST_FILE
from pipeline.transfer.content_types import content_type
from pipeline.transfer.exchange import NoAnswerError
from pipeline.transfer.inventory import as_asked
from pipeline.transfer.manifest_head import HEAD_BYTES, ManifestHead, read_head
from pipeline.transfer.manifest_library import library_files, library_path
from pipeline.transfer.ownership import Owner
from pipeline.transfer.sender import nothing
from pipeline.transfer.sessions import open_session
from pipeline.transfer.uploader import Uploader
from pipeline.workspace import MASTER

READ_S = 10.0


def check_owner(uploader: Uploader, prefix: str, owner: Owner, folder: Path, data_dir: Path | None, cancel: CancelToken) -> None:
    """See that a destination is free, or belongs to the source of what is to go there.

    The manifest on the server tells, also what another computer uploaded; where it can't be read, those of this computer do: the one in
    the job's folder and the one in the library at `data_dir`.
    Raises DestinationTakenError, AuthenticationError, Cancelled.
    """
    holder = _holder(uploader, prefix, folder, data_dir, cancel)
    if holder is not None and holder.owner.is_another(owner):
        title = holder.owner.title
        raise DestinationTakenError(prefix=prefix, title=title, same_name=title == owner.title, last_synced=holder.last_synced)


def others_below(data_dir: Path | None, backend_url: str, prefix: str, owner: Owner) -> list[str]:
    """Return the destinations of other videos below this one that this computer uploaded to, if it never uploaded to this one itself."""
    url = backend_url.rstrip("/")
    known = {head.prefix: head for path in library_files(data_dir) if (head := _read(path)) is not None and head.backend_url == url}
    return [] if prefix in known else sorted(p for p, head in known.items() if p.startswith(prefix) and head.owner.is_another(owner))


def _holder(uploader: Uploader, prefix: str, folder: Path, data_dir: Path | None, cancel: CancelToken) -> ManifestHead | None:
    """Return the manifest of what stands at a destination, None where nothing does, or nothing tells of it."""
    url = uploader.backend_url.rstrip("/")
    here = [head for head in _here(folder, data_dir, url, prefix) if head.prefix == prefix and head.backend_url in (None, url)]
    try:
        capabilities = uploader.capabilities(cancel)
        with uploader.at_server(cancel, nothing, nothing) as (inventory, _):
            if capabilities.read and inventory.look_up(prefix + MASTER) is None:
                return None
            data = inventory.manifest(prefix) if capabilities.manifest else _public(uploader, prefix + MANIFEST_FILE, cancel)
    except AuthenticationError:
        raise
    except TransferError:  # whoever sends something there next says what is wrong
        data = None
    there = read_head(data) if data is not None else None
    if there is not None and there.prefix == prefix:
        if capabilities.manifest:
            return there
        here.insert(0, there)  # first of equals; a cache may give an older copy for a while
    return max(here, key=lambda head: head.last_synced, default=None)


def _here(folder: Path, data_dir: Path | None, backend_url: str, prefix: str) -> Iterator[ManifestHead]:
    paths = [folder / MANIFEST_FILE, *([library_path(data_dir, backend_url, prefix)] if data_dir is not None else [])]
    yield from (head for path in paths if (head := _read(path)) is not None)


def _read(path: Path) -> ManifestHead | None:
    try:
        with path.open("rb") as file:
            return read_head(file.read(HEAD_BYTES))
    except OSError:
        return None


def _public(uploader: Uploader, key: str, cancel: CancelToken) -> bytes | None:
    """Return the beginning of what anybody can read under a key, where a backend with the three endpoints alone says its address."""
    url = uploader.presign(key, content_type(key)).download_url
    if not url:
        return None
    headers = {"Range": f"bytes=0-{HEAD_BYTES - 1}", "Cache-Control": "no-cache", "Accept-Encoding": "identity"}
    with open_session(cancel) as http:
        try:
            answer = http.send("GET", as_asked(url), headers=headers, body=b"", read_timeout_s=READ_S)
        except NoAnswerError:
            return None
    return answer.body if answer.status in (HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT) else None
