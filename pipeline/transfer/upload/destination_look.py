"""What lies at a destination: as the server says, as anybody can read it, and as this computer knows of it.

Judges nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from pipeline.cancel import CancelToken
from pipeline.errors import AuthenticationError, OutputError, TransferError
from pipeline.media.stream_layout import MASTER
from pipeline.published import MANIFEST_FILE
from pipeline.transfer.http.public_read import read_public
from pipeline.transfer.http.refusal import RefusedError
from pipeline.transfer.http.retry import is_refused_for_good
from pipeline.transfer.http.sessions import open_session
from pipeline.transfer.manifests.inventory import MOST_MANIFEST_BYTES, LookedUp, quote_url
from pipeline.transfer.manifests.manifest_head import HEAD_BYTES, ManifestHead, read_head
from pipeline.transfer.manifests.manifest_library import library_files, library_path
from pipeline.transfer.manifests.manifest_text import understood
from pipeline.transfer.manifests.ownership import DestinationOwner
from pipeline.transfer.upload.journal import UploadDestination, read_journal
from pipeline.transfer.upload.server_state import PLAYLIST_BEGINS
from pipeline.transfer.upload.state_file import STATE_FILE, FileStatus, UploadSnapshot, read_state
from pipeline.transfer.upload.uploader import Uploader

if TYPE_CHECKING:
    from pipeline.transfer.http.messages import MessageListener
    from pipeline.transfer.manifests.inventory import Inventory

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class DestinationContent:
    """What was found at a destination.

    `begun` says that an upload to it has begun and nothing stands there yet, as far as is known.

    `free` is whether nothing lies there, and a claim could be read back.

    `master` is what the backend said of the master playlist there, None where it was not asked or can't tell.

    `seen` is the MD5 (hex) of the manifest that the backend gave, empty where it gave none.
    """

    holder: ManifestHead | None = None
    begun: bool = False
    free: bool = False
    seen: str = ""
    master: LookedUp | None = None


class DestinationLook:
    """One look at a destination.

    Args:
        uploader: asks the backend.
        prefix: the destination.
        folder: where the stream's files lie, or are to lie.
        data_dir: where the library of manifests lies, None for none.
        cancel: ends the look.
        note: takes lines for the log.
        on_notice: is told while something is waited for.
        saved: the state of an earlier upload, where a caller has kept it elsewhere than in the folder.
    """

    def __init__(
        self,
        uploader: Uploader,
        prefix: str,
        folder: Path,
        data_dir: Path | None,
        cancel: CancelToken,
        note: Callable[[str], None],
        on_notice: MessageListener,
        saved: UploadSnapshot | None = None,
    ) -> None:
        self._uploader = uploader
        self._prefix = prefix
        self._folder = folder
        self._saved = saved
        self._data_dir = data_dir
        self._cancel = cancel
        self._note = note
        self._on_notice = on_notice
        self._url = uploader.backend_url.rstrip("/")
        self._whole: bytes | None = None

    def find(self, owner: DestinationOwner) -> DestinationContent:
        """Return what lies at the destination; where the server tells nothing, what this computer knows of it.

        Raises TransferError where a server does not answer now that may tell, Cancelled.
        """
        master = None
        capabilities = self._uploader.capabilities(self._cancel)
        with self._uploader.at_server(self._cancel, self._note, self._on_notice) as (inventory, _):
            if capabilities.read:
                master = _told(lambda: LookedUp(stored=inventory.look_up(self._prefix + MASTER)))
            found = _told(lambda: self._read(inventory, self._prefix, whole=False))
        return replace(self._judged(owner, master, *(found or (None, False))), master=master)

    def _judged(
        self, owner: DestinationOwner, master: LookedUp | None, data: bytes | None, known_free: bool
    ) -> DestinationContent:
        """Return what the answers mean; `data` is the manifest, `known_free` whether it is known that there is none."""
        stands = None if master is None else master.stored is not None
        there = self._head(data)
        begun = there is not None and there.begun and not stands
        if stands is False and not begun:
            # a manifest that a stream has left behind stays where it is of the same source
            left = there is not None and not there.owner.is_another(owner)
            if there is not None and not left and not self._manifest_names_master():
                return DestinationContent(holder=there)
            return DestinationContent(free=not left and (known_free or there is not None))
        if there is not None and self._uploader.capabilities(self._cancel).manifest:
            seen = hashlib.md5(data or b"", usedforsecurity=False).hexdigest()
            return DestinationContent(holder=there, begun=begun, seen=seen)
        # first of equals; a cache may give an older copy for a while
        holder = _newest([*([there] if there is not None else []), *self._here()])
        if holder is None and (stands or _told(lambda: self._is_public(self._prefix))):
            return DestinationContent(holder=self._unknown)
        return DestinationContent(holder=holder, begun=begun and holder is there, free=known_free and stands is None)

    def is_stream_at(self, prefix: str) -> bool:
        """Whether a stream is known to stand at another destination, or an upload to it to have begun.

        Raises as `find` does.
        """
        if self._data_dir is not None and library_path(self._data_dir, self._url, prefix).exists():
            return True
        capabilities = self._uploader.capabilities(self._cancel)
        with self._uploader.at_server(self._cancel, self._note, self._on_notice) as (inventory, _):
            if capabilities.read and _told(lambda: inventory.look_up(prefix + MASTER)) is not None:
                return True
            data, _ = _told(lambda: self._read(inventory, prefix, whole=False)) or (None, False)
        return data is not None or (not capabilities.read and bool(_told(lambda: self._is_public(prefix))))

    def manifest(self, *, whole: bool) -> bytes | None:
        """Return the manifest at the destination, or its beginning. Raises as `find` does.

        The whole one is that of the last answer, where it was whole; its beginning is always asked for.
        """
        if whole and self._whole is not None:
            return self._whole
        with self._uploader.at_server(self._cancel, self._note, self._on_notice) as (inventory, _):
            data, _ = _told(lambda: self._read(inventory, self._prefix, whole=whole)) or (None, False)
        return data

    def was_sent_from_here(self, owner: DestinationOwner) -> bool:
        """Whether this computer knows of an upload of the same source to the destination that came to its end."""
        if any(not head.owner.is_another(owner) for head in self._here()):
            return True
        if any(self._tells_of_an_end(saved) for saved in (self._saved, read_state(self._folder / STATE_FILE))):
            return True
        here = UploadDestination(backend_url=self._url, prefix=self._prefix, session_id=self._uploader.session_id)
        with suppress(OutputError):
            return read_journal(self._folder, here).published is not None
        return False

    def _tells_of_an_end(self, saved: UploadSnapshot | None) -> bool:
        """Whether a saved state is that of an upload to this destination that came to its end."""
        if saved is None or (saved.destination.backend_url.rstrip("/"), saved.destination.prefix) != (
            self._url,
            self._prefix,
        ):
            return False
        master = saved.files.get(MASTER)
        return master is not None and master.status is FileStatus.UPLOADED

    @property
    def _unknown(self) -> ManifestHead:
        """Whoever's the stream is that stands there without a manifest of its own."""
        return ManifestHead(owner=DestinationOwner(title=""), backend_url=None, prefix=self._prefix, last_synced="")

    def _head(self, data: bytes | None) -> ManifestHead | None:
        """Return the head of a manifest of this destination, None for another's, which was copied there."""
        head = read_head(data) if data is not None else None
        return head if head is not None and head.prefix == self._prefix else None

    def _is_public(self, prefix: str) -> bool:
        """Whether anybody can read a master playlist at a destination."""
        data, _ = self._read_public(prefix + MASTER, whole=False)
        return data is not None and data.startswith(PLAYLIST_BEGINS)

    def _manifest_names_master(self) -> bool:
        manifest = understood(self.manifest(whole=True))
        return manifest is not None and any(file.s3_key == self._prefix + MASTER for file in manifest.files)

    def _read(self, inventory: Inventory, prefix: str, *, whole: bool) -> tuple[bytes | None, bool]:
        """Return the manifest at a destination, and whether it is known that there is none.

        What the backend says comes before a public address, where a cache may answer.
        """
        capabilities = self._uploader.capabilities(self._cancel)
        if capabilities.manifest:
            data = inventory.manifest(prefix)
            self._whole = data if prefix == self._prefix else self._whole
            return data, data is None
        if capabilities.read:
            stored = inventory.look_up(prefix + MANIFEST_FILE)
            return (None, True) if stored is None else (self._get(stored.url, whole=whole, signed=True)[0], False)
        return self._read_public(prefix + MANIFEST_FILE, whole=whole)

    def _read_public(self, key: str, *, whole: bool) -> tuple[bytes | None, bool]:
        """Return what anybody can read under a key, and whether it is known that there is nothing."""
        url = self._uploader.public_address(key, self._cancel, self._note, self._on_notice)
        return self._get(url, whole=whole, signed=False)

    def _get(self, url: str, *, whole: bool, signed: bool) -> tuple[bytes | None, bool]:
        """Return what is at an address, and whether it is known that there is nothing."""
        if not url:
            return None, False
        with open_session(self._cancel) as http:
            response = read_public(
                http,
                quote_url(url),
                first_bytes=None if whole else HEAD_BYTES,
                signed=signed,
                most_bytes=MOST_MANIFEST_BYTES,
                delays=self._uploader.delays,
                cancel=self._cancel,
                note=self._note,
            )
        there = response.status in (HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT)
        # a store that answers 403 may have it, and would not give a claim back either
        return response.body if there else None, response.status == HTTPStatus.NOT_FOUND

    def _here(self) -> Iterator[ManifestHead]:
        """Yield what this computer's manifests say of the destination."""
        library = [library_path(self._data_dir, self._url, self._prefix)] if self._data_dir is not None else []
        for path in (self._folder / MANIFEST_FILE, *library):
            head = read_head_of(path)
            if head is not None and head.prefix == self._prefix and head.backend_url in (None, self._url):
                yield head


def others_below(data_dir: Path | None, backend_url: str, prefix: str, owner: DestinationOwner) -> list[str]:
    """Return others' destinations below this one that this computer uploaded to, if never to this one itself."""
    url = backend_url.rstrip("/")
    known = {
        head.prefix: head
        for path in library_files(data_dir, prefix=prefix)
        if (head := read_head_of(path)) is not None and head.backend_url == url
    }
    return (
        []
        if prefix in known
        else sorted(p for p, head in known.items() if p.startswith(prefix) and head.owner.is_another(owner))
    )


def _told(question: Callable[[], T]) -> T | None:
    """Return what a server says, None where it can't say that, now or later.

    Raises TransferError where it does not answer now and may tell another time.
    """
    try:
        return question()
    except AuthenticationError:
        raise
    except RefusedError as error:
        if not is_refused_for_good(error.refusal):
            raise
    except TransferError:
        pass
    return None


def _newest(heads: list[ManifestHead]) -> ManifestHead | None:
    return max(heads, key=lambda head: head.last_synced, default=None)


def read_head_of(path: Path) -> ManifestHead | None:
    """Return what a manifest on this computer says of its destination, None where there is none."""
    try:
        with path.open("rb") as file:
            return read_head(file.read(HEAD_BYTES))
    except OSError:
        return None
