"""Asking a backend what it has, as far as it offers that."""

from __future__ import annotations

import json
import threading
from datetime import datetime, timezone

import pytest
from inventory_server import EVERYTHING, PREFIX, TOKEN, InventoryServer, running_inventory, upload, write_job

from config import BackendApi
from pipeline.errors import AuthenticationError, Cancelled, TransferError
from pipeline.transfer.http.capabilities import NOTHING, BackendCapabilities
from pipeline.transfer.manifests import inventory as module
from pipeline.transfer.manifests.inventory import GoneError, parse_timestamp
from pipeline.transfer.manifests.manifest_text import manifest_json
from pipeline.transfer.manifests.remote import connected

KEYS = ["a b.ts", "a.ts", "plus+and&hash#percent%25.ts", "z.ts", "ä.ts", "日本.ts"]
OBJECT, OBJECTS, MANIFEST = "/api/s3/object", "/api/s3/objects", "/api/s3/manifest"


@pytest.fixture
def server():
    """A server that offers everything."""
    with running_inventory() as running:
        yield running


@pytest.fixture
def remote(server: InventoryServer):
    """That server, asked without pauses between tries."""
    with connected(server.api, delays=(0, 0)) as opened:
        yield opened


@pytest.fixture
def inventory(remote):
    """An inventory of this thread."""
    with remote.inventory() as opened:
        yield opened


@pytest.mark.parametrize(
    ("offers", "expected"),
    [
        (EVERYTHING, BackendCapabilities(bucket="videos", list=True, read=True, delete=True, manifest=True)),
        ({"version": 1, "bucket": None, "read": True}, BackendCapabilities(read=True)),
        ({"bucket": 5, "list": "yes", "read": 1, "delete": None}, NOTHING),
        (None, NOTHING),
    ],
    ids=["everything", "some", "nonsense", "nothing"],
)
def test_what_a_backend_offers(server, offers, expected):
    """What it does not say it does not have."""
    server.offers = offers
    with connected(server.api, delays=()) as remote:
        assert expected == remote.offer


def test_a_backend_that_is_not_configured_is_not_asked():
    """Nothing is offered, and nothing is wrong."""
    with connected(BackendApi(), delays=()) as remote:
        assert (NOTHING, "") == (remote.offer, remote.backend_url)


def test_every_page_is_listed(server, inventory):
    """Whatever keys are like, each once, sorted."""
    server.page = 2
    for key in KEYS:
        server.put(PREFIX + key, key.encode())
    server.put("videos/other/a.ts", b"x")
    assert [PREFIX + key for key in KEYS] == [stored.key for stored in inventory.objects(PREFIX)]
    assert ["", PREFIX + KEYS[1], PREFIX + KEYS[3]] == [
        asked.query.get("after", "") for asked in server.requests("GET", OBJECTS)
    ]


def test_an_object_is_looked_up(server, inventory):
    """Size, ETag without its quotes, MD5 and time."""
    server.put("k&é.ts", b"abc")
    stored = inventory.look_up("k&é.ts")
    expected = (
        "k&é.ts",
        3,
        "900150983cd24fb0d6963f7d28e17f72",
        "900150983cd24fb0d6963f7d28e17f72",
        datetime(2026, 3, 1, 12, tzinfo=timezone.utc),
    )
    assert expected == (stored.key, stored.size_bytes, stored.etag, stored.md5, stored.last_modified)
    assert ("secret" in stored.url, "secret" in repr(stored)) == (True, False)


def test_keys_are_escaped_as_in_addresses(server, inventory):
    """A plus for a space is for forms only, and not every server takes it for one."""
    inventory.look_up("a b/+&#%é")
    assert ["key=a%20b%2F%2B%26%23%25%C3%A9"] == [asked.raw_query for asked in server.requests("GET", OBJECT)]


def test_what_is_not_there_is_none(inventory):
    """An object, and a manifest."""
    assert (None, None) == (inventory.look_up("gone.ts"), inventory.manifest(PREFIX))


def test_what_is_deleted_is_gone(server, inventory):
    """Also when it was gone before."""
    server.put("+&#% ä.ts", b"abc")
    inventory.delete("+&#% ä.ts")
    inventory.delete("+&#% ä.ts")
    assert ({}, 2) == (server.objects, len(server.requests("DELETE", OBJECT)))


def test_a_busy_backend_is_asked_again(server, inventory):
    """A page more or less is no reason to give up."""
    server.put(PREFIX + "a.ts", b"a")
    server.answers[OBJECTS].extend([(503, b""), (500, b"")])
    assert 1 == len(list(inventory.objects(PREFIX)))


def test_a_refused_token_is_said_as_such(server):
    """At the first question."""
    with (
        pytest.raises(AuthenticationError, match="invalid or expired"),
        connected(BackendApi(url=server.url, token="wrong"), delays=()),
    ):
        raise AssertionError("the token was taken")


@pytest.mark.parametrize(
    "answer",
    [
        b"<html>",
        b"[]",
        b"{}",
        b'{"objects": {}, "next": null}',
        b'{"objects": [], "next": 5}',
        b'{"objects": [], "next": "a"}',
        b'{"objects": [null], "next": null}',
        b'{"objects": [{"key": "p/a", "sizeBytes": -1}], "next": null}',
        b'{"objects": [{"key": "p/a", "sizeBytes": "1"}], "next": null}',
        b'{"objects": [{"key": "p/a", "sizeBytes": 1%s}], "next": null}' % (b"0" * 400),
        b'{"objects": [{"key": "elsewhere/a", "sizeBytes": 1}], "next": null}',
    ],
    ids=lambda answer: answer.decode(),
)
def test_a_list_that_can_not_be_used_is_one_sentence(server, inventory, answer):
    """Also one that never ends: the second page says that it comes after itself."""
    server.answers[OBJECTS].extend([(200, answer), (200, answer)])
    with pytest.raises(TransferError, match="administrator"):
        list(inventory.objects("p/"))


def test_an_answer_of_another_object_is_not_taken(server, inventory):
    """Its MD5 would prove nothing."""
    server.answers[OBJECT].append((200, json.dumps({"key": "b", "sizeBytes": 1}).encode()))
    with pytest.raises(TransferError, match="can't be used"):
        inventory.look_up("a")


def test_the_servers_manifest_is_read(server, remote):
    """It is of this backend; one that is broken, or of another destination, is said."""
    content = {"title": "T", "prefix": PREFIX, "created_at": "", "last_synced": "", "files": []}
    server.put(PREFIX + "manifest.json", json.dumps(content).encode())
    assert ("T", server.url) == (remote.manifest(PREFIX).title, remote.manifest(PREFIX).backend_url)
    for body, said in ((b"{", "it is not JSON"), (json.dumps({**content, "prefix": "x/"}).encode(), "is that of x/")):
        server.put(PREFIX + "manifest.json", body)
        with pytest.raises(TransferError, match=said):
            remote.manifest(PREFIX)


def _read(inventory, url, size_bytes, start=0):
    return list(inventory.blocks(lambda: url, key="k", size_bytes=size_bytes, start=start))


def test_a_file_is_read_in_slices(server, inventory, monkeypatch):
    """From where it is wanted, each block with its offset, and the store never sees the token."""
    monkeypatch.setattr(module, "SLICE_BYTES", 4)
    server.put("k", b"0123456789")
    assert [(1, b"1234"), (5, b"5678"), (9, b"9")] == _read(inventory, server.public_url("k"), 10, start=1)
    assert {False} == {"Authorization" in asked.headers for asked in server.requests("GET", "/store/k")}


def test_a_store_without_ranges_gives_the_whole_file(server, inventory):
    """The offset says so, wherever it was to begin."""
    server.ranges = False
    server.put("k", b"0123456789")
    assert [(0, b"0123456789")] == _read(inventory, server.public_url("k"), 10, start=3)


def test_an_empty_file_is_read_too(server, inventory):
    """A range of nothing can't be asked for."""
    server.put("k", b"")
    assert [(0, b"")] == _read(inventory, server.public_url("k"), 0)


def test_an_answer_that_breaks_off_is_read_again(server, inventory):
    """The file comes whole."""
    server.put("k", b"0123456789")
    server.cut_after = 5
    assert ([(0, b"0123456789")], 2) == (
        _read(inventory, server.public_url("k"), 10),
        len(server.requests("GET", "/store/k")),
    )


def test_what_is_read_is_what_is_stored(server, inventory):
    """Nothing is packed on the way, and a CDN does not answer with what it has from before."""
    server.put("k", b"0123")
    _read(inventory, server.public_url("k"), 4)
    [asked] = server.requests("GET", "/store/k")
    assert ("identity", "no-cache") == (asked.headers["Accept-Encoding"], asked.headers["Cache-Control"])


def test_an_expired_address_is_asked_for_again(server, inventory):
    """At once, and only the address was wrong."""
    server.put("k", b"0123")
    server.answers["/store/old"].append(
        (403, b"<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>")
    )
    urls = iter([server.public_url("old"), server.public_url("k")])
    assert [(0, b"0123")] == list(inventory.blocks(lambda: next(urls), key="k", size_bytes=4))


@pytest.mark.parametrize(
    ("status", "body", "error", "said"),
    [
        (404, b"", GoneError, "not on the server any more"),
        (416, b"", TransferError, "shorter than the 4 bytes"),
        (200, b"01234", TransferError, "has 5 bytes, not the 4"),
        (206, b"01234", TransferError, "another part of k"),
        (206, b"", TransferError, "another part of k"),
        (302, b"", TransferError, "sends the program on"),
        (403, b"", TransferError, "status 403"),
    ],
    ids=str,
)
def test_what_a_store_says_instead_is_one_sentence(server, inventory, status, body, error, said):
    """The key is named, the address is not."""
    server.answers["/store/k"].append((status, body))
    with pytest.raises(error, match=said):
        _read(inventory, server.public_url("k"), 4)


@pytest.mark.parametrize("url", ["", "file:///etc/passwd", "/relative", "http://[x"])
def test_an_address_that_is_none_is_one_sentence(inventory, url):
    """As in a manifest that somebody made up."""
    with pytest.raises(TransferError, match=r"no address to read the file from|An address of the manifest"):
        _read(inventory, url, 4)


def test_work_is_done_on_every_item(remote):
    """Several at a time, and no thread is left."""
    assert sorted(n * n for n in range(50)) == sorted(remote.each(range(50), lambda inventory, n: n * n))
    assert [] == [thread.name for thread in threading.enumerate() if thread.name.startswith("inventory_")]


def test_what_ends_the_work_is_raised(remote):
    """The other threads end too."""

    def work(inventory, number):
        if number == 3:
            raise AuthenticationError("no")
        return number

    with pytest.raises(AuthenticationError, match="no"):
        list(remote.each(range(50), work))
    with remote.inventory() as inventory, pytest.raises(Cancelled):
        inventory.look_up("a")
    assert [] == [thread.name for thread in threading.enumerate() if thread.name.startswith("inventory_")]


def test_the_log_has_no_secret(server):
    """Neither the token nor what an address is signed with."""
    server.put(PREFIX + "a.ts", b"abc")
    lines: list[str] = []
    with connected(server.api, delays=(), note=lines.append) as remote, remote.inventory() as inventory:
        url = inventory.look_up(PREFIX + "a.ts").url
        _read(inventory, url, 3)
    text = "\n".join(lines)
    assert (3, False, False) == (len(lines), TOKEN in text, "secret" in text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-31T12:00:00Z", datetime(2026, 1, 31, 12, tzinfo=timezone.utc)),
        ("2026-01-31T12:00:00", datetime(2026, 1, 31, 12, tzinfo=timezone.utc)),
        ("yesterday", None),
        ("", None),
    ],
)
def test_a_time_is_read(text, expected):
    """What says no time is none."""
    assert expected == parse_timestamp(text)


def test_list_without_an_end_is_given_up(server, inventory, monkeypatch):
    """A backend whose pages always lead to another one is not asked for ever."""
    monkeypatch.setattr(module, "MOST_PAGES", 3)
    pages = [json.dumps({"objects": [], "next": f"{PREFIX}{page:04}"}).encode() for page in range(5)]
    server.answers[OBJECTS].extend((200, page) for page in pages)
    with pytest.raises(TransferError, match="an answer to /api/s3/objects that can't be used"):
        list(inventory.objects(PREFIX))
    assert 3 == len(server.requests("GET", OBJECTS))


def test_large_file_of_a_store_without_ranges_is_not_held_in_memory(server, inventory, monkeypatch):
    """It would come in one answer: an editor learns that this store can't give it."""
    monkeypatch.setattr(module, "SLICE_BYTES", 1000)
    monkeypatch.setattr(module, "MOST_WHOLE_BYTES", 5000)
    server.ranges = False
    for size_bytes, given in ((4000, True), (6000, False)):
        server.put("k", bytes(size_bytes))
        blocks = inventory.blocks(lambda: server.public_url("k"), key="k", size_bytes=size_bytes)
        if given:
            assert [(0, bytes(size_bytes))] == list(blocks)
        else:
            with pytest.raises(TransferError, match=r"The storage at .* answered with more than was asked for"):
                list(blocks)


def test_login_page_deletes_nothing(server, inventory):
    """It says 200 to everything: what is still there does not count as deleted."""
    server.answers[OBJECT].append((200, b"<!DOCTYPE html><html>Please log in</html>"))
    with pytest.raises(TransferError, match="an answer to /api/s3/object that can't be used"):
        inventory.delete("k")
    server.put("k", b"k")
    inventory.delete("k")
    assert {} == server.objects


def test_manifest_of_a_server_names_no_file_of_this_computer(server, remote, tmp_path):
    """Whatever it says, no file is looked at because a server has named it."""
    said = manifest_json(upload(server, write_job(tmp_path / "lesson"), None), for_server=False)
    assert b'"local_path": "/' in said
    server.put(PREFIX + "manifest.json", said)
    assert {None} == {file.local_path for file in remote.manifest(PREFIX).files}
