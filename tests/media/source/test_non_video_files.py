"""What is not a video is called what it is, before anything starts."""

from __future__ import annotations

import shutil
import struct
from pathlib import Path

import pytest

from pipeline.errors import SourceError
from pipeline.media.source.probe import probe


def _box(kind: bytes, *content: bytes) -> bytes:
    body = b"".join(content)
    return struct.pack(">I4s", len(body) + 8, kind) + body


TYPE = _box(b"ftyp", b"isom\0\0\2\0isom")
REFERENCE = _box(
    b"moov", _box(b"rmra", _box(b"rmda", _box(b"rdrf", bytes(4), b"url ", struct.pack(">I", 6), b"a.mov\0")))
)
XML = b'<?xml version="1.0" encoding="UTF-8"?>\n'
UNREADABLE = "can't be read as a video: the file is broken or of a kind that is not supported."
PLAYLIST = "is a playlist, which only names other files: choose the video itself."
DOCUMENT = "is a document, not a video: choose a video file."
SUBTITLES = "holds subtitles only: choose the video that they belong to."

FILES = {
    "web page": (b"<!DOCTYPE html><html>", "is a web page, not a video: the download went wrong, download it again."),
    "HLS playlist": (b"#EXTM3U\n#EXTINF:6,\nseg_001.ts\n", PLAYLIST),
    "DASH manifest": (XML + b'<MPD xmlns="x"></MPD>', PLAYLIST),
    "ffconcat": (b"ffconcat version 1.0\nfile a.mp4\n", PLAYLIST),
    "SDP": (
        b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\nm=video 5004 RTP/AVP 96\r\n",
        "describes a live stream and holds nothing of it: choose the video itself.",
    ),
    "Final Cut": (
        XML + b'<!DOCTYPE fcpxml>\n<fcpxml version="1.10">',
        "is a project of an editing program: export it as a video.",
    ),
    "archive": (b"PK\3\4rest", "is an archive: unpack it and choose the video in it."),
    "Word": (b"PK\3\4" + bytes(26) + b"[Content_Types].xml", DOCUMENT),
    "Writer": (b"PK\3\4" + bytes(26) + b"mimetypeapplication/vnd.oasis.opendocument", DOCUMENT),
    "Pages": (b"PK\3\4" + bytes(26) + b"Index/Document.iwa", DOCUMENT),
    "zip": (b"PK\3\4" + bytes(26) + b"film/lesson.mp4", "is an archive: unpack it and choose the video in it."),
    "document": (b"%PDF-1.7\n", DOCUMENT),
    "SubRip": (b"1\r\n00:00:01,000 --> 00:00:02,000\r\nHello\r\n", SUBTITLES),
    "WebVTT": (b"WEBVTT\n\n00:01.000 --> 00:02.000\nHello\n", SUBTITLES),
    "text": ("Meeting notes, 3 May: é\n".encode(), "is a text, not a video: choose a video file."),
    "zeros": (bytes(100_000), "holds nothing but zeros: it was not copied or downloaded whole, get it again."),
    "reference movie": (
        TYPE + REFERENCE,
        "is a reference movie, which only names other files: choose the video itself.",
    ),
    "no index": (
        TYPE + _box(b"mdat", bytes(range(256)) * 40)[:5000],
        (
            "was not finished: its index at the end is missing, without which it can't be read. "
            "Copy, record or export it again."
        ),
    ),
    "noise": (bytes((i * 167 + (i >> 3) * 59) % 256 for i in range(5000)), UNREADABLE),
}  # fmt: skip


@pytest.mark.parametrize(("data", "sentence"), FILES.values(), ids=FILES)
def test_what_is_no_video_is_called_what_it_is(tmp_path, data, sentence):
    """One plain sentence, whatever its name pretends."""
    path = tmp_path / "lesson.mp4"
    path.write_bytes(data)
    with pytest.raises(SourceError) as refused:
        probe(path)
    assert f"{path} {sentence}" == str(refused.value)


@pytest.mark.parametrize("name", ["two\nlines.mp4", "emoji 😀.mp4", "-dash.mp4", "%03d.mp4", "a:b.mp4", "text.txt"])
def test_a_video_is_one_whatever_its_name(sample, tmp_path, monkeypatch, name):
    """Also relative to the folder, where a dash could be taken for an option and a colon for a protocol."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(sample, tmp_path / name)
    assert "h264" == probe(Path(name)).video.codec
