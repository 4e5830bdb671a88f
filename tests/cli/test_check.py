"""`check` and `upload` with a backend that lacks what it need not have."""

from __future__ import annotations

import pytest
from store_server import TOKEN, Fault, running_server
from upload_parts import FOLDER, PREFIX, write_folder

from cli.main import EXIT_DONE, EXIT_FAILED, EXIT_WRONG_USAGE, run_command
from config import BackendApi, Config

ME = "/api/admin/auth/me"


@pytest.fixture
def server():
    """Backend and store on loopback."""
    with running_server() as running:
        yield running


@pytest.fixture
def run(server, tmp_path, capsys):
    """A function that runs a command and returns exit status, standard output and standard error."""

    def start(*arguments):
        config = Config(backend=BackendApi(url=server.url, token=TOKEN), data_dir=tmp_path / "data")
        return run_command([str(argument) for argument in arguments], config), *capsys.readouterr()

    return start


def test_check_says_what_it_could_not_find_out(run, server):
    """The backend is there; that the token is good nobody has said."""
    server.api_faults[ME].append(Fault(status=404))
    status, out, err = run("check")
    assert (EXIT_DONE, "") == (status, err)
    assert out.startswith(
        f"Connected to {server.url}. Whether the token is valid is not known before the first file is sent: "
    )
    assert "The token is valid" not in out


def test_check_says_that_a_token_is_refused(run, server):
    """403 is a no as much as 401."""
    server.api_faults[ME].append(Fault(status=403))
    status, out, err = run("check")
    assert (EXIT_FAILED, "", True) == (status, out, "This token is not allowed to upload." in err)


def test_upload_goes_on_without_a_validate_endpoint(run, server, tmp_path):
    """The warning is said, and the files are up."""
    server.api_faults[ME] += [Fault(status=405)] * 9  # each time that it is asked
    status, out, err = run("upload", write_folder(tmp_path / "lesson"), PREFIX)
    assert (EXIT_DONE, 1) == (status, (out + err).count(f"the backend does not answer {ME} (status 405)."))
    assert {PREFIX + name for name in FOLDER} <= set(server.stored)


def test_upload_without_a_validate_endpoint_needs_a_good_token(run, server, tmp_path):
    """The first signed URL decides, and nothing is sent."""
    server.api_faults[ME].append(Fault(status=404))
    server.token = "another"
    status, _, err = run("upload", write_folder(tmp_path / "lesson"), PREFIX)
    assert (EXIT_FAILED, True, {}) == (status, "Please get a new token from the admin panel." in err, server.stored)


@pytest.mark.parametrize(
    "url",
    [
        "https://",
        "https://a..b",
        "https://.",
        f"https://{'a' * 64}.invalid",
        f"https://{'a.' * 130}invalid",
        "https://:443",
        "https://[::1",
        "https://[v1.x]",
        "https://a%20b",
        "https://name.invalid:99999",
        "https://name.invalid",
        "https://b\u00fccher.invalid",
        "https://\ud800.invalid",
        "//x",
        "x",
    ],
    ids=ascii,
)
def test_any_backend_url_ends_in_a_sentence(url, tmp_path, capsys):
    """Whatever BACKEND_URL says, no command ends with a traceback."""
    config = Config(backend=BackendApi(url=url, token=TOKEN), data_dir=tmp_path / "data")
    folder = write_folder(tmp_path / "lesson")
    for arguments in (["check"], ["upload", str(folder), PREFIX]):
        assert run_command(arguments, config) in (EXIT_FAILED, EXIT_WRONG_USAGE)
        err = capsys.readouterr().err
        assert err.startswith("hls-converter: ")
        assert not [word for word in ("Traceback", "unexpected", "Error(") if word in err]
