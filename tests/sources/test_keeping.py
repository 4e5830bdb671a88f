"""A fetched source while its job runs, and afterwards."""

from __future__ import annotations

import pytest
from source_server import Video, noise

from pipeline.cancel import CancelToken
from pipeline.events import JobFinished, LogLevel, LogLine
from pipeline.fingerprint import fingerprint
from pipeline.model import JobReport, Outcome
from pipeline.sources.fetching import cache_of, located
from pipeline.sources.keeping import source_in_use

CONTENT = noise(3_000_000)


@pytest.fixture
def job(server, job_of, config):
    """The job of a video at the server, after it was looked at."""
    server.videos["/a.mp4"] = Video(CONTENT)
    with located(job_of(f"{server.url}/a.mp4?secret"), config, CancelToken()) as found:
        return found.job


def report_of(job, outcome: Outcome) -> JobReport:
    """Return how a job ended, in a sentence that names the place of its source."""
    return JobReport(
        slug=job.slug, source=job.source, folder=job.folder, outcome=outcome, error=f"{job.source} is odd."
    )


@pytest.mark.parametrize(
    ("outcome", "there"), [(Outcome.DONE, False), (Outcome.FAILED, True), (Outcome.CANCELLED, True)]
)
def test_a_source_is_removed_when_its_job_is_done(job, config, outcome, there):
    """After all else the next run goes on with it."""
    with source_in_use(job, config) as source:
        source.use(CancelToken())
        report = source.ended(report_of(job, outcome))
    assert (there, f"{job.address} is odd.") == (job.source.exists(), report.error)


def test_a_source_that_another_job_uses_stays(job, config):
    """Until that is done, too."""
    with source_in_use(job, config) as other:
        other.use(CancelToken())
        with source_in_use(job, config) as source:
            source.use(CancelToken())
            source.ended(report_of(job, Outcome.DONE))
        assert job.source.exists()
        other.ended(report_of(job, Outcome.DONE))
    assert not job.source.exists()


def test_a_source_that_is_gone_is_looked_at_again(job, config):
    """As when a job runs a second time for its upload alone: it is known by its fingerprint."""
    before, status = fingerprint(job.source), job.source.stat()
    cache_of(config).drop(job.address, CancelToken())
    with source_in_use(job, config) as source:
        source.use(CancelToken())
        assert before == fingerprint(job.source)
        now = job.source.stat()
        assert (status.st_size, status.st_mtime_ns) == (now.st_size, now.st_mtime_ns)


def test_sentences_have_the_address(job, config):
    """In all that an editor reads; what is for troubleshooting alone keeps the path."""
    told = []
    with source_in_use(job, config) as source:
        sink = source.naming(told.append)
        for level in (LogLevel.WARNING, LogLevel.DETAIL):
            sink(LogLine(job="lesson", text=f"{job.source} ends early", level=level))
        sink(JobFinished(report=report_of(job, Outcome.FAILED)))
    assert [f"{job.address} ends early", f"{job.source} ends early"] == [one.text for one in told[:2]]
    assert f"{job.address} is odd." == told[2].report.error
    assert "secret" not in str(told)
