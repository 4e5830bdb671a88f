"""Speaking to the backend and the store."""

from __future__ import annotations

import json

import pytest
from ports import closed_port
from store_server import PAGE, TOKEN, Fault
from upload_parts import PREFIX

from config import BackendApi
from pipeline.errors import AuthenticationError, TransferError
from pipeline.transfer.http import connecting, recovery
from pipeline.transfer.http.client import BackendClient, read_timeout_s
from pipeline.transfer.http.connections import Connections
from pipeline.transfer.http.redaction import origin_of
from pipeline.transfer.http.signed import SignedUpload
from pipeline.transfer.upload.uploader import Uploader
from pipeline.transfer.upload.workers import AHEAD

ME, PRESIGN, RECORD = "/api/admin/auth/me", "/api/admin/content/aws/uploadUrl", "/api/admin/files"


def test_token_is_tested(uploader, server, cancel):
    """One GET with the token finds out whether backend and token are good."""
    uploader.test_connection(cancel)
    [asked] = server.asked(ME)
    assert ("GET", f"Bearer {TOKEN}") == (asked.method, asked.headers["Authorization"])


def test_wrong_token_is_an_authentication_error(server, cancel):
    """A refused token is said as such."""
    with pytest.raises(AuthenticationError, match="Please get a new token from the admin panel"):
        Uploader(BackendApi(url=server.url, token="wrong"), session_id=None).test_connection(cancel)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        *((Fault(status=status), f"status {status}") for status in (302, 400, 404, 405, 410, 418, 501)),
        (Fault(status=200, body=PAGE, headers={"Content-Type": "text/html"}), "a web page"),
    ],
    ids=lambda value: str(value.status) if isinstance(value, Fault) else "",
)
def test_validate_endpoint_need_not_be_there(uploader, server, cancel, fault, said):
    """A backend that does not know the question has not said no: that is a warning, and the first file shows."""
    server.api_faults[ME].append(fault)
    warning = uploader.test_connection(cancel)
    assert (True, True, 1) == (ME in warning, said in warning, len(server.asked(ME)))


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_every_success_says_that_the_token_is_good(uploader, server, cancel, status):
    """Servers differ in how they say yes."""
    server.api_faults[ME].append(Fault(status=status, body=b""))
    assert "" == uploader.test_connection(cancel)


@pytest.mark.parametrize(
    ("fault", "times", "tries", "warned"),
    [
        (Fault(status=502), 1, 2, False),
        (Fault(status=429), 2, 3, False),
        (Fault(close=True), 2, 3, False),
        (Fault(status=503), 9, 3, True),
        (Fault(close=True), 9, 3, True),
    ],
    ids=["502 once", "429 twice", "hung up twice", "always 503", "always hung up"],
)
def test_what_may_pass_is_tried_again_before_anything_is_encoded(uploader, server, cancel, fault, times, tries, warned):
    """A bad moment of the backend ends no job, a server that is there but never answers this question neither."""
    server.api_faults[ME].extend([fault] * times)
    assert (warned, tries) == (bool(uploader.test_connection(cancel)), len(server.asked(ME)))


@pytest.mark.parametrize("status", [401, 403])
def test_a_no_is_a_no(uploader, server, cancel, status):
    """It ends the job at once, before anything is encoded."""
    server.api_faults[ME].append(Fault(status=status))
    with pytest.raises(TransferError, match="Please get"):
        uploader.test_connection(cancel)
    assert 1 == len(server.asked(ME))


@pytest.mark.parametrize(
    "body",
    [{}, {"downloadUrl": None}, {"downloadUrl": ""}, {"downloadUrl": 5}],
    ids=["missing", "null", "empty", "number"],
)
def test_download_address_may_be_missing(uploader, server, folder, cancel, body):
    """Where players find a file is the backend's matter; the file is stored all the same."""
    server.answer_presign = lambda number, said: json.dumps(
        {**{n: v for n, v in said.items() if n != "downloadUrl"}, **body}
    ).encode()
    result = uploader.upload(folder, PREFIX, resume=True, cancel=cancel)
    assert (True, {""}) == (result.complete, {one.url for one in result.confirmed.values()})


def test_backend_that_is_not_there_is_named(cancel):
    """An editor reads which address was tried."""
    with closed_port() as port:
        api = BackendApi(url=f"http://127.0.0.1:{port}", token=TOKEN)
        with pytest.raises(TransferError, match=f"Cannot connect to the backend at http://127.0.0.1:{port}"):
            Uploader(api, session_id=None).test_connection(cancel)


def test_presign_sends_key_and_type_and_nothing_else(uploader, server):
    """The request is the agreed one."""
    presigned = uploader.presign("videos/a.ts", "video/mp2t")
    [asked] = server.asked(PRESIGN)
    assert {"key": "videos/a.ts", "contentType": "video/mp2t"} == json.loads(asked.body)
    assert ("application/json", f"Bearer {TOKEN}") == (asked.headers["Content-Type"], asked.headers["Authorization"])
    assert presigned.signed_url.startswith(f"{server.url}/store/videos/a.ts?")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"<html>Welcome</html>", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"", "not JSON"),
        (b"[]", "left out"),
        (b"null", "left out"),
        (b'{"key": "k", "downloadUrl": "https://x"}', "left out"),
        (b'{"key": "k", "signedUrl": 5, "downloadUrl": "https://x"}', "left out"),
        (b'{"key": "k", "signedUrl": "", "downloadUrl": "https://x"}', "left out"),
        (b'{"key": "k", "signedUrl": "ftp://x/y", "downloadUrl": "https://x"}', "upload address that can't be used"),
        (b'{"key": "k", "signedUrl": "/relative", "downloadUrl": "https://x"}', "upload address that can't be used"),
        (b'{"key": "k", "signedUrl": "https://[x", "downloadUrl": "https://x"}', "upload address that can't be used"),
        (
            b'{"key": "k", "signedUrl": "file:///etc/passwd", "downloadUrl": "https://x"}',
            "upload address that can't be used",
        ),
        (b'{"key": "k", "signedUrl": "http://store.example.com/k?X"}', "must start with https://"),
        (b'{"key": "k", "signedUrl": "http://8.8.8.8/k?X"}', "must start with https://"),
        (b'{"key": "k", "signedUrl": "https://x/\\u001b[2Jk?X"}', "upload address that can't be used"),
        (b'{"key": "k\\u001b[2J", "signedUrl": "https://x/k?X"}', "a key that no storage takes"),
        (b'{"key": "%s", "signedUrl": "https://x/k?X"}' % (b"k" * 1025), "a key that no storage takes"),
        (b'{"key": "\\ud800", "signedUrl": "https://x/k?X"}', "a key that no storage takes"),
        (b'{"key": "k", "signedUrl": "https://x/%s"}' % (b"k" * 20_000), "left out"),
        (b'{"key": "k", "signedUrl": "https://x/y", "headers": "x"}', "headers for the upload that can't be sent"),
        (
            b'{"key": "k", "signedUrl": "https://x/y", "headers": {"a b": "c"}}',
            "headers for the upload that can't be sent",
        ),
        (
            b'{"key": "k", "signedUrl": "https://x/y", "headers": {"a": "b\\r\\nHost: c"}}',
            "headers for the upload that can't be sent",
        ),
        (b'{"key": "k", "signedUrl": "https://x/y", "headers": {"a": 5}}', "headers for the upload that can't be sent"),
    ],
)
def test_malformed_answers_are_plain_sentences(uploader, server, body, said):
    """A backend that answers 200 with nonsense is named as the cause."""
    server.api_faults[PRESIGN].append(Fault(status=200, body=body))
    with pytest.raises(TransferError, match=said):
        uploader.presign("k", "video/mp2t")


@pytest.mark.parametrize(
    "given", ["https://cdn/\x1b]0;title\x07", "javascript:alert(1)", "/relative", 5, "https://x/" + "y" * 20_000]
)
def test_address_for_players_that_is_none_is_left_out(uploader, server, given):
    """It is shown at the end of an upload, where a terminal would obey what is in it."""
    server.answer_presign = lambda number, said: json.dumps({**said, "downloadUrl": given}).encode()
    assert "" == uploader.presign("k", "video/mp2t").download_url


def test_headers_of_a_signed_url(uploader, server):
    """They come as texts or as lists of them; what belongs to the connection is not theirs to say,
    and none of it shows.
    """
    given = {
        "Host": ["x"],
        "content-length": "5",
        "Cache-Control": ["no-cache", "private"],
        "x-amz-acl": "private",
        "Content-Type": "a/b",
    }
    server.answer_presign = lambda number, said: json.dumps({**said, "headers": given}).encode()
    presigned = uploader.presign("k", "video/mp2t")
    assert {"Cache-Control": "no-cache, private", "x-amz-acl": "private", "Content-Type": "a/b"} == presigned.headers
    assert "no-cache" not in repr(presigned)


@pytest.mark.parametrize("name", ["Content-Type", "content-type"])
def test_content_type_of_the_backend_counts(uploader, server, folder, cancel, name):
    """What was signed is sent, once, however it is spelled."""
    server.wanted_headers = {name: "application/octet-stream"}
    server.signature = lambda key, content_type, number: f"{key} {number}".encode().hex()
    assert uploader.upload(folder, PREFIX, resume=True, cancel=cancel).complete
    assert {"application/octet-stream"} == set(server.types.values())


SEVERAL = "/api/s3/presign"


def test_several_urls_come_with_one_request(server, backend, folder, cancel):
    """Where a backend offers it: fewer requests than files, and every file arrives."""
    server.capabilities = {"presignMany": 100}
    for number in range(60):
        (folder / "720p" / f"more_{number}.ts").write_bytes(b"%d" % number)
    result = Uploader(backend, session_id=None, delays=(), parallel=2).upload(
        folder, PREFIX, resume=True, cancel=cancel
    )
    asked = [len(json.loads(arrival.body)["files"]) for arrival in server.asked(SEVERAL)]
    assert (True, True) == (result.complete, sum(asked) > 30)
    assert AHEAD == max(asked)
    assert len(server.asked(PRESIGN)) + sum(asked) == len(server.stored)
    assert all(server.stored[PREFIX + f"720p/more_{number}.ts"] == b"%d" % number for number in range(60))


@pytest.mark.parametrize(
    "fault",
    [
        Fault(status=507),
        Fault(status=401),
        Fault(status=200, body=b'{"files": []}'),
        Fault(status=200, body=b"<html>"),
        Fault(close=True),
    ],
    ids=["full", "login", "too few", "a page", "broken off"],
)
def test_a_file_asks_by_itself_where_several_are_refused(server, backend, folder, cancel, fault):
    """What is wrong concerns one of them, and that one says so."""
    server.capabilities = {"presignMany": 100}
    for number in range(30):
        (folder / "720p" / f"more_{number}.ts").write_bytes(b"%d" % number)
    server.api_faults[SEVERAL].extend([fault] * 100)
    result = Uploader(backend, session_id=None, delays=(), parallel=2).upload(
        folder, PREFIX, resume=True, cancel=cancel
    )
    assert (True, len(server.stored)) == (result.complete, len(server.asked(PRESIGN)))


def test_signed_url_does_not_show(backend):
    """A presigned URL is a secret, also in a traceback or a debugger."""
    assert "X-Amz" not in repr(
        SignedUpload(key="k", signed_url="https://x?X-Amz-Signature=1", download_url="https://x?X-Amz=1")
    )


def test_record_is_sent_as_json(uploader, server, cancel, tmp_path):
    """The record goes out with the token, and its log names no secret."""
    uploader.create_record({"name": "Lesson"}, log_file=tmp_path / "log.txt", cancel=cancel)
    assert [{"name": "Lesson"}] == server.records
    assert TOKEN not in (tmp_path / "log.txt").read_text()
    assert "/api/admin/files" in (tmp_path / "log.txt").read_text()


def test_page_in_place_of_an_answer_is_no_record(uploader, server, cancel):
    """A site that knows one page only says 200 to everything."""
    server.api_faults[RECORD].append(Fault(status=200, body=PAGE))
    with pytest.raises(TransferError, match="not JSON"):
        uploader.create_record({"name": "Lesson"}, log_file=None, cancel=cancel)
    assert 1 == len(server.asked(RECORD))


def test_a_token_that_the_backend_repeats_is_not_cut_into_the_log(server, cancel, tmp_path):
    """Half a token is a secret too, and nothing would know it for one."""
    server.token = long = "eyJ" + "x9Qz" * 120
    said = json.dumps({"message": f"the token {long} has no such right"}).encode()
    server.api_faults[RECORD].append(Fault(status=403, body=said))
    uploader = Uploader(BackendApi(url=server.url, token=long), session_id=None, delays=())
    with pytest.raises(TransferError):
        uploader.create_record({"name": "Lesson"}, log_file=tmp_path / "log.txt", cancel=cancel)
    log = (tmp_path / "log.txt").read_text()
    assert ("the token *** has no such right" in log, "x9Qz" in log) == (True, False)


def test_record_waits_for_a_network_that_was_there(uploader, server, cancel, tmp_path, monkeypatch):
    """After an upload the backend is known to be somewhere; the record is sent once it can be reached again."""
    monkeypatch.setattr(recovery, "OFFLINE_PAUSE_S", 0.0)
    real, refused = connecting.connect, iter(range(8))

    def connect(*arguments, **more):
        if next(refused, None) is not None:
            raise OSError(101, "Network is unreachable")
        return real(*arguments, **more)

    monkeypatch.setattr(connecting, "connect", connect)
    uploader.create_record({"name": "Lesson"}, log_file=tmp_path / "log.txt", cancel=cancel)
    assert [{"name": "Lesson"}] == server.records


def test_record_is_tried_again_when_the_backend_is_busy(uploader, server, cancel):
    """A busy backend gets another chance, a broken one does not."""
    server.api_faults[RECORD].extend([Fault(status=503), Fault(status=500)])
    with pytest.raises(TransferError, match="status 500"):
        uploader.create_record({"name": "Lesson"}, log_file=None, cancel=cancel)
    assert 2 == len(server.asked(RECORD))


def test_endpoints_are_those_of_the_settings(server, cancel):
    """Addresses on the backend can be set, with or without a slash."""
    api = BackendApi(url=server.url + "/", token=TOKEN, validate_endpoint="api/admin/auth/me")
    connections = Connections(cancel)
    with connections.session() as http:
        BackendClient(api, http, lambda text: None).validate()
    assert 1 == len(server.asked(ME))


@pytest.mark.parametrize(
    ("size_mb", "expected"),
    [(0, 30.0), (9, 30.0), (10, 120.0), (99, 120.0), (100, 300.0), (5000, 300.0)],
    ids=lambda value: str(value),
)
def test_large_files_may_take_longer(size_mb, expected):
    """The store gets time by size: half a minute, two or five."""
    assert expected == read_timeout_s(size_mb << 20)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://me:pw@x.com:8/path?sig=1", "https://x.com:8"),
        ("http://[::1]:9/", "http://[::1]:9"),
        ("http://[", "an unreadable address"),
    ],
)
def test_only_the_server_of_an_address_is_shown(url, expected):
    """Neither path, query nor password."""
    assert expected == origin_of(url)


SDK = "&x-amz-checksum-crc32=AAAAAA%3D%3D&x-amz-sdk-checksum-algorithm=CRC32"


def test_signed_checksum_of_nothing_is_named_with_its_cure(uploader, server, folder, cancel):
    """SDKs sign it unless told otherwise (https://github.com/seaweedfs/seaweedfs/issues/10216):
    no further try would fare better.
    """
    server.answer_presign = lambda number, said: json.dumps({**said, "signedUrl": said["signedUrl"] + SDK}).encode()
    server.faults["a.ts"].append(Fault(status=400, code="BadDigest", message="The CRC32 you specified did not match."))
    with pytest.raises(TransferError) as caught:
        uploader.upload_file(folder / "720p/seg_001.ts", "a.ts", cancel=cancel)
    said = (
        "The backend signs the checksum of an empty file into its upload addresses (x-amz-checksum-crc32=AAAAAA==)."
        " Ask its administrator to set requestChecksumCalculation"
        " (in Python request_checksum_calculation) to WHEN_REQUIRED in its S3 library."
        " The storage says: “The CRC32 you specified did not match”."
    )
    assert (said, ["a.ts"]) == (str(caught.value), server.puts())


def test_signed_checksum_of_nothing_that_the_store_ignores_does_no_harm(uploader, server, folder, cancel):
    """As Amazon S3 does (https://github.com/ministackorg/ministack/issues/1695);
    damage on the way is still tried again.
    """
    server.answer_presign = lambda number, said: json.dumps(
        {**said, "signedUrl": said["signedUrl"] + SDK.rpartition("&x")[0]}
    ).encode()
    uploader.upload_file(folder / "720p/seg_001.ts", "a.ts", cancel=cancel)
    server.answer_presign = lambda number, said: json.dumps(
        {**said, "signedUrl": f"{said['signedUrl']}&{SDK.split('&')[2]}"}
    ).encode()
    server.faults["b.ts"].append(Fault(status=400, code="BadDigest"))
    uploader.upload_file(folder / "720p/seg_001.ts", "b.ts", cancel=cancel)
    assert ["a.ts", "b.ts", "b.ts"] == server.puts()


def test_expired_credentials_of_the_backend_are_asked_for_again_then_named(uploader, server, folder, cancel):
    """The backend may have new ones by now; the editor's clock has nothing to do with it."""
    fault = Fault(status=403, code="ExpiredToken", message="The provided token has expired.")
    server.faults["a.ts"].extend([fault] * 9)
    with pytest.raises(TransferError) as caught:
        uploader.upload_file(folder / "720p/seg_001.ts", "a.ts", cancel=cancel)
    said = "The credentials with which the backend signs have expired or are wrong. Ask its administrator."
    assert f"{said} The storage says: “The provided token has expired”." == str(caught.value)
    assert 4 == len(server.puts())


@pytest.mark.parametrize("status", [400, 404, 422])
def test_session_that_does_not_exist_is_named(uploader, server, cancel, status):
    """Whatever status a backend gives it, its words tell."""
    server.api_faults[RECORD].append(
        Fault(status=status, body=b'{"error": "NotFound", "message": "Session 65 does not exist"}')
    )
    with pytest.raises(TransferError) as caught:
        uploader.create_record({"sessionId": "65"}, log_file=None, cancel=cancel)
    said = (
        "Session ID not found. Verify the session exists in the admin panel. "
        "The backend says: “Session 65 does not exist”."
    )
    assert said == str(caught.value)
