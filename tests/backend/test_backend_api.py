"""backend.routes.api: the three questions of the uploader, asked over HTTP."""

import http.client
import json
import time
import uuid
from dataclasses import replace
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
import requests

from backend.server import serve_in_thread
from config import BackendApi

VALIDATE, PRESIGN, RECORDS = "/api/admin/auth/me", "/api/admin/content/aws/uploadUrl", "/api/admin/files"
RECORD = {
    "name": "Lesson 01 – Introduction",
    "type": "video",
    "language": "en",
    "parentFolder": "folder",
    "sessionId": "0123456789abcdef01234567",
    "s3Keys": {
        "hls": "videos/a/master.m3u8",
        "mp4": "videos/a/offline_480p.mp4",
        "transcript": "videos/a/transcript.srt",
    },
    "metadata": {"duration": 12.5, "qualities": ["720p", "480p"]},
}


@pytest.mark.parametrize(
    "header",
    [
        pytest.param(None, id="none"),
        pytest.param("", id="empty"),
        pytest.param("Bearer", id="no token"),
        pytest.param("Bearer wrong", id="wrong token"),
        pytest.param("Bearer a-token-that-only-tests-kno", id="token cut short"),
        pytest.param("Basic a-token-that-only-tests-know", id="other scheme"),
        pytest.param("Bearer \xfc", id="not ASCII"),
    ],
)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", VALIDATE),
        ("POST", PRESIGN),
        ("POST", RECORDS),
        ("GET", RECORDS),
        ("GET", f"{RECORDS}/none"),
        ("DELETE", f"{RECORDS}/none"),
        ("GET", "/api/s3/capabilities"),
        ("GET", "/api/s3/objects"),
        ("DELETE", "/api/s3/object?key=a"),
        ("POST", "/api/s3/multipart"),
    ],
)
def test_the_api_needs_the_token(shared, method, path, header):
    """Without the right token every question is answered with 401 and a sentence."""
    headers = {} if header is None else {"Authorization": header.encode("latin-1")}
    answer = requests.request(method, shared.url + path, headers=headers, json={}, timeout=60)

    assert (401, "Bearer") == (answer.status_code, answer.headers["WWW-Authenticate"])
    assert {"error", "message"} == set(answer.json())


def test_a_good_token_is_valid(shared):
    """The right token gets 200 and JSON."""
    answer = shared.get(VALIDATE, headers=shared.headers)

    assert (200, {"valid": True}) == (answer.status_code, answer.json())


def test_presign_answers_with_the_contract_fields(shared):
    """A signed URL comes with exactly key, signedUrl and downloadUrl, on this backend, good for 15 minutes."""
    answer = shared.presign("videos/a.ts")
    signed = urlsplit(answer["signedUrl"])
    remaining_s = int(parse_qs(signed.query)["expires"][0]) - time.time()

    assert {"key", "signedUrl", "downloadUrl"} == set(answer)
    assert ("videos/a.ts", f"{shared.url}/objects/videos/a.ts") == (answer["key"], answer["downloadUrl"])
    assert answer["downloadUrl"] == answer["signedUrl"].partition("?")[0]
    assert 880 < remaining_s <= 900


def test_several_urls_come_in_their_order_or_not_at_all(shared):
    """Each takes its own file; one that can't be signed refuses all, as do too many."""
    files = [{"key": f"several/{name}.ts", "contentType": "video/mp2t", "sizeBytes": 1} for name in "cab"]
    given = shared.ask("POST", "/api/s3/presign", json={"files": files}).json()["files"]

    assert [file["key"] for file in files] == [one["key"] for one in given]
    for name, one in zip("cab", given, strict=True):
        assert (
            200
            == requests.put(
                one["signedUrl"], name.encode(), headers={"Content-Type": "video/mp2t"}, timeout=60
            ).status_code
        )
        assert name.encode() == shared.get(f"/objects/several/{name}.ts").content
    wrong = [{"files": [*files, {**files[0], "key": "../a"}]}, {"files": files * 34}, {"files": []}]
    assert [400] * 3 == [shared.ask("POST", "/api/s3/presign", json=body).status_code for body in wrong]


@pytest.mark.parametrize("key", ["a b+c&d#e%f?g.ts", "видео/日本 語.ts", "%2e%2e/a", "a=b;c,d'e\"f~(g)[h]@!$*"])
def test_presign_quotes_keys(shared, key):
    """Signs that mean something in a URL arrive as part of the key."""
    answer = shared.presign(key)

    assert key == answer["key"]
    assert f"/objects/{key}" == unquote(urlsplit(answer["downloadUrl"]).path)


@pytest.mark.parametrize(
    "key",
    [
        "",
        "/a",
        "a//b",
        "a/",
        "../a",
        "a/../b",
        "a/./b",
        "a\\b",
        "a\nb",
        "a\0b",
        "C:/a",
        ".backend/signing-secret",
        ".incoming/a",
        "x" * 1025,
        5,
        None,
    ],
    ids=repr,
)
def test_presign_refuses_bad_keys(shared, key):
    """A key that breaks the rules gets 400 with a code and a sentence."""
    answer = requests.post(
        shared.url + PRESIGN, json={"key": key, "contentType": "video/mp2t"}, headers=shared.headers, timeout=60
    )

    assert 400 == answer.status_code
    assert {"error", "message"} == set(answer.json())


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"{", id="broken"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b'{"key": "a"}', id="no contentType"),
        pytest.param(b'{"key": "a", "contentType": ""}', id="empty contentType"),
        pytest.param(b'{"key": "a", "contentType": "video/mp2t\\nx: y"}', id="line break in contentType"),
        pytest.param(b'{"key": "a", "contentType": "video/mp2t", "acl": "public"}', id="unknown field"),
    ],
)
def test_presign_refuses_other_bodies(shared, body):
    """Anything but the two fields of the contract gets 400."""
    answer = requests.post(shared.url + PRESIGN, data=body, headers=shared.headers, timeout=60)

    assert 400 == answer.status_code
    assert {"error", "message"} == set(answer.json())


@pytest.mark.parametrize("name", ["n" * 256, "é" * 128, "a/" + "n" * 256 + "/b.ts"])
def test_a_name_that_the_disk_does_not_take_is_never_signed(shared, name):
    """Nobody sends a file only to hear that its name is too long."""
    wanted = {"key": name, "contentType": "video/mp2t"}
    answers = [
        shared.ask("POST", PRESIGN, json=wanted),
        shared.ask("POST", "/api/s3/presign", json={"files": [wanted]}),
        shared.ask("POST", "/api/s3/multipart", json={**wanted, "sizeBytes": 5}),
    ]

    assert [(400, "InvalidKey")] * 3 == [(answer.status_code, answer.json()["error"]) for answer in answers]
    assert "has 256 bytes, and names on this disk 255 at most" in answers[0].json()["message"]


@pytest.mark.parametrize("name", ["n" * 255, "é" * 127 + "n"])
def test_the_longest_name_is_stored(shared, name):
    """A name of 255 bytes, as most disks take."""
    assert 200 == shared.put(f"longest/{name}", b"x").status_code


def test_a_declared_size_is_signed(fresh):
    """With sizeBytes the URL takes exactly so many bytes."""
    asked = {"key": "sized.ts", "contentType": "video/mp2t", "sizeBytes": 5}
    url = fresh.ask("POST", PRESIGN, asked).json()["signedUrl"]
    statuses = [
        requests.put(url, data=body, headers={"Content-Type": "video/mp2t"}, timeout=60).status_code
        for body in (b"four", b"sixsix", b"", b"right")
    ]

    assert ([403, 403, 403, 200], b"right") == (statuses, fresh.get("/objects/sized.ts").content)


@pytest.mark.parametrize(
    ("size", "status"),
    [
        (0, 200),
        (5 << 30, 200),
        (5.0, 200),
        (None, 200),
        ((5 << 30) + 1, 400),
        (-1, 400),
        (1.5, 400),
        ("5", 400),
        (True, 400),
    ],
    ids=repr,
)
def test_a_declared_size_is_a_whole_number(shared, size, status):
    """Up to what one PUT takes; null declares nothing."""
    assert (
        status
        == shared.ask("POST", PRESIGN, {"key": "a.ts", "contentType": "video/mp2t", "sizeBytes": size}).status_code
    )


def test_a_declared_size_that_does_not_fit_is_507_with_figures(settings):
    """The quota is told when a URL is asked for, before anything is sent."""
    headers = {"Authorization": f"Bearer {settings.token}"}
    with serve_in_thread(replace(settings, storage=replace(settings.storage, max_size_bytes=100))) as backend:
        answers = [
            requests.post(
                backend.url + PRESIGN,
                json={"key": "a.ts", "contentType": "video/mp2t", "sizeBytes": size},
                headers=headers,
                timeout=60,
            )
            for size in (100, 101)
        ]

    said = answers[1].json()
    assert ([200, 507], "QuotaExceeded") == ([answer.status_code for answer in answers], said["error"])
    assert (100, 0, 101) == (said["maxSizeBytes"], said["usedBytes"], said["wantedBytes"])
    assert said["message"].startswith("The storage may hold 100 bytes")


def test_a_full_folder_is_507_and_named(settings):
    """A quota for a folder refuses what goes there, and says which folder is full; nothing else is held up."""
    storage = replace(settings.storage, prefix_quotas={"math/": 100})
    headers = {"Authorization": f"Bearer {settings.token}"}
    with serve_in_thread(replace(settings, storage=storage)) as backend:
        answers = [
            requests.post(
                backend.url + PRESIGN,
                json={"key": key, "contentType": "video/mp2t", "sizeBytes": 101},
                headers=headers,
                timeout=60,
            )
            for key in ("art/a.ts", "math/a.ts")
        ]

    said = answers[1].json()
    assert ([200, 507], "QuotaExceeded") == ([answer.status_code for answer in answers], said["error"])
    assert ("math/", 100, 101) == (said["prefix"], said["maxSizeBytes"], said["wantedBytes"])
    assert said["message"].startswith("The folder math/ may hold 100 bytes")


def test_a_huge_question_is_refused(shared):
    """A request of more than a megabyte is not collected in memory."""
    answer = requests.post(shared.url + PRESIGN, data=b" " * (2 << 20), headers=shared.headers, timeout=60)

    assert (413, "TooLarge") == (answer.status_code, answer.json()["error"])


def test_a_public_address_is_the_base_of_downloads(settings):
    """With PUBLIC_BASE_URL viewers are sent there, while uploads still come here."""
    with serve_in_thread(replace(settings, public_base_url="https://cdn.example.com/media")) as backend:
        headers = {"Authorization": f"Bearer {settings.token}"}
        answer = requests.post(
            backend.url + PRESIGN, json={"key": "a b.ts", "contentType": "video/mp2t"}, headers=headers, timeout=60
        ).json()

    assert "https://cdn.example.com/media/objects/a%20b.ts" == answer["downloadUrl"]
    assert answer["signedUrl"].startswith(f"{backend.url}/objects/a%20b.ts?")


def test_the_paths_are_configurable(settings):
    """The backend listens where the uploader is told to ask."""
    endpoints = BackendApi(validate_endpoint="/me", presign_endpoint="sign", record_endpoint="/notes")
    headers = {"Authorization": f"Bearer {settings.token}"}
    with serve_in_thread(replace(settings, endpoints=endpoints)) as backend:
        statuses = [
            requests.get(f"{backend.url}/me", headers=headers, timeout=60).status_code,
            requests.post(
                f"{backend.url}/sign", json={"key": "a", "contentType": "a/b"}, headers=headers, timeout=60
            ).status_code,
            requests.post(f"{backend.url}/notes", json=RECORD, headers=headers, timeout=60).status_code,
            requests.get(backend.url + VALIDATE, headers=headers, timeout=60).status_code,
        ]

    assert [200, 200, 201, 404] == statuses


def test_records_are_kept_over_a_restart(settings):
    """A file record is listed with all its fields, by the next server too."""
    headers = {"Authorization": f"Bearer {settings.token}"}
    with serve_in_thread(settings) as backend:
        added = requests.post(backend.url + RECORDS, json=RECORD, headers=headers, timeout=60)
    with serve_in_thread(settings) as backend:
        listed = requests.get(backend.url + RECORDS, headers=headers, timeout=60)

    assert 201 == added.status_code
    assert {"files": [added.json()], "next": None, "skipped": []} == listed.json()
    assert RECORD == {name: value for name, value in added.json().items() if name not in ("id", "createdAt")}


def test_a_video_that_is_published_again_keeps_its_record(fresh):
    """Its fields are those of the last request, and it is listed once."""
    first = fresh.ask("POST", RECORDS, RECORD)
    again = fresh.ask("POST", RECORDS, {**RECORD, "metadata": {"duration": 13.5, "qualities": ["720p"]}})

    assert (201, 200) == (first.status_code, again.status_code)
    assert {**first.json(), "metadata": {"duration": 13.5, "qualities": ["720p"]}} == again.json()
    assert {"files": [again.json()], "next": None, "skipped": []} == fresh.ask("GET", RECORDS).json()


def test_a_record_whose_answer_was_lost_is_not_doubled(fresh):
    """The client hangs up before it hears anything, and sends the same once more."""
    client = http.client.HTTPConnection(urlsplit(fresh.url).netloc, timeout=60)
    client.request(
        "POST", RECORDS, body=json.dumps(RECORD), headers={**fresh.headers, "Content-Type": "application/json"}
    )
    client.close()
    kept = next(files for _ in range(1000) if (files := fresh.ask("GET", RECORDS).json()["files"]))
    again = fresh.ask("POST", RECORDS, RECORD)

    assert (200, kept) == (again.status_code, fresh.ask("GET", RECORDS).json()["files"])


def test_records_come_in_pages(fresh):
    """A page ends where `limit` says, and `next` leads on to the last."""
    ids = [
        fresh.ask("POST", RECORDS, {**RECORD, "s3Keys": {"hls": f"{number}/master.m3u8"}}).json()["id"]
        for number in range(3)
    ]
    first = fresh.ask("GET", RECORDS, limit=2).json()
    second = fresh.ask("GET", RECORDS, limit=2, after=first["next"]).json()

    by_id = fresh.ask("GET", RECORDS, after=ids[0]).json()

    assert ids[:2] == [record["id"] for record in first["files"]]
    assert (ids[2:], None) == ([record["id"] for record in second["files"]], second["next"])
    assert ids[1:] == [record["id"] for record in by_id["files"]]


@pytest.mark.parametrize(
    ("query", "status"), [({"limit": 0}, 400), ({"limit": 1001}, 400), ({"limit": "x"}, 400), ({"after": "x"}, 404)]
)
def test_a_page_of_nothing_is_refused(shared, query, status):
    """What can't be meant gets a code and a sentence."""
    answer = shared.ask("GET", RECORDS, **query)

    assert (status, {"error", "message"}) == (answer.status_code, set(answer.json()))


def test_one_record_is_given_by_its_id(shared):
    """The answer is what was kept; an id that nobody has is 404."""
    kept = shared.ask("POST", RECORDS, RECORD).json()
    missing = shared.ask("GET", f"{RECORDS}/none")

    assert kept == shared.ask("GET", f"{RECORDS}/{kept['id']}").json()
    assert (404, "NotFound") == (missing.status_code, missing.json()["error"])


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        pytest.param({"sessionId": None, "parentFolder": None}, 201, id="optional fields null"),
        pytest.param({"s3Keys": {"hls": "a/master.m3u8", "mp4": None, "transcript": None}}, 201, id="stream only"),
        pytest.param({"metadata": {"duration": 3600, "qualities": []}}, 201, id="whole seconds"),
        pytest.param({"metadata": {**RECORD["metadata"], "course": {"term": 2}}}, 201, id="more metadata"),
        pytest.param({"name": ""}, 400, id="no name"),
        pytest.param({"s3Keys": {"hls": None, "mp4": "a/offline_480p.mp4"}}, 201, id="MP4 only"),
        pytest.param({"s3Keys": {}}, 400, id="no word of a stream"),
        pytest.param({"metadata": {"duration": "long"}}, 400, id="duration in words"),
        pytest.param({"extra": 1}, 400, id="unknown field"),
    ],
)
def test_records_have_the_contract_fields(shared, changes, status):
    """Records with the contract's fields are taken, others are refused."""
    own = {"hls": f"{uuid.uuid4().hex}/master.m3u8"}
    answer = requests.post(
        shared.url + RECORDS, json={**RECORD, "s3Keys": own, **changes}, headers=shared.headers, timeout=60
    )

    assert status == answer.status_code


def test_metadata_are_kept_as_they_come(shared):
    """What a script knows besides duration and qualities is not lost."""
    metadata = {"duration": 12.5, "qualities": ["720p"], "course": {"term": 2, "room": None}, "tags": ["ä", 1.5]}
    kept = shared.ask("POST", RECORDS, {**RECORD, "metadata": metadata}).json()

    assert metadata == shared.ask("GET", f"{RECORDS}/{kept['id']}").json()["metadata"]


def test_a_wrong_method_is_told_the_right_ones(shared):
    """405 names every method of the path, also where several routes share it."""
    answer = shared.ask("PATCH", RECORDS)

    assert (405, "GET, POST", "Refused") == (answer.status_code, answer.headers["Allow"], answer.json()["error"])


def test_an_unknown_path_is_json_too(shared):
    """A wrong address gets an answer that a program can read."""
    answer = shared.get("/api/nothing")

    assert (404, "NotFound") == (answer.status_code, answer.json()["error"])
