"""Two small datasets, one of each schema, spoken of in the same words, and a clock that a test holds."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from transcripts.document import Document, open_document
from transcripts.schema import COCO, TRANSCRIPTS, Schema


@dataclass(frozen=True, kw_only=True)
class DatasetKind:
    """A dataset, and what to do to it.

    `rows` is the collection whose rows refer to others, by `field` to `target`. `text` is a field to edit. `row_id` is
    the first row's id, which refers to `target_id`; `free_id` in `target` is one that nothing refers to.
    """

    schema: Schema
    content: dict[str, Any]
    rows: str
    row_id: int | str
    text: str
    field: str
    target: str
    target_id: int | str
    free_id: int | str
    new_row: dict[str, Any]
    words: tuple[str, str]
    """What one row and several of them are called."""
    target_words: tuple[str, str]

    def write(self, path: Path) -> Path:
        """Write the dataset to a file, as any program may have."""
        path.write_text(json.dumps(self.content, indent=2, ensure_ascii=False), encoding="utf-8")
        return path


TRANSCRIPTS_KIND = DatasetKind(
    schema=TRANSCRIPTS,
    content={
        "format": "transcripts",
        "format_version": 1,
        "title": "Lineare Algebra für Anfänger",
        "media": [{"id": "m1", "uri": "week 1/lecture.mp4"}, {"id": "m2", "uri": "s3://course/lecture2.mp4"}],
        "speakers": [{"id": "sp1", "name": "Dr. Green"}],
        "segments": [
            {
                "id": "s1",
                "media_id": "m1",
                "start": 0.0,
                "duration": 2.50,
                "channel": 0,
                "text": "The dot product.",
                "language": "en",
                "speaker": "sp1",
                "alignment": {"word": [["The", 0.0, 0.2, 0.98], ["dot", 0.2, 0.3, 0.41], ["product.", 0.5, 0.6, 0.9]]},
                "edited": False,
                "house_rule": {"kept": 1e3},
            },
            {"id": "s2", "media_id": "m1", "start": 2.5, "duration": 1, "text": "“Größe” \\ \n", "speaker": None},
            {"id": "s3", "media_id": "m1", "start": 4, "duration": 1.5, "text": ""},
        ],
    },
    rows="segments",
    row_id="s1",
    text="text",
    field="media_id",
    target="media",
    target_id="m1",
    free_id="m2",
    new_row={"media_id": "m2", "start": 1.0, "duration": 2.0, "text": "New."},
    words=("segment", "segments"),
    target_words=("video", "videos"),
)

COCO_KIND = DatasetKind(
    schema=COCO,
    content={
        "info": {"year": 2026, "description": "cards"},
        "licenses": [{"id": 1, "name": "CC-BY", "id ": 7}],
        "images": [{"id": 1, "file_name": "a b.jpg", "width": 640}, {"id": 12345678901234567890123, "file_name": "ü"}],
        "annotations": [
            {"id": 7, "image_id": 1, "category_id": 3, "segmentation": [[1.50, 2, 3e2]], "iscrowd": 0, "note": "x"},
            {"id": 9, "image_id": 1, "category_id": 3, "bbox": [0, 0, 1, 1], "iscrowd": 0, "note": ""},
            {"id": 8, "image_id": 1, "category_id": 3, "iscrowd": 1},
        ],
        "categories": [{"id": 3, "name": "card"}, {"id": 4, "name": "board", "supercategory": "thing"}],
    },
    rows="annotations",
    row_id=7,
    text="note",
    field="category_id",
    target="categories",
    target_id=3,
    free_id=4,
    new_row={"image_id": 1, "category_id": 4, "note": "new"},
    words=("annotation", "annotations"),
    target_words=("category", "categories"),
)

KINDS = (TRANSCRIPTS_KIND, COCO_KIND)


@dataclass
class HeldCall:
    """A call that a clock will make."""

    due_s: float
    callback: Callable[[], None]
    cancelled: bool = False

    def cancel(self) -> None:
        self.cancelled = True


@dataclass
class HeldClock:
    """Time goes on when the test says so."""

    now_s: float = 0.0
    calls: list[HeldCall] = field(default_factory=list)

    def call_later(self, delay_s: float, callback: Callable[[], None]) -> HeldCall:
        self.calls.append(HeldCall(self.now_s + delay_s, callback))
        return self.calls[-1]

    def advance(self, seconds: float) -> None:
        """Let time go on, and make the calls that are due."""
        self.now_s += seconds
        due = [one for one in self.calls if one.due_s <= self.now_s]
        self.calls = [one for one in self.calls if one.due_s > self.now_s]
        for one in due:
            if not one.cancelled:
                one.callback()

    @property
    def waiting(self) -> int:
        """How many calls are to come."""
        return sum(not one.cancelled for one in self.calls)


def opened(path: Path, clock: HeldClock | None = None, **more: Any) -> Document:
    """Open a dataset with a clock that stands still."""
    return open_document(path, clock=clock or HeldClock(), **more)


def left_by_a_crash(path: Path, folder: Path) -> Path:
    """Return a copy of everything that is on the disk for a dataset, as the end of its process would leave it now."""
    folder.mkdir()
    for one in path.parent.iterdir():
        if path.name in one.name and not one.name.endswith(".lock"):
            (folder / one.name).write_bytes(one.read_bytes())
    return folder / path.name


def files_beside(path: Path) -> list[str]:
    """Return the names of a dataset's other files, but for the lock of a document that is open."""
    return sorted(one.name for one in path.parent.iterdir() if one != path and not one.name.endswith(".lock"))
