"""Configuration: `.env` and the environment, read once.

Imports nothing of ours but `installation`. Secrets live in `.env` or the environment only and never show in a repr.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Generic, TypeVar

from dotenv.parser import parse_stream

import installation

ENV_FILE = ".env"
STORAGE_FOLDER = "storage-data"

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

    def full_url(self, endpoint: str) -> str:
        """Return the address of an endpoint."""
        return f"{self.url.rstrip('/')}/{endpoint.lstrip('/')}"


@dataclass(frozen=True, kw_only=True)
class Languages:
    """Language codes offered for the file record."""

    default: str = "en"
    supported: tuple[str, ...] = ("en", "es", "fr", "de", "ar", "hi")


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
    s3: S3Storage = S3Storage()
    public_base_url: str = ""


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
    server: ReferenceBackend = ReferenceBackend()
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
        """Read `.env` and the environment, which wins. What can't be read is named in `problems`, a sentence each.

        Without `env_file` the one beside the program counts, or the one in the system's folder for settings.
        """
        problems: list[str] = []
        read = _read_env_file(env_file or installation.settings_file(ENV_FILE).read, problems)
        values = _Values(values={**read, **(os.environ if environ is None else environ)}, problems=problems)
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
                default=values.text("DEFAULT_LANGUAGE", "en"), supported=values.codes("SUPPORTED_LANGUAGES") or ("en",)
            ),
            server=_reference_backend(values),
            datasets=Datasets(
                autosave_interval_s=values.seconds("DATASET_AUTO_SAVE_INTERVAL", Datasets().autosave_interval_s),
                path=values.text("DATASET_PATH"),
            ),
            ffmpeg_path=values.text("FFMPEG_PATH"),
            window_theme=values.window_theme(),
            update_url=values.text("UPDATE_URL"),
            cache_dir=installation.cache_folder(),
            data_dir=installation.data_folder(),
            aws=AwsAccess(
                region=values.text("AWS_REGION") or values.text("AWS_DEFAULT_REGION") or AwsAccess().region,
                endpoint_url=(values.text("AWS_ENDPOINT_URL_S3") or values.text("AWS_ENDPOINT_URL")).rstrip("/"),
                access_key_id=values.text("AWS_ACCESS_KEY_ID"),
                secret_access_key=values.text("AWS_SECRET_ACCESS_KEY"),
                session_token=values.text("AWS_SESSION_TOKEN"),
            ),
            sources=Sources(
                roots=values.roots("SOURCE_ROOTS"),
                cache_gb=Sources().cache_gb if (room := values.gigabytes("SOURCE_CACHE_GB")) is None else room,
            ),
            cluster=Cluster(url=values.text("ENGINE_URL")),
            problems=tuple(problems),
        )


@dataclass(frozen=True, kw_only=True)
class _Values:
    """What `.env` and the environment say, by name; adds a sentence to `problems` for a value that makes no sense."""

    values: Mapping[str, str]
    problems: list[str]

    def text(self, name: str, default: str = "") -> str:
        return self.values.get(name, "").strip() or default

    def codes(self, name: str) -> tuple[str, ...]:
        supported = self.text(name, ",".join(Languages().supported))
        return tuple(code.strip() for code in supported.split(",") if code.strip())

    def window_theme(self) -> str:
        found = self.text("WINDOW_THEME").lower()
        if found and found not in WINDOW_THEMES:
            self.problems.append(f"WINDOW_THEME must be dark or light, but is {found!r}.")
            return ""
        return found

    def roots(self, name: str) -> dict[str, Path]:
        """Read `lectures=/mnt/lectures;archive=D:\\archive`."""
        found: dict[str, Path] = {}
        for item in filter(None, (part.strip() for part in self.text(name).split(";"))):
            root, equals, folder = (part.strip() for part in item.partition("="))
            is_one = equals and re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}", root) and folder
            if not is_one or re.search(r",[^,=]*=", folder) or root in found:
                self.problems.append(
                    f"{name} must be NAME=FOLDER, several with ; between them, as in lectures=/mnt/lectures, "
                    f"but has {item!r}."
                )
                continue
            found[root] = Path(folder).expanduser()
        return found

    def gigabytes(self, name: str) -> float | None:
        return self._number(name, "gigabytes")

    def seconds(self, name: str, default_s: float, *, unit: str = "seconds", unit_s: float = 1.0) -> float:
        found = self._number(name, unit)
        return default_s if found is None else found * unit_s

    def _number(self, name: str, unit: str) -> float | None:
        raw = self.text(name)
        if not raw:
            return None
        try:
            found = float(raw)
        except ValueError:
            found = -1.0
        if not 0 <= found < float("inf"):
            self.problems.append(f"{name} must be a number of {unit}, such as 10, but is {raw!r}.")
            return None
        return found


def _reference_backend(values: _Values) -> ReferenceBackend:
    storage_type = values.text("STORAGE_TYPE", "LOCAL").upper()
    if storage_type not in ("LOCAL", "S3"):
        values.problems.append(f"STORAGE_TYPE must be LOCAL or S3, but is {storage_type!r}.")
    s3 = S3Storage()
    return ReferenceBackend(
        token=values.text("AUTH_TOKEN"),
        storage_type=storage_type,
        local_path=installation.storage_folder(values.text("STORAGE_LOCAL_PATH", STORAGE_FOLDER)),
        local_max_size_gb=values.gigabytes("STORAGE_LOCAL_MAX_SIZE_GB"),
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
    )


def child_environment(*, with_secrets: bool = False) -> dict[str, str]:
    """Return the environment for programs that this one starts: ffmpeg has no use for a token."""
    return {name: value for name, value in os.environ.items() if with_secrets or name not in SECRETS}


def certificate_setting(environ: Mapping[str, str] | None = None) -> tuple[str, str]:
    """Return the first variable that names certificates to trust, and its value; two empty texts for none."""
    values = os.environ if environ is None else environ
    return next(((name, values[name]) for name in CERTIFICATE_SETTINGS if values.get(name)), ("", ""))


def _read_env_file(path: Path, problems: list[str]) -> dict[str, str]:
    """Read a `.env` file if there is one; add a sentence to `problems` for what can't be read, never its text."""
    try:
        # utf-8-sig: Windows' Notepad may begin the file with a byte order mark, which would become part of the first
        # name
        text = path.read_text(encoding="utf-8-sig")
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, UnicodeDecodeError):
        problems.append(f"The settings file {path} can't be read: save it as UTF-8 text or remove it.")
        return {}
    values: dict[str, str] = {}
    for line in parse_stream(StringIO(text)):
        if line.error:
            problems.append(f"Line {line.original.line} of {path} can't be understood: write it as NAME=value.")
        elif line.key:
            values[line.key] = line.value or ""
    return values
