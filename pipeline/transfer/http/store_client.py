"""Sends files to the store, which never sees the token of the backend."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable
from dataclasses import replace

from pipeline.transfer.http.body import FileBody
from pipeline.transfer.http.client import passed, read_timeout_s, request_named
from pipeline.transfer.http.exchange import Http, NoResponseError, NoResponseReason
from pipeline.transfer.http.receipt import Evidence, Receipt, evidence_in
from pipeline.transfer.http.redaction import origin_of
from pipeline.transfer.http.refusal import Refusal, Server, refused
from pipeline.transfer.http.server_responses import says_error, store_refusal
from pipeline.transfer.http.signed import SignedPart, SignedUpload, checksum_of_nothing, merged

STORED = (200, 201, 204)
"""What stores answer to a PUT that worked: S3 says 200, others the other two."""


class StoreClient:
    """Sends files to the store; `note` takes lines for the log. Knows no token."""

    def __init__(self, http: Http, note: Callable[[str], None]) -> None:
        self._http = http
        self._note = note

    def put(self, presigned: SignedUpload, content_type: str, body: FileBody, *, md5: str = "") -> Receipt:
        """Send one object and return what the store says; `md5` (hex) goes along for a store that compares it.

        Raises RefusedError, Cancelled, or TransferError when the file changes meanwhile.
        """
        what = f"{presigned.key} ({len(body)} bytes, {content_type})"
        return self._put(presigned, {"Content-Type": content_type}, body, md5, what, len(body))

    def put_part(self, signed: SignedPart, body: FileBody, *, number: int, key: str, md5: str = "") -> Receipt:
        """Send one part of an object and return what the store says. Raises as `put` does."""
        return self._put(signed, {}, body, md5, f"part {number} of {key} ({len(body)} bytes)", len(body))

    def _put(
        self, signed: SignedUpload | SignedPart, own: dict[str, str], body: FileBody, md5: str, what: str, size: int
    ) -> Receipt:
        url = signed.signed_url
        origin = origin_of(url)
        request = f"PUT {what} to {origin}"
        if md5:
            own["Content-MD5"] = base64.b64encode(bytes.fromhex(md5)).decode()
        headers = merged(signed.headers, own)
        started = time.monotonic()
        try:
            response = self._http.send("PUT", url, headers=headers, body=body, read_timeout_s=read_timeout_s(size))
        except NoResponseError as error:
            self._note(f"{request} -> no answer after {passed(started)}: {error.detail}")
            raise refused(
                Refusal(server=Server.STORE, origin=origin, no_response=error.reason, about=error.about)
            ) from error
        self._note(f"{request} -> {response.status} in {passed(started)}")
        if response.status in STORED and not body.sent_whole:
            self._note("the store answered before it had the whole file")
            raise refused(Refusal(server=Server.STORE, origin=origin, no_response=NoResponseReason.BROKEN_OFF))
        if response.status not in STORED or says_error(response):
            refusal = replace(store_refusal(response, origin), checksum=checksum_of_nothing(signed) if size else "")
            self._note(
                f"the store said: {refusal.code or 'nothing more'} {refusal.message}".rstrip() + request_named(response)
            )
            raise refused(refusal)
        body.check_unchanged()
        evidence = evidence_in(response, body.md5)
        if evidence in (Evidence.NOTHING, Evidence.OTHER_TAG):
            self._note(
                "the answer shows: "
                f"{evidence.value} (ETag {response.etag or 'none'}, {len(response.body)} bytes {response.content_type})"
            )
        return Receipt(origin=origin, etag=response.etag, evidence=evidence)
