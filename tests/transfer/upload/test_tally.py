"""Counting files and bytes."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.events import TransferFigures
from pipeline.transfer.upload.journal import Confirmed
from pipeline.transfer.upload.publish_order import OutgoingFile
from pipeline.transfer.upload.speed import Speedometer
from pipeline.transfer.upload.state_file import FileStatus
from pipeline.transfer.upload.tally import Tally, TransferProgress
from pipeline.transfer.upload.upload_texts import cancelled_text, failed_text

MB = 1 << 20


def file(name: str, size: int) -> OutgoingFile:
    """Return a file of this size."""
    return OutgoingFile(folder=Path(), name=name, key=f"p/{name}", size_bytes=size, mtime_ns=0)


def confirmed(size: int) -> Confirmed:
    """Return a confirmation of a file of this size."""
    return Confirmed(size_bytes=size, mtime_ns=0, key="p/key", url="https://cdn/key")


@pytest.mark.parametrize(
    ("progress", "expected"),
    [
        (
            TransferProgress(
                file="master.m3u8", figures=TransferFigures(files_done=5, files_total=23), file_bytes_total=100
            ),
            "Uploading 5/23 files (master.m3u8)",
        ),
        (
            TransferProgress(file="720p/seg_005.ts", figures=TransferFigures(files_done=12, files_total=34)),
            "Uploading 12/34 files (seg_005.ts)",
        ),
        (
            TransferProgress(file="offline_480p.mp4", file_bytes_done=45 * MB + 5, file_bytes_total=120 * MB),
            "Uploading offline_480p.mp4 (45 MB / 120 MB)",
        ),
        (
            TransferProgress(file="a.ts", figures=TransferFigures(files_total=1), file_bytes_total=10 * MB),
            "Uploading 0/1 files (a.ts)",
        ),
    ],
    ids=["files", "in a folder", "large", "just not large"],
)
def test_status_text(progress, expected):
    """The texts are those that the editors were promised."""
    assert expected == progress.text


def test_texts_of_the_end():
    """How an upload ended, in the promised words."""
    assert "Upload failed (3 files). Check logs." == failed_text(3)
    assert "Upload failed (1 file). Check logs." == failed_text(1)
    assert "Upload failed. Check logs." == failed_text(0)
    assert "Upload cancelled. 12/45 files uploaded. Resume anytime." == cancelled_text(12, 45)


def test_another_try_gives_its_bytes_back():
    """Bytes of a try that failed do not count twice."""
    tally = Tally([file("a", 100), file("b", 50)], {})
    tally.begun("a")
    tally.moved("a", 80)
    assert 80 == tally.progress().figures.bytes_done
    tally.begun("a")
    assert 0 == tally.progress().figures.bytes_done
    tally.moved("a", 100)
    tally.confirmed("a", confirmed(100))
    assert (100, 150, 1, 2) == (
        tally.progress().figures.bytes_done,
        tally.progress().figures.bytes_total,
        tally.progress().figures.files_done,
        tally.progress().figures.files_total,
    )


def test_failed_file_takes_its_bytes_along():
    """A file that was given up counts neither as sent nor as done."""
    tally = Tally([file("a", 100)], {})
    tally.begun("a")
    tally.moved("a", 80)
    tally.failed("a", "no")
    assert (0, 0) == (tally.progress().figures.bytes_done, tally.progress().figures.files_done)
    assert (FileStatus.FAILED, "no") == (tally.states()["a"].status, tally.states()["a"].error)


def test_resume_starts_where_it_stopped():
    """What was confirmed before counts from the beginning."""
    tally = Tally([file("a", 100), file("b", 50)], {"a": confirmed(100)})
    assert (1, 100) == (tally.progress().figures.files_done, tally.progress().figures.bytes_done)
    assert pytest.approx(2 / 3) == tally.progress().figures.fraction


def test_large_file_is_shown_when_nothing_small_is_under_way():
    """Beside segments the count is what moves; alone, the bytes are."""
    tally = Tally([file("big.mp4", 50 * MB), file("a.ts", 5)], {})
    tally.begun("big.mp4")
    tally.begun("a.ts")
    tally.moved("big.mp4", 20 * MB)
    assert "Uploading 0/2 files (a.ts)" == tally.progress().text
    tally.confirmed("a.ts", confirmed(5))
    assert "Uploading big.mp4 (20 MB / 50 MB)" == tally.progress().text


def test_empty_files_make_progress_too():
    """Where there are no bytes, files are counted."""
    tally = Tally([file("a", 0), file("b", 0)], {"a": confirmed(0)})
    assert 0.5 == tally.progress().figures.fraction
    assert 0.0 == TransferFigures().fraction


def test_what_the_store_has_is_told_from_what_went_out():
    """Whole files, and parts of one under way; not those of a file that was given up, or begins anew."""
    tally = Tally([file("a", 100), file("b", 50), file("c", 7)], {"c": confirmed(7)})

    def stored() -> int:
        return tally.progress().figures.bytes_confirmed

    tally.begun("a")
    tally.moved("a", 60)
    assert 7 == stored()
    tally.stored_before("a", 10)
    tally.part_stored("a", 40)
    assert 57 == stored()
    tally.begun("a")
    assert 7 == stored()
    tally.part_stored("a", 40)
    tally.put_off("a")
    tally.part_stored("a", 40)
    assert 7 == stored()
    tally.begun("b")
    tally.part_stored("b", 50)
    tally.confirmed("b", confirmed(50))
    assert 57 == stored()


def test_parts_count_for_their_file():
    """What an earlier run sent counts, a part that is sent again gives its own bytes back,
    and late bytes of a lost file none.
    """
    tally = Tally([file("a", 100)], {})
    tally.begun("a")
    tally.stored_before("a", 40)
    tally.moved("a", 30)
    tally.taken_back("a", 30)
    assert 40 == tally.progress().figures.bytes_done
    tally.failed("a", "no")
    tally.moved("a", 10)
    tally.taken_back("a", 10)
    assert 0 == tally.progress().figures.bytes_done


def test_speed_counts_what_went_out():
    """Speed and time left are of the bytes that moved in this run, not of those that were there before."""
    now = [0.0]
    tally = Tally([file("a", 1000), file("b", 4000)], {"a": confirmed(1000)}, Speedometer(lambda: now[0]))
    tally.begun("b")
    for _ in range(10):
        now[0] += 1
        tally.moved("b", 100)
        progress = tally.progress()
    assert (pytest.approx(100), pytest.approx(30)) == (progress.figures.bytes_per_s, progress.figures.seconds_left)
