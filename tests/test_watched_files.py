"""When a file in a watched folder counts, by a clock that the test holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.watched_files import (
    FileStamp,
    Handled,
    WatchedFiles,
    WatchMemory,
    memory_from_json,
    memory_to_json,
)

A, B = Path("a.mp4"), Path("b.mp4")


def _state(size_bytes: int = 5, mtime_ns: int = 1) -> FileStamp:
    return FileStamp(size_bytes=size_bytes, mtime_ns=mtime_ns)


@pytest.fixture
def files():
    """Files that must stay the same for ten seconds."""
    return WatchedFiles(settle_s=10)


def test_a_file_counts_when_it_has_stayed_the_same(files):
    """Its size and its time; each change begins the wait anew, and an empty file never counts."""
    assert [] == files.look({A: _state(1), B: _state(0)}, 0)
    assert [] == files.look({A: _state(2), B: _state(0)}, 9)
    assert [] == files.look({A: _state(2, mtime_ns=2), B: _state(0)}, 18)
    assert [] == files.look({A: _state(2, mtime_ns=2), B: _state(0)}, 27.9)
    assert [A] == files.look({A: _state(2, mtime_ns=2), B: _state(0)}, 28)


def test_a_file_is_begun_once_as_it_is(files):
    """Until it changes; then it has to settle again."""
    files.look({A: _state()}, 0)
    files.begin(A, _state())
    assert [] == files.look({A: _state()}, 100)
    assert [] == files.look({A: _state(6)}, 200)
    assert [A] == files.look({A: _state(6)}, 210)


def test_a_file_that_was_away_is_the_same_one(files):
    """A drive that was disconnected meanwhile brings nothing new; what has changed on it is."""
    files.look({A: _state(), B: _state()}, 0)
    files.begin(A, _state())
    files.begin(B, _state())
    assert [] == files.look({}, 10)
    assert [] == files.look({A: _state(), B: _state(6)}, 20)
    assert [B] == files.look({A: _state(), B: _state(6)}, 30)


def test_a_file_that_was_deleted_is_forgotten(files):
    """It is settled only as long as it is there."""
    files.look({A: _state()}, 0)
    files.look({}, 5)
    assert [] == files.look({A: _state()}, 10)
    assert ([A], [A]) == (files.unsettled, files.look({A: _state()}, 20))


def test_a_video_whose_backend_was_away_is_tried_again(files):
    """After pauses that grow, and only then; a change begins them anew."""
    files.look({A: _state()}, 0)
    now_s, pauses = 10.0, []
    for _ in range(6):
        assert [A] == files.look({A: _state()}, now_s)
        files.begin(A, _state())
        pauses.append(files.try_again(A, now_s))
        assert [] == files.look({A: _state()}, now_s + pauses[-1] - 1)
        now_s += pauses[-1]
    assert [60, 120, 300, 600, 1800, 1800] == pauses
    files.look({A: _state(6)}, now_s)
    assert [A] == files.look({A: _state(6)}, now_s + 10)
    files.begin(A, _state(6))
    assert 60 == files.try_again(A, now_s)


def test_what_is_done_is_kept():
    """What can't be understood, or another version wrote, is nothing."""
    memory = WatchMemory(videos={"/in/a.mp4": Handled(state=_state(), job="0a")})
    stored = memory_to_json(memory)
    assert memory == memory_from_json(stored)
    for broken in (None, [], {}, {**stored, "schema": 2}, {**stored, "videos": {"a": 5}}, {"schema": 1}):
        assert WatchMemory(videos={}) == memory_from_json(broken)
