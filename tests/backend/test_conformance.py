"""backend.conformance: the reference backend is as it is written, and each fault of another one is found."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path
from urllib.parse import quote

import pytest
import requests
from wrong_backend import nothing, serving_wrongly

from backend.conformance import delivery, optional, required
from backend.conformance.check import PointResult, check_backend
from backend.conformance.check_client import CheckClient, UnansweredError, open_client
from backend.conformance.trial import AdviceError, BackendTrial, FaultError
from backend.conformance.url_origins import urls_lead_where_clients_are
from backend.server import serve_in_thread
from backend.settings import BackendSettings
from cli.backend import check
from config import BackendApi, Config
from storage import MIN_PART_BYTES

ROOT = Path(__file__).parents[2]
TOKEN = "a-token-that-only-tests-know"

ME, PRESIGN, RECORDS = "/api/admin/auth/me", "/api/admin/content/aws/uploadUrl", "/api/admin/files"
CAPABILITIES, OBJECTS, OBJECT, MANIFEST = (
    "/api/s3/capabilities",
    "/api/s3/objects",
    "/api/s3/object",
    "/api/s3/manifest",
)
PRESIGN_MANY = "/api/s3/presign"
MULTIPART = "/api/s3/multipart"


def lines_of(running, **changed):
    """Check a backend as one who has its token does."""
    return list(check_backend(BackendApi(**{"url": running.url, "token": running.settings.token, **changed}), "tests/"))


def left_at(running):
    """Return the objects and the file records that a backend has."""
    headers = {"Authorization": f"Bearer {running.settings.token}"}
    return [
        requests.get(running.url + path, headers=headers, timeout=60).json()[name]
        for path, name in ((OBJECTS, "objects"), (RECORDS, "files"))
    ]


def faults_of(lines):
    """Return what is wrong, a sentence each."""
    return [line.text for line in lines if line.result is PointResult.FAULT]


def test_the_reference_backend_is_as_it_is_written(settings):
    """Every point is good, and nothing stays."""
    with serve_in_thread(settings) as running:
        lines = lines_of(running)
        left = left_at(running)

    assert [PointResult.GOOD] * 32 == [line.result for line in lines]
    assert ([], [], []) == (*left, list((settings.root / ".parts").iterdir()))


def test_a_backend_of_three_requests_is_fine(settings):
    """What is not offered is not a fault; what was stored is named, since it can't be removed."""

    def after(asked, said):
        if asked.path.startswith("/api/s3/"):
            said.status, said.body = 404, b"<h1>Not Found</h1>"

    with serving_wrongly(settings, after=after) as (running, _):
        lines = lines_of(running)

    good = [PointResult.GOOD]
    assert good * 13 + [PointResult.NOT_OFFERED] + good * 6 + [PointResult.LEFT] * 2 == [line.result for line in lines]
    assert "stays there: the backend can't delete" in lines[-2].text
    assert "The file record 'HLS Converter check' stays: the backend can't remove one." == lines[-1].text


def test_a_backend_of_one_request_is_fine(settings):
    """Signed URLs, with headers that the store wants, are all that there has to be."""
    wanted = {"cache-control": "max-age=60", "content-type": "text/plain"}
    missing: list[str] = []

    def before(asked):
        if asked.method == "PUT" and "signature" in asked.query:
            missing.extend(name for name, value in wanted.items() if asked.headers.get(name) != value)
            asked.headers["content-type"] = "text/plain; charset=utf-8"

    def after(asked, said):
        if asked.path in (ME, RECORDS) or asked.path.startswith("/api/s3/"):
            said.status, said.body = 405, b"{}"
        elif asked.path == PRESIGN and said.status == 200:
            said.change(downloadUrl=..., headers=wanted)

    with serving_wrongly(settings, before=before, after=after) as (running, _):
        lines = lines_of(running)

    assert [] == missing
    assert [
        "The question whether a token is good (GET /api/admin/auth/me).",
        "The address where players find a file (downloadUrl).",
        "File records (POST /api/admin/files).",
        "Anything beyond the required (GET /api/s3/capabilities).",
    ] == [line.text for line in lines if line.result is PointResult.NOT_OFFERED]
    assert [] == faults_of(lines)


def test_a_fault_does_not_stop_the_check(settings):
    """All other points are still tried, but for what is not offered, and what was stored is removed."""

    def after(asked, said):
        no_empty_files(asked, said)
        if asked.path == CAPABILITIES:
            said.change(multipart=None, list=False, manifest=...)

    with serving_wrongly(settings, after=after) as (running, _):
        lines = lines_of(running)
        left, _ = left_at(running)

    assert ["Large files in parts (multipart).", "Listing objects (list).", "Manifests (manifest)."] == [
        line.text for line in lines if line.result is PointResult.NOT_OFFERED
    ]
    assert (31, ["A file of no bytes is a file: the PUT of 0 bytes is answered with 411 in place of 200."], []) == (
        len(lines),
        faults_of(lines),
        left,
    )


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        (
            {"token": "another-token-that-is-wrong"},
            "The right token is good: the answer is 401: is AUTH_TOKEN the one that it knows?",
        ),
        (
            {"validate_endpoint": "/nowhere", "presign_endpoint": "/nowhere"},
            "The right token is good: GET /nowhere is answered with 404,"
            " and the request for a signed URL is answered with 404 NotFound in place of 200.",
        ),
    ],
    ids=["wrong token", "wrong path"],
)
def test_nothing_is_tried_with_a_wrong_token_or_path(shared, changed, expected):
    """One sentence is enough where no other would say more."""
    assert [(PointResult.FAULT, expected)] == [(line.result, line.text) for line in lines_of(shared.backend, **changed)]


@pytest.mark.parametrize("request_number", [12, 24, 40, 55, 70])
def test_whatever_was_stored_is_removed_where_it_is_stopped(settings, monkeypatch, request_number):
    """Ctrl-C at any moment, before the capabilities are known as well as in the middle of an upload in parts."""
    send, asked = CheckClient._send, iter(range(1000))

    def stopped(*args):
        if next(asked) == request_number:
            raise KeyboardInterrupt
        return send(*args)

    monkeypatch.setattr(CheckClient, "_send", stopped)
    with serve_in_thread(settings) as running:
        with pytest.raises(KeyboardInterrupt):
            lines_of(running)
        assert [[], []] == left_at(running)
    assert next(asked) > request_number + 1
    assert [] == list(settings.root.glob(".parts/*"))


def test_whatever_was_stored_is_removed_where_nobody_reads_on(settings):
    """As where the terminal is closed between two lines."""
    with serve_in_thread(settings) as running:
        lines = check_backend(BackendApi(url=running.url, token=settings.token), "tests/")
        for line in lines:
            if "can be read at the downloadUrl" in line.text:
                break
        lines.close()
        assert [[], []] == left_at(running)


def test_ctrl_c_removes_what_was_stored(settings):
    """The command says how it ended, and leaves nothing."""
    began = threading.Event()

    def before(asked):
        if asked.path == MULTIPART and asked.method == "POST":
            began.set()

    with serving_wrongly(settings, before=before) as (running, _):
        environment = {**os.environ, "AUTH_TOKEN": settings.token, "NO_PROXY": "127.0.0.1"}
        command = [sys.executable, str(ROOT / "hls_converter.py"), "backend", "--check", running.url]
        with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as check:
            assert began.wait(60)
            check.send_signal(signal.SIGINT)
            said = check.communicate(timeout=60)[1].decode()
        left = left_at(running)
    assert (130, [[], []]) == (check.returncode, left), said
    assert "Traceback" not in said


def test_silence_is_a_sentence(settings):
    """Where nobody answers, the place is named, and what may be the reason."""
    with serve_in_thread(settings) as running:
        pass
    reason = "there is no such host, nothing listens there, or it hung up"

    assert [f"The right token is good: {running.url} did not answer ({reason})."] == faults_of(lines_of(running))


def answer(path, method=None, **fields):
    """Return an `after` that changes fields of one endpoint's good answers."""

    def after(asked, said):
        if asked.path == path and method in (None, asked.method) and said.status in (200, 201):
            said.change(**fields)

    return {"after": after}


def status(path, method, new, old=None):
    """Return an `after` that changes the status of one endpoint's answers, all or those with another one."""

    def after(asked, said):
        if asked.path.startswith(path) and asked.method == method and old in (None, said.status):
            said.status = new

    return {"after": after}


def before(change):
    """Return a `before`."""
    return {"before": change}


def after(change):
    """Return an `after`."""
    return {"after": change}


def token_for_all(asked):
    """Take every token for the right one."""
    if asked.path.startswith("/api"):
        asked.headers["authorization"] = f"Bearer {TOKEN}"


def redirect(asked, said):
    """Lead elsewhere."""
    if asked.path == ME:
        said.status, said.headers["location"] = 302, "/elsewhere"


def refuse_in_html(asked, said):
    """Answer 401 for people."""
    if said.status == 401:
        said.body = b"<h1>Unauthorized</h1>"


def short_lived(asked, said):
    """Sign for a minute."""
    if asked.path == PRESIGN and said.status == 200:
        said.change(signedUrl=json.loads(said.body)["signedUrl"] + "&X-Amz-Expires=60")


def no_etag(asked, said):
    """Confirm without an entity tag."""
    if asked.method == "PUT":
        said.headers.pop("etag", None)


def no_empty_files(asked, said):
    """Refuse what has no bytes."""
    if asked.method == "PUT" and not asked.body:
        said.status = 411


def plus_is_a_space(asked):
    """Decode a key as if it were a form."""
    asked.path = asked.path.replace("+", " ")


def first_come(asked, said):
    """Confirm a second file under a key, but give the first one for ever."""
    if asked.method == "GET" and asked.path.endswith("again.txt"):
        said.body = b"first"


def open_to_all(asked, said):
    """Take what is not signed."""
    if asked.method == "PUT" and "signature" not in asked.query:
        said.status = 200


def refuse_in_json(asked, said):
    """Refuse files as an API does."""
    if asked.method == "PUT" and said.status == 403:
        said.body = b'{"error": "Forbidden"}'


def other_bytes(name):
    """Give one file with other bytes."""

    def change(asked, said):
        if asked.method == "GET" and asked.path.startswith("/objects/") and asked.path.endswith(name):
            said.body = said.body[:-1] + b"?"

    return {"after": change}


def any_size(asked, said):
    """Take more than was declared."""
    if asked.method == "PUT" and "size" in asked.query and "uploadId" not in asked.query:
        said.status = 200


def full_without_figures(asked, said):
    """Say that a large file does not fit, but not how much would."""
    if asked.path == PRESIGN and json.loads(asked.body).get("sizeBytes", 0) > 1 << 30:
        said.status, said.body = 507, b'{"error": "QuotaExceeded", "message": "Full."}'


def no_digest(asked):
    """Never look at Content-MD5."""
    asked.headers.pop("content-md5", None)


def other_digest_code(asked, said):
    """Refuse a wrong digest under another name."""
    said.body = said.body.replace(b"BadDigest", b"InvalidDigest")


def urls_backwards(asked, said):
    """Give the URL of the last file first."""
    if asked.path == PRESIGN_MANY and said.status == 200:
        said.change(files=json.loads(said.body)["files"][::-1])


def parts_backwards(asked, said):
    """List the last part first."""
    if asked.path == MULTIPART and asked.method == "GET" and said.status == 200:
        said.change(parts=json.loads(said.body)["parts"][::-1])


def never_given_up(asked, said):
    """Say that an upload is gone, and list it all the same."""
    if asked.path == MULTIPART and asked.method == "GET" and said.status == 404:
        said.status, said.body = 200, b'{"parts": []}'


def without(name):
    """Return a `before` that forgets a field of the query of a list."""

    def change(asked):
        if asked.path == OBJECTS:
            asked.query.pop(name, None)

    return {"before": change}


def sorted_otherwise(asked, said):
    """Sort a list as JavaScript does, by UTF-16 units."""
    if asked.path == OBJECTS and said.status == 200:
        objects = json.loads(said.body)["objects"]
        said.change(objects=sorted(objects, key=lambda entry: entry["key"].encode("utf-16-be")))


def endless(asked, said):
    """Never say that a page is the last."""
    if asked.path == OBJECTS and said.status == 200:
        found = json.loads(said.body)["objects"]
        said.change(next=found[-1]["key"] if found else "z")


def nothing_is_missing(path):
    """Return an `after` that takes what is not there for something empty."""

    def change(asked, said):
        if asked.path == path and said.status == 404:
            said.status, said.body = 200, b"{}"

    return {"after": change}


def keep_all(asked):
    """Confirm that something is deleted, and keep it."""
    if asked.method == "DELETE" and asked.path == OBJECT:
        asked.query["key"] = "nothing"


def page_for_a_put(asked, said):
    """Confirm as a site does that knows one page only."""
    if asked.method == "PUT":
        said.body, said.headers["content-type"], said.headers["etag"] = b"<html>Hi</html>", "text/html", 'W/"36-abc"'


def another_region(asked, said):
    """Lead to where the bucket is, as Amazon's global address does."""
    if asked.method == "PUT":
        said.status, said.body = 307, b"<Error><Code>TemporaryRedirect</Code></Error>"
        said.headers.update({"location": "https://b.s3.eu-central-1.amazonaws.com/k", "x-amz-bucket-region": REGION})


def checksum_of_nothing(asked, said):
    """Sign what Amazon's SDKs sign where they are told nothing of the file."""
    if asked.path == PRESIGN and said.status == 200:
        bound = "&x-amz-checksum-crc32=AAAAAA%3D%3D&x-amz-sdk-checksum-algorithm=CRC32"
        said.change(signedUrl=json.loads(said.body)["signedUrl"] + bound)


def endless_answer(asked, said):
    """Say more than anybody reads."""
    if asked.path == PRESIGN:
        said.body = b" " * (17 << 20)


def fewer_bytes(asked):
    """Fill up what is too short."""
    if asked.method == "PUT" and len(asked.body) == 23:
        asked.body += b"!"


def no_range(asked):
    """Never look at Range."""
    asked.headers.pop("range", None)


def whole_file_as_a_part(asked, said):
    """Answer with a part that is none."""
    if said.status == 206:
        said.body = b"x" * 188


REGION = "eu-central-1"
FAULTS = {
    "a redirect": (required.token_is_accepted, after(redirect), "is a redirect (302)"),
    "a login page": (required.token_is_accepted, status(ME, "GET", 203), "is answered with 203 in place of 200"),
    "any token is good": (
        required.other_tokens_are_refused,
        before(token_for_all),
        "without a token is answered with 200 in place of 401",
    ),
    "403 for a wrong token": (
        required.other_tokens_are_refused,
        status(PRESIGN, "POST", 403, 401),
        "without a token is answered with 403",
    ),
    "refusals for people": (required.refusals_are_json, after(refuse_in_html), "is not JSON with the texts"),
    "no key": (required.urls_are_signed, answer(PRESIGN, key=...), "has no text 'key'"),
    "a store by http": (
        urls_lead_where_clients_are,
        answer(PRESIGN, signedUrl="http://store.example.edu/a?signature=x"),
        "'signedUrl' leads to http://store.example.edu, by http",
    ),
    "a path for players": (
        required.urls_are_signed,
        answer(PRESIGN, downloadUrl="/objects/a"),
        "'downloadUrl' is not a whole web address",
    ),
    "headers in a list": (
        required.urls_are_signed,
        answer(PRESIGN, headers=["a"]),
        "'headers' is not an object of names and texts",
    ),
    "half an address": (
        required.urls_are_signed,
        answer(PRESIGN, signedUrl="/objects/a"),
        "'signedUrl' is not a whole web address",
    ),
    "a URL for a minute": (required.urls_are_signed, after(short_lived), "expires after 60 s"),
    "presigning fails": (
        required.urls_are_signed,
        status(PRESIGN, "POST", 500, 200),
        "is answered with 500 in place of 200",
    ),
    "201 for a PUT": (
        required.files_are_stored,
        status("/objects/", "PUT", 201, 200),
        "the PUT of 24 bytes is answered with 201",
    ),
    "no ETag": (required.files_are_stored, after(no_etag), "has no ETag"),
    "no empty files": (
        required.empty_files_are_stored,
        after(no_empty_files),
        "the PUT of 0 bytes is answered with 411",
    ),
    "plus is a space": (
        required.any_key_is_stored,
        before(plus_is_a_space),
        "the PUT of 16 bytes is answered with 403",
    ),
    "the first file stays": (
        required.files_are_replaced,
        after(first_come),
        "the downloadUrl gives other bytes",
    ),
    "anybody can store": (required.strangers_store_nothing, after(open_to_all), "anybody can store"),
    "store refuses in JSON": (required.strangers_store_nothing, after(refuse_in_json), "is not XML with a Code"),
    "a page for a PUT": (
        required.files_are_stored,
        after(page_for_a_put),
        "the PUT of 24 bytes is answered with a web page and an ETag that is not the file's MD5",
    ),
    "a redirect for a PUT": (
        required.files_are_stored,
        after(another_region),
        "sign for the bucket's own region (eu-central-1) and its regional host (in boto3",
    ),
    "the checksum of nothing": (
        required.urls_are_signed,
        after(checksum_of_nothing),
        "has the checksum of an empty file (x-amz-checksum-crc32=AAAAAA==), and takes no other: set requestChecksum",
    ),
    "one key for all": (
        required.keys_are_kept,
        answer(PRESIGN, key="hls-converter-check-0/the-one"),
        "two files are given the same key",
    ),
    "an endless answer": (
        required.urls_are_signed,
        after(endless_answer),
        "answers with more than 16 MB",
    ),
    "fewer bytes are taken": (
        optional.sizes_are_kept,
        before(fewer_bytes),
        "24 bytes were declared, but 23 are taken",
    ),
    "records stay": (
        optional.records_are_deleted,
        status(RECORDS, "DELETE", 404),
        "the request to delete a file record is answered with 404",
    ),
    "records have no id": (optional.records_are_deleted, answer(RECORDS, "POST", id=...), "has no 'id'"),
    "no parts of a file": (
        delivery.parts_are_read,
        before(no_range),
        "a GET with Range: bytes=10-19 is answered with 200",
    ),
    "another part of a file": (
        delivery.parts_are_read,
        after(whole_file_as_a_part),
        "a GET with Range: bytes=10-19 gives other bytes",
    ),
    "players find nothing": (
        required.players_find_files,
        status("/objects/", "GET", 404),
        "the downloadUrl is answered with 404",
    ),
    "players find other bytes": (
        required.players_find_files,
        other_bytes("played.txt"),
        "the downloadUrl gives other bytes",
    ),
    "no records": (
        required.videos_are_recorded,
        status(RECORDS, "POST", 500, 201),
        "a file record is answered with 500",
    ),
    "capabilities fail": (
        optional.capabilities_are_told,
        status(CAPABILITIES, "GET", 500),
        "/api/s3/capabilities is answered with 500",
    ),
    "no version": (optional.capabilities_are_told, answer(CAPABILITIES, version="1"), "no whole number 'version'"),
    "yes for true": (
        optional.capabilities_are_told,
        answer(CAPABILITIES, delete="yes"),
        "'delete' is neither true nor false",
    ),
    "a number for a bucket": (
        optional.capabilities_are_told,
        answer(CAPABILITIES, bucket=5),
        "'bucket' is neither a text nor null",
    ),
    "a size in words": (
        optional.capabilities_are_told,
        answer(CAPABILITIES, maxPutBytes="5 GB"),
        "'maxPutBytes' is not a number",
    ),
    "parts without limits": (
        optional.capabilities_are_told,
        answer(CAPABILITIES, multipart=True),
        "'multipart' is neither null",
    ),
    "parts below the least": (
        optional.capabilities_are_told,
        answer(CAPABILITIES, multipart={"partBytes": 1, "minPartBytes": 2, "maxParts": 3}),
        "'partBytes' is smaller than",
    ),
    "several in another order": (
        optional.several_are_signed_at_once,
        after(urls_backwards),
        "not in the order of the request",
    ),
    "one of several": (
        optional.several_are_signed_at_once,
        answer(PRESIGN_MANY, files=[]),
        "does not have 'files' with as many",
    ),
    "many in words": (
        optional.capabilities_are_told,
        answer(CAPABILITIES, presignMany="many"),
        "'presignMany' is not a number",
    ),
    "any size is taken": (optional.sizes_are_kept, after(any_size), "24 bytes were declared, but 28 are taken"),
    "full without figures": (optional.quotas_have_figures, after(full_without_figures), "lacks the figures"),
    "no digest": (
        optional.digests_are_compared,
        before(no_digest),
        "whose Content-MD5 is that of another one is taken",
    ),
    "another code": (
        optional.digests_are_compared,
        after(other_digest_code),
        "refused with InvalidDigest in place of BadDigest",
    ),
    "parts backwards": (optional.parts_make_a_file, after(parts_backwards), "the list of parts is not what was sent"),
    "an empty result": (
        optional.parts_make_a_file,
        answer(f"{MULTIPART}/complete", sizeBytes=0),
        "without its sizeBytes",
    ),
    "no upload ID": (
        optional.parts_make_a_file,
        answer(MULTIPART, "POST", uploadId=...),
        "begins without key and uploadId",
    ),
    "parts make other bytes": (optional.parts_make_a_file, other_bytes("parts.bin"), "made of parts has other bytes"),
    "uploads stay": (optional.uploads_in_parts_are_given_up, after(never_given_up), "given up is answered with 200"),
    "giving up is 200": (
        optional.uploads_in_parts_are_given_up,
        status(MULTIPART, "DELETE", 200),
        "to give an upload up is answered with 200",
    ),
    "no prefix": (optional.objects_are_listed, without("prefix"), "is not exactly what was stored under it"),
    "no limit": (optional.objects_are_listed, without("limit"), "are not the whole list"),
    "no after": (optional.objects_are_listed, without("after"), "are not the whole list"),
    "sorted as JavaScript does": (
        optional.objects_are_listed,
        after(sorted_otherwise),
        "not sorted by the UTF-8 bytes",
    ),
    "no last page": (optional.objects_are_listed, after(endless), "'next' is not null"),
    "no time": (
        optional.objects_are_found,
        answer(OBJECT, "GET", lastModified="yesterday"),
        "'lastModified' is not written as",
    ),
    "another MD5": (optional.objects_are_found, answer(OBJECT, "GET", md5="0" * 32), "'md5' is not its content's"),
    "another size": (optional.objects_are_found, answer(OBJECT, "GET", sizeBytes=1), "'sizeBytes' is not its size"),
    "an object's other bytes": (
        optional.objects_are_found,
        other_bytes("found.txt"),
        "an object's url gives other bytes",
    ),
    "nothing is missing": (
        optional.objects_are_found,
        nothing_is_missing(OBJECT),
        "an object that is not there is answered with 200",
    ),
    "nothing is deleted": (optional.objects_are_deleted, before(keep_all), "an object that was deleted is still there"),
    "another manifest": (
        optional.manifests_are_given,
        answer(MANIFEST, version=2),
        "the manifest is not the one that was stored",
    ),
    "no manifest is empty": (
        optional.manifests_are_given,
        nothing_is_missing(MANIFEST),
        "that is not there is answered with 200",
    ),
}


def header(name, value, ends=""):
    """Return an `after` that says a header of files with another value, None for not at all."""

    def change(asked, said):
        if asked.method == "GET" and asked.path.startswith("/objects/") and asked.path.endswith(ends):
            said.headers.pop(name, None)
            if value is not None:
                said.headers[name] = value

    return {"after": change}


def active_page(asked, said):
    """Serve what was sent as a page as one."""
    if asked.method == "GET" and asked.path.endswith("page.html"):
        said.headers = {"content-type": "text/html", "content-length": str(len(said.body))}


def only_with_an_origin(asked, said):
    """Allow pages of other hosts as most libraries do."""
    if "origin" not in asked.headers:
        said.headers.pop("access-control-allow-origin", None)


ADVICE = {
    "keys elsewhere": (
        required.keys_are_kept,
        after(lambda asked, said: said.change(key=f"x/{hash(asked.body)}") if asked.path == PRESIGN else None),
        "playlists lead players to where files were to be",
    ),
    "another type": (
        delivery.types_are_kept,
        header("content-type", "application/octet-stream", ".ts"),
        "seg_001.ts is served as application/octet-stream in place of video/mp2t",
    ),
    "no CORS": (
        delivery.pages_elsewhere_may_read,
        header("access-control-allow-origin", None),
        "a GET with an Origin is answered without Access-Control-Allow-Origin: *",
    ),
    "CORS only with an origin": (
        delivery.pages_elsewhere_may_read,
        after(only_with_an_origin),
        "a GET with no Origin, whose answer a cache may keep, is answered without",
    ),
    "segments that no cache keeps": (
        delivery.caches_keep_segments,
        header("cache-control", "no-cache"),
        "a segment has Cache-Control: no-cache",
    ),
    "segments without a word about caches": (
        delivery.caches_keep_segments,
        header("cache-control", None),
        "a segment has no Cache-Control",
    ),
    "playlists that caches keep": (
        delivery.caches_drop_playlists,
        header("cache-control", "max-age=86400"),
        "a playlist has Cache-Control: max-age=86400",
    ),
    "a page that runs": (delivery.uploaded_pages_do_nothing, after(active_page), "it is served as text/html"),
}


@pytest.fixture(scope="module")
def wrong(tmp_path_factory):
    """A backend that can be made wrong, for all tests below."""
    settings = BackendSettings.from_config(Config(), root=tmp_path_factory.mktemp("wrong") / "root", token=TOKEN)
    with serving_wrongly(settings) as served:
        yield served


def try_out(wrong, point, fault):
    """Try a point out at a backend with one thing wrong."""
    running, app = wrong
    with open_client(BackendApi(url=running.url, token=TOKEN)) as client:
        trial = BackendTrial(client, "tests/")
        trial.capabilities = {"presignMany": 100, "read": True, "multipart": {"minPartBytes": MIN_PART_BYTES}}
        app.before, app.after = fault.get("before", nothing), fault.get("after", nothing)
        try:
            point(trial)
        finally:
            app.before = app.after = nothing


@pytest.mark.parametrize(("point", "fault", "expected"), FAULTS.values(), ids=FAULTS)
def test_each_fault_is_found(wrong, point, fault, expected):
    """A backend with one thing wrong is told so in words that name it."""
    with pytest.raises((FaultError, UnansweredError), match=re.escape(expected)):
        try_out(wrong, point, fault)


@pytest.mark.parametrize(("point", "fault", "expected"), ADVICE.values(), ids=ADVICE)
def test_what_could_be_better_is_advice(wrong, point, fault, expected):
    """A stream plays without it, so it does not count as a fault."""
    with pytest.raises(AdviceError, match=re.escape(expected)):
        try_out(wrong, point, fault)


def test_players_follow_redirects(wrong):
    """A backend may lead players from the downloadUrl to its store, by an address that it signs."""
    running, _ = wrong

    def led_on(asked, said):
        if asked.method == "GET" and asked.path.startswith("/objects/") and "led" not in asked.query:
            said.status, said.body = 302, b""
            said.headers = {"location": f"{running.url}{quote(asked.path)}?led=on"}

    try_out(wrong, required.players_find_files, after(led_on))


def test_advice_is_a_line_and_no_fault(settings, capsys):
    """The command ends well, and says what could be better."""
    with serving_wrongly(settings, **header("cache-control", "no-cache")) as (running, _):
        status = check(BackendApi(url=running.url, token=settings.token), "tests/")
    said = capsys.readouterr().out
    assert (0, 1) == (status, said.count("advice "))
    assert "meets docs/backend-api.md" in said
