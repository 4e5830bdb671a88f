"""When a dataset is saved, and that nothing is lost before it is: the same for transcripts and COCO."""

from __future__ import annotations

import errno
import json
import os
import resource
import signal
import subprocess
import sys
import threading
from pathlib import Path

import psutil
import pytest
from datasets import HeldClock, files_beside, left_by_a_crash, opened

from transcripts.errors import ChangedOutsideError, DocumentError, ReadOnlyError, UndecidedError
from transcripts.events import EventKind
from transcripts.store import Store

KEPT = Path(__file__).resolve().parents[1] / "kept"
SUPPORT = Path(__file__).resolve().parents[1] / "support"

AT_ONCE_S = 60
"""How long an edit is waited for that should be made at once."""


def texts(kind, path):
    """Return the edited field of all rows of a file."""
    content = json.loads(path.read_text(encoding="utf-8"))
    return [row.get(kind.text) for row in content[kind.rows]]


def edit(kind, document, text="mended"):
    """Make an edit."""
    document.update(kind.rows, kind.row_id, **{kind.text: text})


def test_autosave(kind, path, document, clock):
    """An edit is saved 30 seconds after the first one that is not saved, later ones with it, and not before."""
    assert 0 == clock.waiting
    before = path.read_bytes()
    edit(kind, document, "a")
    clock.advance(20)
    edit(kind, document, "b")
    clock.advance(9.9)
    assert (1, before) == (clock.waiting, path.read_bytes())
    clock.advance(0.1)
    assert "b" == texts(kind, path)[0]
    assert (0, "no changes", []) == (clock.waiting, document.changes.text, files_beside(path))
    edit(kind, document, "c")
    assert 1 == clock.waiting


def test_other_interval(kind, path, clock):
    """The interval is what it was opened with."""
    with opened(path, clock, autosave_interval_s=5) as document:
        edit(kind, document)
        clock.advance(5)
        assert "mended" == texts(kind, path)[0]


def test_configured_interval(kind, path, clock, monkeypatch):
    """Without one, the environment says the interval."""
    monkeypatch.setenv("DATASET_AUTO_SAVE_INTERVAL", "7.5")
    with opened(path, clock) as document:
        edit(kind, document)
        assert [7.5] == [call.due_s for call in clock.calls]


def test_timer_is_off_when_nothing_is_unsaved(kind, document, clock):
    """Undoing the only change stops the timer, and so does saving."""
    edit(kind, document)
    document.undo()
    assert 0 == clock.waiting
    document.redo()
    assert 1 == clock.waiting
    assert document.flush()
    assert (0, False) == (clock.waiting, document.flush())


def test_undo_after_saving(kind, path, document):
    """What was saved can be undone, which is a change again."""
    edit(kind, document)
    document.flush()
    document.undo()
    assert f"1 {kind.words[0]} updated" == document.changes.text
    document.flush()
    assert kind.content[kind.rows][0][kind.text] == texts(kind, path)[0]


def test_saved_event(kind, document, clock):
    """Listeners are told when it was saved."""
    edit(kind, document)
    events = []
    document.on_change(events.append)
    clock.advance(30)
    assert [(EventKind.SAVED, "no changes")] == [(event.kind, event.changes.text) for event in events]


def test_edits_during_a_save_stay_unsaved(kind, path, document):
    """What was changed after a version was taken is unsaved when that version is."""
    edit(kind, document, "a")
    version, content = document.version, document.snapshot_bytes()
    edit(kind, document, "b")
    document.add(kind.rows, kind.new_row)
    document.mark_saved(version)
    assert {f"1 {kind.words[0]} updated", f"1 {kind.words[0]} added"} == set(document.changes.text.split(", "))
    assert "a" == json.loads(content)[kind.rows][0][kind.text]
    document.undo()
    document.undo()
    assert not document.changes.unsaved


def test_saved_elsewhere(kind, path, clock):
    """Where what counts as saved is elsewhere, autosave does not make changes saved, also across sessions."""
    elsewhere = path.read_bytes()
    added = dict(kind.new_row)
    with opened(path, clock) as document:
        document.set_saved(elsewhere)
        assert not document.changes.unsaved
        edit(kind, document)
        document.delete(kind.rows, kind.content[kind.rows][1]["id"])
        document.add(kind.rows, added)
        said = document.changes.text
        clock.advance(30)
        assert ("mended", said, 0) == (texts(kind, path)[0], document.changes.text, clock.waiting)
        assert not document.flush()
    with opened(path) as again:
        again.set_saved(elsewhere)
        assert (said, 3) == (again.changes.text, len(again.changed_rows()))
        version, content = again.version, again.snapshot_bytes()
        edit(kind, again, "later")
        again.mark_saved(version)
        assert f"1 {kind.words[0]} updated" == again.changes.text
        again.set_saved(content)
        assert f"1 {kind.words[0]} updated" == again.changes.text
        again.undo()
        assert "no changes" == again.changes.text


def test_saved_elsewhere_with_edits_meanwhile(kind, path, document, monkeypatch):
    """Edits do not wait while a dataset is compared with what is saved elsewhere, and count as unsaved."""
    elsewhere = path.read_bytes()
    first, second, third = (row["id"] for row in kind.content[kind.rows])
    edits = [
        lambda: document.update(kind.rows, first, **{kind.text: "before it was looked at"}),
        lambda: document.delete(kind.rows, third),
    ]
    document.update(kind.rows, second, **{kind.text: "long before"})
    differences = Store.differences

    def with_edits(*arguments):
        in_another_thread(edits.pop(0))
        found = differences(*arguments)
        in_another_thread(edits.pop(0))
        return found

    monkeypatch.setattr(Store, "differences", with_edits)
    document.set_saved(elsewhere)
    assert f"2 {kind.words[1]} updated, 1 {kind.words[0]} deleted" == document.changes.text
    document.undo()
    document.undo()
    assert f"1 {kind.words[0]} updated" == document.changes.text


def in_another_thread(edit):
    """Make an edit on another thread, which has to end at once."""
    thread = threading.Thread(target=edit)
    thread.start()
    thread.join(AT_ONCE_S)
    assert not thread.is_alive()


def test_saved_elsewhere_in_other_spacing(kind, path, document):
    """What is only spaced differently is no change."""
    document.set_saved(json.dumps(kind.content).encode())
    assert "no changes" == document.changes.text


def test_failed_save(kind, path, document, clock):
    """A save that fails changes nothing, tells why, and is tried again until it succeeds."""
    edit(kind, document)
    events = []
    document.on_change(events.append)
    obstacle = path.with_name(f".{path.name}.tmp")
    obstacle.mkdir()
    clock.advance(30)
    (event,) = events
    assert (EventKind.SAVE_FAILED, f"1 {kind.words[0]} updated", 1) == (event.kind, event.changes.text, clock.waiting)
    assert "can't be saved (Is a directory)" in event.problem
    with pytest.raises(DocumentError, match="Nothing is lost"):
        document.flush()
    obstacle.rmdir()
    document.add(kind.rows, kind.new_row)
    clock.advance(60)
    assert ("mended", 4, []) == (texts(kind, path)[0], len(texts(kind, path)), files_beside(path))


def test_failed_shutdown(kind, path, document):
    """What could not be saved at the end is offered to the next session; the closed document never writes again."""
    edit(kind, document)
    obstacle = path.with_name(f".{path.name}.tmp")
    obstacle.mkdir()
    with pytest.raises(DocumentError, match="can't be saved"):
        document.shutdown()
    obstacle.rmdir()
    assert not document.flush()
    assert kind.content[kind.rows][0][kind.text] == texts(kind, path)[0]
    with opened(path) as again:
        again.accept_recovered()
    assert "mended" == texts(kind, path)[0]


def test_changed_by_another_program(kind, path, document, clock):
    """A file that another program wrote is not overwritten; opened again, both programs' changes are there."""
    edit(kind, document)
    content = json.loads(path.read_text(encoding="utf-8"))
    content[kind.rows][1][kind.text] = "theirs"
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(ChangedOutsideError, match="was changed by another program and is not overwritten"):
        document.shutdown()
    assert ("theirs", 0) == (texts(kind, path)[1], clock.waiting)
    with opened(path) as again:
        again.accept_recovered()
    assert ["mended", "theirs"] == texts(kind, path)[:2]


def test_permissions_stay(kind, path, document):
    """A file that only its owner may read stays so, and so does the journal."""
    path.chmod(0o600)
    edit(kind, document)
    assert {0o600} == {one.stat().st_mode & 0o777 for one in path.parent.iterdir() if "journal" in one.name}
    document.flush()
    assert 0o600 == path.stat().st_mode & 0o777


def test_symbolic_link_stays(kind, path, tmp_path):
    """A dataset that is opened through a link is saved where it is."""
    link = tmp_path / "link.json"
    link.symlink_to(path)
    with opened(link) as document:
        edit(kind, document)
    assert (True, "mended") == (link.is_symlink(), texts(kind, path)[0])


def test_second_one_reads(kind, path, document):
    """A dataset that is open elsewhere can be read, not changed; the first one is not disturbed."""
    edit(kind, document)
    with opened(path) as other:
        assert "is being edited in another window or by another job" in other.read_only
        assert (kind.content[kind.rows], None) == (other.rows(kind.rows), other.recovery)
        with pytest.raises(ReadOnlyError, match="is being edited"):
            edit(kind, other)
        assert not other.flush()
    document.flush()
    assert "mended" == texts(kind, path)[0]


def test_nothing_is_left_beside(kind, path, document):
    """After a session nothing but the dataset is in its folder."""
    edit(kind, document)
    document.confirm()
    document.shutdown()
    assert [path] == list(path.parent.iterdir())


def test_kill(kind, path):
    """A process that is killed between an edit and the save loses nothing; the next session offers it."""
    process = subprocess.Popen(
        [sys.executable, SUPPORT / "dataset_editor.py", path, kind.rows, json.dumps(kind.row_id), kind.text],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    confirmed = [process.stdout.readline() for _ in range(200)][-1]
    os.kill(process.pid, signal.SIGKILL)
    rest = process.communicate()[0].splitlines()
    confirmed = (rest or [confirmed])[-1].strip()
    assert kind.content[kind.rows][0][kind.text] == texts(kind, path)[0]
    with opened(path) as document:
        assert "" == document.read_only
        assert f"1 {kind.words[0]} updated" == document.recovery.text
        document.accept_recovered()
        assert int(document.get(kind.rows, kind.row_id)[kind.text]) - int(confirmed) in (0, 1)
    assert int(texts(kind, path)[0]) - int(confirmed) in (0, 1)


@pytest.fixture
def crashed(kind, path, document, tmp_path):
    """A dataset whose session ended with a row updated, one deleted and one added."""
    second = kind.content[kind.rows][1]["id"]
    edit(kind, document, "lost?")
    document.delete(kind.rows, second)
    document.add(kind.rows, {**kind.new_row, "id": "mine"})
    return left_by_a_crash(path, tmp_path / "crashed")


def test_recovered_is_listed(kind, crashed):
    """What an earlier session left is listed, and not yet in the dataset; nothing else can be done first."""
    with opened(crashed) as document:
        one = kind.words[0]
        assert f"1 {one} added, 1 {one} updated, 1 {one} deleted" == document.recovery.text
        assert (3, ()) == (len(document.recovery.changes), document.recovery.conflicts)
        assert kind.content[kind.rows] == document.rows(kind.rows)
        with pytest.raises(UndecidedError, match="accept or discard them first"):
            document.delete(kind.rows, kind.row_id)
        with pytest.raises(UndecidedError):
            document.undo()


def test_undecided_is_offered_again(kind, crashed):
    """Whoever closes without a decision is asked again."""
    for _ in range(2):
        with opened(crashed) as document:
            assert 3 == len(document.recovery.changes)


def test_accept(kind, crashed):
    """Accepted changes are unsaved ones, one step to undo, and saved as others."""
    clock = HeldClock()
    document = opened(crashed, clock)
    text = document.recovery.text
    document.accept_recovered()
    assert (text, None, 1) == (document.changes.text, document.recovery, clock.waiting)
    document.undo()
    assert kind.content[kind.rows] == document.rows(kind.rows)
    document.redo()
    document.shutdown()
    with opened(crashed) as again:
        assert (None, "mine", "lost?") == (
            again.recovery,
            again.rows(kind.rows)[-1]["id"],
            again.get(kind.rows, kind.row_id)[kind.text],
        )
        assert 3 == len(again.rows(kind.rows))


def test_accept_is_journalled(kind, crashed, tmp_path):
    """A crash right after accepting loses nothing either."""
    with opened(crashed) as document:
        document.accept_recovered()
        document.update(kind.rows, kind.row_id, **{kind.text: "later"})
        again_crashed = left_by_a_crash(crashed, tmp_path / "again")
    with opened(again_crashed) as again:
        again.accept_recovered()
        assert ("later", "mine") == (again.get(kind.rows, kind.row_id)[kind.text], again.rows(kind.rows)[-1]["id"])


def test_accept_without_some(kind, crashed):
    """Rows can be left out."""
    with opened(crashed) as document:
        document.accept_recovered(without=[(kind.rows, "mine")])
        assert None is document.get(kind.rows, "mine")
        assert "lost?" == document.get(kind.rows, kind.row_id)[kind.text]


def test_undo_is_recovered_too(kind, path, document, tmp_path):
    """A crash does not bring back what was undone."""
    edit(kind, document, "a")
    document.flush()
    document.undo()
    crashed = left_by_a_crash(path, tmp_path / "crashed")
    with opened(crashed) as again:
        assert "a" == again.get(kind.rows, kind.row_id)[kind.text]
        again.accept_recovered()
    assert kind.content[kind.rows][0][kind.text] == texts(kind, crashed)[0]


def test_discard(kind, crashed):
    """Discarded changes are gone for good."""
    with opened(crashed) as document:
        document.discard_recovered()
        assert (None, kind.content[kind.rows]) == (document.recovery, document.rows(kind.rows))
        with pytest.raises(DocumentError, match="no changes of an earlier session"):
            document.discard_recovered()
    with opened(crashed) as again:
        assert None is again.recovery
    assert [] == files_beside(crashed)


def test_crash_after_a_save(kind, path, document, tmp_path):
    """A journal that is left beside a file that has everything is no reason to ask."""
    edit(kind, document, "a")
    edit(kind, document, "b")
    crashed = left_by_a_crash(path, tmp_path / "crashed")
    document.flush()
    crashed.write_bytes(path.read_bytes())
    with opened(crashed) as again:
        assert None is again.recovery
    assert [] == files_beside(crashed)


def test_crash_with_an_edit_back_after_a_save(kind, path, document, tmp_path):
    """An edit back to what once was is recovered, though the file was saved in between and the old journal stayed."""
    original = kind.content[kind.rows][0][kind.text]
    edit(kind, document, "saved")
    first = left_by_a_crash(path, tmp_path / "first")
    document.flush()
    edit(kind, document, original)
    second = left_by_a_crash(path, tmp_path / "second")
    for one in first.parent.iterdir():
        if one != first:
            second.with_name(one.name).write_bytes(one.read_bytes())
    assert 2 == len(files_beside(second))
    with opened(second) as again:
        again.accept_recovered()
    assert original == texts(kind, second)[0]


def test_line_that_was_cut_off(kind, crashed):
    """The last line of a journal may be cut off anywhere: what is before it counts."""
    (journal,) = (one for one in crashed.parent.iterdir() if one != crashed)
    whole = journal.read_bytes()
    ends = [len(whole) - 1 - size for size in range(0, len(whole.splitlines()[-1]), 40)]
    for end in ends:
        journal.write_bytes(whole[:end])
        with opened(crashed) as document:
            assert f"1 {kind.words[0]} updated, 1 {kind.words[0]} deleted" == document.recovery.text


@pytest.mark.parametrize(
    "damage", [b"\x00\xff", b"[[1]]", b"{}", b"[" * 100_000, b'[["frames",1,null,{}]]'], ids=range(5)
)
def test_damaged_journal(kind, crashed, damage):
    """Lines that can't be read cost only themselves, and the file is kept."""
    (journal,) = (one for one in crashed.parent.iterdir() if one != crashed)
    lines = journal.read_bytes().splitlines()
    journal.write_bytes(b"\n".join([*lines[:2], damage, *lines[2:], b""]))
    with opened(crashed) as document:
        assert 3 == len(document.recovery.changes)
        document.accept_recovered()
    assert [f"{journal.name}.corrupt-1"] == files_beside(crashed)


def test_newer_journal(crashed):
    """A journal that a newer version wrote is left alone, and said so."""
    (journal,) = (one for one in crashed.parent.iterdir() if one != crashed)
    journal.write_bytes(b'{"journal":99}\n')
    with pytest.raises(DocumentError, match="was written by a newer version of this program"):
        opened(crashed)
    assert [journal.name] == files_beside(crashed)


def test_kept_journal(kind, tmp_path):
    """A dataset and a journal as the first version wrote them are read, by every later one."""
    name = f"dataset_{kind.schema.name.lower()}"
    path = tmp_path / "kept.json"
    path.write_bytes((KEPT / f"{name}_1.json").read_bytes())
    path.with_name(f".{path.name}.journal-2").write_bytes((KEPT / f"{name}_journal_1.jsonl").read_bytes())
    with opened(path) as document:
        assert () == document.problems
        one = kind.words[0]
        assert f"1 {one} added, 1 {one} updated, 1 {one} deleted" == document.recovery.text
        document.accept_recovered()
        assert ("mended", "x") == (
            document.get(kind.rows, kind.row_id)[kind.text],
            document.get(kind.target, "new")["name"],
        )


def changed_outside(kind, crashed, **fields):
    """Change the first row of a file, as another program does."""
    content = json.loads(crashed.read_text(encoding="utf-8"))
    content[kind.rows][0].update(fields)
    crashed.write_text(json.dumps(content), encoding="utf-8")


def test_recovered_beside_another_field(kind, crashed):
    """What somebody else changed in another field of the same row stays."""
    changed_outside(kind, crashed, theirs="new")
    with opened(crashed) as document:
        assert () == document.recovery.conflicts
        document.accept_recovered()
        row = document.get(kind.rows, kind.row_id)
    assert ("lost?", "new") == (row[kind.text], row["theirs"])


def test_recovered_conflict(kind, crashed):
    """Where somebody else changed the same field, both values are shown, and either can be kept."""
    changed_outside(kind, crashed, **{kind.text: "theirs"})
    with opened(crashed) as document:
        (conflict,) = document.recovery.conflicts
        found = [json.loads(one)[kind.text] for one in (conflict.change.before, conflict.change.after)]
        assert ["theirs", "lost?"] == found
        document.accept_recovered(without=[conflict.change.key])
        assert "theirs" == document.get(kind.rows, kind.row_id)[kind.text]


def test_journal_that_can_not_be_written(kind, path, document):
    """An edit that the journal can't take is not made, and said so; the next one is when it can."""
    obstacle = path.with_name(f".{path.name}.journal-1")
    obstacle.mkdir()
    with pytest.raises(DocumentError, match=r"(?s)^The change was not made: the journal of .* can't be written"):
        edit(kind, document)
    assert (kind.content[kind.rows], False) == (document.rows(kind.rows), document.can_undo)
    obstacle.rmdir()
    edit(kind, document)
    document.flush()
    assert "mended" == texts(kind, path)[0]


@pytest.fixture
def broken_disk(monkeypatch):
    """A disk that confirms nothing any more."""

    def fail(_):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", fail)


def test_disk_that_confirms_nothing(kind, document, broken_disk):
    """Whoever waits for the disk is told that it does not confirm."""
    edit(kind, document)
    with pytest.raises(DocumentError, match=r"(?s)^The disk does not confirm changes to .* \(Input/output error\)"):
        document.confirm()


def test_disk_that_confirms_nothing_leaves_no_file_open(kind, path, broken_disk):
    """Confirmed or not, the journal is closed with the dataset."""
    document = opened(path)
    edit(kind, document)
    with pytest.raises(DocumentError):
        document.shutdown()
    folder = str(path.parent)
    assert [] == [file.path for file in psutil.Process().open_files() if file.path.startswith(folder)]


def test_recovered_stays_until_the_disk_has_it(kind, crashed, monkeypatch, request):
    """The journal of an earlier session is kept until the disk has confirmed the new one."""
    (journal,) = files_beside(crashed)
    document = opened(crashed)
    request.getfixturevalue("broken_disk")
    with pytest.raises(DocumentError, match="Input/output error"):
        document.accept_recovered()
    monkeypatch.undo()
    assert journal in files_beside(crashed)
    document.shutdown()
    assert [] == files_beside(crashed)
    assert "lost?" == texts(kind, crashed)[0]


def test_full_disk(kind, path, document, tmp_path):
    """An edit of which a full disk takes a part is not made; the journal holds those before and after it."""
    edit(kind, document, "before")
    (journal,) = (one for one in path.parent.iterdir() if "journal" in one.name)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (journal.stat().st_size + 20, hard))
    try:
        for _ in range(2):
            with pytest.raises(DocumentError, match=r"(?s)^The change was not made: .* Free some space"):
                edit(kind, document, "refused")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "before" == document.get(kind.rows, kind.row_id)[kind.text]
    document.delete(kind.rows, kind.content[kind.rows][1]["id"])
    crashed = left_by_a_crash(path, tmp_path / "crashed")
    with opened(crashed) as again:
        again.accept_recovered()
        assert ("before", 2) == (again.get(kind.rows, kind.row_id)[kind.text], len(again.rows(kind.rows)))
    assert [] == files_beside(crashed)


def test_save_does_not_hold_up_edits(kind, path, document, clock):
    """While a save waits for the disk, edits are made; the disk gets what was there when the save began."""
    edit(kind, document, "a" * 1_000_000)  # more than a pipe holds
    clock.advance(10)
    temporary = path.with_name(f".{path.name}.tmp")
    os.mkfifo(temporary)
    problems = []

    def save():
        try:
            document.flush()
        except DocumentError as error:  # a pipe is no file, in the end
            problems.append(error)

    saving = threading.Thread(target=save)
    saving.start()
    with temporary.open("rb") as pipe:  # returns when the save has opened it
        edit(kind, document, "b")
        assert (True, "b") == (saving.is_alive(), document.get(kind.rows, kind.row_id)[kind.text])
        content = json.loads(pipe.read())
    saving.join()
    assert ("a" * 1_000_000, 1) == (content[kind.rows][0][kind.text], len(problems))
    assert [40] == [call.due_s for call in clock.calls if not call.cancelled]
    assert "b" == (document.flush() and texts(kind, path)[0])
