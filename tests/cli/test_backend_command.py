"""`backend` on the command line: where it listens, and what it says of somebody's own."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from backend_process import TOKEN, running_backend

from backend.server import RunningBackend
from backend.settings import BackendSettings
from backend.state.storage_root import init_root
from cli import backend as command
from cli.backend_options import ACTIONS, BackendAction
from cli.main import EXIT_DONE, EXIT_FAILED, EXIT_WRONG_USAGE, run_command
from config import BackendApi, Config
from server_config import ReferenceBackend, S3Storage


def test_a_backend_is_checked_point_by_point(backend, backend_config, capsys):
    """A line a point in plain words, a last one for all, and exit 0."""
    status = run_command(["backend", "--check", f"{backend.url}/", "--prefix", "tests/check/"], backend_config)
    lines = capsys.readouterr().out.splitlines()

    assert (EXIT_DONE, "good         The right token is good.") == (status, lines[0])
    assert "Everything that this backend offers meets docs/backend-api.md." == lines[-1]


def test_a_fault_is_exit_1(backend, backend_config, capsys):
    """One line names it, the last one counts."""
    wrong = replace(backend_config, backend=replace(backend_config.backend, token="another-token-that-is-wrong"))
    status = run_command(["backend", "--check", backend.url], wrong)
    lines = capsys.readouterr().out.splitlines()

    assert (EXIT_FAILED, "1 requirement of docs/backend-api.md not met.") == (status, lines[-1])
    assert lines[0].startswith("FAULT        The right token is good: the answer is 401")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--check", "http://127.0.0.1:1"], "Auth token is required (or set AUTH_TOKEN in .env)."),
        (["--check", "ftp://x"], "Backend URL must start with https://."),
        (["--check", "http://127.0.0.1:1", "--prefix", "/x"], "S3 destination must not start with /."),
        (
            ["--check", "http://127.0.0.1:1", "--port", "0"],
            "--check starts no backend of its own: leave out --host, --port, --root and --workers.",
        ),
        (["--prefix", "tests/"], "--prefix belongs to --check: say which backend is to be checked."),
    ],
    ids=["no token", "no web address", "a wrong prefix", "a port", "a prefix alone"],
)
def test_what_makes_no_sense_is_wrong_usage(arguments, expected, capsys):
    """Exit 2 and a sentence; nothing is asked and nothing is started."""
    assert EXIT_WRONG_USAGE == run_command(["backend", *arguments], Config())
    assert f"hls-converter: {expected}" in capsys.readouterr().err.splitlines()


def test_a_backend_does_not_begin_with_settings_that_open_it(tmp_path, capsys):
    """Exit 2 and all sentences; no folder is made."""
    server = ReferenceBackend(token="change-me", local_path=tmp_path / "root", public_base_url="https://[")
    status = run_command(["backend", "--port", "0"], Config(server=server, problems=("A is wrong.",)))
    said = capsys.readouterr().err

    assert (EXIT_WRONG_USAGE, False) == (status, (tmp_path / "root").exists())
    assert all(text in said for text in ("A is wrong.", "AUTH_TOKEN is the placeholder", "PUBLIC_BASE_URL is not"))
    assert "change-me" not in said


def test_a_misspelt_name_is_named_beside_what_is_missing(monkeypatch, caplog, capsys):
    """Nobody finds out by the refusal alone that the bucket was given under another name."""
    monkeypatch.setattr(command, "show_log", lambda form: None)
    odd = "STORAGE_S3_BUKET in .env is no setting of this program: did you mean STORAGE_S3_BUCKET?"
    config = Config(server=ReferenceBackend(storage_type="S3"), warnings=(odd,))

    assert EXIT_WRONG_USAGE == run_command(["backend", "--port", "0"], config)
    assert [odd] == caplog.messages
    assert "STORAGE_S3_BUCKET is empty" in capsys.readouterr().err


def test_a_backend_warns_of_what_is_odd(tmp_path):
    """The log begins with it, and the backend runs all the same."""
    file = tmp_path / ".env"
    file.write_text(f"AUTH_TOKEN={TOKEN}\nSTORAGE_TPYE=S3\n", encoding="utf-8")
    file.chmod(0o644)
    with running_backend(tmp_path / "root", env_file=file) as backend:
        assert backend.logged(lambda line: "STORAGE_TPYE" in line and "did you mean STORAGE_TYPE?" in line)
        assert os.name != "posix" or backend.logged(lambda line: "chmod 600" in line)
        assert TOKEN not in "".join(backend.log)


def test_it_says_where_it_is_and_where_objects_go(tmp_path, capsys):
    """Address, storage, streams and the interface; a token that was made is told, one that was chosen is not."""
    made = BackendSettings.from_config(Config(), root=tmp_path)
    s3 = S3Storage(bucket="videos", prefix="storage", endpoint_url="https://s3.example.com")
    chosen = BackendSettings.from_config(
        Config(server=ReferenceBackend(token="chosen-token", storage_type="S3", local_path=tmp_path, s3=s3))
    )
    shown = []
    for settings in (made, chosen):
        command.announce(RunningBackend("http://127.0.0.1:8000", settings))
        shown.append(capsys.readouterr().out)

    assert f"Storage:  {tmp_path}\n" in shown[0]
    assert f"  AUTH_TOKEN={made.token}\n" in shown[0]
    assert "Storage:  s3://videos/storage at https://s3.example.com\n" in shown[1]
    assert "chosen-token" not in shown[1]
    assert all("API:      http://127.0.0.1:8000/docs\n" in text for text in shown)


def test_a_list_that_is_off_is_not_named(tmp_path, capsys):
    """What would be 404 is not among what it says at its start."""
    settings = BackendSettings.from_config(Config(), root=tmp_path)
    shown = []
    for stream_list in (True, False):
        command.announce(RunningBackend("http://127.0.0.1:8000", replace(settings, stream_list=stream_list)))
        shown.append("Streams:" in capsys.readouterr().out)

    assert [True, False] == shown


def test_the_options_win_over_the_usual_place(tmp_path, monkeypatch):
    """Without options it listens on this machine alone."""
    calls = []
    monkeypatch.setattr(
        command, "serve", lambda settings, **where: calls.append((settings.root, where["host"], where["port"]))
    )
    config = Config(server=ReferenceBackend(local_path=tmp_path / "usual"), backend=BackendApi())
    for folder in ("usual", "said"):
        init_root(tmp_path / folder)
    for arguments in ([], ["--host", "0.0.0.0", "--port", "0", "--root", str(tmp_path / "said")]):
        run_command(["backend", *arguments], config)

    assert [(tmp_path / "usual", "127.0.0.1", 8000), (tmp_path / "said", "0.0.0.0", 0)] == calls


@pytest.fixture
def action(monkeypatch):
    """An action that tells what it was asked: folder and name."""
    asked = []

    def run(options, config):
        asked.append((options.root, options.name))
        return EXIT_DONE

    monkeypatch.setattr(sys.modules[__name__], "run", run, raising=False)
    monkeypatch.setitem(
        ACTIONS,
        "show",
        BackendAction(module=__name__, help="show", add_options=lambda parser: parser.add_argument("name")),
    )
    return asked


def test_an_action_is_done_instead_of_serving(action):
    """With the folder before or behind its name, and the usual one without."""
    for arguments in (["show", "a"], ["--root", "x", "show", "b"], ["show", "--root", "y", "c"]):
        assert EXIT_DONE == run_command(["backend", *arguments], Config())

    assert [(None, "a"), (Path("x"), "b"), (Path("y"), "c")] == action


@pytest.mark.parametrize(
    "options",
    [["--port", "0"], ["--host", ""], ["--workers", "2"], ["--init"], ["--list-tokens"], ["--check", "http://x"]],
    ids=lambda options: options[0],
)
def test_an_action_takes_no_option_of_serving(action, capsys, options):
    """Exit 2 and a sentence, rather than an option that has no effect."""
    assert EXIT_WRONG_USAGE == run_command(["backend", *options, "show", "a"], Config())
    said = "hls-converter: show starts no backend: before it, give --root alone.\n"
    assert (said, []) == (capsys.readouterr().err, action)
