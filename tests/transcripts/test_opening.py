"""Files that are no good datasets: told in a sentence, and nothing in them is lost."""

from __future__ import annotations

import json

import pytest
from datasets import COCO_KIND, TRANSCRIPTS_KIND, opened

from transcripts.errors import InvalidRowError, UnknownRowError, UnreadableError
from transcripts.schema import COCO, TRANSCRIPTS, detect

NO_DATASETS = {
    "empty": (b"", "is empty: restore a copy"),
    "text": (b"WEBVTT\n\n", "is not a dataset, or it is cut off or damaged: line 1 can't be read"),
    "cut-off": (
        b'{"media": [], "segments": [{"id": "s1"',
        "is not a dataset, or it is cut off or damaged: line 1 can't be read",
    ),
    "list": (b"[]", "is not a dataset: it must be a JSON object"),
    "number": (b"7", "is not a dataset: it must be a JSON object"),
    "other-keys": (b'{"version": 2}', "is not a dataset of a known kind"),
    "one-video": (b'{"segments": [{"start": 0, "end": 1, "text": "Hello."}]}', "is not a dataset of a known kind"),
    "both-kinds": (b'{"media": [], "segments": [], "images": []}', "is not a dataset of a known kind"),
    "utf-16": ('{"media": []}'.encode("utf-16"), "is not UTF-8 text"),
    "video": (b"\0\0\0\x18ftypmp42\xff", "is not a dataset but a file that is no text: choose another one."),
    "latin-1": ('{"media": [], "segments": [], "x": "ü"}'.encode("latin-1"), "is not UTF-8 text"),
    "null-list": (b'{"media": [], "segments": null}', '"segments" is not a list of rows'),
    "object-list": (b'{"images": {}, "annotations": []}', '"images" is not a list of rows'),
    "deep": (b'{"images": ' + b"[" * 200_000 + b"]" * 200_000 + b"}", "holds values that can't be read"),
    "newer": (
        b'{"format": "transcripts", "format_version": 2, "media": [], "segments": []}',
        "was written by a newer version of this program",
    ),
}


@pytest.mark.parametrize(("content", "said"), NO_DATASETS.values(), ids=NO_DATASETS)
def test_no_dataset(tmp_path, content, said):
    """What is not a dataset is refused with a sentence that names the file, and is left as it is."""
    path = tmp_path / "ü 'x'.json"
    path.write_bytes(content)
    with pytest.raises(UnreadableError) as raised:
        opened(path)
    assert (True, True) == (said in str(raised.value), "ü 'x'.json" in str(raised.value))
    assert ([path], content) == (list(tmp_path.iterdir()), path.read_bytes())


def test_missing(tmp_path):
    """A file that is not there is an error, and no folder is made for it, where nobody asked for a new one."""
    with pytest.raises(UnreadableError, match="There is no file"):
        opened(tmp_path / "missing" / "course.json")
    assert [] == list(tmp_path.iterdir())


def test_folder(tmp_path):
    """A folder is not a dataset."""
    folder = tmp_path / "folder"
    folder.mkdir()
    with pytest.raises(UnreadableError, match="can't be read \\(Is a directory\\)"):
        opened(folder)


def test_byte_order_mark(kind, path):
    """A byte order mark, as Windows' Notepad writes it, does no harm."""
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    with opened(path) as document:
        assert kind.content[kind.rows] == document.rows(kind.rows)


def test_folder_that_can_not_be_written(kind, path, monkeypatch):
    """Where no lock can be made, the dataset can be read, and a sentence says why nothing more."""
    path.with_name(f".{path.name}.lock").mkdir()
    with opened(path) as document:
        assert "can't be written" in document.read_only
        assert kind.content[kind.rows] == document.rows(kind.rows)


def with_rows(kind, tmp_path, *rows):
    """Return a file of a dataset with further rows."""
    path = tmp_path / "rows.json"
    content = {**kind.content, kind.rows: [*kind.content[kind.rows], *rows]}
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def edited(kind, path):
    """Edit the first row, save, and return all rows of the file."""
    with opened(path) as document:
        document.update(kind.rows, kind.row_id, **{kind.text: "mended"})
    return json.loads(path.read_text(encoding="utf-8"))[kind.rows]


def test_doubled_ids(kind, tmp_path):
    """An id that stands twice is told; both rows are kept, and the first can be edited."""
    twin = {"id": kind.row_id, kind.text: "twin"}
    path = with_rows(kind, tmp_path, twin)
    with opened(path) as document:
        (problem,) = document.problems
        assert f"{kind.rows}: the same id occurs more than once ({kind.row_id})." in problem
        assert 4 == len(document.rows(kind.rows))
    assert ["mended", "twin"] == [row[kind.text] for row in edited(kind, path) if row["id"] == kind.row_id]


@pytest.mark.parametrize("row", [{"text": "x"}, {"id": None}, {"id": 1.5}, {"id": [1]}, {"id": True}, 7, None, "x", []])
def test_rows_without_id(kind, tmp_path, row):
    """A row without an id that can be used is told and kept, be it a row or not."""
    path = with_rows(kind, tmp_path, row)
    with opened(path) as document:
        (problem,) = document.problems
        assert f"{kind.rows}: 1 {kind.words[0]} without an id" in problem
    assert row == edited(kind, path)[-1]


def test_dangling_references(kind, tmp_path):
    """References to what is not there are told with examples, and kept; such a row can be edited otherwise."""
    path = with_rows(kind, tmp_path, *({"id": f"d{n}", kind.field: f"gone{n}"} for n in range(5)))
    with opened(path) as document:
        (problem,) = document.problems
        said = f"the {kind.field} of 5 {kind.words[1]} is not in {kind.target} (gone0, gone1, gone2, …)."
        assert said in problem
        document.update(kind.rows, "d0", **{kind.text: "x"})
    assert ["gone0", "gone1"] == [row[kind.field] for row in edited(kind, path)[3:5]]


def test_unusable_references(kind, tmp_path):
    """A reference that is neither number nor text is told and kept."""
    path = with_rows(kind, tmp_path, {"id": "odd", kind.field: [1]})
    with opened(path) as document:
        (problem,) = document.problems
        assert f"1 {kind.words[0]} with a reference that is neither" in problem
    assert [1] == edited(kind, path)[-1][kind.field]


ODD_VALUES = {
    "nan": "NaN",
    "infinity": "-Infinity",
    "half-surrogate": '"\\ud83d"',
    "large-exponent": "1e400",
    "large-number": "123456789012345678901234567890",
    "negative-zero": "-0.0",
}


@pytest.mark.parametrize("value", ODD_VALUES.values(), ids=ODD_VALUES)
@pytest.mark.parametrize("place", ["in the row", "in another", "beside"])
def test_odd_values_are_kept(kind, path, value, place):
    """What Python's library writes and JSON has not, or what other programs round, stays as it is on a save."""
    text = path.read_text(encoding="utf-8")
    first, second = (f'"id": {json.dumps(row["id"])},' for row in kind.content[kind.rows][:2])
    anchor = {"in the row": first, "in another": second, "beside": "{"}[place]
    path.write_text(text.replace(anchor, f'{anchor} "odd": {value},', 1), encoding="utf-8")
    edited(kind, path)
    saved = path.read_text(encoding="utf-8")
    shown = "Infinity" if value == "1e400" and place == "in the row" else value
    assert 1 == saved.count(f'"odd":{shown}') + saved.count(f'"odd": {shown}')
    json.loads(saved)


def test_collections_that_are_missing(tmp_path):
    """A collection that the file has not is empty, and is written once it has a row; nothing else is added."""
    path = tmp_path / "images.json"
    path.write_text('{"images": [{"id": 1}], "info": {}}', encoding="utf-8")
    with opened(path) as document:
        assert [] == document.rows("annotations")
        document.update("images", 1, width=5)
        document.flush()
        assert ["images", "info"] == list(json.loads(path.read_bytes()))
        document.add("categories", {"name": "card"})
    assert ["images", "info", "categories"] == list(json.loads(path.read_bytes()))


def test_given_schema_decides(tmp_path):
    """A file that tells nothing of its kind is opened with the schema that is given."""
    path = tmp_path / "empty.json"
    path.write_text("{}", encoding="utf-8")
    with opened(path, schema=COCO) as document:
        assert 1 == document.add("images", {})


@pytest.mark.parametrize(
    ("keys", "named", "wanted"),
    [
        (["media", "segments"], None, TRANSCRIPTS),
        (["segments"], None, None),
        (["images"], None, COCO),
        (["images", "media", "segments"], None, None),
        (["images", "media", "segments"], "transcripts", TRANSCRIPTS),
        ([], "transcripts", TRANSCRIPTS),
        (["images"], ["transcripts"], COCO),
    ],
)
def test_detect(keys, named, wanted):
    """A file's keys tell its schema, or what it says that it is."""
    assert wanted is detect(keys, named)


def test_text_numbers(tmp_path):
    """Ids that are numbers in texts are texts; so are those of new rows then."""
    path = tmp_path / "texts.json"
    path.write_text('{"images": [{"id": "7"}], "annotations": [{"id": "1", "image_id": "7"}]}', encoding="utf-8")
    with opened(path) as document:
        assert () == document.problems
        assert str is type(document.add("annotations", {"image_id": "7"}))
        with pytest.raises(UnknownRowError):
            document.update("images", 7, width=5)


@pytest.mark.parametrize("value", [-5, 0, "x", None, 1.5, 99])
def test_next_ids(tmp_path, value):
    """The next number in a file counts only if it is above all that are there."""
    path = tmp_path / "next.json"
    path.write_text(json.dumps({"images": [{"id": 41}], "next_ids": {"images": value}}), encoding="utf-8")
    with opened(path) as document:
        assert (99 if value == 99 else 42) == document.add("images", {})


def test_refused_id_is_not_used_up(tmp_path):
    """An id that is refused costs no number."""
    path = COCO_KIND.write(tmp_path / "a.json")
    with opened(path) as document:
        with pytest.raises(InvalidRowError):
            document.add("annotations", {"note": object()})
        assert 10 == document.add("annotations", {})


def test_transcripts_have_their_format(tmp_path):
    """A new file of transcripts says what it is, with a version."""
    with opened(tmp_path / "new.json", schema=TRANSCRIPTS) as document:
        document.add("media", {})
    content = json.loads((tmp_path / "new.json").read_bytes())
    assert ["format", "format_version", "media", "speakers", "segments"] == list(content)
    assert ("transcripts", 1) == (content["format"], content["format_version"])
    assert TRANSCRIPTS_KIND.schema is TRANSCRIPTS
