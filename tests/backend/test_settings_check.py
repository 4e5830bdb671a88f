"""backend.settings_check: what a backend doesn't begin with."""

from dataclasses import replace

import pytest

from backend.settings_check import check_settings, wrong_with_public_url, wrong_with_token, wrong_with_workers
from cli.backend import with_workers
from config import Config
from pipeline.errors import SettingsError
from server_config import ReferenceBackend

GOOD = "f3Kq0-zP8w_Lm2.Xr7Yc"


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        ("x", "is so short (1 of 20 characters)"),
        ("change-me", "is the placeholder of an example"),
        ("CHANGE_ME_change_me_change_me", "is the placeholder of an example"),
        ("your-token-here-please-1234", "is the placeholder of an example"),
        (GOOD[:-1], "is so short (19 of 20 characters)"),
        ("abababababababababababab", "repeats a few characters"),
        (f"{GOOD} {GOOD}", "no client can send"),
        (f"{GOOD}é", "no client can send"),
        (f"{GOOD}日本", "no client can send"),
        (f"{GOOD}\x07", "no client can send"),
        (f"{GOOD}\n{GOOD}", "no client can send"),
    ],
)
def test_a_token_that_opens_to_anybody_or_nobody_is_refused(token, expected):
    """The sentence says why and what to do, and does not repeat the token."""
    [said] = wrong_with_token(token)

    assert expected in said
    assert "set a random one of at least 20 characters" in said
    assert len(token) < 9 or token not in said


@pytest.mark.parametrize("token", ["", GOOD, "a-token-that-only-tests-know", "~!@#$%^&*()_+{}|:<>?"])
def test_a_good_token_is_taken(token):
    """Twenty characters that any client can send, or none at all."""
    assert [] == wrong_with_token(token)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://[", "is not a valid address"),
        ("https://a.example:99999", "is not a valid address"),
        ("videos.example.com", "must begin with https:// or http://"),
        ("ftp://videos.example.com", "must begin with https:// or http://"),
        ("https://", "does not name a server"),
        ("https:///media", "does not name a server"),
        ("https://a..example", "does not name a server"),
        ("https://a.example:0", "does not name a server"),
        ("https://a.example/mé", "has a space or a special character"),
        ("https://a.example/a b", "has a space or a special character"),
        ("https://a.example/?x=1", "no ? and no #"),
        ("https://a.example/#x", "no ? and no #"),
        ("https://me:secret@a.example", "no user name"),
        ("https://a.example/x/../y", "in its path"),
        ("https://a.example//x", "in its path"),
    ],
)
def test_an_address_that_nobody_can_reach_is_refused(url, expected):
    """The sentence names the setting and shows a right one."""
    [said] = wrong_with_public_url(url)

    assert said.startswith("PUBLIC_BASE_URL ")
    assert expected in said


@pytest.mark.parametrize(
    "url", ["", "https://videos.example.com", "http://127.0.0.1:8000/media", "https://[::1]:8443/a/b", "https://a/%20b"]
)
def test_a_good_address_is_taken(url):
    """With a path or without, by name or by number."""
    assert [] == wrong_with_public_url(url)


@pytest.mark.parametrize("workers", [0, -1, 65, 100_000])
def test_so_many_workers_are_a_mistake(workers):
    """They would take all of the machine's memory, or there would be none."""
    expected = f"--workers must be 1 to 64, but is {workers}: set as many as the machine has processor cores."

    assert [expected] == wrong_with_workers("--workers", workers)
    with pytest.raises(SettingsError) as refusal:
        with_workers(Config(), workers)
    assert expected in str(refusal.value)


def test_too_many_workers_are_not_begun_with():
    """The setting is looked at as the option is."""
    with pytest.raises(SettingsError) as refusal:
        check_settings(Config(server=ReferenceBackend(workers=65)))
    assert "BACKEND_WORKERS must be 1 to 64, but is 65" in str(refusal.value)


def test_everything_is_said_at_once(tmp_path):
    """Who sets up a backend corrects all at one go."""
    loaded = Config.load(
        env_file=tmp_path / ".env",
        environ={
            "AUTH_TOKEN": "x",
            "PUBLIC_BASE_URL": "https://[",
            "STORAGE_TYPE": "S3",
            "STORAGE_S3_MAX_SIZE_GB": "0",
            "STORAGE_LOCAL_MAX_SIZE_GB": "-1",
            "STORAGE_QUOTAS_GB": "courses/math/=0",
        },
    )
    with pytest.raises(SettingsError) as caught:
        check_settings(loaded)

    said = str(caught.value)
    for name in (
        "AUTH_TOKEN is so short (1 of 20 characters)",
        "PUBLIC_BASE_URL is not",
        "STORAGE_S3_BUCKET is empty",
        "STORAGE_S3_MAX_SIZE_GB is 0",
        "STORAGE_LOCAL_MAX_SIZE_GB must be a number",
        "STORAGE_QUOTAS_GB of courses/math/ is 0",
    ):
        assert name in said, said


def test_an_unknown_storage_is_said_once(tmp_path):
    """What was found while reading is not found again."""
    loaded = Config.load(env_file=tmp_path / ".env", environ={"STORAGE_TYPE": "FTP"})
    with pytest.raises(SettingsError) as caught:
        check_settings(loaded)

    assert 1 == str(caught.value).count("STORAGE_TYPE")


def test_the_usual_settings_are_taken():
    """Nothing is needed, and the other storage's limit concerns nobody."""
    check_settings(Config())
    check_settings(replace(Config(), server=ReferenceBackend(token=GOOD, local_max_size_gb=1.5)))
