"""What goes up, and when."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from upload_parts import FOLDER, PREFIX

from pipeline.errors import TransferError
from pipeline.transfer.upload.publish_order import LARGE_BYTES, OutgoingFile, collect, in_version_folder, stages


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


STREAM = {
    "master.m3u8": (
        '#EXTM3U\n#EXT-X-SESSION-DATA:DATA-ID="com.apple.hls.chapters",URI="chapters.json"\n'
        "480p/index.m3u8\nradio.m3u8\n"
    ),
    "480p/index.m3u8": (
        '#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI="../stream.key"\n#EXT-X-MAP:URI="init.mp4"\nseg_001.m4s\n'
    ),
    "480p/init.mp4": "",
    "480p/seg_001.m4s": "",
    "480p/spare.bin": "",
    "stream.key": "",
    "radio.m3u8": '#EXTM3U\n#EXT-X-MAP:URI="radio%20start.mp4?v=1"\nradio.aac\n',
    "radio start.mp4": "",
    "radio.aac": "",
    "lost_001.ts": "",
}
ALONE = (
    "chapters.json",
    "chapters.vtt",
    "offline_480p.mp4",
    "poster.jpg",
    "thumbnails.vtt",
    "transcript.txt",
    "slides/01.pdf",
)


def test_what_stands_alone_keeps_its_address_and_comes_last(tmp_path):
    """Whatever a player comes to by the master goes to the place of its version: nobody looks for it by its address."""
    for name, content in {**STREAM, **dict.fromkeys(ALONE, "")}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    files = in_version_folder(collect(tmp_path, PREFIX), PREFIX, "v2/")
    kept = {name: PREFIX + name for name in (*ALONE, "master.m3u8")}
    assert {**{name: f"{PREFIX}v2/{name}" for name in STREAM}, **kept} == {file.name: file.key for file in files}
    order = [[file.name for file in step] for step in stages(files, "v2/")]
    assert (["master.m3u8"], sorted(ALONE)) == (order[2], sorted(order[3]))
    assert 3 == len(stages(collect(tmp_path, PREFIX)))


def test_a_segment_may_be_named_as_players_read_it(tmp_path):
    """Signs that an address can't have are escaped in a playlist; what is missing is missing all the same."""
    (tmp_path / "a b.ts").write_bytes(b"x")
    (tmp_path / "master.m3u8").write_text("#EXTM3U\na%20b.ts\n")
    assert 2 == len(collect(tmp_path, PREFIX))
    (tmp_path / "a b.ts").unlink()
    with pytest.raises(TransferError, match=r"names a%20b\.ts, which is missing"):
        collect(tmp_path, PREFIX)


def test_large_files_are_begun_first():
    """A long file that starts last would keep everything waiting."""

    def file(name: str, size: int) -> OutgoingFile:
        return OutgoingFile(folder=Path(), name=name, key=name, size_bytes=size, mtime_ns=0)

    [step] = stages([file("a.ts", 5), file("b.ts", 9), file("m.mp4", LARGE_BYTES + 1), file("n.mp4", LARGE_BYTES + 2)])
    assert ["n.mp4", "m.mp4", "a.ts", "b.ts"] == [entry.name for entry in step]


def test_steps_without_files_are_left_out(tmp_path):
    """A folder without playlists has one step."""
    (tmp_path / "a.mp4").write_bytes(b"x")
    assert 1 == len(stages(collect(tmp_path, PREFIX)))


@pytest.mark.parametrize(
    ("make", "said"), [(False, "does not exist"), (True, "nothing to upload")], ids=["missing", "empty"]
)
def test_folder_without_files_is_a_sentence(tmp_path, make, said):
    """There has to be something to upload."""
    place = tmp_path / "place"
    if make:
        place.mkdir()
    with pytest.raises(TransferError, match=said):
        collect(place, PREFIX)


@pytest.mark.parametrize("name", [b"caf\xe9.txt", b"a\\b.txt", b"a\nb.txt"], ids=["no text", "backslash", "line break"])
def test_name_that_no_store_takes_is_a_sentence(folder, name):
    """Before anything is sent, and in letters that every terminal shows."""
    (folder / os.fsdecode(name)).write_bytes(b"x")
    with pytest.raises(TransferError, match=r"can't be stored: its name has a backslash.* Rename it") as caught:
        collect(folder, PREFIX)
    str(caught.value).encode()


def test_key_that_is_too_long_is_a_sentence(folder):
    """The file is named, with what it has and what S3 takes."""
    prefix = "a/" * 462
    (folder / ("b" * 101)).write_bytes(b"x")
    with pytest.raises(
        TransferError, match=r"/b+ can't be stored: with the destination its name has 1025 bytes, and S3 takes 1024"
    ):
        collect(folder, prefix)
