"""pipeline.files: the old content or the new, and nothing else."""

import errno

import pytest

from pipeline.errors import OutputError
from pipeline.files import write_whole


def test_a_full_disk_leaves_the_old_content_and_no_part_of_the_new(tmp_path, monkeypatch):
    """What was begun beside the file is taken away again."""
    path = tmp_path / "state.json"
    write_whole(path, "old\n")

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OutputError, match="No space left on device"):
        write_whole(path, "new\n")
    assert ["state.json"] == [left.name for left in tmp_path.iterdir()]
    assert b"old\n" == path.read_bytes()


def test_a_file_is_written_in_pieces(tmp_path):
    """Whole or not at all, as in one; what fails among the pieces leaves the old content."""
    path = tmp_path / "list.json"
    write_whole(path, (piece for piece in (b"a", b"b")))
    assert b"ab" == path.read_bytes()
