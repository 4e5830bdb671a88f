"""What lies directly in a folder, a page at a time: of a local folder, and of a bucket on a real S3 server."""

import os

import pytest
from contents import in_chunks

from storage import LAST, InvalidPathError, s3_bucket

KEYS = ("a-b", "a.ts", "a/1.ts", "a/b/2.ts", "b/c/3.ts", "c", "videos é/x/master.m3u8", "z/1", "z/2", "z/3")


@pytest.fixture
def filled(storage, run):
    """A storage with a few folders."""
    for key in KEYS:
        run(storage.save(key, in_chunks(b"x")))
    return storage


def read_all(run, storage, folder):
    """Return folders and objects of all pages, in the order in which they came."""
    folders, objects, after = [], [], ""
    while True:
        page = run(storage.list_folder(folder, after=after))
        folders += page.folders
        objects += page.objects
        if page.next is None:
            return folders, objects
        assert page.next > after
        after = page.next


@pytest.mark.parametrize("at_once", [1, 1000])
@pytest.mark.parametrize(
    ("folder", "folders", "objects"),
    [
        ("", ["a", "b", "videos é", "z"], ["a-b", "a.ts", "c"]),
        ("a/", ["b"], ["1.ts"]),
        ("b/", ["c"], []),
        ("z/", [], ["1", "2", "3"]),
        ("none/", [], []),
        ("a.ts/", [], []),
    ],
)
def test_a_folder_has_what_lies_directly_in_it(filled, run, monkeypatch, at_once, folder, folders, objects):
    """Each folder and object is on one page, whatever the pages' size is."""
    monkeypatch.setattr(s3_bucket, "LISTED_AT_ONCE", at_once)

    assert (folders, objects) == read_all(run, filled, folder)


@pytest.mark.parametrize(
    ("folder", "after", "folders", "objects"),
    [
        ("", "a/b/2", ["a", "b", "videos é", "z"], ["c"]),
        ("", f"a/{LAST}", ["b", "videos é", "z"], ["c"]),
        ("", f"videos é/x/{LAST}", ["z"], []),
        ("z/", "1", [], ["2", "3"]),
        ("z/", LAST, [], []),
        ("", "\x01", ["a", "b", "videos é", "z"], ["a-b", "a.ts", "c"]),
        ("z/", "2\x1f", [], ["3"]),
    ],
)
def test_a_page_begins_behind_its_place(filled, run, folder, after, folders, objects):
    """What sorts up to there is left out; a folder in which something sorts behind it is not."""
    page = run(filled.list_folder(folder, after=after))
    named = set(page.folders)

    # A local folder is on the page also where nothing in it comes behind.
    assert set(folders) <= named <= {*folders, after.split("/")[0]}
    assert (objects, None) == (list(page.objects), page.next)


def test_what_nobody_could_reach_is_left_out(storage, settings, run, request):
    """Hidden files of the storage's own, and names that no object can have, are in no list."""
    if request.node.callspec.params["settings"] != "local":
        pytest.skip("a bucket has no files of the storage's own")
    run(storage.save("a", in_chunks(b"x")))
    (settings.root / "b\\c").mkdir()
    (settings.root / "link").symlink_to("/etc")
    (settings.root / os.fsdecode(b"\xff")).mkdir()

    assert ([], ["a"]) == read_all(run, storage, "")


@pytest.mark.parametrize("folder", ["/", "../", "a//", ".parts/"])
def test_what_can_be_no_folder_is_refused(storage, run, folder):
    """A folder's path keeps to the rules of objects' paths."""
    with pytest.raises(InvalidPathError):
        run(storage.list_folder(folder))
