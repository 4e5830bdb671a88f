"""backend.folder_player: a folder of this computer in a browser."""

from __future__ import annotations

import http.client
from urllib.parse import urlsplit

import pytest
import requests

from backend.folder_player import FolderPlayer
from pipeline.errors import SettingsError

MASTER = "#EXTM3U\n"
WORDS = "WEBVTT\n\n00:01.000 --> 00:02.000\nHello\n"


@pytest.fixture
def folder(tmp_path):
    """A folder with what is published and what is not."""
    made = tmp_path / "a lesson & more"
    (made / "720p").mkdir(parents=True)
    (made / "master.m3u8").write_text(MASTER, encoding="utf-8")
    (made / "720p" / "seg_001.ts").write_bytes(bytes(range(100)))
    (made / "subtitles.vtt").write_text(WORDS, encoding="utf-8")
    (made / "job.json").write_text("{}", encoding="utf-8")
    (made / ".hidden").write_text("x", encoding="utf-8")
    (tmp_path / "beside.txt").write_text("secret", encoding="utf-8")
    (made / "link.txt").symlink_to(tmp_path / "beside.txt")
    return made


@pytest.fixture
def player():
    """A player that is closed again."""
    made = FolderPlayer()
    yield made
    made.close()


def raw(address: str, path: str) -> int:
    """Ask for a path as it is, without a client that tidies it up; return the status."""
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=60)
    connection.request("GET", path)
    status = connection.getresponse().status
    connection.close()
    return status


def test_the_page_plays_the_folder(player, folder):
    """The page names the stream, its captions and its title, and no list of streams."""
    page = requests.get(player.play(folder, "Lesson <1>"), timeout=60)
    assert (200, "no-referrer") == (page.status_code, page.headers["Referrer-Policy"])
    assert "<h1>Lesson &lt;1&gt;</h1>" in page.text
    assert "All streams" not in page.text
    base = urlsplit(page.url).path
    assert f'data-source="{base}stream/master.m3u8" data-captions="{base}stream/subtitles.vtt"' in page.text


def test_a_segment_is_given_whole_and_in_parts(player, folder):
    """Players ask for ranges; the type is that of our table, and nothing is kept by the browser."""
    address = player.play(folder) + "stream/720p/seg_001.ts"
    whole = requests.get(address, timeout=60)
    part = requests.get(address, headers={"Range": "bytes=10-19"}, timeout=60)
    assert (200, "video/mp2t", "no-store") == (
        whole.status_code,
        whole.headers["Content-Type"],
        whole.headers["Cache-Control"],
    )
    assert (206, bytes(range(10, 20)), "bytes 10-19/100") == (
        part.status_code,
        part.content,
        part.headers["Content-Range"],
    )


@pytest.mark.parametrize(
    "name", ["job.json", ".hidden", "../beside.txt", "%2e%2e/beside.txt", "link.txt", "720p", "", "720p/seg_002.ts"]
)
def test_nothing_else_is_given(player, folder, name):
    """What is not published, lies outside or is not there can't be read."""
    address = player.play(folder)
    assert 404 == raw(address, f"{urlsplit(address).path}stream/{name}")


def test_others_can_not_read_it(player, folder):
    """The server listens on this computer alone, and without the secret part of the address it gives nothing."""
    address = urlsplit(player.play(folder))
    secret = address.path.strip("/")
    assert ("127.0.0.1", True) == (address.hostname, len(secret) >= 20)
    for path in ("/", "/stream/master.m3u8", f"/{secret[:-1]}x/", f"/{secret[:-1]}x/stream/master.m3u8"):
        assert 404 == raw(address.geturl(), path)


def test_several_folders_and_the_end(player, folder, tmp_path):
    """One server plays every folder; the same one has the same address; nothing answers when it is closed."""
    other = tmp_path / "other"
    other.mkdir()
    (other / "master.m3u8").write_text(MASTER, encoding="utf-8")
    addresses = [player.play(one) for one in (folder, other, folder)]
    assert (2, 1) == (len(set(addresses)), len({urlsplit(one).netloc for one in addresses}))
    player.close()
    with pytest.raises(requests.ConnectionError):
        requests.get(addresses[0], timeout=60)


def test_a_file_that_was_added_is_found(player, folder):
    """Captions may be replaced while the page is open."""
    address = player.play(folder)
    assert 404 == requests.get(address + "stream/late.vtt", timeout=60).status_code
    (folder / "late.vtt").write_text(WORDS, encoding="utf-8")
    assert 200 == requests.get(address + "stream/late.vtt", timeout=60).status_code


@pytest.mark.parametrize(
    ("name", "said"), [("gone", "was not found"), ("a.mp4", "is not a folder"), ("empty", "contains no master.m3u8")]
)
def test_what_can_not_be_played_is_said(player, tmp_path, name, said):
    """One sentence says what is wrong, and no server is started."""
    (tmp_path / "a.mp4").write_bytes(b"")
    (tmp_path / "empty").mkdir()
    with pytest.raises(SettingsError, match=said):
        player.play(tmp_path / name)
