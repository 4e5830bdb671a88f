"""Two real processes whose transcripts go into one dataset on a real S3 server."""

from dataset_jobs import converted
from remote_datasets import stored


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
