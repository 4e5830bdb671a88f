"""What can go wrong with stored objects, as one tree. A message is a plain sentence."""

from __future__ import annotations


class StorageError(Exception):
    """An object can't be stored, read or deleted."""


class InvalidPathError(StorageError):
    """The path can't name an object, or would lead out of the storage."""


class InvalidUriError(StorageError):
    """The address names no file and no object."""


class ObjectNotFoundError(StorageError):
    """No object is stored under this path."""


class PathConflictError(StorageError):
    """A folder needs the name of a stored object, or the other way round."""


class IncompleteObjectError(StorageError):
    """Fewer or more bytes came than were announced; nothing was stored."""


class ObjectChangedError(StorageError):
    """The object was replaced or deleted while it was read."""


class ConditionNotMetError(StorageError):
    """An object was not stored, because what is stored already is not what was expected."""


class ConditionsRefusedError(StorageError):
    """The storage can't store an object on a condition."""


class UploadNotFoundError(StorageError):
    """There is no such upload in parts: it was completed, aborted or never begun."""


class InvalidPartError(StorageError):
    """A part has a wrong number, is too small, or is not the one that is stored."""


class StorageUnavailableError(StorageError):
    """The storage can't be reached or is too busy; a later try may do."""


class StorageReadOnlyError(StorageUnavailableError):
    """The disk can only be read."""


class StorageGoneError(StorageUnavailableError):
    """The folder of the storage is not the one that it was: its disk is not mounted, for example."""


class StorageUnreachableError(StorageUnavailableError):
    """Nobody answers where the storage should be: no network, a wrong address, a server that is down."""


class StorageUntrustedError(StorageUnavailableError):
    """The storage has no certificate that this computer trusts: waiting helps little."""


class StorageSettingsError(StorageError):
    """The storage can't be used with these settings: no bucket, wrong keys, a folder that can't be made."""


class BucketNotFoundError(StorageSettingsError):
    """There is no such bucket."""


class CredentialsError(StorageSettingsError):
    """There are no keys for the storage, or it does not accept them."""


class AccessDeniedError(StorageSettingsError):
    """The keys are accepted, but may not do this."""


class SizeUnknownError(StorageError):
    """A storage with a limit can't give a URL for an object whose size nobody tells."""


class StorageFullError(StorageError):
    """The disk has no room left."""


class StorageQuotaExceededError(StorageError):
    """The object would make the storage larger than it may be; nothing was stored."""

    def __init__(self, *, max_size_bytes: int, used_bytes: int, wanted_bytes: int, prefix: str = "") -> None:
        self.max_size_bytes = max_size_bytes
        self.used_bytes = used_bytes
        self.wanted_bytes = wanted_bytes
        self.prefix = prefix
        """Below what the limit holds, empty for the whole storage."""
        where = f"The folder {prefix}" if prefix else "The storage"
        super().__init__(
            f"{where} may hold {max_size_bytes} bytes and holds {used_bytes}, so {wanted_bytes} more do not fit:"
            " delete something or raise the limit."
        )
