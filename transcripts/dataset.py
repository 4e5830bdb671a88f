"""Datasets on this computer or in S3: of an object in S3, a copy on this computer is edited.

Programs begin with `open_dataset`. docs/transcripts.md has the rules of opening and saving.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from config import Config
from pipeline.errors import FolderInUseError, OutputError
from pipeline.files import is_there
from pipeline.folder_lock import locked
from storage import S3Access, S3Uri, Uri, parse_uri, resolve
from transcripts.autosave import Clock
from transcripts.cache import DatasetCache
from transcripts.content import new_content
from transcripts.document import Document, open_document, read_document
from transcripts.errors import DocumentError, UnreadableError
from transcripts.freshness import Freshness, FreshnessState
from transcripts.merge import CollisionKey, Side
from transcripts.schema import Schema
from transcripts.store import Store

if TYPE_CHECKING:
    from storage.s3_objects import S3Objects
    from transcripts.media import Media
    from transcripts.refresh import CopyOfDataset
    from transcripts.save import Saver, SaveResult


ObjectsOf = Callable[[], "S3Objects"]
"""Returns the objects of S3; the connection is opened when it is first needed."""


class Dataset:
    """An open dataset; `open_dataset` opens one.

    `document` is read and edited, `source_uri` is the dataset's address, `freshness` says how the opened copy compares
    with the stored object.
    """

    def __init__(
        self, document: Document, source_uri: Uri, freshness: Freshness, *, objects: ObjectsOf, saver: Saver | None
    ) -> None:
        self.document = document
        self.source_uri = source_uri
        self.freshness = freshness
        self._objects = objects
        self._saver = saver

    def __enter__(self) -> Dataset:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def is_on_s3(self) -> bool:
        """Whether the dataset is on S3, and can be saved there."""
        return isinstance(self.source_uri, S3Uri)

    def save(
        self,
        *,
        decisions: Mapping[CollisionKey, Side] | None = None,
        on_sent: Callable[[int, int], None] | None = None,
        create_again: bool = False,
    ) -> SaveResult:
        """Save the changes (`document.changes`) to S3.

        Args:
            decisions: whose change counts where ours and somebody else's collide, by the keys of the collisions that
                the last attempt has returned.
            on_sent: called with the number of bytes sent and the total.
            create_again: save the dataset even if somebody has deleted it on S3.

        Raises:
            NotOnS3Error: the dataset is a file: `document.flush()` saves it.
            SaveUnderWayError, DeletedElsewhereError, ReadOnlyError, UndecidedError: nothing was sent.
            StorageError: the store refused, or can't be reached. All changes are kept, and count as unsaved.
        """
        if self._saver is None:
            from transcripts.save import NotOnS3Error

            raise NotOnS3Error(f"{self.source_uri} is not from S3, so it can't be saved there.")
        return self._saver.save(decisions=decisions, on_sent=on_sent, create_again=create_again)

    def check_storable(self) -> None:
        """Check that a dataset on S3 can be saved there, without saving it. Raises StorageError."""
        if isinstance(self.source_uri, S3Uri):
            self._objects().check_storable(self.source_uri)

    def media_uri(self, reference: str) -> Uri:
        """Return the path or address of a reference, which may be relative to the dataset. Raises InvalidUriError."""
        return resolve(reference, self.source_uri)

    def open_media(self, reference: str) -> Media:
        """Open a media file for reading in blocks. Raises InvalidUriError, ObjectNotFoundError, StorageError."""
        from transcripts.media import LocalMedia, S3Media

        uri = self.media_uri(reference)
        return S3Media(self._objects().open(uri)) if isinstance(uri, S3Uri) else LocalMedia(uri)

    def close(self) -> None:
        """Write unwritten changes to the file or the copy; changes that are not on S3 are offered the next time.

        Raises DocumentError.
        """
        self.document.shutdown()


def open_dataset(
    address: str | Path,
    *,
    create: Schema | None = None,
    config: Config | None = None,
    objects: S3Objects | None = None,
    clock: Clock | None = None,
    autosave_interval_s: float | None = None,
) -> Dataset:
    """Open a dataset by its path, `s3://bucket/key` or `s3a://bucket/key`.

    Args:
        address: its path or address.
        create: the schema of the dataset to create if it does not exist; None if that is an error.
        config: the program's configuration; None to read it.
        objects: the objects of S3; None for those that the configuration names.
        clock: the clock of autosave.
        autosave_interval_s: how long after a change the file or the copy is written; None for the configuration's.

    Raises:
        InvalidUriError: the address is not valid.
        ObjectNotFoundError, BucketNotFoundError, AccessDeniedError, CredentialsError: as their sentences say.
        StorageUnavailableError: S3 can't be reached, and there is no copy on this computer.
        DocumentError: the file or object is not a dataset, or the copy can't be written.
    """
    settings = config or Config.load()
    interval_s = settings.datasets.autosave_interval_s if autosave_interval_s is None else autosave_interval_s
    uri = parse_uri(str(address))

    def s3() -> S3Objects:
        from storage.s3_objects import s3_objects  # takes a third of a second, which a local file need not wait for

        return objects or s3_objects(S3Access(**asdict(settings.aws)))

    if isinstance(uri, Path):
        schema = None if is_there(uri) else create  # an existing dataset has a schema of its own
        document = open_document(uri, schema, clock=clock, autosave_interval_s=interval_s)
        freshness = Freshness(state=FreshnessState.LOCAL, text=f"{uri} is a file of this computer.")
        return Dataset(document, document.path, freshness, objects=s3, saver=None)
    if settings.cache_dir is None:
        raise DocumentError(
            f"{uri} can't be opened, because there is no folder for its copy on this computer: set XDG_CACHE_HOME."
        )
    from transcripts.refresh import CopyOfDataset

    copy = CopyOfDataset(DatasetCache(settings.cache_dir, uri, server=s3().server), uri, s3())
    opening = _Opening(copy, create, clock, interval_s)
    document, freshness, saver = opening.open()
    return Dataset(document, uri, freshness, objects=s3, saver=saver)


class _UnwritableError(DocumentError):
    """No copy can be kept in the cache folder."""


class _Opening:
    """Opens the copy of a dataset, after updating it unless another session edits it."""

    def __init__(self, copy: CopyOfDataset, create: Schema | None, clock: Clock | None, interval_s: float) -> None:
        self._copy = copy
        self._create = create
        self._clock = clock
        self._interval_s = interval_s

    def open(self) -> tuple[Document, Freshness, Saver]:
        """Return the document, its freshness, and the object that saves it."""
        from transcripts.save import Saver

        try:
            freshness = self._refresh()
        except _UnwritableError as error:
            return self._uncached(error)
        try:
            document = self._document()
        except UnreadableError:
            if freshness.state is FreshnessState.FETCHED:  # what is on S3 is not a dataset
                raise
            freshness = self._fetch()
            document = self._document()
        known = self._copy.cache.metadata()
        if known is None:
            document.shutdown()
            raise DocumentError(f"The copy of {self._copy.uri} on this computer was removed while it was opened.")
        edited = self._copy.cache.is_edited(known)
        document.set_saved(self._copy.cache.base(known) if edited else None)
        return document, freshness, Saver(document, self._copy, known)

    def _uncached(self, error: _UnwritableError) -> tuple[Document, Freshness, Saver]:
        """Open it read-only if no copy can be kept; not a dataset that is to be created, or was edited here before."""
        from transcripts.save import Saver

        if self._create is not None or self._copy.cache.path.exists():
            raise error
        content, fetched = self._copy.fetch_uncached()
        path, text = self._copy.cache.path, fetched.freshness.text
        document = read_document(content, path, name=str(self._copy.uri), read_only=text)
        return document, fetched.freshness, Saver(document, self._copy, fetched.known)

    def _document(self) -> Document:
        return open_document(
            self._copy.cache.path,
            clock=self._clock,
            autosave_interval_s=self._interval_s,
            name=str(self._copy.uri),
        )

    def _refresh(self) -> Freshness:
        content = None
        if self._create is not None:
            content = b"".join(Store(new_content(self._create)).snapshot(0).pieces())
        cache = self._copy.cache
        try:
            with locked(cache.lock_path, cache.path):
                return self._copy.refresh(content).freshness
        except FolderInUseError:
            text = f"{self._copy.uri} is open in another window or job on this computer: you see its copy."
            return Freshness(state=FreshnessState.IN_USE, text=text)
        except OutputError as error:
            raise _UnwritableError(
                f"{self._copy.uri} can't be opened, because its copy can't be kept in {cache.path.parent}: check the "
                "folder's permissions, or set XDG_CACHE_HOME to another one."
            ) from error

    def _fetch(self) -> Freshness:
        """Fetch it again in place of a damaged copy, which is kept under another name."""
        cache = self._copy.cache
        try:
            with locked(cache.lock_path, cache.path):
                return self._copy.fetch(set_aside=True).freshness
        except OutputError as error:
            raise DocumentError(str(error)) from error
