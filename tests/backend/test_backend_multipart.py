"""backend.routes.multipart: large files in parts, asked over HTTP."""

import base64
import hashlib
import os
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
import requests

from backend.server import serve_in_thread
from storage import MIN_PART_BYTES

MULTIPART = "/api/s3/multipart"
FIRST, LAST = os.urandom(MIN_PART_BYTES), b"the end"


def begin(client, key="large/a.mp4", size=1 << 20):
    """Begin an upload in parts; return what every further question has."""
    answer = client.ask("POST", MULTIPART, {"key": key, "contentType": "video/mp4", "sizeBytes": size})
    assert (200, f"{client.url}/objects/{key}") == (answer.status_code, answer.json()["downloadUrl"])
    return {"key": answer.json()["key"], "uploadId": answer.json()["uploadId"]}


def part_url(client, upload, number, size):
    """Return a part's signed URL."""
    answer = client.ask("POST", f"{MULTIPART}/part", {**upload, "partNumber": number, "sizeBytes": size})
    assert 200 == answer.status_code, answer.text
    return answer.json()["signedUrl"]


def send(client, upload, number, body, **headers):
    """Send a part; return the answer."""
    return requests.put(part_url(client, upload, number, len(body)), data=body, headers=headers, timeout=60)


def listed(client, upload):
    """Return number, size and tag of each part."""
    return [
        (part["partNumber"], part["sizeBytes"], part["etag"])
        for part in client.ask("GET", MULTIPART, **upload).json()["parts"]
    ]


def complete(client, upload, *tags):
    """Ask for the object."""
    parts = [{"partNumber": number, "etag": tag} for number, tag in enumerate(tags, 1)]
    return client.ask("POST", f"{MULTIPART}/complete", {**upload, "parts": parts})


def md5(content):
    """Return an MD5 in hex."""
    return hashlib.md5(content).hexdigest()


@pytest.mark.parametrize("quote", ["", '"'], ids=["plain tags", "tags in quotes"])
def test_parts_become_an_object(shared, quote):
    """Parts in any order, listed by number with their MD5s, make the object."""
    upload = begin(shared, f"large/{len(quote)}.mp4")
    tags = [send(shared, upload, number, body).headers["ETag"] for number, body in ((2, LAST), (1, FIRST))]
    parts = listed(shared, upload)
    made = complete(shared, upload, *(f"{quote}{md5(body)}{quote}" for body in (FIRST, LAST)))

    assert [f'"{md5(LAST)}"', f'"{md5(FIRST)}"'] == tags
    assert [(1, len(FIRST), md5(FIRST)), (2, len(LAST), md5(LAST))] == parts
    assert (200, upload["key"], len(FIRST) + len(LAST)) == (
        made.status_code,
        made.json()["key"],
        made.json()["sizeBytes"],
    )
    fetched = shared.get(f"/objects/{upload['key']}")
    assert (FIRST + LAST, f'"{made.json()["etag"]}"') == (fetched.content, fetched.headers["ETag"])


def test_a_parts_url_takes_that_part_alone(shared):
    """Another size, number, upload or key is refused; so is the whole object under it."""
    upload, other = begin(shared, "bound/a.mp4"), begin(shared, "bound/b.mp4")
    url = part_url(shared, upload, 1, 7)
    changed = [
        url.replace("partNumber=1", "partNumber=2"),
        url.replace(upload["uploadId"], other["uploadId"]),
        url.replace("bound/a.mp4", "bound/b.mp4"),
        url.replace(f"&uploadId={upload['uploadId']}&partNumber=1", ""),
    ]
    statuses = [requests.put(url, data=LAST + b"more", timeout=60).status_code]
    statuses += [requests.put(wrong, data=LAST, timeout=60).status_code for wrong in changed]

    assert len({url, *changed}) == 5
    assert ([403] * 5, [], []) == (statuses, listed(shared, upload), listed(shared, other))


def test_a_parts_content_md5_is_checked(shared):
    """A part that arrives damaged is refused and not listed."""
    upload = begin(shared, "digest/a.mp4")
    wrong = base64.b64encode(hashlib.md5(b"else").digest()).decode()
    answer = send(shared, upload, 1, LAST, **{"Content-MD5": wrong})

    assert (400, True, []) == (answer.status_code, b"<Code>BadDigest</Code>" in answer.content, listed(shared, upload))


def test_an_upload_goes_on_after_a_restart(settings, fresh):
    """What has arrived is still there, and old URLs are still good."""
    upload = begin(fresh)
    url = part_url(fresh, upload, 2, len(LAST))
    send(fresh, upload, 1, FIRST)
    with serve_in_thread(settings) as again:
        requests.put(
            url.replace(urlsplit(url).netloc, urlsplit(again.url).netloc), data=LAST, timeout=60
        ).raise_for_status()

    assert 200 == complete(fresh, upload, md5(FIRST), md5(LAST)).status_code


def test_other_parts_than_those_stored_are_refused(shared):
    """A wrong tag, a missing part or a small one in the middle is 409, and nothing is stored."""
    upload = begin(shared, "refused/a.mp4")
    for number, body in ((1, LAST), (2, b"x")):
        send(shared, upload, number, body)
    answers = [
        complete(shared, upload, md5(b"else"), md5(b"x")),
        complete(shared, upload, md5(LAST), md5(b"x"), md5(b"x")),
        complete(shared, upload, md5(LAST), md5(b"x")),
    ]

    assert [(409, "InvalidPart")] * 3 == [(answer.status_code, answer.json()["error"]) for answer in answers]
    assert 404 == shared.get("/objects/refused/a.mp4").status_code


def test_giving_up_removes_what_has_arrived(fresh):
    """204, and again 204; then there is no such upload."""
    upload = begin(fresh)
    send(fresh, upload, 1, LAST)
    statuses = [fresh.ask("DELETE", MULTIPART, **upload).status_code for _ in range(2)]
    answers = [
        fresh.ask("GET", MULTIPART, **upload),
        fresh.ask("POST", f"{MULTIPART}/part", {**upload, "partNumber": 1, "sizeBytes": 1}),
        complete(fresh, upload, md5(LAST)),
    ]

    assert [204, 204] == statuses
    assert [(404, "NoSuchUpload")] * 3 == [(answer.status_code, answer.json()["error"]) for answer in answers]
    assert [] == list((fresh.backend.settings.root / ".parts").iterdir())


@pytest.mark.parametrize(
    ("path", "changed"),
    [
        ("", {"key": "../a"}),
        ("", {"contentType": "video"}),
        ("", {"sizeBytes": (5 << 40) + 1}),
        ("", {"sizeBytes": ...}),
        ("", {"more": 1}),
        ("/part", {"partNumber": 0}),
        ("/part", {"partNumber": 10_001}),
        ("/part", {"sizeBytes": (5 << 30) + 1}),
        ("/part", {"uploadId": ""}),
        ("/complete", {"parts": []}),
        ("/complete", {"parts": [{"partNumber": 1}]}),
    ],
    ids=str,
)
def test_other_questions_are_refused(shared, path, changed):
    """What is not as it is written is 400 with a code and a sentence."""
    whole = {
        "": {"key": "a.mp4", "contentType": "video/mp4", "sizeBytes": 1},
        "/part": {"key": "a.mp4", "uploadId": "none", "partNumber": 1, "sizeBytes": 1},
        "/complete": {"key": "a.mp4", "uploadId": "none", "parts": [{"partNumber": 1, "etag": "x"}]},
    }[path]
    content = {name: value for name, value in {**whole, **changed}.items() if value is not ...}
    answer = shared.ask("POST", MULTIPART + path, content)

    assert (400, {"error", "message"}) == (answer.status_code, set(answer.json()))


def test_the_quota_holds_for_parts(settings):
    """What does not fit is refused with figures at the beginning, and by the store when more comes than was said."""
    with serve_in_thread(replace(settings, storage=replace(settings.storage, max_size_bytes=100))) as backend:
        headers = {"Authorization": f"Bearer {settings.token}"}

        def ask(path, **content):
            return requests.post(backend.url + MULTIPART + path, json=content, headers=headers, timeout=60)

        large = ask("", key="a.mp4", contentType="video/mp4", sizeBytes=101)
        upload = ask("", key="a.mp4", contentType="video/mp4", sizeBytes=50).json()
        part = ask("/part", key="a.mp4", uploadId=upload["uploadId"], partNumber=1, sizeBytes=101)

    assert (507, 100, 101) == (large.status_code, large.json()["maxSizeBytes"], large.json()["wantedBytes"])
    assert 507 == (
        part.status_code
        if part.status_code != 200
        else requests.put(part.json()["signedUrl"], data=b"x" * 101).status_code
    )
