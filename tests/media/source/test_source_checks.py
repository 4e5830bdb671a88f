"""What is wrong with a source before it is opened, and a source that becomes another one while it is read."""

from __future__ import annotations

import os
import shutil
import socket
from dataclasses import replace
from pathlib import Path

import pytest

from config import Config
from pipeline import wiring
from pipeline.cancel import CancelToken
from pipeline.errors import SourceChangedError, SourceError
from pipeline.events import PhaseProgress
from pipeline.media.source.packet_scan import scan
from pipeline.media.source.probe import probe
from pipeline.media.source.source_checks import check_unchanged
from pipeline.model import Outcome

CHANGES = {
    "grows": lambda path: path.write_bytes(path.read_bytes() + b"more"),
    "is cut": lambda path: os.truncate(path, path.stat().st_size // 2),
    "is replaced": lambda path: _replace(path),
    "is written over": lambda path: path.write_bytes(bytes(reversed(path.read_bytes()))),
    "is deleted": lambda path: path.unlink(),
}


def _replace(path: Path) -> None:
    other = path.with_name("other")
    other.write_bytes(b"another video")
    other.replace(path)


@pytest.fixture
def clip(sample, tmp_path) -> Path:
    """A copy of the sample that may be spoilt."""
    return Path(shutil.copy(sample, tmp_path / "lesson.mp4"))


def _pipe(place: Path) -> Path:
    os.mkfifo(place / "pipe")
    return place / "pipe"


def _socket(place: Path) -> Path:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(place / "socket"))
    return place / "socket"


def _empty(place: Path) -> Path:
    (place / "empty.mp4").touch()
    return place / "empty.mp4"


def _standard_input(place: Path) -> Path:
    """Return what /dev/stdin is where something is piped into the program."""
    made = place / "stdin"
    made.symlink_to(_pipe(place))
    return made


NOT_FILES = [
    (_pipe, "is a pipe, not a file: save the video to a file and choose that."),
    (_standard_input, "is a pipe, not a file: save the video to a file and choose that."),
    (_socket, "is a socket, not a file: save the video to a file and choose that."),
    (lambda _: Path("/dev/zero"), "is a device, not a file: save the video to a file and choose that."),
    (lambda place: place, "is a folder: choose a video file."),
    (_empty, "is empty: choose a video file."),
    (lambda place: place / "gone.mp4", "was not found: check the name."),
    (lambda place: _empty(place) / "lesson.mp4", "was not found: check the name."),
]


@pytest.mark.parametrize(
    ("make", "sentence"), NOT_FILES, ids=[sentence[:22] + str(n) for n, (_, sentence) in enumerate(NOT_FILES)]
)
def test_what_is_no_file_is_refused_at_once(tmp_path, make, sentence):
    """Opening a pipe would wait for ever for somebody to write into it."""
    path = make(tmp_path)
    with pytest.raises(SourceError) as refused:
        probe(path)
    assert f"{path} {sentence}" == str(refused.value)


@pytest.mark.parametrize("name", ["lesson.mp4.part", "lesson.crdownload", "lesson.mp4"])
def test_an_unfinished_download_is_called_one(sample, tmp_path, name):
    """By its name, or by what the download program keeps beside it; it can't be read for want of its rest."""
    path = tmp_path / name
    path.write_bytes(sample.read_bytes()[:2000])
    if path.suffix == ".mp4":
        path.with_name(f"{name}.aria2").touch()
    with pytest.raises(SourceError) as refused:
        probe(path)
    assert f"{path} is not completely downloaded yet: wait until it is complete, then choose it again." == str(
        refused.value
    )


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_source_that_changes_while_it_is_scanned_is_refused(clip, change):
    """What was probed is no longer true of it."""
    media = probe(clip)
    change(clip)
    with pytest.raises(SourceChangedError, match=" while it was read"):
        scan(media, CancelToken())


def test_a_source_that_stays_the_same_is_none_the_worse(clip):
    """Reading it, and another name for it, change nothing."""
    media = probe(clip)
    clip.read_bytes()
    os.link(clip, clip.with_name("link.mp4"))
    assert None is check_unchanged(media)


def test_a_number_on_the_disk_is_no_identity(clip):
    """FAT, exFAT and what is mounted by programs number their files anew."""
    media = probe(clip)
    shutil.copy2(clip, clip.with_name("other.mp4"))
    clip.with_name("other.mp4").replace(clip)
    assert None is check_unchanged(media)


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_source_that_changes_while_it_is_encoded_ends_the_job(clip, job, change):
    """At once, in a sentence that says what to do; nothing is published."""
    changed = []

    def sink(event: object) -> None:
        if isinstance(event, PhaseProgress) and event.text == "Encoding" and not changed:
            changed.append(change(clip))

    plan = wiring.probe_and_plan(replace(job, source=clip), Config())
    report = wiring.run_job(plan, Config(), sink, CancelToken())
    found = (
        len(changed),
        report.outcome,
        " while it was read" in report.error,
        "\n" in report.error,
        report.folder.exists(),
    )
    assert (1, Outcome.FAILED, True, False, False) == found
