"""Whose stream stands at a destination, or is on its way there: asked before anything is sent,
so that no video takes another's address.

A destination is owned by whoever's manifest lies there. Where it is free, and what lies there can be read, an upload
begins with a
claim: its manifest without files. The last claim counts, and each upload asks once more before its master.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.cancel import CancelToken
from pipeline.errors import AuthenticationError, DestinationTakenError, OutputError, SettingsError, TransferError
from pipeline.files import write_whole
from pipeline.media.stream_layout import MASTER
from pipeline.published import MANIFEST_FILE
from pipeline.transfer.http.exchange import NoResponseError
from pipeline.transfer.http.redaction import place_of
from pipeline.transfer.http.refusal import Refusal, RefusedError, Server, refused, store_refusal
from pipeline.transfer.http.retry import after_upload, call_with_retries, is_refused_for_good
from pipeline.transfer.http.sessions import open_session
from pipeline.transfer.manifests.folder_owner import has_media_of
from pipeline.transfer.manifests.inventory import quote_url
from pipeline.transfer.manifests.manifest import Manifest, manifest_json, understood
from pipeline.transfer.manifests.manifest_head import HEAD_BYTES, ManifestHead, read_head
from pipeline.transfer.manifests.manifest_library import library_files, library_path
from pipeline.transfer.manifests.ownership import Owner
from pipeline.transfer.manifests.placement import stream_above
from pipeline.transfer.upload.journal import Destination, read_journal
from pipeline.transfer.upload.sender import ignore
from pipeline.transfer.upload.state_file import STATE_FILE, FileStatus, read_state
from pipeline.transfer.upload.target import Holder
from pipeline.transfer.upload.uploader import Uploader

if TYPE_CHECKING:
    from pipeline.transfer.http.messages import Listener
    from pipeline.transfer.manifests.inventory import Inventory

READ_S = 10.0
VERSION_OF_ANOTHER = (
    "{prefix} is a version of the stream at {above}, whose next upload may go there: "
    "choose a destination whose last folder is called otherwise."
)
CLAIM_FILE = ".upload_claim.json"
"""The claim as it was sent stays in the folder:
what comes into the folder before the upload ends does not make it another's.
"""


@dataclass(frozen=True, kw_only=True)
class _Found:
    """What was found at a destination.

    `begun` says that an upload to it has begun and nothing stands there yet, as far as is known.

    `free` is whether nothing lies there, and a claim could be read back.
    """

    holder: ManifestHead | None = None
    begun: bool = False
    free: bool = False


class DestinationCheck:
    """Keeps one upload from another video's destination.

    Args:
        uploader: asks the backend.
        prefix: the destination.
        owner: whose stream goes there.
        folder: where the stream's files lie, or are to lie.
        data_dir: where the library of manifests lies, None for none.
        replace: whether another video's place may be taken.
    """

    def __init__(
        self,
        uploader: Uploader,
        prefix: str,
        owner: Owner,
        folder: Path,
        data_dir: Path | None,
        *,
        replace: bool = False,
    ) -> None:
        self._uploader = uploader
        self._prefix = prefix
        self._owner = owner
        self._folder = folder
        self._data_dir = data_dir
        self._replace = replace
        self._url = uploader.backend_url.rstrip("/")
        self._found: _Found | None = None
        self._taken = False

    @property
    def has_rival(self) -> bool:
        """Whether another video's upload to the destination has begun, as far as is known by now,
        whose place is to be taken.

        That upload may still be sending: what it sends must not lie where this one's segments do.
        """
        found = self._found
        if found is None or not found.begun or found.holder is None or self._is_own_claim(found.holder):
            return False
        return found.holder.owner.is_another(self._owner)

    @property
    def holder(self) -> Holder:
        """Whose stream stands at the destination, as far as is known by now:
        not that of an upload which has only begun.
        """
        found = self._found
        if found is None or found.begun or found.holder is None:
            return Holder.NOBODY
        return Holder.ANOTHER if self._taken else Holder.ITSELF

    def ask(self, cancel: CancelToken, note: Callable[[str], None] = ignore, on_notice: Listener = ignore) -> None:
        """See that the destination is free, or belongs to the source of what is to go there.

        The manifest on the server tells, also what another computer uploaded; where it can't be read, those of this
        computer do: the one in the job's folder and the one in the library. Raises DestinationTakenError, Cancelled,
        SettingsError for a version of another stream, and TransferError where a server does not answer now that may
        tell.
        """
        above = stream_above(self._prefix)
        if above and self._has_stream(above, cancel, note, on_notice):
            raise SettingsError(VERSION_OF_ANOTHER.format(prefix=self._prefix, above=above))
        self._found = self._find(cancel, note, on_notice)
        self._taken = self._judge(self._found, cancel)

    def claim(self, cancel: CancelToken, note: Callable[[str], None] = ignore, on_notice: Listener = ignore) -> None:
        """Say at a free destination that an upload to it has begun, where others can read that,
        and see that nobody else just did.

        Nothing is sent where the destination has a manifest of the same source. Raises as `ask` does, and OutputError.
        """
        found = self._found or self._find(cancel, note, on_notice)
        # without a content nobody could tell whose claim it is
        if self._owner.content is None or not (found.free or self.has_rival):
            return
        path = self._folder / CLAIM_FILE
        try:
            write_whole(path, manifest_json(self._claim(), for_server=True))
            with self._uploader.at_server(cancel, note, on_notice, patient=False) as (_, sender):
                sender.send(path, self._prefix + MANIFEST_FILE, on_begin=ignore, on_bytes=ignore)
        except AuthenticationError:
            raise
        except TransferError as error:  # it only keeps others away
            note(f"warning: that an upload has begun could not be noted at {self._prefix}: {error}")
            return
        if not self._replace:
            data = self._manifest(cancel, whole=False)
            there = None if data is None else read_head(data)
            if there is not None and there.prefix == self._prefix:
                self._judge(_Found(holder=there, begun=there.begun), cancel)

    def _claim(self) -> Manifest:
        now = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        return Manifest(
            title=self._owner.title,
            backend_url=self._url,
            bucket=None,
            prefix=self._prefix,
            created_at=now,
            last_synced=now,
            files=(),
            source=self._owner.content,
        )

    def _judge(self, found: _Found, cancel: CancelToken) -> bool:
        """Return whether another video holds the destination.

        Raises DestinationTakenError where it does and is not to be replaced.
        """
        holder = found.holder
        if holder is None or not self._is_anothers(holder, cancel):
            return False
        if self._replace:
            return True
        title = holder.owner.title
        same_name = title == self._owner.title
        raise DestinationTakenError(
            prefix=self._prefix, title=title, same_name=same_name, last_synced=holder.last_synced, begun=found.begun
        )

    def _is_anothers(self, holder: ManifestHead, cancel: CancelToken) -> bool:
        """Whether a destination belongs to another video.

        By content; where its manifest names none, as those of earlier versions do, by the title, if this computer knows
        that it uploaded there itself. Media files in common tell as well.
        """
        theirs, ours = holder.owner, self._owner
        if self._is_own_claim(holder):
            return False
        if theirs.content is not None and ours.content is not None:
            return theirs.is_another(ours)
        if not theirs.is_another(ours) and self._uploaded_there():
            return False
        manifest = understood(self._manifest(cancel, whole=True)) if self._folder.is_dir() else None
        return manifest is None or not has_media_of(self._folder, manifest, by_time=False)

    def _is_own_claim(self, holder: ManifestHead) -> bool:
        """Whether this folder's upload has begun there, whatever came into the folder since."""
        return holder.begun and holder == _read_file(self._folder / CLAIM_FILE)

    def _uploaded_there(self) -> bool:
        """Whether this computer knows of an upload of the same source to the destination that came to its end."""
        if any(not head.owner.is_another(self._owner) for head in self._here()):
            return True
        saved = read_state(self._folder / STATE_FILE)
        if saved is not None and (saved.destination.backend_url.rstrip("/"), saved.destination.prefix) == (
            self._url,
            self._prefix,
        ):
            master = saved.files.get(MASTER)
            if master is not None and master.status is FileStatus.UPLOADED:
                return True
        here = Destination(backend_url=self._url, prefix=self._prefix, session_id=self._uploader.session_id)
        with suppress(OutputError):
            return read_journal(self._folder, here).published is not None
        return False

    def _find(self, cancel: CancelToken, note: Callable[[str], None], on_notice: Listener) -> _Found:
        """Return what lies at the destination; where the server tells nothing, what this computer knows of it."""
        here = list(self._here())
        known_free = False
        try:
            capabilities = self._uploader.capabilities(cancel)
            with self._uploader.at_server(cancel, note, on_notice) as (inventory, _):
                missing = capabilities.read and inventory.look_up(self._prefix + MASTER) is None
                data, known_free = self._read(inventory, cancel, note, on_notice, whole=False)
        except TransferError as error:
            if _may_tell_later(error):
                raise
            return _Found(holder=_newest(here))
        there = read_head(data) if data is not None else None
        if there is not None and there.prefix != self._prefix:
            there = None
        begun = there is not None and there.begun and (missing or not capabilities.read)
        if missing and not begun:
            # a manifest that a stream has left behind stays where it is of the same source
            left = there is not None and not there.owner.is_another(self._owner)
            if there is not None and not left and not self._manifest_names_master(cancel):
                return _Found(holder=there)
            return _Found(free=not left and (known_free or there is not None))
        if there is not None and capabilities.manifest:
            return _Found(holder=there, begun=begun)
        # first of equals; a cache may give an older copy for a while
        holder = _newest([*([there] if there is not None else []), *here])
        return _Found(holder=holder, begun=begun and holder is there, free=known_free and not capabilities.read)

    def _has_stream(self, prefix: str, cancel: CancelToken, note: Callable[[str], None], on_notice: Listener) -> bool:
        """Whether a stream is known to stand at another destination, or an upload to it to have begun."""
        if self._data_dir is not None and library_path(self._data_dir, self._url, prefix).exists():
            return True
        try:
            capabilities = self._uploader.capabilities(cancel)
            with self._uploader.at_server(cancel, note, on_notice) as (inventory, _):
                if capabilities.read and inventory.look_up(prefix + MASTER) is not None:
                    return True
                if capabilities.manifest:
                    return inventory.manifest(prefix) is not None
            names = [MANIFEST_FILE] if capabilities.read else [MANIFEST_FILE, MASTER]
            return any(
                self._read_public(prefix + name, cancel, note, on_notice, whole=False)[0] is not None for name in names
            )
        except TransferError as error:
            if _may_tell_later(error):
                raise
            return False

    def _manifest_names_master(self, cancel: CancelToken) -> bool:
        manifest = understood(self._manifest(cancel, whole=True))
        return manifest is not None and any(file.s3_key == self._prefix + MASTER for file in manifest.files)

    def _read(
        self,
        inventory: Inventory,
        cancel: CancelToken,
        note: Callable[[str], None],
        on_notice: Listener,
        *,
        whole: bool,
    ) -> tuple[bytes | None, bool]:
        """Return the manifest at the destination, and whether it is known that there is none."""
        if self._uploader.capabilities(cancel).manifest:
            data = inventory.manifest(self._prefix)
            return data, data is None
        return self._read_public(self._prefix + MANIFEST_FILE, cancel, note, on_notice, whole=whole)

    def _read_public(
        self, key: str, cancel: CancelToken, note: Callable[[str], None], on_notice: Listener, *, whole: bool
    ) -> tuple[bytes | None, bool]:
        """Return what anybody can read under a key, and whether it is known that there is nothing."""
        url = self._uploader.public_address(key, cancel, note, on_notice)
        if not url:
            return None, False
        return call_with_retries(
            lambda: _public(url, cancel, whole=whole),
            decide=after_upload,
            delays=self._uploader.delays,
            cancel=cancel,
            note=note,
        )

    def _manifest(self, cancel: CancelToken, *, whole: bool) -> bytes | None:
        try:
            with self._uploader.at_server(cancel, ignore, ignore) as (inventory, _):
                return self._read(inventory, cancel, ignore, ignore, whole=whole)[0]
        except TransferError as error:
            if _may_tell_later(error):
                raise
            return None

    def _here(self) -> Iterator[ManifestHead]:
        """Yield what this computer's manifests say of the destination."""
        library = [library_path(self._data_dir, self._url, self._prefix)] if self._data_dir is not None else []
        for path in (self._folder / MANIFEST_FILE, *library):
            head = _read_file(path)
            if head is not None and head.prefix == self._prefix and head.backend_url in (None, self._url):
                yield head


def others_below(data_dir: Path | None, backend_url: str, prefix: str, owner: Owner) -> list[str]:
    """Return others' destinations below this one that this computer uploaded to, if never to this one itself."""
    url = backend_url.rstrip("/")
    known = {
        head.prefix: head
        for path in library_files(data_dir)
        if (head := _read_file(path)) is not None and head.backend_url == url
    }
    return (
        []
        if prefix in known
        else sorted(p for p, head in known.items() if p.startswith(prefix) and head.owner.is_another(owner))
    )


def _may_tell_later(error: TransferError) -> bool:
    """Whether a server did not say whose a destination is and may do so another time:
    one that can't say leaves that to this computer.
    """
    return isinstance(error, AuthenticationError) or (
        isinstance(error, RefusedError) and not is_refused_for_good(error.refusal)
    )


def _newest(heads: list[ManifestHead]) -> ManifestHead | None:
    return max(heads, key=lambda head: head.last_synced, default=None)


def _read_file(path: Path) -> ManifestHead | None:
    try:
        with path.open("rb") as file:
            return read_head(file.read(HEAD_BYTES))
    except OSError:
        return None


def _public(url: str, cancel: CancelToken, *, whole: bool) -> tuple[bytes | None, bool]:
    """Return what anybody can read at an address. Raises RefusedError where the store may tell if it is asked again.

    The second is whether the store says that there is nothing: one that answers 403 may have it, and would not give a
    claim back either.
    """
    headers = {"Cache-Control": "no-cache", "Accept-Encoding": "identity"}
    if not whole:
        headers["Range"] = f"bytes=0-{HEAD_BYTES - 1}"
    with open_session(cancel) as http:
        try:
            response = http.send("GET", quote_url(url), headers=headers, body=b"", read_timeout_s=READ_S)
        except NoResponseError as error:
            raise refused(
                Refusal(server=Server.STORE, place=place_of(url), no_response=error.reason, about=error.about)
            ) from error
    refusal = store_refusal(response, place_of(url))
    if not is_refused_for_good(refusal):
        raise refused(refusal)
    body = response.body if response.status in (HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT) else None
    return body, response.status == HTTPStatus.NOT_FOUND
