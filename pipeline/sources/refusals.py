"""Why a source can't be had from a server, in a sentence that shows nothing secret. Pure."""

from __future__ import annotations

from pipeline.errors import SourceError
from pipeline.source_address import SourceAddress
from pipeline.transfer.http.exchange import NoResponseReason
from pipeline.transfer.http.refusal import Refusal, sentence

KEPT = "what has been fetched is kept"

_NO_RESPONSE = {
    NoResponseReason.UNREACHABLE: (
        "Cannot connect to {origin} for {address}: check the address and your internet connection."
    ),
    NoResponseReason.TIMED_OUT: "{origin} did not answer in time for {address}: start again later, {kept}.",
    NoResponseReason.BROKEN_OFF: (
        "The connection to {origin} broke off while {address} was fetched: "
        "check your internet connection and start again, {kept}."
    ),
    NoResponseReason.CERTIFICATE: (
        "The certificate of {origin} can't be trusted, so {address} was not fetched: check the address, "
        "or let REQUESTS_CA_BUNDLE name the certificates of whoever signed it."
    ),
    NoResponseReason.BAD_ADDRESS: "{address} can't be asked for: check the address.",
}


def source_error(address: SourceAddress, refusal: Refusal) -> SourceError:
    """Return the error that a refused request for a source stands for."""
    return SourceError(_sentence(address, refusal))


def changed(address: SourceAddress) -> SourceError:
    """Return the error that says that a source was replaced while it was fetched."""
    return SourceError(f"{address} changed while it was fetched: wait until its upload has ended, and start again.")


def _sentence(address: SourceAddress, refusal: Refusal) -> str:
    origin, status = refusal.origin, refusal.status
    if refusal.no_response is not None and refusal.message:  # S3's own client asked, and says what to check
        return refusal.message
    if refusal.no_response is not None:
        known = _NO_RESPONSE.get(refusal.no_response)
        return sentence(refusal) if known is None else known.format(origin=origin, address=address, kept=KEPT)
    if refusal.expired_url:
        return f"The signed address of {address} has expired: get a new one and start again, {KEPT}."
    if status in (401, 403):
        return (
            f"{origin} does not let this program read {address} (status {status}): "
            "check the address, its signature or its login."
        )
    if status in (404, 410):
        return f"There is no file at {address} (status {status}): check the address."
    if 300 <= status < 400:
        return f"{origin} sends the program on from {address} to where it does not go (status {status}): {_DIRECT}."
    if status >= 500 or status in (408, 425, 429):
        return f"{origin} is busy or has a problem with {address} (status {status}): start again later, {KEPT}."
    return f"{origin} did not give {address} (status {status}): {_DIRECT}."


_DIRECT = "give the address of the file itself"
