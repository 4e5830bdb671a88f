"""Datasets from anywhere: a file of this computer, or an object in S3 with a copy here that is edited.

`open_dataset` is where a program begins. docs/transcripts.md has the rules of opening and saving.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from config import Config
from pipeline.errors import FolderInUseError, OutputError
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
"""Returns the objects of S3, which connect when they are first wanted."""


class Dataset:
    """A dataset that is open; `open_dataset` opens one.

    `document` is what is read and edited, `source_uri` where it is from, `freshness` how the copy that was opened
    compares with what is stored there.
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
        """Whether it is from S3, and can be saved there."""
        return isinstance(self.source_uri, S3Uri)

    def save(
        self,
        *,
        decisions: Mapping[CollisionKey, Side] | None = None,
        on_sent: Callable[[int, int], None] | None = None,
        create_again: bool = False,
    ) -> SaveResult:
        """Save to S3 what differs from what is there; `document.changes` says what that is.

        Args:
            decisions: whose change counts where ours and somebody else's collide, by the keys of the collisions that
                the last try has returned.
            on_sent: told how many bytes of how many are on their way.
            create_again: save it although somebody has deleted it on S3.

        Raises:
            NotOnS3Error: the dataset is a file: `document.flush()` saves it.
            SaveUnderWayError, DeletedElsewhereError, ReadOnlyError, UndecidedError: nothing was sent.
            StorageError: the store refused, or can't be reached. Everything is kept, and counts as unsaved.
        """
        if self._saver is None:
            from transcripts.save import NotOnS3Error

            raise NotOnS3Error(f"{self.source_uri} is not from S3, so it can't be saved there.")
        return self._saver.save(decisions=decisions, on_sent=on_sent, create_again=create_again)

    def check_storable(self) -> None:
        """See that it can be saved to S3, if it is from there, without saving it. Raises StorageError."""
        if isinstance(self.source_uri, S3Uri):
            self._objects().check_storable(self.source_uri)

    def media_uri(self, reference: str) -> Uri:
        """Return what a reference in a row names, which may be relative to the dataset. Raises InvalidUriError."""
        return resolve(reference, self.source_uri)

    def open_media(self, reference: str) -> Media:
        """Open a media file for reading in blocks. Raises InvalidUriError, ObjectNotFoundError, StorageError."""
        from transcripts.media import LocalMedia, S3Media

        uri = self.media_uri(reference)
        return S3Media(self._objects().open(uri)) if isinstance(uri, S3Uri) else LocalMedia(uri)

    def close(self) -> None:
        """Write what is not written yet to the file or the copy; what is not on S3 is offered the next time.

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
        address: where it is.
        create: the schema of a dataset to begin where there is none; None where that is an error.
        config: the program's configuration, else it is read.
        objects: S3, else as the configuration says.
        clock: what autosave goes by.
        autosave_interval_s: how long after a change the file or the copy is written, else as the configuration says.

    Raises:
        InvalidUriError: the address names nothing.
        ObjectNotFoundError, BucketNotFoundError, AccessDeniedError, CredentialsError: as their sentences say.
        StorageUnavailableError: S3 can't be reached, and there is no copy on this computer.
        DocumentError: what is there is no dataset, or the copy can't be written.
    """
    settings = config or Config.load()
    interval_s = settings.datasets.autosave_interval_s if autosave_interval_s is None else autosave_interval_s
    uri = parse_uri(str(address))

    def s3() -> S3Objects:
        from storage.s3_objects import s3_objects  # takes a third of a second, which a local file need not wait for

        return objects or s3_objects(S3Access(**asdict(settings.aws)))

    if isinstance(uri, Path):
        schema = None if uri.exists() else create  # what is there says itself what it is
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
    """No copy can be kept in the folder for caches."""


class _Opening:
    """Opens the copy of a dataset, brought up to date before where nobody else edits it."""

    def __init__(self, copy: CopyOfDataset, create: Schema | None, clock: Clock | None, interval_s: float) -> None:
        self._copy = copy
        self._create = create
        self._clock = clock
        self._interval_s = interval_s

    def open(self) -> tuple[Document, Freshness, Saver]:
        """Return the document, how fresh it is, and what saves it."""
        from transcripts.save import Saver

        try:
            freshness = self._refresh()
        except _UnwritableError as error:
            return self._uncached(error)
        try:
            document = self._document()
        except UnreadableError:
            if freshness.state is FreshnessState.FETCHED:  # what is on S3 is no dataset
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
        """Open it for reading alone, where no copy can be kept; not what is to be begun, or was edited here before."""
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
        """Fetch it anew in place of a copy that is damaged, which is kept under another name."""
        cache = self._copy.cache
        try:
            with locked(cache.lock_path, cache.path):
                return self._copy.fetch(set_aside=True).freshness
        except OutputError as error:
            raise DocumentError(str(error)) from error
