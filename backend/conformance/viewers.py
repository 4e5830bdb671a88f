"""The point about addresses for viewers: they open one stream, for as long as they say."""

from __future__ import annotations

from backend.conformance.trial import BackendTrial, FaultError, expect
from pipeline.timestamps import parse_timestamp
from pipeline.transfer.http.refusal import is_web_address

VIEWER_URL = "/api/s3/viewer-url"
EXPIRES_S = 600
_MASTER = b"#EXTM3U\n"
_VISIBILITIES = ("public", "unlisted", "private")


def viewers_find_one_stream(trial: BackendTrial) -> None:
    """Page and playlist are found at the addresses that it gives for a stream; others' are not, if it isn't public."""
    trial.store("watched/master.m3u8", _MASTER)
    trial.store("beside/master.m3u8", _MASTER)
    wanted = {"prefix": f"{trial.folder}watched/", "expiresSeconds": EXPIRES_S}
    response = trial.client.ask("POST", VIEWER_URL, content=wanted)
    expect(response, 200, f"POST {VIEWER_URL}")
    said = response.fields()
    visibility, page, playlist = (str(said.get(name)) for name in ("visibility", "pageUrl", "playlistUrl"))
    if visibility not in _VISIBILITIES:
        raise FaultError("'visibility' is none of public, unlisted and private")
    if not is_web_address(page) or not is_web_address(playlist):
        raise FaultError("'pageUrl' or 'playlistUrl' is not a whole web address")
    if visibility == "private" and parse_timestamp(str(said.get("expires"))) is None:
        raise FaultError("a private stream's 'expires' is not written as 2026-01-31T12:00:00Z")
    expect(trial.client.get(page), 200, "the GET of a stream's page")
    found = trial.client.get(playlist)
    expect(found, 200, "the GET of a stream's playlist")
    if found.body != _MASTER:
        raise FaultError("a stream's 'playlistUrl' gives another file than its master playlist")
    beside = playlist.replace("/watched/", "/beside/")
    if visibility != "public" and beside != playlist and trial.client.get(beside).status < 400:
        raise FaultError("the address of one stream opens another one")
