"""The settings of the reference backend, as `.env` and the environment name them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import installation
from env_values import EnvValues

STORAGE_FOLDER = "storage-data"
TRUSTED_PROXIES = ("127.0.0.1", "::1")
OWN_PAGES = ("'self'",)
"""Pages of the backend itself, as Content-Security-Policy names them."""


@dataclass(frozen=True, kw_only=True)
class S3Storage:
    """Where the reference backend keeps objects when STORAGE_TYPE is S3."""

    bucket: str = ""
    prefix: str = "storage"
    region: str = "us-east-1"
    access_key_id: str = field(default="", repr=False)
    secret_access_key: str = field(default="", repr=False)
    endpoint_url: str = ""
    max_size_gb: float | None = None
    put_headers: str = field(default="", repr=False)  # may hold a key that encrypts objects


@dataclass(frozen=True, kw_only=True)
class ReferenceBackend:
    """The reference backend's own settings."""

    token: str = field(default="", repr=False)
    storage_type: str = "LOCAL"
    local_path: Path = field(default_factory=lambda: installation.storage_folder(STORAGE_FOLDER))
    local_max_size_gb: float | None = None
    quotas_gb: Mapping[str, float] = field(default_factory=dict)
    """How many gigabytes folders of objects may hold."""
    s3: S3Storage = S3Storage()
    public_base_url: str = ""
    embed_origins: tuple[str, ...] = OWN_PAGES
    trusted_proxies: tuple[str, ...] = TRUSTED_PROXIES
    playback: str = "proxy"
    cdn_base_url: str = ""
    """Where a CDN has the objects, empty unless `playback` is cdn."""
    streams: str = "public"
    stream_list: bool = True
    log_format: str = "text"
    max_connections: int | None = None
    max_connections_per_client: int = 128
    workers: int = 1
    metrics: bool = False
    drain_s: float = 30.0


def reference_backend(values: EnvValues) -> ReferenceBackend:
    """Read the backend's settings; what makes no sense is named in the problems of `values`."""
    storage_type = values.text("STORAGE_TYPE", "LOCAL").upper()
    if storage_type not in ("LOCAL", "S3"):
        values.problems.append(f"STORAGE_TYPE must be LOCAL or S3, but is {storage_type!r}.")
    s3 = S3Storage()
    streams = values.choice("STREAMS", ("public", "unlisted", "private"), "public")
    playback = values.choice("PLAYBACK", ("proxy", "redirect", "cdn"), "proxy")
    return ReferenceBackend(
        token=values.text("AUTH_TOKEN"),
        storage_type=storage_type,
        local_path=installation.storage_folder(values.text("STORAGE_LOCAL_PATH", STORAGE_FOLDER)),
        local_max_size_gb=values.gigabytes("STORAGE_LOCAL_MAX_SIZE_GB"),
        quotas_gb=values.quotas("STORAGE_QUOTAS_GB"),
        s3=S3Storage(
            bucket=values.text("STORAGE_S3_BUCKET"),
            prefix=values.text("STORAGE_S3_PREFIX", s3.prefix),
            region=values.text("STORAGE_S3_REGION", s3.region),
            access_key_id=values.text("STORAGE_S3_ACCESS_KEY_ID"),
            secret_access_key=values.text("STORAGE_S3_SECRET_ACCESS_KEY"),
            endpoint_url=values.text("STORAGE_S3_ENDPOINT_URL"),
            max_size_gb=values.gigabytes("STORAGE_S3_MAX_SIZE_GB"),
            put_headers=values.text("STORAGE_S3_PUT_HEADERS"),
        ),
        public_base_url=values.text("PUBLIC_BASE_URL").rstrip("/"),
        embed_origins=values.origins("EMBED_ORIGINS", OWN_PAGES),
        trusted_proxies=values.networks("BACKEND_TRUSTED_PROXIES", TRUSTED_PROXIES),
        workers=values.count("BACKEND_WORKERS", 1, least=1),
        metrics=values.choice("BACKEND_METRICS", ("off", "on"), "off") == "on",
        drain_s=values.seconds("BACKEND_DRAIN_SECONDS", ReferenceBackend().drain_s),
        playback=playback,
        cdn_base_url=_cdn_base_url(values, playback, storage_type=storage_type, streams=streams),
        streams=streams,
        stream_list=values.choice("STREAM_LIST", ("on", "off"), "on") == "on",
        log_format=values.choice("BACKEND_LOG_FORMAT", ("text", "json"), "text"),
        max_connections=values.count("BACKEND_MAX_CONNECTIONS", 0, least=1) or None,
        max_connections_per_client=values.count(
            "BACKEND_MAX_CONNECTIONS_PER_CLIENT", ReferenceBackend.max_connections_per_client, least=1
        ),
    )


def _cdn_base_url(values: EnvValues, playback: str, *, storage_type: str, streams: str) -> str:
    """Return where a CDN has the objects; what doesn't go together is named in the problems of `values`."""
    url = values.text("CDN_BASE_URL").rstrip("/")
    if playback == "redirect" and storage_type != "S3":
        values.problems.append("PLAYBACK=redirect needs STORAGE_TYPE=S3: a folder has no addresses of its own.")
    if playback != "cdn":
        if url:
            values.problems.append(f"CDN_BASE_URL is used with PLAYBACK=cdn alone, but PLAYBACK is {playback}.")
        return ""
    if not url.startswith(("https://", "http://")) or "?" in url or "#" in url:
        values.problems.append(
            "PLAYBACK=cdn needs CDN_BASE_URL: the address below which the CDN has the objects, such as "
            "https://cdn.example.com/objects."
        )
    if streams != "public":
        values.problems.append(
            f"PLAYBACK=cdn and STREAMS={streams} exclude each other: a CDN gives what it has to everybody."
        )
    return url
