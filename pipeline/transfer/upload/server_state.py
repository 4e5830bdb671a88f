"""What a destination has by now: as the server says it, and as journal and manifests know of it.

Where the backend does not offer a look, what can't be seen is not known and stops nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial
from http import HTTPStatus
from itertools import chain

from pipeline.cancel import CancelToken
from pipeline.media.stream_layout import MASTER
from pipeline.transfer.http.body import file_md5
from pipeline.transfer.http.capabilities import BackendCapabilities
from pipeline.transfer.http.exchange import Response
from pipeline.transfer.http.refusal import RefusedError
from pipeline.transfer.manifests.inventory import Inventory, LookedUp, RemoteObject
from pipeline.transfer.manifests.manifest import FileEntry, Manifest
from pipeline.transfer.manifests.manifest_text import understood
from pipeline.transfer.manifests.placement import versions_in
from pipeline.transfer.upload.differences import Record, is_known_to_differ, record_of
from pipeline.transfer.upload.journal import Confirmed, JournalContent
from pipeline.transfer.upload.publish_order import OutgoingFile
from pipeline.transfer.upload.target import Holder, PublishedMaster

UNREADABLE = "unreadable"
PLAYLIST_BEGINS = b"#EXTM3U"


class ServerState:
    """What a destination has, looked at once."""

    def __init__(
        self,
        prefix: str,
        content: JournalContent,
        capabilities: BackendCapabilities,
        inventory: Inventory,
        known: Manifest | None,
        read_public: Callable[[str], Response],
        cancel: CancelToken,
        note: Callable[[str], None],
        public_address: Callable[[str], str],
    ) -> None:
        self._prefix = prefix
        self._public_address = public_address
        self._content = content
        self._capabilities = capabilities
        self._inventory = inventory
        self._known = known
        self._read_public = read_public
        self._cancel = cancel
        self._note = note
        self._md5s: dict[tuple[str, int, int], str] = {}
        self._listed: dict[str, dict[str, RemoteObject]] = {}

    def md5(self, file: OutgoingFile) -> str:
        """Return the MD5 (hex) of a file's content, read once; not at all where it is as it was when it was sent."""
        sent = self._content.confirmed.get(file.name)
        if (
            sent is not None
            and sent.md5
            and (sent.size_bytes, sent.mtime_ns) == (file.size_bytes, file.mtime_ns)
            and file.name != MASTER
        ):
            return sent.md5
        which = file.name, file.size_bytes, file.mtime_ns
        if which not in self._md5s:
            self._md5s[which] = file_md5(file.path, self._cancel)
        return self._md5s[which]

    def differs(self, files: Sequence[OutgoingFile], place: str) -> bool:
        """Whether one of these files is known to lie at a place below the prefix with another content."""
        below = self._prefix + place
        lists = self._capabilities.list
        stored = self._below(below) if lists else {}
        keys = ((file, below + file.name) for file in files)
        return any(
            is_known_to_differ(
                file.size_bytes,
                partial(self.md5, file),
                stored=stored.get(key),
                records=partial(self._records, file.name, key),
            )
            for file, key in keys
            if not lists or key in stored
        )

    def _records(self, name: str, key: str) -> list[Record]:
        """Return what was sent to a key by the journal and the local manifest, else by the server's."""
        sent = self._content.confirmed.get(name)
        found = [record_of(sent)] if sent is not None and sent.key == key else []
        found += [record_of(self._own_entries[key])] if key in self._own_entries else []
        return found or ([record_of(self._servers_entries[key])] if key in self._servers_entries else [])

    @cached_property
    def _own_entries(self) -> Mapping[str, FileEntry]:
        return {entry.s3_key: entry for entry in self._known.files} if self._known is not None else {}

    @cached_property
    def _servers_manifest(self) -> Manifest | None:
        return understood(self._inventory.manifest(self._prefix)) if self._capabilities.manifest else None

    @cached_property
    def _servers_entries(self) -> Mapping[str, FileEntry]:
        servers = self._servers_manifest
        return {entry.s3_key: entry for entry in servers.files} if servers is not None else {}

    def _below(self, prefix: str) -> dict[str, RemoteObject]:
        """Return what the server has below a prefix by key; asked for once."""
        if prefix not in self._listed:
            self._listed[prefix] = {one.key: one for one in self._inventory.objects(prefix)}
        return self._listed[prefix]

    def published(self, holder: Holder, master: LookedUp | None) -> PublishedMaster:
        """Return the master that players get now; where it is another source's,
        with the version that the server's manifest names.

        `master` is what the backend has just said of it, None where it has to be asked.
        """
        found = self._published(holder, master)
        servers = self._servers_manifest if holder is Holder.ANOTHER else None
        return (
            found
            if servers is None
            else replace(found, versions=(*found.versions, *versions_in(servers.placement.version_folder)))
        )

    def _published(self, holder: Holder, master: LookedUp | None) -> PublishedMaster:
        if self._capabilities.read:
            stored = self._inventory.look_up(self._prefix + MASTER) if master is None else master.stored
            if stored is None:
                return PublishedMaster(known=True)
            read = self._read(stored.url)
            # one that is there and can't be read is not ours
            return PublishedMaster(known=True, md5=stored.md5 or read.md5 or UNREADABLE, versions=read.versions)
        url, md5 = self._published_from_here()
        if not url and holder is not Holder.NOBODY:
            url = self._public_address(self._prefix + MASTER)
        read = self._read(url)
        return PublishedMaster(known=bool(md5), md5=md5 or None) if not read.known else read

    def _published_from_here(self) -> tuple[str, str]:
        """Return address and MD5 of the master that was published last from here, as far as they are known."""
        published = self._content.confirmed.get(MASTER) or self._content.published
        if published is not None:
            return published.url, published.md5
        master = (
            next((file for file in self._known.files if file.filename == MASTER), None)
            if self._known is not None
            else None
        )
        return (master.s3_url, master.md5_hash or "") if master is not None else ("", "")

    def versions(self) -> Iterable[int]:
        """Return the numbers of the versions that are in use."""
        if self._known is not None:
            yield from versions_in(self._known.placement.version_folder)
        if self._capabilities.list:
            for key in self._below(self._prefix):
                yield from versions_in(key.removeprefix(self._prefix))

    def stored(self, below: str, beside: Collection[str]) -> dict[str, RemoteObject]:
        """Return what the server has below a prefix, and those of a few keys beside it that it has, by key."""
        if beside and not self._capabilities.read:
            below = self._prefix
        found = self._below(below)
        looked = [self._inventory.look_up(key) for key in beside if self._capabilities.read]
        return {**found, **{one.key: one for one in looked if one is not None}} if looked else found

    def is_still_there(self, confirmed: Confirmed, stored: Mapping[str, RemoteObject]) -> bool:
        """Whether what lies under a key is what was sent there, and not what somebody else did."""
        there = stored.get(confirmed.key)
        if there is None or there.size_bytes != confirmed.size_bytes:
            return False
        if not (there.md5 or there.etag) and self._capabilities.read:
            there = self._inventory.look_up(confirmed.key)
            if there is None:
                return False
        same_tag = bool(there.etag) and there.etag == confirmed.etag
        return same_tag or (bool(there.md5) and there.md5 == confirmed.md5)

    def found(self, files: Sequence[OutgoingFile], stored: Mapping[str, RemoteObject]) -> dict[str, Confirmed]:
        """Return those files that the server has with the same content, whoever sent them."""
        there = [
            (file, one)
            for file in files
            if (one := stored.get(file.key)) is not None and one.size_bytes == file.size_bytes
        ]
        # what was sent in parts has no MD5 that a store would know: the manifest has it, as long as it is still that
        # object
        unknown = {one.key for _, one in there if one.md5 is None}
        entries = chain(self._own_entries.values(), self._servers_entries.values()) if unknown else ()
        recorded = {(entry.s3_key, entry.etag): entry.md5_hash for entry in entries if entry.s3_key in unknown}
        found = {}
        for file, one in there:
            md5 = one.md5 or (recorded.get((one.key, one.etag)) if one.etag else None)
            if md5 is not None and self.md5(file) == md5:
                found[file.name] = _as_confirmed(file, url="", md5=md5, etag=one.etag or "")
        return found

    def recorded(self, files: Sequence[OutgoingFile]) -> dict[str, Confirmed]:
        """Return those files that this computer has sent there with the same content, from whichever folder."""
        found = {}
        for file in files:
            entry = self._own_entries.get(file.key)
            if entry is None or file.name == MASTER or entry.md5_hash is None or entry.size_bytes != file.size_bytes:
                continue
            if self.md5(file) == entry.md5_hash:
                found[file.name] = _as_confirmed(
                    file, url=entry.s3_url, md5=entry.md5_hash, etag=entry.etag or "", proven=bool(entry.etag)
                )
        return found

    def _read(self, url: str) -> PublishedMaster:
        """Read the master at an address."""
        if not url:
            return PublishedMaster()
        try:
            response = self._read_public(url)
        except RefusedError as error:
            if error.refusal.no_response is None:
                raise
            self._note(f"GET {MASTER} as players do -> no answer: {error}")
            return PublishedMaster()
        self._note(f"GET {MASTER} as players do -> {response.status}")
        if response.status == HTTPStatus.NOT_FOUND:
            return PublishedMaster(known=True)
        if response.status != HTTPStatus.OK or not response.body.startswith(PLAYLIST_BEGINS):
            return PublishedMaster()
        md5 = hashlib.md5(response.body, usedforsecurity=False).hexdigest()
        return PublishedMaster(
            known=True, md5=md5, versions=tuple(versions_in(response.body.decode("utf-8", "replace")))
        )


def _as_confirmed(file: OutgoingFile, *, url: str, md5: str, etag: str, proven: bool = True) -> Confirmed:
    return Confirmed(
        size_bytes=file.size_bytes, mtime_ns=file.mtime_ns, key=file.key, url=url, md5=md5, etag=etag, proven=proven
    )
