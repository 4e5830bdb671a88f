"""Audio that can't be read to its end is never made silent unsaid: the job is refused, with the reason."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import av.error
import pytest
from converting import convert
from source_clips import run

from pipeline.model import Outcome

LENGTH_S = 12
INVALID_DATA = 0x41444E49  # libavutil/error.h: "INDA"
READ = 200
"""So many packets of the audio can be read: about four seconds."""


class Breaking:
    """A file of which only the beginning can be read, by who reads nothing but audio."""

    def __init__(self, container: Any, error: Exception | None) -> None:
        self._container = container
        self._error = error

    def __enter__(self) -> Breaking:
        return self

    def __exit__(self, *_: object) -> None:
        self._container.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._container, name)

    def demux(self, streams: list[Any]) -> Iterator[Any]:
        """Yield packets as the file does, until it breaks off."""
        for number, packet in enumerate(self._container.demux(streams)):
            if number == READ and {stream.type for stream in streams} == {"audio"}:
                if self._error is not None:
                    raise self._error
                return
            yield packet


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve seconds with a tone."""
    video = ("-f", "lavfi", "-i", f"testsrc2=size=160x90:rate=25:duration={LENGTH_S}")
    tone = ("-f", "lavfi", "-i", f"sine=duration={LENGTH_S}:sample_rate=48000")
    return run(
        tmp_path_factory.mktemp("clips"),
        "clip.mp4",
        *video,
        *tone,
        "-c:v",
        "libx264",
        "-preset",
        "ultrafast",
        "-c:a",
        "aac",
    )


def _told(
    clip: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, error: Exception | None, **asked: object
) -> tuple[Outcome, str, str]:
    whole = av.open

    def open_(file: Any, *arguments: Any, **options: Any) -> Any:
        opened = whole(file, *arguments, **options)
        return Breaking(opened, error) if str(file) == str(clip) else opened

    monkeypatch.setattr(av, "open", open_)
    report = convert(clip, folder, **asked).report
    return report.outcome, report.error, " ".join(report.warnings)


def test_a_drive_that_fails_is_told(clip, tmp_path, monkeypatch):
    """The rest of the audio is there, but not now."""
    failing = av.error.OSError(errno.EIO, "Input/output error")
    expected = (
        f"{clip} can't be read to its end: the drive or the network failed. "
        "Check the connection, or copy the file to this computer."
    )
    assert (Outcome.FAILED, expected) == _told(clip, tmp_path, monkeypatch, failing)[:2]


ENDS = {"broken": av.error.InvalidDataError(INVALID_DATA, "Invalid data found when processing input"), "early": None}


@pytest.mark.parametrize("kind", ENDS)
def test_audio_that_ends_early_is_refused(clip, tmp_path, monkeypatch, kind):
    """However it came to its end."""
    outcome, error, _ = _told(clip, tmp_path, monkeypatch, ENDS[kind])
    assert (Outcome.FAILED, True) == (
        outcome,
        "7.8 s of 12.0 s of audio can't be decoded, with 1 decode error" in error,
    ), error


def test_accepted_it_is_told_all_the_same(clip, tmp_path, monkeypatch):
    """As a warning."""
    outcome, _, warnings = _told(clip, tmp_path, monkeypatch, None, accept_damaged=True)
    assert (Outcome.DONE, True) == (outcome, "7.8 s of 12.0 s of audio can't be decoded" in warnings), warnings
