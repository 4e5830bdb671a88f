"""One picture of a video for a list: made by the real ffmpeg, kept, and none where there is none."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline.cancel import CancelToken
from pipeline.errors import ToolError
from pipeline.job import TrackChoice
from pipeline.media.encode import still as module
from pipeline.media.encode.still import still
from pipeline.media.ffmpeg.process import find_ffmpeg
from pipeline.media.source.probe_cache import probe_once

SIZE = (48, 26)


def size_of(png):
    """Return the width and the height in a PNG's header."""
    return int.from_bytes(png[16:20], "big"), int.from_bytes(png[20:24], "big")


def test_a_picture_is_made_once_and_kept(source_clip, tmp_path, monkeypatch):
    """It has the size that was asked for; another size is another picture, and a folder that can't be used no fault."""
    media = probe_once(source_clip("plain"), TrackChoice(), None)
    ffmpeg = find_ffmpeg("")
    made = still(media, ffmpeg, SIZE, tmp_path, CancelToken())
    assert (SIZE, b"\x89PNG") == (size_of(made), made[:4])
    (tmp_path / "file").touch()
    assert made == still(media, ffmpeg, SIZE, tmp_path / "file", CancelToken())

    def fails(*_, **__):
        raise ToolError("no ffmpeg")

    monkeypatch.setattr(module, "run_ffmpeg", fails)
    assert made == still(media, ffmpeg, SIZE, tmp_path, CancelToken())
    assert b"" == still(media, ffmpeg, (96, 54), tmp_path, CancelToken())
    assert b"" == still(replace(media, video=None), ffmpeg, SIZE, tmp_path, CancelToken())
    monkeypatch.setattr(module, "MOST_FILES", 1)
    still(media, ffmpeg, (96, 54), tmp_path, CancelToken())
    assert [] == list((tmp_path / "stills").iterdir())


@pytest.mark.parametrize("name", ["-vf.mp4", "a%03d b'c.mp4", "ü:1.mp4"])
def test_names_are_no_options(source_clip, tmp_path, name):
    """A file may be called as it likes."""
    path = tmp_path / name
    path.write_bytes(source_clip("plain").read_bytes())
    media = probe_once(path, TrackChoice(), None)
    assert SIZE == size_of(still(media, find_ffmpeg(""), SIZE, None, CancelToken()))
