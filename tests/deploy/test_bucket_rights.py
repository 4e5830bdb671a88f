"""What docs/deploy.md gives the backend in a bucket is enough, and not more."""

import json
from dataclasses import replace
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import ClientError
from s3_server import GUEST, GUEST_ACCESS_KEY_ID, GUEST_SECRET_ACCESS_KEY

from backend.conformance.check import PointResult, check_backend
from backend.server import serve_in_thread
from backend.settings import BackendSettings
from config import BackendApi, Config
from server_config import ReferenceBackend, S3Storage

TOKEN = "a-token-that-only-tests-know"
FILES = Path(__file__).parents[2] / "packaging" / "backend"
BUCKET = "deploy"


def client_of(place):
    """Return a client with the keys of the bucket's owner, or of another user."""
    return boto3.client(
        "s3",
        endpoint_url=place.endpoint_url,
        region_name=place.region,
        aws_access_key_id=place.access_key_id,
        aws_secret_access_key=place.secret_access_key,
    )


@pytest.fixture(scope="module")
def place(s3_bucket):
    """A bucket of the guide's policy and lifecycle rule, with the keys of a user who has these rights alone."""
    client = client_of(s3_bucket)
    client.create_bucket(Bucket=BUCKET)
    policy = (FILES / "bucket-policy.json").read_text(encoding="utf-8")
    for old, new in (
        ("arn:aws:iam::123456789012:user/hls-converter", f"arn:aws:iam:::user/{GUEST}"),
        (":videos", f":{BUCKET}"),
    ):
        assert old in policy
        policy = policy.replace(old, new)
    client.put_bucket_policy(Bucket=BUCKET, Policy=policy)
    client.put_object(Bucket=BUCKET, Key="elsewhere/owner.ts", Body=b"x")
    rules = json.loads((FILES / "bucket-lifecycle.json").read_text(encoding="utf-8"))
    client.put_bucket_lifecycle_configuration(Bucket=BUCKET, LifecycleConfiguration=rules)
    client.close()
    return replace(
        s3_bucket, bucket=BUCKET, access_key_id=GUEST_ACCESS_KEY_ID, secret_access_key=GUEST_SECRET_ACCESS_KEY
    )


def test_the_rights_are_enough(place, tmp_path):
    """Every point of the interface is good."""
    storage = S3Storage(
        bucket=place.bucket,
        prefix="storage",
        region=place.region,
        access_key_id=place.access_key_id,
        secret_access_key=place.secret_access_key,
        endpoint_url=place.endpoint_url,
    )
    server = ReferenceBackend(token=TOKEN, storage_type="S3", local_path=tmp_path / "root", s3=storage)
    with serve_in_thread(BackendSettings.from_config(Config(server=server))) as backend:
        lines = list(check_backend(BackendApi(url=backend.url, token=TOKEN), "check/"))

    assert "" == "\n".join(line.text for line in lines if line.result is PointResult.FAULT)


@pytest.mark.parametrize(
    "ask",
    [
        lambda client: client.put_object(Bucket=BUCKET, Key="elsewhere/a.ts", Body=b"x"),
        lambda client: client.get_object(Bucket=BUCKET, Key="elsewhere/owner.ts"),
        lambda client: client.delete_bucket(Bucket=BUCKET),
        lambda client: client.put_bucket_policy(Bucket=BUCKET, Policy="{}"),
    ],
    ids=["write outside", "read outside", "delete the bucket", "take rights"],
)
def test_the_rights_are_not_more(place, ask):
    """Outside the prefix nothing is allowed, and no rights can be changed."""
    client = client_of(place)
    with pytest.raises(ClientError) as refused:
        ask(client)

    assert "AccessDenied" == refused.value.response["Error"]["Code"]
