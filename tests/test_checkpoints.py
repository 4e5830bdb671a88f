"""Finished pieces on disk: found again, and only where they were made from the same."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.checkpoints import Checkpoints, Move, key_of
from pipeline.errors import OutputError

KEY = key_of("source", ["-c:v", "libx264"])


@pytest.fixture
def kept(tmp_path: Path) -> Checkpoints:
    """Checkpoints with one finished piece of two files."""
    kept = Checkpoints(tmp_path / "checkpoints")
    folder = kept.begin("0000")
    (folder / "720p").mkdir()
    (folder / "720p" / "seg_001.ts").write_bytes(b"picture")
    (folder / "720p" / "seg_002.ts").write_bytes(b"more")
    kept.keep("0000", folder)
    kept.finish("0000", KEY, {"frames": 50})
    return kept


def test_a_finished_piece_is_found_by_another_run(kept):
    """The facts come back as they were given."""
    assert ({"frames": 50}, ["0000"]) == (Checkpoints(kept.root).find("0000", KEY), [p.name for p in kept.pieces])


def _other_key(kept: Checkpoints) -> str:
    return key_of("another source", ["-c:v", "libx264"])


def _a_file_is_gone(kept: Checkpoints) -> str:
    (kept.root / "0000" / "720p" / "seg_002.ts").unlink()
    return KEY


def _a_file_was_cut(kept: Checkpoints) -> str:
    (kept.root / "0000" / "720p" / "seg_001.ts").write_bytes(b"pic")
    return KEY


def _the_mark_is_broken(kept: Checkpoints) -> str:
    (kept.root / "0000" / "done.json").write_text('{"key": ')
    return KEY


def _the_mark_lacks_the_files(kept: Checkpoints) -> str:
    (kept.root / "0000" / "done.json").write_text(json.dumps({"key": KEY, "facts": {}}))
    return KEY


def _the_mark_says_more_than_is_known(kept: Checkpoints) -> str:
    (kept.root / "0000" / "done.json").write_text(json.dumps({"key": KEY, "files": {}, "facts": {}, "more": 1}))
    return KEY


def _it_was_begun_again(kept: Checkpoints) -> str:
    kept.begin("0000")
    return KEY


@pytest.mark.parametrize(
    "change",
    [
        _other_key,
        _a_file_is_gone,
        _a_file_was_cut,
        _the_mark_is_broken,
        _the_mark_lacks_the_files,
        _the_mark_says_more_than_is_known,
        _it_was_begun_again,
    ],
    ids=lambda f: f.__name__[1:],
)
def test_what_is_not_the_same_or_not_whole_is_not_found(kept, change: Callable[[Checkpoints], str]):
    """Such a piece is made anew."""
    assert None is kept.find("0000", change(kept))


def test_what_an_earlier_version_marked_as_finished_is_found(tmp_path):
    """As it wrote it: pieces and moves of another version go on, as long as they were made from the same."""
    kept = Checkpoints(tmp_path / "checkpoints")
    (kept.root / "0000" / "90p").mkdir(parents=True)
    (kept.root / "0000" / "90p" / "seg_001.ts").write_bytes(b"old")
    mark = '{"key": "0a", "files": {"90p/seg_001.ts": 3}, "facts": {"starts": {"90p": [900000]}, "last": null}}'
    (kept.root / "0000" / "done.json").write_text(mark)
    moves = '{"key": "0b", "moves": [["0000/90p/seg_001.ts", "90p/seg_001.ts", 3]], "facts": {"duration_s": 4.0}}'
    (kept.root / "moves.json").write_text(moves)
    assert {"starts": {"90p": [900000]}, "last": None} == kept.find("0000", "0a")
    assert {"duration_s": 4.0} == kept.finish_moves("0b", tmp_path / "job")


def test_a_piece_that_was_not_finished_is_not_found(tmp_path):
    """A folder without a mark counts for nothing."""
    kept = Checkpoints(tmp_path)
    (kept.begin("0001") / "seg_001.ts").write_bytes(b"half")
    assert (None, ()) == (kept.find("0001", KEY), kept.pieces)


def test_an_attempt_has_a_folder_of_its_own(tmp_path):
    """What a program of a run that was killed still writes goes nowhere, and what it left is removed."""
    kept = Checkpoints(tmp_path)
    first = kept.begin("0001")
    (first / "seg_001.ts").write_bytes(b"half")
    second = kept.begin("0001")
    (second / "seg_001.ts").write_bytes(b"whole")
    kept.keep("0001", second)
    assert (False, ["0001"], b"whole") == (
        first == second,
        [path.name for path in tmp_path.iterdir()],
        (tmp_path / "0001" / "seg_001.ts").read_bytes(),
    )


def test_pieces_that_nobody_needs_are_removed(kept):
    """Of other cuts, say."""
    kept.begin("0007")
    kept.keep_only({"0000"})
    assert ["0000"] == [path.name for path in kept.root.iterdir()]


MOVES = (
    Move(source="0000/720p/seg_001.ts", target="720p/seg_001.ts", size_bytes=7),
    Move(source="0000/720p/seg_002.ts", target="720p/seg_002.ts", size_bytes=4),
)


def test_moves_that_were_cut_short_are_gone_on_with(kept, tmp_path, monkeypatch):
    """A power cut between two files loses neither."""
    place = tmp_path / "job"
    real, moved = Path.replace, []

    def once(path: Path, target: Path) -> Path:
        if path.name.startswith("seg"):
            moved.append(path.name)
            if len(moved) == 2:
                raise KeyboardInterrupt
        return real(path, target)

    monkeypatch.setattr(Path, "replace", once)
    with pytest.raises(KeyboardInterrupt):
        kept.move(KEY, MOVES, place, {"duration_s": 2.0})
    monkeypatch.undo()
    again = Checkpoints(kept.root)
    assert (True, {"duration_s": 2.0}) == (again.moving, again.finish_moves(KEY, place))
    assert [b"picture", b"more"] == [(place / m.target).read_bytes() for m in MOVES]


def test_moves_for_something_else_are_not_gone_on_with(kept, tmp_path):
    """Another source or other settings."""
    kept.move(KEY, MOVES, tmp_path / "job", {})
    assert None is kept.finish_moves(key_of("other"), tmp_path / "job")


def test_moves_whose_files_are_gone_are_forgotten(kept, tmp_path):
    """Then the work is done again."""
    kept.move(KEY, MOVES, tmp_path / "job", {})
    (tmp_path / "job" / "720p" / "seg_001.ts").unlink()
    assert (None, False) == (kept.finish_moves(KEY, tmp_path / "job"), kept.moving)


def test_a_place_that_can_not_be_written_is_a_sentence(tmp_path):
    """The folder is named."""
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="can't be made"):
        Checkpoints(tmp_path / "file").begin("0000")
