"""What tells the settings of one job from those of another, from version to version."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.job import Job, QualityRate, Trim
from pipeline.job_codec import job_from_text
from pipeline.job_digest import digest_of, is_digest_of

KEPT = Path(__file__).parent / "kept"


@pytest.mark.parametrize("schema", [3, 4])
def test_digests_of_earlier_versions_count(schema):
    """They are of the job's text as it was then."""
    text = (KEPT / f"watched_job_{schema}.json").read_text()
    job = job_from_text(text)
    digest = hashlib.sha256(text.encode()).hexdigest()
    others = (
        replace(job, trim=Trim(start_s=1.0)),
        replace(job, audio_only=True),
        replace(job, bit_rates=(QualityRate(name="1080p", bit_rate=4_500_000),)),
        replace(job, poster_s=0.0),
        replace(job, encoding=replace(job.encoding, fit_ladder=True)),
    )
    assert [True, False, False, False, False, False] == [is_digest_of(digest, one) for one in (job, *others)]


def test_a_digest_is_of_what_is_asked_for():
    """What has its default is not in it: a setting that comes later changes no digest."""
    job = Job(source=Path("/lectures/a.mp4"), output_dir=Path("out"), slug="a")
    text = '{"output_dir": "out", "slug": "a", "source": "/lectures/a.mp4"}'
    assert hashlib.sha256(text.encode()).hexdigest() == digest_of(job)
    assert [True, False] == [is_digest_of(digest_of(job), one) for one in (job, replace(job, make_mp4=False))]
