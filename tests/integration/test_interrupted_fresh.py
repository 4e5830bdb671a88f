"""A fresh start that was stopped half-way is gone on with, and what it replaces stays until then."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from source_clips import AAC, H264, pattern, run, tone

from config import Config
from pipeline import wiring
from pipeline.cancel import CancelToken
from pipeline.engines import local
from pipeline.events import LogLevel, LogLine
from pipeline.job import EncodingRequest, Existing, Job
from pipeline.media.encode import chunks
from pipeline.model import Outcome


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Job:
    """A job of two chunks at least, one after the other,
    whose folder is finished with a preset and an MP4 that it does not ask for.
    """
    monkeypatch.setattr(chunks, "CHUNK_SEGMENTS", 1)
    monkeypatch.setattr(chunks, "LEAST_SEGMENTS", 1)
    monkeypatch.setattr(local, "side_by_side", lambda cores: 1)
    source = run(
        tmp_path, "clip.mp4", *pattern(size="160x90", length_s=14), *tone(length_s=14), *H264, "-g", "50", *AAC
    )
    job = Job(source=source, output_dir=tmp_path / "out", slug="clip", encoding=EncodingRequest(preset="superfast"))
    assert Outcome.DONE == _run(job)[0]
    return replace(job, encoding=EncodingRequest(), make_mp4=False)


def _run(job: Job, stop_at: str | None = None) -> tuple[Outcome, list[str]]:
    """Return how a job ended and which chunks of the video it made, stopped when it begins with one."""
    cancel, pieces = CancelToken(), []

    def sink(event: object) -> None:
        if isinstance(event, LogLine) and event.level is LogLevel.DETAIL:
            pieces.append(Path(event.text.split(" && ")[0]).stem)
            if pieces[-1] == stop_at:
                cancel.cancel()

    return wiring.run_job(wiring.probe_and_plan(job, Config()), Config(), sink, cancel).outcome, pieces


@pytest.mark.parametrize("existing", [Existing.ASK, Existing.FRESH], ids=["without fresh", "fresh again"])
def test_a_fresh_start_that_was_stopped_is_gone_on_with(job, existing):
    """What is finished of it is not made again, and the new stream takes the old one's place."""
    assert Outcome.FAILED == _run(job)[0]
    fresh = replace(job, existing=Existing.FRESH)
    old = (job.output_dir / "clip" / "90p" / "seg_001.ts").read_bytes()
    stopped, made = _run(fresh, stop_at="0001")
    assert (Outcome.CANCELLED, ["0000", "0001"]) == (stopped, made)
    assert old == (job.output_dir / "clip" / "90p" / "seg_001.ts").read_bytes()
    outcome, made = _run(replace(job, existing=existing))
    assert (Outcome.DONE, False) == (outcome, "0000" in made)
    folder = job.output_dir / "clip"
    assert (True, ["clip"]) == (
        old != (folder / "90p" / "seg_001.ts").read_bytes(),
        [path.name for path in job.output_dir.iterdir()],
    )
