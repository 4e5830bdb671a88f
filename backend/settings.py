"""What the reference backend is told before it starts."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field, replace
from pathlib import Path

from backend.access.signing_secret import load_secret
from backend.access.stream_rules import Visibility
from backend.routes.delivery import Delivery, Playback
from backend.serving.connection_limits import ConnectionLimits
from backend.state.storage_root import marker_of, prepare_root
from config import BackendApi, Config
from pipeline.errors import SettingsError
from pipeline.transfer.http.cache_control import cache_control
from storage import LocalSettings, S3Settings, StorageError, StorageSettings, settings_from

URL_TTL_S = 900
"""How long a signed URL is good for, in seconds: what is usual with S3, so expiry shows here too."""


@dataclass(frozen=True, kw_only=True)
class BackendSettings:
    """The reference backend's settings.

    `root` is the folder for what is the backend's own, and for the objects where they are kept on this machine;
    `storage` says where that is. `token_made` says that nobody chose the token and somebody must be told it.
    `public_base_url` is where players reach this backend when that is not where the uploader connects to,
    `embed_origins` are those whose pages may show a player, as Content-Security-Policy names them,
    `trusted_proxies` are the addresses and networks whose X-Forwarded headers count.
    `delivery` says how players get objects, `streams` who may watch where no rule says otherwise, `stream_list` whether
    `/` lists the public streams.
    """

    root: Path
    storage: StorageSettings
    token: str = field(repr=False)
    signing_secret: str = field(repr=False)
    token_made: bool = False
    public_base_url: str = ""
    embed_origins: tuple[str, ...] = ("'self'",)
    trusted_proxies: tuple[str, ...] = field(default_factory=lambda: Config().server.trusted_proxies)
    delivery: Delivery = field(default_factory=Delivery)
    streams: Visibility = Visibility.PUBLIC
    stream_list: bool = True
    endpoints: BackendApi = field(default_factory=BackendApi)
    url_ttl_s: int = URL_TTL_S
    limits: ConnectionLimits = field(default_factory=ConnectionLimits)
    dataset: str = ""
    """The address of the dataset that it offers, empty for none."""
    metrics: bool = False
    """Whether it has metrics for Prometheus."""
    workers: int = 1
    """How many processes serve."""
    log_format: str = "text"
    drain_s: float = 30.0
    """How long requests under way may take to end once the backend is told to stop, in seconds."""
    config: Config = field(default_factory=Config, repr=False)
    """How a dataset is reached."""

    @property
    def bucket(self) -> str | None:
        """The S3 bucket with the objects, None where they are on this machine."""
        return self.storage.bucket if isinstance(self.storage, S3Settings) else None

    @classmethod
    def from_config(
        cls, config: Config, *, root: Path | None = None, token: str | None = None, may_begin: bool = True
    ) -> BackendSettings:
        """Settle the settings: `root` and `token` win over the configuration, and a missing token is made.

        Makes the folder, if it may begin a new one, and in it the signing secret if there is none. Raises
        SettingsError.
        """
        server = config.server
        folder = (root or server.local_path).expanduser().absolute()
        try:
            storage = settings_from(replace(server, local_path=folder), cache_control=cache_control)
        except StorageError as error:
            raise SettingsError(str(error)) from error
        prepare_root(folder, may_begin=may_begin)
        if isinstance(storage, LocalSettings):
            storage = replace(storage, marker=marker_of(folder))
        chosen = token or server.token
        return cls(
            root=folder,
            storage=storage,
            token=chosen or secrets.token_urlsafe(32),
            token_made=not chosen,
            signing_secret=load_secret(folder),
            public_base_url=server.public_base_url.rstrip("/"),
            embed_origins=server.embed_origins,
            trusted_proxies=server.trusted_proxies,
            delivery=Delivery(playback=Playback(server.playback), cdn_base_url=server.cdn_base_url),
            streams=Visibility(server.streams),
            stream_list=server.stream_list,
            endpoints=config.backend,
            limits=ConnectionLimits(
                max_connections=server.max_connections, max_per_client=server.max_connections_per_client
            ),
            dataset=config.datasets.path,
            metrics=server.metrics,
            workers=server.workers,
            log_format=server.log_format,
            drain_s=server.drain_s,
            config=config,
        )

    def renewed(self, config: Config, *, root: Path | None = None) -> tuple[BackendSettings, tuple[str, ...]]:
        """Return the settings by another configuration, and the names of those in it that need a new start.

        A token that was made at the start stays. `root` wins over the configuration, as at the start. Raises
        SettingsError.
        """
        folder = (root or config.server.local_path).expanduser().absolute()
        new = BackendSettings.from_config(config, root=self.root, may_begin=False)
        kept = [] if folder == self.root else ["STORAGE_LOCAL_PATH"]
        if new.limits != self.limits:
            kept += ["BACKEND_MAX_CONNECTIONS", "BACKEND_MAX_CONNECTIONS_PER_CLIENT"]
        if new.trusted_proxies != self.trusted_proxies:
            kept.append("BACKEND_TRUSTED_PROXIES")
        if new.workers != self.workers:
            kept.append("BACKEND_WORKERS")
        if new.metrics != self.metrics:
            kept.append("BACKEND_METRICS")
        new = replace(
            new,
            limits=self.limits,
            trusted_proxies=self.trusted_proxies,
            workers=self.workers,
            metrics=self.metrics,
        )
        if new.token_made:
            kept += [] if self.token_made else ["AUTH_TOKEN"]
            new = replace(new, token=self.token, token_made=self.token_made)
        return new, tuple(kept)
