"""Where objects are kept. Knows nothing of HTTP, of jobs or of the settings: it imports nothing of ours."""

from storage.backend import OpenObject, StorageBackend, StoredObject
from storage.errors import (
    IncompleteObjectError,
    InvalidPathError,
    ObjectNotFoundError,
    PathConflictError,
    StorageError,
    StorageFullError,
    StorageQuotaExceededError,
)
from storage.local import LocalStorageBackend
from storage.paths import check_path

__all__ = [
    "IncompleteObjectError",
    "InvalidPathError",
    "LocalStorageBackend",
    "ObjectNotFoundError",
    "OpenObject",
    "PathConflictError",
    "StorageBackend",
    "StorageError",
    "StorageFullError",
    "StorageQuotaExceededError",
    "StoredObject",
    "check_path",
]
