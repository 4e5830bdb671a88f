"""Editing a dataset in memory: the same for transcripts and COCO."""

from __future__ import annotations

import json
import threading

import pytest
from datasets import COCO_KIND, KINDS, TRANSCRIPTS_KIND, opened

from transcripts.errors import (
    BrokenReferenceError,
    DocumentError,
    InvalidRowError,
    ReadOnlyError,
    ReferredToError,
    UnknownCollectionError,
    UnknownRowError,
)
from transcripts.schema import COCO, TRANSCRIPTS
from transcripts.store import REMOVED


def read(path):
    """Return what a file holds."""
    return json.loads(path.read_text(encoding="utf-8"))


def ids(document, collection):
    """Return the ids of a collection in their order."""
    return [row["id"] for row in document.rows(collection)]


def test_reads_as_it_is(kind, document):
    """An opened dataset has the rows of its file, in their order, with all their fields."""
    assert kind.schema is document.schema
    assert () == document.problems
    assert {name: kind.content[name] for name in document.collections} == {
        name: document.rows(name) for name in document.collections
    }


def test_get(kind, document):
    """A row is found by its id; one that is not there is None."""
    assert kind.content[kind.rows][0] == document.get(kind.rows, kind.row_id)
    assert None is document.get(kind.rows, "nobody")


def test_ids_of_another_type(document, kind):
    """The number 7 and the text "7" are two ids."""
    assert None is document.get(kind.rows, str(kind.row_id) if isinstance(kind.row_id, int) else 1)


def test_returned_row_is_a_copy(kind, document):
    """Whoever changes a row that was returned changes nothing in the document."""
    document.get(kind.rows, kind.row_id)["x"] = 1
    document.rows(kind.rows)[0]["x"] = 1
    assert kind.content[kind.rows] == document.rows(kind.rows)


def test_rows_that_refer(kind, document):
    """Rows can be asked for by what they refer to, also after they were changed."""
    first, second, third = ids(document, kind.rows)
    document.update(kind.rows, second, **{kind.field: kind.free_id})
    assert [first, third] == [row["id"] for row in document.rows(kind.rows, **{kind.field: kind.target_id})]
    assert [second] == [row["id"] for row in document.rows(kind.rows, **{kind.field: kind.free_id})]
    with pytest.raises(UnknownCollectionError, match=rf"^'{kind.text}' of {kind.rows} refers to nothing"):
        document.rows(kind.rows, **{kind.text: "x"})


def test_save_keeps_everything(kind, path, document):
    """After an edit of one row the file has all other rows, fields and keys as they were, in the same order."""
    document.update(kind.rows, kind.row_id, **{kind.text: "mended – ü"})
    assert document.flush()
    wanted = json.loads(json.dumps(kind.content))
    wanted[kind.rows][0][kind.text] = "mended – ü"
    assert json.dumps(wanted) == json.dumps(read(path))


def test_unchanged_rows_keep_their_bytes(kind, path, document):
    """What nobody changed is written byte by byte as it was: 2.50 does not become 2.5."""
    path.write_text(path.read_text(encoding="utf-8").replace("0.41", "0.410").replace("300.0", "3E+2"), "utf-8")
    document.shutdown()
    again = opened(path)
    again.add(kind.rows, kind.new_row)
    again.shutdown()
    assert 1 == path.read_text(encoding="utf-8").count("0.410" if kind is TRANSCRIPTS_KIND else "3E+2")


def test_add(kind, document):
    """An added row stands last, has a new id, and all that was given."""
    new_id = document.add(kind.rows, kind.new_row)
    assert {"id": new_id, **kind.new_row} == document.rows(kind.rows)[-1]
    assert 4 == len(set(ids(document, kind.rows)))
    assert f"1 {kind.words[0]} added" == document.changes.text


def test_kind_of_new_ids(kind, document):
    """A new id is of the kind that the others are: texts here, the next number there."""
    new_id = document.add(kind.rows, kind.new_row)
    assert (10 if kind is COCO_KIND else str) == (new_id if kind is COCO_KIND else type(new_id))


def test_own_id(kind, document):
    """A row may bring its id along, unless that is taken."""
    assert "mine" == document.add(kind.rows, {**kind.new_row, "id": "mine"})
    with pytest.raises(InvalidRowError, match="'mine' already"):
        document.add(kind.rows, {**kind.new_row, "id": "mine"})


@pytest.mark.parametrize("value", [None, 1.5, True, ["a"], {}], ids=repr)
def test_unusable_id(kind, document, value):
    """An id is a whole number or a text."""
    with pytest.raises(InvalidRowError, match="has to be a whole number or a text"):
        document.add(kind.rows, {"id": value})
    assert 3 == len(document.rows(kind.rows))


def test_ids_are_not_reused(kind, path, document):
    """The id of a deleted row is given to no other one, neither now nor in a later session."""
    given = document.add(kind.rows, kind.new_row)
    document.delete(kind.rows, given)
    second = document.add(kind.rows, kind.new_row)
    document.delete(kind.rows, second)
    document.shutdown()
    with opened(path) as again:
        third = again.add(kind.rows, kind.new_row)
        assert 3 == len({given, second, third})


def test_ids_are_not_reused_by_those_who_read_the_file(path, tmp_path, document):
    """The next number goes with the file to another computer."""
    kind = COCO_KIND
    if document.schema is not COCO:
        return
    given = document.add(kind.rows, kind.new_row)
    document.delete(kind.rows, given)
    document.shutdown()
    elsewhere = tmp_path / "elsewhere.json"
    elsewhere.write_bytes(path.read_bytes())
    with opened(elsewhere) as again:
        assert given + 1 == again.add(kind.rows, kind.new_row)


def test_update(kind, document):
    """Fields are set, added and removed, and the others stay."""
    document.update(kind.rows, kind.row_id, **{kind.text: "y", "added": [1, {"a": None}]})
    document.update(kind.rows, kind.row_id, added=REMOVED, nothing=REMOVED)
    assert {**kind.content[kind.rows][0], kind.text: "y"} == document.get(kind.rows, kind.row_id)
    assert f"1 {kind.words[0]} updated" == document.changes.text


def test_update_to_the_same(kind, document):
    """Setting a field to what it holds is no change."""
    document.update(kind.rows, kind.row_id, **{kind.text: kind.content[kind.rows][0][kind.text]})
    assert (0, False, "no changes") == (document.version, document.changes.unsaved, document.changes.text)


def test_equal_is_not_the_same(kind, document):
    """0, 0.0 and false are three values, though Python finds them equal."""
    name = kind.new_row and ("channel" if kind is TRANSCRIPTS_KIND else "iscrowd")
    for value in (False, 0.0):
        document.update(kind.rows, kind.row_id, **{name: value})
        assert document.changes.unsaved
        assert repr(value) == repr(document.get(kind.rows, kind.row_id)[name])


def test_id_stays(kind, document):
    """A row's id can't be changed."""
    with pytest.raises(InvalidRowError, match="can't be changed"):
        document.update(kind.rows, kind.row_id, id="other")


@pytest.mark.parametrize("edit", ["update", "delete"])
def test_unknown_row(kind, document, edit):
    """Editing a row that is not there says so."""
    with pytest.raises(UnknownRowError, match=rf"^There is no {kind.words[0]} with the id 'nobody'\.$"):
        getattr(document, edit)(kind.rows, "nobody")


def test_unknown_collection(document):
    """A collection that the schema doesn't have is named, with those that it has."""
    with pytest.raises(UnknownCollectionError, match=f"'frames': there are {', '.join(document.collections)}"):
        document.add("frames", {})


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {1, 2}, object()], ids=["nan", "inf", "set", "object"])
def test_what_json_has_not(kind, document, value):
    """A value that can't be written is refused before anything is changed."""
    with pytest.raises(InvalidRowError, match="can't be written as JSON"):
        document.update(kind.rows, kind.row_id, **{kind.text: value})
    assert kind.content[kind.rows] == document.rows(kind.rows)


@pytest.mark.parametrize("value", ["nobody", 99, True, [1], 1.0], ids=repr)
def test_broken_reference(kind, document, value):
    """A row can't be made to refer to one that is not there; to none it can."""
    with pytest.raises(BrokenReferenceError, match=rf"^{kind.field} can't be"):
        document.update(kind.rows, kind.row_id, **{kind.field: value})
    with pytest.raises(BrokenReferenceError):
        document.add(kind.rows, {kind.field: value})
    document.update(kind.rows, kind.row_id, **{kind.field: None})
    assert None is document.get(kind.rows, kind.row_id)[kind.field]


def test_delete(kind, document):
    """A deleted row is gone, the others keep their order."""
    document.delete(kind.rows, kind.row_id)
    assert [row["id"] for row in kind.content[kind.rows][1:]] == ids(document, kind.rows)
    assert None is document.get(kind.rows, kind.row_id)
    assert f"1 {kind.words[0]} deleted" == document.changes.text


def test_delete_refused(kind, document):
    """A row that others refer to stays, and the refusal counts them, for the question whether they go too."""
    with pytest.raises(ReferredToError, match=f"while 3 {kind.words[1]} refer to it") as raised:
        document.delete(kind.target, kind.target_id)
    assert {kind.rows: 3} == raised.value.counts
    assert 3 == len(document.rows(kind.rows))
    assert not document.changes.unsaved


def test_delete_with_what_refers(kind, document):
    """If asked for, everything that refers to the row goes with it, in one step that is undone as one."""
    document.delete(kind.target, kind.target_id, cascade=True)
    assert [] == document.rows(kind.rows)
    assert {f"3 {kind.words[1]} deleted", f"1 {kind.target_words[0]} deleted"} == set(document.changes.text.split(", "))
    document.undo()
    assert {name: kind.content[name] for name in document.collections} == {
        name: document.rows(name) for name in document.collections
    }


@pytest.mark.parametrize("kind", [COCO_KIND], ids=["COCO"], indirect=True)
def test_delete_cascades_by_schema(kind, document):
    """An image's annotations go with it unasked."""
    document.delete("images", 1)
    assert [] == document.rows("annotations")


@pytest.mark.parametrize("kind", [TRANSCRIPTS_KIND], ids=["transcripts"], indirect=True)
def test_delete_clears_by_schema(kind, document):
    """Nobody's words are deleted with a speaker: the segments stay, without one."""
    document.delete("speakers", "sp1")
    assert [None, None, "nothing"] == [row.get("speaker", "nothing") for row in document.rows("segments")]
    assert "1 speaker deleted, 1 segment updated" == document.changes.text


def test_counts(kind, document):
    """Changes are counted by kind, a row once however often it was edited."""
    first, second, third = ids(document, kind.rows)
    for text in "abc":
        document.update(kind.rows, first, **{kind.text: text})
    document.update(kind.rows, second, **{kind.text: "d"})
    document.delete(kind.rows, third)
    document.add(kind.rows, kind.new_row)
    document.add(kind.target, {"name": "x"})
    one, several = kind.words
    said = document.changes.text.split(", ")
    assert {
        f"1 {one} added",
        f"2 {several} updated",
        f"1 {one} deleted",
        f"1 {kind.target_words[0]} added",
    } == set(said)
    assert 5 == document.changes.count


def test_added_and_deleted_is_no_change(kind, document):
    """What was added and deleted again doesn't count."""
    document.delete(kind.rows, document.add(kind.rows, kind.new_row))
    assert "no changes" == document.changes.text


def test_undo_and_redo(kind, document):
    """Every step can be taken back and made again, to the exact order of rows; back at the start nothing is unsaved."""
    states = [json.loads(document.snapshot_bytes())]
    first, second, _ = ids(document, kind.rows)
    for edit in (
        lambda: document.update(kind.rows, first, **{kind.text: "a"}),
        lambda: document.delete(kind.rows, second),
        lambda: document.add(kind.rows, {**kind.new_row, "id": "mine"}),
        lambda: document.add(kind.rows, {**kind.new_row, "id": second}),
    ):
        edit()
        states.append(json.loads(document.snapshot_bytes()))
    for state in reversed(states[:-1]):
        assert document.undo()
        assert state == json.loads(document.snapshot_bytes())
    assert (False, False, False) == (document.undo(), document.can_undo, document.changes.unsaved)
    for state in states[1:]:
        assert document.redo()
        assert state == json.loads(document.snapshot_bytes())
    assert (False, False) == (document.redo(), document.can_redo)


def test_edit_after_undo(kind, document):
    """After a new edit what was undone can't be redone."""
    document.update(kind.rows, kind.row_id, **{kind.text: "a"})
    document.undo()
    document.update(kind.rows, kind.row_id, **{kind.text: "b"})
    assert not document.redo()
    assert "b" == document.get(kind.rows, kind.row_id)[kind.text]


def test_transaction(kind, document):
    """Edits that are made together are undone together, and one event tells of them."""
    events = []
    document.on_change(events.append)
    with document.transaction():
        new_id = document.add(kind.target, {"name": "x"})
        for row_id in ids(document, kind.rows):
            document.update(kind.rows, row_id, **{kind.field: new_id})
    assert [4] == [len(event.rows) for event in events]
    document.undo()
    assert kind.content[kind.rows] == document.rows(kind.rows)


def test_failed_transaction(kind, document):
    """If one of several edits is refused, none is made."""
    with pytest.raises(UnknownRowError), document.transaction():
        document.delete(kind.rows, kind.row_id)
        document.delete(kind.rows, "nobody")
    assert kind.content[kind.rows] == document.rows(kind.rows)
    assert (False, False) == (document.changes.unsaved, document.can_undo)


def test_nothing_is_undone_or_saved_within_a_transaction(kind, document):
    """Half of an edit is neither undone nor saved."""
    with document.transaction():
        document.delete(kind.rows, kind.row_id)
        for call in (document.undo, document.redo, document.flush):
            with pytest.raises(DocumentError, match="in the middle of an edit"):
                call()


def test_events(kind, document):
    """Listeners are told which rows an edit concerned and how the document stands then, until they end it."""
    events = []
    end = document.on_change(events.append)
    document.update(kind.rows, kind.row_id, **{kind.text: "a"})
    end()
    end()
    document.undo()
    assert [(((kind.rows, kind.row_id),), f"1 {kind.words[0]} updated")] == [
        (event.rows, event.changes.text) for event in events
    ]


def test_edits_from_many_threads(kind, document):
    """Edits of several threads at once all count, and every new row has an id of its own."""
    given: list[object] = []

    def work():
        for _ in range(50):
            given.append(document.add(kind.rows, kind.new_row))

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 300 == len(set(given))
    assert 303 == len(document.rows(kind.rows))
    assert f"300 {kind.words[1]} added" == document.changes.text


def test_closed(kind, path, document):
    """A document that was closed refuses edits; another one can have the file."""
    document.shutdown()
    with pytest.raises(ReadOnlyError, match="has been closed"):
        document.delete(kind.rows, kind.row_id)
    with opened(path) as other:
        assert "" == other.read_only


@pytest.mark.parametrize("schema", [TRANSCRIPTS, COCO], ids=["transcripts", "COCO"])
def test_new(tmp_path, schema):
    """A dataset is begun where a schema is named; the file is there once something was saved."""
    path = tmp_path / "new.json"
    with opened(path, schema=schema) as document:
        first = document.add(schema.collections[0].name, {"title": "Lecture"})
        assert not path.exists()
    with opened(path) as again:
        assert (schema, [first]) == (again.schema, ids(again, schema.collections[0].name))


def test_both_kinds_are_there():
    """The tests of this folder run for every schema that ships."""
    assert [TRANSCRIPTS, COCO] == [kind.schema for kind in KINDS]


def test_some_fields_of_rows(document, kind):
    """Some fields can be read without the others; one that a row has not is None."""
    found = document.fields(kind.rows, "id", kind.text, "nowhere")
    assert [
        {"id": row["id"], kind.text: row.get(kind.text), "nowhere": None} for row in kind.content[kind.rows]
    ] == found
    referring = document.fields(kind.rows, "id", **{kind.field: kind.target_id})
    assert [{"id": row["id"]} for row in kind.content[kind.rows] if row.get(kind.field) == kind.target_id] == referring


def test_count(kind, document):
    """How many rows there are is known without reading them."""
    document.delete(kind.rows, kind.row_id)
    assert len(kind.content[kind.rows]) - 1 == document.count(kind.rows)
