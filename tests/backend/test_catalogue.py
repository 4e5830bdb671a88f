"""backend.routes.catalogue: what is there, asked over HTTP."""

import hashlib
import re

import pytest
import requests

OBJECTS, OBJECT, MANIFEST = "/api/s3/objects", "/api/s3/object", "/api/s3/manifest"


def keys_of(answer):
    """Return the keys of a page."""
    return [entry["key"] for entry in answer.json()["objects"]]


def test_the_capabilities_are_those_of_a_whole_backend(shared):
    """Everything is there, with S3's limits; a folder has no bucket."""
    expected = {
        "version": 1,
        "bucket": None,
        "presignMany": 100,
        "declaredSize": True,
        "contentMd5": True,
        "maxPutBytes": 5_368_709_120,
        "multipart": {"partBytes": 16_777_216, "minPartBytes": 5_242_880, "maxParts": 10_000},
        "list": True,
        "read": True,
        "delete": True,
        "manifest": True,
        "deleteRecord": True,
        "viewerUrls": True,
    }
    assert expected == shared.ask("GET", "/api/s3/capabilities").json()


def test_objects_are_listed_by_their_bytes_in_pages(fresh):
    """Sorted by UTF-8, which is not UTF-16; `next` leads on, null ends; a prefix is not a folder."""
    keys = ["list/B.ts", "list/a.ts", "list/a/b.ts", "list/\uff5e.ts", "list/\U0001f600.ts", "lists.ts"]
    for key in reversed(keys):
        fresh.put(key, key.encode())
    whole = fresh.ask("GET", OBJECTS, prefix="list")
    pages, query = [], {"prefix": "list/", "limit": 2}
    while query.get("after", "") is not None:
        page = fresh.ask("GET", OBJECTS, **query)
        pages.append(keys_of(page))
        query["after"] = page.json()["next"]

    assert (keys, None) == (keys_of(whole), whole.json()["next"])
    assert [keys[:2], keys[2:4], keys[4:5]] == pages
    assert [len(key.encode()) for key in keys] == [entry["sizeBytes"] for entry in whole.json()["objects"]]


@pytest.mark.parametrize("prefix", ["nothing/", "/", "a//b", "../", ".backend/", "a\\b", "a\0b", "x" * 2000])
def test_what_no_key_can_begin_with_is_an_empty_list(fresh, prefix):
    """No error: there is nothing like it, and the backend's own files are none of anybody's."""
    fresh.put("a.ts", b"x")

    assert {"objects": [], "next": None} == fresh.ask("GET", OBJECTS, prefix=prefix).json()


def test_an_object_is_told_about_and_can_be_read(shared):
    """Size, MD5, entity tag, time, and an address that needs no token."""
    body = b"0123456789"
    shared.put("found/a b.ts", body)
    said = shared.ask("GET", OBJECT, key="found/a b.ts").json()
    md5 = hashlib.md5(body).hexdigest()

    assert ("found/a b.ts", 10, md5, md5) == (said["key"], said["sizeBytes"], said["etag"], said["md5"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", said["lastModified"])
    assert body == requests.get(said["url"], timeout=60).content


def test_a_missing_object_is_404(shared):
    """With a code and a sentence."""
    answer = shared.ask("GET", OBJECT, key="none.ts")

    assert (404, "NotFound") == (answer.status_code, answer.json()["error"])
    assert "none.ts" in answer.json()["message"]


def test_deleting_is_done_once_and_again(fresh):
    """204 both times; the object is gone and others stay."""
    for key in ("delete/a.ts", "delete/b.ts"):
        fresh.put(key, b"x")
    statuses = [fresh.ask("DELETE", OBJECT, key="delete/a.ts").status_code for _ in range(2)]

    assert ([204, 204], ["delete/b.ts"]) == (statuses, keys_of(fresh.ask("GET", OBJECTS)))


@pytest.mark.parametrize("method", ["GET", "DELETE"])
@pytest.mark.parametrize("key", ["../a", "/a", ".backend/signing-secret", "a//b", ""])
def test_keys_that_can_not_be_are_refused(fresh, method, key):
    """400, and the backend's own files stay."""
    answer = fresh.ask(method, OBJECT, key=key)

    assert (400, "InvalidKey") == (answer.status_code, answer.json()["error"])
    assert (fresh.backend.settings.root / ".backend" / "signing-secret").is_file()


@pytest.mark.parametrize("prefix", ["manifest/video/", "manifest/video"])
def test_a_manifest_comes_as_it_was_stored(shared, prefix):
    """Under its prefix, with or without the slash."""
    shared.put("manifest/video/manifest.json", b'{"files": ["\xc3\xa9"]}', "application/json")
    answer = shared.ask("GET", MANIFEST, prefix=prefix)

    assert (200, "application/json", b'{"files": ["\xc3\xa9"]}') == (
        answer.status_code,
        answer.headers["Content-Type"],
        answer.content,
    )


@pytest.mark.parametrize("prefix", ["manifest/none/", "../", "", "manifest/video/manifest.json"])
def test_no_manifest_is_404_with_a_sentence(fresh, prefix):
    """What was never uploaded has none."""
    answer = fresh.ask("GET", MANIFEST, prefix=prefix)

    assert (404, "NotFound") == (answer.status_code, answer.json()["error"])
    assert answer.json()["message"].startswith("No manifest is stored under ")
