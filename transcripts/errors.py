"""What can go wrong with a dataset: a sentence for the editor each, and a class where a caller has to tell them apart.

Knows nothing of rows or files.
"""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.errors import PipelineError


class DocumentError(PipelineError):
    """A dataset can't be read, changed or saved as asked. Nothing was changed."""


class UnreadableError(DocumentError):
    """A file is not a dataset of a known schema."""


class UnknownCollectionError(DocumentError):
    """The schema has no such collection."""


class UnknownRowError(DocumentError):
    """A collection has no row with such an id."""


class InvalidRowError(DocumentError):
    """What was given can't be a row: an id that is taken or of no use, or a value that JSON doesn't have."""


class BrokenReferenceError(DocumentError):
    """A row would refer to another one that is not there."""


class ReferredToError(DocumentError):
    """A row can't be deleted, because others refer to it.

    `counts` has how many, by collection: a caller that asks "delete these too?" goes on with `cascade=True`.
    """

    def __init__(self, message: str, counts: Mapping[str, int]) -> None:
        super().__init__(message)
        self.counts = dict(counts)


class ReadOnlyError(DocumentError):
    """The dataset was opened for reading alone."""


class UndecidedError(DocumentError):
    """An earlier session's unsaved changes have been found, and nobody has accepted or discarded them yet."""


class ChangedOutsideError(DocumentError):
    """Another program changed the file since it was read, so it is not overwritten."""
