"""rights and token_check: each request of the interface needs its right, and its keys a prefix."""

import json

import pytest
import requests
from datasets import TRANSCRIPTS_KIND

from backend.access.named_tokens import NamedTokens
from backend.access.rights import ALL_RIGHTS, Grant, Right
from backend.server import serve_in_thread
from backend.settings import BackendSettings
from config import Config, Datasets
from server_config import ReferenceBackend

VALIDATE, PRESIGN, RECORDS = "/api/admin/auth/me", "/api/admin/content/aws/uploadUrl", "/api/admin/files"
TOKEN = "a-token-that-only-tests-know"
OWN, OTHERS = "courses/math/", "courses/art/"
ANY, ALL = "any", "all"
"""Needs no right; needs all of them and every key."""

UPLOADED = {"hls": f"{OWN}master.m3u8", "mp4": None, "transcript": None}


def presigned(key):
    """What a URL is asked for with."""
    return {"key": key, "contentType": "video/mp2t"}


def part(key):
    """What a part's URL is asked for with."""
    return {"key": key, "uploadId": "0" * 32, "partNumber": 1, "sizeBytes": 1}


def record(folder):
    """A file record of a stream in a folder."""
    return {
        "name": "Lesson",
        "type": "video",
        "language": "en",
        "s3Keys": {**UPLOADED, "hls": f"{folder}master.m3u8"},
        "metadata": {},
    }


OPERATIONS = {
    ("GET", VALIDATE): (ANY, lambda folder: {}),
    ("GET", "/api/s3/capabilities"): (ANY, lambda folder: {}),
    ("POST", PRESIGN): (Right.UPLOAD, lambda folder: {"json": presigned(f"{folder}a.ts")}),
    ("POST", "/api/s3/presign"): (Right.UPLOAD, lambda folder: {"json": {"files": [presigned(f"{folder}a.ts")]}}),
    ("POST", "/api/s3/multipart"): (
        Right.UPLOAD,
        lambda folder: {"json": {**presigned(f"{folder}a.mp4"), "sizeBytes": 1}},
    ),
    ("POST", "/api/s3/multipart/part"): (Right.UPLOAD, lambda folder: {"json": part(f"{folder}a.mp4")}),
    ("GET", "/api/s3/multipart"): (
        Right.UPLOAD,
        lambda folder: {"params": {"key": f"{folder}a.mp4", "uploadId": "0" * 32}},
    ),
    ("DELETE", "/api/s3/multipart"): (
        Right.UPLOAD,
        lambda folder: {"params": {"key": f"{folder}a.mp4", "uploadId": "0" * 32}},
    ),
    ("POST", "/api/s3/multipart/complete"): (
        Right.UPLOAD,
        lambda folder: {
            "json": {"key": f"{folder}a.mp4", "uploadId": "0" * 32, "parts": [{"partNumber": 1, "etag": "0"}]}
        },
    ),
    ("POST", RECORDS): (Right.UPLOAD, lambda folder: {"json": record(folder)}),
    ("GET", RECORDS): (Right.READ, lambda folder: {}),
    ("GET", f"{RECORDS}/{{record_id}}"): (Right.READ, lambda folder: {}),
    ("DELETE", f"{RECORDS}/{{record_id}}"): (Right.DELETE, lambda folder: {}),
    ("GET", "/api/s3/objects"): (Right.READ, lambda folder: {"params": {"prefix": folder}}),
    ("GET", "/api/s3/object"): (Right.READ, lambda folder: {"params": {"key": f"{folder}a.ts"}}),
    ("DELETE", "/api/s3/object"): (Right.DELETE, lambda folder: {"params": {"key": f"{folder}a.ts"}}),
    ("POST", "/api/s3/viewer-url"): (Right.READ, lambda folder: {"json": {"prefix": folder}}),
    ("GET", "/api/s3/manifest"): (Right.READ, lambda folder: {"params": {"prefix": folder}}),
    ("GET", "/metrics"): (Right.READ, lambda folder: {}),
    ("GET", "/api/dataset-info"): (ALL, lambda folder: {}),
    ("POST", "/api/save-to-s3"): (ALL, lambda folder: {}),
    ("GET", "/api/media/{media_id}"): (ALL, lambda folder: {}),
}
"""Every request that needs a token, its right, and how it is asked for a file of a folder."""


@pytest.fixture(scope="module")
def backend(tmp_path_factory):
    """A backend with a dataset and metrics, so that it has all the requests that there are."""
    folder = tmp_path_factory.mktemp("rights")
    dataset = TRANSCRIPTS_KIND.write(folder / "course.json")
    server = ReferenceBackend(metrics=True)
    config = Config(datasets=Datasets(path=str(dataset)), cache_dir=folder / "cache", server=server)
    with serve_in_thread(BackendSettings.from_config(config, root=folder / "root", token=TOKEN)) as running:
        yield running


@pytest.fixture(scope="module")
def token_for(backend):
    """What makes a token with some rights and prefixes, once for all that are alike."""
    tokens, made = NamedTokens(backend.settings.root), {}

    def make(rights=ALL_RIGHTS, prefixes=()):
        name = "-".join(["t", *sorted(rights), *(prefix.strip("/").replace("/", ".") for prefix in prefixes)])
        if name not in made:
            made[name] = tokens.add(name, rights=frozenset(rights), prefixes=prefixes)
        return made[name]

    return make


@pytest.fixture
def record_ids(backend):
    """By their folders the ids of two file records, which are stored again if they were deleted."""
    return {folder: ask(backend, TOKEN, "POST", RECORDS, json=record(folder)).json()["id"] for folder in (OWN, OTHERS)}


def ask(backend, token, method, path, **more):
    """Ask with a token."""
    headers = {"Authorization": f"Bearer {token}"}
    return requests.request(method, backend.url + path, headers=headers, timeout=60, **more)


def ask_operation(backend, token, operation, folder, record_ids):
    """Ask one of OPERATIONS for something in a folder."""
    method, path = operation
    filled = path.replace("{record_id}", record_ids[folder]).replace("{media_id}", "1")
    return ask(backend, token, method, filled, **OPERATIONS[operation][1](folder))


def test_no_request_is_forgotten(backend):
    """Each request of the OpenAPI document that needs a token is among those that are tried here."""
    document = requests.get(f"{backend.url}/openapi.json", timeout=60).json()
    guarded = {
        (method.upper(), path)
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if "security" in operation
    }
    assert guarded == set(OPERATIONS)
    assert {"401", "403"} <= {
        status for _, path in guarded for said in document["paths"][path].values() for status in said["responses"]
    }


@pytest.mark.parametrize("operation", OPERATIONS, ids=" ".join)
def test_a_request_needs_its_right(operation, backend, token_for, record_ids):
    """With its right alone it is answered, with all the others it is 403 with a sentence that names the right."""
    right = OPERATIONS[operation][0]
    if right is ANY:
        answers = [ask_operation(backend, token_for({one}), operation, OWN, record_ids) for one in Right]
        assert [200, 200, 200] == [answer.status_code for answer in answers]
        return
    if right is ALL:
        lacking = [ALL_RIGHTS - {one} for one in Right]
        refused = [ask_operation(backend, token_for(rights), operation, OWN, record_ids) for rights in lacking]
        refused.append(ask_operation(backend, token_for(prefixes=(OWN,)), operation, OWN, record_ids))
        words = " is limited, and this concerns everything that is stored: "
        given = ask_operation(backend, token_for(), operation, OWN, record_ids)
    else:
        refused = [ask_operation(backend, token_for(ALL_RIGHTS - {right}), operation, OWN, record_ids)]
        words = f", not {right.value}: ask whoever runs this backend for one that may."
        given = ask_operation(backend, token_for({right}), operation, OWN, record_ids)
    assert {(403, "Forbidden")} == {(answer.status_code, answer.json()["error"]) for answer in refused}
    assert all(words in answer.json()["message"] for answer in refused)
    assert given.status_code not in (401, 403)


KEYED = [
    operation
    for operation, (right, _) in OPERATIONS.items()
    if right not in (ANY, ALL) and operation not in (("GET", RECORDS), ("GET", "/metrics"))
]


@pytest.mark.parametrize("operation", KEYED, ids=" ".join)
def test_a_request_needs_a_prefix_of_the_token(operation, backend, token_for, record_ids):
    """For another's key it is 403 with a sentence that names the prefix; for one of its own it is answered."""
    token = token_for(prefixes=(OWN,))
    given = ask_operation(backend, token, operation, OWN, record_ids)
    refused = ask_operation(backend, token, operation, OTHERS, record_ids)

    assert given.status_code not in (401, 403)
    assert (403, "Forbidden") == (refused.status_code, refused.json()["error"])
    assert OWN in refused.json()["message"]


@pytest.mark.parametrize("key", ["courses/mathematics/a.ts", "courses/math", "a.ts", "courses/math/../art/a.ts"])
def test_a_prefix_is_a_folder(key, backend, token_for):
    """What only begins like it is not below it, and no way leads out of it."""
    answer = ask(backend, token_for(prefixes=(OWN,)), "POST", PRESIGN, json=presigned(key))

    assert answer.status_code in (400, 403)


def test_one_wrong_key_of_several_signs_none(backend, token_for):
    """Several URLs come, or none."""
    files = [presigned(f"{OWN}a.ts"), presigned(f"{OTHERS}a.ts")]
    answer = ask(backend, token_for(prefixes=(OWN,)), "POST", "/api/s3/presign", json={"files": files})

    assert (403, ["error", "message"]) == (answer.status_code, sorted(answer.json()))


@pytest.mark.parametrize(
    "keys",
    [
        {**UPLOADED, "mp4": f"{OTHERS}offline_480p.mp4"},
        {"hls": None, "mp4": None, "transcript": None},
    ],
    ids=["a file of another", "no file"],
)
def test_a_record_is_of_own_files_alone(keys, backend, token_for):
    """A record that names another's file, or none, is the owner's to keep."""
    answer = ask(backend, token_for(prefixes=(OWN,)), "POST", RECORDS, json={**record(OWN), "s3Keys": keys})

    assert (403, "Forbidden") == (answer.status_code, answer.json()["error"])


def listed(backend, token, prefix, **more):
    """Return the keys that are listed, asked for in pages of two, or the refusal."""
    keys, after = [], ""
    while after is not None:
        query = {"prefix": prefix, "after": after, "limit": 2, **more}
        answer = ask(backend, token, "GET", "/api/s3/objects", params=query)
        if answer.status_code != 200:
            return answer.json()["message"]
        keys += [stored["key"] for stored in answer.json()["objects"]]
        after = answer.json()["next"]
    return keys


def test_a_list_has_what_the_token_is_for(backend, token_for):
    """Above its prefixes, what is below them, in order; within one, that; beside them, 403."""
    keys = ["alone.ts", "lists/a/1.ts", "lists/a/2.ts", "lists/a/3.ts", "lists/b/1.ts", "lists/c/1.ts"]
    for key in keys:
        signed = ask(backend, TOKEN, "POST", PRESIGN, json=presigned(key)).json()["signedUrl"]
        assert 200 == requests.put(signed, b"x", headers={"Content-Type": "video/mp2t"}, timeout=60).status_code
    token = token_for(prefixes=("lists/c/", "lists/a/", "lists/a/b/"))
    own = [key for key in keys if key.startswith(("lists/a/", "lists/c/"))]

    assert [own, own, own[:3], own[1:2]] == [
        listed(backend, token, prefix) for prefix in ("", "lists/", "lists/a/", "lists/a/2")
    ]
    assert (
        "The token t-delete-read-upload-lists.c-lists.a-lists.a.b is for lists/a/ and lists/a/b/ and lists/c/, "
        "not for lists/b/: use a folder there."
    ) == listed(backend, token, "lists/b/")


@pytest.mark.parametrize("prefix", [f"{OWN}../art/", f"{OWN}./", f"./{OTHERS}", f"{OWN}/../../", f"{OWN}..", "/"])
def test_no_other_spelling_of_a_prefix_leads_out(prefix, backend, token_for):
    """Segments such as .. are no way to another's objects: nothing is listed, or the prefix is refused."""
    signed = ask(backend, TOKEN, "POST", PRESIGN, json=presigned(f"{OTHERS}hidden.ts")).json()["signedUrl"]
    assert 200 == requests.put(signed, b"x", headers={"Content-Type": "video/mp2t"}, timeout=60).status_code
    answer = ask(backend, token_for(prefixes=(OWN,)), "GET", "/api/s3/objects", params={"prefix": prefix})

    assert [] == answer.json().get("objects", [])


def test_records_are_listed_in_pages_of_own_ones(backend, token_for):
    """However others' lie between them, each page is full until the last, and each record comes once."""
    folders = [f"records/{'own' if number % 3 == 0 else 'other'}/{number}/" for number in range(9)]
    for folder in folders:
        ask(backend, TOKEN, "POST", RECORDS, json=record(folder))
    pages, after = [], None
    while not pages or after is not None:
        query = {"limit": 2} if after is None else {"limit": 2, "after": after}
        token = token_for(prefixes=("records/own/",))
        answer = ask(backend, token, "GET", RECORDS, params=query).json()
        pages.append([kept["s3Keys"]["hls"] for kept in answer["files"]])
        after = answer["next"]

    assert [f"{folder}master.m3u8" for folder in folders[::3]] == [key for page in pages for key in page]
    assert [2, 1] == [len(page) for page in pages if page]


@pytest.mark.parametrize(
    ("rights", "offered"),
    [
        ({Right.UPLOAD}, {"list": False, "read": False, "delete": False, "manifest": False}),
        ({Right.READ}, {"list": True, "read": True, "delete": False, "manifest": True}),
        ({Right.UPLOAD, Right.DELETE}, {"list": False, "read": False, "delete": True, "manifest": False}),
    ],
    ids=lambda value: "+".join(sorted(value)) if isinstance(value, set) else "",
)
def test_capabilities_are_those_of_the_token(rights, offered, backend, token_for):
    """A program does without what its token may not do."""
    said = ask(backend, token_for(rights), "GET", "/api/s3/capabilities").json()

    assert offered == {name: said[name] for name in offered}


def test_signed_urls_outlive_their_token(backend):
    """What was signed before a token is revoked is stored: an upload's last files arrive."""
    tokens = NamedTokens(backend.settings.root)
    token = tokens.add("leaving")
    signed = ask(backend, token, "POST", PRESIGN, json=presigned("leaving/a.ts")).json()["signedUrl"]
    tokens.revoke("leaving")
    answer = ask(backend, token, "POST", PRESIGN, json=presigned("leaving/b.ts"))

    assert 200 == requests.put(signed, b"x", headers={"Content-Type": "video/mp2t"}, timeout=60).status_code
    assert (401, True) == (answer.status_code, answer.json()["message"].startswith("The token leaving was revoked on "))


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [
        ("", ["a/b/", "a/ü/", "b/"]),
        ("a", ["a/b/", "a/ü/"]),
        ("a/b/", ["a/b/"]),
        ("a/b/c", ["a/b/c"]),
        ("c", []),
    ],
)
def test_where_is_listed(prefix, expected):
    """Each prefix once, none within another, sorted as their keys are."""
    grant = Grant(name="a", prefixes=("b/", "a/ü/", "a/b/c/", "a/b/"))

    assert expected == grant.listed(prefix)


def test_a_token_never_meets_the_answer(backend, token_for):
    """No refusal repeats a token."""
    token = token_for({Right.READ})
    answers = [ask(backend, token, "POST", PRESIGN, json=presigned("a.ts")), ask(backend, "wrong" * 9, "GET", VALIDATE)]

    assert [403, 401] == [answer.status_code for answer in answers]
    assert not any(secret in json.dumps(answer.json()) for answer in answers for secret in (token, "wrong" * 9))
