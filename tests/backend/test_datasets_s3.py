"""backend.routes.datasets with a dataset on a real S3 server."""

import json
import os

import pytest
from dataset_backend import INFO, SAVE, serving
from datasets import TRANSCRIPTS_KIND as KIND
from s3_gateway import client_of

from config import AwsAccess, Config, Datasets
from storage import S3Uri
from transcripts.dataset import open_dataset

CONTENT = os.urandom(2_500_000)


@pytest.fixture
def place(s3_settings, tmp_path):
    """How S3 is reached, and where the dataset is to be."""
    keys = {"access_key_id": s3_settings.access_key_id, "secret_access_key": s3_settings.secret_access_key}
    uri = S3Uri(bucket=s3_settings.bucket, key=f"{s3_settings.prefix}/week 1/talks.json")
    aws = AwsAccess(endpoint_url=s3_settings.endpoint_url, **keys)
    return uri, Config(datasets=Datasets(path=str(uri)), cache_dir=tmp_path / "cache", aws=aws)


@pytest.fixture
def store(s3_settings):
    """The bucket as another program sees it."""
    made = client_of(s3_settings)
    yield made
    made.close()


def put(store, uri, content):
    """Put a dataset on S3."""
    store.put_object(Bucket=uri.bucket, Key=uri.key, Body=json.dumps(content).encode())


def test_a_dataset_is_saved(place, store, tmp_path):
    """What an editor on this computer has changed is dirty until it is saved; the answer names ETag and size."""
    uri, config = place
    put(store, uri, KIND.content)
    with serving(config, tmp_path / "store") as client:
        clean = {"source_uri": str(uri), "is_s3": True, "can_save_to_s3": True, "is_dirty": False}
        assert clean == client.ask("GET", INFO).json()
        with open_dataset(str(uri), config=config) as dataset:
            dataset.document.update("segments", "s1", text="mine")
        assert client.ask("GET", INFO).json()["is_dirty"] is True
        answer = client.ask("POST", SAVE).json()
        head = store.head_object(Bucket=uri.bucket, Key=uri.key)
        assert ("success", str(uri), head["ETag"].strip('"'), head["ContentLength"]) == tuple(
            answer[name] for name in ("status", "s3_uri", "etag", "size")
        )
        assert client.ask("GET", INFO).json()["is_dirty"] is False


def test_what_somebody_else_changed_too(place, store, tmp_path):
    """409, and nothing is overwritten; the change stays dirty."""
    uri, config = place
    put(store, uri, KIND.content)
    with open_dataset(str(uri), config=config) as dataset:
        dataset.document.update("segments", "s1", text="mine")
    theirs = json.loads(json.dumps(KIND.content))
    theirs["segments"][0]["text"] = "theirs"
    put(store, uri, theirs)
    with serving(config, tmp_path / "store") as client:
        answer = client.ask("POST", SAVE)
        assert (409, "Collision") == (answer.status_code, answer.json()["error"])
        assert client.ask("GET", INFO).json()["is_dirty"] is True
    assert theirs == json.loads(store.get_object(Bucket=uri.bucket, Key=uri.key)["Body"].read())


def test_media_of_s3_come_in_ranges(place, store, tmp_path):
    """Relative to the dataset, or by an address of their own; 404 for an object and a bucket that are not there."""
    uri, config = place
    key = uri.key.replace("talks.json", "a b.mp4")
    store.put_object(Bucket=uri.bucket, Key=key, Body=CONTENT)
    references = ["a b.mp4", f"s3://{uri.bucket}/{key}", "none.mp4", "s3://there-is-no-such-bucket/a.mp4", "s3://x"]
    put(store, uri, {"media": [{"id": f"m{n}", "uri": one} for n, one in enumerate(references)], "segments": []})
    with serving(config, tmp_path / "store") as client:
        for media_id in ("m0", "m1"):
            answer = client.ask("GET", f"/api/media/{media_id}", Range="bytes=2000000-2000999")
            assert (206, CONTENT[2_000_000:2_001_000]) == (answer.status_code, answer.content)
            assert f"bytes 2000000-2000999/{len(CONTENT)}" == answer.headers["Content-Range"]
        assert CONTENT == client.ask("GET", "/api/media/m0").content
        assert [404, 404, 400] == [client.ask("GET", f"/api/media/m{n}").status_code for n in (2, 3, 4)]


def test_a_dataset_that_is_not_there(place, tmp_path):
    """404; 502 where the store does not take the keys."""
    _, config = place
    with serving(config, tmp_path / "store") as client:
        assert 404 == client.ask("GET", INFO).status_code
    wrong = AwsAccess(endpoint_url=config.aws.endpoint_url, access_key_id="wrong", secret_access_key="wrong")
    refused = Config(datasets=config.datasets, cache_dir=config.cache_dir, aws=wrong)
    with serving(refused, tmp_path / "store") as client:
        answer = client.ask("GET", INFO)
        assert (502, "StorageRefused") == (answer.status_code, answer.json()["error"])


def test_a_bucket_or_an_object_that_is_not_there(place, store, tmp_path):
    """404 for a medium too, and for a dataset in a bucket that is missing; 503 where the store can't be reached."""
    uri, config = place
    media = [{"id": "m1", "uri": "gone.mp4"}, {"id": "m2", "uri": "s3://no-such-bucket-here/a.mp4"}]
    put(store, uri, {**KIND.content, "media": media, "segments": []})
    with serving(config, tmp_path / "store") as client:
        assert [404, 404] == [client.ask("GET", f"/api/media/{one}").status_code for one in ("m1", "m2")]
    elsewhere = Datasets(path="s3://no-such-bucket-here/talks.json")
    with serving(Config(datasets=elsewhere, cache_dir=config.cache_dir, aws=config.aws), tmp_path / "store") as client:
        assert [404, 404] == [client.ask("GET", INFO).status_code, client.ask("POST", SAVE).status_code]
    gone = AwsAccess(endpoint_url="http://127.0.0.1:9", access_key_id="a", secret_access_key="b")
    with serving(Config(datasets=elsewhere, cache_dir=config.cache_dir, aws=gone), tmp_path / "store") as client:
        assert [503, 503] == [client.ask("GET", INFO).status_code, client.ask("POST", SAVE).status_code]
