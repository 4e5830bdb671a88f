"""backend.routes.objects: files over HTTP, refused in S3's words."""

import base64
import hashlib
import http.client
import os
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from email.utils import parsedate_to_datetime
from urllib.parse import quote, urlsplit
from xml.etree import ElementTree

import pytest
import requests

from backend.access.signing import PRIVATE, HmacUrlSigner
from backend.server import serve_in_thread
from storage import CredentialsError, LocalStorageBackend, StorageError, StorageUnavailableError
from storage.local_folder import INCOMING


def wait_until(condition):
    """Wait for what another thread does, however busy the machine is."""
    deadline = time.monotonic() + 240
    while not condition():
        assert time.monotonic() < deadline, "it did not happen within four minutes"
        threading.Event().wait(0.01)


def refusal(answer):
    """Return status, code and message of an S3 refusal."""
    root = ElementTree.fromstring(answer.content)
    assert "Error" == root.tag
    return answer.status_code, root.findtext("Code"), root.findtext("Message")


def signed(client, key, expires, content_type="video/mp2t", method="PUT"):
    """Return a URL signed with the backend's own secret."""
    signer = HmacUrlSigner(client.backend.settings.signing_secret)
    query = signer.query(method=method, key=key, content_type=content_type, expires=expires)
    return f"{client.url}/objects/{quote(key)}?{query}"


def put(url, body=b"x", content_type="video/mp2t", **headers):
    """Send a body to a URL."""
    return requests.put(url, data=body, headers={"Content-Type": content_type, **headers}, timeout=60)


@pytest.mark.parametrize(
    "key",
    [
        "flow/seg_001.ts",
        "flow/a b+c&d#e%f?g.ts",
        "flow/видео 日本.ts",
        "flow/%2e%2e.ts",
        "flow/a=b;c,d'e\"f~(g)[h]@!$*.ts",
    ],
)
def test_what_is_sent_can_be_fetched(shared, key):
    """Asking for a URL, sending there and fetching gives the same bytes under every key."""
    body = os.urandom(100_000)
    urls = shared.presign(key)
    sent = put(urls["signedUrl"], body)
    fetched = requests.get(urls["downloadUrl"], timeout=60)

    etag = f'"{hashlib.md5(body).hexdigest()}"'
    assert (200, etag, b"") == (sent.status_code, sent.headers["ETag"], sent.content)
    assert (200, body, etag) == (fetched.status_code, fetched.content, fetched.headers["ETag"])
    assert "bytes" == fetched.headers["Accept-Ranges"]
    assert parsedate_to_datetime(fetched.headers["Last-Modified"])


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("master.m3u8", "application/vnd.apple.mpegurl"),
        ("a.ts", "video/mp2t"),
        ("a.mp4", "video/mp4"),
        ("a.vtt", "text/vtt"),
        ("a.srt", "text/plain; charset=utf-8"),
        ("a.html", "application/octet-stream"),
    ],
)
def test_the_content_type_is_the_products_own(shared, name, expected):
    """Objects are served with the type of the one table, whatever they were sent with."""
    shared.put(f"types/{name}", b"x", "text/html")

    assert expected == shared.get(f"/objects/types/{name}").headers["Content-Type"]


def test_an_empty_file_can_be_sent(shared):
    """A file of no bytes is stored and fetched as one."""
    assert 200 == shared.put("empty.vtt", b"", "text/vtt").status_code
    assert (200, b"", "0") == (lambda a: (a.status_code, a.content, a.headers["Content-Length"]))(
        shared.get("/objects/empty.vtt")
    )


def test_sending_again_is_safe(shared):
    """The same URL can be used again; the last body is kept."""
    url = shared.presign("again.ts")["signedUrl"]

    assert [200, 200] == [put(url, b"first").status_code, put(url, b"second").status_code]
    assert b"second" == shared.get("/objects/again.ts").content


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param({"content_type": "video/mp4"}, (403, "SignatureDoesNotMatch"), id="other Content-Type"),
        pytest.param({"content_type": "video/mp2t; a=b"}, (403, "SignatureDoesNotMatch"), id="longer Content-Type"),
        pytest.param({"content_type": None}, (403, "SignatureDoesNotMatch"), id="no Content-Type"),
        pytest.param({"key": "bad/other.ts"}, (403, "SignatureDoesNotMatch"), id="other key"),
        pytest.param({"replace": ("signature=", "signature=0")}, (403, "SignatureDoesNotMatch"), id="wrong signature"),
        pytest.param({"replace": ("expires=", "expires=9")}, (403, "SignatureDoesNotMatch"), id="longer expiry"),
        pytest.param({"replace": ("expires=", "expires=x")}, (403, "SignatureDoesNotMatch"), id="expiry not a number"),
        pytest.param({"replace": ("signature=", "s=")}, (403, "AccessDenied"), id="no signature"),
        pytest.param({"replace": ("expires=", "e=")}, (403, "AccessDenied"), id="no expiry"),
    ],
)
def test_a_url_opens_only_what_was_signed(shared, change, expected):
    """A URL changed in any way is refused, and nothing is stored."""
    url = shared.presign("bad/a.ts")["signedUrl"]
    if "key" in change:
        url = url.replace("bad/a.ts", change["key"])
    if "replace" in change:
        url = url.replace(*change["replace"])
    answer = put(url, content_type=change.get("content_type", "video/mp2t"))

    assert expected == refusal(answer)[:2]
    assert [404, 404] == [shared.get(f"/objects/bad/{name}.ts").status_code for name in ("a", "other")]


def test_an_expired_url_is_refused_in_s3s_words(shared):
    """An expired URL says so, so that the client asks for a new one."""
    answer = put(signed(shared, "expired.ts", expires=1000))

    assert (403, "AccessDenied", "Request has expired") == refusal(answer)
    assert b"<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>" in answer.content


def test_a_signature_for_another_method_is_refused(shared):
    """What was signed for fetching is no leave to store."""
    assert (403, "SignatureDoesNotMatch") == refusal(
        put(signed(shared, "method.ts", expires=9_999_999_999, method="GET"))
    )[:2]


def test_the_token_is_worth_nothing_here(shared):
    """The bearer token neither replaces a signature nor spoils fetching."""
    answer = put(f"{shared.url}/objects/token.ts", **shared.headers)

    assert (403, "AccessDenied") == refusal(answer)[:2]
    shared.put("token.ts", b"x")
    assert 200 == shared.get("/objects/token.ts").status_code


def test_a_refused_large_body_still_gets_its_answer(shared):
    """A client that sends everything before it listens reads the refusal, not a broken connection."""
    answer = put(signed(shared, "large.ts", expires=1000), b"x" * (30 << 20))

    assert (403, "AccessDenied", "Request has expired") == refusal(answer)


def test_a_chunked_body_is_refused(shared):
    """A body without a length gets 411, as Ceph answers."""
    answer = put(shared.presign("chunked.ts")["signedUrl"], iter([b"some", b"thing"]))

    assert (411, "MissingContentLength") == refusal(answer)[:2]
    assert 404 == shared.get("/objects/chunked.ts").status_code


@pytest.mark.parametrize(
    ("content_md5", "expected"),
    [
        pytest.param(base64.b64encode(hashlib.md5(b"body").digest()).decode(), None, id="right"),
        pytest.param(
            base64.b64encode(hashlib.md5(b"else").digest()).decode(), (400, "BadDigest"), id="of something else"
        ),
        pytest.param("not base64!", (400, "InvalidDigest"), id="not base64"),
        pytest.param("YQ==", (400, "InvalidDigest"), id="too short"),
    ],
)
def test_content_md5_is_checked(fresh, content_md5, expected):
    """A Content-MD5, which is not signed, must fit the body."""
    answer = fresh.put("md5.ts", b"body", **{"Content-MD5": content_md5})

    if expected is None:
        assert 200 == answer.status_code
    else:
        assert expected == refusal(answer)[:2]
        assert 404 == fresh.get("/objects/md5.ts").status_code


def test_a_body_cut_short_leaves_nothing(fresh):
    """When the client goes away half-way, nothing is stored, no file is left, and an older object stays."""
    fresh.put("cut.ts", b"old")
    url = urlsplit(fresh.presign("cut.ts")["signedUrl"])
    incoming = fresh.backend.settings.root / INCOMING
    with socket.create_connection((url.hostname, url.port), timeout=60) as connection:
        head = (
            f"PUT {url.path}?{url.query} HTTP/1.1\r\nHost: x\r\nContent-Type: "
            "video/mp2t\r\nContent-Length: 1000\r\n\r\n"
        )
        connection.sendall(head.encode() + b"x" * 999)
        wait_until(lambda: any(incoming.iterdir()))
    wait_until(lambda: not any(incoming.iterdir()))

    assert b"old" == fresh.get("/objects/cut.ts").content


TARGETS = [
    "/objects/../secret",
    "/objects/%2e%2e/secret",
    "/objects/a/%2e%2e/%2e%2e/secret",
    "/objects/..%2fsecret",
    "/objects/%2fetc%2fhostname",
    "/objects//etc/hostname",
    "/objects/..%5csecret",
    "/objects/C:%5cwindows",
    "/objects/a%00b",
    f"/objects/{PRIVATE}/signing-secret",
    f"/objects/%2e{PRIVATE[1:]}/signing-secret",
    f"/objects/a/../{PRIVATE}/signing-secret",
    "/objects/",
]


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_no_target_leads_out_of_the_folder(shared, method, target):
    """Targets that no client library would let through get 400, and no file outside is read."""
    (shared.backend.settings.root.parent / "secret").write_text("content of the secret")
    status, body = shared.raw(method, target)

    assert 400 == status
    assert b"content of the secret" not in body
    assert shared.backend.settings.signing_secret.encode() not in body


@pytest.mark.parametrize("key", ["../out.ts", ".backend/signing-secret", "/etc/out.ts", "a//b.ts", "a\\b.ts"])
def test_even_a_signed_key_stays_in_the_folder(fresh, key):
    """A URL that the backend would never sign is refused even with a good signature."""
    target = urlsplit(signed(fresh, key, expires=9_999_999_999))
    secret = fresh.backend.settings.signing_secret
    status, body = fresh.raw("PUT", f"{target.path}?{target.query}", {"Content-Type": "video/mp2t"}, b"x")

    assert (400, b"InvalidURI") == (status, b"InvalidURI" if b"<Code>InvalidURI</Code>" in body else body)
    assert ["root"] == [entry.name for entry in fresh.backend.settings.root.parent.iterdir()]
    assert secret == (fresh.backend.settings.root / PRIVATE / "signing-secret").read_text()


@pytest.mark.parametrize(
    ("asked", "status", "body", "content_range"),
    [
        ("bytes=0-3", 206, b"0123", "bytes 0-3/10"),
        ("bytes=4-", 206, b"456789", "bytes 4-9/10"),
        ("bytes=-2", 206, b"89", "bytes 8-9/10"),
        ("bytes=8-99", 206, b"89", "bytes 8-9/10"),
        ("bytes=0-1,4-5", 200, b"0123456789", None),
        ("nonsense", 200, b"0123456789", None),
    ],
)
def test_ranges(shared, asked, status, body, content_range):
    """A single range gets that part, anything else the whole."""
    shared.put("range.mp4", b"0123456789", "video/mp4")
    answer = shared.get("/objects/range.mp4", headers={"Range": asked})

    assert (status, body, content_range) == (answer.status_code, answer.content, answer.headers.get("Content-Range"))
    assert str(len(body)) == answer.headers["Content-Length"]


@pytest.mark.parametrize(("body", "asked"), [(b"0123456789", "bytes=10-"), (b"", "bytes=0-")])
def test_a_range_outside_is_refused(shared, body, asked):
    """A range behind the end gets 416 with the size."""
    shared.put("outside.mp4", body, "video/mp4")
    answer = shared.get("/objects/outside.mp4", headers={"Range": asked})

    assert (416, "InvalidRange") == refusal(answer)[:2]
    assert f"bytes */{len(body)}" == answer.headers["Content-Range"]


def test_head_is_get_without_the_body(shared):
    """HEAD tells size, type and ETag of an object, and of a range, and 404 where there is none."""
    shared.put("head.mp4", b"0123456789", "video/mp4")
    whole = requests.head(f"{shared.url}/objects/head.mp4", timeout=60)
    part = requests.head(f"{shared.url}/objects/head.mp4", headers={"Range": "bytes=0-3"}, timeout=60)
    missing = requests.head(f"{shared.url}/objects/none.mp4", timeout=60)

    assert (200, "10", "video/mp4", b"") == (
        whole.status_code,
        whole.headers["Content-Length"],
        whole.headers["Content-Type"],
        whole.content,
    )
    assert shared.get("/objects/head.mp4").headers["ETag"] == whole.headers["ETag"]
    assert (206, "4") == (part.status_code, part.headers["Content-Length"])
    assert (404, b"") == (missing.status_code, missing.content)


def test_what_a_client_has_is_not_sent_again(shared):
    """If-None-Match with the object's ETag gets 304; If-Range with another ETag gets the whole."""
    shared.put("cached.ts", b"0123456789")
    etag = shared.get("/objects/cached.ts").headers["ETag"]

    assert (304, b"") == (lambda a: (a.status_code, a.content))(
        shared.get("/objects/cached.ts", headers={"If-None-Match": f'"a", {etag}'})
    )
    assert 200 == shared.get("/objects/cached.ts", headers={"If-None-Match": '"a"'}).status_code
    assert 200 == shared.get("/objects/cached.ts", headers={"Range": "bytes=0-1", "If-Range": '"a"'}).status_code
    assert 206 == shared.get("/objects/cached.ts", headers={"Range": "bytes=0-1", "If-Range": etag}).status_code


def test_a_missing_object_is_missing_in_s3s_words(shared):
    """Nothing under a key is 404 NoSuchKey."""
    assert (404, "NoSuchKey") == refusal(shared.get("/objects/nothing/here.ts"))[:2]


def test_browsers_on_other_sites_may_play(shared):
    """A preflight passes, and a fetch from another origin may see what a player needs."""
    shared.put("cors.m3u8", b"#EXTM3U\n", "application/vnd.apple.mpegurl")
    asked = {
        "Origin": "https://other.example",
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "range",
    }
    preflight = requests.options(f"{shared.url}/objects/cors.m3u8", headers=asked, timeout=60)
    fetched = shared.get("/objects/cors.m3u8", headers={"Origin": "https://other.example", "Range": "bytes=0-3"})

    assert (204, "*") == (preflight.status_code, preflight.headers["Access-Control-Allow-Origin"])
    assert "GET" in preflight.headers["Access-Control-Allow-Methods"]
    assert "range" == preflight.headers["Access-Control-Allow-Headers"]
    assert (206, "*") == (fetched.status_code, fetched.headers["Access-Control-Allow-Origin"])
    assert {"Accept-Ranges", "Content-Length", "Content-Range", "ETag", "Last-Modified", "X-Request-ID"} == set(
        fetched.headers["Access-Control-Expose-Headers"].split(", ")
    )


@pytest.mark.parametrize("origin", [{}, {"Origin": "https://other.example"}], ids=["player", "page"])
@pytest.mark.parametrize("key", ["cors.ts", "missing.ts"])
def test_an_answer_is_the_same_for_a_page_and_a_player(shared, origin, key):
    """A cache that has kept the answer to a plain player may give it to a page of another site."""
    shared.put("cors.ts", b"0123456789")
    answer = shared.get(f"/objects/{key}", headers=origin)

    assert "*" == answer.headers["Access-Control-Allow-Origin"]
    assert "Content-Range" in answer.headers["Access-Control-Expose-Headers"]
    assert "Vary" not in answer.headers


def test_refusals_can_be_read_by_other_sites_too(shared):
    """A player on another origin sees a 404 as such, not as a network error."""
    assert (
        "*"
        == shared.get("/objects/none.ts", headers={"Origin": "https://other.example"}).headers[
            "Access-Control-Allow-Origin"
        ]
    )


def test_the_quota_is_507(settings):
    """What does not fit gets 507, what still fits is stored."""
    with serve_in_thread(replace(settings, storage=replace(settings.storage, max_size_bytes=100))) as backend:
        signer = HmacUrlSigner(settings.signing_secret)

        def sent(key, body):
            query = signer.query(method="PUT", key=key, content_type="video/mp2t", expires=9_999_999_999)
            return put(f"{backend.url}/objects/{key}?{query}", body)

        results = [sent("a", b"x" * 60), sent("b", b"x" * 41), sent("b", b"x" * 40), sent("a", b"x" * 10)]

    assert [200, 507, 200, 200] == [answer.status_code for answer in results]
    assert (507, "QuotaExceeded") == refusal(results[1])[:2]


def test_the_quota_is_known_before_the_body_comes(settings):
    """A client that asks first is refused by the announced size, without sending a byte."""
    query = HmacUrlSigner(settings.signing_secret).query(
        method="PUT", key="a.ts", content_type="video/mp2t", expires=9_999_999_999
    )
    head = ["Host: x", "Expect: 100-continue", "Content-Type: video/mp2t", "Content-Length: 101", "", ""]
    with serve_in_thread(replace(settings, storage=replace(settings.storage, max_size_bytes=100))) as backend:
        address = urlsplit(backend.url)
        with socket.create_connection((address.hostname, address.port), timeout=60) as connection:
            connection.sendall("\r\n".join([f"PUT /objects/a.ts?{query} HTTP/1.1", *head]).encode())
            assert connection.recv(1000).startswith(b"HTTP/1.1 507 ")


def test_a_name_in_the_way_is_409(shared):
    """A key below an object's own key can't be stored as a file, and says so."""
    shared.put("conflict", b"x")

    assert (409, "KeyConflict") == refusal(shared.put("conflict/below.ts", b"x"))[:2]


def test_urls_survive_a_restart(settings):
    """A URL signed before a restart stores after it, and objects are still there."""
    headers = {"Authorization": f"Bearer {settings.token}"}
    question = {"key": "kept.ts", "contentType": "video/mp2t"}
    with serve_in_thread(settings) as backend:
        url = requests.post(
            f"{backend.url}/api/admin/content/aws/uploadUrl", json=question, headers=headers, timeout=60
        ).json()["signedUrl"]
    with serve_in_thread(settings) as backend:
        sent = put(url.replace(urlsplit(url).netloc, urlsplit(backend.url).netloc), b"kept")
    with serve_in_thread(settings) as backend:
        fetched = requests.get(f"{backend.url}/objects/kept.ts", timeout=60)

    assert (200, b"kept") == (sent.status_code, fetched.content)
    assert f'"{hashlib.md5(b"kept").hexdigest()}"' == fetched.headers["ETag"]


@pytest.mark.parametrize(
    "error", [StorageUnavailableError("down"), CredentialsError("no keys"), StorageError("Input/output error")]
)
def test_an_outage_of_the_storage_is_503(fresh, monkeypatch, error):
    """Players and caches hear that it is worth another try, and that there is nothing to keep."""

    async def fail(*_args, **_options):
        raise error

    fresh.put("a.ts", b"x")
    url = fresh.presign("a.ts")["signedUrl"]
    for name in ("open", "save", "list_folder", "exists"):
        monkeypatch.setattr(LocalStorageBackend, name, fail)
    answers = [
        fresh.get("/objects/a.ts"),
        requests.head(f"{fresh.url}/objects/a.ts", timeout=60),
        put(url),
        fresh.get("/"),
        fresh.get("/watch/a/"),
    ]

    assert [503] * 5 == [answer.status_code for answer in answers]
    assert ("ServiceUnavailable", "no-store") == (refusal(answers[0])[1], answers[0].headers["Cache-Control"])


def test_what_is_stored_never_becomes_a_page(shared):
    """Whatever type its sender signed, a browser takes a stored file for what its name says, and for nothing else."""
    shared.put("pages/a.html", b"<script>alert(1)</script>", "text/html")
    shared.put("pages/a.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml")
    answers = [shared.get("/objects/pages/a.html"), shared.get("/objects/pages/a.svg")]

    assert [("application/octet-stream", "nosniff")] * 2 == [
        (answer.headers["Content-Type"], answer.headers["X-Content-Type-Options"]) for answer in answers
    ]


def test_eight_clients_at_once(shared):
    """Files sent at the same time all arrive whole."""
    bodies = {f"many/{number}.ts": os.urandom(3_000_000 + number) for number in range(8)}
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda item: shared.put(*item).status_code, bodies.items()))

    assert [200] * 8 == statuses
    assert bodies == {key: shared.get(f"/objects/{key}").content for key in bodies}


def test_a_connection_is_kept_for_the_next_file(shared):
    """An uploader sends file after file over one connection."""
    connection = http.client.HTTPConnection(urlsplit(shared.url).netloc, timeout=60)
    connection.connect()
    used = connection.sock
    for number in range(3):
        target = urlsplit(shared.presign(f"kept/{number}.ts")["signedUrl"])
        connection.request("PUT", f"{target.path}?{target.query}", body=b"x", headers={"Content-Type": "video/mp2t"})
        answer = connection.getresponse()
        assert (200, b"") == (answer.status, answer.read())
        assert used is connection.sock
    connection.close()


def test_a_file_that_was_put_into_the_folder(fresh, monkeypatch):
    """It is given before it has been read, in ranges too, and as unchanged only while it is the same file."""
    monkeypatch.setattr("storage.local_digests.BackgroundThread.ask", lambda *_: None)
    file = fresh.backend.settings.root / "by-hand.ts"
    file.write_bytes(b"0123456789")
    first = fresh.get("/objects/by-hand.ts")
    etag = first.headers["ETag"]
    same = fresh.get("/objects/by-hand.ts", headers={"If-None-Match": etag})
    part = fresh.get("/objects/by-hand.ts", headers={"Range": "bytes=2-4", "If-Range": etag})
    found = fresh.ask("GET", "/api/s3/object", key="by-hand.ts").json()
    file.with_suffix(".new").write_bytes(b"9876543210")
    file.with_suffix(".new").replace(file)
    changed = fresh.get("/objects/by-hand.ts", headers={"If-None-Match": etag})
    whole = fresh.get("/objects/by-hand.ts", headers={"Range": "bytes=2-4", "If-Range": etag})

    assert (b"0123456789", 304, 206, b"234") == (first.content, same.status_code, part.status_code, part.content)
    assert (None, None, 10) == (found["etag"], found["md5"], found["sizeBytes"])
    assert (200, b"9876543210", 200, b"9876543210") == (
        changed.status_code,
        changed.content,
        whole.status_code,
        whole.content,
    )
