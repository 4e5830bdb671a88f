"""Refusals in an editor's words."""

from __future__ import annotations

import itertools
import json

import pytest
from store_server import Fault

from pipeline.transfer.http.exchange import NoResponseReason, Response
from pipeline.transfer.http.redaction import origin_of
from pipeline.transfer.http.refusal import Refusal, RefusedError, Server, is_safe_address, sentence
from pipeline.transfer.http.refusal_texts import InvalidResponse
from pipeline.transfer.http.server_responses import backend_refusal, is_page, store_refusal

STATUSES = (302, 400, 401, 403, 404, 413, 429, 500, 503, 507)
EVERY = [
    *(Refusal(server=p, origin="https://x", no_response=s) for p, s in itertools.product(Server, NoResponseReason)),
    *(Refusal(server=p, origin="https://x", status=s) for p, s in itertools.product(Server, STATUSES)),
    *(Refusal(server=Server.BACKEND, origin="https://x", invalid=invalid) for invalid in InvalidResponse),
]


@pytest.mark.parametrize("refusal", EVERY, ids=repr)
def test_every_refusal_has_a_sentence_that_says_what_to_do(refusal):
    """What failed and what to do, in whole sentences and without a gap."""
    said = sentence(refusal)
    assert said.endswith(".")
    assert said.count(".") >= 2
    assert "{" not in said


@pytest.mark.parametrize(
    ("refusal", "part"),
    [
        (Refusal(server=Server.BACKEND, status=401), "Please get a new token from the admin panel."),
        (Refusal(server=Server.STORE, status=403, code="RequestTimeTooSkewed"), "clock"),
        (Refusal(server=Server.STORE, status=403, code="QuotaExceeded"), "quota exceeded"),
        (Refusal(server=Server.BACKEND, status=507), "quota exceeded"),
        (Refusal(server=Server.STORE, status=403, code="ExpiredToken"), "credentials with which the backend"),
        (
            Refusal(server=Server.STORE, status=403, code="InvalidAccessKeyId"),
            "credentials with which the backend signs",
        ),
        (
            Refusal(server=Server.BACKEND, status=404, message="No session with this id"),
            "Session ID not found. Verify the session exists in the admin panel.",
        ),
        (Refusal(server=Server.BACKEND, status=422, code="SESSION_NOT_FOUND"), "Session ID not found."),
        (Refusal(server=Server.BACKEND, status=401, message="Your session has expired"), "Please get a new token"),
        (Refusal(server=Server.BACKEND, status=413), "so large a file"),
        (Refusal(server=Server.BACKEND, status=301), "Verify that the URL is exact"),
        (
            Refusal(server=Server.BACKEND, origin="https://api", no_response=NoResponseReason.UNREACHABLE),
            "Cannot connect to the backend at https://api",
        ),
    ],
    ids=[
        "token",
        "clock",
        "quota",
        "full",
        "credentials",
        "key",
        "session",
        "session by code",
        "login",
        "too large",
        "redirect",
        "unreachable",
    ],
)
def test_sentences_that_editors_know(refusal, part):
    """The usual cases are told apart."""
    assert part in sentence(refusal)


@pytest.mark.parametrize(
    ("status", "code", "message", "expected"),
    [
        (
            400,
            "InvalidRequest",
            "Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock",
            True,
        ),
        (
            400,
            "InvalidRequest",
            "Content-MD5 HTTP header is required for Put Object requests with Object Lock parameters",
            True,
        ),
        (400, "MissingContentMD5", "Missing required header for this request: Content-Md5.", True),
        (400, "BadDigest", "The Content-MD5 you specified did not match what we received.", False),
        (400, "InvalidDigest", "The Content-MD5 you specified is not valid.", False),
        (403, "AccessDenied", "Content-MD5 is signed", False),
        (400, "InvalidRequest", "The bucket is sealed", False),
    ],
)
def test_store_that_asks_for_an_md5_is_understood(status, code, message, expected):
    """In the words of Amazon, of old and new, and of MinIO; a digest that is there and wrong is something else."""
    assert expected is Refusal(server=Server.STORE, status=status, code=code, message=message).wants_md5


@pytest.mark.parametrize(
    ("content_type", "body", "expected"),
    [
        ("text/html; charset=utf-8", b"Hello", True),
        ("", b"\xef\xbb\xbf\r\n <!DocType HTML>", True),
        ("text/plain", b"<html lang=en>", True),
        ("application/xml", b"<?xml version='1.0'?><Error/>", False),
        ("application/json", b'{"html": true}', False),
        ("", b"", False),
    ],
)
def test_web_page_is_known_by_its_type_or_its_beginning(content_type, body, expected):
    """Whatever sends pages to everybody seldom says so twice."""
    assert expected is is_page(Response(status=200, body=body, content_type=content_type))


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        (
            b"<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>",
            "AccessDenied",
            "Request has expired",
        ),
        (b"<?xml version='1.0'?>\n<Error xmlns='x'>\n <Code> SlowDown </Code></Error>", "SlowDown", ""),
        (b"<Error><Code>X</Code><Message>a &lt; b</Message></Error>", "X", "a < b"),
        (b"<html>no</html>", "", ""),
        (b"\xff\xfe\x00", "", ""),
        (b"", "", ""),
    ],
    ids=["s3", "spaces", "escaped", "html", "binary", "empty"],
)
def test_xml_of_a_store_is_read_whatever_it_is(body, code, message):
    """Code and message are found where they are, and nothing breaks where they are not."""
    refusal = store_refusal(Response(status=403, body=body), "https://x")
    assert (code, message) == (refusal.code, refusal.message)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"X-Request-ID": "0b7fbb1c-6a0f"}, "0b7fbb1c-6a0f"),
        ({"x-amz-request-id": "TX0000A1/b="}, "TX0000A1/b="),
        ({"X-Request-ID": "a\x1b[2J"}, ""),
        ({"X-Request-ID": "x" * 65}, ""),
        ({}, ""),
    ],
    ids=["backend", "S3", "what a terminal obeys", "too long", "none"],
)
def test_a_servers_id_of_the_request_is_kept(uploader, server, headers, expected):
    """It is said after the sentence where the server itself has failed."""
    server.api_faults["/api/admin/content/aws/uploadUrl"].append(Fault(status=501, headers=headers))
    with pytest.raises(RefusedError) as refused:
        uploader.presign("k", "video/mp2t")
    assert expected == refused.value.refusal.request_id
    ours = "Try again later or ask its administrator."
    assert str(refused.value).endswith(f"{ours} In the server's log this is request {expected}." if expected else ours)


def test_what_a_server_says_has_nothing_that_a_terminal_obeys():
    """Codes, too, are shown to the editor; and the server's name comes from an address that the backend gave."""
    xml = b"<Error><Code>X\x1b[2J</Code><Message>a\x1b]0;b\x07</Message></Error>"
    of_store = store_refusal(Response(status=400, body=xml), origin_of("https://x\x1b[31m/y"))
    said = json.dumps({"error": "E\x1b[2J\u202e", "message": "no \x1b[2J way"}).encode()
    of_backend = backend_refusal(Response(status=400, body=said), "https://y", 0)
    assert ("X [2J", "E [2J") == (of_store.code, of_backend.code)
    assert str(RefusedError(of_store)).isprintable()
    assert str(RefusedError(of_backend)).isprintable()


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://store.example.com/k?X-Amz-Signature=a", True),
        ("HTTPS://store.example.com/k", True),
        ("https://store.example.com/a b/日本", True),
        ("http://127.0.0.1:9000/k", True),
        ("http://localhost/k", True),
        ("http://192.168.1.5:9000/k", True),
        ("http://10.0.0.1/k", True),
        ("http://100.64.1.2/k", True),
        ("http://[fd00::1]/k", True),
        ("http://minio:9000/k", True),
        ("http://store.local/k", True),
        ("http://minio.media.internal/k", True),
        ("http://store.example.com/k", False),
        ("http://8.8.8.8/k", False),
        ("http://[2001:4860:4860::8888]/k", False),
        ("http://[::ffff:8.8.8.8]/k", False),
        ("http://134744072/k", False),
        ("http://0x8080808/k", False),
        ("http://user@store.example.com/k", False),
        ("http://localhost@store.example.com/k", False),
        ("http://localhost.example.com/k", False),
        ("https://store.example.com/\x1b[2J", False),
        ("https://store.example.com/\n", False),
        ("https://[x", False),
        ("ftp://localhost/k", False),
        ("", False),
    ],
)
def test_what_is_signed_goes_to_a_public_server_in_https_only(url, expected):
    """Whoever sees a signed address on the way can use it; on this machine and in the own network nobody else does."""
    assert expected is is_safe_address(url)


@pytest.mark.parametrize("code", ["TemporaryRedirect", "PermanentRedirect"])
def test_url_that_was_signed_for_another_region(code):
    """Amazon's address without a region leads on to the bucket's, where the signature is none."""
    xml = f"<Error><Code>{code}</Code><Endpoint>b.s3.eu-central-1.amazonaws.com</Endpoint></Error>".encode()
    said = sentence(store_refusal(Response(status=307, body=xml), "https://b.s3.amazonaws.com"))
    assert "sign for the bucket's own region" in said
