"""Makes the storage that the settings name. The only module that knows all kinds."""

from __future__ import annotations

from storage.backend import StorageBackend, UrlSigner
from storage.local import LocalStorageBackend
from storage.settings import LocalSettings, StorageSettings


def create(settings: StorageSettings, *, signer: UrlSigner | None = None) -> StorageBackend:
    """Return a storage that is not started yet.

    Args:
        settings: which one.
        signer: makes the URLs of a local folder's objects; S3 makes its own.
    """
    if isinstance(settings, LocalSettings):
        return LocalStorageBackend(
            settings.root,
            quotas=settings.quotas,
            usage_file=settings.usage_file,
            marker=settings.marker,
            signer=signer,
        )
    from storage.s3 import S3StorageBackend  # takes a third of a second, which a local folder need not wait for

    return S3StorageBackend(settings)
