"""Fixtures: every test that uses `kind` runs for transcripts and for COCO."""

import pytest
import s3_server
from datasets import KINDS, HeldClock, opened

NEED_S3 = ["test_remote_commands.py", "test_remote_jobs.py", "test_remote_opening.py", "test_remote_saving.py"]
collect_ignore = NEED_S3 if s3_server.missing_programs() else []


@pytest.fixture(params=KINDS, ids=[kind.schema.name for kind in KINDS])
def kind(request):
    """A dataset of either schema."""
    return request.param


@pytest.fixture
def path(kind, tmp_path):
    """Its file, in a folder of its own, with an odd name."""
    return kind.write(tmp_path / "course 'ü' \"1\"\n.json")


@pytest.fixture
def clock():
    """A clock that stands still."""
    return HeldClock()


@pytest.fixture
def document(path, clock):
    """The dataset, open."""
    with opened(path, clock) as found:
        yield found


@pytest.fixture
def uri(s3_settings):
    """An address in S3 where nothing is yet, with an odd name."""
    from storage import S3Uri

    return S3Uri(bucket=s3_settings.bucket, key=f"{s3_settings.prefix}/week 1/it's 'ü' \"1\".json")


@pytest.fixture
def other(s3_settings):
    """Another program that uses the same bucket."""
    from s3_gateway import client_of

    made = client_of(s3_settings)
    yield made
    made.close()


@pytest.fixture
def gateway(s3_settings):
    """A store that takes conditions as Amazon's does, and can be made to fail."""
    from s3_gateway import running_gateway

    with running_gateway(s3_settings, "quoted") as running:
        yield running


@pytest.fixture
def editor(s3_settings, tmp_path):
    """Return what makes an editor at a computer of their own, who reaches S3 directly or by another address."""
    from remote_datasets import Editor

    made = []

    def make(endpoint_url=s3_settings.endpoint_url, folder=None):
        made.append(Editor(folder or tmp_path / f"computer {len(made)}", s3_settings, endpoint_url))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def clips(tmp_path):
    """Two videos with captions of their own."""
    from dataset_jobs import captioned_clips

    return captioned_clips(tmp_path)
