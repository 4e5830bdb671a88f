"""The videos among files and folders that were dropped, chosen or pasted."""

from __future__ import annotations

from ui.gathering import gather, pasted_paths


def _made(*paths):
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    return [str(path) for path in paths]


def _told(found):
    return [(video.source.name, video.slug) for video in found.videos]


def test_files_and_folders_are_taken_in_their_order(tmp_path):
    """Each video is taken once, one of a folder with its path below that, and a finished stream is passed over."""
    named = _made(tmp_path / "b.mp4", tmp_path / "a song.mp3")
    _made(tmp_path / "week 1" / "c.MOV", tmp_path / "week 1" / "deep" / "d.mkv", tmp_path / "week 1" / "notes.txt")
    _made(tmp_path / "week 1" / "out" / "master.m3u8", tmp_path / "week 1" / "out" / "seg_001.ts")
    found = gather([*named, str(tmp_path / "week 1"), named[0]], output=None)
    assert [("b.mp4", "b"), ("a song.mp3", "a-song"), ("c.MOV", "c"), ("d.mkv", "deep/d")] == _told(found)
    assert () == found.left_out


def test_what_is_no_video_is_named_in_a_sentence(tmp_path):
    """Documents, what has gone and a folder without a video are named; the videos beside them are taken."""
    named = _made(*(tmp_path / name for name in ("a.mp4", "b.docx", "c.pdf", "d.txt", "e.zip", ".hidden")))
    (tmp_path / "empty").mkdir()
    found = gather([*named, str(tmp_path / "gone.mp4"), str(tmp_path / "empty")], output=None)
    assert [("a.mp4", "a")] == _told(found)
    assert (
        f"There is no video or audio file in {tmp_path / 'empty'}: name another folder, or the files.",
        "b.docx, c.pdf, d.txt and 2 more are not added: the name does not end as a video's does.",
        "gone.mp4 is not there any more: choose the file again.",
    ) == found.left_out


def test_pasted_lines_are_paths_and_addresses(tmp_path):
    """Quotes and file:// are taken away, empty lines and doubles passed over; an address is a video."""
    address = "https://example.com/c.mp4?key=1"
    text = f'"{tmp_path}/a b.mp4"\r\n\nfile://{tmp_path}/%C3%BCb.mp4\n{address}\n"{tmp_path}/a b.mp4"'
    paths = pasted_paths(text)
    assert (f"{tmp_path}/a b.mp4", f"{tmp_path}/üb.mp4", address) == paths
    assert [("c.mp4", "c")] == _told(gather(paths[2:], output=None))
