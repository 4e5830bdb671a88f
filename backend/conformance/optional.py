"""The points that a backend meets where it says so in its capabilities."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from backend.conformance.check_client import ServerResponse
from backend.conformance.required import record_video
from backend.conformance.trial import (
    CAPABILITIES,
    MULTIPART,
    NOT_THERE,
    OBJECT,
    STORED,
    TEXT,
    BackendTrial,
    FaultError,
    expect,
    expect_refusal,
    expect_stored,
    signed_headers,
)
from backend.conformance.viewers import viewers_find_one_stream

OBJECTS, MANIFEST = "/api/s3/objects", "/api/s3/manifest"
S3_MAX_PUT_BYTES = 5 << 30
_LARGEST_PART_TRIED = 64 << 20
"""The check sends one part of the smallest size that is allowed, but none larger than this, in bytes."""


def capabilities_are_told(trial: BackendTrial) -> bool:
    """The capabilities are told in the right types; False where the backend has nothing beyond the required.

    Raises FaultError.
    """
    response = trial.client.ask("GET", CAPABILITIES)
    if response.status in NOT_THERE:
        return False
    expect(response, 200, "GET /api/s3/capabilities")
    said = response.fields()
    if type(said.get("version")) is not int:
        raise FaultError("the answer has no whole number 'version'")
    for name in ("declaredSize", "contentMd5", "list", "read", "delete", "manifest", "deleteRecord"):
        if not isinstance(said.get(name, False), bool):
            raise FaultError(f"{name!r} is neither true nor false")
    if not isinstance(said.get("bucket"), (str, type(None))):
        raise FaultError("'bucket' is neither a text nor null")
    if "presignMany" in said and not _is_count(said["presignMany"]):
        raise FaultError("'presignMany' is not a number of files")
    if not _is_count(said.get("maxPutBytes", S3_MAX_PUT_BYTES)):
        raise FaultError("'maxPutBytes' is not a number of bytes")
    _check_limits(said.get("multipart"))
    trial.capabilities = said
    return True


def several_are_signed_at_once(trial: BackendTrial) -> None:
    """One request gives the URLs of several files, in the order in which they were asked for."""
    names = ["several/b.txt", "several/a.txt"][: trial.capabilities["presignMany"]]
    sized = trial.capabilities.get("declaredSize") is True
    for name, url in zip(
        names, trial.signed_urls({name: len(name.encode()) if sized else None for name in names}), strict=True
    ):
        if any(url.key.endswith(other) for other in names if other != name):
            raise FaultError("of several signed URLs one is another file's: they are not in the order of the request")
        expect(trial.put(url, name.encode()), 200, "the PUT to one of several signed URLs")
        response = trial.client.get(url.download_url) if url.download_url else None
        if response is None:
            continue
        expect(response, 200, "the GET of the downloadUrl")
        if response.body != name.encode():
            raise FaultError("of several signed URLs one takes another file's place")


def sizes_are_kept(trial: BackendTrial) -> None:
    """A declared size is the only one that the store takes."""
    url = trial.signed_url("sized.txt", sizeBytes=len(STORED))
    for content in (STORED + b"more", STORED[:-1]):
        if trial.put(url, content).status < 400:
            raise FaultError(f"{len(STORED)} bytes were declared, but {len(content)} are taken")
    expect(trial.put(url, STORED), 200, "the PUT of the declared size")


def quotas_have_figures(trial: BackendTrial) -> None:
    """Where the largest file that may be sent does not fit, the answer says how much would."""
    response = trial.presign("large.bin", sizeBytes=trial.capabilities.get("maxPutBytes", S3_MAX_PUT_BYTES))
    if response.status == 507:
        expect_refusal(response, 507, "QuotaExceeded", "a file that is too large for the storage")
        if not all(_is_count(response.fields().get(name)) for name in ("maxSizeBytes", "usedBytes", "wantedBytes")):
            raise FaultError("a refusal with 507 lacks the figures maxSizeBytes, usedBytes and wantedBytes")
    else:
        expect(response, 200, "the request for a signed URL for the largest file")


def digests_are_compared(trial: BackendTrial) -> None:
    """The store compares Content-MD5 with what arrived."""
    url = trial.signed_url("digest.txt")
    wrong = trial.put(url, STORED, Content_MD5=_md5(b"something else"))
    if wrong.status < 400:
        raise FaultError("a file whose Content-MD5 is that of another one is taken")
    if wrong.store_code() != "BadDigest":
        raise FaultError(
            f"a wrong Content-MD5 is refused with {wrong.store_code() or wrong.status} in place of BadDigest"
        )
    right = trial.put(url, STORED, Content_MD5=_md5(STORED))
    expect(right, 200, "the PUT with the right Content-MD5")


def parts_make_a_file(trial: BackendTrial) -> None:
    """A large file in parts is stored, listed and put together."""
    first, last = bytes(trial.capabilities["multipart"]["minPartBytes"]), STORED
    if len(first) > _LARGEST_PART_TRIED:
        raise FaultError(
            f"'minPartBytes' is {len(first)}: parts as large as that are sent anew after every broken connection"
        )
    begun = _begin(trial, "parts.bin", len(first) + len(last))
    upload = {"key": begun["key"], "uploadId": begun["uploadId"]}
    # The last one first: parts arrive in any order.
    tags = {number: _send_part(trial, upload, number, content) for number, content in ((2, last), (1, first))}
    listed = trial.client.ask("GET", MULTIPART, query=upload)
    expect(listed, 200, "the list of parts")
    parts = [
        {"partNumber": 1, "sizeBytes": len(first), "etag": tags[1]},
        {"partNumber": 2, "sizeBytes": len(last), "etag": tags[2]},
    ]
    said = [{**part, "etag": str(part.get("etag")).strip('"')} for part in _objects(listed, "parts")]
    if said != parts:
        raise FaultError("the list of parts is not what was sent, sorted by partNumber, with sizeBytes and etag")
    wanted = [{"partNumber": part["partNumber"], "etag": part["etag"]} for part in parts]
    completed = trial.client.ask("POST", f"{MULTIPART}/complete", content={**upload, "parts": wanted})
    expect(completed, 200, "the request to complete an upload")
    if completed.fields().get("sizeBytes") != len(first) + len(last) or not isinstance(
        completed.fields().get("etag"), str
    ):
        raise FaultError("a completed upload is answered without its sizeBytes and etag")
    if not begun.get("downloadUrl"):
        return
    response = trial.client.get(begun["downloadUrl"], most_bytes=2 * _LARGEST_PART_TRIED)
    expect(response, 200, "the GET of the downloadUrl")
    if response.body != first + last:
        raise FaultError("the file that was made of parts has other bytes than were sent")


def uploads_in_parts_are_given_up(trial: BackendTrial) -> None:
    """An upload that is given up is gone, and giving it up twice is fine."""
    begun = _begin(trial, "given-up.bin", len(STORED))
    upload = {"key": begun["key"], "uploadId": begun["uploadId"]}
    _send_part(trial, upload, 1, STORED)
    expect(trial.client.ask("DELETE", MULTIPART, query=upload), 204, "the request to give an upload up")
    expect(trial.client.ask("DELETE", MULTIPART, query=upload), 204, "giving an upload up again")
    expect_refusal(
        trial.client.ask("GET", MULTIPART, query=upload),
        404,
        "NoSuchUpload",
        "the list of an upload's parts that was given up",
    )


def objects_are_listed(trial: BackendTrial) -> None:
    """Objects come sorted by the UTF-8 bytes of their keys, in pages, and only those with the prefix."""
    # U+FF5E sorts behind U+1F600 by UTF-16 units, before it by UTF-8 bytes.
    stored = [trial.store(f"list/{name}.txt").key for name in ("a", "B", "\uff5e", "\U0001f600")]
    trial.store("listed-not.txt")
    expected = sorted(stored, key=str.encode)
    prefix = f"{trial.folder}list/"
    whole = _page(trial, prefix=prefix)
    keys = [entry.get("key") for entry in _objects(whole, "objects")]
    if sorted(map(str, keys)) != sorted(expected):
        raise FaultError("the list under a prefix is not exactly what was stored under it")
    if keys != expected:
        raise FaultError("the list is not sorted by the UTF-8 bytes of the keys")
    if whole.fields().get("next", "") is not None:
        raise FaultError("'next' is not null on the last page")
    for entry in _objects(whole, "objects"):
        _check_object(entry, STORED)
    paged: list[object] = []
    query = {"prefix": prefix, "limit": "1"}
    for _ in expected:
        page = _page(trial, **query)
        paged += [entry.get("key") for entry in _objects(page, "objects")]
        query["after"] = str(page.fields().get("next"))
    if paged != expected:
        raise FaultError("the pages that 'limit' and 'after' make are not the whole list")


def objects_are_found(trial: BackendTrial) -> None:
    """One object is told about and can be read; one that is not there is 404."""
    key = trial.store("found.txt").key
    response = trial.found(key)
    expect(response, 200, f"GET {OBJECT}")
    said = response.fields()
    _check_object(said, STORED)
    if not isinstance(said.get("etag"), str):
        raise FaultError("an object has no text 'etag'")
    read = trial.client.get(str(said.get("url")))
    expect(read, 200, "the GET of an object's url")
    if read.body != STORED:
        raise FaultError("an object's url gives other bytes than were stored")
    expect_refusal(trial.found(f"{trial.folder}never.txt"), 404, "NotFound", "an object that is not there")


def objects_are_deleted(trial: BackendTrial) -> None:
    """A deleted object is gone, and deleting it again is fine."""
    url = trial.store("deleted.txt")
    for what in ("the request to delete an object", "deleting an object again"):
        expect(trial.client.ask("DELETE", OBJECT, query={"key": url.key}), 204, what)
    if not trial.capabilities.get("read") and not url.download_url:
        return
    gone = trial.found(url.key) if trial.capabilities.get("read") else trial.client.get(url.download_url)
    if gone.status < 400:
        raise FaultError("an object that was deleted is still there")


def manifests_are_given(trial: BackendTrial) -> None:
    """The manifest under a prefix comes as it was stored; where there is none, 404 with code and sentence."""
    manifest = {"version": 1, "files": []}
    trial.store("video/manifest.json", json.dumps(manifest).encode())
    given = trial.client.ask("GET", MANIFEST, query={"prefix": f"{trial.folder}video/"})
    expect(given, 200, f"GET {MANIFEST}")
    if given.fields() != manifest:
        raise FaultError("the manifest is not the one that was stored")
    missing = trial.client.ask("GET", MANIFEST, query={"prefix": f"{trial.folder}none/"})
    expect_refusal(missing, 404, "NotFound", "a manifest that is not there")


def records_are_deleted(trial: BackendTrial) -> None:
    """A file record can be deleted by the id that its answer has, and deleting it again is fine."""
    record = record_video(trial)
    if not record:
        raise FaultError("the answer to a file record has no 'id', by which it could be deleted")
    for what in ("the request to delete a file record", "deleting a file record again"):
        expect(trial.delete_record(record), 204, what)


OPTIONAL: tuple[tuple[str, str, tuple[Callable[[BackendTrial], None], ...]], ...] = (
    ("presignMany", "Several URLs at once", (several_are_signed_at_once,)),
    ("declaredSize", "Declared sizes", (sizes_are_kept, quotas_have_figures)),
    ("contentMd5", "Comparing Content-MD5", (digests_are_compared,)),
    ("multipart", "Large files in parts", (parts_make_a_file, uploads_in_parts_are_given_up)),
    ("list", "Listing objects", (objects_are_listed,)),
    ("read", "Looking at one object", (objects_are_found,)),
    ("delete", "Deleting objects", (objects_are_deleted,)),
    ("manifest", "Manifests", (manifests_are_given,)),
    ("viewerUrls", "Addresses for viewers", (viewers_find_one_stream,)),
    ("deleteRecord", "Deleting file records", (records_are_deleted,)),
)
"""A capability's field, its name, and its points."""


def _check_limits(limits: object) -> None:
    if limits is None:
        return
    names = ("partBytes", "minPartBytes", "maxParts")
    if not isinstance(limits, dict) or not all(_is_count(limits.get(name)) for name in names):
        raise FaultError("'multipart' is neither null nor has partBytes, minPartBytes and maxParts")
    if limits["partBytes"] < limits["minPartBytes"]:
        raise FaultError("'partBytes' is smaller than 'minPartBytes'")


def _begin(trial: BackendTrial, name: str, size_bytes: int) -> dict[str, str]:
    response = trial.client.ask(
        "POST", MULTIPART, content={"key": trial.folder + name, "contentType": TEXT, "sizeBytes": size_bytes}
    )
    expect(response, 200, "the request to begin an upload in parts")
    said = response.fields()
    if not all(isinstance(said.get(name), str) and said[name] for name in ("key", "uploadId")):
        raise FaultError("an upload in parts begins without key and uploadId")
    trial.keys.append(said["key"])
    trial.uploads.append((said["key"], said["uploadId"]))
    return said


def _send_part(trial: BackendTrial, upload: dict[str, str], number: int, content: bytes) -> str:
    """Send one part; return its entity tag without quotes."""
    wanted = {**upload, "partNumber": number, "sizeBytes": len(content)}
    asked = trial.client.ask("POST", f"{MULTIPART}/part", content=wanted)
    expect(asked, 200, "the request for a part's signed URL")
    response = trial.client.put(str(asked.fields().get("signedUrl")), content, signed_headers(asked.fields()))
    expect_stored(response, content, f"the PUT of part {number}")
    return response.headers["ETag"].strip('"')


def _page(trial: BackendTrial, **query: str) -> ServerResponse:
    response = trial.client.ask("GET", OBJECTS, query=query)
    expect(response, 200, f"GET {OBJECTS}")
    return response


def _objects(response: ServerResponse, name: str) -> list[dict[str, Any]]:
    """Return a list of JSON objects in an answer. Raises FaultError."""
    said = response.fields().get(name)
    if not isinstance(said, list) or not all(isinstance(entry, dict) for entry in said):
        raise FaultError(f"the answer has no list {name!r} of objects")
    return said


def _check_object(said: dict[str, Any], content: bytes) -> None:
    if said.get("sizeBytes") != len(content):
        raise FaultError("an object's 'sizeBytes' is not its size")
    if said.get("md5") not in (None, hashlib.md5(content, usedforsecurity=False).hexdigest()):
        raise FaultError("an object's 'md5' is not its content's")
    try:
        datetime.strptime(str(said.get("lastModified")), "%Y-%m-%dT%H:%M:%SZ")
    except ValueError as error:
        raise FaultError("an object's 'lastModified' is not written as 2026-01-31T12:00:00Z") from error


def _is_count(value: object) -> bool:
    return type(value) is int and value >= 0


def _md5(content: bytes) -> str:
    return base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()
