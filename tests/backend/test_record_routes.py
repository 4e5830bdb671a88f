"""backend.routes.record_routes: what the API says of file records that are odd, large, deleted or can't be used now."""

import json
import socket
import sqlite3
import threading
from contextlib import ExitStack, closing
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
import requests

from backend.routes import record_routes
from backend.server import serve_in_thread
from backend.state.records import FileRecords, record_bytes

RECORDS = "/api/admin/files"
RECORD = {
    "name": "Lesson",
    "type": "video",
    "language": "en",
    "parentFolder": None,
    "sessionId": None,
    "s3Keys": {"hls": "videos/a/master.m3u8", "mp4": None, "transcript": None},
    "metadata": {"duration": 12.5, "qualities": ["720p"]},
}


def _file(client):
    return client.backend.settings.root / ".backend" / "records.sqlite3"


def _damage(client, record_id, text):
    with closing(sqlite3.connect(_file(client))) as connection, connection:
        connection.execute("UPDATE files SET record = ? WHERE id = ?", (text, record_id))


_LIKE_A_RECORD = json.dumps({**RECORD, "createdAt": "2026-01-31T12:00:00+00:00", "metadata": {"note": "HERE"}})


@pytest.mark.parametrize(
    "text",
    ['{"name": "x', '{"name": "x"}', "[]", _LIKE_A_RECORD.replace("HERE", "\\ud800")],
    ids=["half a record", "fields missing", "a list", "half a character"],
)
def test_a_damaged_record_breaks_no_list(fresh, caplog, text):
    """It is named in the answer, and once in the log; it can be deleted."""
    odd, good = (
        fresh.ask("POST", RECORDS, {**RECORD, "s3Keys": {"hls": f"{name}/master.m3u8"}}).json() for name in "ab"
    )
    _damage(fresh, odd["id"], text)
    listed = [fresh.ask("GET", RECORDS) for _ in range(2)]
    given = fresh.ask("GET", f"{RECORDS}/{odd['id']}")

    assert [{"files": [good], "next": None, "skipped": [odd["id"]]}] * 2 == [answer.json() for answer in listed]
    assert (500, "RecordDamaged") == (given.status_code, given.json()["error"])
    assert [f"The file record '{odd['id']}' is damaged and left out of lists: delete it, and store it again."] == [
        entry.getMessage() for entry in caplog.records if odd["id"] in entry.getMessage()
    ]
    assert 204 == fresh.ask("DELETE", f"{RECORDS}/{odd['id']}").status_code
    assert [] == fresh.ask("GET", RECORDS).json()["skipped"]


def test_a_record_is_deleted(fresh):
    """204, also the second time; then it is 404, and the video's next one is new."""
    kept = fresh.ask("POST", RECORDS, RECORD).json()
    statuses = [fresh.ask("DELETE", f"{RECORDS}/{kept['id']}").status_code for _ in range(2)]
    gone, again = fresh.ask("GET", f"{RECORDS}/{kept['id']}"), fresh.ask("POST", RECORDS, RECORD)

    assert ([204, 204], 404, 201) == (statuses, gone.status_code, again.status_code)
    assert [again.json()] == fresh.ask("GET", RECORDS).json()["files"]


def test_a_record_has_at_most_64_kilobytes(fresh):
    """One byte more is 413, and leaves nothing."""
    body = fresh.ask("POST", RECORDS, {**RECORD, "metadata": {"note": ""}}).request.body
    room = 65536 - len(body)
    statuses = [
        fresh.ask("POST", RECORDS, {**RECORD, "metadata": {"note": "x" * size}}).status_code
        for size in (room, room + 1)
    ]
    kept = fresh.ask("GET", RECORDS).json()["files"]

    assert ([200, 413], [room]) == (statuses, [len(record["metadata"]["note"]) for record in kept])


@pytest.mark.parametrize(
    "value", ["[" * 20_000 + "]" * 20_000, "9" * 60_000, '"\\ud800"', "1e999", "NaN"], ids=lambda value: value[:8]
)
def test_metadata_that_break_readers_break_no_list(fresh, value):
    """Whether they are taken or refused, whatever is kept can be listed."""
    body = json.dumps({**RECORD, "metadata": {"odd": "HERE"}}).replace('"HERE"', value)
    answer = requests.post(fresh.url + RECORDS, data=body, headers=fresh.headers, timeout=60)
    listed = fresh.ask("GET", RECORDS)

    assert (True, 200, []) == (answer.status_code in (201, 400), listed.status_code, listed.json()["skipped"])


def test_a_locked_file_is_503_with_a_time_to_try_again(fresh, monkeypatch):
    """While another process keeps the records for itself, a new one is refused; afterwards it is taken."""
    monkeypatch.setattr(record_routes, "BUSY_S", 0)
    with closing(sqlite3.connect(_file(fresh), isolation_level=None)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        refused = fresh.ask("POST", RECORDS, RECORD)
        connection.execute("ROLLBACK")
    monkeypatch.undo()

    assert (503, "RecordsUnavailable", "5") == (
        refused.status_code,
        refused.json()["error"],
        refused.headers["Retry-After"],
    )
    assert 201 == fresh.ask("POST", RECORDS, RECORD).status_code


def test_viewers_do_not_wait_for_records(fresh, monkeypatch):
    """Forty requests that are held up by the records keep no thread that files are read with."""
    fresh.put("videos/a/seg_001.ts", b"segment")
    held, begun = threading.Event(), threading.Semaphore(0)

    def page(self, **_):
        begun.release()
        held.wait()
        raise KeyError

    monkeypatch.setattr(FileRecords, "page", page)
    with ExitStack() as stack:
        stack.callback(held.set)
        address = urlsplit(fresh.url)
        for _ in range(40):
            client = stack.enter_context(socket.create_connection((address.hostname, address.port), timeout=60))
            token = fresh.headers["Authorization"]
            client.sendall(f"GET {RECORDS} HTTP/1.1\r\nHost: x\r\nAuthorization: {token}\r\n\r\n".encode())
        for _ in range(4):
            begun.acquire()
        answers = [fresh.get("/objects/videos/a/seg_001.ts") for _ in range(3)]
        pages = [fresh.get(path).status_code for path in ("/", "/watch/none")]

    assert [(200, b"segment")] * 3 == [(answer.status_code, answer.content) for answer in answers]
    assert [200, 404] == pages


def _used_bytes(client):
    """Return what the backend counts, as a refusal for the quota tells it."""
    body = {"key": "x.ts", "contentType": "video/mp2t", "sizeBytes": 10_000_000}
    return client.ask("POST", "/api/admin/content/aws/uploadUrl", body).json()["usedBytes"]


def test_records_count_in_the_quota(settings, client_of):
    """Those that are there at the start, new ones, larger ones; deleting gives the room back, and one that does not fit
    is 507 and not kept.
    """
    limited = replace(settings, storage=replace(settings.storage, max_size_bytes=60_000))
    large = {**RECORD, "metadata": {"note": "x" * 20_000}}
    with serve_in_thread(limited) as backend:
        client = client_of(backend)
        used, expected = [_used_bytes(client)], [0]
        for record in (RECORD, large, RECORD):
            kept = client.ask("POST", RECORDS, record).json()
            expected.append(record_bytes(kept))
            used.append(_used_bytes(client))
    with serve_in_thread(limited) as backend:
        client = client_of(backend)
        used.append(_used_bytes(client))
        others = [{**large, "s3Keys": {"hls": f"{number}/master.m3u8"}} for number in range(3)]
        answers = [client.ask("POST", RECORDS, record) for record in others]
        ids = [answer.json().get("id") for answer in answers]
        for record_id in (ids[0], ids[1], kept["id"]):
            client.ask("DELETE", f"{RECORDS}/{record_id}")
        used.append(_used_bytes(client))
        listed = client.ask("GET", RECORDS).json()["files"]

    assert [*expected, expected[-1], 0] == used
    assert ([201, 201, 507], "QuotaExceeded", []) == (
        [answer.status_code for answer in answers],
        answers[2].json()["error"],
        listed,
    )


def test_a_record_that_was_not_kept_takes_no_room(settings, client_of):
    """Its bytes are counted before, and given back when the records can't be used."""
    limited = replace(settings, storage=replace(settings.storage, max_size_bytes=60_000))
    with serve_in_thread(limited) as backend:
        client = client_of(backend)
        _file(client).rename(_file(client).with_name("away"))
        refused = client.ask("POST", RECORDS, RECORD)

        assert (503, 0) == (refused.status_code, _used_bytes(client))
