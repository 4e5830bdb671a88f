"""backend.named_tokens: who beside the backend's owner may ask, and who no longer may."""

import json
import stat

import pytest
import requests

from backend.named_tokens import NamedTokens
from backend.signing import PRIVATE
from cli.main import EXIT_DONE, EXIT_WRONG_USAGE, run_command
from config import Config
from pipeline.errors import SettingsError


def ask(client, token):
    """Ask a backend whether a token is good; return the status."""
    headers = {"Authorization": f"Bearer {token}"}
    return requests.get(f"{client.url}/api/admin/auth/me", headers=headers, timeout=60).status_code


def test_each_client_can_be_shut_out_alone(fresh):
    """A running backend takes a token as soon as it is made, and refuses it as soon as it is removed; others stay."""
    tokens = NamedTokens(fresh.backend.settings.root)
    stolen, other = tokens.add("worker-1"), tokens.add("worker-2")
    before = [ask(fresh, stolen), ask(fresh, other), ask(fresh, f"{stolen}x")]
    tokens.remove("worker-1")

    assert [200, 200, 401] == before
    assert [401, 200, 200] == [ask(fresh, stolen), ask(fresh, other), ask(fresh, fresh.backend.settings.token)]


def test_the_file_holds_no_token(tmp_path):
    """Only a digest is kept, in a file that only its owner may read."""
    tokens = NamedTokens(tmp_path)
    token = tokens.add("worker-1")

    assert len(token) >= 40
    assert token not in tokens.file.read_text()
    assert 0o700 == stat.S_IMODE((tmp_path / PRIVATE).stat().st_mode)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("{", "it is damaged"),
        ("[]", "it is damaged"),
        (json.dumps({"schema": 1, "tokens": {"a": {"sha256": 1}}}), "it is damaged"),
        (json.dumps({"schema": 2, "tokens": {}}), "it was written by a newer version of this program"),
        ("", "it is damaged"),
    ],
    ids=["no JSON", "a list", "a wrong field", "newer", "empty"],
)
def test_a_file_that_is_not_understood_admits_nobody(content, reason, fresh):
    """Its clients are refused, the backend's own token goes on working, and adding says what is wrong."""
    tokens = NamedTokens(fresh.backend.settings.root)
    token = tokens.add("worker-1")
    tokens.file.write_text(content)

    assert [401, 200] == [ask(fresh, token), ask(fresh, fresh.backend.settings.token)]
    with pytest.raises(SettingsError) as refusal:
        tokens.add("worker-2")
    assert (
        f"The tokens in {tokens.file} can't be read ({reason}): no client has access until it is mended or removed."
        == str(refusal.value)
    )


def test_the_command_makes_lists_and_removes(tmp_path, capsys):
    """The token is printed once, alone on its line; the list has the names."""
    root = ["backend", "--root", str(tmp_path)]
    added = run_command([*root, "--add-token", "worker-1"], Config())
    token = capsys.readouterr().out.strip()
    listed = run_command([*root, "--list-tokens"], Config())
    names = [line.split()[-1] for line in capsys.readouterr().out.splitlines()]
    accepted = NamedTokens(tmp_path).accepts(token.encode())
    removed = run_command([*root, "--remove-token", "worker-1"], Config())

    assert (EXIT_DONE, EXIT_DONE, EXIT_DONE) == (added, listed, removed)
    assert (["worker-1"], True, {}) == (names, accepted, NamedTokens(tmp_path).all())


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ["--add-token", "a b"],
            "'a b' can't name a token: use up to 64 letters, digits, dots, hyphens and underscores.",
        ),
        (["--remove-token", "nobody"], "There is no token for nobody: the backend has those for known."),
        (["--add-token", "known"], "There is a token for known already: remove it first (--remove-token known)."),
        (
            ["--list-tokens", "--port", "0"],
            "The tokens are in the storage's folder: give --root alone beside these options.",
        ),
    ],
    ids=["a wrong name", "an unknown name", "a name twice", "a port"],
)
def test_what_makes_no_sense_is_wrong_usage(arguments, sentence, tmp_path, capsys):
    """Exit 2, a sentence, and the tokens stay as they are."""
    NamedTokens(tmp_path).add("known")
    before = NamedTokens(tmp_path).file.read_bytes()
    status = run_command(["backend", "--root", str(tmp_path), *arguments], Config())

    assert (EXIT_WRONG_USAGE, f"hls-converter: {sentence}\n") == (status, capsys.readouterr().err)
    assert before == NamedTokens(tmp_path).file.read_bytes()


def test_a_folder_that_cannot_be_written_is_a_sentence(tmp_path):
    """Nothing is made where a file is in the folder's place."""
    (tmp_path / PRIVATE).write_text("in the way")

    with pytest.raises(SettingsError, match=r"can't be (changed|read) \(Not a directory\)"):
        NamedTokens(tmp_path).add("worker-1")
