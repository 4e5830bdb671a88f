"""The points that every backend has to meet."""

from __future__ import annotations

import secrets
from urllib.parse import parse_qs, urlsplit

from backend.conformance.trial import (
    NOT_THERE,
    STORED,
    TEXT,
    AdviceError,
    BackendTrial,
    FaultError,
    NotOfferedError,
    expect,
)
from pipeline.transfer.http.signed import SignedUpload, checksum_of_nothing

MIN_URL_S = 300
"""How long a signed URL has to be good at least, in seconds."""

_ACCEPTED_RECORD = (200, 201, 202, 204)


def token_is_accepted(trial: BackendTrial) -> None:
    """The right token is good."""
    response = trial.client.ask("GET", trial.client.api.validate_endpoint)
    if 300 <= response.status < 400:
        raise FaultError(
            f"the answer is a redirect ({response.status}), and redirects are not followed: "
            "use the address that it leads to"
        )
    if response.status == 401:
        raise FaultError("the answer is 401: is AUTH_TOKEN the one that it knows?")
    question = f"GET {trial.client.api.validate_endpoint}"
    if response.status in NOT_THERE:
        # then the request that every backend has tells whether address and token are good
        expect(
            trial.presign("token.txt"),
            200,
            f"{question} is answered with {response.status}, and the request for a signed URL",
        )
        trial.asks_for_token = False
        raise NotOfferedError(f"The question whether a token is good ({question})")
    expect(response, 200, question)


def other_tokens_are_refused(trial: BackendTrial) -> None:
    """A wrong token and none at all are answered with 401, everywhere."""
    api = trial.client.api
    question = [("GET", api.validate_endpoint)] if trial.asks_for_token else []
    for method, path in (*question, ("POST", api.presign_endpoint), ("POST", api.record_endpoint)):
        content = {"key": f"{trial.folder}stranger.txt", "contentType": TEXT} if path == api.presign_endpoint else None
        for token, text in ((None, "without a token"), (secrets.token_hex(16), "with a wrong token")):
            response = trial.client.ask(method, path, content=content, token=token)
            if path != api.record_endpoint or response.status not in NOT_THERE:
                expect(response, 401, f"{method} {path} {text}")


def refusals_are_json(trial: BackendTrial) -> None:
    """A refusal has a code and a sentence."""
    api = trial.client.api
    method, path = ("GET", api.validate_endpoint) if trial.asks_for_token else ("POST", api.presign_endpoint)
    said = trial.client.ask(method, path, content=None if method == "GET" else {}, token=secrets.token_hex(16)).fields()
    if not all(isinstance(said.get(name), str) for name in ("error", "message")):
        raise FaultError('the answer to a wrong token is not JSON with the texts "error" and "message"')


def urls_are_signed(trial: BackendTrial) -> None:
    """There is a signed URL for a file, good for long enough."""
    url = trial.signed_url("asked.txt")
    bound = checksum_of_nothing(SignedUpload(key="", signed_url=url.signed_url, download_url="", headers=url.headers))
    if bound.startswith("x-amz-checksum-"):
        raise FaultError(
            f"the signed URL has the checksum of an empty file ({bound}), and takes no other: set "
            "requestChecksumCalculation (in Python request_checksum_calculation) to WHEN_REQUIRED in the S3 library"
        )
    lifetime = parse_qs(urlsplit(url.signed_url).query).get("X-Amz-Expires", [""])[0]
    if lifetime.isdigit() and int(lifetime) < MIN_URL_S:
        raise FaultError(f"the signed URL expires after {lifetime} s: it must be good for at least {MIN_URL_S} s")


def keys_are_kept(trial: BackendTrial) -> None:
    """Files are stored under the keys that were asked for, or below a folder in front of them."""
    urls = {trial.folder + name: trial.signed_url(name) for name in ("kept/a.txt", "kept/b.txt")}
    for wanted, url in urls.items():
        if url.key != wanted and not url.key.endswith(f"/{wanted}"):
            raise AdviceError(
                f"{wanted} is to be stored as {url.key}: playlists lead players to where files were to be"
            )


def files_are_stored(trial: BackendTrial) -> None:
    """The store takes a file and confirms it with an ETag."""
    trial.store("stored.txt")


def empty_files_are_stored(trial: BackendTrial) -> None:
    """A file of no bytes is a file."""
    trial.store("empty.txt", b"")


def any_key_is_stored(trial: BackendTrial) -> None:
    """Signs that mean something in a URL are part of the key."""
    content = secrets.token_hex(8).encode()
    url = trial.store("a b+c&d=é 日本.txt", content)
    _read(trial, url.download_url, content)


def files_are_replaced(trial: BackendTrial) -> None:
    """A file that is sent again takes the place of the first."""
    trial.store("again.txt", b"first")
    url = trial.store("again.txt", b"second")
    _read(trial, url.download_url, b"second")


def strangers_store_nothing(trial: BackendTrial) -> None:
    """Without its signature the same address takes nothing, and says so as S3 does."""
    url = trial.signed_url("stranger.txt")
    response = trial.client.put(url.signed_url.partition("?")[0], STORED, Content_Type=TEXT)
    if response.status < 400:
        raise FaultError(f"a PUT without the signed URL's query is answered with {response.status}: anybody can store")
    if not response.store_code():
        raise FaultError("the refusal of an unsigned PUT is not XML with a Code")


def players_find_files(trial: BackendTrial) -> None:
    """What was stored can be read at the downloadUrl."""
    url = trial.store("played.txt")
    if not url.download_url:
        raise NotOfferedError("The address where players find a file (downloadUrl)")
    _read(trial, url.download_url, STORED)


def videos_are_recorded(trial: BackendTrial) -> None:
    """The backend takes note of a video."""
    record_video(trial)


def record_video(trial: BackendTrial) -> str:
    """Send a file record, and return its id, empty where the answer has none. Raises FaultError, NotOfferedError."""
    record = {
        "name": "HLS Converter check",
        "type": "video",
        "language": "en",
        "parentFolder": trial.folder.rstrip("/"),
        "sessionId": None,
        "s3Keys": {"hls": f"{trial.folder}master.m3u8", "mp4": None, "transcript": None},
        "metadata": {"duration": 12.5, "qualities": ["720p"]},
    }
    response = trial.client.ask("POST", trial.client.api.record_endpoint, content=record)
    if response.status in NOT_THERE:
        raise NotOfferedError(f"File records (POST {trial.client.api.record_endpoint})")
    if response.status not in _ACCEPTED_RECORD:
        raise FaultError(f"a file record is answered with {response.status} in place of 200, 201, 202 or 204")
    record_id = response.fields().get("id")
    trial.records.append(str(record_id) if isinstance(record_id, (str, int)) else "")
    return trial.records[-1]


def _read(trial: BackendTrial, url: str, content: bytes) -> None:
    """See what players get, where the backend says at which address."""
    if not url:
        return
    response = trial.client.get(url)
    expect(response, 200, "the GET of the downloadUrl")
    if response.body != content:
        raise FaultError("the downloadUrl gives other bytes than were stored")
