"""Uploads to a real S3 server with what a customer's backend signs into its URLs."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from pathlib import Path

import boto3
import pytest
from botocore.config import Config
from upload_parts import FOLDER, PREFIX

from pipeline.transfer.http.content_types import content_type
from pipeline.transfer.upload.uploader import Uploader

KEY = os.urandom(32)
CUSTOMERS_KEY = {
    "SSECustomerAlgorithm": "AES256",
    "SSECustomerKey": base64.b64encode(KEY).decode(),
    "SSECustomerKeyMD5": base64.b64encode(hashlib.md5(KEY).digest()).decode(),
}
FIELDS = {"algorithm": "Algorithm", "key": "Key", "key-MD5": "KeyMD5"}
SETTINGS = {
    "CacheControl": "max-age=60",
    "ContentDisposition": 'inline; filename="a b.ts"',
    "ACL": "public-read",
    "Tagging": "course=1&lesson=2",
    "Metadata": {"made-by": "tests"},
}
SIGNED = {
    "settings": (
        SETTINGS,
        {
            "Cache-Control": "max-age=60",
            "Content-Disposition": 'inline; filename="a b.ts"',
            "x-amz-acl": "public-read",
            "x-amz-tagging": "course=1&lesson=2",
            "x-amz-meta-made-by": "tests",
        },
        {
            "CacheControl": "max-age=60",
            "ContentDisposition": 'inline; filename="a b.ts"',
            "TagCount": 2,
            "Metadata": {"made-by": "tests"},
        },
    ),
    "KMS": (
        {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "testkey-1"},
        {"x-amz-server-side-encryption": "aws:kms", "x-amz-server-side-encryption-aws-kms-key-id": "testkey-1"},
        {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "testkey-1"},
    ),
    "customer's key": (
        CUSTOMERS_KEY,
        {
            f"x-amz-server-side-encryption-customer-{name}": CUSTOMERS_KEY[f"SSECustomer{field}"]
            for name, field in FIELDS.items()
        },
        {"SSECustomerAlgorithm": "AES256"},
    ),
}
"""What a backend signs (as boto3 names it), which headers that makes,
and what the store says of an object afterwards.
"""


@pytest.fixture
def store(s3_settings):
    """A client of the S3 server that signs as a backend does."""
    client = boto3.client(
        "s3",
        endpoint_url=s3_settings.endpoint_url,
        region_name=s3_settings.region,
        aws_access_key_id=s3_settings.access_key_id,
        aws_secret_access_key=s3_settings.secret_access_key,
        config=Config(signature_version="s3v4"),
    )
    yield client
    client.close()


def signing(store, bucket, top, parameters, headers):
    """Return what makes the backend's answer of a real signed URL and of the headers that belong to it."""

    def answer(number, said):
        place = {"Bucket": bucket, "Key": f"{top}/{said['key']}", "ContentType": content_type(Path(said["key"]))}
        url = store.generate_presigned_url("put_object", Params={**place, **parameters}, ExpiresIn=300)
        return json.dumps({"key": said["key"], "signedUrl": url, "headers": headers}).encode()

    return answer


@pytest.mark.parametrize("compared", [True, False], ids=["MD5", "no MD5"])
@pytest.mark.parametrize(("parameters", "headers", "expected"), SIGNED.values(), ids=SIGNED)
def test_headers_that_are_signed(
    server, backend, folder, cancel, store, s3_settings, parameters, headers, expected, compared
):
    """The store takes each file with them, at the first try."""
    server.capabilities = {"contentMd5": compared}
    server.answer_presign = signing(store, s3_settings.bucket, s3_settings.prefix, parameters, headers)
    result = Uploader(backend, session_id=None, delays=()).upload(folder, PREFIX, resume=True, cancel=cancel)
    assert {} == result.failed
    key = CUSTOMERS_KEY if parameters is CUSTOMERS_KEY else {}
    for name, content in FOLDER.items():
        got = store.get_object(Bucket=s3_settings.bucket, Key=f"{s3_settings.prefix}/{PREFIX}{name}", **key)
        assert (content, content_type(Path(name))) == (got["Body"].read(), got["ContentType"])
        assert expected == {field: got.get(field) for field in expected}
