"""backend.routes.datasets: the dataset that the settings name, over HTTP."""

import json
import os

import pytest
import requests
from dataset_backend import INFO, SAVE, serving
from datasets import COCO_KIND, TRANSCRIPTS_KIND

from config import AwsAccess, Config, Datasets
from transcripts.document import open_document

CONTENT = os.urandom(3_000_000)


def offering(root, address, **more):
    """The configuration of a backend that offers a dataset."""
    return Config(datasets=Datasets(path=str(address)), cache_dir=root / "cache", **more)


@pytest.fixture(params=[TRANSCRIPTS_KIND, COCO_KIND], ids=["transcripts", "COCO"])
def local(request, tmp_path):
    """A client of a backend with a dataset on this computer whose first medium is there; its path and that one's id."""
    kind = request.param
    path = kind.write(tmp_path / "course 'ü'.json")
    collection, field = ("media", "uri") if kind is TRANSCRIPTS_KIND else ("images", "file_name")
    first = kind.content[collection][0]
    file = tmp_path / first[field]
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(CONTENT)
    with serving(offering(tmp_path, path), tmp_path / "store") as client:
        yield client, path, first["id"]


def test_what_the_dataset_is(local):
    """A file of this computer can't be saved to S3, and has all of its changes."""
    client, path, _ = local
    expected = {"source_uri": str(path), "is_s3": False, "can_save_to_s3": False, "is_dirty": False}
    assert expected == client.ask("GET", INFO).json()


def test_a_file_is_not_saved_to_s3(local):
    """400, and a sentence."""
    answer = local[0].ask("POST", SAVE)
    assert (400, "InvalidRequest") == (answer.status_code, answer.json()["error"])
    assert "is not from S3" in answer.json()["message"]


@pytest.mark.parametrize(
    ("asked", "status", "start", "stop"),
    [
        (None, 200, 0, len(CONTENT)),
        ("bytes=0-99", 206, 0, 100),
        ("bytes=2000000-", 206, 2_000_000, len(CONTENT)),
        ("bytes=-1000", 206, len(CONTENT) - 1000, len(CONTENT)),
        ("bytes=0-1,5-6", 200, 0, len(CONTENT)),
    ],
)
def test_media_come_in_ranges(local, asked, status, start, stop):
    """As players ask for them (RFC 9110, 14)."""
    client, _, media_id = local
    answer = client.ask("GET", f"/api/media/{media_id}", **({} if asked is None else {"Range": asked}))
    assert (status, CONTENT[start:stop]) == (answer.status_code, answer.content)
    assert str(stop - start) == answer.headers["Content-Length"]
    expected = f"bytes {start}-{stop - 1}/{len(CONTENT)}" if status == 206 else None
    assert (expected, "bytes") == (answer.headers.get("Content-Range"), answer.headers["Accept-Ranges"])


def test_a_range_outside_of_the_file(local):
    """416, with the file's size."""
    client, _, media_id = local
    answer = client.ask("GET", f"/api/media/{media_id}", Range=f"bytes={len(CONTENT)}-")
    assert (416, f"bytes */{len(CONTENT)}", "InvalidRange") == (
        answer.status_code,
        answer.headers["Content-Range"],
        answer.json()["error"],
    )


def test_media_that_are_not_there(local):
    """404 for an id that no row has, and for a file that is gone; a row that is added is found at once."""
    client, path, media_id = local
    answer = client.ask("GET", "/api/media/none")
    assert (404, "NotFound") == (answer.status_code, answer.json()["error"])
    with open_document(path) as document:
        collection = document.collections[0]
        new = document.add(collection, {"uri": "gone.mp4", "file_name": "gone.mp4"})
    answer = client.ask("GET", f"/api/media/{new}")
    assert (404, True) == (answer.status_code, "There is no file" in answer.json()["message"])
    assert 200 == client.ask("GET", f"/api/media/{media_id}").status_code


@pytest.mark.parametrize("path", [INFO, SAVE, "/api/media/m1"])
def test_everything_needs_the_token(local, path):
    """401 without it: whoever edits a dataset can name any file of the backend's computer in it."""
    client, _, _ = local
    method = "POST" if path == SAVE else "GET"
    assert 401 == requests.request(method, client.url + path, timeout=60).status_code


@pytest.mark.parametrize(
    ("address", "status", "sentence"),
    [
        ("s3://bucket", 400, "names a bucket, but no object in it"),
        ("{}/none.json", 409, "There is no file"),
        ("{}/broken.json", 409, "is not a dataset, or it is cut off or damaged"),
        ("s3://bucket/course.json", 503, "127.0.0.1:9"),
    ],
    ids=["malformed", "missing", "broken", "store not there"],
)
def test_a_dataset_that_can_not_be_opened(tmp_path, address, status, sentence):
    """The backend runs all the same, and says what is wrong to whoever asks."""
    (tmp_path / "broken.json").write_text("{", encoding="utf-8")
    aws = AwsAccess(endpoint_url="http://127.0.0.1:9", access_key_id="a", secret_access_key="b")
    config = offering(tmp_path, address.replace("{}", str(tmp_path)), aws=aws)
    with serving(config, tmp_path / "store") as client:
        answer = client.ask("GET", INFO)
        assert (status, True) == (answer.status_code, sentence in answer.json()["message"])


def test_the_document_of_the_interface_has_the_dataset(local):
    """Its three requests stand there, behind the token, with every answer that they may have and its body."""
    document = requests.get(f"{local[0].url}/openapi.json", timeout=60).json()
    found = {}
    for path, method in ((INFO, "get"), (SAVE, "post"), ("/api/media/{media_id}", "get")):
        operation = document["paths"][path][method]
        assert operation["security"]
        for status, answer in operation["responses"].items():
            if int(status) >= 400:
                name = answer["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
                assert {"error", "message"} <= set(document["components"]["schemas"][name]["properties"])
        found[path] = {int(status) for status in operation["responses"]}
    assert {400, 404, 502, 503} <= set.intersection(*found.values())
    assert ({200, 206, 416}, 409) == (found["/api/media/{media_id}"] & {200, 206, 416}, max(found[SAVE] & {409}))


def test_media_whose_address_is_malformed(tmp_path):
    """400, and a sentence."""
    content = {
        **TRANSCRIPTS_KIND.content,
        "media": [{"id": "m1", "uri": "s3://course"}, {"id": "m2", "uri": "s3:/a/b"}],
    }
    path = tmp_path / "course.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    with serving(offering(tmp_path, path), tmp_path / "store") as client:
        answers = [client.ask("GET", f"/api/media/{media_id}") for media_id in ("m1", "m2")]
    assert [(400, "InvalidRequest")] * 2 == [(one.status_code, one.json()["error"]) for one in answers]


def test_without_a_dataset_there_is_nothing(shared):
    """404, as of any other path."""
    assert [404, 404] == [shared.ask("GET", INFO).status_code, shared.ask("POST", SAVE).status_code]
