"""backend.records: file records that survive crashes."""

from concurrent.futures import ThreadPoolExecutor

from backend.records import FileRecords


def test_keeps_records_in_order(tmp_path):
    """Records come back oldest first with id and time, from another process too."""
    file = tmp_path / "hidden" / "records.jsonl"
    added = [FileRecords(file).add({"name": name}) for name in ("first", "zweiter ü", "third\nline")]

    assert added == FileRecords(file).all()
    assert 3 == len({record["id"] for record in added})
    assert all(record["createdAt"].endswith("+00:00") for record in added)


def test_no_file_is_no_records(tmp_path):
    """Before the first record the list is empty."""
    assert [] == FileRecords(tmp_path / "records.jsonl").all()


def test_half_a_line_spoils_nothing(tmp_path):
    """A line cut off by a crash, even inside a character, is left out, and the next record is whole."""
    file = tmp_path / "records.jsonl"
    FileRecords(file).add({"name": "before"})
    with file.open("ab") as handle:
        handle.write('{"name": "ü'.encode()[:-1])
    FileRecords(file).add({"name": "after"})

    assert ["before", "after"] == [record["name"] for record in FileRecords(file).all()]


def test_records_at_the_same_time_do_not_mix(tmp_path):
    """Many writers leave one whole line each."""
    records = FileRecords(tmp_path / "records.jsonl")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: records.add({"number": number}), range(40)))

    assert set(range(40)) == {record["number"] for record in records.all()}
