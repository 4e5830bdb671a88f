"""Sources in a bucket of a real S3 server: by s3:// addresses, and by addresses that were signed for a while."""

from __future__ import annotations

from dataclasses import replace

import boto3
import pytest
from source_server import noise

from config import AwsAccess
from pipeline.cancel import CancelToken
from pipeline.errors import SourceError
from pipeline.fingerprint import fingerprint
from pipeline.sources.fetching import FetchListener, cache_of, fetch_source, located
from pipeline.transfer.http.control import TransferControl
from storage import StorageUnavailableError, StorageUnreachableError
from storage.s3_objects import S3Objects

CONTENT = noise(6_000_000)
KEY = "week 1/Größe & + 100%.mp4"


@pytest.fixture
def client(s3_settings):
    """Another program's client of the server."""
    made = boto3.client(
        "s3",
        endpoint_url=s3_settings.endpoint_url,
        region_name=s3_settings.region,
        aws_access_key_id=s3_settings.access_key_id,
        aws_secret_access_key=s3_settings.secret_access_key,
        config=boto3.session.Config(request_checksum_calculation="when_required", signature_version="s3v4"),
    )
    yield made
    made.close()


@pytest.fixture
def place(client, s3_settings):
    """The bucket and the key of a video in it."""
    found = {"Bucket": s3_settings.bucket, "Key": f"{s3_settings.prefix}/{KEY}"}
    client.put_object(**found, Body=CONTENT)
    return found


@pytest.fixture
def config(config, s3_settings):
    """The settings of a machine that has the keys."""
    access = AwsAccess(
        region=s3_settings.region,
        endpoint_url=s3_settings.endpoint_url,
        access_key_id=s3_settings.access_key_id,
        secret_access_key=s3_settings.secret_access_key,
    )
    return replace(config, aws=access)


@pytest.fixture
def job(job_of, place):
    """The job of that video."""
    return job_of(f"s3://{place['Bucket']}/{place['Key']}")


def fetched(job, config):
    """Fetch a job's source and return its path."""
    fetch_source(job, config, CancelToken(), TransferControl(), FetchListener())
    return cache_of(config).path_of(job.address)


def test_an_object_is_looked_at_and_fetched(job, config, tmp_path):
    """Its name has spaces, signs and letters that addresses escape; the fingerprint is that of the file."""
    whole = tmp_path / "whole.mp4"
    whole.write_bytes(CONTENT)
    with located(job, config, CancelToken()) as found:
        assert ("Größe & + 100%.mp4", fingerprint(whole)) == (found.job.source.name, fingerprint(found.job.source))
    assert CONTENT == fetched(job, config).read_bytes()


def test_an_object_that_came_in_parts_is_fetched(job, config, client, place):
    """Its ETag is no MD5 of it, and is not taken for one."""
    upload = client.create_multipart_upload(**place)["UploadId"]
    halves = [CONTENT[:5_300_000], CONTENT[5_300_000:]]
    parts = [
        {
            "PartNumber": number,
            "ETag": client.upload_part(**place, UploadId=upload, PartNumber=number, Body=half)["ETag"],
        }
        for number, half in enumerate(halves, start=1)
    ]
    client.complete_multipart_upload(**place, UploadId=upload, MultipartUpload={"Parts": parts})
    assert CONTENT == fetched(job, config).read_bytes()


def test_an_object_that_is_replaced_meanwhile_is_said(job, config, client, place):
    """The server is asked for the object that was looked at; the next run gets the new one."""
    other = noise(len(CONTENT), "other")
    with located(job, config, CancelToken()) as found, found.open_file(found.job.source) as file:
        client.put_object(**place, Body=other)
        file.seek(3_000_000)
        with pytest.raises(SourceError, match="changed while it was fetched: wait until its upload has ended"):
            file.read(1000)
    assert other == fetched(job, config).read_bytes()


def test_a_signed_address_is_fetched_by_anybody(client, place, config, job_of):
    """Without any keys; the query is in no text of the job."""
    url = client.generate_presigned_url("get_object", Params=place, ExpiresIn=60)
    job = job_of(url)
    assert CONTENT == fetched(job, replace(config, aws=AwsAccess())).read_bytes()
    assert "Signature" not in f"{job} {job.address}"


def test_an_expired_address_is_one_sentence(client, place, config, job_of, quick):
    """Ceph does not say that it is the age: the address or its signature is to be looked at."""
    url = client.generate_presigned_url("get_object", Params=place, ExpiresIn=60)
    expired = url.replace("X-Amz-Expires=60", "X-Amz-Expires=1").replace("X-Amz-Date=20", "X-Amz-Date=19")
    with pytest.raises(SourceError) as refused, located(job_of(expired), config, CancelToken()):
        raise AssertionError
    assert "X-Amz" not in str(refused.value)
    assert "(status 403): check the address, its signature or its login." in str(refused.value)


@pytest.mark.parametrize(
    ("kind", "times", "announced"),
    [(StorageUnreachableError, 2, 0), (StorageUnavailableError, 5, 1)],
    ids=["away", "busy"],
)
def test_a_server_that_is_back_in_time_is_fetched_from(job, config, quick, monkeypatch, kind, times, announced):
    """One in trouble is waited for with patience, and that is announced once."""
    real, failures, told, cancel = S3Objects.head, [kind("Not now.")] * times, [], CancelToken()

    def head(self, uri):
        if failures:
            raise failures.pop()
        return real(self, uri)

    monkeypatch.setattr(S3Objects, "head", head)
    cancel.wait = lambda pause_s: None
    listener = FetchListener(announce=lambda text, level: told.append(text))
    patient = replace(config, backend=replace(config.backend, patience_s=600.0))
    fetch_source(job, patient, cancel, TransferControl(), listener)
    assert CONTENT == cache_of(config).path_of(job.address).read_bytes()
    assert ([], announced) == (failures, len(told))
