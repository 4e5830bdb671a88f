"""What of a folder goes up."""

from __future__ import annotations

from pathlib import Path

from pipeline.published import published_files


def test_only_what_players_need_is_published(tmp_path):
    """State, logs, job.json and hidden files stay at home."""
    for name in ("master.m3u8", "720p/seg_001.ts", "transcript.json", "job.json", ".upload_state.json", "upload_log_2026-01-01_000000.txt"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("x")
    (tmp_path / ".hidden").mkdir()
    (tmp_path / ".hidden" / "file.ts").write_text("x")
    assert [Path("720p/seg_001.ts"), Path("master.m3u8"), Path("transcript.json")] == [
        p.relative_to(tmp_path) for p in published_files(tmp_path)
    ]
