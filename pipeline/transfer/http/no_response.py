"""Why nobody answered: what `urllib3` and PySocks raise, as the engine speaks of it."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator
from http import HTTPStatus

from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError, ProxyError, ReadTimeoutError

from pipeline.transfer.http.exchange import NoResponseError, NoResponseReason
from pipeline.transfer.http.redaction import redact
from pipeline.transfer.http.server_route import TUNNEL_FAILED, ServerRoute

RAISED = (HTTPError, OSError, ValueError)
"""All that a request may raise where it is not answered.

Some errors get through urllib3 unwrapped: of addresses, certificates, SOCKS.
"""

_TUNNEL = re.compile(r"Tunnel connection failed: (\d{3})")
_SOCKS_REPLY = re.compile(r"0x0([1-8])")
_SOCKS_DENIED = "2"
"""Connection not allowed by ruleset (RFC 1928, 6)."""

_OTHER_PROTOCOL = (
    "WRONG_VERSION_NUMBER",
    "HTTP_REQUEST",
    "RECORD_LAYER_FAILURE",
    "PACKET_LENGTH_TOO_LONG",
    "UNKNOWN_PROTOCOL",
)
"""What OpenSSL calls an answer that is not TLS, by version."""

_NO_CERTIFICATES = ("NO_CERTIFICATE_OR_CRL_FOUND", "NO_START_LINE")


def no_response(error: Exception, way: ServerRoute | None) -> NoResponseError:
    """Return what stands for an error; `way` is how the server was to be reached, None if that is unknown."""
    if isinstance(error, NoResponseError):
        return error
    reason = _reason(error, way)
    # a company's proxy may look into what is encrypted, and show a certificate of its own
    about = way.proxy if way is not None and (reason.of_proxy or reason is NoResponseReason.CERTIFICATE) else ""
    if reason is NoResponseReason.CERTIFICATES_MISSING and way is not None:
        about = way.certificates
    return NoResponseError(reason, redact(f"{type(error).__name__}: {error}"), about=about)


def _reason(error: Exception, way: ServerRoute | None) -> NoResponseReason:
    found = list(_chain(error))
    tls = {str(getattr(one, "reason", "")) for one in found if isinstance(one, ssl.SSLError)}
    if any(isinstance(one, ssl.SSLCertVerificationError) for one in found) or "CERTIFICATE_VERIFY_FAILED" in str(error):
        return NoResponseReason.CERTIFICATE
    if tls.intersection(_NO_CERTIFICATES):
        return NoResponseReason.CERTIFICATES_MISSING
    if way is not None and way.proxy:
        blamed = _of_proxy(error, found)
        if blamed is not None:
            return blamed
    if tls.intersection(_OTHER_PROTOCOL):
        return NoResponseReason.NOT_TLS
    return _direct(error)


def _direct(error: Exception) -> NoResponseReason:
    """Return why a server itself does not answer."""
    if isinstance(error, (ConnectTimeoutError, NewConnectionError)):
        return NoResponseReason.UNREACHABLE
    if isinstance(error, ReadTimeoutError):
        return NoResponseReason.TIMED_OUT
    if isinstance(error, ValueError):  # complaints about addresses and headers are ValueErrors, in urllib3 too
        return NoResponseReason.BAD_ADDRESS
    return NoResponseReason.BROKEN_OFF


def _of_proxy(error: Exception, found: list[BaseException]) -> NoResponseReason | None:
    """Return why the proxy does not let through; None where it has done its part."""
    for one in found:
        if type(one).__module__ == "socks":
            blamed = _of_socks(type(one).__name__, str(one))
            if blamed is not None:
                return blamed
    if isinstance(error, ProxyError):
        status = _TUNNEL.search(str(error))
        if status is None:
            return NoResponseReason.PROXY_UNREACHABLE
        if int(status[1]) == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
            return NoResponseReason.PROXY_LOGIN
        return NoResponseReason.PROXY_FAILED if int(status[1]) in TUNNEL_FAILED else NoResponseReason.PROXY_DENIED
    # the only connection that is made is the one to the proxy
    socks = any(type(one).__module__ == "socks" for one in found)
    return NoResponseReason.PROXY_UNREACHABLE if socks or _direct(error) is NoResponseReason.UNREACHABLE else None


def _of_socks(kind: str, text: str) -> NoResponseReason | None:
    """Read an error of PySocks; None for one that wraps another."""
    if "Auth" in kind:
        return NoResponseReason.PROXY_LOGIN
    reply = _SOCKS_REPLY.match(text)
    if reply is not None:
        return NoResponseReason.PROXY_DENIED if reply[1] == _SOCKS_DENIED else NoResponseReason.PROXY_FAILED
    return NoResponseReason.PROXY_FAILED if kind == "SOCKS4Error" else None


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and all that it was made of. Each library keeps that in another place."""
    waiting, seen = [error], set[int]()
    while waiting:
        one = waiting.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        inside = (
            one.__cause__,
            one.__context__,
            getattr(one, "reason", None),
            getattr(one, "socket_err", None),
            *one.args,
        )
        waiting += [other for other in inside if isinstance(other, BaseException)]
