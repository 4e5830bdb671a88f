"""Sources in a bucket whose S3 server is away, is in trouble, or is not to be trusted."""

from __future__ import annotations

from dataclasses import replace

import pytest
from source_server import running_source_server
from tls_servers import HERE, make_authority

from config import AwsAccess
from pipeline.cancel import CancelToken
from pipeline.errors import SourceError
from pipeline.preflight import check_job
from pipeline.preflight_answers import Refused
from pipeline.sources.fetching import FetchListener, fetch_source
from pipeline.transfer.http.control import TransferControl
from pipeline.transfer.http.retry import may_pass
from storage import s3_objects

CLOSED = "http://127.0.0.1:1"
"""Nobody ever listens there."""


@pytest.fixture
def of_server(config, monkeypatch):
    """A function that returns the settings of a machine that has keys for an S3 server, and asks it once a try."""
    monkeypatch.setattr(s3_objects, "TRIES", 1)

    def make(url: str):
        keys = AwsAccess(region="us-east-1", endpoint_url=url, access_key_id="a", secret_access_key="b")
        return replace(config, aws=keys)

    yield make
    s3_objects.s3_objects.cache_clear()


def test_a_fetch_may_be_tried_again_later(job_of, of_server, quick):
    """After so many tries as for any other source; it says which setting has the address of the server."""
    tries = []
    listener = FetchListener(note=tries.append)
    job = job_of("s3://course/lesson.mp4")
    with pytest.raises(SourceError, match=r"0\.1:1 can't be reached: check AWS_ENDPOINT_URL_S3") as failed:
        fetch_source(job, of_server(CLOSED), CancelToken(), TransferControl(), listener)
    assert may_pass(failed.value)
    assert 2 == sum(text.startswith("trying again") for text in tries)


def test_a_job_may_start_later(job_of, of_server, quick):
    """It is refused for now, and not for its settings."""
    answer = check_job(job_of("s3://course/lesson.mp4"), of_server(CLOSED), CancelToken())
    assert isinstance(answer, Refused)
    assert (True, False) == (answer.may_pass, answer.wrong_settings)
    assert ["127.0.0.1:1 can't be reached" in problem.text for problem in answer.problems] == [True]


def test_a_certificate_that_nobody_knows_is_not_waited_for(job_of, of_server, quick, tmp_path):
    """Somebody has to look after it."""
    tries = []
    context = make_authority(tmp_path / "authority.pem").context_for(HERE)
    with (
        running_source_server(context) as secure,
        pytest.raises(SourceError, match="has no certificate that this computer trusts") as failed,
    ):
        listener = FetchListener(note=tries.append)
        job = job_of("s3://course/lesson.mp4")
        fetch_source(job, of_server(secure.url), CancelToken(), TransferControl(), listener)
    assert (False, []) == (may_pass(failed.value), tries)
