"""Large files in parts: begun or gone on with, sent part by part from any thread, joined when the last one is there."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace

from pipeline.errors import TransferError
from pipeline.transfer.http.body import FileBody, file_md5, unreadable_file
from pipeline.transfer.http.capabilities import BackendCapabilities, Multipart
from pipeline.transfer.http.client import BackendClient, MultipartUpload
from pipeline.transfer.http.content_types import content_type
from pipeline.transfer.http.receipt import HEX_MD5, Evidence, Receipt
from pipeline.transfer.http.refusal import RefusedError
from pipeline.transfer.http.signed import SignedPart
from pipeline.transfer.http.store_client import StoreClient
from pipeline.transfer.manifests.inventory import Inventory
from pipeline.transfer.manifests.proof import Proof, not_confirmed
from pipeline.transfer.upload.journal import BegunInParts, Confirmed
from pipeline.transfer.upload.publish_order import OutgoingFile
from pipeline.transfer.upload.sender import Attempts, SignedAhead, UploadContext, ignore

WORTH_PARTS = 4
"""A file goes up in parts from so many on: below that one PUT needs fewer questions."""


class UploadGoneError(TransferError):
    """The store has forgotten the parts that it was given: the file has to begin anew."""


@dataclass(frozen=True, kw_only=True)
class PartRange:
    """Which bytes of a file a part is."""

    number: int
    start: int
    size_bytes: int


def goes_in_parts(size_bytes: int, capabilities: BackendCapabilities) -> bool:
    """Say whether a file of this size is sent in parts."""
    offered = capabilities.multipart
    if offered is None:
        return False
    return size_bytes > capabilities.max_put_bytes or size_bytes >= WORTH_PARTS * offered.part_size(size_bytes)


def layout(size_bytes: int, part_bytes: int) -> list[PartRange]:
    """Return the parts of a file in order."""
    starts = range(0, size_bytes, part_bytes)
    return [
        PartRange(number=n, start=start, size_bytes=min(part_bytes, size_bytes - start))
        for n, start in enumerate(starts, 1)
    ]


class LargeFile:
    """One file that is being sent in parts; safe from every thread."""

    def __init__(self, file: OutgoingFile, begun: BegunInParts, stored: dict[int, str]) -> None:
        self.file = file
        self.begun = begun
        self.upload = MultipartUpload(key=begun.key, upload_id=begun.upload_id, download_url=begun.url)
        self.parts = layout(begun.size_bytes, begun.part_bytes)
        self.etags = dict(stored)
        self.md5 = ""
        self._lock = threading.Lock()
        self._whole = False
        self._given_up = False

    @property
    def over(self) -> bool:
        """Whether nothing more is to be sent of it."""
        return self._whole or self._given_up

    @property
    def missing(self) -> list[PartRange]:
        """The parts that the store does not have."""
        return [part for part in self.parts if part.number not in self.etags]

    def hashed(self, md5: str) -> bool:
        """Note the file's MD5; True for the one caller that has to join the parts."""
        with self._lock:
            self.md5 = md5
            return self._is_whole()

    def stored(self, number: int, etag: str) -> bool:
        """Note that the store has a part; True for the one caller that has to join the parts."""
        with self._lock:
            self.etags[number] = etag
            return self._is_whole()

    def give_up(self) -> bool:
        """Send nothing more of it; True for the first caller."""
        with self._lock:
            first, self._given_up = not self._given_up, True
            return first

    def _is_whole(self) -> bool:
        if self.over or not self.md5 or len(self.etags) < len(self.parts):
            return False
        self._whole = True
        return True


class PartsSender:
    """Sends large files; one for each thread. `remember` keeps what was begun, for a later run."""

    def __init__(
        self,
        backend: BackendClient,
        store: StoreClient,
        inventory: Inventory,
        context: UploadContext,
        remember: Callable[[str, BegunInParts], None],
    ) -> None:
        self._backend = backend
        self._store = store
        self._proof = Proof(inventory, context.capabilities, context.traits, context.note)
        self._context = context
        self._remember = remember

    def begin(self, file: OutgoingFile, before: BegunInParts | None) -> LargeFile:
        """Go on with what an earlier run began where that is of this very file, else begin.

        Raises TransferError, Cancelled.
        """
        offered = self._context.capabilities.multipart
        assert offered is not None  # goes_in_parts said so
        if before is not None:
            found = self._go_on(file, before)
            if found is not None:
                return found
        return self._begin_anew(file, offered)

    def sign(self, large: LargeFile, part: PartRange) -> SignedPart:
        """Ask for a URL for a part. Raises RefusedError, Cancelled."""
        signed = self._backend.sign_part(large.upload, part.number, part.size_bytes)
        self._context.recovery.answered(self._backend.origin)
        return signed

    def send(
        self,
        large: LargeFile,
        part: PartRange,
        *,
        on_bytes: Callable[[int], None],
        on_again: Callable[[int], None],
        signed: SignedAhead[SignedPart] | None = None,
        on_put: Callable[[], None] = ignore,
    ) -> str:
        """Store a part and return its ETag; `on_again` takes back the bytes of a try that failed.

        Raises UploadGoneError, RefusedError after the last try, TransferError when the file can't be read or changes,
        Cancelled.
        """
        attempts = Attempts(self._context, on_bytes)
        tries = 0

        def attempt() -> str:
            nonlocal tries
            tries += 1
            on_again(attempts.sent_bytes)
            with attempts.one(), self._body(large, part, attempts.moved) as body:
                self._check_same(large, body)
                attempts.with_md5 = self._context.compares_md5
                md5 = body.hash_before_sending() if attempts.with_md5 else ""
                leave = signed.take(part.size_bytes) if signed is not None and tries == 1 else None
                attempts.url_age_s = signed.age_s if signed is not None and leave is not None else 0.0
                leave = leave or self.sign(large, part)
                on_put()
                receipt = self._store.put_part(leave, body, number=part.number, key=large.upload.key, md5=md5)
                self._context.recovery.answered(receipt.origin)
                return self._etag(large, part, receipt, body.md5)

        with _gone_is_told(large):
            return attempts.run(attempt, f"part {part.number} of {large.upload.key}")

    def _etag(self, large: LargeFile, part: PartRange, receipt: Receipt, md5: str) -> str:
        """Return the ETag of a part that the store took, asking for it where the answer has none.

        Raises RefusedError.
        """
        traits = self._context.traits
        if receipt.evidence is Evidence.OWN_TAG:
            traits.etags_are_md5s = False
        elif receipt.evidence is Evidence.OTHER_TAG and traits.etags_are_md5s:
            self._proof.doubt(receipt, f"part {part.number} of {large.upload.key}")
        if not traits.etags_are_md5s and not large.begun.own_tags:
            large.begun = replace(large.begun, own_tags=True)
            self._remember(large.file.name, large.begun)
        if receipt.etag and receipt.evidence is not Evidence.NOTHING:
            return receipt.etag
        listed = self._backend.parts(large.upload)
        for stored in listed or ():
            if (stored.number, stored.size_bytes) == (part.number, part.size_bytes):
                tag = stored.etag.strip('"').lower()
                if tag == md5 or not traits.etags_are_md5s or not HEX_MD5.fullmatch(tag):
                    return stored.etag
        raise not_confirmed(receipt.origin)

    def md5(self, large: LargeFile) -> str:
        """Return the whole file's MD5 (hex), read while others send its parts. Raises TransferError, Cancelled."""
        return file_md5(large.file.path, self._context.cancel)

    def finish(self, large: LargeFile) -> Confirmed:
        """Join the parts and return what was stored. Raises UploadGoneError, RefusedError, TransferError, Cancelled."""
        with self._body(large, large.parts[-1], ignore) as body:
            self._check_same(large, body)
        begun = large.begun

        def attempt() -> str:
            etag = self._backend.complete_parts(large.upload, large.etags, begun.size_bytes)
            if etag is None and not self._is_joined(large):
                raise _gone(large)
            return etag or ""

        etag = Attempts(self._context, ignore).run(attempt, large.upload.key)
        if not etag and not self._is_joined(large):
            raise not_confirmed(self._backend.origin)
        return Confirmed(
            size_bytes=begun.size_bytes, mtime_ns=begun.mtime_ns, key=begun.key, url=begun.url, md5=large.md5, etag=etag
        )

    def _is_joined(self, large: LargeFile) -> bool:
        """Whether the parts are joined although the answer was lost, now or in an earlier run, or has no ETag."""
        begun = large.begun
        return bool(self._proof.has(key=large.upload.key, url=begun.url, size_bytes=begun.size_bytes, md5=large.md5))

    def _go_on(self, file: OutgoingFile, before: BegunInParts) -> LargeFile | None:
        upload = MultipartUpload(key=before.key, upload_id=before.upload_id)
        asked = Attempts(self._context, ignore)
        same = (before.size_bytes, before.mtime_ns, before.key) == (file.size_bytes, file.mtime_ns, file.key)
        if not same:
            with suppress(RefusedError):  # the store forgets it sooner or later
                self._backend.abort_parts(upload)
            return None
        listed = asked.run(lambda: self._backend.parts(upload), before.key)
        places = layout(before.size_bytes, before.part_bytes)
        if listed is None:
            # gone, or joined and the run killed before it knew: asked to join them, the server says which
            self._context.note(f"{file.name}: the store knows its parts no more, unless as the whole file")
            md5s = (file_md5(file.path, self._context.cancel, part=(one.start, one.size_bytes)) for one in places)
            return LargeFile(file, before, dict(enumerate(md5s, 1)))
        wanted = {part.number: part for part in places}
        stored = {
            part.number: part.etag
            for part in listed
            if part.number in wanted
            and part.size_bytes == wanted[part.number].size_bytes
            and (before.own_tags or self._is_ours(file, wanted[part.number], part.etag))
        }
        self._context.note(f"{file.name}: the store has {len(stored)} of {len(wanted)} parts")
        return LargeFile(file, before, stored)

    def _is_ours(self, file: OutgoingFile, part: PartRange, etag: str) -> bool:
        """Whether a part that the store has holds these bytes, as far as its ETag tells."""
        etag = etag.strip('"').lower()
        if not self._context.capabilities.content_md5 or not HEX_MD5.fullmatch(etag):
            return True
        return file_md5(file.path, self._context.cancel, part=(part.start, part.size_bytes)) == etag

    def _begin_anew(self, file: OutgoingFile, offered: Multipart) -> LargeFile:
        try:
            status = file.path.stat()
        except OSError as error:
            raise unreadable_file(file.path, error) from error
        kind = content_type(file.path)
        attempts = Attempts(self._context, ignore)
        upload = attempts.run(lambda: self._backend.begin_parts(file.key, kind, status.st_size), file.key)
        self._context.keys.check(upload.key, file.key)
        begun = BegunInParts(
            size_bytes=status.st_size,
            mtime_ns=status.st_mtime_ns,
            key=upload.key,
            url=upload.download_url,
            upload_id=upload.upload_id,
            part_bytes=offered.part_size(status.st_size),
        )
        self._remember(file.name, begun)
        return LargeFile(file, begun, {})

    def _body(self, large: LargeFile, part: PartRange, on_bytes: Callable[[int], None]) -> FileBody:
        return FileBody(
            large.file.path,
            cancel=self._context.cancel,
            on_bytes=on_bytes,
            control=self._context.control,
            part=(part.start, part.size_bytes),
            home=large.file.folder,
        )

    def _check_same(self, large: LargeFile, body: FileBody) -> None:
        """See that the file is still the one that was begun. Raises TransferError."""
        if (body.file_bytes, body.mtime_ns) != (large.begun.size_bytes, large.begun.mtime_ns):
            raise body.changed()


@contextmanager
def _gone_is_told(large: LargeFile) -> Iterator[None]:
    """Turn "no such upload" into UploadGoneError inside the block."""
    try:
        yield
    except RefusedError as error:
        if error.refusal.code != "NoSuchUpload":
            raise
        raise _gone(large) from error


def _gone(large: LargeFile) -> UploadGoneError:
    return UploadGoneError(f"The storage has forgotten the parts of {large.file.path} that it was given: start again.")
