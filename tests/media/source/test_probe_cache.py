"""Sources that are looked at once."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from pipeline.errors import SourceError
from pipeline.job import TrackChoice
from pipeline.media.source import probe_cache
from pipeline.media.source.probe import probe
from pipeline.media.source.probe_cache import FOLDER, probe_once


@pytest.fixture
def source(tmp_path: Path, sample: Path) -> Path:
    """A video of which a test may do what it likes."""
    path = tmp_path / "a video with 100% & ü.mp4"
    path.write_bytes(sample.read_bytes())
    return path


@pytest.fixture
def probes(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The sources that were really looked at."""
    looked: list[Path] = []

    def look(path: Path, *more: object):
        looked.append(path)
        return probe(path, *more)

    monkeypatch.setattr(probe_cache, "probe", look)
    return looked


def test_a_source_is_looked_at_once(source, probes, tmp_path):
    """What is remembered is what was found; another choice of tracks is another question."""
    first = probe_once(source, TrackChoice(), tmp_path / "cache")
    assert first == probe_once(source, TrackChoice(), tmp_path / "cache") == probe(source)
    assert [source] == probes
    probe_once(source, TrackChoice(audio=(1,)), tmp_path / "cache")
    assert [source] * 2 == probes


def _touch(source: Path, cache: Path) -> None:
    os.utime(source, ns=(1, 1))


def _change(source: Path, cache: Path) -> None:
    """Other bytes of the same number and the same time."""
    status, content = source.stat(), bytearray(source.read_bytes())
    content[-1] ^= 255
    source.write_bytes(content)
    os.utime(source, ns=(status.st_atime_ns, status.st_mtime_ns))


def _break(source: Path, cache: Path) -> None:
    (file,) = (cache / FOLDER).iterdir()
    file.write_bytes(file.read_bytes()[:-9])


def _unknown(source: Path, cache: Path) -> None:
    """Written by a version that found out other things."""
    (file,) = (cache / FOLDER).iterdir()
    stored = json.loads(file.read_text(encoding="utf-8"))
    stored["media"]["weight"] = 1
    file.write_text(json.dumps(stored), encoding="utf-8")


def _another_program(source: Path, cache: Path) -> None:
    (file,) = (cache / FOLDER).iterdir()
    stored = json.loads(file.read_text(encoding="utf-8"))
    stored["made_of"]["program"] = "older"
    file.write_text(json.dumps(stored), encoding="utf-8")


@pytest.mark.parametrize("change", [_touch, _change, _break, _unknown, _another_program])
def test_what_may_have_changed_is_looked_at_again(source, probes, tmp_path, change):
    """Whatever it was: the source, what was remembered, or the program."""
    cache = tmp_path / "cache"
    probe_once(source, TrackChoice(), cache)
    change(source, cache)
    assert probe(source) == probe_once(source, TrackChoice(), cache)
    assert [source] * 2 == probes


def test_where_nothing_can_be_remembered_nothing_is(source, probes, tmp_path):
    """Without a folder, and with one that can't be made."""
    (tmp_path / "file").write_text("in the way")
    for cache in (None, tmp_path / "file"):
        assert probe(source) == probe_once(source, TrackChoice(), cache)
    assert 2 == len(probes)


def test_what_is_no_video_is_not_remembered(tmp_path, probes):
    """It may be one tomorrow, and its sentence is said each time."""
    empty = tmp_path / "empty.mp4"
    empty.touch()
    text = tmp_path / "text.mp4"
    text.write_text("no video")
    for path in (empty, text, tmp_path / "missing.mp4"):
        for _ in range(2):
            with pytest.raises(SourceError, match=path.name):
                probe_once(path, TrackChoice(), tmp_path / "cache")
    assert not (tmp_path / "cache").exists()


def test_old_ones_are_forgotten(source, probes, tmp_path, monkeypatch):
    """The folder does not grow for ever."""
    monkeypatch.setattr(probe_cache, "MOST_FILES", 2)
    cache = tmp_path / "cache"
    for number in range(1, 4):
        other = source.with_name(f"{number}.mp4")
        other.write_bytes(source.read_bytes())
        probe_once(other, TrackChoice(), cache)
    assert 1 == len(list((cache / FOLDER).iterdir()))
