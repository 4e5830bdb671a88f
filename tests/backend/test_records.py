"""backend.records: file records that survive crashes."""

import json
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from backend.records import FileRecords, RecordsError


@pytest.fixture
def file(tmp_path):
    """Where the records of a test are."""
    return tmp_path / "hidden" / "records.sqlite3"


@pytest.fixture
def records(file):
    """Records that are ready."""
    made = FileRecords(file)
    made.prepare()
    return made


def test_keeps_records_in_order(file, records):
    """Records come back oldest first with id and time, from another process too."""
    added = [records.add({"name": name})[0] for name in ("first", "zweiter ü", "third\nline")]
    again = FileRecords(file)
    again.prepare()

    assert (added, False) == again.page(limit=10)
    assert 3 == len({record["id"] for record in added})
    assert all(record["createdAt"].endswith("+00:00") for record in added)


def test_comes_in_pages(records):
    """A page begins behind a record and says whether there is more."""
    first, second, third = (records.add({"number": number})[0] for number in range(3))

    assert ([first, second], True) == records.page(limit=2)
    assert ([third], False) == records.page(after=second["id"], limit=2)
    assert ([first, second, third], False) == records.page(limit=3)
    assert ([], False) == records.page(after=third["id"], limit=2)


def test_gives_one_record(records):
    """By its id; None where there is none."""
    added, _ = records.add({"name": "one"})
    records.add({"name": "other"})

    assert (added, None) == (records.get(added["id"]), records.get("none"))


def test_a_page_behind_nothing_is_an_error(records):
    """An id that no record has is not taken for the beginning."""
    with pytest.raises(KeyError):
        records.page(after="none", limit=1)


def _video(hls, mp4=None, **more):
    return {"s3Keys": {"hls": hls, "mp4": mp4, "transcript": None}, **more}


def test_a_video_has_one_record(records):
    """Published again it is the same record, where it was, with what is known now; other videos have their own."""
    first, updated = records.add(_video("a/master.m3u8", name="one", language="en"))
    other, _ = records.add(_video("b/master.m3u8", name="other"))
    second, again = records.add(_video("a/master.m3u8", name="two"))

    assert (False, True) == (updated, again)
    assert {**_video("a/master.m3u8", name="two"), "id": first["id"], "createdAt": first["createdAt"]} == second
    assert ([second, other], False) == records.page(limit=10)


def test_a_video_without_a_stream_is_known_by_what_it_has(records):
    """The MP4 then; what has no file at all is never the same."""
    added = [records.add(_video(None, mp4=mp4))[0]["id"] for mp4 in ("a/o.mp4", "a/o.mp4", None, None)]

    assert (3, added[0]) == (len(set(added)), added[1])


def test_a_request_that_comes_twice_at_once_makes_one_record(records):
    """A client that lost an answer sends it again while the first is still worked on."""
    with ThreadPoolExecutor(8) as pool:
        ids = set(pool.map(lambda number: records.add(_video("a/master.m3u8", number=number))[0]["id"], range(16)))

    assert (1, 1) == (len(ids), len(records.page(limit=100)[0]))


def test_records_of_an_earlier_version_are_updated_too(file):
    """It kept no key beside a record, and doubled them: the newest counts, and all stay."""
    kept = [
        {"id": str(number), "createdAt": "2026-01-31T12:00:00+00:00", **_video("a/master.m3u8", number=number)}
        for number in range(2)
    ]
    file.parent.mkdir()
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(
            "CREATE TABLE files "
            "(position INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, record TEXT NOT NULL)"
        )
        connection.executemany(
            "INSERT INTO files (id, record) VALUES (?, ?)", [(one["id"], json.dumps(one)) for one in kept]
        )
    records = FileRecords(file)
    records.prepare()
    record, updated = records.add(_video("a/master.m3u8", number=7))

    assert (True, "1", [kept[0], record]) == (updated, record["id"], records.page(limit=10)[0])
    with closing(sqlite3.connect(file)) as connection, connection:  # the earlier version again
        connection.execute(
            "INSERT INTO files (id, record) VALUES ('z', ?)", (json.dumps({"id": "z", **_video("b/master.m3u8")}),)
        )
    records.prepare()
    assert (True, "z") == ((found := records.add(_video("b/master.m3u8")))[1], found[0]["id"])


def test_records_at_the_same_time_do_not_mix(records):
    """Many writers leave one whole record each."""
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: records.add({"number": number}), range(40)))

    assert set(range(40)) == {record["number"] for record in records.page(limit=100)[0]}


def test_takes_an_older_versions_file_over_once(file):
    """JSON lines are taken over in their order, half a line is left out,
    and the old file is put aside with all it has.
    """
    old = [
        {"id": f"{number:032x}", "createdAt": "2026-01-31T12:00:00+00:00", "name": f"ü {number}"} for number in range(3)
    ]
    text = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in old).encode() + '{"id": "ü'.encode()[:-1]
    file.parent.mkdir()
    (file.parent / "records.jsonl").write_bytes(text)
    records = FileRecords(file)
    records.prepare()
    added, _ = records.add({"name": "new"})
    FileRecords(file).prepare()

    assert ([*old, added], False) == records.page(limit=10)
    assert ["records.jsonl.taken-over", "records.sqlite3"] == sorted(entry.name for entry in file.parent.iterdir())
    assert text == (file.parent / "records.jsonl.taken-over").read_bytes()


def test_taking_over_again_after_a_crash_doubles_nothing(file, records):
    """A crash before the old file was put aside leaves each record once, where it was."""
    line = json.dumps({"id": "a", "createdAt": "2026-01-31T12:00:00+00:00", "name": "one"})
    (file.parent / "records.jsonl").write_text(f"{line}\n")
    records.prepare()
    added, _ = records.add({"name": "two"})
    (file.parent / "records.jsonl").write_text(f"{line}\n")
    records.prepare()

    assert ([json.loads(line), added], False) == records.page(limit=10)


def test_a_file_that_went_away_is_a_sentence(file, records):
    """Nothing is quietly begun anew in its place."""
    file.unlink()
    for question in (records.check, lambda: records.add({"name": "x"})):
        with pytest.raises(RecordsError, match="can't be used"):
            question()

    assert [] == list(file.parent.iterdir())


def test_a_file_of_something_else_is_a_sentence(file):
    """What is not a database is named and stays as it is."""
    file.parent.mkdir()
    file.write_bytes(b"something else" * 100)

    with pytest.raises(RecordsError, match=r"records\.sqlite3 can't be used"):
        FileRecords(file).prepare()
    assert file.read_bytes().startswith(b"something else")


def test_a_write_that_fails_leaves_nothing(file, records):
    """A full disk or a damaged table is an error, not half a record."""
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(
            "CREATE TRIGGER full BEFORE INSERT ON files BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END"
        )

    with pytest.raises(RecordsError, match="disk is full"):
        records.add({"name": "x"})
    assert ([], False) == records.page(limit=10)
