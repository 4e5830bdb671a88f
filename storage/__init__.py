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
    UnfinishedUpload,
    UrlSigner,
)
from storage.errors import (
    AccessDeniedError,
    BucketNotFoundError,
    CredentialsError,
    IncompleteObjectError,
    InvalidPartError,
    InvalidPathError,
    InvalidUriError,
    ObjectChangedError,
    ObjectNotFoundError,
    PathConflictError,
    SizeUnknownError,
    StorageError,
    StorageFullError,
    StorageGoneError,
    StorageQuotaExceededError,
    StorageReadOnlyError,
    StorageSettingsError,
    StorageUnavailableError,
    StorageUnreachableError,
    StorageUntrustedError,
    UploadNotFoundError,
)
from storage.factory import create
from storage.folder_page import LAST, FolderPage
from storage.local import LocalStorageBackend
from storage.path_builder import StoragePathBuilder
from storage.paths import MAX_PATH_BYTES, check_path
from storage.prefix_usage import PrefixUsage
from storage.root_marker import RootMarker
from storage.settings import LocalSettings, S3Access, S3Settings, StorageSettings, StorageType, settings_from
from storage.uris import S3Uri, Uri, is_s3_uri, parse_uri, resolve

__all__ = [
    "LAST",
    "MAX_PARTS",
    "MAX_PATH_BYTES",
    "MAX_PUT_BYTES",
    "MIN_PART_BYTES",
    "Access",
    "AccessDeniedError",
    "BucketNotFoundError",
    "CredentialsError",
    "FolderPage",
    "IncompleteObjectError",
    "InvalidPartError",
    "InvalidPathError",
    "InvalidUriError",
    "LocalSettings",
    "LocalStorageBackend",
    "ObjectChangedError",
    "ObjectNotFoundError",
    "OpenObject",
    "PathConflictError",
    "PrefixUsage",
    "RootMarker",
    "S3Access",
    "S3Settings",
    "S3Uri",
    "SizeUnknownError",
    "StorageBackend",
    "StorageError",
    "StorageFullError",
    "StorageGoneError",
    "StoragePathBuilder",
    "StorageQuotaExceededError",
    "StorageReadOnlyError",
    "StorageSettings",
    "StorageSettingsError",
    "StorageType",
    "StorageUnavailableError",
    "StorageUnreachableError",
    "StorageUntrustedError",
    "StoredObject",
    "StoredPart",
    "UnfinishedUpload",
    "UploadNotFoundError",
    "Uri",
    "UrlSigner",
    "check_path",
    "create",
    "is_s3_uri",
    "parse_uri",
    "resolve",
    "settings_from",
]
