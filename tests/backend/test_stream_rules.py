"""backend.access.stream_rules: which rule counts for what is stored."""

import os
import shutil
import sqlite3
import unicodedata
from contextlib import closing
from pathlib import Path

import pytest

from backend.access.signing import PRIVATE
from backend.access.stream_rules import StreamRules, Visibility
from backend.state.sqlite_file import SqliteFileError
from pipeline.errors import SettingsError

KEPT = Path(__file__).parent.parent / "kept"
PUBLIC, UNLISTED, PRIVATE_ = Visibility.PUBLIC, Visibility.UNLISTED, Visibility.PRIVATE


@pytest.fixture
def rules(tmp_path):
    """Rules of a folder, a folder within it, and one in that."""
    made = StreamRules(tmp_path, PUBLIC)
    made.set("courses", UNLISTED)
    made.set("courses/math/", PRIVATE_)
    made.set("courses/math/open/", PUBLIC)
    return made


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("alone.ts", PUBLIC),
        ("courses", PUBLIC),
        ("courses2/a.ts", PUBLIC),
        ("courses/", UNLISTED),
        ("courses/a.ts", UNLISTED),
        ("courses/mathematics/a.ts", UNLISTED),
        ("courses/math/lesson/v2/720p/seg_001.ts", PRIVATE_),
        ("courses/math/open/lesson/master.m3u8", PUBLIC),
    ],
)
def test_the_longest_prefix_counts(key, expected, rules):
    """A rule is for all below its folder, but for what has a rule of its own."""
    assert expected is rules.rule_for(key).visibility


@pytest.mark.parametrize(
    ("folder", "expected"),
    [
        ("", True),
        ("courses/", True),
        ("courses/open/", True),
        ("courses/open/a/", True),
        ("courses/b/", False),
        ("x/", False),
    ],
)
def test_something_public_may_lie_below_what_is_not(folder, expected, tmp_path):
    """A folder has something to show where a rule below it says so, or its own."""
    rules = StreamRules(tmp_path, Visibility.PRIVATE)
    rules.prepare()
    rules.set("courses/open/", Visibility.PUBLIC)

    assert expected == rules.has_public(folder)


def test_without_a_rule_the_default_counts(tmp_path):
    """What the settings say, before and after there was a rule."""
    rules = StreamRules(tmp_path, PRIVATE_)
    rules.prepare()
    before = rules.rule_for("a/b.ts").visibility
    rules.set("a", PUBLIC)
    during = rules.rule_for("a/b.ts").visibility
    rules.unset("a/")

    assert (PRIVATE_, PUBLIC, PRIVATE_) == (before, during, rules.rule_for("a/b.ts").visibility)


@pytest.mark.parametrize(
    "key",
    [
        "COURSES/Math/a.ts",
        "Straße/a.ts",
        "STRASSE/a.ts",
        "e\u0301tude/a.ts",
        "étude/a.ts",
        "courses/ma\u200cth/a.ts",
        "\ufeffcourses/math/a.ts",
    ],
)
def test_another_spelling_of_a_folder_is_the_same_folder(key, tmp_path):
    """A disk that takes both for one, as Windows' and macOS' do, gives nothing away."""
    rules = StreamRules(tmp_path, PUBLIC)
    for folder in ("courses/math", "straße", unicodedata.normalize("NFC", "étude")):
        rules.set(folder, PRIVATE_)

    assert PRIVATE_ is rules.rule_for(key).visibility


@pytest.mark.parametrize(
    ("key", "expected"),
    [("COURSE~1/a.ts", PRIVATE_), ("a/LESSON~1.M3U", PRIVATE_), ("a/more~than~that.m3u8", PUBLIC), ("a/b.ts", PUBLIC)],
)
def test_the_second_names_of_windows_open_nothing(key, expected, tmp_path):
    """Where there are rules, what may be an alias of a private folder is as private; elsewhere it is a name."""
    rules, without = (StreamRules(tmp_path, PUBLIC, windows=windows) for windows in (True, False))
    rules.set("courses of math/", PRIVATE_)

    assert (expected, PUBLIC) == (rules.rule_for(key).visibility, without.rule_for(key).visibility)


def test_what_is_too_long_for_a_key_has_no_rule(rules):
    """Nothing is stored there, so that nobody has to look for the rule of each of a hundred thousand folders."""
    assert [PRIVATE_, PUBLIC] == [rules.rule_for(f"courses/math/{'a/' * n}").visibility for n in (505, 100_000)]


def test_other_processes_changes_count_at_once(tmp_path):
    """Although the file's time and size are what they were."""
    running, command = StreamRules(tmp_path, PUBLIC), StreamRules(tmp_path, PUBLIC)
    running.prepare()
    before = running.rule_for("a/b.ts").visibility
    status = running.file.stat()
    command.set("a/", PRIVATE_)
    os.utime(running.file, ns=(status.st_atime_ns, status.st_mtime_ns))

    assert (PUBLIC, PRIVATE_) == (before, running.rule_for("a/b.ts").visibility)


def test_another_file_in_its_place_counts_at_once(tmp_path):
    """A restored backup is what counts then."""
    running = StreamRules(tmp_path / "running", PUBLIC)
    running.set("a/", PUBLIC)
    before = running.rule_for("a/b.ts").visibility
    backup = StreamRules(tmp_path / "backup", PUBLIC)
    backup.set("a/", PRIVATE_)
    for leftover in running.file.parent.glob("streams.sqlite3-*"):
        leftover.unlink()
    backup.file.replace(running.file)

    assert (PUBLIC, PRIVATE_) == (before, running.rule_for("a/b.ts").visibility)


def test_rules_that_cannot_be_read_are_not_guessed(tmp_path):
    """Nothing is said to be public then, and the sentence for viewers has no path."""
    rules = StreamRules(tmp_path, PUBLIC)
    rules.set("a/", PRIVATE_)
    with closing(sqlite3.connect(rules.file)) as other:
        other.execute("UPDATE rules SET visibility = 'hidden'")
        other.commit()

    with pytest.raises(SqliteFileError) as refusal:
        rules.is_public("b/c.ts")
    assert "Who may watch the streams can't be told now: try again in a while." == str(refusal.value)


def test_a_stranger_who_asks_often_fills_no_log(tmp_path, caplog):
    """That the rules can't be read is one line, however many viewers ask."""
    rules = StreamRules(tmp_path, PUBLIC)
    for _ in range(50):
        with pytest.raises(SqliteFileError):
            rules.is_public("a/b.ts")

    assert 1 == len([record for record in caplog.records if "can't be read" in record.getMessage()])


def test_rules_that_went_away_are_not_guessed(tmp_path):
    """What was private does not become public because somebody has deleted the file."""
    rules = StreamRules(tmp_path, PUBLIC)
    rules.set("a/", PRIVATE_)
    before = rules.rule_for("a/b.ts").visibility
    rules.file.unlink()

    with pytest.raises(SqliteFileError):
        rules.is_public("a/b.ts")
    assert PRIVATE_ is before


def test_a_writer_keeps_no_viewer_waiting(tmp_path):
    """While another process writes, what counted before counts."""
    rules = StreamRules(tmp_path, PUBLIC)
    rules.set("a/", PRIVATE_)
    with closing(sqlite3.connect(rules.file, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        other.execute("DELETE FROM rules")

        assert PRIVATE_ is rules.rule_for("a/b.ts").visibility


def test_rules_of_the_first_version_of_the_file(tmp_path):
    """A kept file is read as it was meant."""
    (tmp_path / PRIVATE).mkdir()
    shutil.copy(KEPT / "streams_1.sqlite3", tmp_path / PRIVATE / "streams.sqlite3")
    rules = StreamRules(tmp_path, PUBLIC)
    rules.prepare()

    assert [
        ("Courses/Math/", PRIVATE_, "0123456789abcdef"),
        ("courses/", UNLISTED, "fedcba9876543210"),
    ] == [(rule.prefix, rule.visibility, rule.series) for rule in rules.all()]


@pytest.mark.parametrize("prefix", ["", "/", "../a", "a//b", ".backend"])
def test_a_rule_is_for_a_folder(prefix, tmp_path):
    """A prefix below which nothing can be stored is refused."""
    with pytest.raises(SettingsError, match=r"can't be the prefix of streams|Name a folder"):
        StreamRules(tmp_path, PUBLIC).set(prefix, PRIVATE_)
