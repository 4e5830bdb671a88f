"""storage.settings and storage.factory: from a program's settings to the storage that they name."""

from dataclasses import replace
from pathlib import Path

import pytest

from server_config import ReferenceBackend, S3Storage
from storage import (
    LocalSettings,
    LocalStorageBackend,
    S3Settings,
    StorageSettingsError,
    StorageType,
    create,
    settings_from,
)
from storage.s3 import S3StorageBackend

S3 = S3Storage(
    bucket="videos",
    prefix="/top/of/it/",
    access_key_id="K",
    secret_access_key="S",
    endpoint_url="https://s3.example/",
    max_size_gb=2,
)
SERVER = ReferenceBackend(storage_type="LOCAL", local_path=Path("/data/store"), local_max_size_gb=0.5, s3=S3)


def test_a_folder():
    """LOCAL is a folder with its limit in bytes."""
    root = Path("/data/store")
    assert LocalSettings(root=root, max_size_bytes=1 << 29, state=root / ".backend") == settings_from(SERVER)


def test_a_bucket():
    """S3 is a bucket; slashes around prefix and behind the address do not matter."""
    expected = S3Settings(
        bucket="videos",
        prefix="top/of/it",
        access_key_id="K",
        secret_access_key="S",
        endpoint_url="https://s3.example",
        max_size_bytes=2 << 30,
        state=Path("/data/store/.backend"),
    )
    assert expected == settings_from(replace(SERVER, storage_type="S3"))


@pytest.mark.parametrize("storage_type", ["LOCAL", "S3"])
def test_folders_have_quotas(storage_type):
    """STORAGE_QUOTAS_GB holds beside the limit for all, in bytes."""
    quotas = settings_from(replace(SERVER, storage_type=storage_type, quotas_gb={"a/": 0.5, "a/b/": 1})).quotas
    assert {"a/": 1 << 29, "a/b/": 1 << 30} == quotas.by_prefix
    assert quotas.total_bytes is not None


@pytest.mark.parametrize("prefix", ["../a/", ".a/", "a//b/"])
def test_a_quota_is_for_a_folder_that_can_be(prefix):
    """One that no object can lie in is named."""
    with pytest.raises(StorageSettingsError, match=r"STORAGE_QUOTAS_GB names the folder"):
        settings_from(replace(SERVER, quotas_gb={prefix: 1}))


def test_a_bucket_with_a_limit_needs_a_folder():
    """What it holds is counted on this machine: without a place for that it is said, not left uncounted."""
    with pytest.raises(StorageSettingsError, match="needs a folder"):
        create(S3Settings(bucket="b", max_size_bytes=1))


def test_headers_of_every_object():
    """Names and values in one line, in any case, with what their values may hold."""
    text = " x-amz-server-side-encryption: aws:kms; Cache-Control:public, max-age=60;x-amz-tagging: a=1&b=2;"
    expected = {
        "x-amz-server-side-encryption": "aws:kms",
        "Cache-Control": "public, max-age=60",
        "x-amz-tagging": "a=1&b=2",
    }
    assert expected == settings_from(replace(SERVER, storage_type="S3", s3=replace(S3, put_headers=text))).put_headers


def test_the_other_one():
    """The storage that STORAGE_TYPE does not name can be asked for."""
    assert "videos" == settings_from(SERVER, StorageType.S3).bucket


@pytest.mark.parametrize("limit", [None, 0])
def test_no_limit_is_not_a_limit_of_nothing(limit):
    """An empty limit is none, and 0 takes nothing."""
    assert limit == settings_from(replace(SERVER, local_max_size_gb=limit)).max_size_bytes


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"bucket": ""}, "STORAGE_S3_BUCKET is empty"),
        ({"secret_access_key": ""}, "belong together"),
        ({"access_key_id": ""}, "belong together"),
        ({"endpoint_url": "s3.example"}, "STORAGE_S3_ENDPOINT_URL must begin with"),
        ({"prefix": "a/../b"}, "STORAGE_S3_PREFIX can't be used"),
        ({"put_headers": "x-amz-acl"}, "STORAGE_S3_PUT_HEADERS must be written like"),
        ({"put_headers": "x-amz-acl:"}, "STORAGE_S3_PUT_HEADERS must be written like"),
        ({"put_headers": "x-amz-acl: private\nHost: b"}, "STORAGE_S3_PUT_HEADERS must be written like"),
        ({"put_headers": "Authorization: me"}, "STORAGE_S3_PUT_HEADERS can't have Authorization"),
    ],
)
def test_what_cannot_be_is_refused(wrong, sentence):
    """Settings that no bucket can have are named, without a secret."""
    with pytest.raises(StorageSettingsError, match=sentence):
        settings_from(replace(SERVER, storage_type="S3", s3=replace(S3, **wrong)))


def test_an_unknown_type_is_refused():
    """STORAGE_TYPE is one of two."""
    with pytest.raises(StorageSettingsError, match="STORAGE_TYPE must be LOCAL or S3, but is 'FTP'"):
        settings_from(replace(SERVER, storage_type="FTP"))


def test_settings_become_their_storage(tmp_path):
    """The factory makes what the settings speak of."""
    assert [LocalStorageBackend, S3StorageBackend] == [
        type(create(s)) for s in (LocalSettings(root=tmp_path), S3Settings(bucket="b"))
    ]
