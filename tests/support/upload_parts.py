"""A folder like a finished job's, and a clock for retries, for every test that uploads."""

from __future__ import annotations

from pathlib import Path

from pipeline.cancel import CancelToken

PREFIX = "videos/course/lesson/"
FOLDER = {
    "720p/index.m3u8": b"#EXTM3U 720p",
    "720p/seg_001.ts": b"a" * 70_000,
    "720p/seg_002.ts": b"b" * 70_001,
    "480p/index.m3u8": b"#EXTM3U 480p",
    "480p/seg_001.ts": b"c" * 30_000,
    "480p/seg_002.ts": b"d" * 30_001,
    "master.m3u8": b"#EXTM3U master",
    "offline_480p.mp4": b"e" * 200_000,
    "subtitles.vtt": b"WEBVTT",
    "subtitles/en/index.m3u8": b"#EXTM3U en",
    "transcript.json": b"[]",
    "transcript.srt": b"",
    "transcript.txt": b"",
}


class RecordingToken(CancelToken):
    """A cancel token whose pauses take no time and are remembered."""

    def __init__(self) -> None:
        super().__init__()
        self.pauses: list[float] = []

    def wait(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.check()


def write_folder(place: Path) -> Path:
    """Fill a folder with the published files and some that are not, and return it."""
    for name, content in {
        **FOLDER,
        "job.json": b"{}",
        ".hidden": b"h",
        "upload_log_2020-01-01_000000.txt": b"old",
    }.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(content)
    return place
