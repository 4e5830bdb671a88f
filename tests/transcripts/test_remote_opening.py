"""transcripts.dataset on a real S3 server: what is opened is what is there, and without a network the copy."""

import hashlib
import json
import os
import re
import shutil

import pytest
from remote_datasets import changed, store, stored

from storage import (
    BucketNotFoundError,
    CredentialsError,
    ObjectNotFoundError,
    S3Access,
    S3Uri,
    StorageUnavailableError,
    s3_objects,
)
from storage.s3_objects import S3Objects
from transcripts.errors import DocumentError, ReadOnlyError, UnreadableError
from transcripts.freshness import FreshnessState
from transcripts.refresh import CopyOfDataset


@pytest.fixture(autouse=True)
def _no_patience(monkeypatch):
    """A request that fails is not repeated: how often it is, botocore's own tests show."""
    monkeypatch.setattr(s3_objects, "TRIES", 1)


@pytest.fixture
def on_s3(kind, uri, other):
    """The dataset is on S3; its entity tag."""
    return store(other, uri, kind.content)


def copies(folder):
    """Return the names of the files that a computer keeps of datasets, but for locks, and what is drawn at random."""
    files = [path for path in folder.rglob("*") if path.is_file() and not path.name.startswith(".")]
    return sorted(path.name.split(".base-")[0] + ".base" if ".base-" in path.name else path.name for path in files)


def text_of(dataset, kind):
    """Return the text of the first row."""
    return dataset.document.get(kind.rows, kind.row_id)[kind.text]


def test_the_copy(editor, kind, uri, on_s3):
    """The dataset is fetched, and kept under the MD5 of its address with the entity tag in its quotes."""
    someone = editor()
    opened = someone.open(uri)
    name = hashlib.md5(str(uri).encode(), usedforsecurity=False).hexdigest()
    (metadata,) = someone.folder.rglob(f"{name}.metadata")
    known = json.loads(metadata.read_text())

    assert FreshnessState.FETCHED is opened.freshness.state
    assert kind.content == json.loads(opened.document.snapshot_bytes())
    assert [f"{name}.base", f"{name}.json", f"{name}.metadata"] == copies(someone.folder)
    assert (str(uri), on_s3) == (known["uri"], known["etag"])
    assert '"' == on_s3[0]
    assert not opened.document.changes.unsaved


def test_it_is_fetched_once(editor, kind, uri, on_s3, gateway):
    """A copy that is what S3 has is not fetched again: a HEAD tells."""
    someone = editor(gateway.url)
    someone.open(uri).close()
    first = gateway.methods()
    again = someone.open(uri)

    assert ["HEAD", "GET"] == first
    assert ["HEAD"] == gateway.methods()
    assert FreshnessState.UNCHANGED is again.freshness.state
    assert kind.content == json.loads(again.document.snapshot_bytes())


def test_s3a_is_s3(editor, uri, on_s3):
    """Both spellings of an address are one dataset with one copy."""
    someone = editor()
    someone.open(uri).close()

    assert FreshnessState.UNCHANGED is someone.open(f"s3a://{uri.bucket}/{uri.key}").freshness.state
    assert 3 == len(copies(someone.folder))


def test_a_stale_copy(editor, kind, uri, on_s3, other):
    """What somebody else has saved since is fetched, and the copy of before is gone."""
    someone = editor()
    someone.open(uri).close()
    store(other, uri, changed(kind, "theirs"))
    again = someone.open(uri)

    assert FreshnessState.FETCHED is again.freshness.state
    assert "theirs" == text_of(again, kind)
    assert not again.document.changes.unsaved
    assert 3 == len(copies(someone.folder))


def test_no_network(editor, kind, uri, on_s3, other, gateway):
    """Without a network the copy is opened, stale or not, and says so; with it, what is on S3."""
    someone = editor(gateway.url)
    someone.open(uri).close()
    store(other, uri, changed(kind, "theirs"))
    gateway.down = True
    alone = someone.open(uri)

    assert FreshnessState.NOT_CHECKED is alone.freshness.state
    assert "may be out of date" in alone.freshness.text
    assert kind.content[kind.rows][0][kind.text] == text_of(alone, kind)
    alone.close()
    gateway.down = False
    assert "theirs" == text_of(someone.open(uri), kind)


def test_no_network_and_no_copy(editor, uri, on_s3, gateway):
    """Without a network and without a copy nothing can be opened."""
    gateway.down = True
    with pytest.raises(StorageUnavailableError):
        editor(gateway.url).open(uri)


def test_not_to_be_checked(editor, kind, uri, on_s3, gateway):
    """Where the store is there but does not say what it has, the dataset is fetched: a copy may be stale."""
    someone = editor(gateway.url)
    someone.open(uri).close()
    gateway.busy = True
    gateway.methods()

    assert FreshnessState.FETCHED is someone.open(uri).freshness.state
    assert ["HEAD", "GET"] == gateway.methods()


def test_edits_are_kept(editor, kind, uri, on_s3, other):
    """Edits that are not on S3 are still there the next time, unsaved, whatever somebody else has saved."""
    someone = editor()
    with someone.open(uri) as opened:
        opened.document.update(kind.rows, kind.row_id, **{kind.text: "ours"})
    again = someone.open(uri)
    assert FreshnessState.UNCHANGED is again.freshness.state
    assert "ours" == text_of(again, kind)
    assert f"1 {kind.words[0]} updated" == again.document.changes.text
    again.close()
    store(other, uri, changed(kind, "theirs"))
    third = someone.open(uri)

    assert FreshnessState.CHANGED_ELSEWHERE is third.freshness.state
    assert "ours" == text_of(third, kind)
    assert f"1 {kind.words[0]} updated" == third.document.changes.text


def test_a_crash(editor, kind, uri, on_s3, other, tmp_path):
    """Edits that a crash left in the journal are offered, also where somebody else has saved since."""
    someone = editor()
    opened = someone.open(uri)
    opened.document.update(kind.rows, kind.row_id, **{kind.text: "ours"})
    opened.document.confirm()
    left = shutil.copytree(someone.folder, tmp_path / "left", ignore=shutil.ignore_patterns("*.lock"))
    content = changed(kind, kind.content[kind.rows][0][kind.text])
    content[kind.rows][0]["reviewed"] = True
    store(other, uri, content)
    again = editor(folder=left).open(uri)

    assert f"1 {kind.words[0]} updated" == again.document.recovery.text
    again.document.accept_recovered()
    row = again.document.get(kind.rows, kind.row_id)
    assert ("ours", True) == (row[kind.text], row["reviewed"])
    assert f"1 {kind.words[0]} updated" == again.document.changes.text


FAR_AHEAD_S, LONG_AGO_S = 4_000_000_000, 1_000_000


@pytest.mark.parametrize(
    ("before_s", "after_s"), [(FAR_AHEAD_S, LONG_AGO_S), (LONG_AGO_S, FAR_AHEAD_S)], ids=["set back", "set forward"]
)
def test_a_clock_that_was_set(editor, kind, uri, on_s3, other, monkeypatch, before_s, after_s):
    """Between two sessions, whatever the files' times say then: edits are kept, also after a crash, and merged."""
    here, clock = editor(), CopyOfDataset.__init__.__kwdefaults__
    monkeypatch.setitem(clock, "now_s", lambda: before_s)
    dataset = here.open(uri)
    dataset.document.update(kind.rows, kind.row_id, **{kind.text: "ours"})
    dataset.document.confirm()
    crashed = editor(folder=here.folder.with_name("crashed"))
    shutil.copytree(here.folder, crashed.folder, ignore=shutil.ignore_patterns(".*.lock"))
    for path in crashed.folder.rglob("*"):
        os.utime(path, (before_s, before_s))
    theirs = changed(kind, kind.content[kind.rows][0][kind.text])
    theirs[kind.rows][0]["reviewed"] = True
    store(other, uri, theirs)

    monkeypatch.setitem(clock, "now_s", lambda: after_s)
    dataset = crashed.open(uri)
    dataset.document.accept_recovered()
    dataset.save()
    assert ("ours", True) == tuple(stored(other, uri)[kind.rows][0][name] for name in (kind.text, "reviewed"))
    dataset.close()
    assert FreshnessState.UNCHANGED is crashed.open(uri).freshness.state


def test_in_another_window(editor, kind, uri, on_s3):
    """A second window on the same computer can only read, and does not touch the copy."""
    someone = editor()
    first = someone.open(uri)
    second = someone.open(uri)

    assert FreshnessState.IN_USE is second.freshness.state
    assert "" == first.document.read_only
    assert second.document.read_only.startswith(f"{uri} is being edited in another window")
    assert kind.content == json.loads(second.document.snapshot_bytes())


@pytest.mark.parametrize("damage", [b"", b"{", b"\x00\xff"], ids=["empty", "cut off", "other"])
@pytest.mark.parametrize("what", ["json", "metadata", "base"])
def test_a_damaged_copy(editor, kind, uri, on_s3, damage, what):
    """A copy that is damaged is fetched anew, and what was in the file that is edited is kept beside it."""
    someone = editor()
    with someone.open(uri) as opened:
        opened.document.update(kind.rows, kind.row_id, **{kind.text: "ours"})
    (path,) = someone.folder.rglob({"json": "?" * 32 + ".json", "metadata": "*.metadata", "base": "*.base-*"}[what])
    path.write_bytes(damage)
    kept = path.read_bytes() if what == "json" else next(someone.folder.rglob("?" * 32 + ".json")).read_bytes()
    again = someone.open(uri)

    assert kind.content == json.loads(again.document.snapshot_bytes())
    (aside,) = someone.folder.rglob("*.kept-*.json")
    assert kept == aside.read_bytes()
    assert str(aside) in again.freshness.text


def test_a_copy_that_can_not_be_kept(editor, uri, kind, on_s3, tmp_path):
    """Where the cache folder can't be written, it is opened for reading only, and says that it isn't cached."""
    (tmp_path / "file").write_text("")
    dataset = editor(folder=tmp_path / "file").open(uri)
    document = dataset.document
    assert (FreshnessState.NOT_CACHED, dataset.freshness.text) == (dataset.freshness.state, document.read_only)
    assert "isn't cached, because" in dataset.freshness.text
    assert str(tmp_path / "file") in dataset.freshness.text
    assert (kind.content[kind.rows], "no changes") == (document.rows(kind.rows), document.changes.text)
    for change in (lambda: document.delete(kind.rows, kind.row_id), dataset.save):
        with pytest.raises(ReadOnlyError, match="isn't cached"):
            change()


def test_a_new_one_that_can_not_be_kept(editor, uri, kind, tmp_path):
    """A new one is refused where the cache folder can't be written, in a sentence that names the folder."""
    (tmp_path / "file").write_text("")
    with pytest.raises(DocumentError, match=r"can't be opened, because its copy can't be kept in .*file"):
        editor(folder=tmp_path / "file").open(uri, create=kind.schema)


@pytest.mark.parametrize("content", [b"", b"[]", b"<html>", b'{"a": 1}'], ids=["empty", "list", "page", "other"])
def test_no_dataset_there(editor, uri, other, content):
    """What is not a dataset is refused in a sentence; nothing is left that would be taken for one."""
    other.put_object(Bucket=uri.bucket, Key=uri.key, Body=content)
    for _ in range(2):
        with pytest.raises(UnreadableError, match=f"^{re.escape(str(uri))} "):
            editor().open(uri)


def test_what_is_missing(editor, uri):
    """An object, a bucket and a right that are missing are three sentences."""
    with pytest.raises(ObjectNotFoundError, match="Nothing is stored under s3://tests/"):
        editor().open(uri)
    with pytest.raises(BucketNotFoundError, match="The bucket no-such-bucket does not exist"):
        editor().open(S3Uri(bucket="no-such-bucket", key="a.json"))


def test_keys_that_are_not_accepted(editor, kind, uri, on_s3):
    """Keys that are no longer accepted are told; edits on this computer are kept, and said to be."""
    someone = editor()
    with someone.open(uri) as opened:
        opened.document.update(kind.rows, kind.row_id, **{kind.text: "ours"})
    right, someone.objects = someone.objects, S3Objects(S3Access(**vars(someone.config.aws) | {"access_key_id": "old"}))
    with pytest.raises(CredentialsError, match=r"does not accept the access key: .* Your unsaved changes are kept in"):
        someone.open(uri)
    someone.objects.close()
    someone.objects = right

    assert "ours" == text_of(someone.open(uri), kind)


def test_a_new_one(editor, kind, uri, other):
    """A dataset that is not there is begun where that is wanted, and is not on S3 before it is saved."""
    someone = editor()
    opened = someone.open(uri, create=kind.schema)
    assert FreshnessState.NEW is opened.freshness.state
    opened.document.add(kind.target, {"name": "first"})
    opened.close()
    again = someone.open(uri, create=kind.schema)

    assert FreshnessState.NEW is again.freshness.state
    assert ["first"] == [row["name"] for row in again.document.rows(kind.target)]
    again.save()
    assert ["first"] == [row["name"] for row in stored(other, uri)[kind.target]]


class TestMedia:
    """Files that a dataset refers to."""

    def test_beside_the_dataset(self, editor, uri, on_s3, other):
        """A relative reference is beside the dataset in S3, and read in ranges."""
        folder = uri.key.rpartition("/")[0]
        other.put_object(Bucket=uri.bucket, Key=f"{folder}/media/lecture 1.mp4", Body=bytes(range(256)))
        media = editor().open(uri).open_media("media/lecture 1.mp4")

        assert 256 == media.size_bytes
        assert bytes(range(10, 20)) == b"".join(media.chunks(10, 20))
        assert bytes(range(250, 256)) == b"".join(media.chunks(250))

    def test_anywhere(self, editor, uri, on_s3, other, tmp_path):
        """An absolute path is a file here, an address in S3 is that object."""
        other.put_object(Bucket=uri.bucket, Key="anywhere.mp4", Body=b"s3")
        (tmp_path / "here ü.mp4").write_bytes(b"local")
        opened = editor().open(uri)

        assert b"s3" == b"".join(opened.open_media(f"s3://{uri.bucket}/anywhere.mp4").chunks())
        local = opened.open_media(str(tmp_path / "here ü.mp4"))
        assert (5, b"oca") == (local.size_bytes, b"".join(local.chunks(1, 4)))

    @pytest.mark.parametrize("reference", ["no such.mp4", "/no/such.mp4", "s3://tests/no-such.mp4"])
    def test_missing(self, editor, uri, on_s3, reference):
        """A file that is not there is told by its name."""
        with pytest.raises(ObjectNotFoundError, match=r"such\.mp4"):
            editor().open(uri).open_media(reference)
