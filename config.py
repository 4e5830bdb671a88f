"""Configuration: `.env` and the environment, read once.

Imports nothing of ours but its own parts and `installation`. Secrets live in `.env` or the environment only and never
show in a repr.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar

import installation
from env_values import EnvValues, read_env_file
from env_warnings import name_warnings, open_file_warnings
from server_config import ReferenceBackend, reference_backend

ENV_FILE = ".env"

VERSION = "0.1.0"
"""The program's version, here alone: pyproject.toml reads it from this line."""

SECRETS = frozenset(
    {
        "AUTH_TOKEN",
        *("STORAGE_S3_ACCESS_KEY_ID", "STORAGE_S3_SECRET_ACCESS_KEY"),
        *("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"),
        "ENGINE_URL",
    }
)
"""Variables that the programs which this one starts have no use for."""

CERTIFICATE_SETTINGS = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
"""Variables that name a file of certificates to trust in place of the system's own; the first counts."""


@dataclass(frozen=True, kw_only=True)
class BackendApi:
    """The customer's backend; an upload waits `patience_s` without anything getting through."""

    url: str = ""
    token: str = field(default="", repr=False)
    validate_endpoint: str = "/api/admin/auth/me"
    presign_endpoint: str = "/api/admin/content/aws/uploadUrl"
    record_endpoint: str = "/api/admin/files"
    patience_s: float = 600.0

    @property
    def configured(self) -> bool:
        """Whether both the address and the token are known."""
        return bool(self.url and self.token)

    @property
    def endpoints(self) -> tuple[str, ...]:
        """The paths of the three requests that every backend has."""
        return self.validate_endpoint, self.presign_endpoint, self.record_endpoint

    def full_url(self, endpoint: str) -> str:
        """Return the address of an endpoint."""
        return f"{self.url.rstrip('/')}/{endpoint.lstrip('/')}"


@dataclass(frozen=True, kw_only=True)
class Languages:
    """Language codes offered for the file record."""

    default: str = "en"
    supported: tuple[str, ...] = ("en", "es", "fr", "de", "ar", "hi")


@dataclass(frozen=True, kw_only=True)
class Datasets:
    """How datasets are kept: saved `autosave_interval_s` after the first change that is not saved.

    `path` is the one that the reference backend offers, a path or an `s3://` address, empty for none.
    """

    autosave_interval_s: float = 30.0
    path: str = ""


@dataclass(frozen=True, kw_only=True)
class AwsAccess:
    """How datasets on S3 are reached. Without keys, those that this computer has for Amazon's programs are used."""

    region: str = "us-east-1"
    endpoint_url: str = ""
    access_key_id: str = field(default="", repr=False)
    secret_access_key: str = field(default="", repr=False)
    session_token: str = field(default="", repr=False)


@dataclass(frozen=True, kw_only=True)
class Sources:
    """Videos that are no files of this machine. `roots` are the folders that `root:NAME/…` stands for here.

    `cache_gb` is how many gigabytes those that were fetched may take.
    """

    roots: Mapping[str, Path] = field(default_factory=dict)
    cache_gb: float = 50.0


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """The queue that several machines work through: `url` is that of its PostgreSQL, empty for none."""

    url: str = field(default="", repr=False)


WINDOW_THEMES = ("dark", "light")

T = TypeVar("T")


class _Setting(Generic[T]):
    """A value that `Config` has under its name in `.env`: of a configuration what it holds,
    of the class what the environment says now.
    """

    def __init__(self, value: Callable[[Config], T]) -> None:
        self._value = value

    def __get__(self, config: Config | None, owner: type[Config]) -> T:
        return self._value(owner.load() if config is None else config)


@dataclass(frozen=True, kw_only=True)
class Config:
    """Everything the environment says, one part a concern.

    `window_theme` is dark, light, or empty where the window's own settings say which, as `update_url` is. `cache_dir`
    is for what can be found out anew, `data_dir` for what can't; None keeps nothing. For scripts, the class itself has
    what concerns the customer's backend by the names of `.env`, such as `Config.BACKEND_URL`.
    """

    backend: BackendApi = BackendApi()
    languages: Languages = Languages()
    server: ReferenceBackend = field(default_factory=ReferenceBackend)
    datasets: Datasets = Datasets()
    ffmpeg_path: str = ""
    window_theme: str = ""
    update_url: str = ""
    cache_dir: Path | None = None
    data_dir: Path | None = None
    sources: Sources = Sources()
    cluster: Cluster = Cluster()
    aws: AwsAccess = AwsAccess()
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    BACKEND_URL = _Setting(lambda config: config.backend.url)
    AUTH_TOKEN = _Setting(lambda config: config.backend.token)
    DEFAULT_LANGUAGE = _Setting(lambda config: config.languages.default)
    SUPPORTED_LANGUAGES = _Setting(lambda config: list(config.languages.supported))
    AUTH_VALIDATE_ENDPOINT = _Setting(lambda config: config.backend.validate_endpoint)
    PRESIGN_ENDPOINT = _Setting(lambda config: config.backend.presign_endpoint)
    FILE_RECORD_ENDPOINT = _Setting(lambda config: config.backend.record_endpoint)

    @classmethod
    def is_configured(cls) -> bool:
        """Return whether `.env` and the environment name both the backend and the token."""
        return cls.load().backend.configured

    @classmethod
    def get_full_url(cls, endpoint: str) -> str:
        """Return the address of an endpoint at the backend that `.env` and the environment name."""
        return cls.load().backend.full_url(endpoint)

    @classmethod
    def load(cls, *, env_file: Path | None = None, environ: Mapping[str, str] | None = None) -> Config:
        """Read `.env` and the environment, which wins. What can't be read is named in `problems`, what is odd in
        `warnings`, a sentence each.

        Without `env_file` the one beside the program counts, or the one in the system's folder for settings.
        """
        problems: list[str] = []
        file = env_file or installation.settings_file(ENV_FILE).read
        read, around = read_env_file(file, problems), os.environ if environ is None else environ
        values = EnvValues(values={**read, **around}, problems=problems)
        api = BackendApi()
        return cls(
            backend=BackendApi(
                url=values.text("BACKEND_URL").rstrip("/"),
                token=values.text("AUTH_TOKEN"),
                validate_endpoint=values.text("AUTH_VALIDATE_ENDPOINT", api.validate_endpoint),
                presign_endpoint=values.text("PRESIGN_ENDPOINT", api.presign_endpoint),
                record_endpoint=values.text("FILE_RECORD_ENDPOINT", api.record_endpoint),
                patience_s=values.seconds("UPLOAD_PATIENCE_MINUTES", api.patience_s, unit="minutes", unit_s=60.0),
            ),
            languages=Languages(
                default=values.text("DEFAULT_LANGUAGE", "en"),
                supported=values.items("SUPPORTED_LANGUAGES", Languages().supported) or ("en",),
            ),
            server=reference_backend(values),
            datasets=Datasets(
                autosave_interval_s=values.seconds("DATASET_AUTO_SAVE_INTERVAL", Datasets().autosave_interval_s),
                path=values.text("DATASET_PATH"),
            ),
            ffmpeg_path=values.text("FFMPEG_PATH"),
            window_theme=values.choice("WINDOW_THEME", WINDOW_THEMES),
            update_url=values.text("UPDATE_URL"),
            cache_dir=installation.cache_folder(),
            data_dir=installation.data_folder(),
            aws=_aws_access(values),
            sources=Sources(
                roots=values.roots("SOURCE_ROOTS"),
                cache_gb=Sources().cache_gb if (room := values.gigabytes("SOURCE_CACHE_GB")) is None else room,
            ),
            cluster=Cluster(url=values.text("ENGINE_URL")),
            problems=tuple(problems),
            warnings=(
                *open_file_warnings(file, read, SECRETS),
                *name_warnings(file, read, around, values.asked),
            ),
        )


def _aws_access(values: EnvValues) -> AwsAccess:
    regions = values.text("AWS_REGION"), values.text("AWS_DEFAULT_REGION"), AwsAccess().region
    endpoints = values.text("AWS_ENDPOINT_URL_S3"), values.text("AWS_ENDPOINT_URL")
    return AwsAccess(
        region=next(filter(None, regions)),
        endpoint_url=next(filter(None, endpoints), "").rstrip("/"),
        access_key_id=values.text("AWS_ACCESS_KEY_ID"),
        secret_access_key=values.text("AWS_SECRET_ACCESS_KEY"),
        session_token=values.text("AWS_SESSION_TOKEN"),
    )


def child_environment(*, with_secrets: bool = False) -> dict[str, str]:
    """Return the environment for programs that this one starts: ffmpeg has no use for a token."""
    return {name: value for name, value in os.environ.items() if with_secrets or name not in SECRETS}


def count_in_folder(folder: Path) -> None:
    """Let Prometheus' library, which asks the environment when it is imported, keep this process's counts in a folder
    that several share.
    """
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)


def certificate_setting(environ: Mapping[str, str] | None = None) -> tuple[str, str]:
    """Return the first variable that names certificates to trust, and its value; two empty texts for none."""
    values = os.environ if environ is None else environ
    return next(((name, values[name]) for name in CERTIFICATE_SETTINGS if values.get(name)), ("", ""))
