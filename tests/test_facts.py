"""What each step of a job leaves."""

from __future__ import annotations

import dataclasses

from step_facts import ENCODED, uploaded

from pipeline.facts import STEPS, CleanupFacts, Facts, Mp4Facts, RecordFacts, SentRecord


def test_every_step_has_its_facts():
    """Under the name of the step, which is what stands in job.json."""
    assert [entry.name for entry in dataclasses.fields(Facts)] == list(STEPS)


def test_a_step_that_is_done_again_has_other_facts():
    """Those of the other steps stay."""
    before = Facts(hls=ENCODED).having(uploaded(prefix="a/"))
    after = before.having(uploaded(prefix="b/"))
    assert {"hls": ENCODED, "upload": uploaded(prefix="b/")} == after.by_step
    assert Facts(hls=ENCODED, upload=uploaded(prefix="a/")) == before


def test_steps_that_are_not_finished_any_more():
    """Whether they were or not."""
    done = Facts(hls=ENCODED, mp4=Mp4Facts(file="a.mp4"), cleanup=CleanupFacts(finished=True))
    assert Facts(hls=ENCODED) == done.without(["mp4", "cleanup", "upload"])


def test_the_last_record_is_one_like_the_others():
    """So that all of them are looked through alike."""
    other = SentRecord(backend_url="https://b", fields={})
    facts = RecordFacts(backend_url="https://a", fields={"name": "Lesson"}, others=(other,))
    assert SentRecord(backend_url="https://a", fields={"name": "Lesson"}) == facts.last
