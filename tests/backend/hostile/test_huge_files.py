"""Files that an uploader stored much larger than they should be: the page of a stream looks at their beginning."""

import pytest

from storage.local_file import OpenFile

HUGE_BYTES = 64 << 20
MASTER = b"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nv2/480p/index.m3u8\n"
BEGINNINGS = {
    "master.m3u8": MASTER,
    "manifest.json": b'{"title": "',
    "subtitles.vtt": b"WEBVTT\n\n00:01.000 --> 00:02.000\nHello\n",
}


@pytest.mark.parametrize("name", BEGINNINGS)
def test_the_page_of_a_stream_with_a_huge_file(fresh, monkeypatch, name):
    """It is shown, captions and all, and the file is not read."""
    read_bytes = []
    chunks = OpenFile.chunks

    async def counted(self, start=0, stop=None):
        async for block in chunks(self, start, stop):
            read_bytes.append(len(block))
            yield block

    folder = fresh.backend.settings.root / "lesson"
    folder.mkdir()
    for other, content in BEGINNINGS.items():
        (folder / other).write_bytes(content)
    with (folder / name).open("r+b") as file:
        file.truncate(HUGE_BYTES)
    monkeypatch.setattr(OpenFile, "chunks", counted)
    page = fresh.get("/watch/lesson/")

    assert (200, True) == (page.status_code, 'data-captions="/objects/lesson/subtitles.vtt"' in page.text)
    assert sum(read_bytes) < HUGE_BYTES / 2
