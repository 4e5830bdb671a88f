"""The notice of newer versions, asked of a real server that counts."""

from __future__ import annotations

import json
import os

import pytest
from source_server import Fault, Video, running_source_server

from config import VERSION
from pipeline import update_notice
from pipeline.cancel import CancelToken
from pipeline.errors import TransferError
from pipeline.update_notice import DAY_S, FILE, UpdateNotice, look_for_update, notice_address, parse_notice, read_notice

NOTES = "https://example.com/notes"
NEWER = UpdateNotice(version="99.1", notes=NOTES)
PATH = "/newest.json"


def said(version: object = "99.1", notes: object = NOTES, **more: object) -> bytes:
    """Return what stands at the address."""
    return json.dumps({"version": version, "notes": notes, **more}).encode()


@pytest.fixture
def server():
    """A server that tells of a newer version."""
    with running_source_server() as running:
        running.videos[PATH] = Video(content=said(sha256="x"), kind="application/json")
        yield running


@pytest.fixture
def look(server, tmp_path):
    """Return a function that looks at a time of day, in seconds."""
    return lambda now_s, path=PATH: look_for_update(server.url + path, tmp_path, now_s=lambda: now_s)


def test_a_newer_version_is_found(server, look):
    """The request is the same from every computer: it names neither version nor system."""
    assert look(1e9) == NEWER
    (asked,) = server.asked
    assert PATH == asked.target
    assert {"host", "accept", "accept-encoding", "user-agent"} >= set(asked.headers)
    assert VERSION not in "".join(asked.headers.values())


@pytest.mark.parametrize(
    ("version", "newer"),
    [("0.1.0", False), ("0.0.9", False), ("0.1.0.post1", True), ("0.2.0rc1", True), ("0.10", True), ("v1!0.1", True)],
)
def test_versions_are_compared_as_versions(server, look, version, newer):
    """And not letter by letter."""
    server.videos[PATH] = Video(content=said(version))
    assert newer == (look(1e9) is not None)


def test_an_address_is_asked_once_a_day(server, look):
    """What it told is remembered meanwhile; another address, and a clock that was wrong, count for themselves."""
    server.videos["/other.json"] = Video(content=said("0.1.0"))
    told = [look(now_s, path) for now_s, path in ((1e9, PATH), (1e9 + DAY_S - 1, PATH), (1e9 + DAY_S, PATH))]
    assert ([NEWER] * 3, 2) == (told, len(server.asked))
    assert look(1e9 + DAY_S, "/other.json") is None
    assert look(1e9 - 5, "/other.json") is None
    assert 4 == len(server.asked)


def test_a_server_in_trouble_is_left_alone_for_a_day_too(server, look):
    """One line says so, and no other start asks."""
    server.faults.append(Fault(status=500))
    with pytest.raises(TransferError, match="it answers 500"):
        look(1e9)
    assert look(1e9 + 60) is None
    assert 1 == len(server.asked)


@pytest.mark.parametrize("address", ["", "off"], ids=["no address", "nowhere to remember"])
def test_nobody_is_asked(server, tmp_path, address):
    """Without an address, and where nothing can be remembered."""
    (tmp_path / "file").touch()
    places = (None, tmp_path / "file") if address else (tmp_path,)
    assert [None] * len(places) == [look_for_update(server.url * bool(address), place) for place in places]
    assert [] == server.asked


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (b"", "its answer is no notice"),
        (b"<html>", "its answer is no notice"),
        (b"[" * 5000, "its answer is no notice"),
        (b'["0.2.0"]', "its answer is no notice"),
        (b'{"version": "0.2.0"}', "its answer is no notice"),
        (said(2), "its answer is no notice"),
        (said("newest"), "its answer is no notice"),
        (said("1" * 61), "its answer is no notice"),
        (said(notes="http://example.com/notes"), "names no page"),
        (said(notes="file:///etc/passwd"), "names no page"),
        (said(notes="javascript:alert(1)"), "names no page"),
        (said(notes="https://"), "names no page"),
        (said(notes="https://me:secret@example.com"), "names no page"),
    ],
)
def test_a_broken_answer_is_one_sentence(answer, sentence):
    """And never opens what is no page on the web."""
    with pytest.raises(TransferError, match=sentence):
        parse_notice(answer, "https://example.com")


def test_an_endless_answer_is_not_read_to_its_end(server):
    """Of a body without a length no more is taken than a notice may have."""
    server.videos[PATH] = Video(content=b" " * 50_000_000, length=False)
    with pytest.raises(TransferError, match="too long"):
        read_notice(server.url + PATH)


def test_an_answer_that_never_ends_is_given_up(server, monkeypatch):
    """A server that sends a little now and then holds nobody."""
    monkeypatch.setattr(update_notice, "LIMIT_S", 0.2)
    server.faults.append(Fault(after_bytes=3, waits=True))
    with pytest.raises(TransferError, match="takes too long"):
        read_notice(server.url + PATH)


def test_no_server(server):
    """The sentence names the server."""
    server.shutdown()
    address = server.url
    server.server_close()
    with pytest.raises(TransferError, match=f"{address} can't be asked"):
        read_notice(address + PATH, cancel=CancelToken())


def test_a_redirect_to_what_is_not_encrypted_is_not_followed():
    """The check is that of every fetched address."""
    with pytest.raises(TransferError, match="https://"):
        read_notice("http://example.com/newest.json")


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        ("", ""),
        (" https://example.com/n.json?x=1 ", "https://example.com/n.json?x=1"),
        ("http://127.0.0.1:8000/n", "http://127.0.0.1:8000/n"),
        ("http://example.com", None),
        ("example.com", None),
        ("https://", None),
        ("https://a b.com", None),
        ("https://me@example.com", None),
        ("https://example.com:99999", None),
        ("https://" + "a" * 3000, None),
        ("ftp://example.com", None),
    ],
)
def test_what_can_be_typed(typed, address):
    """An address that is encrypted, or of this computer."""
    if address is None:
        with pytest.raises(ValueError, match="https://"):
            notice_address(typed)
    else:
        assert address == notice_address(typed)


@pytest.mark.parametrize("content", [b"", b"{", b'{"schema": 9}', b'{"schema": 1, "address": 3}', b"\xff", None])
def test_what_is_remembered_may_be_broken(look, tmp_path, content):
    """The address is asked anew then."""
    if content is None:
        content = json.dumps(
            {"schema": 1, "address": "x", "asked_s": 1e9, "version": "99", "notes": "file:///x"}
        ).encode()
    (tmp_path / FILE).write_bytes(content)
    assert look(1e9) == NEWER


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="nothing is closed to root")
def test_a_folder_that_can_not_be_written(look, server, tmp_path):
    """Nobody is asked."""
    tmp_path.chmod(0o500)
    assert (None, []) == (look(1e9), server.asked)
