"""Sends one file until the store has it: signs just before, streams the body, retries where that helps."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Generic, TypeVar

from pipeline.cancel import CancelToken
from pipeline.errors import TransferError
from pipeline.transfer.http.body import FileBody, file_md5
from pipeline.transfer.http.capabilities import BackendCapabilities
from pipeline.transfer.http.client import BackendClient
from pipeline.transfer.http.content_types import content_type
from pipeline.transfer.http.control import TransferControl
from pipeline.transfer.http.gate import Gate, Permit
from pipeline.transfer.http.recovery import TransferRecovery
from pipeline.transfer.http.refusal import Refusal, RefusedError
from pipeline.transfer.http.retry import RetryDecision, after_upload, call_with_retries
from pipeline.transfer.http.signed import SignedUpload
from pipeline.transfer.http.store_client import StoreClient
from pipeline.transfer.manifests.inventory import Inventory
from pipeline.transfer.manifests.proof import Proof, StoreTraits
from pipeline.transfer.upload.given_keys import GivenKeys
from pipeline.transfer.upload.journal import Confirmed
from pipeline.transfer.upload.publish_order import OutgoingFile

FRESH_S = 60.0
"""A URL asked for ahead is used within this; servers promise five minutes, and the file takes some."""

SHORTEST_LIFE_S = 1.0
"""No signed URL lives shorter: lifetimes are whole seconds (Amazon S3, X-Amz-Expires)."""

T = TypeVar("T")


def ignore(*told: object) -> None:
    """Stand in for a listener."""


@dataclass(frozen=True, kw_only=True)
class UploadContext:
    """What all threads of one upload share.

    `delays` are the pauses between tries, in seconds; `note` takes lines for the log; `traits` is what was found out
    about the store, `keys` those that the backend gave.
    """

    capabilities: BackendCapabilities
    control: TransferControl
    gate: Gate
    recovery: TransferRecovery
    delays: tuple[float, ...]
    cancel: CancelToken
    note: Callable[[str], None]
    keys: GivenKeys
    traits: StoreTraits = field(default_factory=StoreTraits)

    @property
    def compares_md5(self) -> bool:
        """Whether files go out with their MD5, for the store to compare."""
        return self.capabilities.content_md5 or self.traits.wants_md5


class SignedAhead(Generic[T]):
    """A URL that is being asked for while the file before is sent.

    `wait` returns it, `size_bytes` is what it was asked for.
    """

    def __init__(self, wait: Callable[[], T], size_bytes: int) -> None:
        self._wait = wait
        self._size_bytes = size_bytes
        self._asked_at = time.monotonic()

    @property
    def age_s(self) -> float:
        """How long ago it was asked for, in seconds."""
        return time.monotonic() - self._asked_at

    def take(self, size_bytes: int) -> T | None:
        """Return the URL; None where it is not to be had or of no use any more, and is better asked for anew."""
        if size_bytes != self._size_bytes or self.age_s > FRESH_S:
            return None
        try:
            return self._wait()
        except (
            TransferError,
            CancelledError,
        ):  # asked anew by the file's own try, which knows what to do about a refusal
            return None


class Attempts:
    """The tries of one file or part: what the retry loop has to know of them."""

    def __init__(self, context: UploadContext, on_bytes: Callable[[int], None]) -> None:
        self._context = context
        self._on_bytes = on_bytes
        self._permit = Permit(narrowed=0)
        self._pauses = 0
        self.sent_bytes = 0
        self.url_age_s = 0.0
        """How old the URL of this try was when it was used, in seconds."""
        self.with_md5 = False
        """Whether this try has told the store an MD5."""

    @contextmanager
    def one(self) -> Iterator[None]:
        """Wait for permission and count one try. Raises Cancelled."""
        with self._context.gate.permit() as self._permit:
            self._pauses = self._context.control.pauses
            self.sent_bytes = 0
            yield
        self._context.gate.widen()
        self._context.recovery.patience.progress()

    def moved(self, size_bytes: int) -> None:
        """So many bytes went out."""
        self.sent_bytes += size_bytes
        self._on_bytes(size_bytes)

    def recover(self, decision: RetryDecision, refusal: Refusal) -> bool:
        """Return whether to try again at once without counting the try. Raises Cancelled."""
        if refusal.too_busy:
            self._context.gate.narrow(self._permit)
        if refusal.wants_md5 and not self.with_md5:
            self._context.traits.wants_md5 = True
            self._context.note("the store asks for Content-MD5: every file goes with it from now on")
            return True
        # Ceph denies an expired URL without a word about its age
        if refusal.denied and self.url_age_s >= SHORTEST_LIFE_S:
            self._context.note("the URL had waited and may have expired, asking for a new one")
            return True
        if decision in (RetryDecision.RETRY, RetryDecision.WAIT) and self._pauses != self._context.control.pauses:
            self._context.control.wait_until_running(self._context.cancel)
            return True
        return self._context.recovery.recover(decision, refusal)

    def run(self, attempt: Callable[[], T], name: str) -> T:
        """Try until it works. Raises RefusedError after the last try, TransferError, Cancelled."""
        return call_with_retries(
            attempt,
            decide=after_upload,
            delays=self._context.delays,
            cancel=self._context.cancel,
            note=lambda text: self._context.note(f"{name}: {text}"),
            recover=self.recover,
            reached=lambda: self.sent_bytes,
            patience=self._context.recovery.patience,
            last_way=self._alone,
        )

    def _alone(self, refusal: Refusal) -> bool:
        """Let the next try have the line for itself; False if this one had, or if the line is not what fails."""
        patient = self._context.recovery.patience.limit_s > 0
        if not patient or refusal.no_response is None or self._permit.width == 1:
            return False
        self._context.gate.restrict_to_one()
        return True


class Sender:
    """Sends files one after the other; one for each thread."""

    def __init__(
        self, backend: BackendClient, store: StoreClient, inventory: Inventory, context: UploadContext
    ) -> None:
        self._backend = backend
        self._store = store
        self._context = context
        self._proof = Proof(inventory, context.capabilities, context.traits, context.note)

    def sign(self, path: Path, key: str, size_bytes: int) -> SignedUpload:
        """Ask for a URL for a file of this size. Raises RefusedError, Cancelled."""
        presigned = self._backend.presign(
            key, content_type(path), size_bytes if self._context.capabilities.declared_size else None
        )
        self._context.recovery.answered(self._backend.origin)
        return presigned

    def sign_many(self, files: Sequence[OutgoingFile]) -> list[SignedUpload]:
        """Ask for URLs for several files at once. Raises RefusedError, Cancelled."""
        sized = self._context.capabilities.declared_size
        wanted = [(file.key, content_type(file.path), file.size_bytes if sized else None) for file in files]
        presigned = self._backend.presign_many(wanted)
        self._context.recovery.answered(self._backend.origin)
        return presigned

    def send(
        self,
        path: Path,
        key: str,
        *,
        on_begin: Callable[[], None],
        on_bytes: Callable[[int], None],
        signed: SignedAhead[SignedUpload] | None = None,
        on_put: Callable[[], None] = ignore,
        rewrite: Callable[[bytes], bytes] | None = None,
        found: OutgoingFile | None = None,
    ) -> Confirmed:
        """Store a file and return what was stored.

        `on_begin` is called before every try, `on_bytes` with what each read handed over, `on_put` when the body is
        about to go out. `signed` is used by the first try; `rewrite` as in `FileBody`; `found` says where and how a
        folder's file was found. Raises RefusedError after the last try, TransferError when the file can't be read or
        changes, Cancelled.
        """
        attempts = Attempts(self._context, on_bytes)
        tries = 0

        def attempt() -> Confirmed:
            nonlocal tries
            tries += 1
            control, cancel = self._context.control, self._context.cancel
            with attempts.one():
                on_begin()
                home, as_found = (found.folder, found.as_found) if found is not None else (None, None)
                with FileBody(
                    path, cancel=cancel, on_bytes=attempts.moved, control=control, rewrite=rewrite, home=home
                ) as body:
                    if as_found not in (None, (body.file_bytes, body.mtime_ns)):
                        raise body.changed()
                    attempts.with_md5 = self._context.compares_md5
                    md5 = body.hash_before_sending() if attempts.with_md5 else ""
                    presigned = signed.take(len(body)) if signed is not None and tries == 1 else None
                    attempts.url_age_s = signed.age_s if signed is not None and presigned is not None else 0.0
                    presigned = presigned or self.sign(path, key, len(body))
                    self._context.keys.check(presigned.key, key)
                    on_put()
                    sent_md5, etag = self._put(presigned, path, body, md5=md5, rewrite=rewrite)
                    return Confirmed(
                        size_bytes=body.file_bytes,
                        mtime_ns=body.mtime_ns,
                        key=presigned.key,
                        url=presigned.download_url,
                        md5=sent_md5,
                        etag=etag,
                    )

        return attempts.run(attempt, key)

    def _put(
        self, presigned: SignedUpload, path: Path, body: FileBody, *, md5: str, rewrite: Callable[[bytes], bytes] | None
    ) -> tuple[str, str]:
        """Send a file, see that the store has it, and return its MD5 (hex) and its ETag, empty where nobody says it."""
        key, url, size_bytes = presigned.key, presigned.download_url, len(body)
        try:
            receipt = self._store.put(presigned, content_type(path), body, md5=md5)
        except RefusedError as error:
            if error.refusal.status != HTTPStatus.PRECONDITION_FAILED:
                raise
            # a store that replaces nothing (If-None-Match) may have this from a try whose answer was lost
            md5 = md5 or file_md5(path, self._context.cancel, rewrite=rewrite)
            if not self._proof.has(key=key, url=url, size_bytes=size_bytes, md5=md5):
                raise
            return md5, ""
        self._context.recovery.answered(receipt.origin)
        self._proof.check(receipt, key=key, url=url, size_bytes=size_bytes, md5=body.md5)
        return body.md5, receipt.etag
