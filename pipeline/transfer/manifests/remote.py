"""The server as one command of the manifests sees it: what it offers, and several questions at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from config import BackendApi
from pipeline.cancel import CancelToken
from pipeline.errors import TransferError
from pipeline.transfer.http.capabilities import NOTHING
from pipeline.transfer.http.client import BackendClient
from pipeline.transfer.http.parallel import each
from pipeline.transfer.http.retry import DELAYS_S, after_upload, call_with_retries
from pipeline.transfer.manifests.inventory import Inventory
from pipeline.transfer.manifests.manifest import Manifest
from pipeline.transfer.manifests.manifest_text import ManifestFormatError, parse_manifest

if TYPE_CHECKING:
    from pipeline.transfer.http.connections import Connections

T = TypeVar("T")
R = TypeVar("R")


class Remote:
    """The server as one command sees it: what it offers, and inventories for as many threads as there are."""

    def __init__(
        self,
        api: BackendApi,
        connections: Connections,
        *,
        delays: Sequence[float],
        stop: CancelToken,
        note: Callable[[str], None],
    ) -> None:
        self._api = api
        self._connections = connections
        self._delays = delays
        self._stop = stop
        self._note = note
        self.offer = NOTHING
        if api.configured:
            with connections.session() as http:
                client = BackendClient(api, http, note)
                self.offer = call_with_retries(
                    client.capabilities, decide=after_upload, delays=delays, cancel=stop, note=note
                )

    @property
    def backend_url(self) -> str:
        """The backend that is asked, empty when none is configured."""
        return self._api.url.rstrip("/")

    @contextmanager
    def inventory(self) -> Iterator[Inventory]:
        """Open an inventory for this thread."""
        with self._connections.session() as http:
            yield Inventory(self._api, http, delays=self._delays, cancel=self._stop, note=self._note)

    def manifest(self, prefix: str) -> Manifest | None:
        """Return the manifest that the server has for a destination, None where it has none or gives none.

        Raises TransferError.
        """
        if not self.offer.manifest:
            return None
        with self.inventory() as inventory:
            data = inventory.manifest(prefix)
        if data is None:
            return None
        try:
            manifest = parse_manifest(data)
        except ManifestFormatError as error:
            raise TransferError(
                f"The manifest of {prefix} on the server can't be used ({error}): upload the folder again."
            ) from error
        if manifest.prefix != prefix:
            raise TransferError(
                f"The manifest of {prefix} on the server is that of {manifest.prefix}: upload the folder again."
            )
        # the copy does not name the backend that it lies on, and what it may say of this computer is not true
        files = tuple(file if file.local_path is None else replace(file, local_path=None) for file in manifest.files)
        return replace(manifest, backend_url=self.backend_url, files=files)

    def each(self, items: Iterable[T], work: Callable[[Inventory, T], R]) -> Iterator[R]:
        """Yield what `work` returns for each item, in the order of their ends; several are worked on at a time.

        What `work` raises ends it all and is raised here.
        """
        return each(items, self.inventory, work, self._stop)


@contextmanager
def connected(
    api: BackendApi, *, delays: Sequence[float] = DELAYS_S, note: Callable[[str], None] = lambda text: None
) -> Iterator[Remote]:
    """Open what is needed to ask a server; a backend that is not configured offers nothing. Raises TransferError."""
    # urllib3 takes a tenth of a second to import, which commands without network must not wait for
    from pipeline.transfer.http.connections import Connections

    stop = CancelToken()
    connections = Connections(stop)
    with connections.interruptible():
        yield Remote(api, connections, delays=delays, stop=stop, note=note)
