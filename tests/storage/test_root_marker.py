"""storage.root_marker: the folder is the one that it was, wherever it is mounted now."""

import pytest

from storage import RootMarker, StorageGoneError


def test_the_same_marker_is_good_wherever_it_lies(tmp_path):
    """A disk that is mounted anew has other numbers and the same content; another storage has another one."""
    file = tmp_path / "storage.json"
    file.write_text("one", encoding="ascii")
    marker = RootMarker(file)
    marker.check()
    file.rename(tmp_path / "aside")
    with pytest.raises(StorageGoneError):
        marker.check()
    file.write_text("one", encoding="ascii")
    marker.check()
    file.write_text("two", encoding="ascii")
    with pytest.raises(StorageGoneError):
        marker.check()
    file.write_text("one", encoding="ascii")
    marker.check()


def test_a_marker_that_is_not_there_at_first_may_come(tmp_path):
    """Whoever looks before the disk is mounted is told so, and takes the storage that comes then."""
    marker = RootMarker(tmp_path / "storage.json")
    with pytest.raises(StorageGoneError):
        marker.check()
    (tmp_path / "storage.json").write_text("one", encoding="ascii")
    marker.check()
