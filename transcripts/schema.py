"""Which collections a dataset has, and which refer to which.

Everything else about datasets knows collections, ids and references alone, never what the rows mean.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum

ID_FIELD = "id"
FORMAT_FIELD = "format"
VERSION_FIELD = "format_version"


class IdKind(Enum):
    """What the ids of new rows are.

    Numbers count upward and are easily read. Two people who add rows at the same time would use the same numbers, so
    texts are drawn at random.
    """

    NUMBER = "number"
    TEXT = "text"


class OnDelete(Enum):
    """What happens to rows that refer to one that is deleted."""

    REFUSE = "refuse"
    """It is not deleted, unless the caller says that those rows go with it."""
    CASCADE = "cascade"
    """They are deleted with it."""
    CLEAR = "clear"
    """They stay, without the reference."""


@dataclass(frozen=True, kw_only=True)
class Collection:
    """A list of rows, under its name in the file; `singular` and `plural` are what people call its rows."""

    name: str
    singular: str
    plural: str
    id_kind: IdKind = IdKind.NUMBER

    def counted(self, count: int) -> str:
        """Return a count with its noun: "1 speaker", "3 segments"."""
        return f"{count} {self.singular if count == 1 else self.plural}"


@dataclass(frozen=True, kw_only=True)
class Reference:
    """A field whose value is the id of a row of another collection; it may be missing or null."""

    collection: str
    field: str
    target: str
    on_delete: OnDelete


@dataclass(frozen=True, kw_only=True)
class Schema:
    """A kind of dataset. `version` is that of files with a version field; 0 is for a format without one."""

    name: str
    collections: tuple[Collection, ...]
    references: tuple[Reference, ...]
    marks: tuple[str, ...]
    """The keys that tell such a file from others."""
    version: int = 0
    new_content: Mapping[str, object] = field(default_factory=dict)
    """What a new file holds besides its collections."""

    def collection(self, name: str) -> Collection | None:
        """Return a collection by its name."""
        return next((one for one in self.collections if one.name == name), None)

    def references_of(self, collection: str) -> tuple[Reference, ...]:
        """Return the references that rows of a collection have."""
        return tuple(one for one in self.references if one.collection == collection)

    def references_to(self, collection: str) -> tuple[Reference, ...]:
        """Return the references that point to rows of a collection."""
        return tuple(one for one in self.references if one.target == collection)


TRANSCRIPTS = Schema(
    name="transcripts",
    marks=("media", "segments"),
    version=1,
    new_content={FORMAT_FIELD: "transcripts", VERSION_FIELD: 1},
    collections=(
        Collection(name="media", singular="video", plural="videos", id_kind=IdKind.TEXT),
        Collection(name="speakers", singular="speaker", plural="speakers", id_kind=IdKind.TEXT),
        Collection(name="segments", singular="segment", plural="segments", id_kind=IdKind.TEXT),
    ),
    references=(
        Reference(collection="segments", field="media_id", target="media", on_delete=OnDelete.REFUSE),
        Reference(collection="segments", field="speaker", target="speakers", on_delete=OnDelete.CLEAR),
    ),
)
"""The transcripts of a course. A segment's fields are those of Lhotse's SupervisionSegment, with `media_id` in place of
`recording_id`; docs/transcripts.md has them all.
"""

COCO = Schema(
    name="COCO",
    marks=("images",),
    collections=(
        Collection(name="images", singular="image", plural="images"),
        Collection(name="annotations", singular="annotation", plural="annotations"),
        Collection(name="categories", singular="category", plural="categories"),
    ),
    references=(
        Reference(collection="annotations", field="image_id", target="images", on_delete=OnDelete.CASCADE),
        Reference(collection="annotations", field="category_id", target="categories", on_delete=OnDelete.REFUSE),
    ),
)
"""Annotated images (https://cocodataset.org/#format-data)."""

SCHEMAS = (TRANSCRIPTS, COCO)


def detect(keys: Iterable[str], format_name: object = None) -> Schema | None:
    """Return the schema of a file with such keys, None where they are those of none or of several.

    `format_name` is what the file itself says that it is; it decides where it names a schema.
    """
    present = set(keys)
    named = [one for one in SCHEMAS if one.name == format_name]
    found = named or [one for one in SCHEMAS if present.issuperset(one.marks)]
    return found[0] if len(found) == 1 else None
