"""Who is asked for the bytes of an address, and how: any web server, S3, or the backend."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING

from config import Config
from pipeline.errors import Problem, Setting, SettingsError, SourceError, TransferError
from pipeline.events import LogLevel
from pipeline.source_address import AddressKind, SourceAddress
from pipeline.sources.remote_file import RemoteFile
from pipeline.transfer.http.control import TransferControl
from pipeline.transfer.http.exchange import NoResponseReason
from pipeline.transfer.http.login import Login
from pipeline.transfer.http.recovery import TransferRecovery
from pipeline.transfer.http.redaction import origin_of
from pipeline.transfer.http.refusal import Refusal, RefusedError, Server, refused
from pipeline.transfer.http.retry import RetryDecision, after_upload
from pipeline.transfer.http.sessions import open_connections

if TYPE_CHECKING:
    from pipeline.cancel import CancelToken
    from pipeline.transfer.http.connections import Connections
    from pipeline.transfer.http.exchange import Http
    from storage import S3Uri, StorageUnavailableError

SIGNED_S = 3600
"""How long an address is signed for: it is signed anew for each request."""

MAY_PASS = (RetryDecision.RETRY, RetryDecision.WAIT)
"""What is decided of a refusal by a server that may answer another time."""


@contextmanager
def opened(
    address: SourceAddress,
    config: Config,
    cancel: CancelToken,
    *,
    control: TransferControl,
    announce: Callable[[str, LogLevel], None] | None,
    note: Callable[[str], None],
    delays: Sequence[float],
) -> Iterator[RemoteFile]:
    """Yield the file of an address. Without `announce`, a server that is gone is not waited for; with it, for as long
    as one that is in trouble, or as `control` says where that is less.

    Raises SourceError, SettingsError, Cancelled.
    """
    if not address.is_readable:
        raise SourceError(
            f"The address of {address} was signed or had a login, which are not kept: give the whole address again."
        )
    recovery = None
    if announce is not None:
        patience_s = config.backend.patience_s
        away_s = min(control.away_s, patience_s)
        recovery = TransferRecovery(Login(""), cancel, announce, patience_s=patience_s, away_s=away_s, work="fetch")
    with (
        open_connections(cancel) as connections,
        connections.streaming() as http,
        _urls(address, config, connections, cancel, note, recovery) as url,
    ):
        yield RemoteFile(
            address,
            http,
            url,
            cancel=cancel,
            recovery=recovery,
            control=control,
            note=note,
            delays=delays,
            renewable=address.kind is not AddressKind.WEB,
        )


@contextmanager
def _urls(
    address: SourceAddress,
    config: Config,
    connections: Connections,
    cancel: CancelToken,
    note: Callable[[str], None],
    recovery: TransferRecovery | None,
) -> Iterator[Callable[[], str]]:
    """Yield what returns the URL to ask, signed for this moment where it is to be signed.

    It raises SourceError, or RefusedError for what may be tried again.
    """
    if address.kind is AddressKind.S3:
        yield _signed_by_us(address, config)
        return
    if address.kind is AddressKind.WEB:
        yield lambda: address.url
        return
    with connections.session() as http:
        yield _signed_by_backend(address, config, http, cancel, note, recovery)


def _signed_by_us(address: SourceAddress, config: Config) -> Callable[[], str]:
    from storage import S3Access, StorageError, StorageUnavailableError, StorageUntrustedError, parse_uri
    from storage.s3_objects import s3_objects

    uri: S3Uri = parse_uri(address.text)  # type: ignore[assignment]  # the address says s3://
    try:
        objects = s3_objects(S3Access(**asdict(config.aws)))
    except StorageError as error:
        raise SourceError(str(error)) from error
    is_there = False

    def signed() -> str:
        nonlocal is_there
        try:
            if not is_there:
                objects.head(uri)  # says in its own sentences what is wrong with keys, bucket or region
                is_there = True
            return objects.signed_address(uri, expires_s=SIGNED_S)
        except StorageUntrustedError as error:
            raise SourceError(str(error)) from error
        except StorageUnavailableError as error:
            raise _without_response(error, objects.server) from error
        except StorageError as error:
            raise SourceError(str(error)) from error

    return signed


def _without_response(error: StorageUnavailableError, server: str) -> RefusedError:
    """Return what is waited for and tried again, as for any other server; `server` is empty for Amazon's own."""
    from storage import StorageUnreachableError

    is_away = isinstance(error, StorageUnreachableError)
    return refused(
        Refusal(
            server=Server.STORE,
            origin=origin_of(server) if server else "Amazon S3",
            no_response=NoResponseReason.UNREACHABLE if is_away else NoResponseReason.BROKEN_OFF,
            message=str(error),
        )
    )


def _signed_by_backend(
    address: SourceAddress,
    config: Config,
    http: Http,
    cancel: CancelToken,
    note: Callable[[str], None],
    recovery: TransferRecovery | None,
) -> Callable[[], str]:
    from pipeline.transfer.manifests.inventory import Inventory

    if not config.backend.configured:
        text = f"{address} is read through the backend: set BACKEND_URL and AUTH_TOKEN in .env."
        raise SettingsError(Problem(text=text, setting=Setting.BACKEND_URL))
    key = address.text.partition(":")[2]

    def signed() -> str:
        # once: what may pass is tried again, and waited for, with the request that the address is for
        inventory = Inventory(config.backend, http, delays=(), cancel=cancel, note=note)
        try:
            found = inventory.look_up(key)
        except TransferError as error:
            if isinstance(error, RefusedError) and after_upload(error.refusal) in MAY_PASS:
                raise
            raise SourceError(f"{address} can't be read: {error}") from error
        if found is None:
            raise SourceError(f"There is no file at {address}: upload it again.")
        if recovery is not None:
            recovery.answered(origin_of(config.backend.url))
        return found.url

    return signed
