"""Where objects are kept.

Knows nothing of HTTP servers, of jobs or of where settings come from: it imports nothing of ours.
"""

from storage.backend import (
    MAX_PARTS,
    MAX_PUT_BYTES,
    MIN_PART_BYTES,
    Access,
    OpenObject,
    StorageBackend,
    StoredObject,
    StoredPart,
    UrlSigner,
)
from storage.errors import (
    IncompleteObjectError,
    InvalidPartError,
    InvalidPathError,
    ObjectChangedError,
    ObjectNotFoundError,
    PathConflictError,
    SizeUnknownError,
    StorageError,
    StorageFullError,
    StorageQuotaExceededError,
    StorageSettingsError,
    StorageUnavailableError,
    UploadNotFoundError,
)
from storage.factory import create
from storage.local import LocalStorageBackend
from storage.path_builder import StoragePathBuilder
from storage.paths import check_path
from storage.settings import LocalSettings, S3Settings, StorageSettings, StorageType, settings_from

__all__ = [
    "MAX_PARTS",
    "MAX_PUT_BYTES",
    "MIN_PART_BYTES",
    "Access",
    "IncompleteObjectError",
    "InvalidPartError",
    "InvalidPathError",
    "LocalSettings",
    "LocalStorageBackend",
    "ObjectChangedError",
    "ObjectNotFoundError",
    "OpenObject",
    "PathConflictError",
    "S3Settings",
    "SizeUnknownError",
    "StorageBackend",
    "StorageError",
    "StorageFullError",
    "StoragePathBuilder",
    "StorageQuotaExceededError",
    "StorageSettings",
    "StorageSettingsError",
    "StorageType",
    "StorageUnavailableError",
    "StoredObject",
    "StoredPart",
    "UploadNotFoundError",
    "UrlSigner",
    "check_path",
    "create",
    "settings_from",
]
