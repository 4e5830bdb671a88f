"""`backend token`: made, listed, rotated and revoked on the command line."""

import re
import shutil
from pathlib import Path

import pytest

from backend.access.named_tokens import NamedTokens
from backend.access.rights import Right
from backend.state.storage_root import init_root
from cli.main import EXIT_DONE, EXIT_WRONG_USAGE, run_command
from config import Config

KEPT = Path(__file__).parent.parent / "kept"


def command(root, *arguments):
    """Run `backend` with a folder, which is a storage; return its status."""
    init_root(root)
    return run_command(["backend", "--root", str(root), *arguments], Config())


def test_a_token_is_printed_once_and_listed_with_what_it_may(tmp_path, capsys):
    """The token stands alone on its line; the list has rights, prefixes, times, and no token."""
    options = (
        "--prefix",
        "courses/math",
        "--prefix",
        "courses/algebra/",
        "--rights",
        "read,upload",
        "--expires",
        "90d",
    )
    statuses = [command(tmp_path, "token", "add", "math", *options)]
    token = capsys.readouterr().out.removesuffix("\n")
    grant = NamedTokens(tmp_path).grant_of(token.encode())
    statuses.append(command(tmp_path, "token", "list"))
    listed = capsys.readouterr().out.splitlines()

    assert [EXIT_DONE, EXIT_DONE] == statuses
    assert ({Right.UPLOAD, Right.READ}, ("courses/algebra/", "courses/math/")) == (grant.rights, grant.prefixes)
    time = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
    assert re.fullmatch(rf"math  upload,read  courses/algebra/ courses/math/  {time}  {time}  never", listed[1])
    assert token not in "".join(listed)


def test_rotation_leaves_the_one_before_for_a_while(tmp_path, capsys):
    """A day, or as long as --grace says; the list says until when."""
    tokens = NamedTokens(tmp_path)
    before = tokens.add("math")
    rotated = command(tmp_path, "token", "rotate", "math")
    after = capsys.readouterr().out.strip()
    listed = command(tmp_path, "token", "list")
    line = capsys.readouterr().out.splitlines()[1]
    names = [tokens.grant_of(token.encode()).name for token in (before, after)]

    assert (EXIT_DONE, EXIT_DONE, ["math", "math"]) == (rotated, listed, names)
    assert "the one before is good until 2" in line


def test_the_options_of_before_still_work(tmp_path, capsys):
    """--add-token makes one for everything, --list-tokens has the names, --remove-token revokes."""
    added = command(tmp_path, "--add-token", "worker-1")
    token = capsys.readouterr().out.strip()
    grant = NamedTokens(tmp_path).grant_of(token.encode())
    listed = command(tmp_path, "--list-tokens")
    names = [line.split()[-1] for line in capsys.readouterr().out.splitlines()]
    removed = command(tmp_path, "--remove-token", "worker-1")

    assert (EXIT_DONE, EXIT_DONE, EXIT_DONE) == (added, listed, removed)
    assert (["worker-1"], True, []) == (names, grant.is_unlimited, NamedTokens(tmp_path).all())


def test_no_token_is_said(tmp_path, capsys):
    """An empty list is a sentence."""
    status = command(tmp_path, "token", "list")

    assert (EXIT_DONE, "No client has a token: the backend takes its own alone.\n") == (
        status,
        capsys.readouterr().out,
    )


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ["token", "add", "a b"],
            "'a b' can't name a token: use up to 64 letters, digits, dots, hyphens and underscores.",
        ),
        (
            ["token", "add", "AUTH_TOKEN"],
            "'AUTH_TOKEN' can't name a token: use up to 64 letters, digits, dots, hyphens and underscores.",
        ),
        (
            ["token", "add", "known"],
            "There is a token known already: rotate it (backend token rotate known) "
            "or revoke it first (backend token revoke known).",
        ),
        (
            ["token", "add", "a", "--prefix", "../b"],
            "'../b' can't be the prefix of a token: The path '../b' has an empty segment, '.' or '..' in it.",
        ),
        (
            ["token", "add", "a", "--rights", "upload,eat"],
            "--rights must be one or several of upload, read, delete, with commas between, not 'eat'.",
        ),
        (
            ["token", "add", "a", "--rights", ","],
            "--rights must be one or several of upload, read, delete, with commas between, not empty.",
        ),
        (
            ["token", "add", "a", "--expires", "soon"],
            "--expires must be a duration such as 90d or 8h, or a day such as 2027-01-31, but is 'soon'.",
        ),
        (["token", "add", "a", "--expires", "2027-02-30"], "--expires: there is no day '2027-02-30'."),
        (["token", "add", "a", "--expires", "2020-01-31"], "--expires must be a time to come, but is '2020-01-31'."),
        (
            ["token", "rotate", "known", "--grace", "-1h"],
            "--grace must be a number with s, m, h, d or w, as in 8h or 90d, but is '-1h'.",
        ),
        (["token", "rotate", "nobody"], "There is no token nobody: the backend has known."),
        (["token", "revoke", "nobody"], "There is no token nobody: the backend has known."),
        (["--remove-token", "nobody"], "There is no token nobody: the backend has known."),
        (
            ["--list-tokens", "--port", "0"],
            "The tokens are in the storage's folder: give --root alone beside these options.",
        ),
    ],
)
def test_what_makes_no_sense_is_wrong_usage(arguments, sentence, tmp_path, capsys):
    """Exit 2, a sentence, and the tokens stay as they are."""
    NamedTokens(tmp_path).add("known")
    before = NamedTokens(tmp_path).file.read_bytes()
    status = command(tmp_path, *arguments)

    assert (EXIT_WRONG_USAGE, f"hls-converter: {sentence}\n") == (status, capsys.readouterr().err)
    assert before == NamedTokens(tmp_path).file.read_bytes()


def test_the_folder_may_be_named_last(tmp_path, capsys):
    """--root is understood before and behind the action."""
    command(tmp_path, "token", "add", "math")
    capsys.readouterr()
    status = run_command(["backend", "token", "list", "--root", str(tmp_path)], Config())

    assert (EXIT_DONE, "math") == (status, capsys.readouterr().out.splitlines()[1].split()[0])


@pytest.mark.parametrize(
    "words", [("token", "add", "math"), ("--add-token", "math"), ("stream", "set", "math/", "private")], ids=" ".join
)
def test_a_folder_whose_disk_is_away_is_left_alone(words, tmp_path, capsys):
    """What is no storage yet, such as an empty mount point, gets no file; the sentence says what to do."""
    status = run_command(["backend", "--root", str(tmp_path), *words], Config())

    assert (EXIT_WRONG_USAGE, []) == (status, list(tmp_path.iterdir()))
    assert "If its disk is not mounted, mount it; to begin a new storage there" in capsys.readouterr().err


def test_a_folder_in_which_only_tokens_were_made_stays_one(tmp_path, capsys):
    """An earlier version made tokens before the first start: the folder is a storage, and its tokens are listed."""
    (tmp_path / ".backend").mkdir()
    shutil.copy(KEPT / "tokens_1.json", tmp_path / ".backend" / "tokens.json")
    status = run_command(["backend", "--root", str(tmp_path), "token", "list"], Config())

    assert (EXIT_DONE, "worker-1") == (status, capsys.readouterr().out.splitlines()[1].split()[0])
