"""Whether a store has what was sent to it: reading back where its answer to the PUT does not show that."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING

from pipeline.errors import AuthenticationError, TransferError
from pipeline.transfer.http.receipt import Evidence, Receipt
from pipeline.transfer.http.refusal import Refusal, RefusedError, Server, is_safe_address, refused
from pipeline.transfer.http.refusal_texts import InvalidResponse
from pipeline.transfer.manifests.inventory import GoneError, Inventory

if TYPE_CHECKING:
    from pipeline.transfer.http.capabilities import BackendCapabilities


class StoreTraits:
    """What an upload has found out about its store; shared by all its threads, and each fact changes once."""

    def __init__(self) -> None:
        self.wants_md5 = False
        """Whether it refuses a PUT without Content-MD5, as buckets with Object Lock do."""
        self.etags_are_md5s = True
        """Whether a difference between ETag and MD5 tells of damage: not where the store encrypts (SSE-KMS, SSE-C)."""


def stored_md5(inventory: Inventory, address: Callable[[], str], *, key: str, size_bytes: int) -> str:
    """Read a stored file and return its MD5 (hex); `address` as in `Inventory.blocks`.

    Raises TransferError, Cancelled.
    """
    digest = hashlib.md5(usedforsecurity=False)
    for offset, block in inventory.blocks(address, key=key, size_bytes=size_bytes):
        if not offset:  # a store that doesn't know ranges begins anew
            digest = hashlib.md5(usedforsecurity=False)
        digest.update(block)
    return digest.hexdigest()


class Proof:
    """Sees to it that what counts as stored is there; one for each thread. `note` takes lines for the log."""

    def __init__(
        self, inventory: Inventory, capabilities: BackendCapabilities, traits: StoreTraits, note: Callable[[str], None]
    ) -> None:
        self._inventory = inventory
        self._reads = capabilities.read
        self._traits = traits
        self._note = note
        self._doubted = ""

    def check(self, receipt: Receipt, *, key: str, url: str, size_bytes: int, md5: str) -> None:
        """See that the store has a file that it took; `url` is where it can be read, empty where nobody knows.

        Raises RefusedError where it does not, or nothing shows that it does; TransferError, Cancelled.
        """
        if receipt.evidence is Evidence.OWN_TAG:
            self._traits.etags_are_md5s = False
        if receipt.evidence is Evidence.NOTHING:
            if not self.has(key=key, url=url, size_bytes=size_bytes, md5=md5):
                raise not_confirmed(receipt.origin)
        elif receipt.evidence is Evidence.OTHER_TAG and self._traits.etags_are_md5s:
            found = self.has(key=key, url=url, size_bytes=size_bytes, md5=md5)
            if found is False:
                raise _damaged(receipt.origin)
            if found is None:
                self.doubt(receipt, key)
            self._traits.etags_are_md5s = False

    def doubt(self, receipt: Receipt, what: str) -> None:
        """Let a file or part whose ETag is not its MD5, and which can't be read, be sent once more.

        Raises RefusedError the first time.

        Damage on the way hardly happens twice, and the store has compared Content-MD5 itself: then its ETags are no
        MD5s.
        """
        if self._doubted != what:
            self._doubted = what
            raise _damaged(receipt.origin)
        self._traits.etags_are_md5s = False

    def has(self, *, key: str, url: str, size_bytes: int, md5: str) -> bool | None:
        """Say whether these bytes can be read from the server, None where nothing can.

        Raises AuthenticationError, Cancelled.
        """
        try:
            if self._reads:
                stored = self._inventory.look_up(key)
                if stored is None or stored.size_bytes != size_bytes:
                    found = False
                elif md5 in (stored.md5, stored.etag):
                    found = True
                else:
                    found = md5 == stored_md5(self._inventory, lambda: stored.url, key=key, size_bytes=size_bytes)
            elif is_safe_address(url):
                found = md5 == stored_md5(self._inventory, lambda: url, key=key, size_bytes=size_bytes)
            else:
                self._note(f"{key} can't be read back: the backend gives no address")
                return None
        except AuthenticationError:
            raise
        except GoneError:
            found = False
        except TransferError as error:
            self._note(f"{key} can't be read back: {error}")
            return None
        self._note(f"{key} was read back: {'it is what was sent' if found else 'it is not what was sent'}")
        return found


def _damaged(origin: str) -> RefusedError:
    return refused(Refusal(server=Server.STORE, origin=origin, status=400, code="BadDigest"))


def not_confirmed(origin: str) -> RefusedError:
    """Return the error for a file that a store took without a sign that it has it."""
    return refused(Refusal(server=Server.STORE, origin=origin, invalid=InvalidResponse.NOT_CONFIRMED))
