"""The log of requests: what a line says, and what it never says."""

import json

import pytest
import requests
from backend_process import TOKEN, running_backend

from backend.access.named_tokens import NamedTokens
from backend.serving.request_ids import request_id
from backend.serving.request_log import RequestLine, RequestLog, bounded, keys_in

LINE = RequestLine(
    time_s=1_800_000_000.25,
    address="192.0.2.7",
    token="worker-1",
    method="PUT",
    path="/objects/a b/1.ts",
    keys=(),
    status=200,
    in_bytes=5,
    out_bytes=0,
    duration_s=0.0123,
    request_id="0" * 32,
)
SECRET = "9" * 64


def with_path(path, **others):
    """Return a line about another path."""
    return RequestLine(**{**vars(LINE), "path": path, **others})


def test_a_line_as_text():
    """Words with a space between, none of which has one itself."""
    keys = ("a b", "c")
    expected = (
        "2027-01-15T08:00:00.250Z 192.0.2.7 worker-1 PUT /objects/a%20b/1.ts 200 in=5 out=0 ms=12.3 "
        f"id={'0' * 32} key=a%20b key=c"
    )
    assert expected == RequestLog("text", ()).line(with_path(LINE.path, keys=keys))
    assert " - GET " in RequestLog("text", ()).line(with_path("/", token="", method="GET"))


def test_a_line_as_json():
    """One object with a name for each."""
    assert {
        "time": "2027-01-15T08:00:00.250Z",
        "address": "192.0.2.7",
        "token": "worker-1",
        "method": "PUT",
        "path": "/objects/a b/1.ts",
        "keys": [],
        "status": 200,
        "in_bytes": 5,
        "out_bytes": 0,
        "duration_ms": 12.3,
        "request_id": "0" * 32,
    } == json.loads(RequestLog("json", ()).line(LINE))


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize("odd", ["\r\nfake", "\x1b[2J", "\u2028", "\x00", "\x85", "\x7f", "é\ud800"])
def test_nothing_begins_a_line_of_its_own(form, odd):
    """Whatever a path, a key, a method or an address holds, the line is printable ASCII, one line."""
    written = RequestLog(form, ()).line(
        with_path(f"/objects/{odd}", keys=(odd,), method=f"G{odd}", address=odd, token=odd)
    )
    assert written.isascii()
    assert written.isprintable()


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize(
    "path",
    [
        f"/objects/{TOKEN}/a.ts",
        f"/objects/a.ts?signature={SECRET}",
        f"/objects/a.ts%3Fsignature%3D{SECRET}",
        f"/objects/{SECRET}",
        "/objects/" + TOKEN.replace("-", "%2D"),
    ],
    ids=["token", "query in the path", "escaped twice", "signature as a key", "escaped token"],
)
def test_a_secret_in_a_path_is_left_out(form, path):
    """Also where somebody put it into the wrong place."""
    written = RequestLog(form, (TOKEN,)).line(with_path(path, keys=(path,)))

    assert "***" in written or "%2A%2A%2A" in written
    assert TOKEN not in written
    assert SECRET not in written


def test_names_are_no_secrets():
    """What people call their folders is written as it is."""
    for name in ("introduction-to-linear-algebra-lecture-number-12", "Introduction-To-Algorithms-2024-Fall", "a=1&b"):
        assert name in json.loads(RequestLog("json", ()).line(with_path(f"/objects/{name}")))["path"]


def test_a_token_of_ours_is_shortened():
    """A named client's token is not known in clear, but looks like one."""
    made = "AbC" + "d1_-" * 10
    assert "/objects/AbCd***/x" == json.loads(RequestLog("json", ()).line(with_path(f"/objects/{made}/x")))["path"]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/s/abcdefgh/videos/1/master.m3u8", "/s/abcd***/videos/1/master.m3u8"),
        ("/media/x/s/abcdefgh", "/media/x/s/abcd***"),
        ("/objects/s/abcdefgh/s/1.ts", "/objects/s/abcdefgh/s/1.ts"),
    ],
)
def test_a_viewers_address_is_shortened(path, expected):
    """Who reads the log gets no stream that is unlisted or private."""
    assert f" {expected} " in RequestLog("text", ()).line(with_path(path))


def test_a_query_gives_its_key_alone():
    """Keys and prefixes, nothing else."""
    assert ("a b",) == keys_in(b"expires=1&key=a%20b&signature=x")
    assert ("videos/",) == keys_in(b"prefix=videos/")
    assert () == keys_in(b"signature=key")


def test_a_line_has_an_end():
    """Of many keys twenty are named, and how many more there were."""
    assert (*(str(number) for number in range(20)), "and 5 more") == bounded([str(number) for number in range(25)])


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (b"0123456789abcdef0123456789abcdef", True),
        (b"0b7fbb1c-6a0f-4ad5-9d3b-0d3f3b1e3c11", True),
        (b"x" * 32, False),
        (b"", False),
        (b"0123456789abcdef0123456789abcdef0", False),
        (b"a\x1b[2J", False),
        (None, False),
    ],
)
def test_an_id_is_kept_where_it_has_a_usual_form(given, kept):
    """What a proxy makes stays the same; anything else gets a new one."""
    found = request_id(given)
    assert kept == (given == found.encode())
    assert found.isascii()
    assert len(found) in (32, 36)


@pytest.mark.parametrize("form", ["text", "json"])
def test_the_command_writes_a_line_for_each_request_and_no_secret(tmp_path, form):
    """A real backend: tokens and signatures go everywhere that a request has, and none comes out of its log."""
    with running_backend(tmp_path / "root", BACKEND_LOG_FORMAT=form) as backend:
        signed = backend.signed_url("a b/1.ts")
        stored = requests.put(signed, b"12345", headers={"Content-Type": "video/mp2t"}, timeout=60)
        named = NamedTokens(tmp_path / "root").add("worker-1")
        secrets = [TOKEN, named, signed.partition("signature=")[2]]
        for secret in secrets:
            for path in (f"/{secret}", f"/objects/{secret}", f"/watch/{secret}/", f"/api/s3/objects?prefix={secret}"):
                backend.ask("GET", path, headers={"X-Request-ID": secret, "X-Forwarded-For": secret, "Host": secret})
                backend.ask(secret[:16], f"{path}%3Ftoken={secret}")
            backend.ask("GET", f"/?token={secret}", headers={"Authorization": f"Basic {secret}"})
        backend.ask("GET", "/live")
        last = backend.ask(
            "GET", "/api/admin/auth/me", headers={"X-Request-ID": "f" * 32, "X-Forwarded-For": "198.51.100.7"}
        )
        backend.ask("GET", "/api/admin/auth/me?key=x", headers={"Authorization": f"Bearer {named}"})
        by_client = backend.logged(lambda line: "worker-1" in line)
        known = backend.logged(lambda line: "f" * 32 in line)
        log = list(backend.log)

    put = next(line for line in log if stored.headers["X-Request-ID"] in line)
    assert "f" * 32 == last.headers["X-Request-ID"]
    assert [] == [line for line in log if any(secret in line for secret in secrets)]
    assert not any("/live" in line for line in log)
    assert "/api/admin/auth/me" in by_client
    assert ["198.51.100.7", "AUTH_TOKEN"] == [word for word in ("198.51.100.7", "AUTH_TOKEN") if word in known]
    if form == "json":
        lines = [json.loads(line) for line in log]
        assert {"/objects/a b/1.ts"} == {line["path"] for line in lines if line["method"] == "PUT"}
        said = json.loads(put)
        assert (200, 5, 0, "127.0.0.1") == (said["status"], said["in_bytes"], said["out_bytes"], said["address"])
        assert ["a b/1.ts"] == next(line["keys"] for line in lines if line["path"].endswith("uploadUrl"))
    else:
        assert " PUT /objects/a%20b/1.ts 200 in=5 out=0 " in put
        assert any(line.rstrip().endswith(" key=a%20b/1.ts") for line in log)
