"""Two real processes whose transcripts go into one dataset on a real S3 server."""

import json

import pytest
from dataset_jobs import converted
from datasets import TRANSCRIPTS_KIND
from remote_datasets import store, stored

from pipeline.errors import PipelineError
from pipeline.job import DatasetRequest
from transcripts.jobs import check_dataset


def test_two_jobs_at_two_computers_lose_nothing(clips, s3_settings, tmp_path, uri, other):
    """Each has a copy of its own; the one that saves later merges what the other has saved."""
    place = {
        "AWS_ENDPOINT_URL_S3": s3_settings.endpoint_url,
        "AWS_ACCESS_KEY_ID": s3_settings.access_key_id,
        "AWS_SECRET_ACCESS_KEY": s3_settings.secret_access_key,
    }
    computers = [{**place, "XDG_CACHE_HOME": str(tmp_path / name)} for name in ("here", "there")]
    assert ([0, 0], ["", ""]) == converted(clips, uri, computers)
    found = stored(other, uri)
    assert ["This is one.", "This is two."] == sorted(row["text"] for row in found["segments"])
    assert ["one", "two"] == sorted(row["title"] for row in found["media"])


@pytest.fixture
def no_right_to_write(s3_settings, uri, other):
    """A bucket below whose prefix nobody may store anything."""
    denied = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{uri.bucket}/{s3_settings.prefix}/*",
    }
    other.put_bucket_policy(Bucket=uri.bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [denied]}))
    yield
    other.delete_bucket_policy(Bucket=uri.bucket)


def test_a_dataset_without_the_right_to_save(uri, other, editor, request):
    """Is refused before the work, and nothing is stored or begun by looking."""
    store(other, uri, TRANSCRIPTS_KIND.content)
    wanted, config = DatasetRequest(uri=str(uri)), editor().config
    check_dataset(wanted, config)
    assert TRANSCRIPTS_KIND.content == stored(other, uri)
    assert "Uploads" not in other.list_multipart_uploads(Bucket=uri.bucket, Prefix=uri.key)
    request.getfixturevalue("no_right_to_write")
    with pytest.raises(PipelineError, match=r"could not be saved to .*: .* does not allow this"):
        check_dataset(wanted, config)
