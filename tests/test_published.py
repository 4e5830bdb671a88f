"""What of a folder goes up."""

from __future__ import annotations

from pathlib import Path

from pipeline.published import published_files, published_names


def test_only_what_players_need_is_published(tmp_path):
    """State, logs, job.json and hidden files stay at home."""
    for name in (
        "master.m3u8",
        "720p/seg_001.ts",
        "transcript.json",
        "job.json",
        ".upload_state.json",
        "upload_log_2026-01-01_000000.txt",
    ):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("x")
    (tmp_path / ".hidden").mkdir()
    (tmp_path / ".hidden" / "file.ts").write_text("x")
    assert [Path("720p/seg_001.ts"), Path("master.m3u8"), Path("transcript.json")] == [
        p.relative_to(tmp_path) for p in published_files(tmp_path)
    ]


def filled(folder: Path, *names: str) -> Path:
    """Fill a folder with files of these names."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("x")
    return folder


def test_what_is_not_for_viewers_stays_at_home(tmp_path):
    """What systems put into folders, downloads that have not ended, and keys."""
    system = (
        "Thumbs.db",
        "720p/ehthumbs.db",
        "desktop.ini",
        "720p/Desktop.ini",
        ".DS_Store",
        "@eaDir/a.jpg",
        "__MACOSX/720p/seg_001.ts",
    )
    others = ("720p/seg_002.ts.part", "offline.mp4.crdownload", "stream.key", "720p/enc.keyinfo", "server.PEM")
    filled(tmp_path, *system, *others, "720p/seg_001.ts", "720p/party.ts", "720p/my_thumbs.db", "key.bin", "keys.txt")
    assert ["720p/my_thumbs.db", "720p/party.ts", "720p/seg_001.ts", "key.bin", "keys.txt"] == published_names(tmp_path)


def test_key_that_a_playlist_names_is_published(tmp_path):
    """Players can't do without it, so it is meant; another one beside it is not."""
    filled(tmp_path, "keys/a b.key", "720p/c.key", "other.key")
    playlist = (
        '#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI="../keys/a%20b.key?v=1",IV=0x1\n#EXTINF:2,\n'
        'seg.ts\n#EXT-X-KEY:METHOD=AES-128,URI="c.key"\n'
    )
    (tmp_path / "720p/index.m3u8").write_text(playlist)
    assert ["720p/c.key", "720p/index.m3u8", "keys/a b.key"] == published_names(tmp_path)
