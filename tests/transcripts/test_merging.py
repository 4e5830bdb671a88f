"""transcripts.merge and Document.merge_saved: two people change one dataset, and neither loses anything."""

import json
import threading

import msgspec
import pytest
from datasets import opened

from transcripts import content as content_module
from transcripts import merging as module
from transcripts import slices, turns
from transcripts.document import open_document
from transcripts.edits import REBASE_TRIES
from transcripts.merge import MISSING, Side
from transcripts.schema import COCO, IdKind

AT_ONCE_S = 60
"""How long an edit is waited for that should be made at once."""

WAITS_S = 0.2
"""How long an edit is waited for that can't be made yet."""


@pytest.fixture
def before(document, path):
    """The saved state that both begin with."""
    document.set_saved(path.read_bytes())
    return path.read_bytes()


@pytest.fixture
def other(path, tmp_path):
    """The same dataset in the hands of somebody else."""
    folder = tmp_path / "theirs"
    folder.mkdir()
    (folder / path.name).write_bytes(path.read_bytes())
    with opened(folder / path.name) as found:
        yield found


def rows(document, kind):
    """Return the rows that are edited, by id."""
    return {row["id"]: row for row in document.rows(kind.rows)}


def collections(document):
    """Return everything, by collection."""
    return {name: document.rows(name) for name in document.collections}


class TestWithoutCollision:
    """What two people change in different places."""

    def test_different_rows_and_fields(self, document, other, kind, before):
        """Changes of different rows, and of different fields of one row, are all kept, and only ours are unsaved."""
        first, second, third = (row["id"] for row in document.rows(kind.rows))
        document.update(kind.rows, first, **{kind.text: "ours"})
        document.update(kind.rows, second, **{kind.text: "ours"})
        other.update(kind.rows, first, reviewed=True)
        other.update(kind.rows, third, **{kind.text: "theirs"})
        found = document.merge_saved(before, other.snapshot_bytes())

        merged = rows(document, kind)
        assert () == found.open
        assert ("ours", True) == (merged[first][kind.text], merged[first]["reviewed"])
        assert ["ours", "theirs"] == [merged[one][kind.text] for one in (second, third)]
        assert f"2 {kind.words[1]} updated" == document.changes.text == found.ours.text == found.theirs.text

    def test_nothing_of_ours(self, document, other, kind, before):
        """Who has changed nothing has afterwards what is saved, and nothing unsaved."""
        other.update(kind.rows, kind.row_id, **{kind.text: "theirs"})
        other.add(kind.rows, kind.new_row)
        document.merge_saved(before, other.snapshot_bytes())

        assert collections(other) == collections(document)
        assert not document.changes.unsaved

    def test_the_same_change(self, document, other, kind, before):
        """What both have changed alike, or both deleted, is no collision and nothing unsaved."""
        for one in (document, other):
            one.update(kind.rows, kind.row_id, **{kind.text: "both"})
            one.delete(kind.target, kind.free_id)
        found = document.merge_saved(before, other.snapshot_bytes())

        assert () == found.open
        assert "no changes" == document.changes.text

    def test_added_and_deleted(self, document, other, kind, before):
        """Rows that were added stay added and rows that were deleted stay deleted, whoever did it."""
        _, second, third = (row["id"] for row in document.rows(kind.rows))
        document.delete(kind.rows, second)
        other.delete(kind.rows, third)
        document.add(kind.rows, {**kind.new_row, kind.text: "ours"})
        other.add(kind.rows, {**kind.new_row, kind.text: "theirs"})
        found = document.merge_saved(before, other.snapshot_bytes())

        assert () == found.open
        merged = rows(document, kind)
        assert {"ours", "theirs"} == {row[kind.text] for row in merged.values() if row["id"] not in (kind.row_id,)}
        assert {second, third}.isdisjoint(merged)

    def test_one_number_for_two_rows(self, document, other, kind, before):
        """Rows that both added under the next number are two rows: ours gets another number, where it is used too."""
        name = kind.target
        ours, theirs = document.add(name, {"name": "ours"}), other.add(name, {"name": "theirs"})
        new = document.add(kind.rows, {**kind.new_row, kind.field: ours})
        document.update(kind.rows, kind.row_id, **{kind.field: ours})
        found = document.merge_saved(before, other.snapshot_bytes())

        named = {row.get("name"): row["id"] for row in document.rows(name)}
        assert () == found.open
        assert theirs == named["theirs"]
        assert {named["ours"]} == {document.get(kind.rows, one)[kind.field] for one in (new, kind.row_id)}
        assert (kind.schema is COCO) == (ours == theirs) == bool(found.renumbered)
        if found.renumbered:
            assert named["ours"] > theirs

    def test_everything_else_of_theirs(self, document, other, kind, before):
        """Their order of rows, rows without an id and other keys of the file are taken over."""
        document.update(kind.rows, kind.row_id, **{kind.text: "ours"})
        content = json.loads(other.snapshot_bytes())
        content["reviewer"] = {"name": "Ö"}
        content[kind.rows] = [*reversed(content[kind.rows]), {"without": "an id"}]
        document.merge_saved(before, json.dumps(content).encode())
        saved = json.loads(document.snapshot_bytes())

        assert {"name": "Ö"} == saved["reviewer"]
        assert [row.get("id") for row in content[kind.rows]] == [row.get("id") for row in saved[kind.rows]]
        assert "ours" == document.get(kind.rows, kind.row_id)[kind.text]
        assert saved == json.loads(document.path.read_bytes())


class TestCollisions:
    """What two people change in one place."""

    def decide(self, document, before, content, side):
        """Merge, see that nothing happens while collisions are open, and decide all of them alike."""
        state = document.snapshot_bytes()
        decisions = {}
        opened = []
        while found := document.merge_saved(before, content, decisions).open:
            assert state == document.snapshot_bytes()
            opened += found
            decisions |= {one.key: side for one in found}
        return opened

    @pytest.mark.parametrize("side", list(Side), ids=lambda side: side.value)
    def test_one_field(self, document, other, kind, before, side):
        """A field that both have set is decided by the editor; other fields of the row are merged all the same."""
        document.update(kind.rows, kind.row_id, **{kind.text: "ours"}, mine=1)
        other.update(kind.rows, kind.row_id, **{kind.text: "theirs"}, yours=2)
        (collision,) = self.decide(document, before, other.snapshot_bytes(), side)

        assert (kind.rows, kind.row_id, kind.text) == collision.key
        assert ("ours", "theirs") == (collision.ours, collision.theirs)
        assert f'{kind.text} of the {kind.words[0]} {kind.row_id!r}: here "ours", on S3 "theirs".' == collision.text
        row = document.get(kind.rows, kind.row_id)
        assert (side.value, 1, 2) == (row[kind.text], row["mine"], row["yours"])

    @pytest.mark.parametrize("side", list(Side), ids=lambda side: side.value)
    @pytest.mark.parametrize("we_delete", [True, False], ids=["deleted here", "deleted there"])
    def test_deleted_and_changed(self, document, other, kind, before, side, we_delete):
        """Whether a row stays that one has deleted and the other changed is decided by the editor."""
        deleting, changing = (document, other) if we_delete else (other, document)
        deleting.delete(kind.rows, kind.row_id)
        changing.update(kind.rows, kind.row_id, **{kind.text: "changed"})
        (collision,) = self.decide(document, before, other.snapshot_bytes(), side)

        assert (kind.rows, kind.row_id, None) == collision.key
        assert MISSING is (collision.ours if we_delete else collision.theirs)
        stays = we_delete == (side is Side.THEIRS)
        row = document.get(kind.rows, kind.row_id)
        assert ("changed" if stays else None) == (row and row[kind.text])

    @pytest.mark.parametrize("side", list(Side), ids=lambda side: side.value)
    @pytest.mark.parametrize("we_delete", [True, False], ids=["deleted here", "deleted there"])
    @pytest.mark.parametrize("by", ["a new row", "a changed row"])
    def test_deleted_and_referred_to(self, document, other, kind, before, side, we_delete, by):
        """A row that one has deleted and the other has begun to use: the editor decides, and no reference is broken."""
        deleting, using = (document, other) if we_delete else (other, document)
        deleting.delete(kind.target, kind.free_id)
        if by == "a new row":
            user = using.add(kind.rows, {**kind.new_row, kind.field: kind.free_id})
        else:
            user = kind.row_id
            using.update(kind.rows, user, **{kind.field: kind.free_id})
        (collision,) = self.decide(document, before, other.snapshot_bytes(), side)

        assert (kind.target, kind.free_id, None) == collision.key
        stays = we_delete == (side is Side.THEIRS)
        assert stays == (document.get(kind.target, kind.free_id) is not None)
        row = document.get(kind.rows, user)
        expected = kind.free_id if stays else None if by == "a new row" else kind.target_id
        assert expected == (row and row[kind.field])
        document.flush()
        document.shutdown()
        with open_document(document.path) as again:
            assert () == again.problems

    def test_what_went_along_comes_back(self, document, other, kind, before):
        """Where a deletion is taken back, what had been deleted along with the row is back too."""
        document.delete(kind.target, kind.target_id, cascade=True)
        assert [] == [row for row in document.rows(kind.rows) if row[kind.field] == kind.target_id]
        new = other.add(kind.rows, {**kind.new_row, kind.field: kind.target_id})
        self.decide(document, before, other.snapshot_bytes(), Side.THEIRS)

        assert collections(other) == collections(document)
        assert new in rows(document, kind)

    def test_what_is_to_go_does_not_come_back(self, document, other, kind, before):
        """A row whose own deletion was decided stays deleted where the one that it referred to comes back."""
        first, *rest = (row["id"] for row in document.rows(kind.rows))
        document.delete(kind.target, kind.target_id, cascade=True)
        other.update(kind.rows, first, **{kind.text: "theirs"})
        new = other.add(kind.rows, {**kind.new_row, kind.field: kind.target_id})
        decisions = {(kind.target, kind.target_id, None): Side.THEIRS, (kind.rows, first, None): Side.OURS}
        found = document.merge_saved(before, other.snapshot_bytes(), decisions)

        assert () == found.open
        assert {*rest, new} == set(rows(document, kind))

    def test_deleted_though_used(self, document, other, kind, before):
        """A row that we delete is gone where that was decided, also for one that both have changed."""
        document.update(kind.rows, kind.row_id, **{kind.text: "ours"})
        document.delete(kind.target, kind.free_id)
        other.update(kind.target, kind.free_id, name="theirs")
        other.update(kind.rows, kind.row_id, **{kind.field: kind.free_id})
        self.decide(document, before, other.snapshot_bytes(), Side.OURS)

        assert document.get(kind.target, kind.free_id) is None
        row = document.get(kind.rows, kind.row_id)
        assert ("ours", kind.target_id) == (row[kind.text], row[kind.field])


def test_a_text_id_that_both_chose(document, other, kind, before):
    """Rows that both added under one text of their own are one row, merged by field."""
    if kind.schema.collection(kind.target).id_kind is not IdKind.TEXT:
        pytest.skip("its ids are numbers")
    document.add(kind.target, {"id": "lecture", "a": 1, "same": 0})
    other.add(kind.target, {"id": "lecture", "b": 2, "same": 0})
    found = document.merge_saved(before, other.snapshot_bytes())

    assert () == found.open
    assert {"id": "lecture", "a": 1, "b": 2, "same": 0} == document.get(kind.target, "lecture")


def test_what_was_done_before_is_not_undone(document, other, kind, before):
    """After a merge an undo can't take back what somebody else has changed in the same row."""
    document.update(kind.rows, kind.row_id, **{kind.text: "ours"})
    other.update(kind.rows, kind.row_id, reviewed=True)
    document.merge_saved(before, other.snapshot_bytes())

    assert not document.undo()
    document.update(kind.rows, kind.row_id, **{kind.text: "later"})
    assert document.undo()
    assert ("ours", True) == tuple(document.get(kind.rows, kind.row_id)[name] for name in (kind.text, "reviewed"))


def test_a_crash_right_after(document, other, kind, before, clock, tmp_path):
    """What was merged is on the disk when the answer comes."""
    document.update(kind.rows, kind.row_id, **{kind.text: "ours"})
    other.add(kind.rows, kind.new_row)
    document.merge_saved(before, other.snapshot_bytes())
    content = document.path.read_bytes()

    assert json.loads(content) == json.loads(document.snapshot_bytes())


class TestMeanwhile:
    """What is edited while a merge is worked out."""

    @pytest.fixture
    def edits(self, document, monkeypatch):
        """Edits to make on another thread, each in the middle of one try, and whether each was made at once."""
        waiting, made = [], []

        def merge(*arguments):
            if waiting:
                edit = threading.Thread(target=waiting.pop(0))
                edit.start()
                edit.join(WAITS_S if len(made) == REBASE_TRIES - 1 else AT_ONCE_S)
                made.append(not edit.is_alive())
                running.append(edit)
            return merged(*arguments)

        merged, running = module.merge_changes, []
        monkeypatch.setattr(module, "merge_changes", merge)
        yield waiting, made
        for edit in running:
            edit.join()

    def test_other_rows(self, document, other, kind, before, edits):
        """Edits of rows that nobody else changed do not wait, and are kept and unsaved, also in the journal."""
        waiting, made = edits
        first, second, _ = (row["id"] for row in document.rows(kind.rows))
        document.update(kind.rows, second, **{kind.text: "ours"})
        other.update(kind.rows, first, **{kind.text: "theirs"})
        waiting.append(lambda: document.update(kind.rows, second, **{kind.text: "ours again"}))
        content = other.snapshot_bytes()
        document.merge_saved(before, content)

        assert [True] == made
        assert ["theirs", "ours again"] == [rows(document, kind)[one][kind.text] for one in (first, second)]
        assert f"1 {kind.words[0]} updated" == document.changes.text
        assert document.snapshot_bytes() == document.path.read_bytes()
        document.update(kind.rows, second, **{kind.text: json.loads(before)[kind.rows][1][kind.text]})
        assert not document.changes.unsaved

    def test_the_same_row(self, document, other, kind, before, edits):
        """An edit of a row that somebody else changed does not wait, and collides with that."""
        waiting, made = edits
        other.update(kind.rows, kind.row_id, **{kind.text: "theirs"})
        waiting.append(lambda: document.update(kind.rows, kind.row_id, **{kind.text: "ours"}))
        (collision,) = document.merge_saved(before, other.snapshot_bytes()).open

        assert ([True], "ours", "theirs") == (made, collision.ours, collision.theirs)
        assert "ours" == document.get(kind.rows, kind.row_id)[kind.text]

    @pytest.mark.parametrize("edit", ["delete", "refer"])
    def test_what_is_referred_to(self, document, other, kind, before, edits, edit):
        """An edit that somebody else's change would leave with a broken reference is merged by the usual rules."""
        waiting, _ = edits
        if edit == "delete":
            other.add(kind.rows, {**kind.new_row, kind.field: kind.free_id})
            waiting.append(lambda: document.delete(kind.target, kind.free_id, cascade=True))
        else:
            other.delete(kind.target, kind.free_id, cascade=True)
            waiting.append(lambda: document.update(kind.rows, kind.row_id, **{kind.field: kind.free_id}))
        (collision,) = document.merge_saved(before, other.snapshot_bytes()).open

        assert (kind.target, kind.free_id, None) == collision.key

    def test_edits_without_end(self, document, other, kind, before, edits):
        """A merge that edits spoil each time comes to an end: the last try has them wait."""
        waiting, made = edits
        other.update(kind.rows, kind.row_id, reviewed=True)
        waiting += [
            lambda text=text: document.update(kind.rows, kind.row_id, **{kind.text: text})
            for text in ("one", "two", "three")
        ]
        found = document.merge_saved(before, other.snapshot_bytes())

        assert ((), [True, True, False]) == (found.open, made)
        assert document.get(kind.rows, kind.row_id)["reviewed"]

    def test_a_large_dataset(self, kind, path, monkeypatch):
        """While a merge reads a large dataset, it lets edits go on, holds no lock then, and parses little at once."""
        count = 5 * turns.ROWS_A_TURN
        row_ids = filled(kind, path, count)
        before = path.read_bytes()
        theirs = before.replace(b'"text 3"', b'"theirs"')
        made, parsed, decoder = [], [], msgspec.json.Decoder
        with opened(path) as document:

            def edit():
                thread = threading.Thread(
                    target=lambda: document.update(kind.rows, row_ids[7], **{kind.text: f"ours {len(made)}"})
                )
                thread.start()
                thread.join(AT_ONCE_S)
                made.append(not thread.is_alive())

            document.set_saved(before)
            with monkeypatch.context() as patched:
                patched.setattr(turns, "let_other_threads_run", edit)
                for module_, name in ((slices, "_list"), (content_module, "_list"), (content_module, "_top_level")):
                    patched.setattr(module_, name, Watched(getattr(module_, name), parsed))
                patched.setattr(msgspec.json, "Decoder", lambda *kinds: Watched(decoder(*kinds), parsed))
                found = document.merge_saved(before, theirs)
            texts = {row["id"]: row.get(kind.text) for row in document.rows(kind.rows)}

        assert {True} == set(made)
        assert count // turns.ROWS_A_TURN * PASSES <= len(made)
        assert max(parsed) < 2 * slices.SLICE_BYTES < len(before)
        assert ((), "theirs", True) == (found.open, texts[row_ids[3]], texts[row_ids[7]].startswith("ours"))


PASSES = 12
"""How often a merge goes through all rows, at least: reading both files, ids, references, what differs, writing."""


class Watched:
    """A decoder that notes how much it is given at once."""

    def __init__(self, decoder, parsed):
        self._decoder = decoder
        self._parsed = parsed

    def decode(self, data):
        self._parsed.append(len(data))
        return self._decoder.decode(data)


def filled(kind, path, count):
    """Write a dataset with many rows, as the program itself does; return their ids."""
    with opened(path) as document, document.transaction():
        return [document.add(kind.rows, {**kind.new_row, kind.text: f"text {n}"}) for n in range(count)]
