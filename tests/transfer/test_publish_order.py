"""What goes up, and when."""

from __future__ import annotations

from pathlib import Path

import pytest
from upload_parts import FOLDER, PREFIX

from pipeline.errors import TransferError
from pipeline.transfer.publish_order import LARGE_BYTES, OutgoingFile, collect, stages


def test_published_files_are_collected_with_their_keys(folder):
    """Every published file goes to the prefix plus its path, and nothing else goes."""
    files = collect(folder, PREFIX)
    assert {name: PREFIX + name for name in FOLDER} == {file.name: file.key for file in files}
    assert len(FOLDER["master.m3u8"]) == next(file.size_bytes for file in files if file.name == "master.m3u8")


def test_playlists_come_after_what_they_name(folder):
    """Everything else, then all playlists but the master, then the master."""
    order = [[file.name for file in step] for step in stages(collect(folder, PREFIX))]
    assert 3 == len(order)
    assert not any(name.endswith(".m3u8") for name in order[0])
    assert ["480p/index.m3u8", "720p/index.m3u8", "subtitles/en/index.m3u8"] == order[1]
    assert ["master.m3u8"] == order[2]


def test_large_files_are_begun_first():
    """A long file that starts last would keep everything waiting."""

    def file(name: str, size: int) -> OutgoingFile:
        return OutgoingFile(path=Path(name), name=name, key=name, size_bytes=size, mtime_ns=0)

    [step] = stages([file("a.ts", 5), file("b.ts", 9), file("m.mp4", LARGE_BYTES + 1), file("n.mp4", LARGE_BYTES + 2)])
    assert ["n.mp4", "m.mp4", "a.ts", "b.ts"] == [entry.name for entry in step]


def test_steps_without_files_are_left_out(tmp_path):
    """A folder without playlists has one step."""
    (tmp_path / "a.mp4").write_bytes(b"x")
    assert 1 == len(stages(collect(tmp_path, PREFIX)))


@pytest.mark.parametrize(("make", "said"), [(False, "does not exist"), (True, "nothing to upload")], ids=["missing", "empty"])
def test_folder_without_files_is_a_sentence(tmp_path, make, said):
    """There has to be something to upload."""
    place = tmp_path / "place"
    if make:
        place.mkdir()
    with pytest.raises(TransferError, match=said):
        collect(place, PREFIX)
