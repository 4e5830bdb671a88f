"""storage.usage_file: one file for several processes, which nothing that happens to it stops for long."""

import multiprocessing
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from storage import usage_file
from storage.errors import StorageFullError, StorageSettingsError, StorageUnavailableError
from storage.usage_file import UsageFile

PROCESSES, FILES, STEPS = 4, 6, 25
KEPT = Path(__file__).parents[1] / "kept" / "usage_1.sql"


@pytest.fixture
def path(tmp_path):
    """Where the file is."""
    return tmp_path / "state" / "usage.sqlite3"


@pytest.fixture
def file(path):
    """The file, which is closed after the test."""
    made = UsageFile(path)
    yield made
    made.close()


def add(file, size_bytes=1):
    """Count bytes; return how many there are."""
    with file.transaction() as connection:
        connection.execute("UPDATE state SET other_bytes = other_bytes + ?", (size_bytes,))
        return connection.execute("SELECT other_bytes FROM state").fetchone()[0]


def add_all(barrier, paths):
    """Count in each file when all other processes do; however slow the disk is, each gets its turn."""
    usage_file._BUSY_S = 240
    for path in paths:
        file = UsageFile(path)
        barrier.wait(timeout=120)
        file.prepare()
        for _ in range(STEPS):
            add(file)
        file.close()


@pytest.mark.parametrize("before", ["new", "damaged"])
def test_processes_count_together(tmp_path, before):
    """Nothing is lost between four of them, though they make the file, or mend a damaged one, at the same moment."""
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(PROCESSES)
    paths = [tmp_path / f"{number}.sqlite3" for number in range(FILES)]
    if before == "damaged":
        for path in paths:
            path.write_bytes(b"not what SQLite wrote " * 300)
    processes = [context.Process(target=add_all, args=(barrier, paths)) for _ in range(PROCESSES)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()

    assert [0] * PROCESSES == [process.exitcode for process in processes]
    for path in paths:
        file = UsageFile(path)
        assert PROCESSES * STEPS == add(file, 0)
        file.close()


def test_what_fails_changes_nothing(file):
    """An error in the midst of changes takes all of them back, and the next ones work."""
    file.prepare()
    with pytest.raises(ZeroDivisionError), file.transaction() as connection:
        connection.execute("UPDATE state SET other_bytes = 5")
        raise ZeroDivisionError

    assert 1 == add(file)


@pytest.mark.parametrize("spoil", ["other bytes", "cut off", "another's"])
def test_a_damaged_one_is_put_aside(file, path, spoil):
    """It is kept under another name, and a new one takes its place: what is stored can be measured again."""
    file.prepare()
    for number in range(200):
        with file.transaction() as connection:
            connection.execute("INSERT INTO changes VALUES (?, '', 0, 1)", (f"{number:0200}",))
    file.close()
    if spoil == "other bytes":
        path.write_bytes(path.read_bytes()[:100] + b"\xff" * 30_000)
    elif spoil == "cut off":
        path.write_bytes(path.read_bytes()[:9000])
    else:
        path.unlink()
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute("CREATE TABLE state (x)")

    assert 1 == add(file)
    assert path.with_name("usage.sqlite3.damaged").is_file()


def test_one_that_is_removed_is_made_anew(file, path):
    """Whoever has it open does not go on counting where nobody else looks."""
    file.prepare()
    add(file)
    path.unlink()

    assert 1 == add(file)
    other = UsageFile(path)
    assert 2 == add(other)
    other.close()


def test_a_folder_that_has_gone_is_not_made_again(file, path):
    """A mount that has vanished must be noticed, not filled."""
    file.prepare()
    file.close()
    path.parent.rename(path.parent.with_name("elsewhere"))
    with pytest.raises(StorageUnavailableError, match="can't be counted"):
        add(file)

    assert not path.parent.exists()


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    """The start says which one, and what to do."""
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageSettingsError, match=r"file.state can't be made"):
        UsageFile(tmp_path / "file" / "state" / "usage.sqlite3").prepare()


def test_a_later_versions_file_stays(file, path):
    """It is neither misread nor put aside."""
    file.prepare()
    file.close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 2")
    before = path.read_bytes()
    with pytest.raises(StorageSettingsError, match="later version"):
        file.prepare()

    assert before == path.read_bytes()


def test_a_lock_that_nobody_gives_back_ends_in_a_sentence(file, path, monkeypatch):
    """Who waits for another process is told so in the end, and goes on when it is free."""
    monkeypatch.setattr(usage_file, "_BUSY_S", 0.05)
    file.prepare()
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageUnavailableError, match="locked"):
            add(file)
        other.execute("ROLLBACK")

    assert 1 == add(file)


def test_a_full_disk_is_called_so(file):
    """Who sends a file is told what is full, and what fits the next time is stored."""
    file.prepare()
    with file.transaction() as connection:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
    file._connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StorageFullError, match="free some space"), file.transaction() as connection:
        connection.execute("INSERT INTO changes VALUES (?, '', 0, 1)", ("x" * 100_000,))

    assert 1 == add(file)


def test_the_first_versions_file_is_read(path, file):
    """What was counted and reserved before goes on."""
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(KEPT.read_text(encoding="utf-8"))
    file.prepare()
    with file.transaction() as connection:
        connection.execute("DELETE FROM reservations WHERE id = 'url videos/b.ts'")
        counted = connection.execute("SELECT * FROM counted ORDER BY prefix").fetchall()

    assert [("", 60, 5, 7), ("videos/", 40, 5, 7)] == counted
