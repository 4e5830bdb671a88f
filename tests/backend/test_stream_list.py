"""backend.routes.stream_list: every stream of a storage, a page at a time, without a look at what they are made of."""

import asyncio

import pytest
import requests

from backend.routes import stream_list
from backend.routes.stream_list import StreamList
from backend.server import serve_in_thread
from storage import LocalStorageBackend

STREAMS = ("", "a/", "a-b/", "a/b/", "courses/v2/audio/", "courses/v2/lesson/", "z/720/", "é/ü/")


class Watched(LocalStorageBackend):
    """A local storage that notes which folders are looked at."""

    def __init__(self, root):
        super().__init__(root)
        self.root = root
        self.looked_at = []

    async def list_folder(self, folder="", *, after=""):
        self.looked_at.append(folder)
        return await super().list_folder(folder, after=after)


@pytest.fixture
def storage(tmp_path):
    """A storage with streams, with an upload that never ended, and with files that belong to nothing."""
    root = tmp_path / "root"
    for prefix in STREAMS:
        for name in ("720p/index.m3u8", "720p/seg_001.ts", "audio/en/index.m3u8", "subtitles/en/seg_001.vtt"):
            write(root, prefix + name)
        write(root, f"{prefix}master.m3u8")
    for path in ("a/v2/720p/seg_001.ts", "a/poster.jpg", "unfinished/1080p/seg_001.ts", "files/b/c.txt", "d.m3u8"):
        write(root, path)
    return Watched(root)


def write(root, path):
    """Write a file that is there, and nothing more."""
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_bytes(b"#EXTM3U\n")


def pages(storage, **options):
    """Return all pages of a storage's streams."""
    streams, found, after = StreamList(storage, **options), [], ""
    while True:
        page = asyncio.run(streams.page(after))
        found.append(page.streams)
        if page.next is None:
            return found
        assert page.next > after
        after = page.next


@pytest.mark.parametrize("size", [1, 2, 3, 48])
def test_each_stream_is_on_one_page(storage, monkeypatch, size):
    """All are there, sorted, none twice, whatever a page holds; also one below another, and one at the top."""
    monkeypatch.setattr(stream_list, "STREAMS_A_PAGE", size)
    found = pages(storage)

    assert sorted(STREAMS) == [stream.prefix for page in found for stream in page]
    assert max(map(len, found)) <= size


def test_a_page_ends_in_time(storage):
    """Where each look takes longer than a page may, every page gets on all the same, and none is left out."""
    ticks = iter(range(0, 1_000_000, 1000))
    found = pages(storage, clock=lambda: next(ticks))

    assert sorted(STREAMS) == [stream.prefix for page in found for stream in page]
    assert [] in [list(page) for page in found]


def test_no_streams_own_folder_is_looked_at(storage):
    """The time that a page takes does not depend on how many segments there are."""
    found = [stream for page in pages(storage) for stream in page]

    assert [] == [folder for folder in storage.looked_at if "720p" in folder or "subtitles" in folder]
    assert "unfinished/1080p/" not in storage.looked_at
    assert [("a/", True, True)] == [(s.prefix, s.versioned, s.has_poster) for s in found if s.versioned or s.has_poster]


def test_what_is_not_shown_is_not_in_the_way_on_either(storage):
    """The place where a page ends is in the next one's address: it is never in a folder that nobody is to hear of."""
    write(storage.root, "a/secret/master.m3u8")
    write(storage.root, "courses/v2/secret/master.m3u8")
    ticks = iter(range(0, 1_000_000, 1000))
    streams = StreamList(
        storage,
        shown=lambda prefix: "secret" not in prefix,
        looked_into=lambda folder: "secret" not in folder,
        clock=lambda: next(ticks),
    )
    found, places, after = [], [], ""
    while after is not None:
        page = asyncio.run(streams.page(after))
        found += [stream.prefix for stream in page.streams]
        places.append(after := page.next)

    assert sorted(STREAMS) == found
    assert [] == [place for place in places if "secret" in (place or "")]
    assert [] == [folder for folder in storage.looked_at if "secret" in folder]


def test_folders_may_be_deep(tmp_path):
    """A path of as many folders as a key can have is looked through like any other."""
    deep = "a/" * 500
    storage = LocalStorageBackend(tmp_path / "root")
    write(tmp_path / "root", f"{deep}master.m3u8")
    assert [deep] == [stream.prefix for page in pages(storage) for stream in page]


@pytest.mark.parametrize("after", ["\x00", "../..", "/", "a//b", "\U0010ffff", "x" * 5000, "a/b/c/d"])
def test_any_place_can_be_asked_for(fresh, after):
    """Whatever an address says, a page is the answer."""
    fresh.put("videos/lesson/master.m3u8", b"#EXTM3U\n", "application/vnd.apple.mpegurl")

    assert 200 == fresh.get("/", params={"after": after}).status_code


def test_the_first_page_leads_to_the_next(settings, monkeypatch):
    """Who follows the links sees every stream, and the last page has none."""
    monkeypatch.setattr(stream_list, "STREAMS_A_PAGE", 2)
    for name in ("a", "b & c", "d"):
        write(settings.root, f"{name}/master.m3u8")
    with serve_in_thread(settings) as backend:
        first = requests.get(f"{backend.url}/", timeout=60).text
        link = first.partition('<nav class="more"><a href="')[2].partition('"')[0]
        second = requests.get(backend.url + link, timeout=60).text

    assert (["a", "b &amp; c"], ["d"]) == (names_on(first), names_on(second))
    assert ("First page" in first, "More streams" in second, "First page" in second) == (False, False, True)


def names_on(page):
    """Return the names of the streams on a page."""
    return [text.partition("</strong>")[0] for text in page.split("<strong>")[1:]]
