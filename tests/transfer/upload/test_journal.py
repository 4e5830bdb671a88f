"""The journal of confirmations."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from pipeline.errors import OutputError
from pipeline.transfer.upload.journal import (
    FORMAT,
    JOURNAL_FILE,
    BegunInParts,
    Confirmed,
    UploadDestination,
    UploadJournal,
    parse_journal,
    read_journal,
)

HERE = UploadDestination(backend_url="https://api.example.com", prefix="videos/a/")
THERE = UploadDestination(backend_url="https://api.example.com", prefix="videos/b/")


def which(number: int) -> Confirmed:
    """Return a confirmation that can be told from others."""
    return Confirmed(size_bytes=number, mtime_ns=number, key=f"videos/a/{number}", url=f"https://cdn/{number}")


def written(folder, destination=HERE, count=3, resume=False):
    """Write a journal of `count` confirmations and return its path."""
    with UploadJournal(folder, destination, resume=resume, now="2026-02-02T10:30:00Z") as journal:
        for number in range(count):
            journal.confirm(f"seg_{number}.ts", which(number))
    return folder / JOURNAL_FILE


def test_journal_remembers_what_was_confirmed(tmp_path):
    """What was written is read again, with when it began."""
    written(tmp_path)
    content = read_journal(tmp_path, HERE)
    assert {f"seg_{number}.ts": which(number) for number in range(3)} == content.confirmed
    assert content.begun
    assert "2026-02-02T10:30:00Z" == content.started_at


def test_journal_is_readable_after_a_kill_at_any_byte(tmp_path):
    """Cut anywhere, it holds exactly the confirmations whose lines are whole,
    and the next ones do not glue onto the rest.
    """
    data = written(tmp_path).read_bytes()
    first_line = data.index(b"\n") + 1
    for cut in range(first_line, len(data) + 1):
        (tmp_path / JOURNAL_FILE).write_bytes(data[:cut])
        content = read_journal(tmp_path, HERE)
        whole = data[:cut].count(b"\n") - 1
        unended = cut < len(data) and data[cut : cut + 1] == b"\n" and not data[:cut].endswith(b"\n")
        assert not content.corrupt
        assert whole + unended == len(content.confirmed)
        with UploadJournal(tmp_path, HERE, resume=True, now="later") as journal:
            assert "" == journal.notice
            journal.confirm("next.ts", which(9))
        again = read_journal(tmp_path, HERE)
        assert not again.corrupt
        assert {*content.confirmed, "next.ts"} == set(again.confirmed)


def test_journal_cut_inside_its_first_line_is_an_empty_one(tmp_path):
    """A kill while the journal was begun leaves a journal that was not begun."""
    data = written(tmp_path, count=0).read_bytes()
    for cut in range(len(data) - 1):
        content = parse_journal(data[:cut].splitlines(keepends=True), HERE)
        assert (False, False, {}) == (content.corrupt, content.begun, content.confirmed)


def test_destinations_do_not_mix(tmp_path):
    """Confirmations count for the place where the files are, whatever else the folder was sent to."""
    written(tmp_path, HERE, count=3)
    written(tmp_path, THERE, count=1)
    assert 3 == len(read_journal(tmp_path, HERE).confirmed)
    assert 1 == len(read_journal(tmp_path, THERE).confirmed)
    elsewhere = UploadDestination(backend_url=HERE.backend_url, prefix=HERE.prefix, session_id="0" * 24)
    assert not read_journal(tmp_path, elsewhere).begun


def test_starting_anew_forgets_what_was_confirmed(tmp_path):
    """Without resume, earlier confirmations of this destination do not count any more."""
    written(tmp_path, HERE, count=3)
    written(tmp_path, HERE, count=1)
    assert ["seg_0.ts"] == list(read_journal(tmp_path, HERE).confirmed)


def test_going_on_keeps_the_time_of_the_beginning(tmp_path):
    """A resumed upload began when it was first begun."""
    written(tmp_path)
    with UploadJournal(tmp_path, HERE, resume=True, now="later") as journal:
        assert "2026-02-02T10:30:00Z" == journal.started_at
        assert 3 == len(journal.confirmed)


@pytest.mark.parametrize(
    "damage",
    [b"\x00\x01\x02\nmore\n", b"[1, 2]\n", b'{"to": 5}\n', b'{"to": "x", "path": 5}\n', b"[" * 100_000 + b"\n", b"\n"],
    ids=["binary", "list", "no destination", "wrong types", "deep", "blank"],
)
def test_damaged_journal_is_set_aside(tmp_path, damage):
    """More than a torn last line is damage: the file is kept under another name, and a line says so."""
    path = written(tmp_path)
    path.write_bytes(path.read_bytes() + damage)
    assert read_journal(tmp_path, HERE).corrupt
    with UploadJournal(tmp_path, HERE, resume=True, now="later") as journal:
        assert {} == journal.confirmed
        assert "was damaged" in journal.notice
    assert (tmp_path / f"{JOURNAL_FILE}.corrupt-1").read_bytes().endswith(damage)
    assert read_journal(tmp_path, HERE).begun


def test_lines_are_only_ever_added(tmp_path):
    """A confirmation costs one line, however many there were before."""
    path = written(tmp_path, count=5)
    before = path.read_bytes()
    with UploadJournal(tmp_path, HERE, resume=True, now="later") as journal:
        journal.confirm("one more.ts", which(6))
    assert path.read_bytes().startswith(before)
    assert 1 == path.read_bytes()[len(before) :].count(b"\n")


def test_query_of_a_url_is_not_kept(tmp_path):
    """A signed download URL loses its secret on the way to the disk."""
    with UploadJournal(tmp_path, HERE, resume=False, now="now") as journal:
        journal.confirm("a.ts", Confirmed(size_bytes=1, mtime_ns=1, key="k", url="https://cdn/a.ts?signature=secret"))
    lines = (tmp_path / JOURNAL_FILE).read_text().splitlines()
    assert "https://cdn/a.ts" == json.loads(lines[1])["url"]


def test_name_that_is_not_unicode_survives(tmp_path):
    """A file name with odd bytes is remembered as it is."""
    odd = b"seg_\xff.ts".decode("utf-8", "surrogateescape")
    with UploadJournal(tmp_path, HERE, resume=False, now="now") as journal:
        journal.confirm(odd, which(1))
    assert [odd] == list(read_journal(tmp_path, HERE).confirmed)


def test_folder_that_is_gone_is_a_sentence(tmp_path):
    """A journal that can't be opened stops the upload before it starts."""
    with pytest.raises(OutputError, match="can't be written"):
        UploadJournal(tmp_path / "missing", HERE, resume=True, now="now")


def test_old_journals_are_still_read(tmp_path):
    """What the program wrote before it knew content, place and format is understood;
    nothing in it shows that the store has the file.
    """
    lines = [
        {"to": HERE.mark, "began": "2026-01-01T00:00:00Z"},
        {"to": HERE.mark, "path": "a.ts", "size": 5, "mtime_ns": 7, "key": "videos/a/a.ts", "url": "https://cdn/a.ts"},
    ]
    (tmp_path / JOURNAL_FILE).write_text("".join(json.dumps(line) + "\n" for line in lines))
    content = read_journal(tmp_path, HERE)
    assert (False, True, "", None) == (content.corrupt, content.begun, content.version_folder, content.published)
    assert {
        "a.ts": Confirmed(size_bytes=5, mtime_ns=7, key="videos/a/a.ts", url="https://cdn/a.ts", proven=False)
    } == content.confirmed


def test_journal_of_a_newer_program_is_set_aside(tmp_path):
    """What may mean something else is not guessed at."""
    path = written(tmp_path, count=0)
    line = json.loads(path.read_text())
    path.write_text(json.dumps({**line, "format": FORMAT + 1}) + "\n")
    assert read_journal(tmp_path, HERE).corrupt


@pytest.mark.parametrize(
    ("etag", "proven", "expected"),
    [("e", True, True), ("", True, True), ("", False, False)],
    ids=["ETag", "without one", "nothing"],
)
def test_proof_is_remembered(tmp_path, etag, proven, expected):
    """Whether anything shows that the store has a file: a later run goes by it."""
    with UploadJournal(tmp_path, HERE, resume=False, now="now") as journal:
        journal.confirm("a.ts", replace(which(1), etag=etag, proven=proven))
    assert expected is read_journal(tmp_path, HERE).confirmed["a.ts"].proven


def test_content_and_etag_are_remembered(tmp_path):
    """Everything that is known of a file comes back."""
    full = Confirmed(
        size_bytes=1, mtime_ns=2, key="k", url="https://u", md5="0" * 32, etag="abc", at="2026-02-02T10:30:00Z"
    )
    with UploadJournal(tmp_path, HERE, resume=False, now="now") as journal:
        journal.confirm("a.ts", full)
    assert {"a.ts": full} == read_journal(tmp_path, HERE).confirmed


def test_places_and_published_master_outlive_a_new_run(tmp_path):
    """A run that begins anew forgets what it has to send, but not where streams stand."""
    with UploadJournal(tmp_path, HERE, resume=True, now="one") as journal:
        journal.confirm("master.m3u8", which(1))
    with UploadJournal(tmp_path, HERE, resume=False, now="two", version_folder="v2/") as journal:
        journal.confirm("a.ts", which(2))
    content = read_journal(tmp_path, HERE)
    assert ("v2/", ("", "v2/"), {"a.ts": which(2)}, which(1)) == (
        content.version_folder,
        content.version_folders,
        content.confirmed,
        content.published,
    )


def test_file_that_was_begun_in_parts_is_remembered_until_it_is_confirmed(tmp_path):
    """A later run goes on with the parts, whether it resumes or has to give them back."""
    begun = BegunInParts(size_bytes=9, mtime_ns=8, key="k", url="https://u", upload_id="up", part_bytes=4)
    with UploadJournal(tmp_path, HERE, resume=True, now="one") as journal:
        journal.begin_parts("a.mp4", begun)
    with UploadJournal(tmp_path, HERE, resume=False, now="two") as journal:
        assert {"a.mp4": begun} == journal.parts
        journal.confirm("a.mp4", which(9))
    assert {} == read_journal(tmp_path, HERE).parts


@pytest.mark.parametrize(
    "wrong",
    [b"{}", b'{"to": "x"}', b"1,2", b"[", b'{"to": "x"},{"to": "y"}', b'{"to": "x", "began": "", "format": 99}'],
    ids=["nothing", "no file", "numbers", "torn", "two entries", "newer format"],
)
@pytest.mark.parametrize("count", [1, 2500], ids=["few lines", "many lines"])
def test_a_line_that_is_no_entry_makes_the_journal_corrupt(tmp_path, wrong, count):
    """Wherever it stands among lines that are read together."""
    path = written(tmp_path, count=count)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:-1], wrong + b"\n", lines[-1]]))
    assert read_journal(tmp_path, HERE).corrupt


def test_journal_of_many_files_is_read_whole(tmp_path):
    """The lines of one run count however many are read at a time, and a later run begins anew."""
    written(tmp_path, count=2500)
    assert 2500 == len(read_journal(tmp_path, HERE).confirmed)
    written(tmp_path, count=1)
    assert ["seg_0.ts"] == list(read_journal(tmp_path, HERE).confirmed)
