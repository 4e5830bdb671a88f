"""The point about where a backend's URLs lead: one behind a proxy often gives addresses that only itself knows."""

from __future__ import annotations

from urllib.parse import urlsplit

from backend.conformance.trial import BackendTrial, FaultError
from pipeline.transfer.http.redaction import origin_of
from pipeline.transfer.http.validation import takes_plain_http

_PROXY = "a proxy in front of the backend has to tell it the host and the scheme that were asked"


def urls_lead_where_clients_are(trial: BackendTrial) -> None:
    """Its URLs lead to hosts that its clients reach, and by https where it has https itself."""
    asked = trial.client.api.url
    given = trial.signed_url("origin.txt")
    for name, url in (("signedUrl", given.signed_url), ("downloadUrl", given.download_url)):
        fault = origin_fault(asked, url) if url else ""
        if fault:
            raise FaultError(f"{name!r} leads to {origin_of(url)}, {fault}")


def origin_fault(asked: str, given: str) -> str:
    """Return what is wrong with the host and the scheme of a URL that a backend gives where it is asked at `asked`;
    empty where nothing is.
    """
    ours, theirs = urlsplit(asked), urlsplit(given)
    if theirs.scheme == "http" and ours.scheme == "https":
        return f"by http, although the backend was asked by https: {_PROXY}"
    if _is_inside(theirs.hostname or "") and not _is_inside(ours.hostname or ""):
        return f"which nobody outside of the backend's own network reaches: {_PROXY}"
    if theirs.scheme == "http" and not _is_inside(theirs.hostname or ""):
        return "by http: what is sent there can be read and changed on its way"
    return ""


def _is_inside(host: str) -> bool:
    return takes_plain_http(host, token=False)
