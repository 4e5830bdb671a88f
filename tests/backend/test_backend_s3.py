"""The reference backend over a real S3 server: by the settings alone, with the same answers."""

import os
from contextlib import closing
from dataclasses import replace
from urllib.parse import urlsplit

import boto3
import pytest
import requests
from silent_proxy import running_silent_proxy

from backend.access.stream_rules import StreamRules, Visibility
from backend.conformance.check import PointResult, check_backend
from backend.server import serve_in_thread
from backend.settings import BackendSettings
from config import BackendApi, Config
from pipeline.cancel import CancelToken
from pipeline.errors import SettingsError
from pipeline.transfer.http.cache_control import IMMUTABLE, PLAYLIST, REPLACEABLE, SEGMENT
from pipeline.transfer.upload.uploader import Uploader
from server_config import ReferenceBackend, S3Storage
from storage import MIN_PART_BYTES, AccessDeniedError

TOKEN = "a-token-that-only-tests-know"
PRESIGN = "/api/admin/content/aws/uploadUrl"


def configured(place, root, **changed):
    """Return the settings that the environment makes for this bucket."""
    values = {
        "bucket": place.bucket,
        "prefix": place.prefix,
        "region": place.region,
        "access_key_id": place.access_key_id,
        "secret_access_key": place.secret_access_key,
        "endpoint_url": place.endpoint_url,
    }
    server = ReferenceBackend(token=TOKEN, storage_type="S3", local_path=root, s3=S3Storage(**{**values, **changed}))
    return BackendSettings.from_config(Config(server=server))


@pytest.fixture(scope="module")
def over_s3(s3_bucket, tmp_path_factory):
    """A running backend over a bucket of the S3 server."""
    settings = configured(replace(s3_bucket, prefix="tests/backend"), tmp_path_factory.mktemp("backend-s3"))
    with serve_in_thread(settings) as backend:
        yield backend


def ask(backend, method, path, json=None, **query):
    """Ask the API with the token."""
    headers = {"Authorization": f"Bearer {TOKEN}"}
    return requests.request(method, backend.url + path, json=json, params=query, headers=headers, timeout=60)


def store(backend, key, body, content_type="video/mp2t", **more):
    """Store an object through a signed URL; return the URL and the answer."""
    said = ask(backend, "POST", PRESIGN, {"key": key, "contentType": content_type, **more}).json()
    headers = {"Content-Type": content_type, **said["headers"]}
    return said["signedUrl"], requests.put(said["signedUrl"], data=body, headers=headers, timeout=60)


def test_it_is_as_it_is_written(over_s3):
    """Every point of the interface is good over S3, too, and nothing stays."""
    lines = list(check_backend(BackendApi(url=over_s3.url, token=TOKEN), "check/"))

    assert [PointResult.GOOD] * 32 == [line.result for line in lines], [line.text for line in lines]
    assert [] == ask(over_s3, "GET", "/api/s3/objects", prefix="check/").json()["objects"]


def test_files_go_straight_to_the_store(over_s3, s3_bucket):
    """The signed URL is the store's own; the download URL is the backend's, which the bucket need not be open for."""
    url, stored = store(over_s3, "straight/a.ts", b"0123456789", sizeBytes=10)
    said = ask(over_s3, "GET", "/api/s3/capabilities").json()

    assert (urlsplit(s3_bucket.endpoint_url).netloc, 200) == (urlsplit(url).netloc, stored.status_code)
    assert s3_bucket.bucket == said["bucket"]
    assert 403 == requests.get(url.partition("?")[0], timeout=60).status_code
    assert b"0123456789" == requests.get(f"{over_s3.url}/objects/straight/a.ts", timeout=60).content


@pytest.mark.parametrize(
    ("headers", "status", "body", "content_range"),
    [
        ({}, 200, b"0123456789", None),
        ({"Range": "bytes=2-4"}, 206, b"234", "bytes 2-4/10"),
        ({"Range": "bytes=-3"}, 206, b"789", "bytes 7-9/10"),
        ({"Range": "bytes=10-"}, 416, None, "bytes */10"),
    ],
    ids=["whole", "a part", "the end", "behind the end"],
)
def test_a_private_object_is_played_in_ranges(over_s3, headers, status, body, content_range):
    """Players get what they ask for, of the right type, though nobody but the backend may read the bucket."""
    store(over_s3, "range/a.mp4", b"0123456789", "video/mp4")
    answer = requests.get(f"{over_s3.url}/objects/range/a.mp4", headers=headers, timeout=60)
    again = requests.get(
        f"{over_s3.url}/objects/range/a.mp4", headers={"If-None-Match": answer.headers.get("ETag", "x")}, timeout=60
    )

    assert (status, content_range) == (answer.status_code, answer.headers.get("Content-Range"))
    if body is not None:
        assert (body, "video/mp4", 304) == (answer.content, answer.headers["Content-Type"], again.status_code)


def test_a_large_private_object_comes_whole(over_s3):
    """Many blocks, none kept for long."""
    body = os.urandom(9 << 20)
    store(over_s3, "large/a.mp4", body, "video/mp4")

    assert body == requests.get(f"{over_s3.url}/objects/large/a.mp4", timeout=60).content


def test_the_player_page_plays_from_s3(over_s3):
    """The list and the player page know what lies in the bucket."""
    store(over_s3, "watch/lesson/master.m3u8", b"#EXTM3U\n", "application/vnd.apple.mpegurl")
    store(over_s3, "watch/lesson/poster.jpg", b"x", "image/jpeg")
    pages = [requests.get(f"{over_s3.url}{path}", timeout=60) for path in ("/", "/watch/watch/lesson/", "/watch/none/")]

    assert [200, 200, 404] == [page.status_code for page in pages]
    assert all('/objects/watch/lesson/poster.jpg"' in page.text for page in pages[:2])


def test_a_private_stream_is_found_at_its_address_alone(over_s3):
    """From a bucket, too: page, objects and ranges below the address, 404 without, the store's own URL for `read`."""
    rules = StreamRules(over_s3.settings.root, Visibility.PUBLIC)
    rules.set("private/", Visibility.PRIVATE)
    store(over_s3, "private/lesson/master.m3u8", b"#EXTM3U\n", "application/vnd.apple.mpegurl")
    store(over_s3, "private/lesson/720p/seg_000.ts", b"0123456789")
    found = ask(over_s3, "POST", "/api/s3/viewer-url", {"prefix": "private/lesson"}).json()
    segment = found["pageUrl"] + "720p/seg_000.ts"
    part = requests.get(segment, headers={"Range": "bytes=2-4"}, timeout=60)
    read = ask(over_s3, "GET", "/api/s3/object", key="private/lesson/720p/seg_000.ts").json()["url"]
    hidden = requests.get(f"{over_s3.url}/objects/private/lesson/720p/seg_000.ts", timeout=60)
    other = requests.get(segment.replace("lesson", "other"), timeout=60)

    assert [200, 200] == [requests.get(found[name], timeout=60).status_code for name in ("pageUrl", "playlistUrl")]
    assert (206, b"234", True) == (part.status_code, part.content, "private" in part.headers["Cache-Control"])
    assert (b"0123456789", 404, 404) == (requests.get(read, timeout=60).content, hidden.status_code, other.status_code)


def test_what_is_missing_is_missing_here_too(over_s3):
    """404 in S3's words for players, in JSON for the program."""
    answer = requests.get(f"{over_s3.url}/objects/none.ts", timeout=60)

    assert (404, True) == (answer.status_code, b"<Code>NoSuchKey</Code>" in answer.content)
    assert (404, "NotFound") == (lambda a: (a.status_code, a.json()["error"]))(
        ask(over_s3, "GET", "/api/s3/object", key="none.ts")
    )


def test_nothing_can_be_sent_through_the_backend(over_s3):
    """The backend itself takes no objects for a bucket."""
    assert (
        403
        == requests.put(
            f"{over_s3.url}/objects/a.ts", data=b"x", headers={"Content-Type": "video/mp2t"}, timeout=60
        ).status_code
    )


def test_records_lie_in_the_local_folder(over_s3):
    """The bucket has objects only."""
    here = {entry.name for entry in (over_s3.settings.root / ".backend").iterdir()}
    assert {"records.sqlite3", "signing-secret"} <= here


def test_the_quota_of_a_bucket_is_507_with_figures(s3_bucket, tmp_path):
    """Declared sizes count although the backend never sees the bytes, and without one nothing is signed."""
    settings = configured(replace(s3_bucket, prefix="tests/full"), tmp_path)
    with serve_in_thread(replace(settings, storage=replace(settings.storage, max_size_bytes=100))) as backend:
        store(backend, "a.ts", b"x" * 60, sizeBytes=60)
        answer = ask(backend, "POST", PRESIGN, {"key": "b.ts", "contentType": "video/mp2t", "sizeBytes": 41})
        unknown = ask(backend, "POST", PRESIGN, {"key": "c.ts", "contentType": "video/mp2t"})

    assert (400, "SizeNeeded") == (unknown.status_code, unknown.json()["error"])
    assert (507, "QuotaExceeded", 100, 60, 41) == (
        answer.status_code,
        *(answer.json()[name] for name in ("error", "maxSizeBytes", "usedBytes", "wantedBytes")),
    )


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"bucket": "no-such-bucket"}, "STORAGE_S3_BUCKET"),
        ({"secret_access_key": "wrong"}, "STORAGE_S3_SECRET_ACCESS_KEY"),
        ({"endpoint_url": "http://127.0.0.1:9"}, "127.0.0.1:9"),
    ],
    ids=["no bucket", "a wrong key", "nobody there"],
)
def test_a_bucket_that_can_not_be_used_is_a_sentence(s3_bucket, tmp_path, changed, expected):
    """The backend does not start, and says what to look at."""
    with pytest.raises(SettingsError, match=expected), serve_in_thread(configured(s3_bucket, tmp_path, **changed)):
        pytest.fail("served without a storage")


KMS = (
    "x-amz-server-side-encryption: aws:kms; x-amz-server-side-encryption-aws-kms-key-id: "
    "testkey-1; Cache-Control: max-age=60"
)


def test_headers_of_every_object(s3_bucket, tmp_path, monkeypatch):
    """What the settings say goes with every signed URL and is signed, and the whole program stores with it:
    whole and in parts.
    """
    monkeypatch.setattr("backend.routes.catalogue.PART_BYTES", MIN_PART_BYTES)
    place = replace(s3_bucket, prefix="tests/put-headers")
    folder = tmp_path / "lesson"
    folder.mkdir()
    (folder / "master.m3u8").write_bytes(b"#EXTM3U\n")
    (folder / "offline_480p.mp4").write_bytes(os.urandom(4 * MIN_PART_BYTES))
    with serve_in_thread(configured(place, tmp_path / "backend", put_headers=KMS)) as backend:
        said = ask(backend, "POST", PRESIGN, {"key": "a.ts", "contentType": "video/mp2t"}).json()
        refused = requests.put(said["signedUrl"], data=b"a", headers={"Content-Type": "video/mp2t"}, timeout=60)
        lines = list(check_backend(BackendApi(url=backend.url, token=TOKEN), "check/"))
        api = BackendApi(url=backend.url, token=TOKEN)
        result = Uploader(api, session_id=None, delays=()).upload(folder, "videos/", resume=False, cancel=CancelToken())

    assert (403, {}) == (refused.status_code, result.failed)
    expected = dict(part.split(": ") for part in KMS.split("; "))
    assert expected == said["headers"]
    assert [] == [line.text for line in lines if line.result is PointResult.FAULT]
    with closing(client_of(place)) as client:
        for name in ("master.m3u8", "offline_480p.mp4"):
            head = client.head_object(Bucket=place.bucket, Key=f"{place.prefix}/videos/{name}")
            found = (head["ServerSideEncryption"], head["SSEKMSKeyId"], head["CacheControl"], head["ContentLength"])
            assert ("aws:kms", "testkey-1", "max-age=60", (folder / name).stat().st_size) == found


def test_the_bucket_says_how_long_caches_may_keep_an_object(s3_bucket, tmp_path, monkeypatch):
    """Objects are stored with the Cache-Control that the backend serves them with, whole and in parts:
    it is signed, and the program sends it.
    """
    monkeypatch.setattr("backend.routes.catalogue.PART_BYTES", MIN_PART_BYTES)
    place = replace(s3_bucket, prefix="tests/caching")
    folder = tmp_path / "lesson"
    (folder / "720p").mkdir(parents=True)
    (folder / "master.m3u8").write_bytes(b"#EXTM3U\n720p/index.m3u8\n")
    (folder / "720p/index.m3u8").write_bytes(b"#EXTM3U\nseg_001.ts\n")
    (folder / "720p/seg_001.ts").write_bytes(b"segment")
    (folder / "offline_480p.mp4").write_bytes(os.urandom(4 * MIN_PART_BYTES))
    names = ("master.m3u8", "720p/index.m3u8", "720p/seg_001.ts", "offline_480p.mp4")
    with serve_in_thread(configured(place, tmp_path / "backend")) as backend:
        said = ask(backend, "POST", PRESIGN, {"key": "v/v2/a/seg_1.ts", "contentType": "video/mp2t"}).json()
        refused = requests.put(said["signedUrl"], data=b"a", headers={"Content-Type": "video/mp2t"}, timeout=60)
        api = BackendApi(url=backend.url, token=TOKEN)
        result = Uploader(api, session_id=None, delays=()).upload(folder, "v/", resume=False, cancel=CancelToken())
        served = [requests.head(f"{backend.url}/objects/v/{name}", timeout=60).headers for name in names]

    assert ({"Cache-Control": IMMUTABLE}, 403, {}) == (said["headers"], refused.status_code, result.failed)
    with closing(client_of(place)) as client:
        heads = [client.head_object(Bucket=place.bucket, Key=f"{place.prefix}/v/{name}") for name in names]
    assert [PLAYLIST, PLAYLIST, SEGMENT, REPLACEABLE] == [head["CacheControl"] for head in heads]
    assert [head["CacheControl"] for head in heads] == [headers["Cache-Control"] for headers in served]


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        ("text/html", "attachment"),
        ("Text/HTML; charset=utf-8", "attachment"),
        ("image/svg+xml", "attachment"),
        ("application/unknown", "attachment"),
        ("video/mp2t", None),
        ("text/plain; charset=utf-8", None),
    ],
)
def test_a_page_in_the_bucket_is_saved_not_shown(over_s3, s3_bucket, content_type, expected):
    """The bucket says nothing of sniffing; what a browser could take for a page is stored as something to save."""
    stored = store(over_s3, "pages/a.html", b"<script>alert(1)</script>", content_type)[1]
    shown = requests.get(ask(over_s3, "GET", "/api/s3/object", key="pages/a.html").json()["url"], timeout=60)

    assert (200, 200) == (stored.status_code, shown.status_code)
    assert (content_type, expected) == (shown.headers["Content-Type"], shown.headers.get("Content-Disposition"))


def key_of(size_bytes):
    """Return a key of so many bytes, in folders whose names every disk takes."""
    return (("k" * 200 + "/") * 10)[: size_bytes - 3] + ".ts"


def test_the_longest_key_is_stored_and_found(over_s3):
    """With the storage's prefix a key may have 1,024 bytes, as S3 takes; with one more it is refused at once."""
    room = 1024 - len(f"{over_s3.settings.storage.prefix}/")
    longest, longer = key_of(room), key_of(room + 1)
    stored = store(over_s3, longest, b"0123456789")[1]
    asked = {"key": longer, "contentType": "video/mp2t"}
    refused = [
        ask(over_s3, "POST", PRESIGN, asked),
        ask(over_s3, "POST", "/api/s3/multipart", {**asked, "sizeBytes": 10}),
    ]
    listed = ask(over_s3, "GET", "/api/s3/objects", prefix=longest[:900]).json()["objects"]
    behind = ask(over_s3, "GET", "/api/s3/objects", prefix="k", after=longest)
    page = requests.get(f"{over_s3.url}/", params={"after": longest}, timeout=60)

    assert 200 == stored.status_code, stored.text
    assert b"0123456789" == requests.get(f"{over_s3.url}/objects/{longest}", timeout=60).content
    assert [(400, "InvalidKey")] * 2 == [(answer.status_code, answer.json()["error"]) for answer in refused]
    assert "too long" in refused[0].json()["message"]
    assert ([longest], 200, []) == ([one["key"] for one in listed], behind.status_code, behind.json().get("objects"))
    assert 200 == page.status_code
    for key in (longer, key_of(1024), key_of(1025)):
        assert [400, 400] == [
            requests.get(f"{over_s3.url}/objects/{key}", timeout=60).status_code,
            ask(over_s3, "GET", "/api/s3/object", key=key).status_code,
        ]
    for after in ("k" * 1024, "k" * 1100):
        assert 200 == ask(over_s3, "GET", "/api/s3/objects", after=after).status_code
        assert 200 == ask(over_s3, "GET", "/api/s3/objects", prefix=after[:1000], after=after).status_code
    assert 204 == ask(over_s3, "DELETE", "/api/s3/object", key=longest).status_code


def client_of(place):
    """Return a client of the S3 server itself."""
    keys = {"aws_access_key_id": place.access_key_id, "aws_secret_access_key": place.secret_access_key}
    return boto3.client("s3", endpoint_url=place.endpoint_url, region_name=place.region, **keys)


def test_without_the_local_folder_all_is_503(s3_bucket, tmp_path, monkeypatch):
    """Although the bucket is there: file records could not be kept. A look at the bucket leaves no upload there."""
    monkeypatch.setattr("backend.routes.health.KEPT_S", 0)
    monkeypatch.setattr("backend.serving.root_guard.LOOKED_AT_FOR_S", 0)
    place = replace(s3_bucket, prefix="tests/no-folder")
    with serve_in_thread(configured(place, tmp_path / "own")) as backend:
        well = requests.get(f"{backend.url}/health", timeout=60).status_code
        assert [] == unfinished(place)
        (tmp_path / "own").rename(tmp_path / "aside")
        ill = [requests.get(backend.url + path, timeout=60).status_code for path in ("/health", "/objects/a.ts")]
        (tmp_path / "aside").rename(tmp_path / "own")
        again = [requests.get(backend.url + path, timeout=60).status_code for path in ("/health", "/objects/a.ts")]

    assert (200, [503, 503], [200, 404]) == (well, ill, again)


def unfinished(place):
    """Return the keys of uploads in parts that were begun."""
    client = client_of(place)
    found = client.list_multipart_uploads(Bucket=place.bucket, Prefix=place.prefix).get("Uploads", [])
    client.close()
    return [upload["Key"] for upload in found]


def test_a_bucket_that_does_not_answer_keeps_nobody_waiting(s3_bucket, tmp_path, monkeypatch):
    """`/ready` says so soon, `/live` does not ask, and all is well when the bucket answers again."""
    monkeypatch.setattr("backend.routes.health.KEPT_S", 0)
    with running_silent_proxy(urlsplit(s3_bucket.endpoint_url).port) as proxy:
        settings = configured(s3_bucket, tmp_path, endpoint_url=f"http://127.0.0.1:{proxy.port}")
        with serve_in_thread(settings) as backend:
            well = ask(backend, "GET", "/ready").status_code
            proxy.open.clear()
            monkeypatch.setattr("backend.routes.health.ANSWERED_WITHIN_S", 0.05)
            stranger, owner = requests.get(f"{backend.url}/ready", timeout=60), ask(backend, "GET", "/ready")
            live = requests.get(f"{backend.url}/live", timeout=60).status_code
            proxy.open.set()
            monkeypatch.setattr("backend.routes.health.ANSWERED_WITHIN_S", 60)
            again = ask(backend, "GET", "/ready").status_code

    assert (200, 503, {"status": "unavailable"}, 200, 200) == (well, stranger.status_code, stranger.json(), live, again)
    assert ["The storage did not answer within 0.05 seconds."] == owner.json()["detail"]


def test_a_bucket_that_does_not_answer_is_given_up_soon(s3_bucket, tmp_path, monkeypatch):
    """Players get 503, and so does who asks about an object; all is well when the bucket answers again."""
    with running_silent_proxy(urlsplit(s3_bucket.endpoint_url).port) as proxy:
        settings = configured(s3_bucket, tmp_path, endpoint_url=f"http://127.0.0.1:{proxy.port}")
        with serve_in_thread(settings) as backend:
            proxy.open.clear()
            monkeypatch.setattr("storage.s3_bucket.LOOKED_FOR_S", 0.05)
            given, listed = (requests.get(backend.url + path, timeout=60) for path in ("/objects/a.ts", "/"))
            told = ask(backend, "GET", "/api/s3/object?key=a.ts")
            proxy.open.set()
            monkeypatch.setattr("storage.s3_bucket.LOOKED_FOR_S", 60)
            again = requests.get(f"{backend.url}/objects/a.ts", timeout=60).status_code

    assert [503] * 3 == [answer.status_code for answer in (given, listed, told)]
    assert ("StorageUnavailable", 404) == (told.json()["error"], again)


def test_keys_that_may_not_write_are_not_ready(s3_bucket, tmp_path, monkeypatch):
    """Keys that may read and not write let no upload begin, which is said before one tries."""
    monkeypatch.setattr("storage.s3_parts.S3Parts.begin", _refused)
    with serve_in_thread(configured(s3_bucket, tmp_path)) as backend:
        ready = ask(backend, "GET", "/ready")

    assert (503, ["The keys may not write."]) == (ready.status_code, ready.json()["detail"])


async def _refused(*_):
    raise AccessDeniedError("The keys may not write.")
