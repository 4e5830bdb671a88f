"""backend.settings: what the backend is told, and what it decides itself."""

from dataclasses import replace

import pytest

from backend.access.signing import PRIVATE
from backend.settings import BackendSettings
from config import BackendApi, Config
from pipeline.errors import SettingsError
from server_config import ReferenceBackend, S3Storage


def test_takes_the_configuration(tmp_path):
    """Folder, token, limit, public address and paths come from the environment's configuration."""
    api = BackendApi(presign_endpoint="/sign")
    server = ReferenceBackend(
        token="chosen", local_path=tmp_path / "data", local_max_size_gb=0.5, public_base_url="https://cdn.example.com/"
    )
    settings = BackendSettings.from_config(Config(backend=api, server=server))

    assert (tmp_path / "data", "chosen", False) == (settings.root, settings.token, settings.token_made)
    assert (2**29, "https://cdn.example.com", "/sign") == (
        settings.storage.max_size_bytes,
        settings.public_base_url,
        settings.endpoints.presign_endpoint,
    )


def test_arguments_win_over_the_configuration(tmp_path):
    """What the caller says is used in place of the configuration."""
    config = Config(server=ReferenceBackend(token="configured", local_path=tmp_path / "configured"))
    settings = BackendSettings.from_config(config, root=tmp_path / "said", token="said")

    assert (tmp_path / "said", "said") == (settings.root, settings.token)


def test_makes_a_token_when_there_is_none(tmp_path):
    """Without a token a long random one is made, another each time, and the caller is told so."""
    made = [BackendSettings.from_config(Config(), root=tmp_path) for _ in range(2)]

    assert all(settings.token_made and len(settings.token) >= 40 for settings in made)
    assert made[0].token != made[1].token


def test_shows_no_secret(tmp_path):
    """Neither token nor signing secret is in the settings' repr."""
    settings = BackendSettings.from_config(Config(), root=tmp_path, token="very-secret-token")

    assert "very-secret-token" not in repr(settings)
    assert settings.signing_secret not in repr(settings)


def test_s3_is_a_matter_of_the_environment(tmp_path):
    """With STORAGE_TYPE=S3 the objects are in the bucket, the backend's own files in the local folder."""
    s3 = S3Storage(
        bucket="videos",
        prefix="/store/",
        endpoint_url="http://127.0.0.1:1/",
        access_key_id="key",
        secret_access_key="secret",
    )
    settings = BackendSettings.from_config(
        Config(server=ReferenceBackend(storage_type="S3", local_path=tmp_path / "own", s3=s3))
    )

    assert ("videos", "store", "http://127.0.0.1:1") == (
        settings.bucket,
        settings.storage.prefix,
        settings.storage.endpoint_url,
    )
    assert [PRIVATE] == [entry.name for entry in (tmp_path / "own").iterdir()]
    assert "secret" not in repr(settings.storage).replace("secret_access_key", "")


def test_s3_without_a_bucket_is_refused_in_a_sentence(tmp_path):
    """The message names the setting."""
    with pytest.raises(SettingsError, match="STORAGE_S3_BUCKET is empty"):
        BackendSettings.from_config(Config(server=ReferenceBackend(storage_type="S3")), root=tmp_path)


def test_an_unusable_folder_is_refused_in_a_sentence(tmp_path):
    """A folder that can't be made is named."""
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(SettingsError, match="can't be used"):
        BackendSettings.from_config(Config(), root=tmp_path / "file" / "root")


def test_what_needs_a_new_start_stays_and_is_named(tmp_path):
    """All else is as the new settings have it."""
    settings = BackendSettings.from_config(Config(server=ReferenceBackend(local_path=tmp_path / "root")))
    changed = ReferenceBackend(
        local_path=tmp_path / "other",
        max_connections=5,
        trusted_proxies=("10.0.0.1",),
        workers=2,
        metrics=True,
        stream_list=False,
    )
    renewed, kept = settings.renewed(Config(server=changed))

    assert (
        "STORAGE_LOCAL_PATH",
        "BACKEND_MAX_CONNECTIONS",
        "BACKEND_MAX_CONNECTIONS_PER_CLIENT",
        "BACKEND_TRUSTED_PROXIES",
        "BACKEND_WORKERS",
        "BACKEND_METRICS",
    ) == kept
    assert replace(settings, stream_list=False, config=renewed.config) == renewed
    assert not (tmp_path / "other").exists()
