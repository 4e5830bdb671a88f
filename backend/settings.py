"""What the reference backend is told before it starts."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from pathlib import Path

from backend.signing import load_secret
from config import BackendApi, Config
from pipeline.errors import SettingsError

URL_TTL_S = 900
"""How long a signed URL is good for, in seconds: what S3 users commonly set, so expiry shows up here as it does there."""

BYTES_A_GIGABYTE = 1024**3


@dataclass(frozen=True, kw_only=True)
class BackendSettings:
    """The reference backend's settings.

    `root` is the storage folder, `token_made` says that nobody chose the token and somebody must be told it,
    `public_base_url` is where players find the objects when that is not where the uploader connects to.
    """

    root: Path
    token: str = field(repr=False)
    signing_secret: str = field(repr=False)
    token_made: bool = False
    public_base_url: str = ""
    endpoints: BackendApi = field(default_factory=BackendApi)
    url_ttl_s: int = URL_TTL_S
    max_size_bytes: int | None = None

    @classmethod
    def from_config(cls, config: Config, *, root: Path | None = None, token: str | None = None) -> BackendSettings:
        """Settle the settings: `root` and `token` win over the configuration, and a missing token is made.

        Makes the folder, and in it the signing secret if there is none. Raises SettingsError.
        """
        server = config.server
        if server.storage_type != "LOCAL":
            raise SettingsError(
                f"STORAGE_TYPE is {server.storage_type}, but only LOCAL is available in this version: set STORAGE_TYPE=LOCAL in .env."
            )
        folder = (root or server.local_path).expanduser().absolute()
        chosen = token or server.token
        limit_gb = server.local_max_size_gb
        return cls(
            root=folder,
            token=chosen or secrets.token_urlsafe(32),
            token_made=not chosen,
            signing_secret=load_secret(folder),
            public_base_url=server.public_base_url.rstrip("/"),
            endpoints=config.backend,
            max_size_bytes=None if limit_gb is None else int(limit_gb * BYTES_A_GIGABYTE),
        )
