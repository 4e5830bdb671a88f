"""Work that goes on side by side: the video's first chunks are encoded while the source is still being read
through.
"""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from child_processes import left_behind
from source_clips import AAC, H264, pattern, run, tone

from config import Config
from pipeline import wiring
from pipeline.cancel import CancelToken
from pipeline.engines import local, source_run
from pipeline.errors import SourceError
from pipeline.events import LogLevel, LogLine
from pipeline.job import EncodingRequest, Job
from pipeline.media.encode import chunks
from pipeline.media.source import packet_scan, running_scan
from pipeline.media.source.packet_scan import ScanProgress
from pipeline.media.source.probe import probe
from pipeline.media.source.scan import CLOCK_HZ, Scan
from pipeline.media.validate import validate
from pipeline.media_info import MediaInfo
from pipeline.model import JobReport, Outcome

LONG_S = 60
ENCODE = ("-g", "50", *H264, "-crf", "2")  # with so many bits that the ceiling is the table's, whatever comes later


@dataclass
class WatchedJob:
    """A whole job: what it is told, and which pieces it made in which order."""

    job: Job
    cancel: CancelToken = field(default_factory=CancelToken)
    pieces: list[str] = field(default_factory=list)
    begun: threading.Event = field(default_factory=threading.Event)
    on_piece: Callable[[str], None] = lambda _: None

    def go(self) -> JobReport:
        return wiring.run_job(wiring.probe_and_plan(self.job, Config()), Config(), self._see, self.cancel)

    def _see(self, event: object) -> None:
        if isinstance(event, LogLine) and event.level is LogLevel.DETAIL and "/.checkpoints/" in event.text:
            self.pieces.append(Path(event.text.split(" && ")[0]).stem)
            self.on_piece(self.pieces[-1])
            if self.pieces[-1] == "0000":
                self.begun.set()


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., WatchedJob]:
    """Return a function that prepares a job on a clip, cut like a long one."""
    monkeypatch.setattr(chunks, "CHUNK_SEGMENTS", 1)
    monkeypatch.setattr(chunks, "LEAST_SEGMENTS", 1)
    monkeypatch.setattr(running_scan, "FIRST_TICKS", 13 * CLOCK_HZ)
    monkeypatch.setattr(packet_scan, "CHECK_EVERY", 20)

    def make(source: Path, name: str = "out", **asked: object) -> WatchedJob:
        encoding = EncodingRequest(preset="ultrafast")
        return WatchedJob(
            job=Job(source=source, output_dir=tmp_path / name, slug="clip", encoding=encoding, make_mp4=False, **asked)
        )

    return make


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """Half a minute without audio, a keyframe every two seconds."""
    return run(tmp_path, "clip.mp4", *pattern(size="160x90", length_s=26), *ENCODE)


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Callable[[WatchedJob], None]:
    """Return a function that lets a job's scan end only when its first chunk has begun, or the job was cancelled."""
    real = running_scan.scan

    def hold(job: WatchedJob) -> None:
        def scan(
            media: MediaInfo,
            cancel: CancelToken,
            on_progress: Callable[[float], None],
            on_found: Callable[[ScanProgress], None],
        ) -> Scan:
            def see(found: ScanProgress) -> None:
                on_found(found)
                if found.reach >= running_scan.FIRST_TICKS:
                    with cancel.on_cancel(job.begun.set):
                        assert job.begun.wait(LONG_S), "no chunk was begun before the end of the source was seen"

            return real(media, cancel, on_progress, see)

        monkeypatch.setattr(running_scan, "scan", scan)

    return hold


@pytest.fixture
def read_first(monkeypatch: pytest.MonkeyPatch) -> Callable[[WatchedJob], JobReport]:
    """Return a function that runs a job whose source is read through before anything else."""

    def go(job: WatchedJob) -> JobReport:
        with monkeypatch.context() as patch:
            patch.setattr(running_scan, "FIRST_TICKS", 1 << 62)
            return job.go()

    return go


def _segments(report: JobReport) -> list[bytes]:
    return [path.read_bytes() for path in sorted((report.folder / "90p").glob("seg_*.ts"))]


def test_the_first_chunk_is_begun_while_the_source_is_read(start, held, read_first, clip):
    """What was made early is what would have been made, and is not made again."""
    early, late = start(clip, "early"), start(clip, "late")
    straight = read_first(late)
    held(early)
    report = early.go()
    assert (Outcome.DONE, Outcome.DONE, ()) == (straight.outcome, report.outcome, validate(report.folder).findings)
    each = sorted(set(early.pieces))  # two are encoded at a time: which of them is told of first is chance
    assert (each, each, _segments(straight)) == (sorted(early.pieces), sorted(late.pieces), _segments(report))


def test_what_was_begun_on_a_wrong_guess_is_made_again(start, held, read_first, tmp_path):
    """A pause near the end changes how all of the video is encoded."""
    paused = run(
        tmp_path,
        "paused.mkv",
        *pattern(size="160x90", length_s=40),
        "-vf",
        "select='lt(t,25)+gt(t,36)'",
        "-fps_mode",
        "vfr",
        *ENCODE,
    )
    early, late = start(paused, "early"), start(paused, "late")
    straight = read_first(late)
    held(early)
    report = early.go()
    assert (Outcome.DONE, ["0000"]) == (straight.outcome, late.pieces)
    assert (Outcome.DONE, 2, ()) == (report.outcome, early.pieces.count("0000"), validate(report.folder).findings)
    assert _segments(straight) == _segments(report)


def test_cancel_while_both_go_on_leaves_nothing_behind(start, held, clip):
    """No thread, no child process, and no folder for less than a chunk of work."""
    job = start(clip)
    job.on_piece = lambda name: job.cancel.cancel()
    held(job)
    report = job.go()
    threads = [
        thread.name for thread in threading.enumerate() if thread.name == "scan" or thread.name.startswith("encode-")
    ]
    assert (Outcome.CANCELLED, [], []) == (report.outcome, threads, left_behind())
    assert [] == list(job.job.output_dir.iterdir())


def test_a_source_that_turns_out_to_be_no_good_leaves_nothing_behind(start, held, tmp_path):
    """What was begun of it is ended and removed, and the sentence is the usual one."""
    one = run(tmp_path, "one.ts", *pattern(size="160x90", length_s=20), *ENCODE)
    joined = tmp_path / "joined.ts"
    joined.write_bytes(one.read_bytes() * 2)
    job = start(joined)
    held(job)
    report = job.go()
    assert (Outcome.FAILED, True, []) == (
        report.outcome,
        "timestamps start over" in report.error,
        list(job.job.output_dir.iterdir()),
    ), report.error


def _grows(source: Path) -> None:
    with source.open("ab") as file:
        file.write(b"more")


def _is_cut_off(source: Path) -> None:
    os.truncate(source, source.stat().st_size // 2)


def _is_replaced(source: Path) -> None:
    """Another file of the same size."""
    other = source.with_suffix(".new")
    other.write_bytes(bytes(source.stat().st_size))
    other.replace(source)


def _is_rewritten(source: Path) -> None:
    source.write_bytes(source.read_bytes())


CHANGES = [_grows, _is_cut_off, _is_replaced, _is_rewritten]


@pytest.mark.parametrize("change", CHANGES, ids=lambda f: f.__name__[1:])
def test_a_source_that_changes_while_it_is_encoded_is_a_sentence(start, monkeypatch, tmp_path, change):
    """At once, not when the whole of it was encoded for nothing."""
    source = run(tmp_path, "clip.mp4", *pattern(size="160x90", length_s=26), *tone(length_s=26), *ENCODE, *AAC)
    monkeypatch.setattr(source_run, "LOOK_S", 0.0)
    monkeypatch.setattr(local, "side_by_side", lambda cores: 2)
    job = start(source)

    def on_piece(name: str) -> None:
        if name == "0001":
            change(source)

    job.on_piece = on_piece
    report = job.go()
    assert (Outcome.FAILED, True) == (report.outcome, report.error.startswith(f"{source} changed while it was read")), (
        report.error
    )
    assert False is ("0003" in job.pieces)


@pytest.mark.parametrize("change", CHANGES, ids=lambda f: f.__name__[1:])
def test_a_source_that_changes_while_it_is_read_through_is_a_sentence(start, monkeypatch, clip, change):
    """Before anything is encoded."""
    real = running_scan.scan

    def scan(media, cancel, on_progress, on_found):
        change(clip)
        return real(media, cancel, on_progress, on_found)

    monkeypatch.setattr(running_scan, "scan", scan)
    job = start(clip)
    report = job.go()
    assert (Outcome.FAILED, True) == (report.outcome, report.error.startswith(f"{clip} changed while it was read")), (
        report.error
    )
    assert [] == list(job.job.output_dir.iterdir())


def test_a_source_that_is_gone_is_a_sentence(start, monkeypatch, clip):
    """A drive that was unplugged, say."""
    job = start(clip)
    monkeypatch.setattr(source_run, "LOOK_S", 0.0)
    job.on_piece = lambda name: clip.unlink(missing_ok=True)
    report = job.go()
    assert (Outcome.FAILED, True) == (report.outcome, "was moved or deleted while it was read" in report.error), (
        report.error
    )


def test_a_copy_of_a_source_is_not_taken_for_a_change(start, clip, tmp_path):
    """Reading it, linking it and copying it leave it as it is."""
    job = start(clip)
    job.on_piece = lambda name: (shutil.copy(clip, tmp_path / "copy.mp4"), clip.read_bytes())
    assert Outcome.DONE is job.go().outcome


def _stopped_after_a_chunk(start: Callable[..., WatchedJob], source: Path) -> list[Path]:
    """Return the finished pieces of a job that was cancelled when its first chunk was finished."""
    first = start(source)
    first.on_piece = lambda name: first.cancel.cancel() if name == "0001" else None
    assert Outcome.CANCELLED is first.go().outcome
    return _finished(first)


def _finished(job: WatchedJob) -> list[Path]:
    return sorted(job.job.output_dir.rglob("done.json"))


def test_a_source_that_could_not_be_read_for_a_moment_loses_no_finished_chunk(start, monkeypatch, clip):
    """A drive may fail and come back: what an earlier run has made is used then."""
    monkeypatch.setattr(local, "side_by_side", lambda cores: 1)
    finished = _stopped_after_a_chunk(start, clip)

    def scan(*_: object) -> Scan:
        raise SourceError(f"{clip} can't be read: the file is broken or was moved.")

    with monkeypatch.context() as patch:
        patch.setattr(running_scan, "scan", scan)
        again = start(clip)
        report = again.go()
    assert (Outcome.FAILED, True) == (report.outcome, bool(finished))
    assert set(finished) <= set(_finished(again))
    last = start(clip)
    assert (Outcome.DONE, False) == (last.go().outcome, "0000" in last.pieces)


def test_nothing_is_handed_out_twice_of_a_source_that_is_trimmed(monkeypatch, tmp_path):
    """What lies behind the end of the part is of no interest, and not read."""
    source = run(tmp_path, "clip.mp4", *pattern(size="160x90", length_s=60), *tone(length_s=60), *ENCODE, *AAC)
    media = replace(probe(source), limit_s=8.0)
    monkeypatch.setattr(running_scan, "FIRST_TICKS", 2 * CLOCK_HZ)
    monkeypatch.setattr(packet_scan, "CHECK_EVERY", 20)
    read: list[float] = []
    with running_scan.RunningScan(media, CancelToken(), read.append) as running:
        parts = []
        while (part := running.part()) is not None:
            parts.append(part.video_end / CLOCK_HZ)
        found = running.result()
    assert (sorted(set(parts)), 8 * CLOCK_HZ, {8 * CLOCK_HZ}) == (
        parts,
        found.video_end,
        set(found.audio_ends.values()),
    )
    assert max(read) < 0.5
