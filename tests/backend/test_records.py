"""backend.state.records: file records that survive crashes."""

import json
import shutil
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from backend.state.records import MAX_PAGE_BYTES, DamagedRecordError, FileRecords, record_bytes
from backend.state.sqlite_file import SqliteBusyError, SqliteFileError

KEPT = Path(__file__).parents[1] / "kept"


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


def _all(records):
    """Return every record, in one page."""
    page = records.page(limit=1000)
    assert (None, []) == (page.next, page.skipped)
    return page.records


def test_keeps_records_in_order(file, records):
    """Records come back oldest first with id and time, from another process too."""
    added = [records.add({"name": name})[0] for name in ("first", "zweiter ü", "third\nline")]
    again = FileRecords(file)
    again.prepare()

    assert added == _all(again)
    assert 3 == len({record["id"] for record in added})
    assert all(record["createdAt"].endswith("+00:00") for record in added)


def test_comes_in_pages(records):
    """A page begins behind a record and says whether there is more."""
    first, second, third = (records.add({"number": number})[0] for number in range(3))

    page = records.page(limit=2)
    last = records.page(after=page.next, limit=2)

    assert ([first, second], [third], None) == (page.records, last.records, last.next)
    assert [third] == records.page(after=second["id"], limit=2).records
    assert [first, second, third] == _all(records)
    assert ([], None) == ((beyond := records.page(after=third["id"], limit=2)).records, beyond.next)


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

    assert (None, True) == (updated, again is not None)
    assert {**_video("a/master.m3u8", name="two"), "id": first["id"], "createdAt": first["createdAt"]} == second
    assert [second, other] == _all(records)


def test_a_video_without_a_stream_is_known_by_what_it_has(records):
    """The MP4 then; what has no file at all is never the same."""
    added = [records.add(_video(None, mp4=mp4))[0]["id"] for mp4 in ("a/o.mp4", "a/o.mp4", None, None)]

    assert (3, added[0]) == (len(set(added)), added[1])


def test_a_request_that_comes_twice_at_once_makes_one_record(records):
    """A client that lost an answer sends it again while the first is still worked on."""
    with ThreadPoolExecutor(8) as pool:
        ids = set(pool.map(lambda number: records.add(_video("a/master.m3u8", number=number))[0]["id"], range(16)))

    assert (1, 1) == (len(ids), len(_all(records)))


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

    assert (True, "1", [kept[0], record]) == (updated is not None, record["id"], _all(records))
    with closing(sqlite3.connect(file)) as connection, connection:  # the earlier version again
        connection.execute(
            "INSERT INTO files (id, record) VALUES ('z', ?)", (json.dumps({"id": "z", **_video("b/master.m3u8")}),)
        )
    records.prepare()
    assert (True, "z") == ((found := records.add(_video("b/master.m3u8")))[1] is not None, found[0]["id"])


def test_records_at_the_same_time_do_not_mix(records):
    """Many writers leave one whole record each."""
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: records.add({"number": number}), range(40)))

    assert set(range(40)) == {record["number"] for record in _all(records)}


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

    assert [*old, added] == _all(records)
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

    assert [json.loads(line), added] == _all(records)


def test_a_file_that_went_away_is_a_sentence(file, records):
    """Nothing is quietly begun anew in its place."""
    file.unlink()
    for question in (records.check, lambda: records.add({"name": "x"})):
        with pytest.raises(SqliteFileError, match="can't be used"):
            question()

    assert [] == list(file.parent.iterdir())


def test_a_file_of_something_else_is_a_sentence(file):
    """What is not a database is named and stays as it is."""
    file.parent.mkdir()
    file.write_bytes(b"something else" * 100)

    with pytest.raises(SqliteFileError, match=r"records\.sqlite3 can't be used"):
        FileRecords(file).prepare()
    assert file.read_bytes().startswith(b"something else")


def test_a_write_that_fails_leaves_nothing(file, records):
    """A full disk or a damaged table is an error, not half a record."""
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(
            "CREATE TRIGGER full BEFORE INSERT ON files BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END"
        )

    with pytest.raises(SqliteFileError, match="disk is full"):
        records.add({"name": "x"})
    assert [] == _all(records)


_ODD = {
    "half": '{"id": "half", "na',
    "a list": "[1, 2]",
    "a number": 7,
    "nested": "[" * 100_000,
    "bytes": b"\xff\xfe",
    "empty": "",
}


def _insert(file, name, text, video=""):
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("INSERT INTO files (id, record, video) VALUES (?, ?, ?)", (name, text, video))


def test_what_is_no_record_is_skipped_and_named(file, records):
    """One row that somebody has damaged keeps no other from being read, wherever a page ends."""
    first, _ = records.add({"name": "first"})
    for name, text in _ODD.items():
        _insert(file, name, text)
    last, _ = records.add({"name": "last"})
    page = records.page(limit=10)
    after, seen, skipped = None, [], []
    while after is not None or not seen:
        small = records.page(after=after, limit=1)
        seen, skipped, after = seen + small.records, skipped + small.skipped, small.next

    assert ([first, last], list(_ODD), None) == (page.records, page.skipped, page.next)
    assert ([first, last], list(_ODD)) == (seen, skipped)


def test_text_that_is_none_keeps_no_record_from_being_read(file, records):
    """A byte that is not UTF-8 is shown as such, and the rest as it is."""
    _insert(file, "a", b'{"name": "\xff"}')
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("UPDATE files SET record = CAST(record AS TEXT)")

    assert [{"name": "�", "id": "a"}] == _all(records)


@pytest.mark.parametrize("text", _ODD.values(), ids=_ODD)
def test_a_damaged_record_is_mended_by_the_next_upload(file, records, text):
    """It is not given, and takes the fields and the id that the video had when this is published again."""
    _insert(file, "odd", text, "a/master.m3u8")
    with pytest.raises(DamagedRecordError):
        records.get("odd")
    added, updated = records.add(_video("a/master.m3u8"))

    assert (True, "odd", added) == (updated is not None, added["id"], records.get("odd"))


def test_a_page_is_bounded_by_its_bytes(records):
    """An earlier version took records of a megabyte: each of them is a page, and none is left out."""
    large = "x" * (MAX_PAGE_BYTES // 3)
    added = [records.add({"name": large if number < 4 else large * 4})[0] for number in range(6)]
    pages, after = [], None
    while after is not None or not pages:
        page = records.page(after=after, limit=1000)
        pages, after = [*pages, page.records], page.next

    assert added == [record for page in pages for record in page]
    assert [2, 2, 1, 1] == [len(page) for page in pages]


def test_a_record_is_deleted(records):
    """Once; the next upload of its video makes a new one."""
    first, _ = records.add(_video("a/master.m3u8"))
    other, _ = records.add(_video("b/master.m3u8"))
    for _ in range(2):
        records.delete(first["id"])
    again, updated = records.add(_video("a/master.m3u8"))

    assert (None, None, True) == (records.get(first["id"]), updated, again["id"] != first["id"])
    assert [other, again] == _all(records)


def test_a_page_goes_on_where_the_last_record_was_deleted(records):
    """Somebody deletes it between two pages: nothing is left out."""
    first, second = (records.add({"number": number})[0] for number in range(2))
    page = records.page(limit=1)
    records.delete(first["id"])

    assert ([first], [second]) == (page.records, records.page(after=page.next, limit=1).records)


@pytest.mark.parametrize(("name", "count"), [("records_without_video", 3), ("records_with_video", 3)])
def test_kept_records_of_earlier_versions_go_on(file, name, count):
    """Files that they wrote: every record is there, and a video that is published again has its newest one updated."""
    file.parent.mkdir()
    shutil.copy(KEPT / f"{name}.sqlite3", file)
    with closing(sqlite3.connect(file)) as connection:
        before = [json.loads(row[0]) for row in connection.execute("SELECT record FROM files ORDER BY position")]
    records = FileRecords(file)
    records.prepare()
    kept = _all(records)
    newest = [record for record in before if record["s3Keys"]["hls"] == "videos/1/master.m3u8"][-1]
    updated, there = records.add({key: value for key, value in newest.items() if key not in ("id", "createdAt")})

    assert (count, before, True, newest) == (len(kept), kept, there is not None, updated)
    with closing(sqlite3.connect(file)) as connection:
        assert (2,) == connection.execute("PRAGMA user_version").fetchone()


def test_a_file_of_a_newer_version_is_left_alone(file, records):
    """A sentence that says what to do, and not a byte is changed."""
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("PRAGMA user_version = 3")
    before = file.read_bytes()

    with pytest.raises(SqliteFileError, match="made by a newer version of this program: update the program"):
        FileRecords(file).prepare()
    assert before == file.read_bytes()


_WORKER = """
import sys
from pathlib import Path
from backend.state.records import FileRecords
print("ready", flush=True)
records, number = FileRecords(Path(sys.argv[1])), int(sys.stdin.readline())
records.prepare()
records.add({"number": number}, wait_s=60)
"""


def test_processes_that_start_at_once_bring_the_tables_up_to_date_once(file):
    """Four workers meet a file of the first version: each finds all records, and loses none."""
    file.parent.mkdir()
    shutil.copy(KEPT / "records_without_video.sqlite3", file)
    command = [sys.executable, "-c", _WORKER, str(file)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "cwd": KEPT.parents[1]}
    workers = [subprocess.Popen(command, **pipes) for _ in range(4)]
    for worker in workers:
        worker.stdout.readline()
    for number, worker in enumerate(workers):
        worker.stdin.write(f"{number}\n")
        worker.stdin.flush()
    for worker in workers:
        worker.communicate()

    assert [0, 0, 0, 0] == [worker.returncode for worker in workers]
    assert set(range(4)) == {record["number"] for record in _all(FileRecords(file))[3:]}


def test_a_locked_file_is_said_to_be_in_use(file, records):
    """Nobody waits longer than they may; reading goes on while another process writes."""
    added, _ = records.add({"name": "one"})
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        for change in (lambda: records.add({"name": "two"}, wait_s=0), lambda: records.delete("x", wait_s=0)):
            with pytest.raises(SqliteBusyError, match="in use by another process now: try again in some seconds"):
                change()
        assert [added] == _all(records)
        connection.execute("ROLLBACK")

    assert (True, []) == (records.add({"name": "three"})[0] in _all(records), list(file.parent.glob("*-wal")))


def test_the_bytes_of_records_are_known(records):
    """Of all together, of one that is replaced, and of one that is deleted."""
    first, none = records.add(_video("a/master.m3u8", name="ü"))
    before = records.total_bytes()
    second, replaced = records.add(_video("a/master.m3u8", name="longer than before"))
    other, _ = records.add({"name": "x"})

    assert (None, record_bytes(first), record_bytes(first)) == (none, before, replaced)
    assert record_bytes(second) + record_bytes(other) == records.total_bytes()
    assert [record_bytes(other), 0] == [records.delete(other["id"]) for _ in range(2)]
    assert record_bytes(second) == records.total_bytes()
