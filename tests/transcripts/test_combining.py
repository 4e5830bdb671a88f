"""Another dataset's rows taken in: nothing is lost or doubled, and what differs is for the caller to decide."""

import json

import pytest
from datasets import COCO_KIND, TRANSCRIPTS_KIND, opened

from transcripts.combine import combine
from transcripts.errors import DocumentError
from transcripts.merge import Side


@pytest.fixture
def second(kind, tmp_path):
    """Return what opens the same dataset as somebody else has changed it."""
    documents = []

    def make(change):
        content = json.loads(json.dumps(kind.content))
        change(content)
        path = tmp_path / f"other {len(documents)}.json"
        path.write_text(json.dumps(content), encoding="utf-8")
        documents.append(opened(path))
        return documents[-1]

    yield make
    for one in documents:
        one.shutdown()


def rows(document, kind):
    """The rows that refer to others, by their ids."""
    return {row["id"]: row for row in document.rows(kind.rows)}


def test_new_rows_are_added(document, kind, second):
    """Those that only the other one has, with what they refer to, as one step to undo."""
    new_target = {"id": "new" if kind is TRANSCRIPTS_KIND else 77, "name": "new"}

    def change(content):
        content[kind.rows].insert(0, {**kind.new_row, "id": 500, kind.field: new_target["id"]})
        content[kind.target].append(new_target)

    before = [document.rows(name) for name in document.collections]
    result = combine(document, second(change))
    assert f"1 {kind.target_words[0]} added, 1 {kind.words[0]} added" in (
        result.changes.text,
        ", ".join(reversed(result.changes.text.split(", "))),
    )
    assert new_target["id"] == rows(document, kind)[500][kind.field]
    document.undo()
    assert before == [document.rows(name) for name in document.collections]


def test_the_same_changes_nothing(document, kind, second):
    """Merged with its own copy, or with one that has less, a dataset is as it was."""
    version = document.version

    def less(content):
        del content[kind.rows][1:]

    for change in (lambda content: None, less):
        assert not combine(document, second(change)).changes.unsaved
    assert version == document.version


@pytest.fixture
def mine(tmp_path):
    """A dataset of transcripts in which somebody has changed a text."""
    with opened(TRANSCRIPTS_KIND.write(tmp_path / "mine.json")) as document:
        document.update("segments", "s1", text="mine")
        yield document


@pytest.mark.parametrize(("side", "expected"), [(None, "mine"), (Side.OURS, "mine"), (Side.THEIRS, "other")])
def test_a_field_that_differs_is_decided(mine, tmp_path, side, expected):
    """Undecided, nothing at all is changed, and both values are told; fields that one of them lacks are kept."""
    content = json.loads(json.dumps(TRANSCRIPTS_KIND.content))
    content["segments"][0] |= {"text": "other", "only_there": 1}
    content["segments"].append({**TRANSCRIPTS_KIND.new_row, "id": "new"})
    (tmp_path / "other.json").write_text(json.dumps(content), encoding="utf-8")

    with opened(tmp_path / "other.json") as other:
        result = combine(mine, other, side)
    found = rows(mine, TRANSCRIPTS_KIND)
    assert expected == found["s1"]["text"]
    collisions = ['segments \'s1\', text: here "mine", there "other".']
    decided = side is not None
    assert ([] if decided else collisions) == [one.text for one in result.collisions]
    assert (decided, decided) == ("only_there" in found["s1"], "new" in found)


def test_numbers_that_two_datasets_use_for_different_rows(tmp_path):
    """Both rows are kept, the other dataset's under a new number, which the rows that refer to it have then."""
    other = json.loads(json.dumps(COCO_KIND.content))
    other["images"] = [{"id": 1, "file_name": "other.jpg"}]
    other["annotations"] = [{"id": 7, "image_id": 1, "category_id": 3}]
    (tmp_path / "other.json").write_text(json.dumps(other), encoding="utf-8")
    with opened(COCO_KIND.write(tmp_path / "mine.json")) as mine, opened(tmp_path / "other.json") as theirs:
        result = combine(mine, theirs)
        images = {row["file_name"]: row["id"] for row in mine.rows("images")}
        (annotation,) = mine.rows("annotations", image_id=images["other.jpg"])
    assert "1 image added, 1 annotation added" == result.changes.text
    assert (1, True) == (images["a b.jpg"], annotation["id"] not in (7, 8, 9))


def numbered(content):
    """Return a dataset of transcripts whose ids are numbers, all of them used in `content` for something else."""
    return {
        "media": [{"id": 1, "uri": f"{content}.mp4"}, {"id": 2, "uri": f"{content} 2.mp4"}],
        "speakers": [{"id": 1, "name": content}],
        "segments": [
            {"id": 1, "media_id": 2, "start": 0.0, "duration": 1.0, "text": "Yes.", "speaker": 1},
            {"id": 2, "media_id": 2, "start": 0.0, "duration": 1.0, "text": "Yes.", "speaker": 1},
            {"id": 3, "media_id": 1, "start": 0.0, "duration": 1.0, "text": "Yes.", "speaker": None},
        ],
    }


def cards(content):
    """Return annotated images, all of whose numbers are used in `content` for something else."""
    return {
        "images": [{"id": 1, "file_name": f"{content} 1.jpg"}, {"id": 2, "file_name": f"{content} 2.jpg"}],
        "annotations": [
            {"id": 1, "image_id": 2, "category_id": 1, "bbox": [0, 0, 1, 1]},
            {"id": 2, "image_id": 2, "category_id": 1, "bbox": [0, 0, 1, 1]},
            {"id": 3, "image_id": 1, "category_id": 1, "bbox": [0, 0, 1, 1]},
        ],
        "categories": [{"id": 1, "name": "card"}],
    }


@pytest.mark.parametrize(("made", "rows_of"), [(numbered, "segments"), (cards, "annotations")], ids=["numbers", "COCO"])
def test_merged_again(tmp_path, made, rows_of):
    """What was merged before is not added again, also where it has other numbers here; two equal rows stay two."""
    for name in ("mine", "other"):
        (tmp_path / f"{name}.json").write_text(json.dumps(made(name)), encoding="utf-8")
    with opened(tmp_path / "mine.json") as mine, opened(tmp_path / "other.json") as other:
        first = combine(mine, other)
        merged = {name: mine.rows(name) for name in mine.collections}
        again = combine(mine, other)
        assert (True, "no changes", 6) == (first.changes.unsaved, again.changes.text, len(mine.rows(rows_of)))
        assert merged == {name: mine.rows(name) for name in mine.collections}
        other.add(rows_of, {name: value for name, value in other.rows(rows_of)[0].items() if name != "id"})
        assert (1, 7) == (combine(mine, other).changes.count, len(mine.rows(rows_of)))


def test_only_datasets_of_one_kind(tmp_path):
    """Transcripts and images are not mixed."""
    with (
        opened(TRANSCRIPTS_KIND.write(tmp_path / "a.json")) as one,
        opened(COCO_KIND.write(tmp_path / "b.json")) as other,
        pytest.raises(DocumentError, match="only two of one kind can be merged"),
    ):
        combine(one, other)
