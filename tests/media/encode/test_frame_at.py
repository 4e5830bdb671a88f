"""A single frame of a source."""

from __future__ import annotations

import struct
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.cancel import CancelToken
from pipeline.errors import Cancelled, PipelineError
from pipeline.media.encode.frame_at import frame_at
from pipeline.media.ffmpeg.process import find_ffmpeg
from pipeline.media.source.probe import probe

FFMPEG = find_ffmpeg("")


def size_of(png: bytes) -> tuple[int, int]:
    """Return a PNG's width and height."""
    width, height = struct.unpack(">II", png[16:24])
    return width, height


def test_frames_of_the_sample(sample):
    """They fit into the box, differ from time to time, and the last one is shown up to the end."""
    media = probe(sample)
    first, later, end, beyond = (
        frame_at(media, time_s, (160, 160), FFMPEG, CancelToken()) for time_s in (0.0, 7.0, 14.0, 99.0)
    )
    assert [(160, 90)] * 3 == [size_of(png) for png in (first, later, end)]
    assert (3, True) == (len({first, later, end}), end == beyond)


def test_what_has_no_frame_is_said(sample, tmp_path):
    """A file that went away, or that is no video any more."""
    media = probe(sample)
    for name, content in (("gone.mp4", None), ("broken.mp4", b"no video")):
        path = Path(tmp_path / name)
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(PipelineError):
            frame_at(replace(media, path=path), 1.0, (160, 160), FFMPEG, CancelToken())


def test_a_cancel_ends_it(sample):
    """Another frame is wanted."""
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        frame_at(probe(sample), 1.0, (160, 160), FFMPEG, cancel)
