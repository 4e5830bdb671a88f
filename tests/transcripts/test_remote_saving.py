"""Dataset.save on a real S3 server: nobody's work is lost or overwritten, whatever happens on the way."""

import json
import shutil
import threading
from urllib.parse import urlsplit

import pytest
from fault_proxy import Trouble, running_proxy
from remote_datasets import changed, store, stored
from s3_gateway import Answer, running_gateway

from storage import StorageUnavailableError, s3_objects
from transcripts.dataset import open_dataset
from transcripts.errors import DocumentError, ReadOnlyError, UndecidedError
from transcripts.freshness import FreshnessState
from transcripts.merge import Side
from transcripts.save import (
    DeletedElsewhereError,
    NotOnS3Error,
    SaveOutcome,
    SaveUnderWayError,
)

DEADLINE_S = 60


@pytest.fixture(autouse=True)
def _no_patience(monkeypatch):
    """A request that fails is not repeated, so that each test says how often it fails."""
    monkeypatch.setattr(s3_objects, "TRIES", 1)


@pytest.fixture
def on_s3(kind, uri, other):
    """The dataset is on S3; its entity tag."""
    return store(other, uri, kind.content)


def edit(dataset, kind, text="ours", row_id=None):
    """Change the text of a row."""
    dataset.document.update(kind.rows, kind.row_id if row_id is None else row_id, **{kind.text: text})


def texts(content, kind):
    """Return the texts of all rows in a content."""
    return [row.get(kind.text) for row in content[kind.rows]]


def test_saved(editor, kind, uri, on_s3, other):
    """What was edited, and that alone, is on S3 under the tag and with the size that are told; nothing is unsaved."""
    opened = editor().open(uri)
    edit(opened, kind)
    result = opened.save()
    head = other.head_object(Bucket=uri.bucket, Key=uri.key)

    assert SaveOutcome.SAVED is result.outcome
    assert (head["ETag"], head["ContentLength"]) == (result.etag, result.size_bytes)
    assert f"1 {kind.words[0]} updated" in result.text
    assert changed(kind, "ours") == stored(other, uri)
    assert not opened.document.changes.unsaved
    assert "application/json" == head["ContentType"]


def test_again_and_again(editor, kind, uri, on_s3, other):
    """Each save begins where the one before has ended, in this session and the next."""
    someone = editor()
    with someone.open(uri) as opened:
        for text in ("one", "two"):
            edit(opened, kind, text)
            assert SaveOutcome.SAVED is opened.save().outcome
    again = someone.open(uri)
    assert FreshnessState.UNCHANGED is again.freshness.state
    assert not again.document.changes.unsaved
    edit(again, kind, "three")
    again.save()

    assert changed(kind, "three") == stored(other, uri)


def test_nothing_to_save(editor, kind, uri, on_s3, other):
    """Where nothing differs, nothing is sent."""
    opened = editor().open(uri)
    edit(opened, kind)
    opened.document.undo()
    result = opened.save()

    assert (SaveOutcome.NOTHING_TO_SAVE, on_s3) == (result.outcome, result.etag)
    assert on_s3 == other.head_object(Bucket=uri.bucket, Key=uri.key)["ETag"]


def test_what_it_was_stored_with(editor, kind, uri, other):
    """Metadata and headers that somebody has given the object are there after a save."""
    about = {"CacheControl": "no-cache", "Metadata": {"course": "la"}}
    other.put_object(Bucket=uri.bucket, Key=uri.key, Body=json.dumps(kind.content).encode(), **about)
    opened = editor().open(uri)
    edit(opened, kind)
    opened.save()
    head = other.head_object(Bucket=uri.bucket, Key=uri.key)

    assert ("no-cache", "la") == (head["CacheControl"], head["Metadata"]["course"])
    assert 32 == len(head["Metadata"]["write-id"])


def test_a_file(kind, tmp_path):
    """A dataset that is a file is not saved to S3, and its edits are in the file."""
    path = kind.write(tmp_path / "course.json")
    with open_dataset(path) as opened:
        edit(opened, kind)
        with pytest.raises(NotOnS3Error, match=r"course\.json is not from S3"):
            opened.save()
        assert (FreshnessState.LOCAL, False) == (opened.freshness.state, opened.is_on_s3)

    assert changed(kind, "ours") == json.loads(path.read_text(encoding="utf-8"))


def test_one_decision_leads_to_another(editor, kind, uri, on_s3, other):
    """Our value that counts refers to what somebody else has deleted: both decisions together save it."""
    opened, theirs = editor().open(uri), editor().open(uri)
    opened.document.update(kind.rows, kind.row_id, **{kind.field: kind.free_id})
    added = theirs.document.add(kind.target, {"name": "theirs"})
    theirs.document.update(kind.rows, kind.row_id, **{kind.field: added})
    theirs.document.delete(kind.target, kind.free_id, cascade=True)
    theirs.save()
    asked, result = [], opened.save()
    while result.outcome is SaveOutcome.UNDECIDED and len(asked) < 4:
        asked += [one.key for one in result.collisions]
        result = opened.save(decisions={one.key: Side.OURS for one in result.collisions})

    assert [(kind.rows, kind.row_id, kind.field), (kind.target, kind.free_id, None)] == asked
    assert SaveOutcome.SAVED is result.outcome
    assert kind.free_id == next(row for row in stored(other, uri)[kind.rows] if row["id"] == kind.row_id)[kind.field]


def test_a_decision_is_for_what_was_shown(editor, kind, uri, on_s3, other):
    """A decision holds while the other side stays as it was shown; once somebody saves again, it is asked anew."""
    opened = editor().open(uri)
    keys = [(kind.rows, row["id"], kind.text) for row in kind.content[kind.rows][:2]]
    for _, row_id, _ in keys:
        edit(opened, kind, row_id=row_id)
    for text in ("first", "second"):
        content = changed(kind, text)
        content[kind.rows][1][kind.text] = text
        store(other, uri, content)
        assert keys == [one.key for one in opened.save().collisions]
        assert keys[1:] == [one.key for one in opened.save(decisions={keys[0]: Side.OURS}).collisions]
        assert keys[1:] == [one.key for one in opened.save().collisions]


class TestMeanwhile:
    """What happens while a save is on its way."""

    def test_edits_stay_unsaved(self, editor, kind, uri, on_s3, other):
        """An edit during the upload is not in it, and is unsaved afterwards."""
        opened = editor().open(uri)
        edit(opened, kind, "first")
        sent = []

        def during(done, total):
            if not sent:
                edit(opened, kind, "second")
            sent.append((done, total))

        result = opened.save(on_sent=during)

        assert (result.size_bytes, result.size_bytes) == sent[-1]
        assert changed(kind, "first") == stored(other, uri)
        assert f"1 {kind.words[0]} updated" == opened.document.changes.text
        opened.save()
        assert changed(kind, "second") == stored(other, uri)

    def test_a_second_save(self, editor, kind, uri, on_s3):
        """A second save while one is under way is refused, and the first succeeds."""
        opened = editor().open(uri)
        edit(opened, kind)
        refused = []

        def during(done, total):
            with pytest.raises(SaveUnderWayError, match="is being saved already"):
                opened.save()
            refused.append(done)

        assert SaveOutcome.SAVED is opened.save(on_sent=during).outcome
        assert refused

    def test_the_mark(self, editor, kind, uri, on_s3):
        """The changes count as unsaved until the store has confirmed them."""
        opened = editor().open(uri)
        edit(opened, kind)
        marks = []
        opened.save(on_sent=lambda done, total: marks.append(opened.document.changes.unsaved))

        assert {True} == set(marks)
        assert not opened.document.changes.unsaved


class TestTwoEditors:
    """Two editors at two computers."""

    def test_different_places(self, editor, kind, uri, on_s3, other):
        """Both edits are on S3 after both have saved, and who saved second sees the other's."""
        first, second = editor().open(uri), editor().open(uri)
        edit(first, kind, "first")
        new = second.document.add(kind.rows, kind.new_row)
        first.save()
        result = second.save()

        assert SaveOutcome.SAVED is result.outcome
        assert f"merged: 1 {kind.words[0]} updated" in result.merged
        assert ["first", new] == [stored(other, uri)[kind.rows][at][name] for at, name in ((0, kind.text), (-1, "id"))]
        assert "first" == second.document.get(kind.rows, kind.row_id)[kind.text]
        assert not second.document.changes.unsaved

    @pytest.mark.parametrize("side", list(Side), ids=lambda side: side.value)
    def test_one_place(self, editor, kind, uri, on_s3, other, side):
        """Where both have changed the same, nothing is saved before the editor has decided."""
        first, second = editor().open(uri), editor().open(uri)
        edit(first, kind, "first")
        edit(second, kind, "second")
        first.save()
        result = second.save()

        assert SaveOutcome.UNDECIDED is result.outcome
        assert ["second", "first"] == [
            getattr(*one) for one in ((result.collisions[0], "ours"), (result.collisions[0], "theirs"))
        ]
        assert changed(kind, "first") == stored(other, uri)
        assert "second" == second.document.get(kind.rows, kind.row_id)[kind.text]
        assert second.document.changes.unsaved
        after = second.save(decisions={one.key: side for one in result.collisions})

        wanted = "second" if side is Side.OURS else "first"
        assert (SaveOutcome.SAVED if side is Side.OURS else SaveOutcome.NOTHING_TO_SAVE) is after.outcome
        assert changed(kind, wanted) == stored(other, uri)
        assert wanted == second.document.get(kind.rows, kind.row_id)[kind.text]
        assert not second.document.changes.unsaved

    def test_at_the_same_moment(self, editor, kind, uri, on_s3, other, monkeypatch):
        """Of editors who save at once each one's edit is on S3 in the end."""
        monkeypatch.setattr(s3_objects, "TRIES", 4)  # Ceph has a fault where two write in the same moment
        opened = [editor().open(uri) for _ in range(3)]
        for number, one in enumerate(opened):
            one.document.add(kind.rows, {**kind.new_row, kind.text: f"editor {number}"})
        together = threading.Barrier(len(opened))
        outcomes = []

        def save(one):
            together.wait(DEADLINE_S)
            outcomes.append(one.save().outcome)

        threads = [threading.Thread(target=save, args=(one,)) for one in opened]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(DEADLINE_S)

        assert [SaveOutcome.SAVED] * 3 == outcomes
        found = stored(other, uri)
        assert {"editor 0", "editor 1", "editor 2"} <= set(texts(found, kind))
        assert len({row["id"] for row in found[kind.rows]}) == len(found[kind.rows])

    def test_while_it_is_sent(self, editor, kind, uri, on_s3, other, gateway):
        """Who saves between our look and our write is not overwritten."""
        opened = editor(gateway.url).open(uri)
        edit(opened, kind, "ours")
        content = json.loads(json.dumps(kind.content))
        content["reviewer"] = "theirs"
        gateway.answers.append(Answer(code="PreconditionFailed", status=412, first=lambda: store(other, uri, content)))
        result = opened.save()

        assert SaveOutcome.SAVED is result.outcome
        assert {**changed(kind, "ours"), "reviewer": "theirs"} == stored(other, uri)

    def test_a_new_one(self, editor, kind, uri, other):
        """Two who begin the same dataset have both their rows in it."""
        first, second = (editor().open(uri, create=kind.schema) for _ in range(2))
        for name, one in (("first", first), ("second", second)):
            one.document.add(kind.target, {"name": name})
        first.save()
        second.save()

        found = stored(other, uri)[kind.target]
        assert {"first", "second"} == {row["name"] for row in found}
        assert 2 == len({row["id"] for row in found})

    def test_deleted(self, editor, kind, uri, on_s3, other):
        """A dataset that somebody has deleted is not brought back unasked."""
        opened = editor().open(uri)
        edit(opened, kind)
        other.delete_object(Bucket=uri.bucket, Key=uri.key)
        with pytest.raises(DeletedElsewhereError, match="was deleted on S3 since it was opened"):
            opened.save()
        assert opened.document.changes.unsaved
        opened.save(create_again=True)

        assert changed(kind, "ours") == stored(other, uri)

    def test_something_else(self, editor, kind, uri, on_s3, other):
        """What somebody has put there that is not a dataset is not overwritten."""
        opened = editor().open(uri)
        edit(opened, kind)
        other.put_object(Bucket=uri.bucket, Key=uri.key, Body=b"<html>")
        with pytest.raises(DocumentError, match="can't be merged; nothing was overwritten"):
            opened.save()

        assert b"<html>" == other.get_object(Bucket=uri.bucket, Key=uri.key)["Body"].read()
        assert opened.document.changes.unsaved


class TestFailures:
    """Saves that fail, and saves of which nobody knows."""

    def test_the_answer_is_cut_off(self, editor, s3_settings, kind, uri, on_s3, other):
        """A save whose answer is lost on its way is known to have succeeded."""
        with running_proxy(urlsplit(s3_settings.endpoint_url).port) as proxy:
            someone = editor(proxy.url)
            opened = someone.open(uri)
            edit(opened, kind, "one")
            opened.save()
            proxy.troubles.append(Trouble(cut_answer_after=0))
            edit(opened, kind, "two")
            result = opened.save()
            head = other.head_object(Bucket=uri.bucket, Key=uri.key)
            someone.close()

        assert 1 == proxy.met
        assert (SaveOutcome.SAVED, head["ETag"]) == (result.outcome, result.etag)
        assert changed(kind, "two") == stored(other, uri)

    @pytest.mark.parametrize("next_session", [False, True], ids=["this session", "the next session"])
    @pytest.mark.parametrize("more", [False, True], ids=["nothing more", "edited since"])
    def test_nobody_knows(self, editor, kind, uri, on_s3, other, gateway, next_session, more):
        """A save that succeeded while the network went is not taken for somebody else's, whenever that is found out."""
        someone = editor(gateway.url)
        opened = someone.open(uri)
        edit(opened, kind, "one")

        def cut():
            gateway.down = True

        gateway.answers.append(Answer(code="InternalError", status=500, stored=True, first=cut))
        with pytest.raises(StorageUnavailableError, match="Your changes are kept on this computer"):
            opened.save()
        assert changed(kind, "one") == stored(other, uri)
        assert opened.document.changes.unsaved
        if more:
            edit(opened, kind, "two")
        if next_session:
            opened.close()
        gateway.down = False
        opened = someone.open(uri) if next_session else opened
        result = opened.save()

        assert (SaveOutcome.SAVED if more else SaveOutcome.NOTHING_TO_SAVE) is result.outcome
        assert "" == result.merged
        assert changed(kind, "two" if more else "one") == stored(other, uri)
        assert not opened.document.changes.unsaved

    def test_no_network(self, editor, kind, uri, on_s3, other, gateway):
        """A save without a network loses nothing: the edits are unsaved, now and the next time, until one succeeds."""
        someone = editor(gateway.url)
        opened = someone.open(uri)
        edit(opened, kind)
        gateway.down = True
        with pytest.raises(StorageUnavailableError, match="Your changes are kept on this computer"):
            opened.save()
        assert opened.document.changes.unsaved
        opened.close()
        again = someone.open(uri)
        assert FreshnessState.NOT_CHECKED is again.freshness.state
        assert f"1 {kind.words[0]} updated" == again.document.changes.text
        gateway.down = False
        again.save()

        assert changed(kind, "ours") == stored(other, uri)

    @pytest.mark.parametrize(
        ("code", "status"), [("AccessDenied", 403), ("InternalError", 500), ("QuotaExceeded", 403)]
    )
    def test_refused(self, editor, kind, uri, on_s3, other, gateway, code, status):
        """A save that the store refuses loses nothing either."""
        opened = editor(gateway.url).open(uri)
        edit(opened, kind)
        gateway.answers.append(Answer(code=code, status=status))
        with pytest.raises(s3_objects.StorageError, match="Your changes are kept on this computer"):
            opened.save()
        assert opened.document.changes.unsaved
        assert kind.content == stored(other, uri)
        opened.save()

        assert changed(kind, "ours") == stored(other, uri)

    def test_only_read(self, editor, kind, uri, on_s3):
        """A second window, which can only read, does not save."""
        someone = editor()
        someone.open(uri)
        with pytest.raises(ReadOnlyError, match="can only be read"):
            someone.open(uri).save()

    def test_undecided(self, editor, kind, uri, on_s3, other, tmp_path):
        """What a crash has left has to be decided before anything is saved."""
        someone = editor()
        opened = someone.open(uri)
        edit(opened, kind)
        opened.document.confirm()
        left = shutil.copytree(someone.folder, tmp_path / "left", ignore=shutil.ignore_patterns("*.lock"))
        again = editor(folder=left).open(uri)
        with pytest.raises(UndecidedError, match="accept or discard them first"):
            again.save()
        again.document.accept_recovered()
        again.save()

        assert changed(kind, "ours") == stored(other, uri)


@pytest.mark.parametrize("conditions", ["ignored", "refused"])
def test_a_store_without_conditions(editor, s3_settings, kind, uri, on_s3, other, conditions):
    """A store that has no conditional writes is used, and that it is weaker is said once."""
    with running_gateway(s3_settings, conditions) as gateway:
        someone = editor(gateway.url)
        opened = someone.open(uri)
        said = []
        for text in ("one", "two"):
            edit(opened, kind, text)
            said.append("agree with others who saves when" in opened.save().text)
        store(other, uri, {**changed(kind, "two"), "reviewer": "theirs"})
        edit(opened, kind, "three")
        opened.save()
        someone.close()

    assert [True, False] == said
    assert {**changed(kind, "three"), "reviewer": "theirs"} == stored(other, uri)
