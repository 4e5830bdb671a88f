"""What a storage is told before it starts. Knows the names of the settings, not where they come from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path
from typing import Protocol

from storage.errors import InvalidPathError, StorageSettingsError
from storage.paths import check_path
from storage.put_headers import parse_put_headers
from storage.quota import Quotas
from storage.usage_file import USAGE_FILE

BYTES_A_GIGABYTE = 1024**3
STATE_FOLDER = ".backend"
"""The hidden folder in the root for what is about the objects and is none."""


class StorageType(str, Enum):
    """Where objects are kept: what STORAGE_TYPE says."""

    LOCAL = "LOCAL"
    S3 = "S3"


CacheControl = Callable[[str], str]
"""Returns the Cache-Control of the object with a path, empty for none."""


def _nothing(path: str) -> str:  # nothing is known of any path
    return ""


@dataclass(frozen=True, kw_only=True)
class LocalSettings:
    """A folder, and how many bytes it may hold (None: as many as there is room for)."""

    root: Path
    max_size_bytes: int | None = None
    prefix_quotas: Mapping[str, int] = field(default_factory=dict)
    """How many bytes what begins with a prefix may hold."""
    state: Path | None = None
    """The folder in which is counted what the storage holds; None: STATE_FOLDER in the root."""
    marker: Path | None = None
    """A file in the folder without which it is not touched; None: it is taken as it is."""

    @property
    def quotas(self) -> Quotas:
        """How much it may hold."""
        return Quotas(total_bytes=self.max_size_bytes, by_prefix=self.prefix_quotas)

    @property
    def usage_file(self) -> Path:
        """Where all processes that share the folder count what it holds."""
        return (self.state or self.root / STATE_FOLDER) / USAGE_FILE


@dataclass(frozen=True, kw_only=True)
class S3Settings:
    """A bucket, and the folder in it under which everything lies (empty: the whole bucket).

    Without keys, those that this machine has for Amazon's programs are used. With `endpoint_url`, the server is not
    Amazon's, and its addresses have the bucket in the path. `put_headers` are those that every object is stored with;
    where they don't say how long caches may keep it, `cache_control` does by its path.
    """

    bucket: str
    prefix: str = ""
    region: str = "us-east-1"
    access_key_id: str = field(default="", repr=False)
    secret_access_key: str = field(default="", repr=False)
    endpoint_url: str = ""
    max_size_bytes: int | None = None
    put_headers: Mapping[str, str] = field(default_factory=dict)
    cache_control: CacheControl = field(default=_nothing, repr=False)
    prefix_quotas: Mapping[str, int] = field(default_factory=dict)
    """How many bytes what begins with a prefix may hold."""
    state: Path | None = None
    """The folder in which is counted what the bucket holds: needed where it is limited."""

    @property
    def quotas(self) -> Quotas:
        """How much it may hold."""
        return Quotas(total_bytes=self.max_size_bytes, by_prefix=self.prefix_quotas)

    @property
    def usage_file(self) -> Path | None:
        """Where all processes that share the bucket on this machine count what it holds.

        Raises StorageSettingsError where it is limited and no folder is named.
        """
        if self.state is None:
            if self.quotas:
                raise StorageSettingsError("A bucket with a limit needs a folder in which is counted what it holds.")
            return None
        return self.state / USAGE_FILE


@dataclass(frozen=True, kw_only=True)
class S3Access:
    """How a server is reached and with which keys, whatever the bucket; see S3Settings."""

    region: str = "us-east-1"
    endpoint_url: str = ""
    access_key_id: str = field(default="", repr=False)
    secret_access_key: str = field(default="", repr=False)
    session_token: str = field(default="", repr=False)


StorageSettings = LocalSettings | S3Settings


class S3Values(Protocol):
    """The part of a program's settings that is about S3."""

    @property
    def bucket(self) -> str: ...  # noqa: D102  # the names say it, here and below
    @property
    def prefix(self) -> str: ...  # noqa: D102
    @property
    def region(self) -> str: ...  # noqa: D102
    @property
    def access_key_id(self) -> str: ...  # noqa: D102
    @property
    def secret_access_key(self) -> str: ...  # noqa: D102
    @property
    def endpoint_url(self) -> str: ...  # noqa: D102
    @property
    def max_size_gb(self) -> float | None: ...  # noqa: D102
    @property
    def put_headers(self) -> str: ...  # noqa: D102


class StorageValues(Protocol):
    """The part of a program's settings that is about the storage."""

    @property
    def storage_type(self) -> str: ...  # noqa: D102
    @property
    def local_path(self) -> Path: ...  # noqa: D102
    @property
    def local_max_size_gb(self) -> float | None: ...  # noqa: D102
    @property
    def quotas_gb(self) -> Mapping[str, float]: ...  # noqa: D102
    @property
    def s3(self) -> S3Values: ...  # noqa: D102


def settings_from(
    values: StorageValues, storage_type: StorageType | None = None, *, cache_control: CacheControl = _nothing
) -> StorageSettings:
    """Return the settings of the storage that STORAGE_TYPE names, or of another one. Raises StorageSettingsError."""
    try:
        chosen = storage_type or StorageType(values.storage_type)
    except ValueError as error:
        raise StorageSettingsError(f"STORAGE_TYPE must be LOCAL or S3, but is {values.storage_type!r}.") from error
    root = values.local_path.expanduser().absolute()
    if chosen is StorageType.LOCAL:
        return LocalSettings(
            root=root,
            max_size_bytes=_in_bytes(values.local_max_size_gb),
            prefix_quotas=_prefix_quotas(values.quotas_gb),
            state=root / STATE_FOLDER,
        )
    return replace(
        _s3_settings(values.s3),
        cache_control=cache_control,
        prefix_quotas=_prefix_quotas(values.quotas_gb),
        state=root / STATE_FOLDER,
    )


def _s3_settings(values: S3Values) -> S3Settings:
    if not values.bucket:
        raise StorageSettingsError("STORAGE_S3_BUCKET is empty: set it to the bucket's name.")
    if bool(values.access_key_id) != bool(values.secret_access_key):
        raise StorageSettingsError(
            "STORAGE_S3_ACCESS_KEY_ID and STORAGE_S3_SECRET_ACCESS_KEY belong together: set both or none."
        )
    if values.endpoint_url and not values.endpoint_url.startswith(("http://", "https://")):
        raise StorageSettingsError("STORAGE_S3_ENDPOINT_URL must begin with https:// or http://.")
    prefix = values.prefix.strip("/")
    try:
        if prefix:
            check_path(prefix)
    except InvalidPathError as error:
        raise StorageSettingsError(f"STORAGE_S3_PREFIX can't be used. {error}") from error
    return S3Settings(
        bucket=values.bucket,
        prefix=prefix,
        region=values.region,
        access_key_id=values.access_key_id,
        secret_access_key=values.secret_access_key,
        endpoint_url=values.endpoint_url.rstrip("/"),
        max_size_bytes=_in_bytes(values.max_size_gb),
        put_headers=parse_put_headers(values.put_headers),
    )


def _prefix_quotas(quotas_gb: Mapping[str, float]) -> dict[str, int]:
    for prefix in quotas_gb:
        try:
            check_path(f"{prefix}a")
        except InvalidPathError as error:
            raise StorageSettingsError(f"STORAGE_QUOTAS_GB names the folder {prefix}. {error}") from error
    return {prefix: int(size_gb * BYTES_A_GIGABYTE) for prefix, size_gb in quotas_gb.items()}


def _in_bytes(gigabytes: float | None) -> int | None:
    return None if gigabytes is None else int(gigabytes * BYTES_A_GIGABYTE)
