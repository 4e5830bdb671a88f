"""env_warnings, and what a configuration says of names and of the file that they stand in."""

import os

import pytest

from config import Config
from env_warnings import name_warnings
from installation import ROOT


def warned(tmp_path, text, environ=(), mode=0o600):
    """Return what is said of a settings file, without its path."""
    file = tmp_path / "my settings" / ".env"
    file.parent.mkdir()
    file.write_text(text, encoding="utf-8")
    file.chmod(mode)
    return [line.replace(str(file), "FILE") for line in Config.load(env_file=file, environ=dict(environ)).warnings]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("STORAGE_TPYE", ["STORAGE_TPYE in FILE is no setting of this program: did you mean STORAGE_TYPE?"]),
        (
            "STORAGE_LOCAL_MAX_SIZE",
            ["STORAGE_LOCAL_MAX_SIZE in FILE is no setting of this program: did you mean STORAGE_LOCAL_MAX_SIZE_GB?"],
        ),
        ("PUBLIC_BASEURL", ["PUBLIC_BASEURL in FILE is no setting of this program: did you mean PUBLIC_BASE_URL?"]),
        ("storage_type", ["storage_type in FILE is no setting of this program: did you mean STORAGE_TYPE?"]),
        ("BACKEND_TELEMETRY_SINK", ["BACKEND_TELEMETRY_SINK in FILE is no setting of this program: it is left out."]),
        ("COMPOSE_PROJECT_NAME", []),
        ("AWS_DEFAULT_REGION", []),
        ("STORAGE_TYPE", []),
    ],
)
def test_a_misspelt_name_is_told_with_the_right_one(tmp_path, name, expected):
    """What is meant for this program changes nothing, and says so; what is another's is left alone."""
    assert expected == warned(tmp_path, f"{name}=LOCAL\nAWS_REGION=eu-west-1\nAWS_ENDPOINT_URL_S3=http://a\n")


def test_the_environment_is_looked_at_too(tmp_path):
    """But for what is not this program's, or what Kubernetes and Docker say of a service."""
    environ = {
        "STORAGE_TPYE": "S3",
        "BACKEND_SERVICE_HOST": "10.0.0.1",
        "BACKEND_PORT_8000_TCP_ADDR": "10.0.0.1",
        "BACKEND_PORT": "tcp://10.0.0.1:8000",
        "PUBLIC_BASEURL": "x",
        "PATH": "/bin",
    }

    assert ["STORAGE_TPYE in the environment is no setting of this program: did you mean STORAGE_TYPE?"] == warned(
        tmp_path, "", environ
    )


@pytest.mark.skipif(os.name != "posix", reason="other systems have no such modes")
@pytest.mark.parametrize(
    ("text", "mode", "told"),
    [
        ("AUTH_TOKEN=hush-hush\n", 0o600, False),
        ("AUTH_TOKEN=hush-hush\n", 0o640, True),
        ("STORAGE_S3_SECRET_ACCESS_KEY=hush-hush\n", 0o604, True),
        ("AUTH_TOKEN=hush-hush\n", 0o620, True),
        ("AUTH_TOKEN=\nSTORAGE_TYPE=LOCAL\n", 0o644, False),
    ],
)
def test_a_file_with_secrets_that_others_can_read_is_told(tmp_path, text, mode, told):
    """The sentence has the command that mends it, and no secret."""
    expected = "FILE has secrets in it, and others on this computer may read it: chmod 600 'FILE'"

    assert [expected] * told == warned(tmp_path, text, mode=mode)


def test_every_setting_of_the_example_is_known(tmp_path):
    """Who copies .env.example is told of nothing."""
    example = (ROOT / ".env.example").read_text(encoding="utf-8")

    assert [] == warned(tmp_path, example, mode=0o644)


def test_nothing_is_told_of_known_names(tmp_path):
    """However near another one is."""
    assert [] == list(name_warnings(tmp_path, ["STORAGE_A"], ["STORAGE_B"], ["STORAGE_A", "STORAGE_B"]))
